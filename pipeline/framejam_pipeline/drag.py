"""Drags: what lies under a disc moves along the clip, and the hole it leaves is filled.

All drags become one field of displacements before anything moves (M4). With the disc ``w`` and
the displacement ``d`` of every drag:

    D(p) = sum w * d / sum w        W(p) = min(1, sum w)

Sums run in int64 fixed point (2^-20), where addition is associative, so neither the order of
people nor a drag that came and went leaves a trace. The picture is warped once.

What moves is the object in the disc, not the background around it. The disc is filled from its
surroundings, and the matte is how much the picture stands out from that filling; frame ``f`` then
shows the matted pixels displaced by ``ramp(f) * D`` over the filled background. Filling is the
bilateral nearest neighbour interpolation of FastDrag (arXiv 2405.15769). That they are held for a
share of the steps and then let go is the clock of Time-to-Move (arXiv 2511.08633), which lets the
background go sooner than the object. Here both keep one time: a hole let go at half of the steps
lets an object that earlier steps have drawn there come back as a ghost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from framejam_pipeline.image import Pixels
from framejam_pipeline.paint import Mask
from framejam_pipeline.residual import FIXED_POINT
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Drag
from framejam_protocol.limits import UNIT

Sums = npt.NDArray[np.int64]
"""Running sums in multiples of 2^-20: (4, height, width) of w, w * dx, w * dy, w * strength."""

Colours = npt.NDArray[np.float64]
"""Colours before they are rounded to bytes: (height, width, 3), 0 to 255."""

HELD = (8, 10)
"""The share of the steps, as a fraction, during which the object at its place and the hole behind
it are held. The last steps are the model's own: it blends borders that a warp leaves hard."""

_ARRIVED = 0.75  # the share of the clip after which the object rests at the arrow's end

# In sRGB bytes, of the channel that differs most. Below the first, what differs is the grain of a
# background or the filling's own error; from the second on it is an object through and through.
_SAME, _OTHER = 14.0, 34.0

_NOTHING, _EVERYTHING = 0.03, 0.85
"""Mean mattes of a region outside which there is no telling object from background."""

_PORES = 2
"""Half the width in pixels of the gaps in a matte that are closed: eyes, windows, highlights."""


@dataclass(frozen=True)
class Warped:
    """A clip in which everything dragged moves.

    ``clip`` (F, H, W, 3) is sRGB bytes. The weights (F, H, W), 0 to 1: ``place`` of the objects
    where they are in each frame and ``hole`` of what they have uncovered, both times the strength
    of the drags; ``paint`` is paint's own weight, moved along with what was painted.
    """

    clip: Pixels
    place: Mask
    hole: Mask
    paint: Mask


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
    def vectors(self) -> npt.NDArray[np.float64]:
        """D: where each pixel goes in the end, (2, H, W) as (x, y) in pixels."""
        return np.asarray(self.sums[1:3] / np.maximum(self.sums[0], 1))

    @property
    def strength(self) -> Mask:
        """The drags' strength, averaged as the vectors are: (H, W)."""
        return np.asarray(self.sums[3] / np.maximum(self.sums[0], 1))


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
    soft = (radius - np.sqrt(across * across + down * down) + 1.0) / 2.0
    return slice(top, bottom), slice(left, right), np.clip(soft, 0.0, 1.0)


def ramp(frames: int) -> npt.NDArray[np.float64]:
    """Return how far along the arrow things are in each frame: (F,), from 0 to 1.

    They start and stop softly, and rest for the last quarter of the clip.
    """
    share = np.arange(frames) / max(frames - 1, 1)
    eased = np.minimum(share / _ARRIVED, 1.0)
    return np.asarray(eased * eased * (3.0 - 2.0 * eased))


def warp(picture: Pixels, paint: Mask, displacement: Displacement, frames: int) -> Warped:
    """Return the clip in which ``picture`` (H, W, 3) is displaced more and more.

    ``paint`` (H, W) is the weight by which pixels are held because they were painted. Frame 0 is
    the picture itself; pixels that nothing leaves or enters keep their bytes in every frame.
    """
    still = np.zeros((frames, *paint.shape))
    warped = Warped(
        np.repeat(picture[None], frames, axis=0), still, still.copy(), still + np.clip(paint, 0, 1)
    )
    if not displacement.sums[0].any():  # nothing, or discs that lie beyond the frame
        return warped
    window = _window(displacement)
    part = Displacement(displacement.drags, displacement.sums[:, *window])
    source = picture[window].astype(np.float64)
    matte = cut_out(picture[window], part.region)
    behind = fill(source, matte > 0)
    # Colour and matte are what the picture is made of: source = moving + (1 - matte) * behind.
    # Put back where it was, the object then leaves the picture as it is, soft edges included.
    moving = source - (1.0 - matte)[..., None] * behind
    held = np.stack([matte, matte * part.strength, matte * paint[window]], axis=-1)
    layers = np.concatenate([moving, held], axis=-1)
    shares = ramp(frames)
    for frame, share in enumerate(shares):
        here = (frame, *window)
        if frame > 0 and share == shares[frame - 1]:
            # Everything rests: a quarter of the clip costs nothing.
            for weights in (warped.clip, warped.place, warped.hole, warped.paint):
                weights[here] = weights[(frame - 1, *window)]
            continue
        moved = _splat(layers, matte > 0, part.vectors * share)
        over = np.minimum(moved[..., 3], 1.0)
        # Where several pixels meet they share the place instead of adding up.
        moved = moved / np.maximum(moved[..., 3:4], 1.0)
        colours = np.clip(moved[..., :3] + (1.0 - over)[..., None] * behind, 0.0, 255.0)
        warped.clip[here] = np.rint(colours)
        warped.place[here] = np.clip(moved[..., 4], 0.0, 1.0)
        warped.hole[here] = part.strength * (matte - np.minimum(matte, over))
        left = (1.0 - np.maximum(matte, over)) * paint[window]
        warped.paint[here] = np.clip(moved[..., 5] + left, 0.0, 1.0)
    return warped


def cut_out(picture: Pixels, region: Mask) -> Mask:
    """Return the matte (H, W), 0 to 1, of the objects of ``picture`` within ``region``.

    An object is what stands out from the region's filling. Where nothing does, or nearly
    everything, there is no object to be found and the region moves as it is.
    """
    source = picture.astype(np.float64)
    away = np.abs(source - fill(source, region > 0)).max(axis=-1)
    matte = np.clip((away - _SAME) / (_OTHER - _SAME), 0.0, 1.0)
    matte = _closed(matte, _PORES)
    parts = _parts(region > 0)
    size = np.bincount(parts.ravel(), region.ravel())
    share = np.bincount(parts.ravel(), (matte * region).ravel()) / np.maximum(size, 1e-9)
    whole = (share < _NOTHING) | (share > _EVERYTHING)
    return np.where(whole[parts], 1.0, matte) * region


def fill(colours: Colours, hole: npt.NDArray[np.bool_]) -> Colours:
    """Return ``colours`` (H, W, 3) with ``hole`` (H, W) filled from around it.

    Each pixel of the hole becomes the mean of the nearest known pixels to its left, right, above
    and below, weighted by inverse distance. Pixels that see none of those are filled from the ones
    that did, in another turn; where nothing at all is known everything stays as it is.
    """
    total, weight = np.zeros_like(colours), np.zeros((*hole.shape, 1))
    for turns in range(4):
        known, seen = np.rot90(~hole, turns), np.rot90(colours, turns)
        columns = np.arange(known.shape[1])
        last = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
        near = np.where(last >= 0, 1.0 / np.maximum(columns - last, 1), 0.0)[..., None]
        value = np.take_along_axis(seen, np.maximum(last, 0)[..., None], axis=1)
        total += np.rot90(near * value, -turns)
        weight += np.rot90(near, -turns)
    unseen = hole & (weight[..., 0] == 0)
    mean = total / np.maximum(weight, 1e-9)
    filled = np.where((hole & ~unseen)[..., None], mean, colours)
    return fill(filled, unseen) if unseen.any() and not unseen.all() else filled


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


def _window(displacement: Displacement) -> tuple[slice, slice]:
    """Return the rows and columns outside of which nothing changes in any frame.

    All of them lie between where pixels are and where they end. One pixel around them belongs to
    the window, so that holes in it can be filled from what surrounds them.
    """
    inside = np.nonzero(displacement.sums[0])
    slices = []
    for size, at, vector in zip(
        displacement.sums.shape[1:], inside, displacement.vectors[::-1], strict=True
    ):
        reached = np.concatenate([at, at + vector[inside]])
        low, high = np.floor(reached.min(initial=size)), np.ceil(reached.max(initial=0.0))
        slices.append(slice(max(int(low) - 1, 0), min(int(high) + 2, size)))
    return slices[0], slices[1]


def _splat(
    layers: npt.NDArray[np.float64],
    moving: npt.NDArray[np.bool_],
    vectors: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Add the ``moving`` pixels of ``layers`` (H, W, n) up where ``vectors`` (2, H, W) take them.

    Each pixel is spread over the four it lands between, which for one vector is exactly a
    bilinear shift. What leaves the frame is gone.
    """
    height, width, count = layers.shape
    rows, columns = np.nonzero(moving)
    x, y = columns + vectors[0, rows, columns], rows + vectors[1, rows, columns]
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    values = layers[rows, columns]
    sums = np.zeros((height * width, count))
    for column, across in ((left, 1.0 - (x - left)), (left + 1, x - left)):
        for row, down in ((top, 1.0 - (y - top)), (top + 1, y - top)):
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            cells = row[inside] * width + column[inside]
            shares = (across * down)[inside]
            for layer in range(count):
                sums[:, layer] += np.bincount(
                    cells, shares * values[inside, layer], minlength=height * width
                )
    return sums.reshape(height, width, count)


def _closed(mask: Mask, reach: int) -> Mask:
    """Raise the pixels of gaps at most ``2 * reach`` wide to what lies around them."""
    return -_widened(-_widened(mask, reach), reach)


def _widened(mask: Mask, reach: int) -> Mask:
    """Return the largest value within ``reach`` pixels along each axis."""
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (reach, reach)
        padded = np.pad(mask, padding, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis)
        mask = windows.max(axis=-1)
    return mask


def _parts(region: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Number the connected parts of ``region`` (H, W), and as one more all that is outside."""
    labels = np.where(region, np.arange(1, region.size + 1).reshape(region.shape), 0)
    while True:
        before = labels
        labels = _along_runs(_along_runs(labels).T).T
        if np.array_equal(labels, before):
            return np.asarray(np.unique(labels, return_inverse=True)[1]).reshape(region.shape)


def _along_runs(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give every run of pixels in a row the largest label in it."""
    flat = np.pad(labels, ((0, 0), (0, 1))).ravel()  # a column of nothing parts the rows
    starts = np.flatnonzero(np.diff(flat > 0, prepend=flat[0] == 0))
    largest = np.maximum.reduceat(flat, starts)
    lengths = np.diff(starts, append=flat.size)
    return np.repeat(largest, lengths).reshape(labels.shape[0], -1)[:, :-1]
