"""Drags: what lies under a disc moves along the clip, and the hole it leaves is filled.

All drags become one field of displacements before anything moves (M4). With the disc ``w`` and
the displacement ``d`` of every drag:

    D(p) = sum w * d / sum w        W(p) = min(1, sum w)

Sums run in int64 fixed point (2^-20), where addition is associative, so neither the order of
people nor a drag that came and went leaves a trace. The picture is warped once.

Drags that are limited to some frames make their way in these: the sums over those of one range
keep one time, and what moves a pixel in a frame is ``sum w * ramp * d / sum w``.

What is dragged is held for a share of the steps and then let go, after the clock of Time-to-Move
(arXiv 2511.08633), which lets the background go sooner than the object. Here both keep one time: a
hole let go at half of the steps lets an object that earlier steps have drawn there come back as a
ghost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from framejam_pipeline.paint import Mask
from framejam_pipeline.residual import FIXED_POINT
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Drag, FrameRange
from framejam_protocol.limits import UNIT

Sums = npt.NDArray[np.int64]
"""Running sums in multiples of 2^-20: (4, height, width) of w, w * dx, w * dy, w * strength."""

Vectors = npt.NDArray[np.float64]
"""A displacement of each pixel: (2, height, width) as (x, y) in pixels."""

HELD = (8, 10)
"""The share of the steps, as a fraction, during which the object at its place and the hole behind
it are held. The last steps are the model's own: it blends borders that a warp leaves hard."""

_ARRIVED = 0.75  # the share of the way's time after which the object rests at the arrow's end


@dataclass(frozen=True)
class Displacement:
    """The sums over some drags, in any order; never written to once made."""

    drags: Counter[Drag]
    sums: Sums

    @classmethod
    def none(cls, width: int, height: int) -> Displacement:
        """Return the sums over no drags on a frame of ``width`` x ``height`` pixels."""
        return cls(Counter(), np.zeros((4, height, width), dtype=np.int64))

    def distance(self, drags: Counter[Drag]) -> int:
        """Return how many drags must be counted in or out to get to ``drags``."""
        return (drags - self.drags).total() + (self.drags - drags).total()

    def towards(self, drags: Counter[Drag]) -> Displacement:
        """Return the sums over ``drags``: what these lack is added, what is gone taken out."""
        sums = self.sums.copy()
        for drag in (drags - self.drags).elements():
            _count(sums, drag, 1)
        for drag in (self.drags - drags).elements():
            _count(sums, drag, -1)
        return Displacement(drags, sums)

    @property
    def region(self) -> Mask:
        """W: how much of each pixel is dragged, (H, W)."""
        return np.asarray(np.minimum(self.sums[0] / FIXED_POINT, 1.0))

    @property
    def vectors(self) -> Vectors:
        """D: where each pixel goes in the end, (2, H, W) as (x, y) in pixels."""
        return np.asarray(self.sums[1:3] / np.maximum(self.sums[0], 1))

    @property
    def strength(self) -> Mask:
        """The drags' strength, averaged as the vectors are: (H, W)."""
        return np.asarray(self.sums[3] / np.maximum(self.sums[0], 1))


@dataclass(frozen=True)
class Motion:
    """What drags do in some frames in which all of them are in force.

    Of each range of frames there is a part: the sums over its drags, and how far along their arrow
    things are in each of the frames, 0 to 1. There is at least one part.
    """

    parts: tuple[tuple[Displacement, tuple[float, ...]], ...]

    @classmethod
    def through(cls, displacement: Displacement, frames: int) -> Motion:
        """Return the motion of drags through the whole of a clip."""
        return cls(((displacement, tuple(map(float, ramp(frames)))),))

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.parts[0][1])

    @cached_property
    def total(self) -> Displacement:
        """The sums over all of the drags."""
        first, *others = (part for part, _ in self.parts)
        sums, drags = first.sums, first.drags
        for part in others:
            sums, drags = sums + part.sums, drags + part.drags
        return Displacement(drags, sums)

    def within(self, window: tuple[slice, slice]) -> Motion:
        """Return the same motion, of some rows and columns only."""
        return Motion(
            tuple(
                (Displacement(part.drags, part.sums[:, *window]), way) for part, way in self.parts
            )
        )

    def vectors(self, frame: int) -> Vectors:
        """Where each pixel is in a frame (by its place among them), from where it was."""
        return sum(
            (
                vectors * way[frame]
                for vectors, (_, way) in zip(self._ends, self.parts, strict=True)
            ),
            start=np.zeros(1),
        )

    @property
    def reach(self) -> tuple[Vectors, Vectors]:
        """The least and the most, by coordinate, that each pixel may be displaced by."""
        least = sum((np.minimum(vectors, 0.0) for vectors in self._ends), start=np.zeros(1))
        most = sum((np.maximum(vectors, 0.0) for vectors in self._ends), start=np.zeros(1))
        return least, most

    def rests(self, frame: int) -> bool:
        """Whether everything is in this frame where it was in the one before."""
        return frame > 0 and all(way[frame] == way[frame - 1] for _, way in self.parts)

    @cached_property
    def _ends(self) -> list[Vectors]:
        """What each part displaces the pixels by in the end; together they average."""
        weight = np.maximum(self.total.sums[0], 1)
        return [part.sums[1:3] / weight for part, _ in self.parts]


class Displacements:
    """Sums over drags on frames of one size, found from those over much the same drags.

    Most folds are the one before and a drag more or less: they then cost that drag only, however
    many there are. ``remember`` bounds the sums kept; it changes speed, never results.
    """

    def __init__(self, width: int, height: int, remember: int = 4) -> None:
        self._none = Displacement.none(width, height)
        self._remember = remember
        self._known: list[Displacement] = []

    def of(self, drags: Iterable[Drag]) -> Displacement:
        """Return the sums over ``drags``, in whatever order."""
        wanted = Counter(drags)
        nearest = min((self._none, *self._known), key=lambda known: known.distance(wanted))
        found = nearest.towards(wanted)
        others = [known for known in self._known if known.drags != wanted]
        self._known = [found, *others][: self._remember]
        return found

    def motion(self, drags: Iterable[Drag], frames: Sequence[int], clip: int) -> Motion:
        """What drags do in those of the ``clip`` frames in which all of them are in force."""
        ranges: dict[FrameRange, list[Drag]] = {}
        for drag in drags:
            ranges.setdefault(drag.frames or (0, clip - 1), []).append(drag)
        parts = []
        # Sorted: floats do not add up to the same in every order.
        for (first, last), together in sorted(ranges.items()) or [((0, clip - 1), [])]:
            way = ramp(last - first + 1)
            along = tuple(float(way[frame - first]) for frame in frames)
            parts.append((self.of(together), along))
        return Motion(tuple(parts))


def held(step: int, steps: int) -> bool:
    """Whether what is dragged has weight in ``step`` (0 is the first) of ``steps``."""
    share, of = HELD
    return step * of < share * steps


def disc(drag: Drag, width: int, height: int) -> tuple[slice, slice, Mask]:
    """Return rows and columns of the box around a drag's disc, and each pixel's share in it.

    The disc is a circle in pixels with two pixels of soft edge. Only +, *, / and square roots:
    every machine agrees exactly.
    """
    radius = from_units(drag.radius) * width
    x, y = from_units(drag.start[0]) * width, from_units(drag.start[1]) * height
    reach = radius + 1
    left, right = (min(max(int(np.floor(side)), 0), width) for side in (x - reach, x + reach + 1))
    top, bottom = (min(max(int(np.floor(side)), 0), height) for side in (y - reach, y + reach + 1))
    across = np.arange(left, right) + 0.5 - x
    down = (np.arange(top, bottom) + 0.5 - y)[:, None]
    return slice(top, bottom), slice(left, right), _soft(radius, across, down)


def disc_at(
    drag: Drag, width: int, height: int, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the shares in a drag's disc of some pixels, as ``disc`` has them."""
    x, y = from_units(drag.start[0]) * width, from_units(drag.start[1]) * height
    return _soft(from_units(drag.radius) * width, columns + 0.5 - x, rows + 0.5 - y)


def ramp(frames: int) -> npt.NDArray[np.float64]:
    """Return how far along the arrow things are in each of the way's frames: (F,), from 0 to 1.

    They start and stop softly, and rest for the last quarter.
    """
    share = np.arange(frames) / max(frames - 1, 1)
    eased = np.minimum(share / _ARRIVED, 1.0)
    return np.asarray(eased * eased * (3.0 - 2.0 * eased))


def _soft(
    radius: float, across: npt.NDArray[np.floating], down: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return the share in a disc of pixels that are this far from its middle."""
    soft = (radius - np.sqrt(across * across + down * down) + 1.0) / 2.0
    return np.asarray(np.clip(soft, 0.0, 1.0))


def _count(sums: Sums, drag: Drag, sign: int) -> None:
    """Count a drag into ``sums``, or with a ``sign`` of -1 out of them again."""
    height, width = sums.shape[1:]
    rows, columns, share = disc(drag, width, height)
    weight = np.rint(share * FIXED_POINT).astype(np.int64)
    # Wire units become multiples of 2^-20 of a pixel without any rounding.
    scale = FIXED_POINT // UNIT
    terms = (
        FIXED_POINT,
        (drag.end[0] - drag.start[0]) * width * scale,
        (drag.end[1] - drag.start[1]) * height * scale,
        drag.strength * scale,
    )
    for layer, term in zip(sums, terms, strict=True):
        layer[rows, columns] += sign * ((weight * term + FIXED_POINT // 2) // FIXED_POINT)
