"""Numbers about edits: how soon they showed, and what they changed where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from framejam_protocol.instructions import (
    Drag,
    Erase,
    Lock,
    Outline,
    Paint,
    Path,
    TakeInstruction,
    Trajectory,
)
from framejam_protocol.instructions import (
    Region as RegionEdit,
)
from framejam_protocol.limits import UNIT
from framejam_server.demo.perform import Sighting
from framejam_server.render.recompute import Frames, coverage, outlined

CHANGED_FROM: Final = 8
"""A pixel counts as changed where one of its channels differs by at least this much of 255."""

CONTRAST: Final = 3
"""How many times the change outside its mask an edit must make inside to show."""

GUARD_PX: Final = 4
"""Pixels around a mask that count as neither inside nor outside: a latent cell is 4 wide."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Region:
    """Pixels (height, width) an edit is meant to change, and those it is meant to leave alone.

    Prompts, images, cameras and settings are meant for the whole frame: ``outside`` is then empty.
    """

    inside: Mask
    outside: Mask


@dataclass(frozen=True)
class Change:
    """How two clips differ: shares of pixels over all frames, and mean change, both 0 to 1.

    The outside figures are None where everything is inside.
    """

    share_inside: float
    share_outside: float | None
    mean_inside: float
    mean_outside: float | None

    @property
    def shows(self) -> bool:
        """Whether people would say that the edit shows: it changed enough, and where it was
        meant to rather than elsewhere."""
        return self.mean_inside >= CHANGED_FROM / 255 and self.mean_inside >= CONTRAST * (
            self.mean_outside or 0.0
        )


def region_of(instruction: TakeInstruction, width: int, height: int) -> Region:
    """Where ``instruction`` is meant to act on frames of ``width`` x ``height`` pixels."""
    match instruction:
        case RegionEdit(outline=outline) | Lock(outline=outline):
            return _within(outline, width, height)
        case Drag(start=start, end=end, radius=radius):
            # What the object leaves, crosses and reaches: a stroke as wide as the circle.
            return _along((start, end), 2 * radius, width, height)
        case Trajectory(path=path, radius=radius):
            return _along(path, 2 * radius, width, height)
        case Paint(points=points, width=brush) | Erase(points=points, width=brush):
            return _along(points, brush, width, height)
    everywhere = np.ones((height, width), dtype=np.bool_)
    return Region(everywhere, ~everywhere)


def _along(points: Path, brush: int, width: int, height: int) -> Region:
    """Under a brush of diameter ``brush``, in 1/65536 of the frame's width."""
    stroke = Paint(points, "#000000", min(UNIT, brush))
    guard = min(UNIT, stroke.width + round(2 * GUARD_PX * UNIT / width))
    wider = msgspec.structs.replace(stroke, width=guard)
    return Region(coverage(stroke, width, height) >= 0.5, coverage(wider, width, height) == 0)


def _within(outline: Outline, width: int, height: int) -> Region:
    """Inside a closed line; ``GUARD_PX`` around it belong to neither side."""
    inside = outlined(outline, width, height) >= 0.5
    guard = Paint((*outline, outline[0]), "#000000", round(2 * GUARD_PX * UNIT / width))
    return Region(inside, ~inside & (coverage(guard, width, height) == 0))


def change(before: Frames, after: Frames, region: Region) -> Change:
    """Compare two clips of equal shape inside and outside ``region``."""
    difference = np.abs(after.astype(np.int16) - before.astype(np.int16))
    changed = difference.max(axis=-1) >= CHANGED_FROM
    size = difference.mean(axis=-1) / 255
    return Change(
        _mean(changed, region.inside) or 0.0,
        _mean(changed, region.outside),
        _mean(size, region.inside) or 0.0,
        _mean(size, region.outside),
    )


def first_shown(seen: Sequence[Sighting], sent: float, seq: int) -> tuple[int, float] | None:
    """Steps and milliseconds from ``sent`` to the first preview with ``seq`` in it, or None.

    Steps are counted in previews that arrived meanwhile, the one that shows it included; the
    finished clip's own preview is not a step.
    """
    later = [one for one in seen if one.received >= sent]
    for place, one in enumerate(later):
        if one.seq >= seq:
            steps = sum(not other.done for other in later[: place + 1])
            return steps, (one.received - sent) * 1000
    return None


def steps_per_second(seen: Sequence[Sighting]) -> float | None:
    """The median pace of the loop, from previews of steps that followed one another directly."""
    pairs = pairwise(seen)
    gaps = [
        later.received - one.received
        for one, later in pairs
        if later.step == one.step + 1 and not later.done and later.received > one.received
    ]
    return 1 / median(gaps) if gaps else None


def _mean(values: npt.NDArray[np.generic], where: Mask) -> float | None:
    if not where.any():
        return None
    return float(np.asarray(values, dtype=np.float64)[:, where].mean())
