"""Drags: what lies under a disc moves along an arrow, and the hole it leaves is filled.

An object starts and stops softly and rests for the last quarter of its way's time. What all drags
and trajectories do together is in ``displacement.py``, how pixels move in ``warp.py``.

What is moved is held for a share of the steps and then let go, after the clock of Time-to-Move
(arXiv 2511.08633), which lets the background go sooner than the object. Here both keep one time: a
hole let go at half of the steps lets an object that earlier steps have drawn there come back as a
ghost.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from framejam_pipeline.paint import Mask
from framejam_pipeline.residual import FIXED_POINT
from framejam_protocol.geometry import Point, from_units
from framejam_protocol.instructions import Drag
from framejam_protocol.limits import UNIT

HELD = (8, 10)
"""The share of the steps, as a fraction, during which the object at its place and the hole behind
it are held. The last steps are the model's own: it blends borders that a warp leaves hard."""

_ARRIVED = 0.75  # the share of the way's time after which the object rests at the arrow's end


def held(step: int, steps: int) -> bool:
    """Whether what is moved has weight in ``step`` (0 is the first) of ``steps``."""
    share, of = HELD
    return step * of < share * steps


def disc(at: Point, radius: int, width: int, height: int) -> tuple[slice, slice, Mask]:
    """Return rows and columns of the box around a disc, and each pixel's share in it.

    ``at`` and ``radius`` are in wire units. The disc is a circle in pixels with two pixels of soft
    edge. Only +, *, / and square roots: every machine agrees exactly.
    """
    size = from_units(radius) * width
    x, y = from_units(at[0]) * width, from_units(at[1]) * height
    reach = size + 1
    left, right = (min(max(int(np.floor(side)), 0), width) for side in (x - reach, x + reach + 1))
    top, bottom = (min(max(int(np.floor(side)), 0), height) for side in (y - reach, y + reach + 1))
    across = np.arange(left, right) + 0.5 - x
    down = (np.arange(top, bottom) + 0.5 - y)[:, None]
    return slice(top, bottom), slice(left, right), _soft(size, across, down)


def disc_at(
    at: Point,
    radius: int,
    width: int,
    height: int,
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return the shares in a disc of some pixels, as ``disc`` has them."""
    x, y = from_units(at[0]) * width, from_units(at[1]) * height
    return _soft(from_units(radius) * width, columns + 0.5 - x, rows + 0.5 - y)


def ramp(frames: int) -> npt.NDArray[np.float64]:
    """Return how far along the arrow things are in each of the way's frames: (F,), from 0 to 1.

    They start and stop softly, and rest for the last quarter.
    """
    share = np.arange(frames) / max(frames - 1, 1)
    eased = np.minimum(share / _ARRIVED, 1.0)
    return np.asarray(eased * eased * (3.0 - 2.0 * eased))


def _soft(
    radius: float, across: npt.NDArray[np.floating], down: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return the share in a disc of pixels that are this far from its middle."""
    soft = (radius - np.sqrt(across * across + down * down) + 1.0) / 2.0
    return np.asarray(np.clip(soft, 0.0, 1.0))


def count_drag(sums: npt.NDArray[np.int64], drag: Drag, sign: int) -> None:
    """Count a drag into the ``Sums`` of one vector, or with a ``sign`` of -1 out of them again."""
    height, width = sums.shape[1:]
    rows, columns, share = disc(drag.start, drag.radius, width, height)
    weight = np.rint(share * FIXED_POINT).astype(np.int64)
    # Wire units become multiples of 2^-20 of a pixel without any rounding.
    scale = FIXED_POINT // UNIT
    terms = (
        FIXED_POINT,
        drag.strength * scale,
        (drag.end[0] - drag.start[0]) * width * scale,
        (drag.end[1] - drag.start[1]) * height * scale,
    )
    for layer, term in zip(sums, terms, strict=True):
        layer[rows, columns] += sign * ((weight * term + FIXED_POINT // 2) // FIXED_POINT)
