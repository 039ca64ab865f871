"""M4: erasures lie among the strokes and take away the paint under them, nothing else."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import picture, settings

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Fold
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.paint import Canvas, Painting, coverage, coverage_at
from framejam_protocol.instructions import Erase, Paint

UNIT = 65536
EDGE = 64
NOISE = np.random.default_rng(3).integers(0, 256, (EDGE, EDGE, 3), dtype=np.uint8)


def _points(*points: tuple[float, float]) -> tuple[tuple[int, int], ...]:
    return tuple((round(x / EDGE * UNIT), round(y / EDGE * UNIT)) for x, y in points)


RED = Paint(_points((8, 32), (56, 32)), "#ff0000", UNIT // 5)
BLUE = Paint(_points((32, 8), (32, 56)), "#0000ff", UNIT // 6, 30000)
ACROSS = Erase(_points((32, 4), (32, 60)), UNIT // 8)
ALL = Erase(_points((0, 0), (64, 64)), 2 * UNIT)
BLOB = "00000003" * 8


def _paint(*strokes: Paint | Erase) -> Painting:
    laid = [(stroke, coverage(stroke, EDGE, EDGE)) for stroke in strokes]
    return Canvas.of(NOISE).with_strokes(laid).painting()


def test_M4_an_erasure_brings_the_picture_back_and_lets_it_go() -> None:
    painting = _paint(RED, ACROSS)
    inside = coverage(ACROSS, EDGE, EDGE) == 1.0
    assert inside.sum() > 300
    assert np.array_equal(painting.pixels[inside], NOISE[inside])
    assert (painting.weight[inside] == 0).all()
    outside = coverage(ACROSS, EDGE, EDGE) == 0.0
    whole = _paint(RED)
    assert np.array_equal(painting.pixels[outside], whole.pixels[outside])
    assert np.array_equal(painting.weight[outside], whole.weight[outside])
    assert whole.weight[inside].max() == 1.0


def test_M4_paint_of_later_edits_lies_on_top_of_an_erasure() -> None:
    later, earlier = _paint(RED, ACROSS, BLUE), _paint(RED, BLUE, ACROSS)
    assert later.pixels[32, 32].tolist() == [0, 0, 255]
    assert later.weight[32, 32] == 30000 / UNIT
    assert earlier.pixels[32, 32].tolist() == NOISE[32, 32].tolist()
    assert earlier.weight[32, 32] == 0


def test_M4_erasing_everything_leaves_the_picture_to_the_byte() -> None:
    painting = _paint(RED, BLUE, ALL)
    assert np.array_equal(painting.pixels, NOISE)
    assert not painting.weight.any()
    assert np.array_equal(_paint(ALL).pixels, NOISE)


def test_M4_half_an_erasure_takes_half() -> None:
    thin = Erase(_points((0, 32.5), (64, 32.5)), UNIT // 128)
    share = coverage(thin, EDGE, EDGE)[32, 30]
    assert 0.2 < share < 0.8
    painting, before = _paint(RED, thin), _paint(RED)
    assert abs(painting.weight[32, 30] - (1 - share)) < 1e-12
    mixed = before.pixels[32, 30] + share * (NOISE[32, 30].astype(float) - before.pixels[32, 30])
    assert np.abs(painting.pixels[32, 30] - mixed).max() <= 0.5


@given(
    st.lists(st.sampled_from([RED, BLUE, ACROSS, ALL]), max_size=6),
    st.integers(0, 6),
)
def test_M4_strokes_laid_in_two_goes_give_the_same_bits(
    strokes: list[Paint | Erase], first: int
) -> None:
    laid = [(stroke, coverage(stroke, EDGE, EDGE)) for stroke in strokes]
    whole = Canvas.of(NOISE).with_strokes(laid)
    parts = Canvas.of(NOISE).with_strokes(laid[:first]).with_strokes(laid[first:])
    assert np.array_equal(whole.pixels, parts.pixels)
    assert np.array_equal(whole.weight, parts.weight)


def test_M4_remembered_canvases_tell_erasures_from_paint(model: EmbeddedModel) -> None:
    """Whatever was compiled before, and in whichever order, each fold gets its own picture."""
    size = settings(width=EDGE, height=EDGE)
    dot = Paint(RED.points, "#00ff00", RED.width)
    folds = [
        Fold(image=BLOB, paint=layers)
        for layers in (
            (RED,),
            (RED, ACROSS),
            (RED, ACROSS, BLUE),
            (RED, BLUE, ACROSS),
            (RED, BLUE),
            (dot, ACROSS),
            (RED, Erase(ACROSS.points, UNIT // 20)),
            (ACROSS, RED),
        )
    ]
    kept = Compiler(model, size, picture)
    for fold in [*folds, *reversed(folds)]:
        alone = Compiler(model, size, picture, remember=0).intermediate(fold)
        again = kept.intermediate(fold)
        assert np.array_equal(again.pixels, alone.pixels)
        assert np.array_equal(again.weight, alone.weight)


def test_M4_a_step_holds_nothing_that_was_erased(model: EmbeddedModel) -> None:
    size = settings(width=EDGE, height=EDGE)
    plain = Compiler(model, size, picture).compile(Fold(image=BLOB), 0)
    erased = Compiler(model, size, picture).compile(Fold(image=BLOB, paint=(RED, ALL)), 0)
    assert torch.equal(erased.conditions.image, plain.conditions.image)
    assert erased.residual is None
    only = Compiler(model, size, picture).compile(Fold(image=BLOB, paint=(ALL,)), 0)
    assert only.residual is None


@given(
    points=st.lists(
        st.tuples(st.integers(-UNIT, 2 * UNIT), st.integers(-UNIT, 2 * UNIT)),
        min_size=1,
        max_size=40,
    ),
    width=st.integers(1, UNIT),
    at=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 47)), min_size=1, max_size=20),
)
def test_coverage_at_some_pixels_is_that_of_the_whole_mask(
    points: list[tuple[int, int]], width: int, at: list[tuple[int, int]]
) -> None:
    stroke = Erase(points=tuple(points), width=width)
    rows, columns = np.array(at).T
    found = coverage_at(stroke, 48, 16, rows, columns)
    assert np.array_equal(found, coverage(stroke, 48, 16)[rows, columns])
