"""L1: a log of an older version reads as the present one writes it, and its rows stay as they are.

Version 1 of ``edited`` had whole prompts, the newest live one of which counted.
"""

import msgpack
import pytest
from people import SETTINGS, Table
from yjs_clients import Pen, read_by_splices

from framejam_protocol.events import Edited, Redone, Undone
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.merge import newest, prompt_text
from framejam_protocol.fold.state import State, fold
from framejam_protocol.instructions import Paint, Splice, Text
from framejam_protocol.wire import encode
from framejam_server.session.session import Session
from framejam_server.session.upcast import CURRENT, UnknownEvent, decode_log

STROKE = {"kind": "paint", "points": [[1, 2]], "color": "#ff0000", "width": 9, "strength": 65536}


class OldLog:
    """Rows as a server of version 1 stored them."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        settings = {name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__}
        self.add("", {"kind": "created", "settings": settings})
        for person in ("anna", "ben1"):
            joined = {"participant": person, "name": person, "color": "#000000", "role": "editor"}
            self.add(person, {"kind": "joined", **joined})

    def add(self, author: str, body: dict[str, object], v: int = 1) -> int:
        event = {
            "type": "event",
            "seq": len(self.rows) + 1,
            "at": 1000 + len(self.rows),
            "author": author,
            "body": {**body, "v": v},
            "client_id": f"tab-of-{author}" if author else None,
            "client_seq": 1 if author else None,
        }
        self.rows.append(msgpack.packb(event))
        return len(self.rows)

    def content(self, author: str, text: str) -> int:
        instruction = {"kind": "content", "text": text}
        return self.add(author, {"kind": "edited", "instruction": instruction, "depth": None})

    def motion(self, author: str, text: str) -> int:
        instruction = {"kind": "motion", "text": text}
        return self.add(author, {"kind": "edited", "instruction": instruction, "depth": 1234})

    def undo(self, author: str, *groups: int) -> int:
        return self.add(author, {"kind": "undone", "groups": groups, "shadowed_by": None})

    def redo(self, author: str, *groups: int) -> int:
        return self.add(author, {"kind": "redone", "groups": groups})

    def texts(self) -> list[str]:
        """The content prompt after each event; the same for every kind of reader."""
        log, state, text, found = decode_log(self.rows), State(), "", []
        for event in log:
            state.apply(event)
            text = read_by_splices([event], text)
            assert text == prompt_text(state, "content")
            found.append(text)
        table = Table()
        table.session = Session(log)
        assert Pen(table, "anna").text == text
        return found[3:]


def test_L1_an_old_prompt_reads_as_the_text_it_put_there():
    old = OldLog()
    old.content("anna", "a red sea")
    old.content("ben1", "the sky 🦋")
    event = decode_log(old.rows)[4]
    assert (event.seq, event.at, event.author) == (5, 1004, "ben1")
    assert (event.client_id, event.client_seq) == ("tab-of-ben1", 1)
    assert (event.body.v, event.body.group, event.body.depth) == (2, None, None)
    assert isinstance(event.body.instruction, Text)
    assert event.body.instruction.splices == (Splice(0, "a red sea", "the sky 🦋"),)
    assert old.texts() == ["a red sea", "the sky 🦋"]


def test_L1_the_prompts_are_told_apart_and_depth_is_kept():
    old = OldLog()
    old.content("anna", "sea")
    old.motion("ben1", "left")
    state = fold(decode_log(old.rows))
    assert (prompt_text(state, "content"), prompt_text(state, "motion")) == ("sea", "left")
    assert state.edits[5].depth == 1234


def test_L1_at_every_seq_the_newest_live_prompt_counts_as_it_did():
    old = OldLog()
    first, second = old.content("anna", "one"), old.content("ben1", "two")
    third = old.content("anna", "three")
    old.undo("ben1", second)  # covered by the third: nothing to see
    old.undo("anna", third)
    old.undo("anna", first)
    old.redo("anna", first)
    old.redo("anna", third)
    old.redo("ben1", second)
    assert old.texts() == ["one", "two", "three", "three", "one", "", "one", "three", "three"]


def test_L1_an_old_prompt_that_is_covered_is_undone_unseen():
    old = OldLog()
    first = old.content("anna", "one")
    old.content("ben1", "two")
    old.undo("anna", first)
    old.undo("ben1", 5)
    assert old.texts() == ["one", "two", "two", ""]


def test_L1_old_undos_and_redos_say_what_they_did_to_texts():
    old = OldLog()
    first = old.content("anna", "one")
    old.content("ben1", "two")
    old.undo("ben1", 5)
    old.redo("ben1", 5)
    old.undo("anna", first)
    log = decode_log(old.rows)
    assert [type(event.body) for event in log[5:]] == [Undone, Redone, Undone]
    undone, redone, unseen = (event.body for event in log[5:])
    assert [text.splices for text in undone.texts] == [(Splice(0, "two", "one"),)]
    assert [text.splices for text in redone.texts] == [(Splice(0, "one", "two"),)]
    assert unseen.texts == ()
    assert {undone.v, redone.v} == {2}


def test_L1_one_old_undo_of_several_groups():
    old = OldLog()
    stroke = old.add("anna", {"kind": "edited", "instruction": STROKE, "depth": None})
    text = old.content("anna", "hers")
    old.motion("anna", "left")
    old.undo("anna", 6, text, stroke)
    log = decode_log(old.rows)
    assert {text.prompt for text in log[-1].body.texts} == {"content", "motion"}
    state = fold(log)
    assert (prompt_text(state, "content"), prompt_text(state, "motion")) == ("", "")
    assert newest(state, [Paint]) == []


def test_L1_strokes_of_old_get_the_fields_that_came_later():
    old = OldLog()
    old.add("anna", {"kind": "edited", "instruction": STROKE, "depth": None})
    (event,) = decode_log(old.rows)[3:]
    assert event.body == Edited(Paint(((1, 2),), "#ff0000", 9, 65536, None))


def test_L1_people_go_on_in_an_old_session():
    old = OldLog()
    text = old.content("anna", "a red sea")
    table = Table("anna", "ben1")
    table.session = Session(decode_log(old.rows))
    table.session.bind("tab-of-ben1", "ben1")
    Pen(table, "ben1").type(2, "red", "blue")
    table.spliced("anna", 0, "a", "the")
    assert table.text == Pen(table, "anna").text == "the blue sea"
    table.undo("anna")
    assert table.undo("anna").body.groups == (text,)
    assert table.text == "blue"
    assert table.session.log[: len(old.rows)] == decode_log(old.rows)


def test_L1_a_log_that_is_part_old_and_part_new():
    old = OldLog()
    old.content("anna", "a red sea")
    table = Table("anna", "ben1")
    table.session = Session(decode_log(old.rows))
    new = table.spliced("ben1", 2, "red", "blue")
    table.undo("anna")
    rows = old.rows + [encode(event) for event in table.session.log[len(old.rows) :]]
    assert decode_log(rows) == table.session.log
    assert state_hash(fold(decode_log(rows))) == table.hash
    assert table.state.live(new)


def test_L1_reading_is_repeatable_and_rewrites_nothing():
    old = OldLog()
    old.content("anna", "a red sea")
    old.content("ben1", "x")
    old.undo("ben1", 5)
    rows = list(old.rows)
    assert decode_log(old.rows) == decode_log(rows)
    assert old.rows == rows


def test_L1_a_present_log_is_read_as_it_is():
    table = Table("anna", "ben1")
    Pen(table, "anna").type(0, "", "sea")
    table.paint("ben1", group="g")
    table.undo("anna")
    rows = [encode(event) for event in table.session.log]
    assert decode_log(rows) == table.session.log
    assert {body.__name__: v for body, v in CURRENT.items()} == {
        "Created": 1,
        "Joined": 1,
        "Edited": 2,
        "Undone": 2,
        "Redone": 2,
        "Entered": 1,
        "Marked": 1,
        "Restored": 1,
        "Assigned": 1,
        "Branched": 1,
    }


@pytest.mark.parametrize(
    ("body", "v", "why"),
    [
        ({"kind": "edited", "instruction": STROKE}, 3, "newer server"),
        ({"kind": "entered", "take": 1, "step": 0, "edits": []}, 2, "newer server"),
        ({"kind": "renamed"}, 1, "newer server"),
        ({"kind": "edited"}, 1, "damaged"),
        ({"kind": "edited", "instruction": {"kind": "content"}}, 1, "damaged"),
        ({"kind": "edited", "instruction": {"kind": "sculpture"}}, 1, "damaged"),
        ({"kind": "edited", "instruction": {**STROKE, "color": 5}}, 2, "damaged"),
    ],
)
def test_L1_an_event_that_cannot_be_read_is_named(body, v, why):
    old = OldLog()
    seq = old.add("anna", body, v)
    with pytest.raises(UnknownEvent, match=why) as caught:
        decode_log(old.rows)
    assert f"event {seq}" in str(caught.value)


@pytest.mark.parametrize("row", [b"", b"\xc1", b"\x93", b"\xa3abc", msgpack.packb({"seq": 4})])
def test_L1_a_damaged_row_is_named(row):
    old = OldLog()
    old.rows.append(row)
    with pytest.raises(UnknownEvent, match="event 4"):
        decode_log(old.rows)
