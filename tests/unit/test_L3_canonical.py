"""L3: the canonical encoding of a state is what SPEC.md describes, and the hash is over it."""

import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import BLOB, SETTINGS, Table, stroke
from yjs_clients import Pen

from framejam_protocol.fold.canonical import StateHasher, canonical, state_hash
from framejam_protocol.instructions import Comment, Content, Drag, Erase, Motion

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)

PAINT = {
    "kind": "paint",
    "points": [[1000, 1000], [1500, 2000]],
    "color": "#ff0000",
    "width": 900,
    "strength": 65536,
    "frames": None,
}
DRAG = {
    "kind": "drag",
    "start": [30000, 30000],
    "end": [50000, 20000],
    "radius": 8000,
    "strength": 65536,
    "frames": None,
}
ERASE = {"kind": "erase", "points": [[5, 5], [900, 900]], "width": 700, "frames": None}
COMMENT = {"kind": "comment", "text": "nice", "at": [100, 200], "frame": 3, "resolved": False}


def as_python_writes_it(value) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def seen(table):
    """The encoding, read by an ordinary JSON reader."""
    return json.loads(canonical(table.state))


def made_by(author, edit, instruction, depth=None):
    return {"author": author, "depth": depth, "edit": edit, "instruction": instruction}


def test_L3_the_hash_is_sha256_over_the_encoding_of_the_spec():
    table = Table("anna", "ben1")
    text = 'größe "x" \n 蝶'
    table.content("anna", text)
    painted, erased = table.paint("anna"), table.erase("ben1")
    dragged, image = table.drag("anna"), table.image("ben1")
    comment = table.comment("ben1")
    table.adjust("anna", seed=9)
    expected = {
        "comment": [made_by("ben1", comment, COMMENT)],
        "content": text,
        "drag": [made_by("anna", dragged, DRAG)],
        "image": made_by("ben1", image, {"kind": "image", "blob": BLOB}),
        "motion": "",
        "paint": [made_by("anna", painted, PAINT), made_by("ben1", erased, ERASE)],
        "settings": {**{n: getattr(SETTINGS, n) for n in SETTINGS.__struct_fields__}, "seed": 9},
    }
    assert canonical(table.state) == as_python_writes_it(expected)
    assert table.hash == hashlib.sha256(as_python_writes_it(expected)).hexdigest()


def test_L3_an_empty_session_is_encoded_in_full():
    assert seen(Table("anna")) == {
        "comment": [],
        "content": "",
        "drag": [],
        "image": None,
        "motion": "",
        "paint": [],
        "settings": msgspec.to_builtins(SETTINGS),
    }


def test_L3_a_revised_edit_keeps_its_author_place_and_seq_and_has_its_fields_in_force():
    table = Table("anna", "ben1")
    first, second = table.paint("anna"), table.paint("anna")
    table.revise("ben1", first, color="#00ff00", frames=(1, 4))
    revised = {**PAINT, "color": "#00ff00", "frames": [1, 4]}
    assert seen(table)["paint"] == [made_by("anna", first, revised), made_by("anna", second, PAINT)]


def test_L3_strokes_and_erasers_are_one_list_in_seq_order():
    table = Table("anna")
    edits = [table.paint("anna"), table.erase("anna"), table.paint("anna")]
    assert [one["edit"] for one in seen(table)["paint"]] == edits


def test_L3_depth_is_part_of_what_is_seen():
    table = Table("anna")
    edit = table.give("anna", stroke(), depth=1234).seq
    assert seen(table)["paint"] == [made_by("anna", edit, PAINT, 1234)]


def test_L3_the_texts_are_what_people_see_however_they_were_typed():
    one, other = Table("anna", "ben1"), Table("anna", "ben1")
    one.content("anna", "a red sea")
    Pen(other, "ben1").type(0, "", "a blue sea")
    other.spliced("anna", 2, "blue", "red")
    assert one.hash == other.hash


def test_L3_who_is_here_and_what_entered_are_outside_the_hash():
    table = Table("anna")
    edit = table.paint("anna")
    before = table.hash
    table.join("ben1")
    table.session.enter(1, {4: (edit,)}, 0)
    assert table.hash == before


@pytest.mark.parametrize(
    "deed",
    [
        lambda table: table.content("anna", "x"),
        lambda table: table.motion("anna", "x"),
        lambda table: table.paint("anna"),
        lambda table: table.erase("anna"),
        lambda table: table.drag("anna"),
        lambda table: table.comment("anna"),
        lambda table: table.image("anna"),
        lambda table: table.adjust("anna", fps=12),
        lambda table: table.adjust("anna", guidance=300),
        lambda table: table.revise("anna", 3, strength=1),
        lambda table: table.revise("anna", 4, resolved=True),
    ],
)
def test_L3_whatever_people_see_changes_the_hash(deed):
    table = Table("anna")
    assert (table.paint("anna"), table.comment("anna")) == (3, 4)
    before = table.hash
    deed(table)
    assert table.hash != before


@given(words, words, words)
def test_L3_every_text_is_escaped_as_the_spec_says(content, motion, comment):
    table = Table("anna")
    table.content("anna", content)
    table.motion("anna", motion)
    table.comment("anna", comment or "x")
    view = seen(table)
    assert (view["content"], view["motion"]) == (content, motion)
    assert view["comment"][0]["instruction"]["text"] == (comment or "x")
    assert canonical(table.state) == as_python_writes_it(view)


MADE = [
    stroke("#00ff00", 5),
    Drag(start=(-65536, 0), end=(131072, 7), radius=9, strength=0),
    Content("x"),
    Motion("y"),
    Erase(points=((0, 0),), width=1, frames=(0, 4096)),
    Comment(text="?", at=(0, 0), frame=0),
]


@given(st.lists(st.integers(0, len(MADE) - 1), max_size=12))
def test_L3_any_number_of_edits_is_python_json_with_sorted_keys(kinds):
    table = Table("anna")
    for kind in kinds:
        table.edit("anna", MADE[kind])
    view = seen(table)
    assert canonical(table.state) == as_python_writes_it(view)
    assert len(view["paint"]) == kinds.count(0) + kinds.count(4)
    assert len(view["drag"]) == kinds.count(1)
    assert len(view["comment"]) == kinds.count(5)


@given(
    st.lists(
        st.sampled_from(["paint", "content", "drag", "comment", "revise", "undo", "redo"]),
        max_size=25,
    )
)
def test_L3_the_hash_that_remembers_is_the_hash_of_the_state(deeds):
    table, hasher = Table("anna"), StateHasher()
    stroke_of_hers = table.paint("anna")
    for place, deed in enumerate(deeds):
        match deed:
            case "paint" | "content" | "comment":
                getattr(table, deed)("anna", {"paint": f"#0000{place:02x}"}.get(deed, str(place)))
            case "revise" if table.state.live(stroke_of_hers):
                table.revise("anna", stroke_of_hers, width=place + 1)
            case "drag" | "undo" | "redo":
                getattr(table, deed)("anna")
        assert hasher.hash(table.state) == state_hash(table.state)
