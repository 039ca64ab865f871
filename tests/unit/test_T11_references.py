"""T11: what a lock holds is the mapping in force at its seq, and nothing later moves it."""

import pytest
from deeds import Room, deeds
from hypothesis import given
from people import SETTINGS, TRIANGLE, Table

from framejam_protocol.errors import Code
from framejam_protocol.events import Edited, Event, Redone
from framejam_protocol.fold.pairs import Pair, Reference, held_locks, pairs, references
from framejam_protocol.fold.records import Held
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Content, Lock, Negative
from framejam_protocol.limits import MAX_LOCKS
from framejam_protocol.messages import Refusal


def locked():
    """A stroke at step 3 and a prompt at 5 of take 1, then a lock; a drag has not entered."""
    table = Table("anna", "ben1")
    stroke, words = table.paint("anna"), table.content("ben1", "a red sea")
    table.session.enter(1, {3: (stroke,), 5: (words,)}, 0)
    drag = table.drag("anna")
    lock = table.lock("ben1")
    return table, stroke, words, drag, lock


def held_by(table, lock):
    return references(table.state, {lock: 0})[lock]


def test_T11_a_lock_holds_the_pairs_of_its_own_seq_and_nothing_that_had_not_entered():
    table, stroke, words, drag, lock = locked()
    assert table.state.locks == {lock: Held(SETTINGS, 1)}
    assert table.state.held(lock) == {stroke: 3, words: 5}
    assert held_by(table, lock) == Reference(
        SETTINGS,
        {
            stroke: Pair(3, table.state.edits[stroke].instruction),
            words: Pair(5, Content("a red sea")),
        },
    )
    assert drag not in held_by(table, lock).pairs


def undo_it(table, stroke, words):
    table.undo("anna", group=stroke)


def redo_it(table, stroke, words):
    table.undo("anna", group=stroke)
    table.redo("anna")


def revise_it(table, stroke, words):
    revision = table.revise("ben1", stroke, width=5)
    table.session.enter(1, {0: (revision,)}, 0)


def write_on(table, stroke, words):
    edit = table.spliced("anna", 2, "red ", "blue ")
    table.session.enter(1, {0: (edit,)}, 0)


def write_all_anew(table, stroke, words):
    table.session.enter(1, {0: (table.content("anna", "nothing"),)}, 0)


def undo_the_words(table, stroke, words):
    table.undo("ben1", group=words)


def enter_earlier(table, stroke, words):
    table.session.enter(1, {0: (stroke, words)}, 0)


def begin_another_take(table, stroke, words):
    table.adjust("anna", seed=9)
    table.session.enter(2, {0: (stroke, words)}, 0)


def adjust(table, stroke, words):
    table.session.enter(1, {0: (table.adjust("anna", guidance=700, mix=30),)}, 0)


LATER = [
    undo_it, redo_it, revise_it, write_on, write_all_anew, undo_the_words, enter_earlier,
    begin_another_take, adjust,
]  # fmt: skip


@pytest.mark.parametrize("deed", LATER)
def test_T11_whatever_comes_later_changes_nothing(deed):
    table, stroke, words, _, lock = locked()
    before, locks, mapping = held_by(table, lock), dict(table.state.locks), mappings(table)
    deed(table, stroke, words)
    if deed is not redo_it:
        assert mappings(table) != mapping, "the take did change"
    assert held_by(table, lock) == before
    assert table.state.locks == locks
    assert fold(table.session.log).locks == locks


def mappings(table):
    return {take: table.state.mapping(take) for take in table.state.entries}


def test_T11_a_lock_that_is_undone_and_redone_holds_what_it_held():
    table, stroke, *_, lock = locked()
    before = held_by(table, lock)
    table.undo("ben1")
    assert references(table.state, table.state.mapping(1)) == {}
    table.undo("anna", group=stroke)
    table.redo("ben1")
    table.session.enter(1, {0: (lock,)}, 0)
    assert references(table.state, table.state.mapping(1)) == {lock: before}


def test_T11_a_revision_of_its_frames_is_no_other_lock():
    table, *_, lock = locked()
    before = held_by(table, lock)
    revision = table.revise("anna", lock, frames=(0, 3))
    mapping = {lock: 0, revision: 4}
    assert references(table.state, mapping) == {lock: before}
    found = pairs(table.state, mapping)
    assert found[lock] == Pair(0, Lock(TRIANGLE))
    assert found[revision] == Pair(4, Lock(TRIANGLE, frames=(0, 3)), of=lock)


def test_T11_a_lock_given_in_another_take_holds_that_take():
    table, stroke, _, _, lock = locked()
    table.adjust("anna", seed=9, scheduler="euler")
    table.session.enter(2, {0: (stroke, lock)}, 0)
    other = table.lock("anna")
    table.undo("anna")
    again = table.lock("anna")
    found = references(table.state, {lock: 0, again: 0})
    assert found[again].settings.seed == 9
    assert found[again].settings.scheduler == "euler"
    assert found[lock].settings == SETTINGS
    assert {seq: pair.step for seq, pair in found[again].pairs.items()} == {stroke: 0, lock: 0}
    assert other not in found


def test_T11_settings_that_enter_are_among_its_pairs():
    table = Table("anna")
    loras = table.adjust("anna", loras=(("ink", 80),), guidance=700)
    table.session.enter(1, {4: (loras,)}, 0)
    lock = table.lock("anna")
    table.undo("anna", group=loras)
    assert held_by(table, lock).settings == SETTINGS, "guidance is a pair, not a setting"
    assert held_by(table, lock).pairs[loras].instruction.loras == (("ink", 80),)


def test_T11_locks_within_locks_are_told_with_what_each_of_them_held():
    table = Table("anna", "ben1")
    stroke = table.paint("anna")
    table.session.enter(1, {3: (stroke,)}, 0)
    first = table.lock("ben1")
    table.session.enter(1, {0: (first,)}, 0)
    table.undo("anna")
    second = table.lock("ben1")
    table.session.enter(1, {0: (second,)}, 0)
    table.undo("ben1", group=first)
    third = table.lock("ben1")
    table.session.enter(1, {2: (third,)}, 0)
    found = references(table.state, table.state.mapping(1))
    # The first is undone, and still what the second holds.
    assert table.state.mapping(1) == {second: 0, third: 2}
    assert {lock: sorted(held.pairs) for lock, held in found.items()} == {
        first: [stroke],
        second: [first],
        third: [second],
    }
    assert held_locks(table.state, [second]) == {first, second}
    assert references(table.state, {first: 0}).keys() == {first}
    assert references(table.state, {stroke: 0}) == {}


@given(deeds)
def test_T11_so_in_any_session(deeds):
    room = Room()
    for deed in [*deeds, ("anna", "lock", 0, 0, "", None)]:
        room.do(deed)
    state, log = room.table.state, room.table.session.log
    locks = {
        event.seq: fold(log[: event.seq - 1])
        for event in log
        if isinstance(event.body, Edited) and isinstance(event.body.instruction, Lock)
    }
    assert locks
    assert references(state, dict.fromkeys(state.edits, 0)) == {
        seq: Reference(before.take_settings, pairs(before, before.mapping(before.take)))
        for seq, before in locks.items()
    }


# -- how many --------------------------------------------------------------------------------------


def test_T11_there_are_so_many_locks_and_no_more():
    table = Table("anna", "ben1")
    for _ in range(MAX_LOCKS):
        table.lock("anna")
    refusal = table.refused("ben1", Lock(TRIANGLE))
    assert (refusal.code, refusal.field, refusal.rule) == (Code.TOO_LARGE, "instruction", "T11")
    table.undo("anna")
    table.lock("ben1")


def test_T11_a_redo_that_would_make_too_many_is_refused():
    table = Table("anna", "ben1")
    for _ in range(MAX_LOCKS - 1):
        table.lock("anna")
    table.lock("anna", group="two")
    table.undo("anna")
    table.lock("ben1")
    before = table.hash
    refusal = table.redo("anna")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.rule, table.hash) == (Code.TOO_LARGE, "T11", before)
    table.undo("ben1")
    back = table.redo("anna")
    assert isinstance(back, Event)
    assert isinstance(back.body, Redone)


def test_T11_locks_that_only_locks_hold_are_counted():
    """Else a chain of them, each undone when the next is given, would grow for ever."""
    table = Table("anna")
    for _ in range(MAX_LOCKS):
        lock = table.lock("anna")
        table.session.enter(1, {0: (lock,)}, 0)
        live = [seq for seq in table.state.locks if table.state.live(seq)]
        for seq in live[:-1]:
            table.undo("anna", group=seq)
    assert [seq for seq in table.state.locks if table.state.live(seq)] == [lock]
    assert len(references(table.state, table.state.mapping(1))) == MAX_LOCKS
    assert table.refused("anna", Lock(TRIANGLE)).rule == "T11"
    table.undo("anna")
    table.lock("anna")


def test_T9_the_negative_prompt_has_readings_of_its_own():
    table = Table("anna", "ben1")
    first = table.negative("anna", "blur")
    words = table.content("ben1", "a sea")
    later = table.spliced("ben1", 4, "", ", text", prompt="negative")
    assert pairs(table.state, {first: 0, words: 2, later: 5}) == {
        first: Pair(0, Negative("blur")),
        words: Pair(2, Content("a sea")),
        later: Pair(5, Negative("blur, text")),
    }
