"""How much each instruction weighs on a latent cell (M6), one cell at a time.

What is asked about one cell is computed for its pixels only, with the same arithmetic as the
compiled residual, and adds up to it. The way goes back from what the cell shows: through the camera
to what was displaced there, and from where it was lifted off to the paint on the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from framejam_pipeline.camera import View, box_of, holds, moving
from framejam_pipeline.drag import disc_at
from framejam_pipeline.entries import Layer
from framejam_pipeline.outline import inside_at
from framejam_pipeline.paint import Mask, coverage_at
from framejam_pipeline.scenes import Limited, shows
from framejam_pipeline.warp import Lifted, Origins, Window, origins
from framejam_protocol.geometry import Point, from_units
from framejam_protocol.instructions import (
    Camera,
    Drag,
    Erase,
    Paint,
    Region,
    TakeInstruction,
    Trajectory,
)
from framejam_protocol.limits import UNIT

Placed = Sequence[tuple[int, TakeInstruction]]
"""Instructions in force by the seqs of the edits that gave them, in their order."""

_HIDDEN = 2.0**-18
"""What is left of a weight where it does not show any more: it rounds to nothing in 1/65536."""


@dataclass(frozen=True)
class Cell:
    """Where what the m pixels of a latent cell show comes from.

    ``origins`` is about the q pixels that they show of the clip before the camera moved; ``shown``
    (m, q) is how much of each of these is in each of them, and ``within`` (m,) how much of each
    pixel lies within the picture at all.
    """

    origins: Origins
    shown: Mask
    within: npt.NDArray[np.float64]
    width: int
    height: int

    @classmethod
    def of(
        cls, box: Window, lifted: Lifted | None, view: View | None, width: int, height: int
    ) -> Cell:
        """Return the cell whose pixels are those of ``box``.

        ``lifted`` is what is displaced in one frame, and ``view`` what the camera sees in it; None
        where nothing is, or nothing moves.
        """
        count = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
        if view is None:
            return cls(origins(lifted, 0, box), np.eye(count), np.ones(count), width, height)
        window, shown, within = box_of(view, box, height, width)
        found = origins(lifted, 0, window)
        return cls(found, shown * within[:, None], within, width, height)


def weigh(placed: Placed, frame: int, cell: Cell) -> dict[int, float]:
    """Return the weight, 0 to 1, of each instruction on a cell of a frame, by its seq.

    What weighs nothing is left out. Locks are not weighed here: what they pin is nobody else's.
    """
    here = [(seq, one) for seq, one in placed if isinstance(one, Limited)]
    here = [(seq, one) for seq, one in here if shows(one.frames, frame)]
    strokes = [(seq, one) for seq, one in here if isinstance(one, Paint | Erase)]
    regions = [(seq, one) for seq, one in here if isinstance(one, Region)]
    moves = [(seq, one) for seq, one in here if isinstance(one, Drag | Trajectory)]
    cameras = [(seq, one) for seq, one in here if isinstance(one, Camera)]
    # Regions lie on top of all paint (M4).
    painted = paint_weights([*strokes, *regions], cell)
    return painted | move_weights(moves, cell) | camera_weights(cameras, cell)


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


def paint_weights(layers: Sequence[tuple[int, Layer | Region]], cell: Cell) -> dict[int, float]:
    """Return the weight of each stroke and region, by its seq, on a cell.

    ``layers`` are in their order. What lies on one, paint, erasure or region, with a coverage ``c``
    leaves ``1 - c`` of it.
    """
    found: dict[int, npt.NDArray[np.float64]] = {}
    count = len(cell.origins.stayed)
    left = np.ones(len(cell.origins.rows))
    for seq, layer in reversed(layers):
        covered = _covered(layer, cell)
        if not isinstance(layer, Erase):
            visible = left * covered * from_units(layer.strength)
            there = cell.origins.moved @ visible + cell.origins.stayed * visible[:count]
            found[seq] = cell.shown @ there
        left = left * (1.0 - covered)
        if left.max() < _HIDDEN:
            break
    means = {seq: float(weights.mean()) for seq, weights in found.items()}
    total = sum(means.values())
    if not total:
        return {}
    # The residual holds a cell as strongly as the pixel of it that is held most.
    held = float(sum(found.values(), start=np.zeros(len(cell.shown))).max())
    return {seq: mean * held / total for seq, mean in means.items() if mean}


def move_weights(moves: Sequence[tuple[int, Drag | Trajectory]], cell: Cell) -> dict[int, float]:
    """Return the weight of each drag and trajectory, by its seq, on a cell.

    That is its share of what is held at the place it was brought to, and of the hole it left.
    """
    rows, columns = cell.origins.rows, cell.origins.columns
    count = len(cell.origins.stayed)
    shares = {
        seq: disc_at(_start(one), one.radius, cell.width, cell.height, rows, columns)
        for seq, one in moves
    }
    total = sum(shares.values(), start=np.zeros(len(rows)))
    weights: dict[int, float] = {}
    for seq, one in moves:
        own = shares[seq] / np.where(total, total, 1.0) * from_units(one.strength)
        there = cell.origins.moved @ own + cell.origins.hole * own[:count]
        weight = float((cell.shown @ there).mean())
        if weight:
            weights[seq] = weight
    return weights


def camera_weights(cameras: Sequence[tuple[int, Camera]], cell: Cell) -> dict[int, float]:
    """Return the weight of each camera, by its seq, on a cell: its share of what they hold."""
    those = [one for _, one in cameras]
    if not moving(those):
        return {}
    within = float(cell.within.mean())
    held = zip(cameras, holds(those), strict=True)
    return {seq: share * within for (seq, _), share in held if share * within}


def _covered(layer: Layer | Region, cell: Cell) -> npt.NDArray[np.float64]:
    """Return how much of each of the pixels that a cell comes from a layer covers."""
    rows, columns = cell.origins.rows, cell.origins.columns
    if isinstance(layer, Region):
        return inside_at(layer.outline, cell.width, cell.height, rows, columns)
    return coverage_at(layer, cell.width, cell.height, rows, columns)


def _start(one: Drag | Trajectory) -> Point:
    return one.start if isinstance(one, Drag) else one.path[0]
