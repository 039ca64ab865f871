"""Paint strokes: round brushes on the intermediate image, and the mask of what they cover.

Opaque paint is ordered by nature: strokes are composited in pixels, in seq order, later ones on
top (M4). The result is one picture and one mask, however many people painted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from framejam_pipeline.image import Pixels
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Paint

Mask = npt.NDArray[np.float64]
"""A share of each pixel or cell, (height, width), 0 to 1."""


@dataclass(frozen=True)
class Painting:
    """An image with strokes on it.

    ``pixels`` is the painted image, (H, W, 3). ``weight`` is how strongly each pixel is held to
    it, (H, W), 0 to 1: the coverage of the strokes times their strength.
    """

    pixels: Pixels
    weight: Mask


def paint(image: Pixels, strokes: Sequence[Paint]) -> Painting:
    """Lay ``strokes`` on ``image`` (H, W, 3), the last on top.

    Colours mix in sRGB, as the canvas of a browser does, so that what was seen while painting is
    what comes out. A stroke's strength only sets the weight; the paint itself is opaque. Where
    strokes overlap the upper one's strength counts, as its colour does.
    """
    height, width = image.shape[:2]
    pixels = image.astype(np.float64)
    weight = np.zeros((height, width))
    for stroke in strokes:
        covered = coverage(stroke, width, height)
        pixels += covered[..., None] * (_rgb(stroke.color) - pixels)
        weight += covered * (from_units(stroke.strength) - weight)
    return Painting(np.rint(pixels).astype(np.uint8), np.clip(weight, 0.0, 1.0))


def coverage(stroke: Paint, width: int, height: int) -> Mask:
    """Return the share of every pixel that ``stroke`` covers: (height, width), 0 to 1.

    The line through the points has round caps and joins. A pixel's share is found from the
    distance of its centre to the line, clamped to one pixel of soft edge; brushes thinner than
    a pixel fade with their width. Only +, *, / and square roots: every machine agrees exactly.
    """
    diameter = from_units(stroke.width) * width
    corners = np.array(stroke.points, dtype=np.float64) * (from_units(width), from_units(height))
    nearest = np.full((height, width), np.inf)
    reach = diameter / 2 + 1
    starts = corners[:-1] if len(corners) > 1 else corners
    ends = corners[1:] if len(corners) > 1 else corners
    for start, end in zip(starts, ends, strict=True):
        _approach(nearest, start, end, reach)
    soft = np.clip(diameter / 2 - np.sqrt(nearest) + 0.5, 0.0, 1.0)
    return np.asarray(soft * min(1.0, diameter))


def _approach(
    nearest: Mask, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], reach: float
) -> None:
    """Lower ``nearest``, squared distances in pixels, by the segment ``start``-``end`` (x, y).

    Only pixels within ``reach`` of the segment's box are looked at.
    """
    height, width = nearest.shape
    low = np.floor(np.minimum(start, end) - reach).astype(int)
    high = np.ceil(np.maximum(start, end) + reach).astype(int)
    left, right = (int(side) for side in np.clip((low[0], high[0]), 0, width))
    top, bottom = (int(side) for side in np.clip((low[1], high[1]), 0, height))
    x = np.arange(left, right) + 0.5 - start[0]
    y = (np.arange(top, bottom) + 0.5 - start[1])[:, None]
    along = end - start
    length = along[0] * along[0] + along[1] * along[1]
    share = np.clip((x * along[0] + y * along[1]) / length, 0.0, 1.0) if length > 0 else 0.0
    across, down = x - share * along[0], y - share * along[1]
    box = nearest[top:bottom, left:right]
    np.minimum(box, across * across + down * down, out=box)


def pool(mask: Mask, factor: int) -> Mask:
    """Average a pixel mask over latent cells of ``factor`` x ``factor`` pixels."""
    height, width = mask.shape
    cells = mask.reshape(height // factor, factor, width // factor, factor)
    return np.asarray(cells.mean(axis=(1, 3)))


def _rgb(color: str) -> npt.NDArray[np.float64]:
    """Turn ``#rrggbb`` into three numbers from 0 to 255."""
    return np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)], dtype=np.float64)
