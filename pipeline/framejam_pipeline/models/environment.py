"""What a recomputed take is compared under (T2): library versions, device and threads.

The same take on another processor, thread count or library version may differ in its last bits.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
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
        "python": platform.python_version(),
        **{library: version(library) for library in _LIBRARIES},
        "device": _device_name(device),
        "machine": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "threads": str(torch.get_num_threads()),
        "precision": "float32 eager",
    }


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
