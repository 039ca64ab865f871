"""Whether a shape that somebody drew can mean anything on the picture (L5). Integers only. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Camera, Lock, Region, Trajectory
from framejam_protocol.limits import UNIT

_SAMPLES: Final = 16
"""Places across and down that are looked at to tell whether an outline leaves anything out: fewer
than any model has latent cells, and what is let through by mistake is merely a very large lock."""


def objection(shape: Trajectory | Camera | Region | Lock, frames: int) -> tuple[str, str] | None:
    """The field at fault and what to do about it, or None where the shape is a sound one.

    ``frames`` is how many frames the clip has.
    """
    match shape:
        case Trajectory(path=path):
            return _path(path)
        case Camera():
            return None
        case Region(outline=outline):
            return _outline(outline)
        case Lock(outline=outline, frames=held):
            always = held is None or (held[0] <= 0 and held[1] >= frames - 1)
            if always and covers_everything(outline):
                return "outline", (
                    "a lock over the whole picture leaves nothing to edit; lock a part of it, "
                    "or pause the take"
                )
            return _outline(outline)


def _path(path: Sequence[Point]) -> tuple[str, str] | None:
    if not all(0 <= value <= UNIT for value in path[0]):
        return "path[0]", (
            "the path begins outside of the frame, where there is nothing to move; begin it on "
            f"the object, from 0 to {UNIT}"
        )
    if all(point == path[0] for point in path):
        return "path", "the path ends where it begins and goes nowhere; draw it further"
    return None


def _outline(outline: Sequence[Point]) -> tuple[str, str] | None:
    if is_flat(outline):
        return "outline", "the outline is a line with nothing inside; draw around something"
    for values in zip(*outline, strict=True):
        if max(values) <= 0 or min(values) >= UNIT:
            return "outline", f"the outline is outside of the frame, which is 0 to {UNIT}"
    return None


def is_flat(outline: Sequence[Point]) -> bool:
    """Whether all corners lie on one line."""
    (x, y), *others = outline
    ways = [(right - x, down - y) for right, down in others]
    along, below = max(ways, key=lambda way: abs(way[0]) + abs(way[1]))
    return all(right * below == down * along for right, down in ways)


def covers_everything(outline: Sequence[Point]) -> bool:
    """Whether all of the frame is inside a closed polygon."""
    places = [(2 * place + 1) * UNIT // (2 * _SAMPLES) for place in range(_SAMPLES)]
    return all(all(inside(outline, places, y)) for y in places)


def inside(outline: Sequence[Point], xs: Sequence[int], y: int) -> list[bool]:
    """Whether points at the same height are inside a closed polygon, by the even-odd rule."""
    crossings = []
    for (left, top), (right, bottom) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (top > y) != (bottom > y):
            # Rounded up: just as much to the right of whole numbers as where the line crosses.
            crossings.append(left - (right - left) * (y - top) // (top - bottom))
    crossings.sort()
    return [(len(crossings) - bisect_right(crossings, x)) % 2 == 1 for x in xs]
