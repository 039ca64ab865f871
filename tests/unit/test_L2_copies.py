"""L2: a failed commit is taken back from a copy of the durable state, not from the log.

The copy and what it was made of have nothing in common that changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from people import BLOB, TRIANGLE, Table, stroke
from pycrdt import Doc, Text

from framejam_protocol.events import Body, Branched, Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.prose import Prose
from framejam_protocol.fold.state import State, fold
from framejam_protocol.instructions import (
    Adjust,
    Comment,
    Content,
    Drag,
    Image,
    Lock,
    Motion,
    Negative,
    Revise,
    Splice,
    Spliced,
    Typed,
)
from framejam_protocol.messages import Edit, Redo, Undo
from framejam_server.session import document
from framejam_server.session.session import Session
from framejam_server.session.text import texts_of
from framejam_server.session.yjs import client_of


def commands(table: Table):
    """One of everything that changes a state, as (person, command without its number)."""
    seq = len(table.session.log)
    yield "anna", Content("a red horse")
    yield "ben1", Spliced("content", seq + 1, (Splice(2, "red", "blue"),))
    yield "anna", stroke()
    yield "ben1", Revise(target=seq + 3, color="#0000ff")
    yield "anna", Drag((0, 0), (9, 9), 100)
    yield "ben1", Image(BLOB)
    yield "anna", Motion("gallops")
    yield "ben1", Negative("stands")
    yield "anna", Lock(TRIANGLE)
    yield "ben1", Comment("look", (1, 1), 0)
    yield "anna", Adjust(guidance=300)
    yield "ben1", Adjust(seed=9)
    for who in ("anna", "ben1", "ben1"):
        yield who, "undo"
    for who in ("ben1", "anna"):
        yield who, "redo"


def give(table: Table, who: str, what):
    number = table.number(who)
    command = {"undo": Undo(number), "redo": Redo(number)}.get(
        what if what in ("undo", "redo") else ""
    )
    effects = table.effects(who, command or Edit(number, what, group=f"g{number // 2}"))
    assert isinstance(table.outcome(effects), Event), (who, what)
    return effects


def everything() -> list[Event]:
    """A log with every kind of event in it."""
    table = Table()
    for who, what in commands(table):
        give(table, who, what)
        if what == "undo":
            table.session.enter(table.session.state.take, {2: (4, 6)}, 0)
    for give_whole in (table.content, table.motion, table.negative):
        # Letters that one edit deleted, and when that was undone another.
        give_whole("anna", "one")
        give_whole("ben1", "two")
        table.undo("ben1")
        give_whole("anna", "three")
    table.mark("anna", "cut")
    table.restore("ben1", 12)
    table.paint("ben1")
    table.undo("ben1")
    table.join("olga", "owner")
    table.assign("olga", "ben1", "viewer")
    table.session.branch(Branched("origin", table.state.seq, "anna"), 0)
    return table.session.log


def test_L2_a_copy_is_equal_and_goes_its_own_way_at_every_event():
    log = everything()
    kinds = {type(event.body).__name__ for event in log}
    assert kinds == {body.__name__ for body in get_args(Body)}
    for cut in range(len(log)):
        state = fold(log[:cut])
        copy = state.copy()
        assert copy == state
        for event in log[cut:]:
            copy.apply(event)
        assert state == fold(log[:cut]), f"the copy's future showed in the state after {cut}"
        assert copy == fold(log)
        assert state_hash(copy) == state_hash(fold(log))
        if cut:
            back = state.copy()
            for event in log[cut:]:
                state.apply(event)
            assert back == fold(log[:cut])


def test_L2_every_field_of_a_state_is_copied():
    state = fold(everything())
    copy = state.copy()
    for name in State.__slots__:
        mine, other = getattr(copy, name), getattr(state, name)
        assert mine == other, name
        if isinstance(mine, dict | set | list):
            assert mine, f"an empty {name} shows nothing"
            assert mine is not other, name
        if isinstance(mine, dict):
            for key, value in mine.items():
                if isinstance(value, dict | set | list):
                    assert value is not other[key], (name, key)
    for prompt, prose in copy.prompts.items():
        for column in Prose.__slots__:
            mine, other = getattr(prose, column), getattr(state.prompts[prompt], column)
            assert mine == other, column
            assert mine, f"an empty {column} shows nothing"
            assert mine is not other, column


def test_L2_rolling_back_is_right_wherever_the_durable_state_stands():
    for stored in (0, 5, 9):
        table = Table()
        for event in table.session.log[1:]:
            table.session.durable.apply(event)
        steps = list(commands(table))
        for number, (who, what) in enumerate(steps[:10]):
            give(table, who, what)
            if number < stored:
                table.session.durable.apply(table.session.log[-1])
        before, length = table.hash, len(table.session.log)
        lost = [effect for who, what in steps[10:] for effect in give(table, who, what)]
        table.session.rollback(lost)
        assert table.hash == before
        assert table.session.state == fold(table.session.log)
        assert len(table.session.log) == length
        assert table.session.durable.seq == length - (10 - stored)
        assert table.session.durable == fold(table.session.log[: table.session.durable.seq])


@pytest.mark.parametrize("behind", [1, 3, 1000])
def test_L2_texts_are_right_however_far_back_a_commit_is_taken(monkeypatch, behind):
    """Whether the document that stays behind is beyond what is taken back, or not there at all."""
    monkeypatch.setattr(document, "_BASE_BEHIND", behind)
    for lost in (1, 2, 7):
        table, spared = Table(), Table()
        for number in range(12):
            for one in (table, spared):
                one.edit("anna", Content(f"word {number}"))
        effects = []
        for number in range(lost):
            effects += table.effects("ben1", Edit(table.number("ben1"), Content(f"lost {number}")))
        table.session.rollback(effects)
        table.sent["ben1"] -= lost
        for one in (table, spared):
            seq = len(one.session.log)
            one.edit("ben1", Spliced("content", seq - 1, (Splice(0, "word", "good"),)))
            one.edit("anna", Content("very good word 11", seq + 1))
        assert state_text(table) == state_text(spared) != ""
        ours, theirs = (
            [texts_of(event)[0].splices for event in one.session.log[-2:]]
            for one in (table, spared)
        )
        assert ours == theirs
        assert Session(table.session.log).state == table.session.state


def state_text(table: Table) -> str:
    return table.session.state.prompts["content"].text


def test_L2_a_session_may_be_prepared_at_any_time():
    table = Table()
    table.content("anna", "a red horse")
    early, late = Session(table.session.log), Session(table.session.log)
    early.prepare()
    early.prepare()
    for one in (early, late):
        assert one.bind("tab-of-ben1", "ben1") is not None
    made = [
        one.command(
            "ben1", "tab-of-ben1", Edit(1, Spliced("content", 4, (Splice(0, "a", "the"),))), 5
        )
        for one in (early, late)
    ]
    assert made[0] == made[1]
    assert early.state == late.state


def test_L2_a_character_that_was_taken_back_is_none_that_can_be_cut():
    """Its second unit is the name of another letter now."""
    table = Table()
    lost = typed("tab-of-ben1", lambda text: text.insert(0, "🦋"))
    effects = table.effects("ben1", Edit(1, Typed("content", lost[0])))
    table.session.rollback(effects)

    def between(text: Text) -> None:
        text.insert(0, "ab")
        text.insert(1, "x")

    for update in typed("tab-of-ben1", between):
        table.edit("ben1", Typed("content", update))
    assert state_text(table) == "axb"


def typed(client_id: str, write: Callable[[Text], None]) -> list[bytes]:
    """The updates of somebody who writes in an empty prompt."""
    doc = Doc(client_id=client_of(client_id))
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    write(doc.get("text", type=Text))
    return updates
