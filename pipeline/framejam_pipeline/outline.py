"""What lies inside the outline of a region or a lock, as a mask of pixels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from framejam_pipeline.paint import Mask
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Outline

_LINES = 16
"""Scan lines in a row of pixels. Along each of them shares are exact, across they are averaged."""

_PART = 2**16
"""Crossings are rounded to this part of a pixel, so that sums of shares are sums of integers."""

_CROSSINGS = 2**15
"""About how many crossings are looked at in one go: every scan line may have a thousand."""

Whole = npt.NDArray[np.int64]


def inside(outline: Outline, width: int, height: int) -> Mask:
    """Return the share of every pixel inside a closed polygon: (height, width), 0 to 1.

    What the line goes around an odd number of times is inside (the even-odd rule), so a line that
    crosses itself leaves holes. A polygon without area, or beyond the frame, covers nothing. Only
    +, *, / and whole numbers: every machine agrees exactly.
    """
    return _rows(outline, width, height, 0, height)


def inside_at(outline: Outline, width: int, height: int, rows: Whole, columns: Whole) -> Mask:
    """Return ``inside(outline, width, height)[rows, columns]``, computed in these rows only."""
    some, place = np.unique(rows, return_inverse=True)
    runs = np.split(some, np.flatnonzero(np.diff(some) > 1) + 1)
    found = [_rows(outline, width, height, int(run[0]), int(run[-1]) + 1) for run in runs]
    return np.asarray(np.concatenate(found)[place, columns])


def _rows(outline: Outline, width: int, height: int, top: int, bottom: int) -> Mask:
    """Return ``inside``, of the rows from ``top`` to before ``bottom``: (bottom - top, width)."""
    corners = np.array(outline, dtype=np.float64) * (from_units(width), from_units(height))
    starts, ends = corners, np.roll(corners, -1, axis=0)
    # A line belongs to an edge from its upper end, included, to its lower one: each line crosses
    # a closed polygon an even number of times.
    first, last = (
        np.clip(np.ceil(side(starts[:, 1], ends[:, 1]) * _LINES - 0.5), 0, height * _LINES)
        for side in (np.minimum, np.maximum)
    )
    lines = np.stack([first, last]).astype(np.int64)
    mask = np.zeros((bottom - top, width))
    for upper, lower in _bands(lines, top, bottom):
        line, edge = _crossed(np.clip(lines, upper * _LINES, lower * _LINES))
        if not len(line):
            continue
        (x, y), (across, down) = starts.T, (ends - starts).T
        where = x[edge] + ((line + 0.5) / _LINES - y[edge]) * across[edge] / down[edge]
        crossing = np.rint(np.clip(where, 0, width) * _PART).astype(np.int64)
        counts = _counted(line - upper * _LINES, crossing, width, lower - upper)
        mask[upper - top : lower - top] = counts / (_LINES * _PART)
    return mask


def _bands(lines: Whole, top: int, bottom: int) -> Iterator[tuple[int, int]]:
    """Yield rows from and to, of few crossings each, that together are all between two rows.

    ``lines`` (2, n) are the scan lines from and to that each edge crosses.
    """
    changes = np.zeros(max(int(lines.max()), bottom * _LINES) + 1, dtype=np.int64)
    np.add.at(changes, lines[0], 1)
    np.add.at(changes, lines[1], -1)
    each = changes.cumsum()[top * _LINES : bottom * _LINES].reshape(-1, _LINES).sum(axis=1)
    band = each.cumsum() // _CROSSINGS
    ends = [*(np.flatnonzero(np.diff(band)) + 1 + top).tolist(), bottom]
    yield from zip([top, *ends[:-1]], ends, strict=True)


def _crossed(lines: Whole) -> tuple[Whole, Whole]:
    """Return the scan line and the edge of each crossing, of edges that cross these lines."""
    counts = lines[1] - lines[0]
    edge = np.repeat(np.arange(len(counts)), counts)
    line = np.arange(len(edge)) + np.repeat(lines[0] - np.cumsum(counts) + counts, counts)
    return line, edge


def _counted(line: Whole, crossing: Whole, width: int, height: int) -> Whole:
    """Return how much of each pixel is inside, in parts of its scan lines: (height, width)."""
    # In one number, which sorts several times faster than two keys do.
    span = (width + 1) * _PART
    line, crossing = np.divmod(np.sort(line * span + crossing), span)
    column, share = np.divmod(crossing, _PART)
    # Along a line every crossing goes in or out, in turn.
    turn = np.where(np.arange(len(line)) % 2, -1, 1)
    cell = line // _LINES * (width + 2) + column
    changes = np.zeros(height * (width + 2), dtype=np.int64)
    np.add.at(changes, cell, turn * (_PART - share))
    np.add.at(changes, cell + 1, turn * share)
    return np.asarray(changes.reshape(height, width + 2).cumsum(axis=1)[:, :width])
