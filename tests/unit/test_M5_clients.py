"""M5 and more, over random sessions: whoever has seen seq n shows the same, whatever its way."""

from deeds import PEOPLE, Room, deeds
from hypothesis import given
from hypothesis import strategies as st
from yjs_clients import Pen, read_by_splices

from framejam_protocol.events import Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.state import State, fold
from framejam_protocol.messages import Events
from framejam_protocol.wire import decode_server, encode
from framejam_server.session.session import Session


def played(deeds):
    room = Room()
    for deed in deeds:
        room.do(deed)
    return room.table


@given(deeds, st.lists(st.integers(1, 9), max_size=40))
def test_M5_events_in_any_pieces_give_the_same_state_and_texts(deeds, sizes):
    table = played(deeds)
    log, state, pen = table.session.log, State(), Pen(table, "anna", "a-late-tab")
    sizes = [*sizes, len(log)]
    while state.seq < len(log):
        piece = tuple(log[state.seq : state.seq + sizes.pop(0)])
        for event in decode_server(encode(Events(events=piece))).events:
            state.apply(event)
    assert state == fold(log) == table.state
    assert state_hash(state) == table.hash
    assert read_by_splices(log) == pen.text == prompt_text(state, "content")


@given(deeds)
def test_M3_everybody_reads_the_same_text_at_every_seq(deeds):
    table = played(deeds)
    state, text = State(), ""
    for event in table.session.log:
        state.apply(event)
        text = read_by_splices([event], text)
        assert text == prompt_text(state, "content")
    assert [Pen(table, person).text for person in PEOPLE] == [text] * len(PEOPLE)


@given(deeds)
def test_M3_the_server_starts_again_as_it_was(deeds):
    table = played(deeds)
    again = Session(table.session.log)
    assert again.state == table.state
    for person in PEOPLE:
        before = table.text
        table.spliced(person, len(before), "", "!")
        table.restart()
        assert table.text == Pen(table, person).text == before + "!"


@given(deeds, st.sampled_from(PEOPLE), st.integers(1, 5))
def test_U4_as_many_redos_as_undos_give_the_same_state_and_mapping(deeds, person, presses):
    table = played(deeds)
    before, mapping = table.hash, table.state.mapping(table.state.take)
    done = sum(isinstance(table.undo(person), Event) for _ in range(presses))
    for _ in range(done):
        assert isinstance(table.redo(person), Event)
    assert table.hash == before
    assert table.state.mapping(table.state.take) == mapping
    assert Pen(table, person).text == table.text


@given(deeds, st.sampled_from(PEOPLE))
def test_U2_an_undo_takes_no_letter_of_others(deeds, person):
    table = played(deeds)
    before = [prose.writers for prose in table.state.prompts.values()]
    undone = table.undo(person)
    if not isinstance(undone, Event):
        return
    assert all(table.state.author_of(group) == person for group in undone.body.groups)
    if not table.state.restores.keys().isdisjoint(undone.body.groups):
        return  # everybody's gestures go with a restore (R3)
    for then, prose in zip(before, table.state.prompts.values(), strict=True):
        now = prose.writers
        for seq, letters in then.items():
            if table.state.edits[seq].author != person:
                assert now.get(seq, 0) >= letters, f"letters of edit {seq} went"


@given(deeds, st.sampled_from(PEOPLE))
def test_U3_an_undo_says_shadowed_only_where_nothing_visible_changed(deeds, person):
    table = played(deeds)
    before = table.hash
    undone = table.undo(person)
    if isinstance(undone, Event) and undone.body.shadowed_by is not None:
        assert table.hash == before
        assert undone.body.shadowed_by not in undone.body.groups
        assert table.state.live(undone.body.shadowed_by)
        cover = table.state.edits[undone.body.shadowed_by]
        assert cover.group not in undone.body.groups
