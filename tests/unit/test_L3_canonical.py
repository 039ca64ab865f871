"""L3: the quick encoder writes what SPEC.md describes; what it remembers is never stale."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from people import SETTINGS, Table, stroke

from framejam_protocol.fold.canonical import StateHasher, canonical, state_hash
from framejam_protocol.instructions import Content, Drag, Motion

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def as_python_writes_it(value) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


@given(words, words)
def test_L3_every_text_is_escaped_as_the_spec_says(content, motion):
    table = Table("anna")
    table.content("anna", content)
    table.motion("anna", motion)
    found = canonical(table.session.state)
    view = json.loads(found)
    assert view["content"] == content
    assert view["motion"] == motion
    assert found == as_python_writes_it(view)


@given(st.lists(st.integers(0, 3), max_size=12))
def test_L3_any_number_of_strokes_and_drags_is_python_json_with_sorted_keys(kinds):
    table = Table("anna")
    made = [
        stroke("#00ff00", 5),
        Drag(start=(-65536, 0), end=(131072, 7), radius=9, strength=0),
        Content("x"),
        Motion("y"),
    ]
    for kind in kinds:
        table.edit("anna", made[kind])
    view = json.loads(canonical(table.session.state))
    assert canonical(table.session.state) == as_python_writes_it(view)
    assert list(view) == ["comment", "content", "drag", "image", "motion", "paint", "settings"]
    assert len(view["paint"]) == kinds.count(0)
    assert len(view["drag"]) == kinds.count(1)
    assert view["settings"] == msgspec.to_builtins(SETTINGS)


@given(st.lists(st.sampled_from(["paint", "content", "drag", "undo", "redo"]), max_size=25))
def test_L3_the_hash_that_remembers_is_the_hash_of_the_state(deeds):
    table, hasher = Table("anna"), StateHasher()
    for place, deed in enumerate(deeds):
        match deed:
            case "paint":
                table.paint("anna", f"#0000{place:02x}")
            case "content":
                table.content("anna", str(place))
            case _:
                getattr(table, deed)("anna")
        assert hasher.hash(table.session.state) == state_hash(table.session.state)
