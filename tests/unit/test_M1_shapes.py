"""M1: shapes that mean nothing on the picture are refused by the field that is at fault (L5)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import SETTINGS, TRIANGLE, Table, stroke

from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.instructions import Camera, Lock, Region, Revise, Trajectory
from framejam_protocol.limits import UNIT
from framejam_server.session.shapes import covers_everything, inside, is_flat, objection

FRAME = ((0, 0), (UNIT, 0), (UNIT, UNIT), (0, UNIT))
AROUND = ((-UNIT, -UNIT), (2 * UNIT, -UNIT), (2 * UNIT, 2 * UNIT), (-UNIT, 2 * UNIT))
STAR = ((32768, 0), (52429, 65536), (0, 24000), (65536, 24000), (13107, 65536))


def way(*path):
    return Trajectory(path=path, radius=9000)


def region(*outline):
    return Region(outline=outline, text="gold")


WRONG = [
    (way((-1, 5), (9, 9)), "path[0]", "begins outside"),
    (way((5, UNIT + 1), (9, 9)), "path[0]", "begins outside"),
    (way((5, 5), (5, 5), (5, 5)), "path", "goes nowhere"),
    (region((0, 0), (9, 0), (99, 0)), "outline", "a line"),
    (region((7, 0), (7, 9), (7, 5)), "outline", "a line"),
    (region((0, 0), (3, 6), (-1, -2)), "outline", "a line"),
    (region((5, 5), (5, 5), (5, 5)), "outline", "a line"),
    (region((5, 5), (5, 5), (9, 90)), "outline", "a line"),
    (region((-9, 0), (0, 9), (0, -9)), "outline", "outside"),
    (region((UNIT, 0), (UNIT + 9, 5), (UNIT, 9)), "outline", "outside"),
    (region((0, -9), (9, -9), (5, 0)), "outline", "outside"),
    (region((0, UNIT), (9, UNIT), (5, UNIT + 9)), "outline", "outside"),
    (Lock(((0, 0), (9, 9), (5, 5))), "outline", "a line"),
    (Lock(((-9, 0), (0, 9), (0, -9))), "outline", "outside"),
    (Lock(FRAME), "outline", "nothing to edit"),
    (Lock(AROUND), "outline", "nothing to edit"),
    (Lock(FRAME, frames=(0, 4096)), "outline", "nothing to edit"),
    (Lock(FRAME, frames=(0, SETTINGS.frames - 1)), "outline", "nothing to edit"),
    (Trajectory(((0, 0), (9, 9)), 9, frames=(4, 3)), "frames", "first, then"),
    (Camera(frames=(4, 3)), "frames", "first, then"),
    (Region(TRIANGLE, "x", frames=(4, 3)), "frames", "first, then"),
    (Lock(TRIANGLE, frames=(4, 3)), "frames", "first, then"),
]

RIGHT = [
    way((0, 0), (UNIT, UNIT)),
    way((UNIT, UNIT), (9, 9)),
    way((5, 5), (-UNIT, 2 * UNIT)),
    way((5, 5), (9, 9), (5, 5)),
    region(*FRAME),
    region(*AROUND),
    region((5, 5), (5, 5), (9, 90), (90, 5)),
    region((-9, -9), (1, 0), (0, 1)),
    Lock(TRIANGLE),
    Lock(FRAME, frames=(0, 3)),
    Lock(FRAME, frames=(1, 4096)),
    Lock(FRAME, frames=(0, SETTINGS.frames - 2)),
    Lock(((0, 0), (UNIT, 0), (UNIT, UNIT))),
    Lock(STAR),
    Camera(),
    Camera(pan=-UNIT, tilt=UNIT, zoom=4 * UNIT, frames=(0, 0)),
]


@pytest.mark.parametrize(("shape", "field", "why"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_M1_a_shape_that_means_nothing_is_refused_by_its_field(shape, field, why):
    refusal = Table("anna").refused("anna", shape)
    assert (refusal.code, refusal.rule) == (Code.INVALID, "M1")
    assert refusal.field == f"instruction.{field}"
    assert why in refusal.message


@pytest.mark.parametrize("shape", RIGHT, ids=[str(n) for n in range(len(RIGHT))])
def test_M1_a_sound_shape_is_taken_as_it_is(shape):
    table = Table("anna")
    edit = table.edit("anna", shape)
    assert table.state.edits[edit].instruction == shape
    assert objection(shape, SETTINGS.frames) is None


def test_M1_a_revision_must_leave_a_sound_shape():
    table = Table("anna")
    path = table.trajectory("anna")
    for points, field in [(((-1, 0), (9, 9)), "path[0]"), (((9, 9), (9, 9)), "path")]:
        refusal = table.refused("anna", Revise(path, path=points))
        assert (refusal.code, refusal.field) == (Code.INVALID, f"instruction.{field}")
    part = table.region("anna")
    refusal = table.refused("anna", Revise(part, text="x" * 501))
    assert (refusal.code, refusal.field) == (Code.TOO_LARGE, "instruction.text")
    table.revise("anna", part, text="x" * 500)
    lock = table.edit("anna", Lock(FRAME, frames=(0, 3)))
    for frames in (None, (0, 4096)):
        refusal = table.refused("anna", Revise(lock, frames=frames))
        assert (refusal.code, refusal.field) == (Code.INVALID, "instruction.frames")
    table.revise("anna", lock, frames=(4, 7))
    table.adjust("anna", frames=8)
    assert table.refused("anna", Revise(lock, frames=(0, 7))).field == "instruction.frames"
    table.revise("anna", table.lock("anna"), frames=None)


def test_M1_a_comment_may_be_longer_than_the_text_of_a_region():
    table = Table("anna")
    comment = table.comment("anna")
    table.revise("anna", comment, text="x" * 2000)


@pytest.mark.parametrize("kind", ["trajectory", "camera", "region", "lock", "negative", "recolour"])
def test_U1_each_kind_is_undone_and_redone(kind):
    table = Table("anna", "ben1")
    table.paint("ben1")
    before = table.hash
    edit = {
        "negative": lambda: table.negative("anna", "blur"),
        "recolour": lambda: table.edit("anna", stroke("#0000ff", blend="color")),
    }.get(kind, lambda: getattr(table, kind)("anna"))()
    given = table.hash
    assert given != before
    undone = table.undo("anna")
    assert isinstance(undone, Event)
    assert (undone.body.groups, undone.body.shadowed_by) == ((edit,), None)
    assert table.hash == before
    table.redo("anna")
    assert table.hash == given


# -- what is inside of an outline --------------------------------------------------------------

corner = st.tuples(st.integers(-40, 120), st.integers(-40, 120))


@given(st.lists(corner, min_size=3, max_size=7), st.integers(0, 80))
def test_M1_inside_is_by_the_even_odd_rule(outline, row):
    """Rays to the right, at half a unit below the places so that they meet no corner."""
    y, places = 2 * row + 1, range(-90, 250)
    doubled = [(2 * left, 2 * top) for left, top in outline]
    met = [
        Fraction((right - left) * (y - top), bottom - top) + left
        for (left, top), (right, bottom) in zip(doubled, doubled[1:] + doubled[:1], strict=True)
        if min(top, bottom) < y < max(top, bottom)
    ]
    for x, found in zip(places, inside(doubled, places, y), strict=True):
        if x not in met:
            assert found == (sum(where > x for where in met) % 2 == 1)


def test_M1_what_a_line_goes_around_twice_is_outside():
    assert inside(STAR, [32768], 32768) == [False]
    assert inside(STAR, [32768, 0, 32700], 9000) == [True, False, True]


def test_M1_only_what_leaves_nothing_out_covers_everything():
    assert covers_everything(FRAME)
    assert covers_everything(AROUND)
    assert not covers_everything(TRIANGLE)
    assert not covers_everything(((0, 0), (UNIT, 0), (UNIT, 60000), (0, 60000)))


@given(corner, corner, st.lists(st.integers(-9, 9), min_size=1, max_size=5))
def test_M1_corners_on_one_line_are_flat_and_others_are_not(one, other, steps):
    along = (other[0] - one[0], other[1] - one[1])
    line = [one, other, *((one[0] + n * along[0], one[1] + n * along[1]) for n in steps)]
    assert is_flat(line)
    if along != (0, 0):
        assert not is_flat([*line, (one[0] - along[1], one[1] + along[0])])
