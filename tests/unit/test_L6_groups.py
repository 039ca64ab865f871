"""L6: a gesture of several edits is one group, and undo takes the group."""

import pytest
from people import Table, stroke
from yjs_clients import Pen

from framejam_protocol.events import Event
from framejam_protocol.instructions import Image
from framejam_protocol.limits import GROUP_SILENCE_MS, MAX_GROUP_EDITS
from framejam_protocol.messages import Edit, Refusal
from framejam_server.session.groups import Groups


def groups(table):
    """The group of each edit, in the order of the log."""
    return [edit.group for edit in table.state.edits.values()]


def test_L6_edits_under_one_name_are_one_group_named_by_its_first_edit():
    table = Table("anna")
    first = table.paint("anna", group="g")
    table.content("anna", "alone")
    second = table.paint("anna", group="g")
    third = table.drag("anna", group="g")
    assert groups(table) == [first, first + 1, second, second]
    assert table.state.members(second) == [second, third]
    assert table.session.log[-2].body.group is None, "the first edit names no group: it is one"
    assert table.session.log[-1].body.group == second


def test_L6_edits_without_a_name_stand_alone():
    table = Table("anna")
    assert groups(table) == []
    edits = [table.paint("anna") for _ in range(3)]
    assert groups(table) == edits


def test_L6_another_name_closes_a_group_for_good():
    table = Table("anna")
    first = table.paint("anna", group="one")
    second = table.paint("anna", group="two")
    again = table.paint("anna", group="one")
    assert groups(table) == [first, second, again]


@pytest.mark.parametrize("close", ["end_group", "release"])
def test_L6_the_client_or_its_disconnect_closes_a_group(close):
    table = Table("anna")
    first = table.paint("anna", group="g")
    getattr(table.session, close)("tab-of-anna")
    second = table.paint("anna", group="g")
    assert groups(table) == [first, second]


@pytest.mark.parametrize("close", ["end_group", "release"])
def test_L6_one_clients_end_is_not_anothers(close):
    table = Table("anna", "ben1")
    first = table.paint("anna", group="g")
    getattr(table.session, close)("tab-of-ben1")
    table.paint("anna", group="g")
    assert groups(table) == [first, first]


def test_L6_two_seconds_of_silence_close_a_group():
    table = Table("anna")
    first = table.paint("anna", group="g")
    table.now += GROUP_SILENCE_MS - 1
    table.paint("anna", group="g")
    table.now += GROUP_SILENCE_MS - 1
    table.paint("anna", group="g")  # as long as there is no silence it goes on
    table.now += GROUP_SILENCE_MS
    later = table.paint("anna", group="g")
    assert groups(table) == [first, first, first, later]
    assert GROUP_SILENCE_MS == 2000


def test_L6_a_clock_that_jumps_back_closes_a_group():
    table = Table("anna")
    table.now = 5000
    first = table.paint("anna", group="g")
    table.now = 1000
    later = table.paint("anna", group="g")
    table.paint("anna", group="g")
    assert groups(table) == [first, later, later]


def test_L6_a_group_has_a_bound():
    open_groups = Groups()
    first = {open_groups.of("tab", "g", 0)}
    for seq in range(10, 10 + MAX_GROUP_EDITS):
        open_groups.added("tab", "g", seq, 0)
        first.add(open_groups.of("tab", "g", 0))
    assert first == {None, 10}
    assert open_groups.of("tab", "g", 0) is None
    open_groups.added("tab", "g", 9999, 0)
    assert open_groups.of("tab", "g", 0) == 9999


def test_L6_the_last_edit_within_the_bound_joins_and_the_next_does_not():
    open_groups = Groups()
    for seq in range(1, MAX_GROUP_EDITS):
        open_groups.added("tab", "g", seq, 0)
    assert open_groups.of("tab", "g", 0) == 1
    open_groups.added("tab", "g", MAX_GROUP_EDITS, 0)
    assert open_groups.of("tab", "g", 0) is None


def test_L6_two_tabs_of_one_person_make_two_groups_of_one_name():
    table = Table("anna")
    first = table.paint("anna", group="g")
    other = table.edit("anna", Image(None), "g", tab="other-tab")
    again = table.paint("anna", group="g")
    assert groups(table) == [first, other, first]
    assert table.state.members(first) == [first, again]


def test_L6_two_people_make_two_groups_of_one_name():
    table = Table("anna", "ben1")
    annas, bens = table.paint("anna", group="g"), table.paint("ben1", group="g")
    table.paint("anna", group="g")
    assert groups(table) == [annas, bens, annas]


def test_L6_a_refused_edit_neither_closes_nor_begins_a_group():
    table = Table("anna")
    unknown = Image("cd" * 32)
    assert isinstance(table.give("anna", unknown, group="g"), Refusal)
    first = table.paint("anna", group="g")
    assert isinstance(table.give("anna", unknown, group="other"), Refusal)
    table.paint("anna", group="g")
    assert groups(table) == [first, first]


@pytest.mark.parametrize("press", ["undo", "redo"])
def test_L6_an_edit_after_an_undo_or_redo_begins_another_group(press):
    table = Table("anna")
    first = table.paint("anna", group="g")
    table.undo("anna")
    if press == "redo":
        table.redo("anna")
    later = table.paint("anna", group="g")
    assert groups(table) == [first, later]


def test_L6_an_undo_of_something_else_closes_the_group_too():
    table = Table("anna")
    older = table.paint("anna")
    first = table.paint("anna", group="g")
    table.undo("anna", older)
    later = table.paint("anna", group="g")
    assert groups(table) == [older, first, later]


def test_L6_nothing_joins_a_group_that_another_tab_or_the_owner_undid():
    table = Table("anna")
    table.join("olga", "owner")
    first = table.paint("anna", group="g")
    table.undo("anna", tab="other-tab")
    second = table.paint("anna", group="g")
    table.undo("olga", second)
    third = table.paint("anna", group="g")
    assert groups(table) == [first, second, third]
    assert table.state.dead == {first, second}
    assert table.state.live(third)


def test_L6_undo_takes_the_group_whole_and_redo_brings_it_back_whole():
    table = Table("anna", "ben1")
    table.spliced("ben1", 0, "", "sea")
    before = table.hash
    first = table.spliced("anna", 0, "", "red ", group="g")
    table.paint("ben1")
    table.paint("anna", group="g")
    table.adjust("anna", group="g", seed=7)
    table.comment("anna", group="g")
    table.undo("ben1")
    after = table.hash
    undone = table.undo("anna")
    assert undone.body.groups == (first,)
    assert table.hash == before
    assert table.redo("anna").body.groups == (first,)
    assert table.hash == after != before


def test_L6_a_typing_burst_over_several_messages_is_undone_at_once():
    table = Table("anna", "ben1")
    pen = Pen(table, "anna")
    pen.type(0, "", "r", group="burst")
    table.spliced("ben1", 1, "", "!")
    pen.type(1, "", "e", group="burst")
    pen.type(2, "", "d", group="burst")
    assert sorted(table.text) == sorted("red!")
    assert isinstance(table.undo("anna"), Event)
    assert table.text == "!"
    assert isinstance(table.redo("anna"), Event)
    assert sorted(table.text) == sorted("red!")


def test_L6_groups_survive_a_restart_but_none_stays_open():
    table = Table("anna")
    first = table.paint("anna", group="g")
    table.paint("anna", group="g")
    table.restart()
    later = table.paint("anna", group="g")
    assert groups(table) == [first, first, later]
    assert table.undo("anna").body.groups == (later,)
    assert table.undo("anna").body.groups == (first,)
    assert not any(map(table.state.live, table.state.edits))


def test_L6_a_rolled_back_edit_leaves_no_group_open():
    table = Table("anna")
    lost = table.effects("anna", Edit(1, stroke(), group="g"))
    table.session.rollback(lost)
    table.effects("anna", Edit(1, stroke(), group="g"))
    assert table.session.log[-1].body.group is None
