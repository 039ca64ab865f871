"""Displacements: all that moves objects, as one field of vectors, whoever asked for it (M4).

Every drag and trajectory has a disc ``w`` and a displacement ``d``, and together they are averaged
as vectors:

    D(p) = sum w * d / sum w        W(p) = min(1, sum w)

Sums run in int64 fixed point (2^-20), where addition is associative, so neither the order of
people nor an instruction that came and went leaves a trace. The picture is warped once.

A drag has one vector, and in each frame some share of it; a trajectory has a vector of its own for
each frame. Those of one range keep one time; what moves a pixel in a frame is the sum over all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from framejam_pipeline import remembered
from framejam_pipeline.drag import count_drag, ramp
from framejam_pipeline.paint import Mask
from framejam_pipeline.residual import FIXED_POINT
from framejam_pipeline.trajectory import count_trajectory
from framejam_protocol.instructions import Drag, FrameRange, Trajectory

Sums = npt.NDArray[np.int64]
"""Running sums in multiples of 2^-20: (2 + 2 * k, height, width) of w, of w * strength, and for
each of k vectors of w * dx and w * dy."""

Vectors = npt.NDArray[np.float64]
"""A displacement of each pixel: (2, height, width) as (x, y) in pixels."""

Mover = Drag | Trajectory
"""What displaces something."""

Count = Callable[[Sums, Any, int], None]
"""Counts an instruction into sums, or with a sign of -1 out of them again."""

Along = tuple[tuple[int, float], ...]
"""Of each frame, which of the vectors counts, and how much of it."""


@dataclass(frozen=True)
class Displacement:
    """The sums over some instructions, in any order; never written to once made."""

    counted: Counter[Mover]
    sums: Sums

    @property
    def region(self) -> Mask:
        """W: how much of each pixel is moved, (H, W)."""
        return _region(self.sums[0])

    @property
    def strength(self) -> Mask:
        """The instructions' strength, averaged as the vectors are: (H, W)."""
        return np.asarray(self.sums[1] / np.maximum(self.sums[0], 1))

    @property
    def vectors(self) -> npt.NDArray[np.float64]:
        """D for each of the vectors: (k, 2, H, W) as (x, y) in pixels."""
        return _vectors(self.sums, self.sums[0])

    def distance(self, wanted: Counter[Mover]) -> int:
        """Return how many instructions must be counted in or out to get to ``wanted``."""
        return (wanted - self.counted).total() + (self.counted - wanted).total()

    def towards(self, wanted: Counter[Mover], count: Count) -> Displacement:
        """Return the sums over ``wanted``: what these lack is added, what is gone taken out."""
        sums = self.sums.copy()
        for one in (wanted - self.counted).elements():
            count(sums, one, 1)
        for one in (self.counted - wanted).elements():
            count(sums, one, -1)
        return Displacement(wanted, sums)


class Displacements:
    """Sums over instructions of one kind, found from those over much the same ones.

    Most folds are the one before and an instruction more or less: they then cost that one only,
    however many there are. ``remember`` bounds the sums kept; it changes speed, never results.
    """

    def __init__(self, none: Sums, count: Count, remember: int = 4) -> None:
        self._none = Displacement(Counter(), none)
        self._count = count
        self._remember = remember
        self._known: list[Displacement] = []

    @classmethod
    def of_drags(cls, width: int, height: int, remember: int = 4) -> Displacements:
        """Return an empty memory for drags on a frame of ``width`` x ``height`` pixels."""
        return Displacements(np.zeros((4, height, width), dtype=np.int64), count_drag, remember)

    @classmethod
    def of_trajectories(
        cls, width: int, height: int, clip: int, remember: int = 4
    ) -> Displacements:
        """Return an empty memory for trajectories in a clip of ``clip`` frames."""
        none = np.zeros((2 + 2 * clip, height, width), dtype=np.int64)
        return Displacements(none, partial(count_trajectory, clip=clip), remember)

    def of(self, things: Iterable[Mover]) -> Displacement:
        """Return the sums over some instructions, in whatever order."""
        wanted = Counter(things)
        for known in self._known:
            if known.counted == wanted:
                self._known = [known, *(one for one in self._known if one is not known)]
                return known
        nearest = min((self._none, *self._known), key=lambda known: known.distance(wanted))
        found = nearest.towards(wanted, self._count)
        self._known = [found, *self._known][: self._remember]
        return found


@dataclass(frozen=True)
class Motion:
    """What displaces things in some frames in which all of it is in force.

    Of each range of drags there is a part, and one of all trajectories: the sums over them, and
    which vectors they have in each of the frames. There is at least one part.
    """

    parts: tuple[tuple[Displacement, Along], ...]

    @classmethod
    def through(cls, displacement: Displacement, frames: int) -> Motion:
        """Return the motion of drags through the whole of a clip."""
        return cls(((displacement, tuple((0, float(way)) for way in ramp(frames))),))

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.parts[0][1])

    @cached_property
    def weight(self) -> npt.NDArray[np.int64]:
        """The sum of w over everything, in multiples of 2^-20: (H, W)."""
        return np.asarray(sum(part.sums[0] for part, _ in self.parts))

    @property
    def region(self) -> Mask:
        """W: how much of each pixel is moved, (H, W)."""
        return _region(self.weight)

    @property
    def strength(self) -> Mask:
        """The strength of everything, averaged as the vectors are: (H, W)."""
        total = sum(part.sums[1] for part, _ in self.parts)
        return np.asarray(total / np.maximum(self.weight, 1))

    def within(self, window: tuple[slice, slice]) -> Motion:
        """Return the same motion, of some rows and columns only."""
        return Motion(
            tuple(
                (Displacement(part.counted, part.sums[:, *window]), along)
                for part, along in self.parts
            )
        )

    def alone(self) -> Motion:
        """Return the same motion, holding on to no memory but its own."""
        parts = self.parts
        return Motion(tuple((Displacement(p.counted, p.sums.copy()), along) for p, along in parts))

    @property
    def nbytes(self) -> int:
        """Bytes of the sums and of the vectors made from them."""
        return 2 * sum(part.sums.nbytes for part, _ in self.parts)

    def vectors(self, frame: int) -> Vectors:
        """Where each pixel is in a frame (by its place among them), from where it was."""
        moved = np.zeros((2, *self.weight.shape))
        for vectors, (_, along) in zip(self._shares, self.parts, strict=True):
            which, share = along[frame]
            moved = moved + vectors[which] * share
        return moved

    @property
    def reach(self) -> tuple[Vectors, Vectors]:
        """The least and the most, by coordinate, that each pixel may be displaced by."""
        nothing = np.zeros((2, *self.weight.shape))
        least = sum((np.minimum(part.min(axis=0), 0.0) for part in self._shares), start=nothing)
        most = sum((np.maximum(part.max(axis=0), 0.0) for part in self._shares), start=nothing)
        return least, most

    def rests(self, frame: int) -> bool:
        """Whether everything is in this frame where it was in the one before."""
        if frame == 0:
            return False
        for vectors, (_, along) in zip(self._shares, self.parts, strict=True):
            (now, share), (then, before) = along[frame], along[frame - 1]
            if share != before or (now != then and not np.array_equal(vectors[now], vectors[then])):
                return False
        return True

    @cached_property
    def _shares(self) -> list[npt.NDArray[np.float64]]:
        """What each part displaces the pixels by, for each of its vectors. They add up."""
        return [_vectors(part.sums, self.weight) for part, _ in self.parts]


class Motions:
    """The motions of one take: drags and trajectories on frames of one size.

    ``remember`` bounds the sums kept, as do the budgets of ``remembered.py``; it changes speed,
    never results.
    """

    def __init__(self, width: int, height: int, clip: int, remember: int = 16) -> None:
        self._clip = clip
        area = width * height
        fit = partial(remembered.fit, clip_pixels=area * clip, most=remember)
        drags = fit(remembered.DRAGS, each=area * 4 * 8)
        trajectories = fit(remembered.TRAJECTORIES, each=area * (2 + 2 * clip) * 8)
        self._drags = Displacements.of_drags(width, height, drags)
        self._trajectories = Displacements.of_trajectories(width, height, clip, trajectories)

    def motion(
        self, drags: Iterable[Drag], trajectories: Iterable[Trajectory], frames: Sequence[int]
    ) -> Motion:
        """What displaces things in those of the clip's frames in which all of it is in force."""
        ranges: dict[FrameRange, list[Drag]] = {}
        for drag in drags:
            ranges.setdefault(drag.frames or (0, self._clip - 1), []).append(drag)
        travelling = tuple(trajectories)
        parts: list[tuple[Displacement, Along]] = []
        if not ranges and not travelling:
            ranges[0, self._clip - 1] = []
        # Sorted: floats do not add up to the same in every order.
        for (first, last), together in sorted(ranges.items()):
            way = ramp(last - first + 1)
            along = tuple((0, float(way[frame - first])) for frame in frames)
            parts.append((self._drags.of(together), along))
        if travelling:
            each = tuple((frame, 1.0) for frame in frames)
            parts.append((self._trajectories.of(travelling), each))
        return Motion(tuple(parts))


def _region(weight: npt.NDArray[np.int64]) -> Mask:
    return np.asarray(np.minimum(weight / FIXED_POINT, 1.0))


def _vectors(sums: Sums, weight: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the vectors of sums over a weight that may be more than their own: (k, 2, H, W)."""
    found = sums[2:] / np.maximum(weight, 1)
    return np.asarray(found.reshape(-1, 2, *weight.shape))
