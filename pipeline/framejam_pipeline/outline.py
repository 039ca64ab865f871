"""What lies inside the outline of a region or a lock, as a mask of pixels."""

from __future__ import annotations

import numpy as np

from framejam_pipeline.paint import Mask
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Outline

_LINES = 16
"""Scan lines in a row of pixels. Along each of them shares are exact, across they are averaged."""

_PART = 2**16
"""Crossings are rounded to this part of a pixel, so that sums of shares are sums of integers."""


def inside(outline: Outline, width: int, height: int) -> Mask:
    """Return the share of every pixel inside a closed polygon: (height, width), 0 to 1.

    What the line goes around an odd number of times is inside (the even-odd rule), so a line that
    crosses itself leaves holes. A polygon without area, or beyond the frame, covers nothing. Only
    +, *, / and whole numbers: every machine agrees exactly.
    """
    corners = np.array(outline, dtype=np.float64) * (from_units(width), from_units(height))
    starts, ends = corners, np.roll(corners, -1, axis=0)
    # A line belongs to an edge from its upper end, included, to its lower one: each line crosses
    # a closed polygon an even number of times.
    first, last = (
        np.clip(np.ceil(side(starts[:, 1], ends[:, 1]) * _LINES - 0.5), 0, height * _LINES)
        for side in (np.minimum, np.maximum)
    )
    counts = (last - first).astype(np.int64)
    edge = np.repeat(np.arange(len(counts)), counts)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    line += first.astype(np.int64)[edge]
    (x, y), (across, down) = starts[edge].T, (ends - starts)[edge].T
    where = x + ((line + 0.5) / _LINES - y) * across / down
    crossing = np.rint(np.clip(where, 0, width) * _PART).astype(np.int64)
    # Along a line every crossing goes in or out, in turn.
    order = np.lexsort((crossing, line))
    row, (column, share) = line[order] // _LINES, np.divmod(crossing[order], _PART)
    turn = np.where(np.arange(len(order)) % 2, -1, 1)
    changes = np.zeros((height, width + 2), dtype=np.int64)
    np.add.at(changes, (row, column), turn * (_PART - share))
    np.add.at(changes, (row, column + 1), turn * share)
    return np.asarray(changes.cumsum(axis=1)[:, :width] / (_LINES * _PART))
