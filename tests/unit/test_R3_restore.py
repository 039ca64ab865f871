"""R3: versions are named, restored, and a restore is undone like any gesture."""

import pytest
from deeds import Room, deeds
from hypothesis import given
from people import SETTINGS, Table

from framejam_protocol.errors import Code
from framejam_protocol.events import Event, Restored
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold
from framejam_protocol.limits import MAX_VERSIONS
from framejam_protocol.messages import Refusal


def restored(table: Table, person: str, to: int) -> Event:
    event = table.restore(person, to)
    assert isinstance(event, Event), event
    assert isinstance(event.body, Restored)
    return event


def test_R3_a_restore_gives_the_state_of_that_seq_and_its_undo_the_one_before():
    table = Table("anna", "ben1")
    table.content("anna", "a red sea")
    table.paint("ben1")
    table.undo("ben1")
    table.adjust("anna", guidance=300)
    named, then = table.state.seq, table.hash
    table.redo("ben1")
    table.content("ben1", "a blue sea")
    table.adjust("ben1", seed=9)
    table.undo("anna")
    table.drag("anna")
    before = table.hash
    restored(table, "anna", named)
    assert table.hash == then
    assert table.text == "a red sea"
    assert (table.state.settings.seed, table.state.settings.guidance) == (SETTINGS.seed, 300)
    table.undo("anna")
    assert table.hash == before
    table.redo("anna")
    assert table.hash == then
    table.undo("anna")
    table.undo("anna")  # the drag, which is the newest of theirs again
    assert not table.state.live(table.state.by_author["anna"][-2])


def test_R3_the_mapping_of_that_seq_is_back_in_force_and_goes_with_the_undo():
    table = Table("anna")
    first, second = table.paint("anna"), table.drag("anna")
    table.session.enter(1, {5: (first, second)}, 0)
    named = table.state.seq
    table.session.enter(1, {2: (first,), 3: (second,)}, 0)
    third = table.erase("anna")
    table.session.enter(1, {4: (third,)}, 0)
    restored(table, "anna", named)
    assert table.state.mapping(1) == {first: 5, second: 5}
    table.session.enter(1, {1: (second,)}, 0)
    table.undo("anna")
    assert table.state.mapping(1) == {first: 2, second: 1, third: 4}, "who moved it since stays"
    table.redo("anna")
    assert table.state.mapping(1) == {first: 5, second: 1}


def test_R3_the_mapping_is_that_of_the_take_in_force_then():
    table = Table("anna")
    first = table.paint("anna")
    table.session.enter(1, {5: (first,)}, 0)
    named = table.state.seq
    table.session.enter(1, {2: (first,)}, 0)
    table.adjust("anna", seed=9)
    table.session.enter(2, {0: (first,)}, 0)
    assert table.state.take == 2
    restored(table, "anna", named)
    assert table.state.take == 1
    assert table.state.mapping(1) == {first: 5}
    assert table.state.mapping(2) == {first: 0}


def test_R3_only_whole_restores_are_undone_and_by_their_author():
    table = Table("anna", "ben1")
    table.paint("anna")
    named = table.state.seq
    table.paint("anna")
    table.paint("ben1")
    before = table.hash
    event = restored(table, "ben1", named)
    table.undo("anna")  # her own newest live one: the stroke that is left
    assert table.state.author_of(event.seq) == "ben1"
    assert table.state.live(named) is False
    table.redo("anna")
    table.undo("ben1")
    assert table.hash == before


def test_R3_a_restore_over_a_restore_is_turned_back_in_order():
    table = Table("anna", "ben1")
    hashes = {}
    for place in range(3):
        table.paint("anna", color=f"#00000{place}")
        hashes[table.state.seq] = table.hash
    one, two, three = hashes
    first = restored(table, "anna", one)
    second = restored(table, "ben1", three)
    assert table.hash == hashes[three]
    assert first.seq in table.state.dead, "it came after what was restored"
    assert not isinstance(table.restore("ben1", two), Refusal)
    assert table.hash == hashes[two]
    table.undo("ben1")
    assert table.hash == hashes[three]
    table.undo("ben1")
    assert table.hash == hashes[one]
    assert second.seq in table.state.dead
    table.undo("anna")
    assert table.hash == hashes[three]


def test_R3_a_mark_ends_every_gesture_so_that_none_is_half_in_a_version():
    table = Table("anna", "ben1")
    table.spliced("ben1", 0, "", "red", group="typing")
    table.mark("anna", "red")
    then, named = table.hash, table.state.seq - 1
    table.spliced("ben1", 3, "", " sea", group="typing")
    restored(table, "anna", named)
    assert (table.text, table.hash) == ("red", then)
    table.spliced("ben1", 3, "", "dish", group="typing")
    assert table.text == "reddish", "an edit after a restore belongs to no gesture of before"


def test_R3_names_are_given_changed_and_taken_away():
    table = Table("anna", "ben1")
    table.paint("anna")
    named = table.state.seq
    table.mark("anna", "first")
    assert {of: one.name for of, one in table.state.versions.items()} == {named: "first"}
    table.mark("ben1", "second", of=named)
    version = table.state.versions[named]
    assert (version.name, version.author, version.seq) == ("second", "ben1", table.state.seq)
    table.mark("ben1", None, of=named)
    assert table.state.versions == {}


@pytest.mark.parametrize(
    ("name", "of", "code", "field"),
    [
        (None, None, Code.NOT_FOUND, "name"),
        ("x", 99, Code.NOT_FOUND, "of"),
        (" \t", None, Code.INVALID, "name"),
    ],
)
def test_R3_a_wrong_name_is_refused(name, of, code, field):
    table = Table("anna")
    refusal = table.mark("anna", name, of)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field, refusal.rule) == (code, field, "R3")


def test_R3_there_are_so_many_versions_at_most():
    table = Table("anna")
    for _ in range(MAX_VERSIONS):
        assert isinstance(table.mark("anna", "x"), Event)
    refusal = table.mark("anna", "one more")
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.TOO_LARGE
    assert isinstance(table.mark("anna", "another name", of=table.state.seq - 1), Event)


def test_R3_nothing_to_restore_is_said():
    table = Table("anna")
    table.paint("anna")
    for to, code in ((table.state.seq, Code.INVALID), (99, Code.NOT_FOUND)):
        refusal = table.restore("anna", to)
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.field, refusal.rule) == (code, "to", "R3")


@pytest.mark.parametrize("what", ["mark", "restore"])
def test_A1_a_viewer_names_and_restores_nothing(what):
    table = Table("anna")
    table.join("vera", "viewer")
    table.paint("anna")
    refusal = table.mark("vera", "mine") if what == "mark" else table.restore("vera", 1)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.rule) == (Code.FORBIDDEN, "A1")


@given(deeds)
def test_R3_in_any_session_a_restore_gives_back_every_state_and_folds_as_it_was_applied(deeds):
    room = Room()
    for deed in deeds:
        room.do(deed)
    table = room.table
    log = list(table.session.log)
    for to in range(1, len(log) + 1, 3):
        then, straddling = fold(log[:to]), False
        for seq, edit in table.state.edits.items():
            straddling = straddling or (edit.group <= to < seq)
        before = (table.hash, dict(table.state.mapping(table.state.take)))
        event = table.restore("anna", to)
        if isinstance(event, Refusal):
            assert event.code == Code.INVALID
            assert straddling or state_hash(then) == before[0]
            continue
        if not straddling:
            assert table.hash == state_hash(then)
            assert table.state.take == then.take
            entered = then.mapping(then.take)
            now = table.state.mapping(then.take)
            assert {seq: now[seq] for seq in entered} == entered
        assert fold(table.session.log) == table.state
        assert isinstance(table.undo("anna"), Event)
        assert (table.hash, dict(table.state.mapping(table.state.take))) == before
