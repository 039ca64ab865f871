"""How much each stroke and drag weighs on a latent cell (M6), one cell at a time.

What is asked about one cell is computed for its pixels only, with the same arithmetic as the
compiled residual, and adds up to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from framejam_pipeline.drag import disc_at
from framejam_pipeline.entries import Layer
from framejam_pipeline.paint import coverage_at
from framejam_pipeline.warp import Origins, Window
from framejam_protocol.geometry import Point, from_units
from framejam_protocol.instructions import Drag, Paint, TakeInstruction
from framejam_protocol.limits import UNIT

Placed = Sequence[tuple[int, TakeInstruction]]
"""Instructions in force by the seqs of the edits that gave them, in their order."""

_HIDDEN = 2.0**-18
"""What is left of a weight where it does not show any more: it rounds to nothing in 1/65536."""


def cell_box(at: Point, width: int, height: int, factor: int) -> Window:
    """Return the pixels of the latent cell that a point of a frame, in 1/65536, lies in.

    A cell is ``factor`` x ``factor`` pixels. Points beyond the frame belong to the cells at its
    border.
    """
    column, row = (
        min(max(value * (size // factor) // UNIT, 0), size // factor - 1) * factor
        for value, size in zip(at, (width, height), strict=True)
    )
    return slice(row, row + factor), slice(column, column + factor)


def paint_weights(
    strokes: Sequence[tuple[int, Layer]], origins: Origins, width: int, height: int
) -> dict[int, float]:
    """Return the weight of each stroke, by its seq, on the cell that ``origins`` is about.

    ``strokes`` are in seq order. What lies on a stroke, paint or erasure, with a coverage ``c``
    leaves ``1 - c`` of it.
    """
    rows, columns = origins.rows, origins.columns
    cell = len(origins.stayed)
    left = np.ones(len(rows))
    found: dict[int, npt.NDArray[np.float64]] = {}
    for seq, stroke in reversed(strokes):
        covered = coverage_at(stroke, width, height, rows, columns)
        if isinstance(stroke, Paint):
            visible = left * covered * from_units(stroke.strength)
            found[seq] = origins.moved @ visible + origins.stayed * visible[:cell]
        left = left * (1.0 - covered)
        if left.max() < _HIDDEN:
            break
    means = {seq: float(weights.mean()) for seq, weights in found.items()}
    total = sum(means.values())
    if not total:
        return {}
    # The residual holds a cell as strongly as the pixel of it that is held most.
    held = float(sum(found.values(), start=np.zeros(cell)).max())
    return {seq: mean * held / total for seq, mean in means.items() if mean}


def drag_weights(
    drags: Sequence[tuple[int, Drag]], origins: Origins, width: int, height: int
) -> dict[int, float]:
    """Return the weight of each drag, by its seq, on the cell that ``origins`` is about.

    That is its share of what is held at the place it was brought to, and of the hole it left.
    """
    rows, columns = origins.rows, origins.columns
    cell = len(origins.stayed)
    shares = {seq: disc_at(drag, width, height, rows, columns) for seq, drag in drags}
    total = sum(shares.values(), start=np.zeros(len(rows)))
    weights: dict[int, float] = {}
    for seq, drag in drags:
        own = shares[seq] / np.where(total, total, 1.0) * from_units(drag.strength)
        weight = float((origins.moved @ own + origins.hole * own[:cell]).mean())
        if weight:
            weights[seq] = weight
    return weights
