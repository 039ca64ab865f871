"""What is known of the model before it is loaded: the facts of the last start, kept beside the log.

Loading takes seconds, and a server that comes back after a crash is to take people's edits at once.
The facts are used again only where nothing they follow from has changed: the model's files, the
libraries, the number of threads.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from framejam_server.render.pipe import Ready

FILE: Final = "model.json"
_LIBRARIES: Final = ("torch", "diffusers", "transformers", "numpy", "framejam")


class _Remembered(msgspec.Struct, frozen=True):
    """``basis`` is the hash of what ``ready`` follows from."""

    basis: str
    ready: Ready


def recall(data: Path, model: Path | None, threads: int) -> Ready | None:
    """The facts of the last start below ``data``, if they still hold; None otherwise. Blocks."""
    try:
        known = msgspec.json.decode((data / FILE).read_bytes(), type=_Remembered)
    except (OSError, msgspec.MsgspecError):
        return None
    return known.ready if known.basis == _basis(model, threads) else None


def remember(data: Path, model: Path | None, threads: int, ready: Ready) -> None:
    """Keep ``ready`` for the next start; where that fails the next start waits. Blocks."""
    text = msgspec.json.encode(_Remembered(_basis(model, threads), ready))
    fresh = data / f"{FILE}.new"
    with suppress(OSError):
        fresh.write_bytes(text)
        os.replace(fresh, data / FILE)  # never half a file


def _basis(model: Path | None, threads: int) -> str:
    """Hash names, sizes and times of the model's files, and the versions that run it."""
    path = model if model is not None else _shipped()
    folder = path if path.is_dir() else path.parent  # a checkpoint file has its other parts there
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    marks = [
        f"{file.relative_to(folder).as_posix()} {mark.st_size} {mark.st_mtime_ns}"
        for file, mark in ((file, file.stat()) for file in files)
    ]
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    about = [sys.version, str(path.absolute()), str(threads), *libraries, *marks]
    return hashlib.sha256("\n".join(about).encode()).hexdigest()


def _shipped() -> Path:
    """The folder of the model that ships, found without importing torch."""
    spec = importlib.util.find_spec("framejam_pipeline")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "models" / "embedded"
