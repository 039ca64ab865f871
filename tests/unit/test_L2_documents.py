"""L2, L5: a lost commit or a refused update leaves the prompts' documents as if it had not come."""

import pytest
from deeds import PEOPLE, Room, deed
from hypothesis import given
from hypothesis import strategies as st
from people import Table
from yjs_clients import Pen, read_by_splices

from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Splice, Spliced, Typed
from framejam_protocol.limits import MAX_PROMPT_CHARS
from framejam_protocol.messages import Edit, Undo
from framejam_server.session import document
from framejam_server.session.session import Session


@pytest.fixture(autouse=True)
def _close_behind(monkeypatch):
    """Sessions of a test are short: what is kept for taking back must be shorter."""
    monkeypatch.setattr(document, "_BASE_BEHIND", 3)


def lose(table: Table, person: str, commands: int) -> None:
    """Some commands, one of them an undo, whose commit fails."""
    before, length = table.hash, len(table.session.log)
    effects = []
    for _ in range(commands):
        splices = (Splice(0, table.text[:1], "🦋lost"),)
        given = Spliced("content", table.state.seq, splices)
        effects += table.effects(person, Edit(table.number(person), given))
    effects += table.effects(person, Undo(table.number(person)))
    table.lose(person, effects)
    assert (table.hash, len(table.session.log)) == (before, length)


def refuse(table: Table, person: str) -> None:
    """An update that is only known to be too long when it was tried."""
    pen = Pen(table, person)
    table.refused(person, Typed("content", pen.write(0, "", "x" * (MAX_PROMPT_CHARS + 1))))


accident = st.tuples(st.sampled_from(["lose", "refuse", "restart"]), st.integers(1, 9))
history = st.sampled_from([5, 25]).flatmap(
    lambda n: st.lists(st.one_of(deed, deed, deed, accident), min_size=n, max_size=n + 10)
)


@given(history, st.sampled_from(PEOPLE))
def test_L2_whatever_is_lost_or_refused_everybody_types_on(history, person):
    room = Room()
    table = room.table
    for one in history:
        match one:
            case ("lose", commands):
                lose(table, person, commands)
            case ("refuse", _):
                refuse(table, person)
            case ("restart", _):
                table.restart()
            case _:
                room.do(one)
    for writer in PEOPLE:
        Pen(table, writer).type(len(table.text), "", "!")
        table.spliced(writer, 0, table.text[:1], "-")
    assert table.state == fold(table.session.log)
    assert read_by_splices(table.session.log) == table.text == Pen(table, person).text
    again = Session(table.session.log)
    again.prepare()
    assert again.state == table.state


@pytest.mark.parametrize("edits", range(1, 12))
def test_L2_however_much_is_taken_back(edits):
    table = Table("anna", "ben1")
    for place in range(9):
        Pen(table, "ben1").type(place, "", "a")
    before = table.text
    lose(table, "anna", edits)
    Pen(table, "ben1").type(9, "", "!")
    assert table.text == Pen(table, "anna").text == before + "!"


def test_L2_lost_characters_beyond_16_bits_are_forgotten():
    table = Table("anna", "ben1")
    unsent = Pen(table, "anna").write(0, "", "🦋")
    table.lose("anna", table.effects("anna", Edit(table.number("anna"), Typed("content", unsent))))
    anna = Pen(table, "anna")
    anna.type(0, "", "ab")
    anna.type(1, "", "c")
    anna.type(1, "c", "")
    anna.type(1, "b", "")
    assert table.text == Pen(table, "ben1").text == "a"
