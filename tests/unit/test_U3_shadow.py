"""U3: an undo that a later edit covers succeeds, changes nothing visible and says by what."""

import pytest
from people import Table

from framejam_protocol.events import Event, Undone
from framejam_protocol.fold.merge import image_in_force, newest, revised
from framejam_protocol.instructions import Adjust, Drag, Erase, Paint, Splice, Spliced

OTHER_BLOB = "cd" * 32


def three():
    table = Table("anna", "ben1", "cleo")
    table.session.blobs.add(OTHER_BLOB)
    return table


def painted(table):
    return [edit.seq for edit in newest(table.state, [Paint])]


def shadowed(table, person, group=None):
    """What covers an undo that changes nothing visible."""
    before = table.hash
    undone = table.undo(person, group)
    assert isinstance(undone, Event), undone
    assert table.hash == before
    assert not any(text.splices for text in undone.body.texts)
    return undone.body.shadowed_by


def visible(table, person, group=None):
    """Asserts that an undo changes what people see, and says so."""
    before = table.hash
    undone = table.undo(person, group)
    assert undone.body.shadowed_by is None
    assert table.hash != before
    return undone.body.groups


def test_U3_the_state_is_the_fold_over_what_is_not_undone():
    table, never = Table("anna", "ben1"), Table("anna", "ben1")
    for each in (table, never):
        each.paint("anna", "#111111")
    undone = table.paint("anna", "#222222")
    never.join("other")  # takes up the seq
    for each in (table, never):
        each.spliced("ben1", 0, "", "sea", base=0)
        each.adjust("ben1", seed=4)
    table.undo("anna")
    never.join("another")
    assert table.hash == never.hash
    assert undone not in painted(table)


# -- texts -----------------------------------------------------------------------------------


def test_U3_typing_that_a_teammate_deleted_is_shadowed():
    table = three()
    table.spliced("anna", 0, "", "red")
    later = table.spliced("ben1", 0, "red", "")
    assert shadowed(table, "anna") == later
    # When the cover goes, what was undone stays undone.
    table.undo("ben1")
    assert table.text == ""


def test_U3_typing_that_a_teammate_deleted_in_part_is_visible():
    table = three()
    table.spliced("anna", 0, "", "red")
    table.spliced("ben1", 0, "re", "")
    visible(table, "anna")
    assert table.text == ""


def test_U3_the_cover_is_the_newest_of_those_who_deleted():
    table = three()
    table.spliced("anna", 0, "", "red")
    table.spliced("ben1", 1, "ed", "")
    newest_cover = table.spliced("cleo", 0, "r", "")
    assert shadowed(table, "anna") == newest_cover


def test_U3_an_undone_deletion_covers_nothing():
    table = three()
    table.spliced("anna", 0, "", "red")
    cleos = table.spliced("cleo", 0, "red", "")
    table.undo("cleo")
    table.spliced("ben1", 0, "red", "")
    table.redo("cleo")
    table.undo("ben1")
    assert shadowed(table, "anna") == cleos, "ben's was newer and is undone"


def test_U3_a_deletion_of_what_somebody_else_deleted_too_is_shadowed():
    table = three()
    table.content("cleo", "red")
    annas = table.spliced("anna", 0, "red", "")
    table.undo("anna")
    bens = table.spliced("ben1", 0, "red", "")
    table.redo("anna")
    assert shadowed(table, "anna", annas) == bens
    table.redo("anna")
    assert shadowed(table, "ben1") == annas
    visible(table, "anna")
    assert table.text == "red"


def test_U3_a_deletion_of_what_its_author_took_back_is_passed():
    table = three()
    stroke = table.paint("anna")
    table.spliced("ben1", 0, "", "red")
    deletion = table.spliced("anna", 0, "red", "")
    assert shadowed(table, "ben1") == deletion
    assert visible(table, "anna") == (deletion, stroke)


def test_U3_typing_that_changed_nothing_is_passed():
    table = three()
    stroke = table.paint("anna")
    base = table.content("ben1", "sea")
    table.spliced("ben1", 0, "sea", "", base=base)
    nothing = table.spliced("anna", 0, "sea", "", base=base)
    assert visible(table, "anna") == (nothing, stroke)


def test_U3_a_whole_text_shadows_the_one_before():
    table = three()
    table.content("anna", "hers")
    later = table.content("ben1", "his")
    assert shadowed(table, "anna") == later


def test_U3_what_a_whole_text_covered_does_not_come_back_beside_it():
    table = three()
    table.content("anna", "one")
    table.content("ben1", "two")
    later = table.content("cleo", "three")
    assert shadowed(table, "ben1") == later
    assert shadowed(table, "anna") == later
    table.undo("cleo")
    assert table.text == ""
    table.redo("ben1")
    table.redo("anna")
    assert table.text == "two"


def test_U3_deletions_before_a_whole_text_are_covered_by_it():
    table = three()
    table.content("cleo", "red sea")
    table.spliced("anna", 0, "red ", "")
    later = table.content("ben1", "sky")
    assert shadowed(table, "anna") == later


def test_U3_a_letter_typed_and_taken_back_in_one_gesture_is_passed():
    table = three()
    stroke = table.paint("anna")
    typed = table.spliced("anna", 0, "", "x", group="g")
    table.spliced("anna", 0, "x", "", group="g")
    assert visible(table, "anna") == (typed, stroke)


def test_U3_a_letter_typed_and_taken_back_in_one_edit_is_passed():
    table = three()
    stroke = table.paint("anna")
    splices = (Splice(0, "", "x"), Splice(0, "x", ""))
    typed = table.edit("anna", Spliced("content", table.state.seq, splices))
    assert visible(table, "anna") == (typed, stroke)


def test_U3_what_is_left_of_a_gesture_and_deleted_by_a_teammate_is_covered_by_them():
    table = three()
    table.spliced("anna", 0, "", "ab", group="g")
    bens = table.spliced("ben1", 0, "a", "")
    table.spliced("anna", 0, "b", "", group="g")
    assert shadowed(table, "anna") == bens


# -- fields ----------------------------------------------------------------------------------


def test_U3_a_revision_is_shadowed_by_a_later_one_of_the_same_field():
    table = three()
    stroke = table.paint("cleo")
    table.revise("anna", stroke, color="#00ff00")
    later = table.revise("ben1", stroke, color="#0000ff")
    table.revise("ben1", stroke, width=5)
    assert shadowed(table, "anna") == later


def test_U3_a_revision_that_still_owns_a_field_is_visible():
    table = three()
    stroke = table.paint("cleo")
    table.revise("anna", stroke, color="#00ff00", width=7)
    table.revise("ben1", stroke, color="#0000ff")
    visible(table, "anna")
    paint = revised(table.state, table.state.edits[stroke])
    assert (paint.color, paint.width) == ("#0000ff", 900)


def test_U3_fields_taken_by_several_are_covered_by_the_newest():
    table = three()
    stroke = table.paint("cleo")
    table.revise("anna", stroke, color="#00ff00", width=7)
    table.revise("ben1", stroke, color="#0000ff")
    later = table.revise("cleo", stroke, width=8)
    assert shadowed(table, "anna") == later


def test_U3_a_revision_of_another_edit_covers_nothing():
    table = three()
    first, second = table.paint("cleo"), table.paint("cleo")
    table.revise("anna", first, color="#00ff00")
    table.revise("ben1", second, color="#0000ff")
    visible(table, "anna")


def test_U3_a_revision_that_was_undone_covers_nothing():
    table = three()
    stroke = table.paint("cleo")
    table.revise("anna", stroke, color="#00ff00")
    table.revise("ben1", stroke, color="#0000ff")
    table.undo("ben1")
    visible(table, "anna")


def test_U3_a_revision_whose_target_is_gone_is_passed():
    table = three()
    own = table.paint("anna")
    theirs = table.paint("ben1")
    revision = table.revise("anna", theirs, color="#00ff00")
    table.undo("ben1")
    assert visible(table, "anna") == (revision, own)


def test_U3_alone_it_is_undone_without_effect_or_cover():
    table = three()
    theirs = table.paint("ben1")
    table.revise("anna", theirs, color="#00ff00")
    table.undo("ben1")
    assert shadowed(table, "anna") is None


def test_U3_ones_own_later_edit_covers_too():
    table = three()
    stroke = table.paint("cleo")
    first = table.revise("anna", stroke, color="#00ff00")
    second = table.revise("anna", stroke, color="#0000ff")
    assert shadowed(table, "anna", first) == second


@pytest.mark.parametrize("field", ["seed", "fps", "guidance", "model"])
def test_U3_a_setting_is_shadowed_by_a_later_change_of_it(field):
    table = three()
    values = ("one", "two") if field == "model" else (22, 33)
    table.adjust("anna", **{field: values[0]})
    later = table.adjust("ben1", **{field: values[1]})
    table.adjust("cleo", steps=7)
    assert shadowed(table, "anna") == later


def test_U3_a_setting_that_still_is_in_force_is_visible():
    table = three()
    table.adjust("anna", seed=2, fps=30)
    table.adjust("ben1", seed=3)
    visible(table, "anna")
    assert (table.state.settings.seed, table.state.settings.fps) == (3, 8)


def test_U3_an_image_is_shadowed_by_a_later_one():
    table = three()
    table.image("anna")
    table.image("ben1", OTHER_BLOB)
    later = table.image("cleo", None)
    assert shadowed(table, "anna") == later
    visible(table, "cleo")
    assert image_in_force(table.state).instruction.blob == OTHER_BLOB


@pytest.mark.parametrize("kind", [Paint, Erase, Drag])
def test_U3_strokes_and_drags_are_never_shadowed(kind):
    table = three()
    for person in ("anna", "ben1", "cleo"):
        getattr(table, kind.__name__.lower())(person)
    visible(table, "anna")
    assert len(newest(table.state, [kind])) == 2


# -- one press over several groups -----------------------------------------------------------


def test_U3_one_press_passes_shadowed_groups_and_names_them_all_newest_first():
    table = three()
    stroke = table.paint("anna")
    texted = table.spliced("anna", 0, "", "red", group="g")
    imaged = table.image("anna")
    adjusted = table.adjust("anna", seed=2)
    table.spliced("ben1", 0, "red", "")
    table.image("ben1", OTHER_BLOB)
    table.adjust("ben1", seed=3)
    undone = table.undo("anna")
    assert undone.body == Undone(groups=(adjusted, imaged, texted, stroke), texts=())
    assert painted(table) == []
    assert table.state.redo["anna"] == [undone.body.groups]
    table.redo("anna")
    assert painted(table) == [stroke]
    assert all(map(table.state.live, undone.body.groups))


def test_U3_a_press_stops_at_the_first_visible_group():
    table = three()
    table.paint("anna")
    second = table.paint("anna")
    image = table.image("anna")
    table.image("ben1", None)
    assert visible(table, "anna") == (image, second)


def test_U3_where_nothing_is_visible_only_the_newest_is_undone():
    table = three()
    first = table.content("anna", "hers")
    second = table.image("anna")
    table.content("ben1", "his")
    cover = table.image("ben1", None)
    undone = table.undo("anna")
    assert undone.body == Undone(groups=(second,), shadowed_by=cover)
    assert table.state.live(first)


def test_U3_a_gesture_of_which_one_edit_is_visible_is_visible():
    table = three()
    image = table.image("anna", group="g")
    table.paint("anna", group="g")
    table.image("ben1", None)
    assert visible(table, "anna") == (image,)


def test_U3_a_gesture_is_covered_by_the_newest_edit_of_others():
    table = three()
    table.image("anna", group="g")
    table.adjust("anna", group="g", seed=2)
    table.adjust("ben1", seed=3)
    cover = table.image("ben1", None)
    assert shadowed(table, "anna") == cover


def test_U3_undoing_the_owner_of_a_field_uncovers_the_one_before():
    table = three()
    table.content("anna", "hers")
    table.content("ben1", "his")
    table.undo("ben1")
    assert table.text == "hers"
    assert newest(table.state, [Adjust]) == []
