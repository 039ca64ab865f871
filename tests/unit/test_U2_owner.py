"""U2: an owner undoes another's group by naming it; everybody may name one of their own."""

import pytest
from people import Table

from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.fold.merge import newest
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Paint
from framejam_protocol.messages import Refusal


def studio():
    """Olga owns the session; anna and ben edit."""
    table = Table("anna", "ben1")
    table.join("olga", "owner")
    return table


def painted(table):
    return [edit.seq for edit in newest(table.state, [Paint])]


def refused_undo(table, person, group):
    before = table.hash, table.state.dead.copy(), len(table.session.log)
    refusal = table.undo(person, group)
    assert isinstance(refusal, Refusal), refusal
    assert (table.hash, table.state.dead, len(table.session.log)) == before
    return refusal


def test_U2_an_owner_undoes_anothers_group_and_the_log_says_who_did():
    table = studio()
    annas, bens = table.paint("anna"), table.paint("ben1")
    event = table.undo("olga", annas)
    assert (event.author, event.body.groups) == ("olga", (annas,))
    assert table.state.edits[annas].author == "anna"
    assert painted(table) == [bens]


def test_U2_only_owners_undo_what_is_anothers():
    table = studio()
    table.join("vera", "viewer")
    bens, olgas = table.paint("ben1"), table.paint("olga")
    for person in ("anna", "vera"):
        for group in (bens, olgas):
            refusal = refused_undo(table, person, group)
            assert (refusal.code, refusal.field, refusal.rule) == (Code.FORBIDDEN, "group", "U2")
            assert "owner" in refusal.message


def test_U2_an_owners_undo_without_a_name_takes_their_own_only():
    table = studio()
    table.paint("anna")
    assert table.undo("olga").code == Code.NOTHING_TO_UNDO
    olgas = table.paint("olga")
    table.paint("anna")
    assert table.undo("olga").body.groups == (olgas,)


def test_U2_redo_of_it_stays_with_the_owner():
    table = studio()
    annas = table.paint("anna")
    table.undo("olga", annas)
    assert table.redo("anna").code == Code.NOTHING_TO_REDO
    assert table.redo("olga").body.groups == (annas,)
    assert painted(table) == [annas]


def test_U2_the_persons_own_redo_stack_is_untouched():
    table = studio()
    first, second = table.paint("anna"), table.paint("anna")
    table.undo("anna")
    table.undo("olga", first)
    assert table.state.redo == {"anna": [(second,)], "olga": [(first,)]}
    assert table.redo("anna").body.groups == (second,)
    assert painted(table) == [second]
    assert table.redo("olga").body.groups == (first,)


def test_U2_a_new_edit_of_the_person_leaves_the_owners_redo():
    table = studio()
    annas = table.paint("anna")
    table.undo("olga", annas)
    later = table.paint("anna")
    assert table.redo("olga").body.groups == (annas,)
    assert painted(table) == [annas, later]


def test_U2_the_person_does_not_undo_it_a_second_time():
    table = studio()
    first, second = table.paint("anna"), table.paint("anna")
    table.undo("olga", second)
    assert table.undo("anna").body.groups == (first,)
    assert isinstance(table.undo("anna"), Refusal)


def test_U2_one_names_an_older_group_of_ones_own():
    table = studio()
    first, second, third = (table.paint("anna") for _ in range(3))
    assert table.undo("anna", second).body.groups == (second,)
    assert painted(table) == [first, third]
    assert table.redo("anna").body.groups == (second,)
    assert painted(table) == [first, second, third]


def test_U2_a_whole_gesture_goes_by_the_name_of_its_first_edit():
    table = studio()
    first = table.paint("anna", group="g")
    table.paint("ben1")
    member = table.paint("anna", group="g")
    refusal = refused_undo(table, "olga", member)
    assert (refusal.code, refusal.field) == (Code.NOT_FOUND, "group")
    assert str(first) in refusal.message, "it says what the group is called"
    table.undo("olga", first)
    assert table.state.dead == {first}
    assert not table.state.live(member)


@pytest.mark.parametrize("group", [1, 2, 999])
def test_U2_what_is_no_edit_cannot_be_undone(group):
    table = studio()
    table.paint("anna")
    refusal = refused_undo(table, "olga", group)
    assert (refusal.code, refusal.field, refusal.rule) == (Code.NOT_FOUND, "group", "U2")


def test_U2_an_undo_is_no_group():
    table = studio()
    table.paint("anna")
    undone = table.undo("anna").seq
    assert refused_undo(table, "anna", undone).code == Code.NOT_FOUND


@pytest.mark.parametrize("second", ["anna", "olga"])
def test_U2_what_is_undone_already_is_not_undone_again(second):
    table = studio()
    annas = table.paint("anna")
    table.undo("olga", annas)
    refusal = refused_undo(table, second, annas)
    assert (refusal.code, refusal.field, refusal.rule) == (Code.NOTHING_TO_UNDO, "group", "U2")


def test_U2_a_named_group_that_is_covered_is_undone_alone_and_says_by_what():
    table = studio()
    painted_first = table.paint("anna")
    hers = table.content("anna", "hers")
    his = table.content("ben1", "his")
    undone = table.undo("olga", hers)
    assert (undone.body.groups, undone.body.shadowed_by) == ((hers,), his)
    assert painted(table) == [painted_first], "a name takes no other group with it"


def test_U2_an_owner_takes_out_somebodys_letters_around_what_others_typed():
    table = studio()
    table.spliced("ben1", 0, "", "a sea")
    annas = table.spliced("anna", 2, "", "red ")
    table.spliced("ben1", 4, "", "--")
    undone = table.undo("olga", annas)
    assert isinstance(undone, Event)
    assert table.text == "a --sea"
    table.redo("olga")
    assert table.text == "a re--d sea"


def test_U2_the_owners_stack_survives_a_restart():
    table = studio()
    annas = table.paint("anna")
    table.undo("olga", annas)
    table.restart()
    assert fold(table.session.log).redo == {"olga": [(annas,)]}
    assert table.redo("olga").body.groups == (annas,)
