"""M6: how much each instruction weighs on a point of a frame."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from tiny import picture, settings

from framejam_pipeline.attribution import cell_box
from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Entry, fold_of
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Take
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Content,
    Drag,
    Erase,
    Image,
    Motion,
    Paint,
    Region,
    Trajectory,
)

UNIT = 65536
CELL = UNIT // 8  # the tiny model: 32 x 32 pixels, 8 x 8 cells of 4 x 4 pixels
MIDDLE = (UNIT // 2, UNIT // 2)
BLOB = "00000003" * 8


def _dot(x: float, y: float, width: float, **fields: Any) -> Paint:
    """A dot about the middle of a cell; positions and width in cells."""
    at = (round((x + 0.5) * CELL), round((y + 0.5) * CELL))
    return Paint((at,), "#ff0000", round(width * CELL), **fields)


def _rub(x: float, y: float, width: float, **fields: Any) -> Erase:
    dot = _dot(x, y, width)
    return Erase(dot.points, dot.width, **fields)


def _weights(
    model: EmbeddedModel,
    *edits: Any,
    at: tuple[float, float] = (4, 4),
    frame: int = 0,
    **changes: Any,
) -> dict[int, float]:
    """By the place of the edit among the edits, from 1; ``at`` in cells."""
    point = (round((at[0] + 0.5) * CELL), round((at[1] + 0.5) * CELL))
    take = Take(model, settings(**changes), picture)
    take.follow({seq: Entry(0, edit) for seq, edit in enumerate(edits, 1)})
    return take.weights_at(frame, point)


def test_M6_a_stroke_weighs_its_strength_where_it_is_and_nothing_elsewhere(
    model: EmbeddedModel,
) -> None:
    strong, weak = _dot(4, 4, 3), _dot(4, 4, 3, strength=16384)
    assert _weights(model, strong) == {1: 1.0}
    assert _weights(model, weak) == {1: 0.25}
    assert _weights(model, strong, at=(0, 0)) == {}
    assert _weights(model, Content("fish"), Motion("left"), Adjust(guidance=200)) == {}


def test_M6_what_is_covered_weighs_no_more(model: EmbeddedModel) -> None:
    below, above = _dot(4, 4, 3), _dot(4, 4, 3, strength=32768)
    assert _weights(model, below, above) == {2: 0.5}
    assert _weights(model, above, below) == {2: 1.0}
    # A brush of a third of a pixel covers a third.
    veil = Paint(((0, MIDDLE[1] + 1024), (UNIT, MIDDLE[1] + 1024)), "#0000ff", UNIT // 96)
    found = _weights(model, below, veil)
    assert found[1] + found[2] == pytest.approx(1.0)
    assert found[1] > found[2] > 0


def test_M6_an_erasure_takes_the_weight_of_what_is_under_it(model: EmbeddedModel) -> None:
    assert _weights(model, _dot(4, 4, 3), _rub(4, 4, 3)) == {}
    assert _weights(model, _dot(4, 4, 3), _rub(4, 4, 3), _dot(4, 4, 3, strength=32768)) == {3: 0.5}
    assert _weights(model, _rub(4, 4, 3), _dot(4, 4, 3)) == {2: 1.0}
    assert _weights(model, _dot(4, 4, 3), _rub(0, 0, 3)) == {1: 1.0}


def test_M6_strokes_side_by_side_in_a_cell_share_it(model: EmbeddedModel) -> None:
    left = Paint(((4 * CELL - CELL // 2, 0), (4 * CELL - CELL // 2, UNIT)), "#ff0000", 2 * CELL)
    right = Paint(((5 * CELL + CELL // 2, 0), (5 * CELL + CELL // 2, UNIT)), "#00ff00", 2 * CELL)
    found = _weights(model, left, right)
    assert found == pytest.approx({1: 0.5, 2: 0.5})


def test_M6_ranges_count(model: EmbeddedModel) -> None:
    first = _dot(4, 4, 3, frames=(0, 1))
    top = _dot(4, 4, 3, strength=32768, frames=(1, 2))
    found = [_weights(model, first, top, frame=frame) for frame in range(4)]
    assert found == [{1: 1.0}, {2: 0.5}, {2: 0.5}, {}]
    rubbed = [
        _weights(model, _dot(4, 4, 3), _rub(4, 4, 3, frames=(2, 9)), frame=frame)
        for frame in range(4)
    ]
    assert rubbed == [{1: 1.0}, {1: 1.0}, {}, {}]
    pull = Drag(MIDDLE, (MIDDLE[0] + 2 * CELL, MIDDLE[1]), 2 * CELL, frames=(1, 2))
    assert [bool(_weights(model, pull, frame=frame)) for frame in range(4)] == [
        False,
        True,
        True,
        False,
    ]


def test_M6_a_revised_stroke_is_named_by_its_creator(model: EmbeddedModel) -> None:
    take = Take(model, settings(), picture)
    weak = msgspec.structs.replace(_dot(4, 4, 3), strength=16384)
    take.follow({3: Entry(0, _dot(4, 4, 3)), 8: Entry(2, weak, of=3)})
    assert take.weights_at(0, MIDDLE) == {3: 0.25}


def test_M6_paint_is_found_where_it_was_dragged_to(model: EmbeddedModel) -> None:
    paint = _dot(2, 4, 2)
    pull = Drag(paint.points[0], (paint.points[0][0] + 3 * CELL, paint.points[0][1]), 2 * CELL)
    start = _weights(model, paint, pull, at=(2, 4), frame=0)
    assert start[1] == pytest.approx(1.0, abs=0.02)
    gone = _weights(model, paint, pull, at=(2, 4), frame=3)
    assert gone.get(1, 0.0) < 0.05
    assert gone[2] > 0.9  # the drag holds the hole
    there = _weights(model, paint, pull, at=(5, 4), frame=3)
    assert there[1] > 0.9
    assert there[2] > 0.9
    assert _weights(model, paint, pull, at=(5, 4), frame=0) == {}


def test_M6_overlapping_drags_share_by_their_weights(model: EmbeddedModel) -> None:
    one = Drag(MIDDLE, (MIDDLE[0], MIDDLE[1] + 100), 2 * CELL)
    twin, weak = one, msgspec.structs.replace(one, strength=UNIT // 2)
    single = _weights(model, one)[1]
    both = _weights(model, one, twin)
    assert both[1] == both[2] == pytest.approx(single / 2)
    mixed = _weights(model, one, weak)
    assert mixed[1] == pytest.approx(2 * mixed[2])


def test_M6_drags_that_are_not_in_the_frame_share_nothing(model: EmbeddedModel) -> None:
    one = Drag(MIDDLE, (MIDDLE[0], MIDDLE[1] + 100), 2 * CELL)
    twin = msgspec.structs.replace(one, frames=(0, 1))
    alone = _weights(model, one, frame=3)
    assert _weights(model, one, twin, frame=3) == alone
    assert _weights(model, one, twin, frame=1)[1] < alone[1]


def test_M6_what_was_asked_before_does_not_matter(model: EmbeddedModel) -> None:
    pull = Drag(MIDDLE, (MIDDLE[0] + 3 * CELL, MIDDLE[1]), 2 * CELL)
    edits = (_dot(4, 4, 2), pull, _dot(6, 4, 1, frames=(1, 2)))
    take = Take(model, settings(), picture)
    take.follow({seq: Entry(0, edit) for seq, edit in enumerate(edits, 1)})
    point = (round(5.5 * CELL), round(4.5 * CELL))
    answers = []
    for frame in (0, 1, 2, 3, 2, 0):
        answers.append(take.weights_at(frame, point))
        assert answers[-1] == _weights(model, *edits, at=(5, 4), frame=frame)
    assert answers[0] != answers[3]


def _box(left: int, top: int, right: int, bottom: int, **fields: Any) -> Region:
    """A region of whole cells."""
    x, y = (left * CELL, right * CELL), (top * CELL, bottom * CELL)
    return Region(((x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])), "red", **fields)


def test_M6_regions_lie_on_top_of_all_paint_and_of_earlier_regions(model: EmbeddedModel) -> None:
    dot = _dot(4, 4, 3)
    assert _weights(model, _box(3, 3, 6, 6, strength=16384), dot) == {1: 0.25}
    assert _weights(model, dot, _box(3, 3, 6, 6, strength=16384), at=(0, 0)) == {}
    both = _weights(model, _box(3, 3, 6, 6, strength=16384), _box(3, 3, 6, 6, strength=32768))
    assert both == {2: 0.5}
    half = Region(
        ((4 * CELL, 0), (4 * CELL + CELL // 2, 0), (4 * CELL + CELL // 2, UNIT), (4 * CELL, UNIT)),
        "red",
    )
    assert _weights(model, dot, half) == pytest.approx({1: 0.5, 2: 0.5})
    nothing = Region(((0, 0), (UNIT, UNIT), (0, 0)), "red")
    assert _weights(model, dot, nothing) == {1: 1.0}


def test_M6_a_recolouring_stroke_weighs_as_paint_does(model: EmbeddedModel) -> None:
    assert _weights(model, _dot(4, 4, 3), _dot(4, 4, 3, blend="color")) == {2: 1.0}


def test_M6_paint_is_found_where_a_trajectory_brought_it(model: EmbeddedModel) -> None:
    paint = _dot(2, 2, 2)
    start = paint.points[0]
    corner = (start[0] + 3 * CELL, start[1])
    path = (start, corner, (corner[0], corner[1] + 3 * CELL))
    move = Trajectory(path, 2 * CELL)
    assert _weights(model, paint, move, at=(2, 2), frame=0)[1] == pytest.approx(1.0, abs=0.02)
    there = _weights(model, paint, move, at=(5, 5), frame=3)
    assert there[1] > 0.9
    assert there[2] > 0.9
    assert _weights(model, paint, move, at=(5, 5), frame=1) == {}
    assert _weights(model, paint, move, at=(2, 2), frame=3)[2] > 0.9  # it holds the hole


def test_M6_drags_and_trajectories_share_what_they_both_move(model: EmbeddedModel) -> None:
    pull = Drag(MIDDLE, (MIDDLE[0], MIDDLE[1] + 100), 2 * CELL)
    move = Trajectory((MIDDLE, (MIDDLE[0], MIDDLE[1] + 100)), 2 * CELL)
    alone = _weights(model, pull)[1]
    assert _weights(model, move) == pytest.approx({1: alone})
    assert _weights(model, pull, move) == pytest.approx({1: alone / 2, 2: alone / 2})


def test_M6_cameras_weigh_their_share_wherever_they_hold(model: EmbeddedModel) -> None:
    pan, weak = Camera(pan=UNIT // 4), Camera(pan=UNIT // 4, strength=UNIT // 2)
    assert _weights(model, pan, frame=2) == {1: 1.0}
    assert _weights(model, weak, frame=2) == {1: 0.5}
    shared = _weights(model, pan, weak, frame=2)
    assert shared == pytest.approx({1: 2 / 3, 2: 1 / 6})
    assert _weights(model, pan, at=(7, 4), frame=3) == {}  # it came in from outside
    assert _weights(model, Camera(), frame=2) == {}
    limited = Camera(pan=UNIT // 4, frames=(1, 2))
    assert [bool(_weights(model, limited, frame=frame)) for frame in range(4)] == [
        False,
        True,
        True,
        False,
    ]


def test_M6_paint_is_found_where_the_camera_shows_it(model: EmbeddedModel) -> None:
    pan = Camera(pan=UNIT // 4)  # two cells
    assert _weights(model, _dot(5, 4, 1), pan, at=(3, 4), frame=3)[1] == pytest.approx(1.0)
    assert 1 not in _weights(model, _dot(5, 4, 1), pan, at=(5, 4), frame=3)
    assert _weights(model, _dot(5, 4, 1), pan, at=(5, 4), frame=0)[1] == pytest.approx(1.0)
    # What is drawn out from the border is nobody's.
    assert _weights(model, _dot(7, 4, 1), pan, at=(6, 4), frame=3) == {}


_PLACES = st.integers(-CELL, UNIT + CELL)
_POINTS = st.tuples(_PLACES, _PLACES)
_RANGES = st.one_of(
    st.none(), st.tuples(st.integers(0, 4), st.integers(0, 5)).map(lambda r: tuple(sorted(r)))
)
_WIDTHS, _STRENGTHS = st.integers(300, 3 * CELL), st.integers(0, UNIT)
_LINES = st.lists(_POINTS, min_size=1, max_size=3).map(tuple)
_EDITS = st.one_of(
    st.builds(Paint, _LINES, st.just("#3040f0"), _WIDTHS, _STRENGTHS, _RANGES),
    st.builds(Paint, _LINES, st.just("#f0c020"), _WIDTHS, _STRENGTHS, _RANGES),
    st.builds(Erase, _LINES, _WIDTHS, _RANGES),
    st.builds(Paint, _LINES, st.just("#3040f0"), _WIDTHS, _STRENGTHS, _RANGES, st.just("color")),
    st.builds(Drag, _POINTS, _POINTS, _WIDTHS, _STRENGTHS, _RANGES),
    st.builds(
        Trajectory,
        st.lists(_POINTS, min_size=2, max_size=4).map(tuple),
        _WIDTHS,
        _STRENGTHS,
        _RANGES,
    ),
    st.builds(
        Region,
        st.lists(_POINTS, min_size=3, max_size=5).map(tuple),
        st.just("red"),
        _STRENGTHS,
        _RANGES,
    ),
    st.builds(
        Camera,
        st.integers(-UNIT // 3, UNIT // 3),
        st.integers(-UNIT // 3, UNIT // 3),
        st.integers(UNIT // 3, 3 * UNIT),
        _STRENGTHS,
        _RANGES,
    ),
)


@budget(max_examples=120, deadline=None)
@given(
    edits=st.lists(_EDITS, min_size=1, max_size=6),
    at=st.tuples(st.integers(0, UNIT), st.integers(0, UNIT)),
    frame=st.integers(0, 3),
)
def test_M6_weights_add_up_to_what_the_residual_holds_the_cell_by(
    model: EmbeddedModel, edits: list[Any], at: tuple[int, int], frame: int
) -> None:
    """Held beside the compiled fields of the whole frame, which are made another way."""
    compiler = Compiler(model, settings(), picture)
    placed: list[Any] = [(1, Image(BLOB)), *enumerate(edits, 5)]
    found = compiler.weights(placed, frame, at)
    fold = compiler._fitted(fold_of(one for _, one in placed))
    pulls = compiler._clips.target(fold).pulls.of(range(4))
    box = cell_box(at, 32, 32, 4)
    cell = (frame, box[0].start // 4, box[1].start // 4)

    def of(*kinds: type) -> float:
        return sum(one for seq, one in found.items() if isinstance(dict(placed)[seq], kinds))

    assert of(Paint, Region) == pytest.approx(float(pulls.paint[cell]), abs=2e-5)
    moved = float(pulls.place[cell] + pulls.hole[cell])
    assert of(Drag, Trajectory) == pytest.approx(moved, abs=2e-5)
    assert of(Camera) == pytest.approx(float(pulls.view[cell]), abs=2e-5)
    assert all(0 < weight <= 1.0 + 1e-6 for weight in found.values())


def test_M6_points_at_and_beyond_the_border_belong_to_the_cells_there() -> None:
    assert cell_box((0, 0), 32, 16, 4) == (slice(0, 4), slice(0, 4))
    assert cell_box((UNIT, UNIT), 32, 16, 4) == (slice(12, 16), slice(28, 32))
    assert cell_box((UNIT - 1, UNIT // 2), 32, 16, 4) == (slice(8, 12), slice(28, 32))
    assert cell_box((-5, 2 * UNIT), 32, 16, 4) == (slice(12, 16), slice(0, 4))


@pytest.mark.parametrize("frame", [-1, 4])
def test_M6_a_frame_beyond_the_clip_is_refused(model: EmbeddedModel, frame: int) -> None:
    with pytest.raises(ValueError, match="0 to 3"):
        _weights(model, _dot(4, 4, 3), frame=frame)


def test_M6_asking_changes_nothing_of_the_take(model: EmbeddedModel) -> None:
    pull = Drag(MIDDLE, (MIDDLE[0] + 2 * CELL, MIDDLE[1]), 2 * CELL)
    mapping = {1: Entry(0, Content("fish")), 2: Entry(2, _dot(4, 4, 3)), 3: Entry(3, pull)}
    silent, asked = (Take(model, settings(), picture) for _ in range(2))
    silent.follow(mapping)
    asked.follow(mapping)
    other = {9: Entry(0, _rub(4, 4, 3)), 10: Entry(1, _dot(1, 1, 2, frames=(1, 2)))}
    while not silent.done:
        asked.weights_at(2, MIDDLE)
        asked.weights_at(1, (5000, 5000), other)
        assert asked.position == silent.position
        silent.step()
        asked.step()
        assert asked.digest() == silent.digest()
    asked.weights_at(3, MIDDLE)
    later = {key: entry for key, entry in mapping.items() if key != 2}
    assert silent.follow(later) == asked.follow(later) == 2
    while not silent.done:
        silent.step()
        asked.step()
    assert asked.digest() == silent.digest()


def test_M6_asking_about_thousands_of_strokes_is_cheap(model: EmbeddedModel) -> None:
    chance = np.random.default_rng(5)
    lines = chance.integers(0, UNIT, (3000, 1, 2)) + chance.integers(-9000, 9000, (3000, 40, 2))
    crowd = {
        seq: Entry(0, Paint(tuple(map(tuple, line.tolist())), "#102030", 2000))
        for seq, line in enumerate(lines, 1)
    }
    take = Take(model, settings(), picture)
    take.follow(crowd)
    times = []
    for _ in range(3):
        begun = time.process_time()
        assert take.weights_at(1, MIDDLE)
        times.append(time.process_time() - begun)
    assert min(times) < 1.0
