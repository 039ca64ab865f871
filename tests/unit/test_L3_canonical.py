"""L3: the canonical encoding of a state is what SPEC.md describes, and the hash is over it."""

import hashlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import BLOB, SETTINGS, TRIANGLE, Table, stroke
from yjs_clients import Pen

from framejam_protocol.fold.canonical import StateHasher, canonical, state_hash
from framejam_protocol.instructions import (
    Camera,
    Comment,
    Content,
    Drag,
    Erase,
    Lock,
    Motion,
    Region,
    Trajectory,
)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)

PAINT = {
    "kind": "paint",
    "points": [[1000, 1000], [1500, 2000]],
    "color": "#ff0000",
    "width": 900,
    "strength": 65536,
    "frames": None,
    "blend": "normal",
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
TRAJECTORY = {
    "kind": "trajectory",
    "path": [[30000, 30000], [40000, 10000], [50000, 20000]],
    "radius": 8000,
    "strength": 65536,
    "frames": None,
}
CAMERA = {
    "kind": "camera",
    "pan": 6000,
    "tilt": -3000,
    "zoom": 80000,
    "strength": 65536,
    "frames": None,
}
CORNERS = [[1000, 1000], [30000, 1000], [1000, 60000]]
REGION = {"kind": "region", "outline": CORNERS, "text": "gold", "strength": 65536, "frames": None}
LOCK = {"kind": "lock", "outline": CORNERS, "frames": None}
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
    table.adjust("anna", seed=9, loras=(("蝶", -20), ("a", 5)))
    table.negative("ben1", "blur")
    way, camera = table.trajectory("anna"), table.camera("ben1")
    region, lock = table.region("anna"), table.lock("ben1")
    settings = {n: getattr(SETTINGS, n) for n in SETTINGS.__struct_fields__}
    expected = {
        "camera": [made_by("ben1", camera, CAMERA)],
        "comment": [made_by("ben1", comment, COMMENT)],
        "content": text,
        "drag": [made_by("anna", dragged, DRAG)],
        "image": made_by("ben1", image, {"kind": "image", "blob": BLOB}),
        "lock": [made_by("ben1", lock, LOCK)],
        "motion": "",
        "negative": "blur",
        "paint": [made_by("anna", painted, PAINT), made_by("ben1", erased, ERASE)],
        "region": [made_by("anna", region, REGION)],
        "settings": {**settings, "seed": 9, "loras": [["蝶", -20], ["a", 5]]},
        "trajectory": [made_by("anna", way, TRAJECTORY)],
    }
    assert canonical(table.state) == as_python_writes_it(expected)
    assert table.hash == hashlib.sha256(as_python_writes_it(expected)).hexdigest()


def test_L3_an_empty_session_is_encoded_in_full():
    assert seen(Table("anna")) == {
        "camera": [],
        "comment": [],
        "content": "",
        "drag": [],
        "image": None,
        "lock": [],
        "motion": "",
        "negative": "",
        "paint": [],
        "region": [],
        "settings": json.loads(msgspec.json.encode(SETTINGS)),
        "trajectory": [],
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


def test_L3_what_a_lock_holds_is_outside_the_hash():
    one, other = Table("anna"), Table("anna")
    for step, table in ((4, one), (5, other)):
        edit = table.paint("anna")
        table.session.enter(1, {step: (edit,)}, 0)
        lock = table.lock("anna")
    assert one.state.held(lock) != other.state.held(lock)
    assert one.hash == other.hash


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
        lambda table: table.negative("anna", "x"),
        lambda table: table.edit("anna", stroke(blend="color")),
        lambda table: table.trajectory("anna"),
        lambda table: table.camera("anna"),
        lambda table: table.region("anna"),
        lambda table: table.lock("anna"),
        lambda table: table.adjust("anna", scheduler="euler"),
        lambda table: table.adjust("anna", loras=(("ink", 1),)),
        lambda table: table.adjust("anna", harmonize=1),
        lambda table: table.adjust("anna", mix=1),
        lambda table: table.adjust("anna", align=1),
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
    Trajectory(path=((0, 0), (9, 9)), radius=1, strength=0, frames=(0, 0)),
    Camera(zoom=262144),
    Region(outline=TRIANGLE, text='"'),
    Lock(outline=TRIANGLE, frames=(3, 3)),
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
    named = enumerate(("trajectory", "camera", "region", "lock"), start=6)
    assert all(len(view[name]) == kinds.count(kind) for kind, name in named)


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
