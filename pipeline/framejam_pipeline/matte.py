"""Telling an object from its background: the matte of what stands out, and the filling behind it.

Filling is the bilateral nearest neighbour interpolation of FastDrag (arXiv 2405.15769).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from framejam_pipeline.image import Pixels
from framejam_pipeline.paint import Mask

Colours = npt.NDArray[np.float64]
"""Colours before they are rounded to bytes: (height, width, 3), 0 to 255."""

# In sRGB bytes, of the channel that differs most. Below the first, what differs is the grain of a
# background or the filling's own error; from the second on it is an object through and through.
_SAME, _OTHER = 14.0, 34.0

_NOTHING, _EVERYTHING = 0.03, 0.85
"""Mean mattes of a region outside which there is no telling object from background."""

_PORES = 2
"""Half the width in pixels of the gaps in a matte that are closed: eyes, windows, highlights."""


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
