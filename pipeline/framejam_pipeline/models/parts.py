"""Parts of a model's folder: loaded from disk alone, refused where they cannot be used.

Weights come from safetensors only: unpickling a file runs whatever program is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import safetensors.torch
import torch
from safetensors import SafetensorError

from framejam_pipeline.errors import ModelInvalid

PICKLES: Final = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
"""Suffixes of weights that are pickles."""


def component(kind: Any, folder: Path, part: str, **options: Any) -> Any:
    """Load one part with its library's ``from_pretrained``; a failure names the part.

    Raises ``ModelInvalid``, also for weights that lack a tensor: the library would fill it with
    random numbers and go on.
    """
    for file in sorted((folder / part).rglob("*.safetensors")):
        require_whole(file, file.relative_to(folder).as_posix())
    try:
        return kind.from_pretrained(folder / part, local_files_only=True, **options)
    except Exception as error:  # the loaders of three libraries raise whatever they meet
        raise ModelInvalid(f"{part}: {_reason(folder / part, error)}") from error


def network(kind: Any, folder: Path, part: str) -> Any:
    """Load a network of diffusers or transformers in fp32; the files may hold fp16."""
    loaded, info = component(
        kind,
        folder,
        part,
        use_safetensors=True,
        torch_dtype=torch.float32,
        output_loading_info=True,
    )
    missing = sorted([*info["missing_keys"], *(str(key) for key in info["mismatched_keys"])])
    if missing:
        raise ModelInvalid(f"{part}: {len(missing)} tensors are missing or unfit: {missing[0]} ...")
    return loaded


def ready(loaded: Any, device: torch.device) -> Any:
    """Put a network on its device, in evaluation mode.

    Its weights keep ``requires_grad``, as in stock pipelines; every call runs under ``no_grad``.
    Freezing them makes torch choose other kernels on a CPU, which differ by 1e-6.
    """
    return loaded.to(device).eval().requires_grad_(True)


def tensors(file: Path, name: str, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
    """Read all tensors of a safetensors file. Raises ``ModelInvalid`` that begins with ``name``."""
    require_whole(file, name)
    try:
        return safetensors.torch.load_file(file, device=str(device))
    except (OSError, SafetensorError) as error:
        raise ModelInvalid(f"{name}: {error}") from error


def keys(file: Path, name: str) -> tuple[str, ...]:
    """The names of the tensors in a safetensors file, from its header. Raises ``ModelInvalid``."""
    if file.suffix in PICKLES:
        raise ModelInvalid(f"{name}: is a pickle, which could run any program: {_CONVERT}")
    try:
        with safetensors.safe_open(file, framework="pt") as opened:
            return tuple(opened.keys())
    except (OSError, SafetensorError) as error:
        raise ModelInvalid(f"{name}: is no whole safetensors file: {error}") from error


def require_whole(file: Path, name: str) -> None:
    """Raise ``ModelInvalid`` if a safetensors file is cut off, or is something else."""
    keys(file, name)


def digest(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 (hex) over the names below ``root`` and the contents of some files, sorted."""
    total = hashlib.sha256()
    for file in sorted(set(files)):
        name = file.relative_to(root).as_posix()
        total.update(f"{name}\n{file_digest(file)}\n".encode())
    return total.hexdigest()


def file_digest(file: Path) -> str:
    """SHA-256 (hex) of a file's contents."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


_CONVERT = "convert it to safetensors where you trust it"


def _reason(folder: Path, error: Exception) -> str:
    """What to tell people: the library's words, or that the weights are pickles."""
    found = {file.suffix for file in folder.glob("*")} if folder.is_dir() else set()
    if ".safetensors" not in found and (pickled := found.intersection(PICKLES)):
        suffix = sorted(pickled)[0]
        return f"its weights are a pickle ({suffix}), which could run any program: {_CONVERT}"
    return str(error)
