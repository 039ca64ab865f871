"""M3: whatever updates somebody makes up, they are refused or read alike by every document."""

from hypothesis import given
from hypothesis import strategies as st
from people import Table
from yjs_clients import Pen, letters, number, place, read_by_splices, update

from framejam_protocol.events import Event
from framejam_protocol.instructions import Typed
from framejam_server.session.session import Session
from framejam_server.session.yjs import SERVER, client_of, read_update

PEOPLE = ("anna", "ben1")
CLIENTS = (client_of("tab-of-anna"), client_of("tab-of-ben1"), SERVER)
TEXTS = ("a", "bc", "🦋", "x🦋y", "é")

near = st.integers(-3, 1)  # a clock, counted from the end of what its client has written
neighbour = st.none() | st.tuples(st.sampled_from(CLIENTS), near)
piece = st.tuples(st.sampled_from(["letters"] * 5 + ["deleted", "gc"]), neighbour, neighbour)
deletion = st.tuples(st.sampled_from(CLIENTS), near, st.integers(1, 3))
made_up = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from([0, 0, 0, -1, 1]),
    st.lists(st.tuples(piece, st.sampled_from(TEXTS)), max_size=3),
    st.lists(deletion, max_size=2),
)
honest = st.tuples(st.sampled_from(["type", "splice", "undo"]), st.integers(0, 9))


def written(table: Table) -> dict[int, int]:
    """How many units each Yjs client has written."""
    spans = read_update(Pen(table, "anna").doc.get_update()).spans
    return {one: max((c + n for who, c, n in spans if who == one), default=0) for one in CLIENTS}


def data_of(table: Table, person: str, start: int, pieces: list, deletions: list) -> bytes:
    """The bytes of an update that somebody made up."""
    ends = written(table)
    own = client_of(f"tab-of-{person}")
    first = clock = max(0, ends[own] + start)
    structs = []
    for (kind, *neighbours), text in pieces:
        ends[own] = clock
        left, right = (
            (one[0], max(0, ends[one[0]] + one[1])) if one else None for one in neighbours
        )
        if kind == "letters":
            structs.append(letters(text, left, right))
            clock += len(text.encode("utf-16-le")) // 2
        else:
            beginning = place(1, left, right, "text") if kind == "deleted" else b"\x00"
            structs.append(beginning + number(2))
            clock += 2
    ranges: dict[int, list[tuple[int, int]]] = {}
    for client, at, length in deletions:
        ranges.setdefault(client, []).append((max(0, ends[client] + at), length))
    return update({(own, first): structs} if structs else {}, ranges)


@given(st.lists(st.one_of(made_up, made_up, honest), min_size=1, max_size=12))
def test_M3_strange_updates_never_part_the_documents_from_the_text(deeds):
    table = Table(*PEOPLE)
    table.content("anna", "h🦋lo")
    for one in deeds:
        match one:
            case ("type", at):
                pen = Pen(table, "ben1")
                pen.type(at % (len(pen.text) + 1), "", "ü🦋")
            case ("splice", at):
                table.spliced("anna", at % (len(table.text) + 1), "", "s")
            case ("undo", at):
                table.undo(PEOPLE[at % 2])
            case (person, start, pieces, deletions):
                data = data_of(table, person, start, pieces, deletions)
                outcome = table.give(person, Typed("content", data))
                assert isinstance(outcome, Event) or outcome.field == "instruction.update"
        assert Pen(table, "anna").text == table.text == read_by_splices(table.session.log)
    assert Session(table.session.log).state == table.state
    table.restart()
    Pen(table, "ben1").type(0, "", "!")
    assert Pen(table, "anna").text == table.text
