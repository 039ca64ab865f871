"""U6: in text, undo works around what others typed meanwhile, for every kind of client."""

import pytest
from people import Table
from yjs_clients import Pen, read_by_splices

from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.instructions import Splice
from framejam_protocol.limits import MAX_PROMPT_CHARS, MAX_UNDONE_PROMPT_CHARS
from framejam_protocol.messages import Refusal
from framejam_server.session import decide


def seen(table, *pens):
    """The content prompt, alike for all: the fold, readers of splices, documents, a restart."""
    table.restart()
    texts = {table.text, read_by_splices(table.session.log), Pen(table, "anna").text}
    (text,) = texts | {pen.read().text for pen in pens}
    return text


def test_U6_undo_removes_the_persons_letters_around_what_others_typed():
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "red sea")
    table.spliced("ben1", 3, "", " and blue")
    table.spliced("ben1", 0, "", "the ")
    assert table.text == "the red and blue sea"
    table.undo("anna")
    assert seen(table) == "the  and blue"
    table.redo("anna")
    assert seen(table) == "the red and blue sea"


def test_U6_undo_brings_back_the_persons_deletions_where_they_stood():
    table = Table("anna", "ben1")
    table.content("ben1", "a red sea")
    table.spliced("anna", 2, "red ", "")
    table.spliced("ben1", 0, "a", "the")
    table.spliced("ben1", 7, "", " now")
    table.undo("anna")
    assert seen(table) == "the red sea now"


def test_U6_undo_of_a_replacement_does_both_at_once():
    table = Table("anna", "ben1")
    table.content("ben1", "a red sea")
    table.spliced("anna", 2, "red", "blue")
    table.spliced("ben1", 6, "", "-green")
    table.undo("anna")
    assert seen(table) == "a -greenred sea"


def test_U6_what_the_person_typed_and_others_deleted_stays_deleted():
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "red sea")
    table.spliced("ben1", 0, "red", "")
    table.undo("anna")
    assert seen(table) == ""
    table.redo("anna")
    assert seen(table) == " sea"


def test_U6_what_two_people_deleted_comes_back_when_both_undid():
    table = Table("anna", "ben1")
    table.content("ben1", "red")
    table.spliced("anna", 0, "red", "")
    table.undo("anna")
    table.spliced("ben1", 0, "red", "")
    table.redo("anna")
    assert table.undo("anna").body.shadowed_by is not None
    assert seen(table) == ""
    table.undo("ben1")
    assert seen(table) == "red"


def test_U6_the_deletion_of_what_was_gone_already_is_nobodys():
    table = Table("anna", "ben1")
    table.content("ben1", "red")
    anna, ben = Pen(table, "anna"), Pen(table, "ben1")
    updates = anna.write(0, "red", ""), ben.write(0, "red", "")
    table.typed("anna", updates[0])
    table.typed("ben1", updates[1])
    table.undo("anna")
    assert seen(table, anna, ben) == "red"


def test_U6_letters_typed_into_letters_that_are_gone_keep_their_place():
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "abcdef")
    table.spliced("ben1", 3, "", "X")
    table.undo("anna")
    table.spliced("ben1", 1, "", "Y")
    table.redo("anna")
    assert seen(table) == "abcXYdef"


def test_U6_redo_after_more_typing_of_others():
    table = Table("anna", "ben1")
    anna, ben = Pen(table, "anna"), Pen(table, "ben1")
    anna.type(0, "", "red sea")
    table.undo("anna")
    ben.read().type(0, "", "the ")
    table.redo("anna")
    assert seen(table, anna, ben) == "the red sea"
    table.undo("anna")
    assert seen(table, anna, ben) == "the "


def test_U6_the_second_undo_of_a_group_finds_the_letters_the_redo_wrote():
    table = Table("anna", "ben1")
    anna = Pen(table, "anna")
    anna.type(0, "", "red")
    for _ in range(3):
        table.undo("anna")
        assert seen(table, anna) == ""
        table.redo("anna")
        assert seen(table, anna) == "red"
    anna.type(0, "r", "R")
    assert seen(table) == "Red"


def test_U6_an_older_group_is_undone_out_of_the_middle():
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "a sea")
    middle = table.spliced("anna", 2, "", "red ")
    table.spliced("anna", 4, "d", "ady")
    table.undo("anna", middle)
    assert seen(table) == "a adysea"
    table.redo("anna")
    assert seen(table) == "a ready sea"


def test_U6_a_gesture_in_both_prompts_is_undone_in_both():
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "sea", group="g")
    table.spliced("anna", 0, "", "left", group="g", prompt="motion")
    undone = table.undo("anna")
    assert {text.prompt for text in undone.body.texts} == {"content", "motion"}
    assert (table.text, prompt_text(table.state, "motion")) == ("", "")
    table.redo("anna")
    assert (table.text, prompt_text(table.state, "motion")) == ("sea", "left")


def test_U6_the_undo_event_says_what_it_did_to_the_text():
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "red sea")
    table.spliced("ben1", 3, "", "dish")
    (undone,) = table.undo("anna").body.texts
    assert undone.splices == (Splice(0, "red", ""), Splice(4, " sea", ""))
    (redone,) = table.redo("anna").body.texts
    assert redone.splices == (Splice(0, "", "red"), Splice(7, "", " sea"))


def test_U6_an_undo_that_does_nothing_to_the_text_stores_no_text():
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "red")
    table.spliced("ben1", 0, "red", "")
    assert table.undo("anna").body.texts == ()
    table.paint("ben1")
    assert table.undo("ben1").body.texts == ()


def test_U6_what_others_typed_into_a_whole_text_stays_when_it_goes():
    table = Table("anna", "ben1")
    table.content("anna", "a red sea")
    table.content("ben1", "the sky")
    table.spliced("anna", 7, "", " now")
    table.undo("ben1")
    assert seen(table) == " nowa red sea"
    table.redo("ben1")
    assert seen(table) == "the sky now"


def test_U6_redo_of_a_whole_text_hides_what_came_before_and_not_what_came_since():
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "sea")
    table.content("ben1", "sky")
    table.undo("ben1")
    table.spliced("anna", 3, "", "!")
    table.redo("ben1")
    assert seen(table) == "sky!"
    table.undo("ben1")
    assert seen(table) == "sea!"


def test_U6_characters_beyond_16_bits_come_back_whole():
    table = Table("anna", "ben1")
    anna = Pen(table, "anna")
    anna.type(0, "", "x🦋y")
    table.spliced("ben1", 1, "🦋", "")
    table.undo("ben1")
    assert seen(table, anna) == "x🦋y"
    anna.type(1, "🦋", "😀")
    table.undo("anna")
    assert seen(table, anna) == "x🦋y"


# -- the bound -------------------------------------------------------------------------------


@pytest.mark.parametrize("press", ["undo", "redo"])
def test_U6_an_undo_that_would_make_a_prompt_too_long_is_refused_and_changes_nothing(
    press, monkeypatch
):
    monkeypatch.setattr(decide, "MAX_UNDONE_PROMPT_CHARS", 8)
    table = Table("anna", "ben1")
    if press == "undo":
        table.content("ben1", "12345")
        table.spliced("anna", 0, "12345", "")
    else:
        table.spliced("anna", 0, "", "12345")
        table.undo("anna")
    base = table.spliced("ben1", 0, "", "abcd")
    before, dead, length = table.hash, table.state.dead.copy(), len(table.session.log)
    refusal = getattr(table, press)("anna")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.rule) == (Code.TOO_LARGE, "U6")
    assert "content" in refusal.message
    assert (table.hash, table.state.dead, len(table.session.log)) == (before, dead, length)
    table.spliced("ben1", 0, "a", "", base=base)  # as the message says: shorten it first
    assert isinstance(getattr(table, press)("anna"), Event)
    assert len(seen(table)) == 8


def test_U6_an_undo_that_shortens_a_prompt_is_never_refused(monkeypatch):
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "12345")
    table.spliced("ben1", 0, "", "abcd")
    monkeypatch.setattr(decide, "MAX_UNDONE_PROMPT_CHARS", 2)
    assert isinstance(table.undo("anna"), Event)
    assert table.text == "abcd"


def test_U6_a_refused_undo_of_two_prompts_touches_neither(monkeypatch):
    monkeypatch.setattr(decide, "MAX_UNDONE_PROMPT_CHARS", 8)
    table = Table("anna", "ben1")
    table.spliced("anna", 0, "", "sea", group="g")
    table.spliced("anna", 0, "", "12345", group="g", prompt="motion")
    table.undo("anna")
    table.spliced("ben1", 0, "", "abcd", prompt="motion")
    assert table.redo("anna").code == Code.TOO_LARGE
    assert (table.text, prompt_text(table.state, "motion")) == ("", "abcd")
    table.spliced("ben1", 0, "", "x")
    assert seen(table) == "x"


def test_U6_the_bound_is_four_prompts():
    table = Table("anna", "ben1")
    deletions = []
    for _ in range(4):
        table.content("anna", "x" * MAX_PROMPT_CHARS, base=table.state.seq)
        deletions.append(table.spliced("ben1", 0, "x" * MAX_PROMPT_CHARS, ""))
    table.spliced("anna", 0, "", "!")
    for deletion in deletions[:3]:
        table.undo("ben1", deletion)
    assert len(table.text) == MAX_UNDONE_PROMPT_CHARS - MAX_PROMPT_CHARS + 1
    assert table.undo("ben1", deletions[3]).code == Code.TOO_LARGE
    table.spliced("anna", 0, table.text[0], "")
    table.undo("ben1", deletions[3])
    assert len(table.text) == MAX_UNDONE_PROMPT_CHARS == 2000
