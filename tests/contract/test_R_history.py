"""R4, R5, C2: sessions that begin with a log, logs by the piece, snapshots."""

from __future__ import annotations

import msgpack
import pytest
from rows import CREATED, ROW, edited, receipt
from sqlalchemy import update

from framejam_server.store.contract import (
    Blob,
    SessionRow,
    Snapshot,
    StoredSession,
    StoreError,
    TakeRecord,
    Token,
)
from framejam_server.store.tables import events as event_table

BRANCH = SessionRow("branch", "epoch2", 2000, "a name, größe 蝶", "session1", 17)
LOG = [CREATED, *(edited(seq) for seq in range(2, 2502))]
BLOBS = [Blob("ab" * 32, "image/png", 3, 4, 77), Blob("cd" * 32, "image/jpeg", 5, 6)]
TAKES = [TakeRecord(1, 5, "d5", "{}"), TakeRecord(1, 9, "d9", '{"at": 5}')]
OWNER = Token("owner", "branch", b"o" * 32, "owner", "anna")


async def test_R4_a_session_begins_with_all_it_is_given(store):
    await store.add_session(BRANCH, LOG, BLOBS, TAKES, [OWNER])
    assert await store.load("branch") == StoredSession(BRANCH, LOG, [], BLOBS)
    assert await store.takes("branch") == TAKES
    assert await store.token("owner") == OWNER
    assert (await store.sessions())[-1] == BRANCH
    await store.append("branch", [edited(2502)], [receipt(1)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"row": ROW},
        {"tokens": [OWNER, Token("owner", "branch", b"p" * 32, "viewer")]},
        {"tokens": [OWNER, Token("other", "session1", b"p" * 32, "viewer")]},
    ],
)
async def test_R5_a_session_that_cannot_be_added_whole_is_not_added(store, wrong):
    given = {"row": BRANCH, "events": LOG, "blobs": BLOBS, "takes": TAKES, "tokens": [OWNER]}
    with pytest.raises(StoreError):
        await store.add_session(**(given | wrong))
    assert await store.load("branch") is None
    assert await store.token("owner") is None
    assert (await store.load("session1")).events == [CREATED]
    assert (await store.usage()).takes == 0
    await store.add_session(**given)


async def test_C3_a_log_is_read_by_the_piece(store):
    await store.add_session(BRANCH, LOG)
    assert await store.events("branch", 0, 3) == LOG[:3]
    assert await store.events("branch", 2000, 100) == LOG[2000:2100]
    assert await store.events("branch", 2499, 100) == LOG[2499:]
    assert await store.events("branch", 2501, 100) == []
    assert await store.events("nowhere", 0, 100) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
async def test_L1_a_piece_with_old_events_says_what_the_whole_log_does(store):
    """Version 1 wrote whole prompts: what one changed depends on the ones before it."""
    async with store._write() as connection:
        for seq, words in enumerate(("a red fish", "a blue fish", "a bird"), start=2):
            await connection.execute(event_table.insert(), [version_1(seq, words)])
    whole = (await store.load("session1")).events
    assert len(whole) == 4
    assert whole[2].body.instruction != whole[3].body.instruction
    for after in range(4):
        assert await store.events("session1", after, 2) == whole[after : after + 2]


def version_1(seq: int, words: str) -> dict[str, object]:
    """A row as a server of version 1 wrote it."""
    body = {"kind": "edited", "instruction": {"kind": "content", "text": words}, "depth": None}
    event = {"type": "event", "seq": seq, "at": seq, "author": "anna", "body": body | {"v": 1}}
    event |= {"client_id": "tab-of-anna", "client_seq": seq}
    row = {"session": "session1", "seq": seq, "kind": "edited", "author": "anna"}
    return row | {"event": msgpack.packb(event)}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
async def test_L1_a_damaged_event_is_a_clear_error_of_its_session_alone(store):
    await store.add_session(BRANCH, LOG[:4])
    async with store._write() as connection:
        here = event_table.c.session == "branch", event_table.c.seq == 3
        await connection.execute(update(event_table).where(*here).values(event=b"\xc1"))
    with pytest.raises(StoreError, match="event 3 is damaged"):
        await store.events("branch", 2, 5)
    with pytest.raises(StoreError, match="event 3 is damaged"):
        await store.load("branch")
    assert await store.events("branch", 0, 2) == LOG[:2]
    assert await store.events("session1", 0, 9) == [CREATED]


async def test_C2_the_newest_snapshots_are_kept(store):
    assert await store.snapshot("session1") is None
    for seq, data in ((10, b"ten"), (30, b"thirty" * 100_000), (20, b"twenty")):
        await store.add_snapshot("session1", seq, data)
    assert await store.snapshot("session1") == Snapshot(30, b"thirty" * 100_000)
    await store.add_snapshot("session1", 30, b"again")
    assert await store.snapshot("session1") == Snapshot(30, b"again")
    with pytest.raises(StoreError):
        await store.add_snapshot("nowhere", 1, b"")
