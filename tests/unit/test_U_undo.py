"""U: everyone's undo is their own, derived from the log, and n undos and n redos cancel out."""

from people import Table

from framejam_protocol.errors import Code
from framejam_protocol.events import Event, Redone, Undone
from framejam_protocol.fold.merge import newest, prompt_text
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Paint
from framejam_protocol.messages import Refusal
from framejam_server.session.session import Session


def painted(table):
    return [edit.seq for edit in newest(table.session.state, [Paint])]


def text(table):
    return prompt_text(table.session.state, "content")


def test_U1_undo_and_redo_are_events_and_the_log_only_grows():
    table = Table("anna")
    edit = table.paint("anna")
    length = len(table.session.log)
    undone, redone = table.undo("anna"), table.redo("anna")
    assert undone.body == Undone(groups=(edit,))
    assert redone.body == Redone(groups=(edit,))
    assert [event.seq for event in (undone, redone)] == [length + 1, length + 2]
    assert len(table.session.log) == length + 2


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


def test_U3_the_state_is_the_fold_over_what_is_not_undone():
    table, never = Table("anna", "ben1"), Table("anna", "ben1")
    table.paint("anna", "#111111")
    undone = table.paint("anna", "#222222")
    never.paint("anna", "#111111")
    never.edit("anna", table.session.state.edits[undone].instruction)
    table.content("ben1", "sea")
    never.content("ben1", "sea")
    table.undo("anna")
    assert painted(table) == [seq for seq in painted(never) if seq != undone]
    assert text(table) == text(never) == "sea"


def test_U3_a_shadowed_undo_succeeds_and_says_by_what():
    table = Table("anna", "ben1")
    table.content("anna", "hers")
    later = table.content("ben1", "his")
    before = table.hash
    undone = table.undo("anna")
    assert isinstance(undone, Event)
    assert undone.body.shadowed_by == later
    assert table.hash == before
    # When the cover goes, what was undone stays undone.
    table.undo("ben1")
    assert text(table) == ""


def test_U3_one_press_passes_shadowed_groups_and_names_them_all():
    table = Table("anna", "ben1")
    stroke = table.paint("anna")
    first = table.content("anna", "hers")
    table.content("ben1", "his")
    undone = table.undo("anna")
    assert undone.body == Undone(groups=(first, stroke))
    assert painted(table) == []
    assert text(table) == "his"
    table.redo("anna")
    assert painted(table) == [stroke]


def test_U3_undoing_the_owner_of_a_field_uncovers_the_one_before():
    table = Table("anna", "ben1")
    table.content("anna", "hers")
    table.content("ben1", "his")
    table.undo("ben1")
    assert text(table) == "hers"


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
    before, mapping = table.hash, table.session.state.mapping(1)
    presses = 0
    while isinstance(table.undo("anna"), Event):
        presses += 1
    assert presses == 4
    assert set(table.session.state.mapping(1)) == {edits[2], edits[3]}
    for _ in range(presses):
        assert isinstance(table.redo("anna"), Event)
    assert table.hash == before
    assert table.session.state.mapping(1) == mapping


def test_U4_a_new_edit_clears_its_authors_redo_stack_only():
    table = Table("anna", "ben1")
    table.paint("anna")
    bens = table.paint("ben1")
    table.undo("anna")
    table.undo("ben1")
    table.paint("anna")
    refusal = table.redo("anna")
    assert isinstance(refusal, Refusal)
    assert refusal.code == Code.NOTHING_TO_REDO
    assert table.redo("ben1").body.groups == (bens,)


def test_U5_stacks_are_derived_from_the_log():
    table = Table("anna", "ben1")
    first = table.paint("anna")
    second = table.paint("anna")
    table.undo("anna")
    rebuilt = Session(table.session.log)
    assert rebuilt.state.redo == fold(table.session.log).redo == {"anna": [(second,)]}
    table.session = rebuilt
    rebuilt.bind("another-tab", "anna")
    table.sent.clear()
    rebuilt.bind("tab-of-anna", "anna")
    assert table.redo("anna").body.groups == (second,)
    assert table.undo("anna").body.groups == (second,)
    assert table.undo("anna").body.groups == (first,)


def test_U5_stacks_belong_to_the_person_not_the_tab():
    from framejam_protocol.messages import Undo

    table = Table("anna")
    stroke = table.paint("anna")
    table.session.bind("another-tab", "anna")
    effects = table.session.command("anna", "another-tab", Undo(1), 9)
    assert Table.outcome(effects).body.groups == (stroke,)


def test_M2_last_writer_wins_by_seq_per_field():
    table = Table("anna", "ben1")
    table.content("anna", "first")
    table.motion("ben1", "left")
    table.content("ben1", "last")
    assert text(table) == "last"
    assert prompt_text(table.session.state, "motion") == "left"
