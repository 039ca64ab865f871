"""The camera: pans, tilts and zooms move the whole picture, after everything in it has moved (M4).

A camera goes from where the picture stands, in the first frame of its range, to its pan, tilt and
zoom in the last, starting and stopping softly. In each frame the cameras in force are averaged by
their strength:

    view = sum s * way * (pan, tilt, zoom - 1) / sum s

The view's middle is ``pan`` and ``tilt`` away from the picture's, in shares of the picture, and
what is around it is magnified by ``zoom``. Every pixel of a frame is looked up in the picture,
bilinearly; where the picture is made smaller, several times, so that nothing falls between the
lines. It is all whole numbers: every machine agrees exactly, in whatever order people came.

What comes into the frame from outside of the picture is shown as its border drawn out, for the
model to go on from, and nothing holds it; a mirror image would show objects twice. All else is
held, as dragged objects are, by the averaged strength ``sum s * s / sum s``; so a camera lets
motion words do nothing, as drags do.

Outside the range of a camera nothing is held and the picture stands where it stands without it, as
for drags (T10). Cameras that all stay where they are hold nothing at all; beside others that move
they slow these down, as an average does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from framejam_pipeline.paint import Mask
from framejam_pipeline.residual import FIXED_POINT
from framejam_pipeline.warp import Warped, Window
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Camera
from framejam_protocol.limits import UNIT

_TAP = 2**16
"""Units of one in the share that a pixel of the picture has in one of a frame."""

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """Where the camera looks in one frame, in multiples of 2^-20.

    ``pan`` and ``tilt`` are in pixels of the picture, to the right and down; a ``zoom`` of 2^20
    shows it in its own size.
    """

    pan: int
    tilt: int
    zoom: int

    @property
    def still(self) -> bool:
        """Whether it shows the picture as it is."""
        return (self.pan, self.tilt, self.zoom) == (0, 0, FIXED_POINT)


@dataclass(frozen=True)
class Axis:
    """How the rows, or the columns, of a frame are made of those of the picture.

    Each of the n of a frame adds up t of the picture: ``index`` and ``share`` (t, n), shares in
    multiples of ``unit`` parts that add up to one. ``inside`` (n,), 0 to 1, is how much of it lies
    within the picture.
    """

    index: Whole
    share: Whole
    unit: int
    inside: npt.NDArray[np.float64]


def moving(cameras: Sequence[Camera]) -> bool:
    """Whether any of some cameras goes anywhere, now or in another frame."""
    return any(one.strength and (one.pan, one.tilt, one.zoom) != (0, 0, UNIT) for one in cameras)


def holds(cameras: Sequence[Camera]) -> list[float]:
    """Return how strongly each of some moving cameras holds what is seen, 0 to 1: its share.

    Added up they are ``hold`` about, not to the last bit.
    """
    total = max(sum(one.strength for one in cameras), 1)
    return [from_units(one.strength) * one.strength / total for one in cameras]


def hold(cameras: Sequence[Camera]) -> float:
    """Return how strongly some moving cameras together hold what is seen, 0 to 1.

    One quotient of whole numbers: floats added up may pass 1, and depend on their order.
    """
    total = max(sum(one.strength for one in cameras), 1)
    return sum(one.strength * one.strength for one in cameras) / (UNIT * total)


def view(cameras: Sequence[Camera], frame: int, clip: int, width: int, height: int) -> View:
    """Return where cameras look in a frame of a clip of ``clip`` frames in which all are in force.

    ``width`` and ``height`` are those of the picture, in pixels.
    """
    ways = [one.strength * _way(one, frame, clip) for one in cameras]
    total = max(sum(one.strength for one in cameras), 1)

    def averaged(values: list[int], size: int) -> int:
        moment = sum(way * value for way, value in zip(ways, values, strict=True)) * size
        return _rounded(moment, total * UNIT)

    return View(
        averaged([one.pan for one in cameras], width),
        averaged([one.tilt for one in cameras], height),
        FIXED_POINT + averaged([one.zoom - UNIT for one in cameras], 1),
    )


def look(warped: Warped, views: Sequence[View]) -> tuple[Warped, Mask]:
    """Return a clip as it is seen in the view of each frame, and how much of each pixel is in it.

    The weights move along with what they are about; outside of the picture there are none.
    """
    clips, fields, insides = [], [], []
    weights = np.stack([warped.place, warped.hole, warped.paint], axis=-1)
    for seen, clip, held in zip(views, warped.clip, weights, strict=True):
        rows, columns = axes(seen, *clip.shape[:2])
        inside = np.outer(rows.inside, columns.inside)
        clips.append(_looked_up(clip.astype(np.int64), rows, columns).astype(np.uint8))
        fields.append(_weights(held, rows, columns) * inside[..., None])
        insides.append(inside)
    place, hole, paint = np.moveaxis(np.stack(fields), -1, 0)
    return Warped(np.stack(clips), place, hole, paint), np.stack(insides)


def axes(seen: View, height: int, width: int) -> tuple[Axis, Axis]:
    """Return how the rows and the columns of a frame are made of a picture of the same size."""
    return _axis(height, seen.tilt, seen.zoom), _axis(width, seen.pan, seen.zoom)


def box_of(seen: View, box: Window, height: int, width: int) -> tuple[Window, Mask, Mask]:
    """Return what the pixels of ``box`` show: some rows and columns of the picture.

    With them how much of each of these, n, is in each of the m pixels of the box: (m, n); and how
    much of each pixel lies within the picture: (m,).
    """
    windows, shares, insides = [], [], []
    for axis, part in zip(axes(seen, height, width), box, strict=True):
        index, share = axis.index[:, part], axis.share[:, part]
        first, last = int(index.min()), int(index.max())
        found = np.zeros((index.shape[1], last + 1 - first))
        np.add.at(found, (np.arange(index.shape[1]), index - first), share / axis.unit)
        windows.append(slice(first, last + 1))
        shares.append(found)
        insides.append(axis.inside[part])
    inside = np.outer(*insides).ravel()
    return (windows[0], windows[1]), np.asarray(np.kron(*shares)), np.asarray(inside)


def _way(one: Camera, frame: int, clip: int) -> int:
    """How far a camera is in a frame, 0 to 2^20: t * t * (3 - 2 * t) of its range's time t."""
    first, last = one.frames or (0, clip - 1)
    now, end = frame - first, max(last - first, 1)
    return _rounded(now * now * (3 * end - 2 * now) * FIXED_POINT, end**3)


def _axis(size: int, way: int, zoom: int) -> Axis:
    """Return how ``size`` rows or columns are made, looking ``way`` / 2^20 of them further on."""
    times = max(1, -(-FIXED_POINT // zoom))  # as often as lines would be jumped over
    parts = 2 * times
    # From the middle, in halves of a part of a pixel.
    steps = 2 * np.arange(size * times, dtype=np.int64) + 1 - size * times
    from_middle = way + (steps * (FIXED_POINT * FIXED_POINT // parts)) // zoom
    at = (from_middle + (size - 1) * FIXED_POINT // 2).reshape(size, times).T
    half = FIXED_POINT // 2
    inside = ((at >= -half) & (at < size * FIXED_POINT - half)).mean(axis=0)
    nearest, rest = at // FIXED_POINT, at % FIXED_POINT * _TAP // FIXED_POINT
    index = np.clip(np.concatenate([nearest, nearest + 1]), 0, size - 1)
    return Axis(index, np.concatenate([_TAP - rest, rest]), _TAP * times, inside)


def _looked_up(values: Whole, rows: Axis, columns: Axis) -> Whole:
    """Return ``values`` (H, W, n) as they are seen through both axes, rounded half up."""
    seen = sum(
        values[index] * share[:, None, None]
        for index, share in zip(rows.index, rows.share, strict=True)
    )
    seen = sum(
        seen[:, index] * share[:, None]
        for index, share in zip(columns.index, columns.share, strict=True)
    )
    unit = rows.unit * columns.unit
    return np.asarray((seen + unit // 2) // unit)


def _weights(held: Mask, rows: Axis, columns: Axis) -> Mask:
    """Return weights (H, W, n) as they are seen through both axes, in multiples of 2^-20."""
    if not held.any():
        return held
    fixed = np.rint(held * FIXED_POINT).astype(np.int64)
    return np.asarray(_looked_up(fixed, rows, columns) / FIXED_POINT)


def _rounded(top: int, bottom: int) -> int:
    """A quotient, rounded half up."""
    return (2 * top + bottom) // (2 * bottom)
