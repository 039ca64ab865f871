"""Paint and erasures: round brushes on the intermediate image, and the mask of what they cover.

Opaque paint is ordered by nature: strokes are composited in pixels, in seq order, later ones on
top (M4). An erasure lies in the same order and takes away what is under it; a stroke that recolours
does so to what the ones before it left. The result is one picture and one mask, however many people
painted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from framejam_pipeline.image import Pixels
from framejam_pipeline.recolour import recoloured
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Erase, Paint

Mask = npt.NDArray[np.float64]
"""A share of each pixel or cell, (height, width), 0 to 1."""

Corners = npt.NDArray[np.float64]
"""Points (n, 2) as (x, y) in pixels."""


_SEGMENTS_AT_ONCE = 16
"""Segments measured in one go: neighbours share a small box, so numpy's overhead is shared too."""


PAINTING_BYTES = 3 + 8
"""Bytes a pixel of a ``Painting``."""

CANVAS_BYTES = 3 + 24 + 8 + 8
"""Bytes a pixel of a ``Canvas``, with the picture it lies on."""

_UNSEEN = 1 / 512
"""What covers less of a pixel than this changes no byte of it."""


@dataclass(frozen=True)
class Painting:
    """An image with strokes on it.

    ``pixels`` is the painted image, (H, W, 3). ``weight`` is how strongly each pixel is held to
    it, (H, W), 0 to 1: the coverage of the strokes times their strength.
    """

    pixels: Pixels
    weight: Mask


@dataclass(frozen=True)
class Canvas:
    """A painting before it is rounded to pixels, so that more strokes can go on top.

    ``pixels`` (H, W, 3), 0 to 255, and ``weight`` (H, W), 0 to 1; ``image`` (H, W, 3) is what
    they lie on, and ``painted`` (H, W), 0 to 1, the share of each pixel that is paint, however
    strong. Never written to once made. Strokes laid in two goes give the same bits as in one.
    """

    image: Pixels
    pixels: npt.NDArray[np.float64]
    weight: Mask
    painted: Mask

    @classmethod
    def of(cls, image: Pixels) -> Canvas:
        """Return a canvas with nothing on it but ``image`` (H, W, 3)."""
        nothing = np.zeros(image.shape[:2])
        return cls(image, image.astype(np.float64), nothing, nothing)

    def with_strokes(self, strokes: Iterable[tuple[Paint | Erase, Mask]]) -> Canvas:
        """Return the canvas with strokes, each with its ``coverage``, the last on top.

        Colours mix in sRGB, as the canvas of a browser does, so that what was seen while painting
        is what comes out. A stroke's strength only sets the weight; the paint itself is opaque.
        Where strokes overlap the upper one's strength counts, as its colour does. Under an
        erasure the image shows again, and nothing holds it.
        """
        pixels, weight, painted = self.pixels.copy(), self.weight.copy(), self.painted.copy()
        for stroke, covered in strokes:
            if isinstance(stroke, Paint):
                color, strength, paint = _rgb(stroke.color), from_units(stroke.strength), 1.0
                if stroke.blend == "color":
                    color = recoloured(pixels, color)
            else:
                color, strength, paint = self.image.astype(np.float64), 0.0, 0.0
            pixels += covered[..., None] * (color - pixels)
            weight += covered * (strength - weight)
            painted += covered * (paint - painted)
        return Canvas(self.image, pixels, weight, painted)

    def painting(self) -> Painting:
        """Return what it looks like."""
        return Painting(np.rint(self.pixels).astype(np.uint8), np.clip(self.weight, 0.0, 1.0))


def coverage(stroke: Paint | Erase, width: int, height: int) -> Mask:
    """Return the share of every pixel that ``stroke`` covers: (height, width), 0 to 1.

    The line through the points has round caps and joins. A pixel's share is found from the
    distance of its centre to the line, clamped to one pixel of soft edge; brushes thinner than
    a pixel fade with their width. Only +, *, / and square roots: every machine agrees exactly.
    """
    diameter = from_units(stroke.width) * width
    starts, ends = _segments(stroke, width, height)
    nearest = np.full((height, width), np.inf)
    for first in range(0, len(starts), _SEGMENTS_AT_ONCE):
        block = slice(first, first + _SEGMENTS_AT_ONCE)
        _approach(nearest, starts[block], ends[block], reach=diameter / 2 + 1)
    return _soft(nearest, diameter)


def coverage_at(
    stroke: Paint | Erase,
    width: int,
    height: int,
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return ``coverage(stroke, width, height)[rows, columns]``, computed at these pixels only."""
    diameter = from_units(stroke.width) * width
    starts, ends = _segments(stroke, width, height)
    x, y, reach = columns + 0.5, rows + 0.5, diameter / 2 + 1
    low, high = np.minimum(starts, ends).min(axis=0) - reach, np.maximum(starts, ends).max(axis=0)
    if (
        x.max() < low[0]
        or y.max() < low[1]
        or x.min() > high[0] + reach
        or y.min() > high[1] + reach
    ):
        return np.zeros(len(rows))
    along = (ends - starts)[:, None, :]
    return _soft(_squares(x - starts[:, None, 0], y - starts[:, None, 1], along), diameter)


def _segments(stroke: Paint | Erase, width: int, height: int) -> tuple[Corners, Corners]:
    """Return where the stroke's segments start and end, in pixels; a dot is one of no length."""
    corners = np.array(stroke.points, dtype=np.float64) * (from_units(width), from_units(height))
    if len(corners) == 1:
        return corners, corners
    return corners[:-1], corners[1:]


def _soft(squares: npt.NDArray[np.float64], diameter: float) -> npt.NDArray[np.float64]:
    """Return the share of pixels covered whose centres are this far, squared, from the line."""
    soft = np.clip(diameter / 2 - np.sqrt(squares) + 0.5, 0.0, 1.0)
    return np.asarray(soft * min(1.0, diameter))


def _approach(nearest: Mask, starts: Corners, ends: Corners, reach: float) -> None:
    """Lower ``nearest``, squared distances in pixels, by some segments from start to end.

    Only pixels within ``reach`` of the box around all of them are looked at.
    """
    height, width = nearest.shape
    low = np.floor(np.minimum(starts, ends).min(axis=0) - reach).astype(int)
    high = np.ceil(np.maximum(starts, ends).max(axis=0) + reach).astype(int)
    left, right = (int(side) for side in np.clip((low[0], high[0]), 0, width))
    top, bottom = (int(side) for side in np.clip((low[1], high[1]), 0, height))
    # Axes: segment, row, column.
    x = (np.arange(left, right) + 0.5) - starts[:, None, None, 0]
    y = (np.arange(top, bottom) + 0.5)[:, None] - starts[:, None, None, 1]
    along = (ends - starts)[:, None, None, :]
    box = nearest[top:bottom, left:right]
    np.minimum(box, _squares(x, y, along), out=box)


def _squares(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], along: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the squared distance of each point to the nearest of some segments.

    The first axis is that of the segments: ``x`` and ``y`` count from the start of each, ``along``
    is the way to its end.
    """
    length = (along * along).sum(axis=-1)
    share = np.clip((x * along[..., 0] + y * along[..., 1]) / np.where(length, length, 1.0), 0, 1)
    across, down = x - share * along[..., 0], y - share * along[..., 1]
    return np.asarray((across * across + down * down).min(axis=0))


def pool(mask: Mask, factor: int) -> Mask:
    """Average a pixel mask over latent cells of ``factor`` x ``factor`` pixels."""
    height, width = mask.shape
    cells = mask.reshape(height // factor, factor, width // factor, factor)
    return np.asarray(cells.mean(axis=(1, 3)))


def touched(mask: Mask, factor: int) -> Mask:
    """Return the largest share of a pixel in each latent cell of ``factor`` x ``factor`` pixels.

    The target of a cell shows already how much of it is painted. Weighed by the average as well,
    a thin stroke would count twice as thin, and take on the colour of what is under it.
    """
    height, width = mask.shape
    cells = mask.reshape(height // factor, factor, width // factor, factor)
    return np.asarray(cells.max(axis=(1, 3)))


def widened(mask: Mask, pixels: int) -> Mask:
    """Return 1 wherever ``mask`` shows, falling off evenly to 0 in a ring of ``pixels`` around."""
    fall = 1.0 / (pixels + 1)
    wide = (mask > _UNSEEN).astype(np.float64)
    for _ in range(pixels):
        around = np.pad(wide, 1)
        across = np.maximum(np.maximum(around[:, :-2], around[:, 2:]), around[:, 1:-1])
        square = np.maximum(np.maximum(across[:-2], across[2:]), across[1:-1])
        wide = np.maximum(wide, square - fall)
    return wide


def _rgb(color: str) -> npt.NDArray[np.float64]:
    """Turn ``#rrggbb`` into three numbers from 0 to 255."""
    return np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)], dtype=np.float64)
