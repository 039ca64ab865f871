"""T6: what a take remembers of pictures fits into what its size is said to need."""

from __future__ import annotations

import gc
import math
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tiny import picture, settings

from framejam_pipeline import remembered
from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Fold
from framejam_pipeline.models import memory
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.pictures import Pictures
from framejam_protocol.instructions import Drag, Paint, Region, Trajectory

UNIT = 65536
BLOB = "00000003" * 8
SIZE = settings(width=128, height=128, frames=4)
PIXELS = SIZE.width * SIZE.height * SIZE.frames
SMALL = 2**20


def _stroke(number: int) -> Paint:
    return Paint(points=((number * 1000, 30000), (40000, number * 999)), color="#ff0000", width=900)


def _painted() -> Iterator[Fold]:
    for count in range(1, 24):
        yield Fold(image=BLOB, paint=tuple(map(_stroke, range(count))))


def _pictures() -> Iterator[Fold]:
    for number in range(24):
        yield Fold(image=f"{number:08x}" * 8)


def _regions() -> Iterator[Fold]:
    for number in range(40):
        shape = ((number * 1000, 0), (UNIT, 0), (UNIT, UNIT))
        yield Fold(image=BLOB, regions=(Region(shape, "red", frames=(1, 1 + number % 2)),))


def _dragged() -> Iterator[Fold]:
    for number in range(24):
        yield Fold(image=BLOB, drags=(Drag((30000, 30000), (50000, number * 2000), 9000),))


def _travelling() -> Iterator[Fold]:
    for number in range(24):
        way = Trajectory(((30000, 30000), (50000, number * 2000)), 9000)
        yield Fold(image=BLOB, trajectories=(way,))


KINDS: dict[Callable[[], Iterator[Fold]], int] = {
    _painted: SMALL + (remembered.CANVASES + remembered.SOURCES) * PIXELS,
    _pictures: remembered.SOURCES * PIXELS,
    _regions: SMALL + (remembered.CANVASES + remembered.SOURCES) * PIXELS,
    _dragged: (remembered.DRAGS + remembered.CANVASES + remembered.SOURCES) * PIXELS,
    _travelling: (remembered.TRAJECTORIES + remembered.CANVASES + remembered.SOURCES) * PIXELS,
}


@pytest.mark.parametrize("folds", KINDS)
def test_T6_what_is_remembered_fits_into_its_budget(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch, folds: Any
) -> None:
    monkeypatch.setattr(remembered, "STROKES", SMALL)
    monkeypatch.setattr(remembered, "REDRAWN", SMALL)
    compiler = Compiler(model, SIZE, picture)
    compiler.compile(Fold(content="fish"), 0)  # what libraries keep for themselves is kept now
    gc.collect()
    tracemalloc.start()
    for fold in folds():
        compiler.compile(fold, 0)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    values = math.prod(model.spec.latent_shape(SIZE))
    assert kept > SIZE.width * SIZE.height * 3  # something is remembered
    assert kept <= KINDS[folds] + memory.kept_per_value(0) * values


@pytest.mark.parametrize("moves", [_dragged, _travelling])
def test_T6_what_questions_leave_behind_fits_into_its_budget(
    model: EmbeddedModel, moves: Any
) -> None:
    compiler = Compiler(model, SIZE, picture)
    everything: Any = {fold: [*fold.drags, *fold.trajectories] for fold in moves()}
    for things in everything.values():
        compiler.weights([(1, things[0])], 1, (30000, 30000))
    lifted = compiler._clips._lifted
    assert lifted is not None
    assert lifted[1] is not None
    motion = lifted[1].motion
    assert all(part.sums.base is None for part, _ in motion.parts)
    assert 0 < motion.nbytes <= remembered.LIFTED * PIXELS
    compiler._clips._lifted_bytes = motion.nbytes
    compiler.weights([(1, things[0])], 2, (30000, 30000))
    assert compiler._clips._lifted is None  # the matte does not fit any more


def test_T6_a_take_is_said_to_need_all_budgets(model: EmbeddedModel) -> None:
    spec = model.spec
    values = math.prod(spec.latent_shape(SIZE))
    budgets = (remembered.SOURCES, remembered.CANVASES, remembered.DRAGS, remembered.TRAJECTORIES)
    clip = sum(budgets) + remembered.LIFTED
    needed = remembered.STROKES + remembered.REDRAWN + clip * PIXELS
    assert spec.take_bytes(SIZE) >= needed + memory.kept_per_value(SIZE.steps) * values


def test_T6_a_picture_asked_for_again_pushes_no_other_out(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = settings(width=64, height=64, frames=16)
    pictures = Pictures(model, size, picture, 16)
    laid: list[int] = []
    covered = pictures._covered
    monkeypatch.setattr(pictures, "_covered", lambda one: laid.append(1) or covered(one))
    one, other = (Fold(image=BLOB, paint=(_stroke(n), _stroke(9))) for n in (1, 2))
    first = pictures.painting(one)
    for _ in range(20):
        pictures.painting(other)
    assert len(laid) == 4
    assert np.array_equal(pictures.painting(one).pixels, first.pixels)
    assert len(laid) == 4


def test_T6_a_region_more_is_drawn_alone_however_many_there_are(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of the scenes: of 32 regions in several none is drawn twice."""
    drawn: list[str] = []

    def draw(model: Any, size: Any, painting: Any, region: Region, words: Any) -> Any:
        drawn.append(region.text)
        return painting

    monkeypatch.setattr("framejam_pipeline.pictures.with_region", draw)
    pictures = Pictures(model, settings(width=64, height=64), picture, 16)
    shape = ((0, 0), (UNIT, 0), (UNIT, UNIT))
    scenes = [tuple(Region(shape, f"{scene} {n}") for n in range(32)) for scene in range(8)]
    for count in (31, 32, 32):
        for regions in scenes:
            pictures.painting(Fold(image=BLOB, regions=regions[:count]))
    assert len(drawn) == len(set(drawn)) == 8 * 32
