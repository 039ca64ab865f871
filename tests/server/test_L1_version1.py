"""L1: a server opens the log of an older one, and goes on with it without rewriting a byte."""

import random
import sqlite3
import sys
from pathlib import Path

import msgpack
from pycrdt import Doc, Text
from running import Raw, preview_done, preview_seq
from typists import Writer, Yjs

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
sys.path.insert(0, str(Path(__file__).parent.parent / "property"))
from version1 import OldLog

HERS = "ΑΒΓΔΕΖΗΘ"
"""What the last live prompt says, in letters nobody else types."""


def stored(folder: Path) -> list[bytes]:
    (file,) = folder.glob("*.db")
    with sqlite3.connect(file) as database:
        return [row for (row,) in database.execute("select event from events order by seq")]


def write_old_log(folder: Path, people: list[str]) -> OldLog:
    """Give the one session of a data folder a log of version 1 behind what it has."""
    (file,) = folder.glob("*.db")
    old = OldLog(random.Random(4), people)
    with sqlite3.connect(file) as database:
        ((session,),) = database.execute("select id from sessions")
        for row in stored(folder):
            event = msgpack.unpackb(row)
            assert event["body"]["v"] == 1
            old.take_over(event["author"], event["body"], row)
        have = len(old.rows)
        for _ in range(40):
            old.step()
        # It ends with texts that somebody sees, and an undo that they remember.
        old.edit(people[0], {"kind": "motion", "text": "moving left"})
        old.edit(people[0], {"kind": "content", "text": HERS})
        old.edit(people[1], {"kind": "content", "text": "a blue 🦋"})
        old.add(people[1], {"kind": "undone", "groups": [len(old.rows)], "v": 1})
        for seq, (author, body) in list(enumerate(old.bodies, 1))[have:]:
            database.execute(
                "insert into events (session, seq, event, kind, author) values (?, ?, ?, ?, ?)",
                (session, seq, old.rows[seq - 1], body["kind"], author),
            )
    return old


async def test_L1_a_log_of_version_1_is_served_and_goes_on(launch, tmp_path):
    server = launch()
    anna, ben = await server.join(name="Anna"), await server.join(name="Ben")
    people = [one.welcome["participant"] for one in (anna, ben)]
    for one in (anna, ben):
        await one.close()
    assert server.stop() == 0
    old = write_old_log(tmp_path / "data", people)
    before = stored(tmp_path / "data")
    assert before == old.rows

    again = launch(port=server.port)
    writer: Writer = Yjs(again, 1, "version 1")
    writer.token = ben.token
    await writer.connect()
    assert [event.body.v for event in writer.events if event.body.v == 2]
    assert writer.text == writer.shows() == HERS
    await writer.raw.preview(
        lambda data: preview_done(data) and preview_seq(data) >= len(before), 60
    )
    status = [m for m in writer.raw.messages if m["type"] == "take"][-1]
    assert status["state"] in ("running", "finished")

    await writer.type(10)
    await writer.settle()
    back = await again.join(anna.token)
    undone = await back.command(type="undo")
    await writer.settle(undone["seq"])
    assert set(HERS).isdisjoint(writer.shows())
    assert set(writer.typed - writer.deleted) <= set(writer.shows())
    redone = await back.command(type="redo")
    await writer.settle(redone["seq"])
    assert set(writer.shows()) & set(HERS) == set(HERS) - writer.deleted
    for one in (writer.raw, back):
        await one.close()
    assert again.stop() == 0
    assert stored(tmp_path / "data")[: len(before)] == before, "never rewritten"

    third = launch(port=server.port)
    fresh = await third.join(anna.token)
    await fresh.catch_up()
    assert text_of(fresh) == writer.shows()
    await fresh.close()


def text_of(raw: Raw) -> str:
    doc = Doc()
    for event in raw.events:
        body = event["body"]
        for change in [body.get("instruction", {}), *body.get("texts", ())]:
            if change.get("kind") == "text" and change["prompt"] == "content":
                doc.apply_update(change["update"])
    return str(doc.get("text", type=Text))
