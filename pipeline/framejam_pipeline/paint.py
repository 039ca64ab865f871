"""Paint strokes: round brushes on the intermediate image, and the mask of what they cover.

Opaque paint is ordered by nature: strokes are composited in pixels, in seq order, later ones on
top (M4). The result is one picture and one mask, however many people painted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from framejam_pipeline.image import Pixels
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Paint

Mask = npt.NDArray[np.float64]
"""A share of each pixel or cell, (height, width), 0 to 1."""

Corners = npt.NDArray[np.float64]
"""Points (n, 2) as (x, y) in pixels."""


_SEGMENTS_AT_ONCE = 16
"""Segments measured in one go: neighbours share a small box, so numpy's overhead is shared too."""


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

    ``pixels`` (H, W, 3), 0 to 255, and ``weight`` (H, W), 0 to 1; never written to once made.
    Strokes laid in two goes give the same bits as in one.
    """

    pixels: npt.NDArray[np.float64]
    weight: Mask

    @classmethod
    def of(cls, image: Pixels) -> Canvas:
        """Return a canvas with nothing on it but ``image`` (H, W, 3)."""
        return cls(image.astype(np.float64), np.zeros(image.shape[:2]))

    def with_strokes(self, strokes: Iterable[tuple[Paint, Mask]]) -> Canvas:
        """Return the canvas with strokes, each with its ``coverage``, the last on top.

        Colours mix in sRGB, as the canvas of a browser does, so that what was seen while painting
        is what comes out. A stroke's strength only sets the weight; the paint itself is opaque.
        Where strokes overlap the upper one's strength counts, as its colour does.
        """
        pixels, weight = self.pixels.copy(), self.weight.copy()
        for stroke, covered in strokes:
            pixels += covered[..., None] * (_rgb(stroke.color) - pixels)
            weight += covered * (from_units(stroke.strength) - weight)
        return Canvas(pixels, weight)

    def painting(self) -> Painting:
        """Return what it looks like."""
        return Painting(np.rint(self.pixels).astype(np.uint8), np.clip(self.weight, 0.0, 1.0))


def coverage(stroke: Paint, width: int, height: int) -> Mask:
    """Return the share of every pixel that ``stroke`` covers: (height, width), 0 to 1.

    The line through the points has round caps and joins. A pixel's share is found from the
    distance of its centre to the line, clamped to one pixel of soft edge; brushes thinner than
    a pixel fade with their width. Only +, *, / and square roots: every machine agrees exactly.
    """
    diameter = from_units(stroke.width) * width
    corners = np.array(stroke.points, dtype=np.float64) * (from_units(width), from_units(height))
    starts = corners[:-1] if len(corners) > 1 else corners
    ends = corners[1:] if len(corners) > 1 else corners
    nearest = np.full((height, width), np.inf)
    for first in range(0, len(starts), _SEGMENTS_AT_ONCE):
        block = slice(first, first + _SEGMENTS_AT_ONCE)
        _approach(nearest, starts[block], ends[block], reach=diameter / 2 + 1)
    soft = np.clip(diameter / 2 - np.sqrt(nearest) + 0.5, 0.0, 1.0)
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
    length = (along * along).sum(axis=-1)
    share = np.clip((x * along[..., 0] + y * along[..., 1]) / np.where(length, length, 1.0), 0, 1)
    across, down = x - share * along[..., 0], y - share * along[..., 1]
    box = nearest[top:bottom, left:right]
    np.minimum(box, (across * across + down * down).min(axis=0), out=box)


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


def _rgb(color: str) -> npt.NDArray[np.float64]:
    """Turn ``#rrggbb`` into three numbers from 0 to 255."""
    return np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)], dtype=np.float64)
