"""Frame ranges: what there is in which frames of a clip (T10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

import msgspec

from framejam_pipeline.entries import Fold
from framejam_protocol.instructions import (
    Camera,
    Drag,
    Erase,
    FrameRange,
    Lock,
    Paint,
    Region,
    Trajectory,
)

Limited = Paint | Erase | Region | Drag | Trajectory | Camera
"""What may be limited to some frames of a clip, and is part of a fold."""

R = TypeVar("R", Paint, Erase, Region, Drag, Trajectory, Camera, Lock, Limited)

_FIELDS: Final = ("paint", "regions", "drags", "trajectories", "cameras")


def shows(frames: FrameRange | None, frame: int) -> bool:
    """Whether a range, None for all frames, holds a frame."""
    return frames is None or frames[0] <= frame <= frames[1]


def fitted(one: R, clip: int) -> R | None:
    """Return an instruction with its range cut to a clip of ``clip`` frames.

    None where none of its frames is in the clip. A range that holds every frame becomes None, as
    that of instructions without one.
    """
    if one.frames is None:
        return one
    first, last = one.frames[0], min(one.frames[1], clip - 1)
    if first > last:
        return None
    return msgspec.structs.replace(one, frames=None if last - first == clip - 1 else (first, last))


def fit_ranges(fold: Fold, clip: int) -> Fold:
    """Return ``fold`` with every range ``fitted`` to a clip of ``clip`` frames."""
    return _each(fold, lambda one: fitted(one, clip))


def lasting(fold: Fold) -> Fold:
    """Return ``fold`` with that only which is there in every frame."""
    return _each(fold, lambda one: one if one.frames is None else None)


def at_frame(fold: Fold, frame: int) -> Fold:
    """Return ``fold`` with that only which is there in ``frame``."""
    return _each(fold, lambda one: one if shows(one.frames, frame) else None)


def scenes(fold: Fold, clip: int) -> list[tuple[Fold, tuple[int, ...]]]:
    """Return what is there in the frames of a clip, and in which of them.

    Frames are together in which the same instructions are there.
    """
    limited = [one.frames for field in _FIELDS for one in getattr(fold, field) if one.frames]
    together: dict[tuple[bool, ...], list[int]] = {}
    for frame in range(clip):
        together.setdefault(tuple(shows(frames, frame) for frames in limited), []).append(frame)
    return [(at_frame(fold, frames[0]), tuple(frames)) for frames in together.values()]


def _each(fold: Fold, change: Callable[[Limited], Limited | None]) -> Fold:
    """Return ``fold`` with every instruction changed, or left out where that gives None."""
    changed: dict[str, Any] = {
        field: tuple(found for one in getattr(fold, field) if (found := change(one)) is not None)
        for field in _FIELDS
    }
    return replace(fold, **changed)
