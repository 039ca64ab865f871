"""T1 and T3: which step an edit enters at, and when the loop goes back for it."""

from dataclasses import replace

import pytest

from framejam_protocol.instructions import Content, Drag, Image, Motion, Paint, wanted_step
from framejam_server.render.scheduler import Enter, Situation, Step, Wait, plan

PAINT = Paint(points=((0, 0),), color="#000000", width=1)
DRAG = Drag(start=(0, 0), end=(9, 9), radius=1)
NOW = Situation(
    position=8,
    steps=25,
    entries={},
    pending=(),
    wanted={},
    quiet=True,
    alone=False,
    since_rewind=9,
    decoded=True,
)


@pytest.mark.parametrize(
    ("instruction", "wanted"),
    [(Image(None), 0), (Content("x"), 6), (Motion("x"), 6), (DRAG, 8), (PAINT, 12)],
)
def test_T3_the_wanted_step_is_floor_of_one_minus_depth_times_steps(instruction, wanted):
    assert wanted_step(instruction, None, 25) == wanted


@pytest.mark.parametrize(("depth", "wanted"), [(65536, 0), (0, 25), (32768, 12), (1, 24)])
def test_T3_the_author_may_choose_the_depth(depth, wanted):
    assert wanted_step(PAINT, depth, 25) == wanted


def test_T1_new_edits_enter_at_the_present_boundary():
    now = replace(NOW, pending=(4, 7), wanted={4: 10, 7: 5})
    assert plan(now) == Enter({8: (4, 7)}, rewinds=False)


def test_T3_a_finished_take_wakes_at_the_wanted_step():
    now = replace(NOW, position=25, pending=(4, 7), wanted={4: 10, 7: 5})
    assert plan(now) == Enter({5: (7,), 10: (4,)}, rewinds=True)


def test_T3_an_edit_of_no_depth_still_shows_in_the_last_step():
    now = replace(NOW, position=25, pending=(4,), wanted={4: 25})
    assert plan(now) == Enter({24: (4,)}, rewinds=True)


def test_T3_late_edits_are_polished_by_one_rewind_when_it_is_quiet():
    now = replace(NOW, position=20, entries={3: 2, 4: 18, 7: 15}, wanted={3: 5, 4: 10, 7: 5})
    assert plan(now) == Enter({5: (7,), 10: (4,)}, rewinds=True)


def test_T3_an_edit_that_comes_alone_enters_at_its_wanted_step_at_once():
    now = replace(NOW, position=20, pending=(4,), wanted={4: 10}, quiet=False, alone=True)
    assert plan(now) == Enter({10: (4,)}, rewinds=True)
    assert plan(replace(now, alone=False)) == Enter({20: (4,)}, rewinds=False)


def test_T1_an_edit_that_comes_alone_before_its_wanted_step_enters_at_the_present_boundary():
    now = replace(NOW, pending=(4,), wanted={4: 10}, alone=True)
    assert plan(now) == Enter({8: (4,)}, rewinds=False)


@pytest.mark.parametrize("steps_since", [0, 1])
def test_T3_nor_does_an_edit_alone_rewind_before_two_steps_have_run(steps_since):
    now = replace(
        NOW, position=20, pending=(4,), wanted={4: 10}, alone=True, since_rewind=steps_since
    )
    assert plan(now) == Enter({20: (4,)}, rewinds=False)


def test_T3_not_while_edits_keep_coming():
    now = replace(NOW, position=20, entries={4: 18}, wanted={4: 10}, quiet=False)
    assert plan(now) == Step()
    assert plan(replace(now, position=25)) == Wait(for_quiet=True)


@pytest.mark.parametrize("steps_since", [0, 1])
def test_T3_two_steps_run_between_rewinds(steps_since):
    now = replace(NOW, position=20, entries={4: 18}, wanted={4: 10}, since_rewind=steps_since)
    assert plan(now) == Step()


def test_T3_early_edits_stay_where_they_entered():
    now = replace(NOW, entries={4: 3}, wanted={4: 10})
    assert plan(now) == Step()


def test_a_take_that_has_run_all_steps_is_decoded_unless_somebody_edits():
    now = replace(NOW, position=25, decoded=False)
    assert plan(now) == Step()
    assert isinstance(plan(replace(now, pending=(4,), wanted={4: 10})), Enter)


def test_a_finished_take_with_nothing_new_waits():
    assert plan(replace(NOW, position=25)) == Wait(for_quiet=False)
