"""What a recomputed take is compared under (T2): versions, device and threads.

The same take on another processor, thread count or library version may differ in its last bits, and
by another version of the pipeline in more than these.
"""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

import torch

_LIBRARIES: Final = (
    "torch",
    "diffusers",
    "transformers",
    "tokenizers",
    "peft",
    "numpy",
    "pillow",
)


def describe(device: torch.device) -> dict[str, str]:
    """Return versions, device name, instruction set and thread count, as text."""
    return {
        "pipeline": _sources(),
        "python": platform.python_version(),
        **{library: version(library) for library in _LIBRARIES},
        "device": _device_name(device),
        "machine": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "threads": str(torch.get_num_threads()),
        "precision": "float32 eager",
    }


def _sources() -> str:
    """The first half of the SHA-256 over the pipeline's own sources, without its training.

    A version number would stay the same from one commit to the next.
    """
    package = Path(__file__).parents[1]
    total = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package)
        if name.parts[0] != "training":
            total.update(f"{name.as_posix()}\n".encode() + file.read_bytes())
    return total.hexdigest()[:32]


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
