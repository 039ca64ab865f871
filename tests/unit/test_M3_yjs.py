"""M3 for clients with a CRDT: Yjs updates are merged, and what does not fit is refused."""

import pytest
from people import Table
from pycrdt import Array, Doc, Map, Text
from yjs_clients import Pen, letters, number, place, read_by_splices, string, update

from framejam_protocol.errors import Code
from framejam_protocol.instructions import Typed
from framejam_protocol.limits import MAX_PROMPT_CHARS
from framejam_server.session.session import Session
from framejam_server.session.yjs import SERVER, client_of

ANNA, BEN = client_of("tab-of-anna"), client_of("tab-of-ben1")
TWINS = ("tab-0015165", "tab-0042567")
"""Two client_ids with the same Yjs client id, found by trying."""


def desks():
    """Two people whose documents both say ``a red sea``."""
    table = Table("anna", "ben1")
    table.content("anna", "a red sea")
    return table, Pen(table, "anna"), Pen(table, "ben1")


def same(table, *pens):
    """The content prompt; the same for the server, all pens, and readers of splices."""
    texts = {table.text, read_by_splices(table.session.log)} | {pen.read().text for pen in pens}
    (text,) = texts
    assert table.text == Session(table.session.log).state.prompts["content"].text
    return text


def refused(table, data, why):
    """A refused update changes nothing, names its field, and the client can go on."""
    refusal = table.refused("anna", Typed("content", data))
    assert (refusal.code, refusal.rule) == (Code.INVALID, "M3")
    assert refusal.field == "instruction.update"
    assert why in refusal.message
    before = table.text
    Pen(table, "anna").type(0, "", "ok")
    assert same(table, Pen(table, "ben1")) == "ok" + before


# -- merging ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annas", "bens", "together"),
    [
        ((0, "", "not "), (9, "", " now"), {"not a red sea now"}),
        ((2, "red", "blue"), (2, "", "very "), {"a very blue sea", "a bluevery  sea"}),
        ((2, "red ", ""), (4, "", "D"), {"a Dsea"}),
        ((0, "a red sea", ""), (5, "", "!"), {"!"}),
        ((0, "a red sea", ""), (0, "a red sea", ""), {""}),
        ((2, "red", "blue"), (2, "red", "green"), {"a bluegreen sea", "a greenblue sea"}),
    ],
)
def test_M3_concurrent_updates_merge_alike_in_both_orders(annas, bens, together):
    texts = set()
    for first in ("anna", "ben1"):
        table, anna, ben = desks()
        updates = [("anna", anna.write(*annas)), ("ben1", ben.write(*bens))]
        for person, data in updates if first == "anna" else reversed(updates):
            table.typed(person, data)
        texts.add(same(table, anna, ben))
    assert len(texts) == 1
    assert texts <= together


def test_M3_concurrent_runs_of_letters_are_not_interleaved():
    table, anna, ben = desks()
    updates = [("anna", anna.write(9 + n, "", "A")) for n in range(4)]
    updates += [("ben1", ben.write(9 + n, "", "B")) for n in range(4)]
    for person, data in [updates[n] for n in (0, 4, 1, 5, 6, 2, 3, 7)]:
        table.typed(person, data)
    assert same(table, anna, ben) in {"a red seaAAAABBBB", "a red seaBBBBAAAA"}


def test_M3_updates_and_splices_merge():
    table, anna, ben = desks()
    base = table.state.seq
    data = anna.write(2, "red", "blue")
    table.spliced("ben1", 0, "", "not ", base=base)
    table.typed("anna", data)
    table.spliced("ben1", 9, "", " now", base=base)
    assert same(table, anna, ben) == "not a blue sea now"


def test_M3_an_update_is_kept_as_the_change_people_see():
    table, anna, _ = desks()
    table.spliced("ben1", 0, "", "🦋 ")
    seq = table.typed("anna", anna.write(2, "red", "blau"))
    (change,) = [event.body.instruction for event in table.session.log if event.seq == seq]
    assert read_by_splices([table.session.log[seq - 1]], "🦋 a red sea") == table.text
    assert sum(len(splice.removed) for splice in change.splices) == 3


def test_M3_several_changes_come_in_one_update():
    table, anna, ben = desks()
    before = anna.doc.get_state()
    anna.write(0, "a", "the")
    anna.write(4, "red", "blue")
    anna.write(12, "", "!")
    ben.type(2, "", "one ")
    table.typed("anna", anna.doc.get_update(before))
    assert same(table, anna, ben) == "the one blue sea!"


def test_M3_deletions_may_be_repeated_and_typing_may_not():
    table, anna, _ = desks()
    table.typed("anna", anna.write(0, "a", ""))
    seq = table.typed("anna", update({}, {SERVER: [(0, 1)]}))
    assert table.session.log[seq - 1].body.instruction.splices == ()
    before = anna.doc.get_state()
    table.typed("anna", anna.write(0, "", "x"))
    for data in (anna.doc.get_update(before), anna.doc.get_update()):
        assert table.refused("anna", Typed("content", data)).field == "instruction.update"
    anna.write(1, "", "y")
    refused(table, anna.doc.get_update(before), "repeats")


def test_M3_deleting_what_is_gone_already_is_taken_and_changes_nothing():
    table, anna, ben = desks()
    annas, bens = anna.write(2, "red ", ""), ben.write(2, "red ", "")
    table.typed("anna", annas)
    seq = table.typed("ben1", bens)
    assert same(table, anna, ben) == "a sea"
    assert table.session.log[seq - 1].body.instruction.splices == ()


def test_M3_the_server_restarts_and_everybody_types_on():
    table, anna, ben = desks()
    anna.type(0, "", "x")
    unsent = anna.write(1, "", "y")
    table.restart()
    ben.read().type(10, "", "!")
    table.spliced("ben1", 2, "", "-")
    table.typed("anna", unsent)
    anna.read().type(0, "x", "X")
    assert same(table, anna, ben) == "Xya- red sea!"


def test_M3_undo_reaches_documents_and_they_type_on():
    table, anna, ben = desks()
    anna.type(2, "red", "blue")
    unsent = ben.read().write(10, "", "!")
    table.undo("anna")
    table.typed("ben1", unsent)
    anna.read().type(0, "a", "the")
    assert same(table, anna, ben) == "the red sea!"


# -- whose updates ---------------------------------------------------------------------------


def test_M3_the_yjs_client_of_a_client_id_is_always_the_same_and_never_the_servers():
    assert client_of("tab-of-anna") == 1301106513
    numbers = {client_of(f"client-{n}") for n in range(5000)}
    assert len(numbers) == 5000
    assert all(16 <= one < 2**32 for one in numbers)
    assert SERVER < 16


@pytest.mark.parametrize("restarted", [False, True])
def test_M3_two_client_ids_with_one_yjs_client_are_not_both_bound(restarted):
    one, other = TWINS
    assert client_of(one) == client_of(other)
    table = Table("anna", "ben1")
    table.session.bind(one, "anna")
    table.edit("anna", Typed("content", update({(client_of(one), 0): [letters("hi")]})), tab=one)
    if restarted:
        table.restart()
    table.session.release(one)
    assert table.session.bind(other, "ben1") is None
    assert table.session.bind(other, "anna") is None
    assert table.session.bind(one, "anna") is not None


def test_M3_a_yjs_client_that_wrote_nothing_is_free_again_when_it_left():
    one, other = TWINS
    table = Table("anna", "ben1")
    assert table.session.bind(one, "anna") is not None
    assert table.session.bind(other, "ben1") is None
    table.session.release(one)
    assert table.session.bind(other, "ben1") is not None


def test_M3_a_foreign_yjs_client_is_refused():
    table, _, ben = desks()
    refused(table, ben.write(0, "", "x"), str(BEN))
    refused(table, update({(SERVER, 9): [letters("x")]}), str(ANNA))
    both = update({(BEN, 0): [letters("x")], (ANNA, 0): [letters("y")]})
    refused(table, both, str(BEN))


def test_M3_deleting_what_others_typed_is_no_writing_as_them():
    table, anna, ben = desks()
    ben.type(0, "", "xyz ")
    anna.read().type(0, "xy", "")
    assert same(table, anna, ben) == "z a red sea"


# -- what does not fit -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut off"),
        (b"\xff" * 20, "too large"),
        (b"\x80" * 20, ""),
        (b"\x81" + b"\x80" * 11 + b"\x00" + update({(ANNA, 0): [letters("x")]})[1:], ""),
        (update({(ANNA, 0): [place(1, None, None, "text") + number(2**31 + 1)]}), "too long"),
        (update({(ANNA, 0): [b"\x00" + number(2**32)]}), "too large"),
        (update({(ANNA, 0): [b"\x00" + number(2**31), letters("x")]}), "too long"),
        (update({(ANNA, 0): [letters("ab", left=(ANNA, 0))]}), "comes after"),
        (update({(ANNA, 0): [letters("ab", right=(ANNA, 3)), letters("cd")]}), "comes after"),
        (b"hello", "Yjs"),
        (update({(ANNA, 0): [letters("x")]})[:-1], "cut off"),
        (update({(ANNA, 0): [letters("xyz")]})[:-3], "cut off"),
        (update({(ANNA, 0): [letters("x")]}) + b"\x00", "more than one"),
        (update({(ANNA, 0): [letters("x")]}) * 2, "more than one"),
        (update({(ANNA, 0): [number(10) + number(3), letters("x")]}), "leaves something out"),
        (update({(ANNA, 0): [letters("")]}), "empty"),
        (update({(ANNA, 0): [number(0) + number(0)]}), "empty"),
        (update({(ANNA, 0): [place(1, None, None, "text") + number(0)]}), "empty"),
        (update({}, {SERVER: [(0, 0)]}), "empty"),
        (update({(ANNA, 0): [place(4, None, None, "text") + b"\x01\xff"]}), "UTF-8"),
        (update({(ANNA, 0): [place(4, None, None, "text") + b"\x03\xed\xa0\x80"]}), "UTF-8"),
        (update({(ANNA, 0): [letters("x", root="title")]}), "'text'"),
        (
            update({(ANNA, 0): [b"\x24" + number(1) + string("text") + string("k") + string("x")]}),
            "not a map",
        ),
        (update({(ANNA, 0): [b"\x04" + number(0) + number(ANNA) + number(0)]}), "within types"),
    ],
)
def test_M3_bytes_that_are_no_whole_update_of_a_text_are_refused(data, why):
    refused(desks()[0], data, why)


@pytest.mark.parametrize("kind", [2, 3, 5, 6, 7, 8, 9, 11, 31])
def test_M3_a_struct_that_is_no_text_is_refused(kind):
    data = update({(ANNA, 0): [place(kind, None, None, "text") + string("x")]})
    refused(desks()[0], data, "plain text")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.format(0, 1, {"bold": True}),
        lambda text: text.insert(0, "x", {"bold": True}),
        lambda text: text.insert_embed(0, {"image": "x"}),
    ],
)
def test_M3_formatting_and_embeds_are_refused(change):
    table, anna, _ = desks()
    before = anna.doc.get_state()
    change(anna.root)
    refused(table, anna.doc.get_update(before), "plain text")


@pytest.mark.parametrize(
    "change",
    [
        lambda doc: doc.get("text", type=Map).update({"a": "b"}),
        lambda doc: doc.get("text", type=Array).append("b"),
        lambda doc: doc.get("text", type=Array).append(Text("b")),
        lambda doc: doc.get("other", type=Text).insert(0, "b"),
    ],
)
def test_M3_maps_arrays_types_within_types_and_other_texts_are_refused(change):
    table, *_ = desks()
    doc = Doc(client_id=ANNA)
    change(doc)
    refused(table, doc.get_update(), "")


def test_M3_an_update_whose_predecessor_is_missing_is_refused():
    table, anna, _ = desks()
    anna.write(0, "", "lost")
    refused(table, anna.write(4, "", "x"), "does not have")


@pytest.mark.parametrize(
    "data",
    [
        update({(ANNA, 1): [letters("x")]}),
        update({(ANNA, 0): [letters("x", left=(SERVER, 9))]}),
        update({(ANNA, 0): [letters("x", right=(SERVER, 9))]}),
        update({(ANNA, 0): [letters("x", left=(BEN, 0))]}),
        update({(ANNA, 0): [letters("x")]}, {SERVER: [(9, 1)]}),
        update({(ANNA, 0): [letters("x")]}, {SERVER: [(8, 2)]}),
        update({}, {BEN: [(0, 1)]}),
        update({}, {ANNA: [(0, 1)]}),
        update({(ANNA, 0): [letters("x")]}, {ANNA: [(0, 2)]}),
    ],
)
def test_M3_an_update_that_builds_on_what_is_not_there_is_refused(data):
    refused(desks()[0], data, "does not have")


@pytest.mark.parametrize(
    "pieces",
    [
        [letters("bc"), letters("a", left=(ANNA, 1), right=(ANNA, 1))],
        [letters("xyz!"), letters("a", left=(ANNA, 3), right=(ANNA, 1))],
    ],
)
def test_M3_an_update_that_documents_would_read_differently_is_refused(pieces):
    refused(desks()[0], update({(ANNA, 0): pieces}), "")


def test_M3_a_repeat_with_other_letters_is_refused():
    table, *_ = desks()
    table.typed("anna", update({(ANNA, 0): [letters("a")]}))
    for data in (letters("🦋"), letters("xy")):
        refusal = table.refused("anna", Typed("content", update({(ANNA, 0): [data]})))
        assert "repeats" in refusal.message


def test_M3_the_last_letter_there_is_can_be_built_on():
    table, _, ben = desks()
    table.typed("anna", update({(ANNA, 0): [letters("!", left=(SERVER, 8))]}, {SERVER: [(8, 1)]}))
    assert same(table, ben) == "a red se!"


BUTTERFLY = "x🦋y"  # in UTF-16 units: x 0, the butterfly 1 and 2, y 3


@pytest.mark.parametrize(
    "data",
    [
        update({}, {SERVER: [(1, 1)]}),
        update({}, {SERVER: [(2, 1)]}),
        update({}, {SERVER: [(0, 2)]}),
        update({}, {SERVER: [(2, 2)]}),
        update({(ANNA, 0): [letters("z", left=(SERVER, 1), right=(SERVER, 2))]}),
        update({(ANNA, 0): [letters("z", left=(SERVER, 1))]}),
        update({(ANNA, 0): [letters("z", right=(SERVER, 2))]}),
        update({(ANNA, 0): [letters("🦋"), letters("z", left=(ANNA, 0))]}),
        update({(ANNA, 0): [letters("🦋")]}, {ANNA: [(0, 1)]}),
    ],
)
def test_M3_an_update_that_cuts_a_character_in_two_is_refused(data):
    table = Table("anna", "ben1")
    table.content("ben1", BUTTERFLY)
    refused(table, data, "cuts a character")


@pytest.mark.parametrize("how", ["typed", "spliced", "undone", "restarted"])
def test_M3_no_character_is_cut_in_two_however_it_came(how):
    table = Table("anna", "ben1")
    ben = Pen(table, "ben1")
    owner, clock = BEN, 1
    if how == "typed":
        ben.type(0, "", BUTTERFLY)
    else:
        owner = SERVER
        table.spliced("ben1", 0, "", BUTTERFLY)
    if how == "undone":
        table.undo("ben1")
        table.redo("ben1")
        clock = 5  # written anew behind the four units there were
    if how == "restarted":
        table.restart()
    refused(table, update({}, {owner: [(clock, 1)]}), "cuts a character")


def test_M3_whole_characters_beyond_16_bits_are_typed_and_deleted():
    table = Table("anna", "ben1")
    table.content("ben1", BUTTERFLY)
    anna, ben = Pen(table, "anna"), Pen(table, "ben1")
    anna.type(2, "", "😀")
    ben.type(1, "🦋", "")
    anna.type(1, "", "ü")
    assert sorted(same(table, anna, ben)) == sorted("xü😀y")


# -- bounds ----------------------------------------------------------------------------------


def test_M3_an_update_that_makes_a_prompt_too_long_is_refused_with_what_others_typed():
    table, anna, ben = desks()
    unsent = anna.write(0, "", "x" * (MAX_PROMPT_CHARS - 10))
    table.spliced("ben1", 0, "", "ab")
    refusal = table.refused("anna", Typed("content", unsent))
    assert (refusal.code, refusal.field) == (Code.TOO_LARGE, "instruction.update")
    assert str(MAX_PROMPT_CHARS + 1) in refusal.message
    again = Pen(table, "anna")  # the client rebuilds from the log
    again.type(0, "", "x" * (MAX_PROMPT_CHARS - 11))
    assert len(same(table, again, ben)) == MAX_PROMPT_CHARS


def test_M3_a_refused_update_leaves_nothing_behind_for_the_next():
    table, anna, _ = desks()
    table.refused("anna", Typed("content", anna.write(0, "", "x" * MAX_PROMPT_CHARS)))
    table.refused("anna", Typed("content", update({(ANNA, 3): [letters("x")]})))
    table.typed("anna", update({(ANNA, 0): [letters("y", right=(SERVER, 0))]}))
    table.typed("anna", update({(ANNA, 1): [letters("z", left=(ANNA, 0))]}))
    assert same(table, Pen(table, "ben1")) == "yza red sea"


def test_M3_an_update_for_the_motion_prompt_is_not_one_for_the_content():
    table = Table("anna")
    table.typed("anna", update({(ANNA, 0): [letters("left")]}), prompt="motion")
    assert table.state.prompts["motion"].text == "left"
    assert table.text == ""
    table.typed("anna", update({(ANNA, 0): [letters("sea")]}))
    assert (table.text, table.state.prompts["motion"].text) == ("sea", "left")
