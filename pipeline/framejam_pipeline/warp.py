"""The clip in which everything dragged moves: objects are lifted off a picture and put down again.

What moves is the object in the disc, not the background around it. The disc is filled from its
surroundings, and the matte is how much the picture stands out from that filling; a frame then shows
the matted pixels displaced by the motion's vectors over the filled background.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from framejam_pipeline.displacement import Motion, Vectors
from framejam_pipeline.image import Pixels
from framejam_pipeline.matte import cut_out, fill
from framejam_pipeline.paint import Mask

Window = tuple[slice, slice]
"""Rows and columns of a frame."""

Pixel = npt.NDArray[np.int64]
"""Rows or columns of some pixels, or both."""


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
class Lifted:
    """What drags lift off a picture: ``matte`` and ``motion`` within ``window``.

    Outside of the window nothing changes in any frame.
    """

    window: Window
    matte: Mask
    motion: Motion


@dataclass(frozen=True)
class Origins:
    """Where what some pixels of a frame show comes from: n pixels of the picture, for m pixels.

    ``rows`` and ``columns`` (n,) are those of the picture, the first m of them the m pixels' own.
    ``moved`` (m, n) is how much of each was put down there, ``stayed`` (m,) how much of a pixel's
    own was neither lifted off nor covered, and ``hole`` (m,) how much of it was lifted off and not
    covered again.
    """

    rows: Pixel
    columns: Pixel
    moved: npt.NDArray[np.float64]
    stayed: npt.NDArray[np.float64]
    hole: npt.NDArray[np.float64]


def lift(picture: Pixels, motion: Motion) -> Lifted | None:
    """Return what ``motion`` lifts off ``picture`` (H, W, 3); None where no disc touches it."""
    if not motion.weight.any():
        return None
    window = _window(motion)
    part = motion.within(window)
    return Lifted(window, cut_out(picture[window], part.region), part)


def warp(picture: Pixels, paint: Mask, motion: Motion) -> Warped:
    """Return the clip of the motion's frames in which ``picture`` (H, W, 3) is displaced.

    ``paint`` (H, W) is the weight by which pixels are held because they were painted. Where things
    are at the start of their way the frame is the picture itself; pixels that nothing leaves or
    enters keep their bytes in every frame.
    """
    still = np.zeros((motion.frames, *paint.shape))
    warped = Warped(
        np.repeat(picture[None], motion.frames, axis=0),
        still,
        still.copy(),
        still + np.clip(paint, 0, 1),
    )
    lifted = lift(picture, motion)
    if lifted is None:
        return warped
    window, matte, part = lifted.window, lifted.matte, lifted.motion
    strength = part.strength
    source = picture[window].astype(np.float64)
    behind = fill(source, matte > 0)
    # Colour and matte are what the picture is made of: source = moving + (1 - matte) * behind.
    # Put back where it was, the object then leaves the picture as it is, soft edges included.
    moving = source - (1.0 - matte)[..., None] * behind
    held = np.stack([matte, matte * strength, matte * paint[window]], axis=-1)
    layers = np.concatenate([moving, held], axis=-1)
    for frame in range(motion.frames):
        here = (frame, *window)
        if part.rests(frame):
            # A quarter of the clip costs nothing.
            for weights in (warped.clip, warped.place, warped.hole, warped.paint):
                weights[here] = weights[(frame - 1, *window)]
            continue
        moved = _splat(layers, matte > 0, part.vectors(frame))
        over = np.minimum(moved[..., 3], 1.0)
        # Where several pixels meet they share the place instead of adding up.
        moved = moved / np.maximum(moved[..., 3:4], 1.0)
        colours = np.clip(moved[..., :3] + (1.0 - over)[..., None] * behind, 0.0, 255.0)
        warped.clip[here] = np.rint(colours)
        warped.place[here] = np.clip(moved[..., 4], 0.0, 1.0)
        warped.hole[here] = strength * (matte - np.minimum(matte, over))
        left = (1.0 - np.maximum(matte, over)) * paint[window]
        warped.paint[here] = np.clip(moved[..., 5] + left, 0.0, 1.0)
    return warped


def origins(lifted: Lifted | None, frame: int, box: Window) -> Origins:
    """Return where the pixels of ``box`` come from in a frame of the motion (by its place)."""
    rows, columns = (side.ravel() for side in np.mgrid[box])
    count = len(rows)
    if lifted is None:
        none = np.zeros(count)
        return Origins(rows, columns, np.zeros((count, count)), np.ones(count), none)
    top, left = (side.start for side in lifted.window)
    whole = np.zeros(count)
    inside = _within(lifted.window, rows, columns)
    whole[inside] = lifted.matte[rows[inside] - top, columns[inside] - left]
    lifts = np.stack(np.nonzero(lifted.matte > 0))
    across = box[1].stop - box[1].start
    targets, sources, shares = [], [], []
    for row, column, share in _landings(lifts, lifted.motion.vectors(frame)):
        hit = np.flatnonzero(_within(box, row + top, column + left))
        targets.append((row[hit] + top - rows[0]) * across + column[hit] + left - columns[0])
        sources.append(hit)
        shares.append(share[hit] * lifted.matte[*lifts[:, hit]])
    found, place = np.unique(np.concatenate(sources), return_inverse=True)
    moved = np.zeros((count, count + len(found)))
    np.add.at(moved, (np.concatenate(targets), count + place), np.concatenate(shares))
    over = moved.sum(axis=1)
    moved /= np.maximum(over, 1.0)[:, None]
    over = np.minimum(over, 1.0)
    return Origins(
        np.concatenate([rows, lifts[0, found] + top]),
        np.concatenate([columns, lifts[1, found] + left]),
        moved,
        1.0 - np.maximum(whole, over),
        whole - np.minimum(whole, over),
    )


def _within(window: Window, rows: Pixel, columns: Pixel) -> npt.NDArray[np.bool_]:
    down, across = window
    inside = (rows >= down.start) & (rows < down.stop)
    return np.asarray(inside & (columns >= across.start) & (columns < across.stop))


def _window(motion: Motion) -> Window:
    """Return the rows and columns outside of which nothing changes in any frame.

    All of them lie between where pixels are and where they may get. One pixel around them belongs
    to the window, so that holes in it can be filled from what surrounds them.
    """
    weight = motion.weight
    inside = np.nonzero(weight)
    least, most = motion.reach
    slices = []
    for size, at, low, high in zip(weight.shape, inside, least[::-1], most[::-1], strict=True):
        first = np.floor((at + low[inside]).min(initial=size))
        last = np.ceil((at + high[inside]).max(initial=0.0))
        slices.append(slice(max(int(first) - 1, 0), min(int(last) + 2, size)))
    return slices[0], slices[1]


def _splat(
    layers: npt.NDArray[np.float64], moving: npt.NDArray[np.bool_], vectors: Vectors
) -> npt.NDArray[np.float64]:
    """Add the ``moving`` pixels of ``layers`` (H, W, n) up where ``vectors`` (2, H, W) take them.

    What leaves the frame is gone.
    """
    height, width, count = layers.shape
    lifts = np.stack(np.nonzero(moving))
    values = layers[*lifts]
    sums = np.zeros((height * width, count))
    for row, column, share in _landings(lifts, vectors):
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        cells = row[inside] * width + column[inside]
        shares = share[inside]
        for layer in range(count):
            sums[:, layer] += np.bincount(
                cells, shares * values[inside, layer], minlength=height * width
            )
    return sums.reshape(height, width, count)


def _landings(lifts: Pixel, vectors: Vectors) -> Iterator[tuple[Pixel, Pixel, Mask]]:
    """Yield four times the row, the column and the share with which each of some pixels lands.

    Each pixel, (2, n) as (row, column), is spread over the four it lands between, which for one
    vector is exactly a bilinear shift.
    """
    x, y = lifts[1] + vectors[0][*lifts], lifts[0] + vectors[1][*lifts]
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    for column, across in ((left, 1.0 - (x - left)), (left + 1, x - left)):
        for row, down in ((top, 1.0 - (y - top)), (top + 1, y - top)):
            yield row, column, across * down
