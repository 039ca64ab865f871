"""M3: a Yjs update that is none of a plain text, or does not fit what is there, is refused."""

import pytest
from people import Table
from pycrdt import Array, Doc, Map, Text
from yjs_clients import Pen, desks, letters, number, place, refused, same, string, update

from framejam_protocol.errors import Code
from framejam_protocol.instructions import Typed
from framejam_server.session import document
from framejam_server.session.yjs import SERVER, Update, client_of

ANNA, BEN = client_of("tab-of-anna"), client_of("tab-of-ben1")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut off"),
        (b"\xff" * 20, "too large"),
        (b"\x80" * 20, ""),
        (b"\x81" + b"\x80" * 11 + b"\x00" + update({(ANNA, 0): [letters("x")]})[1:], ""),
        (b"\x81\x80\x80\x80\x80\x00" + update({(ANNA, 0): [letters("x")]})[1:], "too large"),
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


def test_M3_what_only_the_library_finds_wrong_is_refused_too(monkeypatch):
    table, *_ = desks()
    monkeypatch.setattr(document, "read_update", lambda data: Update())
    refusal = table.refused("anna", Typed("content", b"\xff\xff"))
    assert (refusal.code, refusal.field) == (Code.INVALID, "instruction.update")
    monkeypatch.undo()
    Pen(table, "anna").type(0, "", "ok ")
    assert same(table, Pen(table, "ben1")) == "ok a red sea"


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
