"""How many bytes a take remembers of pictures and of what moves in them, by what they are for.

What is remembered changes how long a step takes and never what comes of it. Most of it grows with
the clip, so each kind has a budget for every pixel of every frame, and what does not fit is made
again when it is asked for. ``models/memory.py`` adds the budgets up to what a take needs.
"""

from __future__ import annotations

from typing import Final

STROKES: Final = 32 * 2**20
"""Bytes for the masks of strokes: a thousand at 64 x 64 pixels."""

REDRAWN: Final = 32 * 2**20
"""Bytes for the pictures that P_img drew over: at 64 x 64 pixels of 32 regions in 23 scenes."""

SOURCES: Final = 4
"""Bytes a pixel of the clip for pictures before anything was painted; the same of those below."""

CANVASES: Final = 24
DRAGS: Final = 16
TRAJECTORIES: Final = 24
LIFTED: Final = 16

FIXED: Final = STROKES + REDRAWN
"""Bytes a take may remember whatever its size."""

PER_PIXEL: Final = SOURCES + CANVASES + DRAGS + TRAJECTORIES + LIFTED
"""Bytes a take may remember for every pixel of every frame."""


def fit(bytes_a_pixel: int, clip_pixels: int, each: int, most: int) -> int:
    """Return how many results of ``each`` bytes fit into a budget for a clip, at most ``most``.

    ``clip_pixels`` are those of all frames.
    """
    return min(most, bytes_a_pixel * clip_pixels // each)
