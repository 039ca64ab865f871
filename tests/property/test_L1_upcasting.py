"""L1: logs of version 1 mean at every seq what they meant; what cannot be read is said to be so."""

import random
import sys
from pathlib import Path

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
from people import Table
from version1 import PEOPLE, Model, OldLog

from framejam_protocol.events import Edited, Event
from framejam_protocol.fold.merge import image_in_force, newest, prompt_text
from framejam_protocol.fold.prose import apply_splices
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import PROMPTS, Drag, Paint, Splice, Spliced, Text
from framejam_protocol.messages import Edit, Redo, Undo
from framejam_server.session.session import Session
from framejam_server.session.text import texts_of
from framejam_server.session.upcast import CURRENT, UnknownEvent, decode_log


def old_log(seed: int, steps: int = 40) -> OldLog:
    log = OldLog(random.Random(seed)).begin()
    for _ in range(steps):
        log.step()
    return log


def means_the_same(state: State, model: Model) -> None:
    for prompt in PROMPTS:
        assert prompt_text(state, prompt) == model.newest(prompt)["text"]
    image = image_in_force(state)
    assert (image.instruction.blob if image else None) == model.newest("image")["blob"]
    added = newest(state, [Paint, Drag])
    assert [edit.seq for edit in added] == model.live("paint", "drag")
    for edit in added:
        told = msgspec.json.decode(msgspec.json.encode(edit.instruction))
        known = model.edits[edit.seq][1]
        # What version 1 had no word for means what it meant without: all frames, opaque paint.
        later = {"frames": None, "blend": "normal"}
        assert told == {**{name: later[name] for name in told.keys() - known.keys()}, **known}
    assert state.mapping(1) == model.mapping()
    assert state.dead == model.dead
    assert {who: [*map(list, stack)] for who, stack in state.redo.items() if stack} == {
        who: stack for who, stack in model.redo.items() if stack
    }


@given(st.integers(0, 10**9))
def test_L1_an_old_log_means_at_every_seq_what_it_meant(seed):
    old = old_log(seed)
    events = decode_log(old.rows)
    assert [event.seq for event in events] == list(range(1, len(old.rows) + 1))
    state, model, by_splices = State(), Model(), dict.fromkeys(PROMPTS, "")
    for event, (author, body) in zip(events, old.bodies, strict=True):
        assert event.body.v == CURRENT[type(event.body)]
        assert event.author == author
        assert event.at == 1_700_000_000_000 + event.seq
        state.apply(event)
        model.apply(event.seq, author, body)
        means_the_same(state, model)
        for text in texts_of(event):
            by_splices[text.prompt] = apply_splices(by_splices[text.prompt], text.splices)
        assert by_splices == {prompt: prompt_text(state, prompt) for prompt in PROMPTS}


@given(st.integers(0, 10**9))
def test_L1_an_old_log_goes_on_and_is_read_alike_again(seed):
    """New events build on letters that exist nowhere but in the reading: it may not vary."""
    old = old_log(seed, 20)
    events = decode_log(old.rows)
    core = Session(events, blobs=[])
    assert core.bind("tab-from-now-on", "anna") is not None
    number = 0

    def send(make):
        nonlocal number
        number += 1
        return Table.outcome(
            core.command("anna", "tab-from-now-on", make(number), 1_800_000_000_000)
        )

    head = len(events)
    end = len(prompt_text(core.state, "content"))
    insert = Spliced("content", head, (Splice(end, "", " at sea"), Splice(0, "", "the ")))
    assert isinstance(send(lambda n: Edit(n, insert)), Event)
    while isinstance(send(Undo), Event):
        pass
    while isinstance(send(Redo), Event):
        pass
    rows = old.rows + [msgspec.msgpack.encode(event) for event in core.log[head:]]
    again = decode_log(rows)
    assert again == core.log
    assert Session(again).state == core.state


def table_log() -> list[Event]:
    table = Table(*PEOPLE)
    table.content("anna", "red fish")
    table.paint("ben1")
    table.content("ben1", "a blue bird")
    table.undo("ben1")
    table.redo("ben1")
    return table.session.log


def test_L1_a_log_of_this_version_is_read_as_it_is():
    log = table_log()
    rows = [msgspec.msgpack.encode(event) for event in log]
    assert decode_log(rows) == log
    assert [msgspec.msgpack.encode(event) for event in decode_log(rows)] == rows


@pytest.mark.parametrize("kind", sorted({b.__struct_config__.tag for b in CURRENT}))
@pytest.mark.parametrize("old", [False, True])
def test_L1_an_event_of_a_newer_version_is_not_guessed_at(kind, old):
    """Whatever of its fields has changed; ``old``: behind a log of version 1."""
    rows = old_log(5).rows if old else [msgspec.msgpack.encode(event) for event in table_log()]
    newer = {"kind": kind, "v": CURRENT_VERSIONS[kind] + 1, "something": ["new"]}
    event = {"type": "event", "seq": len(rows) + 1, "at": 0, "author": "anna", "body": newer}
    with pytest.raises(UnknownEvent, match=rf"{len(rows) + 1} is {kind} version {newer['v']}"):
        decode_log([*rows, msgpack.packb(event)])


CURRENT_VERSIONS = {body.__struct_config__.tag: version for body, version in CURRENT.items()}


def test_L1_an_event_of_a_kind_nobody_knows_is_not_guessed_at():
    event = {"type": "event", "seq": 1, "at": 0, "author": "", "body": {"kind": "sung", "v": 1}}
    with pytest.raises(UnknownEvent, match="sung"):
        decode_log([msgpack.packb(event)])


@pytest.mark.parametrize("old", [False, True])
def test_L1_a_row_that_is_missing_is_missed(old):
    rows = old_log(5).rows if old else [msgspec.msgpack.encode(event) for event in table_log()]
    with pytest.raises(UnknownEvent, match="4 is damaged"):
        decode_log(rows[:3] + rows[4:])


@given(st.booleans(), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 255), st.data())
def test_L1_damaged_bytes_are_another_event_or_an_unknown_one(old, which, where, byte, data):
    """Nobody can know that a letter was another; but no other error ever comes."""
    rows = old_log(3).rows if old else [msgspec.msgpack.encode(event) for event in table_log()]
    row = bytearray(rows[which % len(rows)])
    row[where % len(row)] = byte
    cut = len(row) - (where % len(row) if data.draw(st.booleans()) else 0)
    rows[which % len(rows)] = bytes(row[:cut])
    try:
        events = decode_log(rows)
    except UnknownEvent as error:
        assert "event" in str(error)
    else:
        assert len(events) == len(rows)


@pytest.mark.parametrize(
    "row",
    [b"", b"\xc1", b"\x91" * 5000, b"\x93\x01\x02\x03", msgpack.packb({"type": "event"}),
     msgpack.packb({"type": "event", "seq": 1, "at": 0, "author": "", "body": 3}),
     msgpack.packb({"type": "event", "seq": 1, "at": 0, "author": "", "body": {"kind": []}})],
    ids=lambda row: f"{row[:4].hex()}-{len(row)}",
)  # fmt: skip
def test_L1_what_is_no_event_is_an_unknown_one(row):
    with pytest.raises(UnknownEvent, match="1 is"):
        decode_log([row])


def test_L1_old_texts_are_what_readers_of_both_kinds_need():
    """The generator must not be all about strokes: prompts of several lives are in it."""
    events = [event for seed in range(20) for event in decode_log(old_log(seed).rows)]
    texts = [one for event in events for one in texts_of(event)]
    assert sum(isinstance(e.body, Edited) and isinstance(e.body.instruction, Text) for e in events)
    assert len(texts) > 200
    assert sum(len(texts_of(event)) > 0 and not isinstance(event.body, Edited) for event in events)
