"""L3: old state + events = fresh state, for every type of event and of instruction there is."""

import copy
import json
from typing import get_args

import pytest
from deeds import Room, deeds
from hypothesis import given
from people import BLOB, SETTINGS, TRIANGLE, Table

from framejam_protocol.events import (
    Body,
    Branched,
    Created,
    Edited,
    Entered,
    Event,
    Joined,
    Redone,
    Undone,
)
from framejam_protocol.fold.canonical import canonical, state_hash
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.state import State, fold
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Comment,
    Drag,
    Erase,
    Image,
    Instruction,
    Lock,
    Paint,
    Region,
    Revise,
    Text,
    Trajectory,
)
from framejam_protocol.wire import decode_server, encode


def every_event() -> list[Event]:
    """A log in which every kind of event and instruction comes, and each changes something."""
    table = Table("anna", "ben1")
    table.join("olga", "owner")
    table.spliced("anna", 0, "", "red sea", group="g")
    table.spliced("anna", 0, "red", "blue", group="g")
    table.motion("ben1", "left")
    stroke = table.paint("anna")
    table.erase("ben1")
    drag = table.drag("anna")
    table.comment("ben1")
    table.image("anna", BLOB)
    table.revise("ben1", stroke, color="#00ff00")
    table.session.enter(1, {2: (stroke, drag)}, 0)
    table.trajectory("ben1")
    table.camera("anna")
    table.region("ben1")
    table.lock("anna")
    table.negative("ben1", "blur")
    table.adjust("anna", seed=2)
    table.session.enter(2, {0: (stroke,)}, 0)
    table.undo("anna")
    table.undo("ben1")
    table.redo("anna")
    table.spliced("ben1", 2, "", "!")
    table.undo("ben1")
    table.redo("ben1")
    table.undo("anna")
    table.mark("anna", "first cut")
    table.image("ben1", None)
    assert isinstance(table.restore("ben1", 9), Event)
    table.undo("ben1")
    table.redo("ben1")
    table.assign("olga", "ben1", "owner")
    table.session.branch(Branched("origin", table.state.seq, "anna"), 0)
    return table.session.log


LOG = every_event()
STATES = [fold(LOG[:length]) for length in range(len(LOG) + 1)]


def seen(state: State) -> tuple[object, ...]:
    """What a state tells; two states that differ here are different."""
    return (
        state_hash(state),
        state.take,
        dict(state.entries.get(state.take, {})),
        sorted(state.participants),
        sorted(state.dead),
        sorted(state.edits),
        {person: list(stack) for person, stack in state.redo.items()},
        [edit.seq for edit in state.pending()],
        dict(state.versions),
        {who: person.role for who, person in state.participants.items()},
        state.origin,
    )


def test_L3_the_log_of_these_tests_has_every_kind():
    bodies = {type(event.body) for event in LOG}
    assert bodies == set(get_args(Body))
    given = {type(event.body.instruction) for event in LOG if isinstance(event.body, Edited)}
    assert given == set(get_args(Instruction))
    assert any(isinstance(event.body, Edited) and event.body.group for event in LOG)
    assert any(isinstance(event.body, Undone) and event.body.texts for event in LOG)
    assert any(isinstance(event.body, Redone) and event.body.texts for event in LOG)


@pytest.mark.parametrize("event", LOG, ids=lambda event: f"{event.seq}-{type(event.body).__name__}")
def test_L3_an_old_state_and_an_event_are_the_fresh_state(event):
    old = copy.deepcopy(STATES[event.seq - 1])
    old.apply(event)
    assert old == STATES[event.seq] == fold(LOG[: event.seq])
    assert seen(old) == seen(STATES[event.seq])
    assert old != STATES[event.seq - 1]
    assert seen(old) != seen(STATES[event.seq - 1]), "the event changes something"


@pytest.mark.parametrize("length", range(len(LOG)))
def test_L3_any_old_state_and_the_events_since_are_the_fresh_state(length):
    old = copy.deepcopy(STATES[length])
    for event in LOG[length:]:
        old.apply(decode_server(encode(event)))
    assert old == STATES[-1]
    assert seen(old) == seen(STATES[-1])


@pytest.mark.parametrize("length", range(1, len(LOG)))
def test_L3_a_copy_of_a_state_is_equal_and_its_own(length):
    state = fold(LOG[:length])
    copied = state.copy()
    assert copied == state
    for event in LOG[length:]:
        copied.apply(event)
    assert copied == STATES[-1]
    assert state == STATES[length]
    assert seen(state) == seen(STATES[length])


@given(deeds)
def test_L3_so_in_any_session(deeds):
    room = Room()
    log, state = room.table.session.log, State()
    for deed in [*deeds, ("anna", "undo", 0, 0, "", None)]:
        for event in log[state.seq :]:
            state.apply(event)
        fresh = fold(log)
        assert state == fresh == room.table.state
        assert seen(state) == seen(fresh)
        room.do(deed)


# What each kind does to a state, one by one, so that a kind that is folded into nothing is noticed.


def after(*bodies: object, author: str = "anna") -> State:
    log = [
        Event(1, 0, "", Created(SETTINGS)),
        Event(2, 0, "", Joined("anna", "A", "#000000", "editor")),
    ]
    log += [Event(3 + n, 0, author, body) for n, body in enumerate(bodies)]
    return fold(log)


PAINT = Paint(((0, 0),), "#ff0000", 5)
EFFECTS = {
    Text: (next(e.body.instruction for e in LOG if isinstance(e.body, Edited)), "content"),
    Image: (Image(BLOB), "image"),
    Paint: (PAINT, "paint"),
    Erase: (Erase(((0, 0),), 5), "paint"),
    Drag: (Drag((0, 0), (1, 1), 5), "drag"),
    Trajectory: (Trajectory(((0, 0), (9, 9)), 5), "trajectory"),
    Camera: (Camera(pan=5), "camera"),
    Region: (Region(TRIANGLE, "gold"), "region"),
    Lock: (Lock(TRIANGLE), "lock"),
    Comment: (Comment("x", (0, 0), 0), "comment"),
    Revise: (Revise(3, color="#00ff00"), "paint"),
    Adjust: (Adjust(seed=2), "settings"),
}


@pytest.mark.parametrize("kind", get_args(Instruction))
def test_L3_each_instruction_changes_its_part_of_the_state_and_its_undo_takes_it_back(kind):
    instruction, part = EFFECTS[kind]

    def parts(state):
        return json.loads(canonical(state))

    before = parts(after(Edited(PAINT)))
    with_it = parts(after(Edited(PAINT), Edited(instruction)))
    undone = parts(after(Edited(PAINT), Edited(instruction), Undone((4,))))
    assert {name for name in before if before[name] != with_it[name]} == {part}
    assert undone == before
    again = parts(after(Edited(PAINT), Edited(instruction), Undone((4,)), Redone((4,))))
    assert again == with_it


def test_L3_each_body_does_what_it_says():
    assert after().base == after().settings == SETTINGS
    assert after().participants["anna"].name == "A"
    assert after(Edited(PAINT)).edits[3].instruction == PAINT
    assert after(Edited(PAINT), Edited(PAINT, group=3)).members(3) == [3, 4]
    assert after(Edited(PAINT), Undone((3,))).dead == {3}
    assert after(Edited(PAINT), Undone((3,))).redo == {"anna": [(3,)]}
    assert after(Edited(PAINT), Undone((3,)), Redone((3,))).dead == set()
    assert after(Edited(PAINT), Entered(1, 7, (3,))).mapping(1) == {3: 7}
    assert after(Edited(PAINT), Entered(1, 7, (3,)), Undone((3,))).mapping(1) == {}
    assert prompt_text(after(Edited(EFFECTS[Text][0])), "content") == "red sea"
