"""Locks: a region that stays as the take showed it when it was locked (T11).

A lock keeps the mapping in force at its own seq. The take of that mapping, its reference, runs
beside the take that is locked, and wherever the lock holds, the reference's latents are pasted over
the take's own: before the step at which the lock enters and after every step from there on. There
is no residual and no tolerance in it: the finished latents there are the reference's, bit for bit,
whatever is edited or undone around them. The intermediate image never sees a lock.

What is pasted are latent cells, and a pixel is decoded from the cells around its own as well. So a
lock pins a ring of cells around those its outline touches.

``references.py`` has the takes that locks hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from framejam_pipeline.models.contract import ModelSpec
from framejam_pipeline.outline import inside
from framejam_pipeline.paint import touched
from framejam_pipeline.scenes import fitted
from framejam_pipeline.warp import Window
from framejam_protocol.instructions import Lock, Settings, TakeInstruction

RING: Final = 2
"""Latent cells around those that an outline touches which are pinned with them."""

Pins = npt.NDArray[np.bool_]
"""Which latent cells of which latent frames are pinned: (F, h, w)."""


def pins(lock: Lock, spec: ModelSpec, settings: Settings) -> Pins:
    """Return the latent cells that ``lock`` pins in a clip of ``settings``.

    An outline that touches nothing of the frame pins nothing. A latent frame is pinned if the lock
    holds any of the frames that it shows.
    """
    _, frames, rows, columns = spec.latent_shape(settings)
    here = fitted(lock, settings.frames)
    if here is None:
        return np.zeros((frames, rows, columns), dtype=bool)
    covered = touched(inside(lock.outline, settings.width, settings.height), spec.latent_factor)
    first, last = here.frames or (0, settings.frames - 1)
    each = np.arange(frames)
    held = (each >= spec.latent_frames(first + 1) - 1) & (each < spec.latent_frames(last + 1))
    return held[:, None, None] & _grown(covered > 0)


def holder(
    placed: Sequence[tuple[int, TakeInstruction]],
    frame: int,
    box: Window,
    spec: ModelSpec,
    settings: Settings,
) -> int | None:
    """Return the seq of the lock that pins the latent cell of ``box`` in a frame; None if none.

    ``placed`` are the instructions in force, in their order: of several locks the last is on top.
    """
    row, column = (side.start // spec.latent_factor for side in box)
    for seq, one in reversed(placed):
        if isinstance(one, Lock):
            cells = pins(one, spec, settings)
            if cells[spec.latent_frames(frame + 1) - 1, row, column]:
                return seq
    return None


def _grown(cells: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return ``cells`` (h, w) and those within ``RING`` of them, corners included."""
    around = np.pad(cells, RING)
    windows = np.lib.stride_tricks.sliding_window_view(around, (2 * RING + 1, 2 * RING + 1))
    return np.asarray(windows.any(axis=(2, 3)))
