"""Trajectories: what lies under a disc follows a path, a frame at a time.

Where a drag makes a soft way along one arrow, a trajectory says where the object is in each frame:
at the start of its path in the first frame of its range, at the end in the last, and in between as
far along the line as the time has gone: an even speed in pixels, however the points are spread.
What it lifts, fills and holds is as for drags (``displacement.py``, ``warp.py``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from framejam_pipeline.drag import disc
from framejam_pipeline.residual import FIXED_POINT
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Trajectory
from framejam_protocol.limits import UNIT


def travelled(one: Trajectory, width: int, height: int, frames: int) -> npt.NDArray[np.float64]:
    """Return how far from its start a trajectory is in each of its ``frames``: (F, 2) in pixels.

    A path without length rests where it starts, and so does one in a single frame. Only +, *, /
    and square roots: every machine agrees exactly.
    """
    corners = np.array(one.path, dtype=np.float64) * (from_units(width), from_units(height))
    steps = np.diff(corners, axis=0)
    lengths = np.sqrt(steps[:, 0] * steps[:, 0] + steps[:, 1] * steps[:, 1])
    reached = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.arange(frames) / max(frames - 1, 1) * reached[-1]
    # Pieces of no length are passed over: the last piece that begins before the wanted way.
    piece = np.clip(np.searchsorted(reached, wanted, side="left") - 1, 0, len(steps) - 1)
    length = np.where(lengths[piece] > 0, lengths[piece], 1.0)
    share = np.clip((wanted - reached[piece]) / length, 0.0, 1.0)
    return np.asarray(corners[piece] + share[:, None] * steps[piece] - corners[0])


def count_trajectory(sums: npt.NDArray[np.int64], one: Trajectory, sign: int, *, clip: int) -> None:
    """Count a trajectory into the ``Sums`` of a clip, or with a ``sign`` of -1 out of them.

    It has a vector for each of the ``clip`` frames; outside its own range that is nothing.
    """
    height, width = sums.shape[1:]
    first, last = one.frames or (0, clip - 1)
    rows, columns, share = disc(one.path[0], one.radius, width, height)
    weight = np.rint(share * FIXED_POINT).astype(np.int64)
    way = travelled(one, width, height, last - first + 1)
    moves = np.rint(way * FIXED_POINT).astype(np.int64).reshape(-1, 1, 1)
    sums[0, rows, columns] += sign * weight
    strength = weight * (one.strength * (FIXED_POINT // UNIT))
    sums[1, rows, columns] += sign * ((strength + FIXED_POINT // 2) // FIXED_POINT)
    layers = sums[2 + 2 * first : 4 + 2 * last, rows, columns]
    layers += sign * ((weight * moves + FIXED_POINT // 2) // FIXED_POINT)
