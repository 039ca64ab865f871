"""M3 for clients without a CRDT: splices and whole texts are moved over what others typed since."""

import pytest
from people import Table
from yjs_clients import Pen, read_by_splices

from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.instructions import Content, Motion, Splice, Spliced
from framejam_protocol.limits import MAX_BASE_EDITS, MAX_PROMPT_CHARS
from framejam_server.session import document


def sea():
    """Two people who have both seen ``a red sea``, and the seq at which they did."""
    table = Table("anna", "ben1")
    return table, table.content("anna", "a red sea")


def written(table):
    """The content prompt; the same for readers of splices and of Yjs."""
    assert read_by_splices(table.session.log) == table.text
    assert Pen(table, "anna").text == table.text
    return table.text


# -- splices ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "mine", "together"),
    [
        ((0, "", "not "), (2, "red", "blue"), "not a blue sea"),  # theirs before mine
        ((9, "", " now"), (2, "red", "blue"), "a blue sea now"),  # behind
        ((3, "", "--"), (2, "red", "blue"), "a --blue sea"),  # inside what is removed
        ((2, "", "very "), (2, "", "dark "), "a very dark red sea"),  # same place: theirs first
        ((9, "", " now"), (9, "", "!"), "a red sea now!"),  # same place at the end
        ((0, "", "x"), (0, "", "y"), "xya red sea"),  # same place at the beginning
        ((2, "red ", ""), (2, "red", "blue"), "a bluesea"),  # what is gone stays gone
        ((0, "a red", ""), (2, "red sea", "sky"), "sky"),  # overlapping deletions
        ((2, "red ", ""), (4, "", "D"), "a Dsea"),  # typed into what was deleted
        ((0, "a red sea", ""), (5, "", "!"), "!"),  # everything was deleted
        ((0, "a red sea", "the sky"), (2, "red ", "blue "), "the skyblue "),
        ((0, "a red sea", ""), (0, "a red sea", ""), ""),  # both delete the same
    ],
)
def test_M3_a_splice_is_moved_over_what_others_typed_since(theirs, mine, together):
    table, base = sea()
    table.spliced("ben1", *theirs, base=base)
    table.spliced("anna", *mine, base=base)
    assert written(table) == together


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0, "", "not "), (2, "red", "blue")),
        ((9, "", " now"), (2, "red", "blue")),
        ((2, "red ", ""), (4, "", "D")),
        ((0, "a red", ""), (2, "red sea", "sky")),
    ],
)
def test_M3_at_different_places_the_order_does_not_matter(one, other):
    texts = set()
    for first, second in ((one, other), (other, one)):
        table, base = sea()
        table.spliced("anna", *first, base=base)
        table.spliced("ben1", *second, base=base)
        texts.add(written(table))
    assert len(texts) == 1


def test_M3_several_splices_count_in_what_those_before_have_left():
    table, base = sea()
    table.spliced("ben1", 0, "a", "the", base=base)
    splices = (Splice(0, "a ", ""), Splice(0, "red", "blue"), Splice(8, "", "!"))
    table.edit("anna", Spliced("content", base, splices))
    assert written(table) == "theblue sea!"


def test_M3_splices_may_take_back_what_they_typed_themselves():
    table, base = sea()
    splices = (Splice(2, "", "dark "), Splice(3, "ark", "eep"), Splice(2, "d", "D"))
    table.edit("anna", Spliced("content", base, splices))
    assert written(table) == "a Deep red sea"


def test_M3_the_log_says_what_was_done_to_the_text_as_it_is_now():
    table, base = sea()
    table.spliced("ben1", 0, "a ", "", base=base)
    seq = table.spliced("anna", 0, "a red", "x", base=base)
    assert table.session.log[seq - 1].body.instruction.splices == (Splice(0, "red", "x"),)


def test_M3_a_base_between_two_edits_of_others_sees_only_the_first():
    table, _ = sea()
    seen = table.spliced("ben1", 0, "", "1")
    table.spliced("ben1", 1, "", "2")
    table.spliced("anna", 1, "", "A", base=seen)
    assert written(table) == "12Aa red sea"


def test_M3_a_base_sees_what_was_undone_by_then_and_what_was_not():
    table, base = sea()
    table.spliced("ben1", 2, "red", "blue")
    seen = table.undo("ben1").seq
    table.redo("ben1")
    table.spliced("anna", 2, "red", "green", base=seen)
    assert written(table) == "a bluegreen sea"
    table.spliced("anna", 2, "red", "", base=base)
    assert written(table) == "a bluegreen sea"


def test_M3_the_base_may_be_an_event_of_any_kind():
    table, base = sea()
    table.motion("ben1", "left")
    painted = table.paint("ben1")
    table.spliced("ben1", 0, "", "x", base=base)
    table.spliced("anna", 2, "red", "", base=painted)
    assert written(table) == "xa  sea"


def test_M3_code_points_are_counted_not_bytes_or_utf16_units():
    table = Table("anna", "ben1")
    base = table.content("anna", "😀é蝶x")
    table.spliced("ben1", 0, "", "🦋", base=base)
    table.spliced("anna", 2, "蝶x", "ß🙂", base=base)
    assert written(table) == "🦋😀éß🙂"


def test_M3_the_motion_prompt_is_merged_alike():
    table = Table("anna", "ben1")
    base = table.motion("anna", "left then right")
    table.spliced("ben1", 0, "left", "up", base=base, prompt="motion")
    table.motion("anna", "left then down", base=base)
    assert prompt_text(table.state, "motion") == "up then down"
    assert table.text == ""


@pytest.mark.parametrize(
    ("splices", "place"),
    [
        ([Splice(10, "", "x")], 0),
        ([Splice(2, "blue", "x")], 0),
        ([Splice(0, "", "x"), Splice(0, "a", "")], 1),
        ([Splice(0, "a", ""), Splice(0, "", "y"), Splice(99, "", "")], 2),
    ],
)
def test_M3_splices_that_do_not_fit_are_refused_and_told_which(splices, place):
    table, base = sea()
    refusal = table.refused("anna", Spliced("content", base, tuple(splices)))
    assert (refusal.code, refusal.rule) == (Code.INVALID, "M3")
    assert refusal.field == f"instruction.splices[{place}]"
    assert str(splices[place].at) in refusal.message
    table.spliced("anna", 0, "a", "the", base=base)  # the client can go on
    assert written(table) == "the red sea"


def test_M3_splices_are_checked_against_the_base_not_against_now():
    table, base = sea()
    table.spliced("ben1", 0, "a red sea", "zzz", base=base)
    refusal = table.refused("anna", Spliced("content", base, (Splice(0, "zzz", ""),)))
    assert refusal.field == "instruction.splices[0]"


# -- whole texts -----------------------------------------------------------------------------


def test_M3_a_whole_text_without_a_base_replaces_every_letter():
    table, _ = sea()
    seq = table.content("ben1", "a red sea")
    assert written(table) == "a red sea"
    assert table.state.prompts["content"].writers == {seq: 9}
    assert table.session.log[-1].body.instruction.splices == (Splice(0, "a red sea", "a red sea"),)


def test_M3_the_log_tells_a_whole_text_without_a_base_from_all_others():
    table, base = sea()
    table.content("anna", "x", base=base)
    table.spliced("anna", 0, "x", "y")
    Pen(table, "ben1").type(0, "y", "z")
    table.content("ben1", "a red sea")
    edits = [event.body.instruction.whole for event in table.session.log if event.seq >= base]
    assert edits == [True, False, False, False, True]


def test_M3_a_whole_text_with_a_base_changes_only_what_differs():
    table, base = sea()
    table.spliced("ben1", 9, "", " now", base=base)
    seq = table.content("anna", "a blue sea", base=base)
    assert written(table) == "a blue sea now"
    assert table.state.prompts["content"].writers[seq] == 4


@pytest.mark.parametrize(
    ("mine", "splices"),
    [
        ("a red sea", ()),
        ("a red, red sea", (Splice(5, "", ", red"),)),
        ("a sea", (Splice(2, "red ", ""),)),
        ("", (Splice(0, "a red sea", ""),)),
        ("a red seaa", (Splice(9, "", "a"),)),
        ("aa red sea", (Splice(1, "", "a"),)),
        ("b", (Splice(0, "a red sea", "b"),)),
    ],
)
def test_M3_what_two_texts_share_at_both_ends_stays(mine, splices):
    table, base = sea()
    seq = table.content("anna", mine, base=base)
    assert written(table) == mine
    assert table.session.log[seq - 1].body.instruction.splices == splices


def test_M3_base_0_is_the_empty_text():
    table = Table("anna", "ben1")
    table.content("anna", "hers ", base=0)
    table.content("ben1", "his", base=0)
    assert written(table) == "hers his"


# -- bounds ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [Content("x", 99), Motion("x", 99), Spliced("motion", 99, (Splice(0, "", "x"),))]
)
def test_M3_a_base_seq_from_the_future_is_refused(given):
    table, _ = sea()
    refusal = table.refused("anna", given)
    assert (refusal.code, refusal.field) == (Code.INVALID, "instruction.base_seq")
    assert str(table.state.seq) in refusal.message


def test_M3_the_newest_event_is_a_base_and_the_next_is_not():
    table, base = sea()
    assert table.refused("anna", Content("x", base + 1)).field == "instruction.base_seq"
    table.content("anna", "x", base=base)


def test_M3_a_base_seq_that_is_too_old_is_refused(monkeypatch):
    monkeypatch.setattr(document, "MAX_BASE_EDITS", 3)
    table, base = sea()
    for place in range(3):
        table.spliced("ben1", place, "", "x")
    table.spliced("anna", 0, "", "y", base=base)  # three came since
    refusal = table.refused("anna", Content("y", base))  # now four
    assert (refusal.code, refusal.field) == (Code.INVALID, "instruction.base_seq")
    assert "3 edits" in refusal.message
    table.spliced("anna", 0, "", "y", base=base + 1)
    assert MAX_BASE_EDITS == 5000


def test_M3_a_prompt_has_at_most_500_characters_with_what_others_typed():
    table = Table("anna", "ben1")
    base = table.content("anna", "x" * (MAX_PROMPT_CHARS - 3))
    table.spliced("ben1", 0, "", "ab", base=base)
    refusal = table.refused("anna", Spliced("content", base, (Splice(0, "", "cd"),)))
    assert (refusal.code, refusal.rule) == (Code.TOO_LARGE, "M3")
    assert str(MAX_PROMPT_CHARS) in refusal.message
    assert str(MAX_PROMPT_CHARS + 1) in refusal.message
    table.spliced("anna", 0, "", "c", base=base)
    assert len(table.text) == MAX_PROMPT_CHARS == 500


def test_M3_a_text_that_undo_made_longer_may_only_become_shorter():
    table = Table("anna", "ben1")
    table.content("ben1", "c" * MAX_PROMPT_CHARS)
    replaced = table.content("anna", "d" * 10)
    table.spliced("anna", 0, "", "e" * (MAX_PROMPT_CHARS - 10))
    assert isinstance(table.undo("anna", replaced), Event)
    assert len(table.text) == 2 * MAX_PROMPT_CHARS - 10
    refusal = table.refused("ben1", Spliced("content", table.state.seq, (Splice(0, "", "x"),)))
    assert refusal.code == Code.TOO_LARGE
    table.spliced("ben1", 0, table.text[:5], "")
    assert len(written(table)) == 2 * MAX_PROMPT_CHARS - 15
