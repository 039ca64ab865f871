"""Frame ranges: which strokes and drags there are in which frames of a clip (T10)."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import msgspec

from framejam_pipeline.entries import Fold
from framejam_protocol.instructions import Drag, Erase, FrameRange, Paint

R = TypeVar("R", Paint, Erase, Drag, Paint | Erase)


def shows(frames: FrameRange | None, frame: int) -> bool:
    """Whether a range, None for all frames, holds a frame."""
    return frames is None or frames[0] <= frame <= frames[1]


def fitted(one: R, clip: int) -> R | None:
    """Return a stroke or drag with its range cut to a clip of ``clip`` frames.

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
    paint = (fitted(layer, clip) for layer in fold.paint)
    drags = (fitted(drag, clip) for drag in fold.drags)
    return replace(
        fold,
        paint=tuple(layer for layer in paint if layer is not None),
        drags=tuple(drag for drag in drags if drag is not None),
    )


def lasting(fold: Fold) -> Fold:
    """Return ``fold`` with those strokes and drags only that are there in every frame."""
    return replace(
        fold,
        paint=tuple(layer for layer in fold.paint if layer.frames is None),
        drags=tuple(drag for drag in fold.drags if drag.frames is None),
    )


def at_frame(fold: Fold, frame: int) -> Fold:
    """Return ``fold`` with those strokes and drags only that are there in ``frame``."""
    return replace(
        fold,
        paint=tuple(layer for layer in fold.paint if shows(layer.frames, frame)),
        drags=tuple(drag for drag in fold.drags if shows(drag.frames, frame)),
    )


def scenes(fold: Fold, clip: int) -> list[tuple[Fold, tuple[int, ...]]]:
    """Return what is there in the frames of a clip, and in which of them.

    Frames are together in which the same strokes and drags are there.
    """
    limited = [one.frames for one in (*fold.paint, *fold.drags) if one.frames is not None]
    together: dict[tuple[bool, ...], list[int]] = {}
    for frame in range(clip):
        together.setdefault(tuple(shows(frames, frame) for frames in limited), []).append(frame)
    return [(at_frame(fold, frames[0]), tuple(frames)) for frames in together.values()]
