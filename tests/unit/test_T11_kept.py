"""T11: what a lock holds costs little until somebody asks, is found once, and is let go of."""

from __future__ import annotations

import tracemalloc

import numpy as np
from deeds import Room, deeds
from hypothesis import given
from hypothesis import strategies as st
from people import SETTINGS, TRIANGLE, Table, created, stroke

from framejam_protocol.events import Edited, Entered, Event, Undone
from framejam_protocol.fold.pairs import Pair, Reference, references
from framejam_protocol.fold.state import COUNTED, State, fold
from framejam_protocol.instructions import Lock
from framejam_protocol.limits import MAX_LOCKS
from framejam_server.mapped import InForce, Kept, resolve
from framejam_server.render import process
from framejam_server.render.told import Told

LOCK = Lock(TRIANGLE)
STROKES = 3_000


def painted() -> State:
    """A take with many strokes in it."""
    state = fold([created()])
    for seq in range(2, STROKES + 2):
        body = Edited(instruction=stroke(), depth=None, group=seq)
        state.apply(Event(seq=seq, at=0, author="anna", body=body))
    body = Entered(take=1, step=0, edits=tuple(range(2, STROKES + 2)))
    state.apply(Event(seq=STROKES + 2, at=0, author="", body=body))
    return state


def test_T11_a_lock_costs_no_more_in_a_long_mapping_and_neither_does_its_undo():
    """One in which the mapping differs from that of the lock before, each time."""
    state, times = painted(), 50
    tracemalloc.start()
    try:
        for turn in range(times):
            seq = state.seq + 1
            for body in (
                Edited(instruction=LOCK, depth=None, group=seq),
                Undone(groups=(seq, turn + 2), shadowed_by=None, texts=()),
            ):
                state.apply(Event(seq=state.seq + 1, at=0, author="anna", body=body))
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(state.locks) == times
    assert grown / times < 8 * STROKES, "not even a pointer for each edit of the mapping"
    for turn, lock in enumerate(state.locks):
        assert state.held(lock) == dict.fromkeys(range(turn + 2, STROKES + 2), 0)


def test_T11_an_edit_in_the_mapping_at_no_step_yet_is_not_held_nor_one_that_follows_the_lock():
    state = fold([created()])
    for body in (
        Edited(instruction=stroke(), depth=None, group=None),
        Entered(take=1, step=4, edits=(2, 4)),
        Edited(instruction=LOCK, depth=None, group=None),
        Entered(take=1, step=1, edits=(2,)),
    ):
        before = state.mapping(1)
        state.apply(Event(seq=state.seq + 1, at=0, author="anna", body=body))
    assert before == {2: 4, 4: 4}
    assert state.held(4) == {2: 4}


def test_T11_an_edit_that_was_brought_back_before_the_lock_is_held():
    table = Table("anna", "ben1")
    back, gone = table.paint("anna"), table.paint("ben1")
    table.session.enter(1, {0: (back, gone)}, 0)
    table.undo("ben1")
    table.undo("anna")
    table.redo("anna")
    lock = table.lock("anna")
    table.redo("ben1")
    assert table.state.held(lock) == {back: 0}


@given(deeds)
def test_T11_the_locks_of_what_a_lock_holds_are_those_in_its_mapping(deeds):
    room = Room()
    for deed in [("anna", "lock", 0, 0, "", None), ("anna", "enter", 0, 0, "", None), *deeds]:
        room.do(deed)
    state = room.table.state
    room.table.lock("anna")
    for seq, held in state.locks.items():
        assert held.locks == state.held(seq).keys() & state.locks.keys()


@given(deeds)
def test_T11_the_live_edits_that_are_counted_are_those_that_are_live(deeds):
    room = Room()
    for deed in deeds:
        room.do(deed)
    state = room.table.state
    for kind in COUNTED:
        live = {seq for seq in state.by_kind.get(kind, ()) if state.live(seq)}
        assert state.standing(kind) == live


# -- found once ------------------------------------------------------------------------------------


def chain(table: Table, length: int) -> list[int]:
    """Locks of which each holds those before it, each over another stroke."""
    found = []
    for _ in range(length):
        table.session.enter(1, {0: (table.paint("anna"),)}, 0)
        found.append(table.lock("ben1"))
        table.session.enter(1, {0: (found[-1],)}, 0)
    return found


def test_T11_another_mapping_does_not_find_again_what_its_locks_hold():
    table = Table("anna", "ben1")
    locks = chain(table, 3)
    in_force = InForce(lambda: table.state, Kept())
    before = in_force.of(1)
    table.session.enter(1, {0: (table.paint("anna"),)}, 0)
    after = in_force.of(1)
    assert after.mapping != before.mapping
    assert before.references.keys() == after.references.keys() == set(locks)
    assert all(after.references[one] is before.references[one] for one in locks)


def test_T11_a_lock_that_comes_back_is_not_found_again():
    table = Table("anna", "ben1")
    *_, lock = chain(table, 2)
    in_force = InForce(lambda: table.state, Kept())
    first = in_force.of(1).references[lock]
    table.undo("ben1")
    assert lock not in in_force.of(1).references
    table.redo("ben1")
    assert in_force.of(1).references[lock] is first


def test_T11_looks_at_other_locks_do_not_crowd_out_those_in_force():
    table, kept = Table("anna", "ben1"), Kept()
    (lock,) = chain(table, 1)
    in_force = InForce(lambda: table.state, kept)
    first = in_force.of(1).references[lock]
    kept.keep(dict.fromkeys(range(1000, 1000 + MAX_LOCKS), first))
    assert lock not in kept.known
    table.session.enter(1, {0: (table.paint("anna"),)}, 0)
    assert in_force.of(1).references[lock] is first


def test_T11_what_is_kept_is_what_is_needed_and_the_newest_of_the_rest():
    table, kept = Table("anna", "ben1"), Kept()
    locks = chain(table, 3)
    kept.resolve(table.state, table.state.mapping(1))
    for _ in range(MAX_LOCKS):
        table.session.enter(1, {0: (table.lock("ben1", group="more"),)}, 0)
        mapped = kept.resolve(table.state, table.state.mapping(1))
        assert mapped.references.keys() <= kept.known.keys()
        assert len(kept.known) <= MAX_LOCKS
        table.undo("ben1")
    rest = sorted(table.state.locks.keys() - set(locks))
    assert kept.known.keys() == {*locks, *rest[3:]}
    assert len(kept.known) == MAX_LOCKS


@given(deeds)
def test_T11_what_is_kept_is_what_would_be_found(deeds):
    room, kept = Room(), Kept()
    for deed in [("anna", "lock", 0, 0, "", None), ("anna", "enter", 0, 0, "", None), *deeds]:
        room.do(deed)
        state = room.table.state
        mapping = state.mapping(state.take)
        assert kept.resolve(state, mapping) == resolve(state, mapping)
        everything = dict.fromkeys(state.locks, 0)
        assert references(state, everything, kept.known) == references(state, everything)


# -- let go of -------------------------------------------------------------------------------------

LOCKS = {
    seq: Reference(SETTINGS, {one: Pair(0, LOCK) for one in range(1, seq)}) for seq in range(1, 6)
}


class Took:
    """Stands in for a take: it only says what it was told to follow."""

    done, position = False, 0

    def follow(self, mapping, references):
        self.mapping, self.references = dict(mapping), dict(references)

    def catch_up(self):
        return False

    def step(self):
        return np.zeros((1, 1, 1, 3), np.uint8)


@given(st.lists(st.sets(st.integers(1, 5)), min_size=2, max_size=6))
def test_T11_a_worker_holds_what_the_locks_of_the_mapping_need_and_nothing_else(mappings):
    worker = process.Takes.__new__(process.Takes)
    took = Took()
    worker._mappings, worker._references, worker._takes = {}, {}, {}
    worker._take = lambda request: took
    told = Told("s1/1")
    told.meet(1)
    for locks in mappings:
        mapping = {seq: Pair(0, LOCK) for seq in locks}
        needed = {seq: LOCKS[seq] for seq in range(1, max(locks, default=0) + 1)}
        request = told.request(SETTINGS, mapping, needed, ())
        worker.advance(request)
        told.answered(mapping, needed, 1)
        assert took.references.keys() == worker._references["s1/1"].keys() == needed.keys()
        assert took.mapping.keys() == locks
        again = told.request(SETTINGS, mapping, needed, ())
        assert (again.references, again.released) == ({}, ())
