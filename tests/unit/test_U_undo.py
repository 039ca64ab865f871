"""U: everyone's undo is their own, derived from the log, and n undos and n redos cancel out."""

import pytest
from people import Table
from yjs_clients import Pen

from framejam_protocol.errors import Code
from framejam_protocol.events import Event, Redone, Undone
from framejam_protocol.fold.merge import newest
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Image, Paint
from framejam_protocol.messages import Refusal


def painted(table):
    return [edit.seq for edit in newest(table.state, [Paint])]


# -- U1, U2 ----------------------------------------------------------------------------------


def test_U1_undo_and_redo_are_events_and_the_log_only_grows():
    table = Table("anna")
    edit = table.paint("anna")
    length = len(table.session.log)
    undone, redone = table.undo("anna"), table.redo("anna")
    assert undone.body == Undone(groups=(edit,))
    assert redone.body == Redone(groups=(edit,))
    assert [event.seq for event in (undone, redone)] == [length + 1, length + 2]
    assert len(table.session.log) == length + 2


def test_U1_they_are_stamped_with_who_pressed():
    table = Table("anna")
    table.paint("anna")
    for event in (table.undo("anna"), table.redo("anna")):
        assert (event.author, event.client_id, event.at) == ("anna", "tab-of-anna", table.now - 1)
        table.now += 1


def test_U2_each_person_undoes_their_own_newest_live_group():
    table = Table("anna", "ben1")
    first = table.paint("anna")
    second = table.paint("anna")
    bens = table.paint("ben1")
    assert table.undo("anna").body.groups == (second,)
    assert table.undo("anna").body.groups == (first,)
    assert painted(table) == [bens]
    refusal = table.undo("anna")
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.NOTHING_TO_UNDO
    assert painted(table) == [bens]


def test_U2_what_was_undone_is_passed_on_the_next_press():
    table = Table("anna")
    first, second, third = (table.paint("anna") for _ in range(3))
    table.undo("anna", second)
    assert table.undo("anna").body.groups == (third,)
    assert table.undo("anna").body.groups == (first,)


# -- U4, U5 ----------------------------------------------------------------------------------


def test_U4_n_undos_and_n_redos_give_the_same_hash_and_mapping():
    table = Table("anna", "ben1")
    edits = [
        table.content("anna", "a"),
        table.paint("anna"),
        table.paint("ben1"),
        table.content("ben1", "b"),
        table.motion("anna", "left"),
        table.image("anna"),
    ]
    table.session.enter(1, {3: tuple(edits[:3]), 5: tuple(edits[3:])}, 0)
    before, mapping = table.hash, table.state.mapping(1)
    presses = 0
    while isinstance(table.undo("anna"), Event):
        presses += 1
    assert presses == 4
    assert set(table.state.mapping(1)) == {edits[2], edits[3]}
    for _ in range(presses):
        assert isinstance(table.redo("anna"), Event)
    assert table.hash == before
    assert table.state.mapping(1) == mapping
    assert isinstance(table.redo("anna"), Refusal)


def test_U4_undos_and_redos_cancel_out_in_a_text_where_others_typed_between():
    table = Table("anna", "ben1")
    anna = Pen(table, "anna")
    anna.type(0, "", "a red sea")
    table.spliced("ben1", 9, "", " now")
    table.spliced("anna", 2, "red", "blue", group="g")
    table.spliced("ben1", 3, "l", "LL")
    table.spliced("anna", 0, "a ", "", group="g")
    table.spliced("ben1", 0, "", "the ")
    table.spliced("anna", 0, "the", "one")
    assert table.text == "one bLLue sea now"
    before = table.text
    texts = [before]
    while isinstance(table.undo("anna"), Event):
        texts.append(table.text)
    assert texts == [before, "the bLLue sea now", "the a LLred sea now", "the LL now"]
    for text in reversed(texts[:-1]):
        assert isinstance(table.redo("anna"), Event)
        assert table.text == text
    assert anna.read().text == before


def test_U4_redo_brings_back_the_newest_undo_first():
    table = Table("anna")
    first, second = table.paint("anna"), table.paint("anna")
    table.undo("anna")
    table.undo("anna")
    assert table.redo("anna").body.groups == (first,)
    assert table.redo("anna").body.groups == (second,)


def test_U4_a_new_edit_clears_its_authors_redo_stack_only():
    table = Table("anna", "ben1")
    table.paint("anna")
    bens = table.paint("ben1")
    table.undo("anna")
    table.undo("ben1")
    table.paint("anna")
    refusal = table.redo("anna")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.rule) == (Code.NOTHING_TO_REDO, "U4")
    assert table.redo("ben1").body.groups == (bens,)


def test_U4_a_refused_edit_clears_no_stack():
    table = Table("anna")
    edit = table.paint("anna")
    table.undo("anna")
    table.refused("anna", Image("cd" * 32))
    assert table.redo("anna").body.groups == (edit,)


def test_U4_an_undo_after_undos_adds_to_the_stack():
    table = Table("anna")
    first, second = table.paint("anna"), table.paint("anna")
    table.undo("anna")
    table.redo("anna")
    table.undo("anna")
    table.undo("anna")
    assert table.state.redo == {"anna": [(second,), (first,)]}


def test_U5_stacks_are_derived_from_the_log_and_survive_a_restart():
    table = Table("anna", "ben1")
    first = table.paint("anna")
    second = table.paint("anna")
    table.undo("anna")
    assert fold(table.session.log).redo == {"anna": [(second,)]}
    table.restart()
    assert table.state.redo == {"anna": [(second,)]}
    assert table.redo("anna").body.groups == (second,)
    assert table.undo("anna").body.groups == (second,)
    assert table.undo("anna").body.groups == (first,)


def test_U5_typing_is_undone_and_redone_after_a_restart():
    table = Table("anna", "ben1")
    Pen(table, "anna").type(0, "", "red")
    table.spliced("ben1", 1, "", "--")
    table.restart()
    table.undo("anna")
    assert table.text == Pen(table, "ben1").text == "--"
    table.restart()
    table.redo("anna")
    assert table.text == Pen(table, "ben1").text == "r--ed"


def test_U5_stacks_belong_to_the_person_not_the_tab():
    table = Table("anna")
    first = table.paint("anna")
    second = table.edit("anna", Image(None), tab="other-tab")
    assert table.undo("anna", tab="other-tab").body.groups == (second,)
    assert table.undo("anna", tab="other-tab").body.groups == (first,)
    assert table.redo("anna").body.groups == (first,)


@pytest.mark.parametrize(
    "deed", ["content", "motion", "image", "paint", "erase", "drag", "comment"]
)
def test_U4_undo_and_redo_of_every_kind_cancel_out(deed):
    table = Table("anna", "ben1")
    table.content("ben1", "sea")
    before = table.hash
    getattr(table, deed)("anna", *(["x"] if deed in ("content", "motion") else []))
    after = table.hash
    assert after != before
    table.undo("anna")
    assert table.hash == before
    table.redo("anna")
    assert table.hash == after
