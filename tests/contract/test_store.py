"""One suite for every store: what ``store.contract.Store`` promises."""

from __future__ import annotations

import pytest
from rows import CREATED, ROW, edited, receipt
from sqlalchemy import text

from framejam_protocol.messages import Refusal
from framejam_server.session.receipts import Receipt
from framejam_server.store.contract import (
    Blob,
    NewestClip,
    SessionRow,
    StoreError,
    TakeRecord,
    Token,
)
from framejam_server.store.sql import create_engine


async def test_L1_events_come_back_whole_and_in_order(store):
    events = [edited(seq, f"größe {seq} 蝶") for seq in range(2, 12)]
    await store.append("session1", events[:4], [])
    await store.append("session1", events[4:], [])
    assert (await store.load("session1")).events == [CREATED, *events]


async def test_L1_a_seq_that_is_taken_is_refused_and_the_batch_with_it(store):
    await store.append("session1", [edited(2)], [])
    with pytest.raises(StoreError):
        await store.append("session1", [edited(2), edited(3)], [receipt(1)])
    stored = await store.load("session1")
    assert [event.seq for event in stored.events] == [1, 2]
    assert stored.receipts == []


async def test_L4_receipts_come_back_and_are_unique(store):
    refused = Receipt(
        "client-01",
        "anna",
        2,
        bytes(32),
        Refusal(client_seq=2, code="invalid", message="m", field="f"),
    )
    await store.append("session1", [edited(2)], [receipt(1), refused])
    assert (await store.load("session1")).receipts == [receipt(1), refused]
    with pytest.raises(StoreError):
        await store.append("session1", [edited(3)], [receipt(1)])
    assert len((await store.load("session1")).events) == 2


async def test_an_unknown_session_is_none_and_cannot_be_appended_to(store):
    assert await store.load("nowhere") is None
    with pytest.raises(StoreError):
        await store.append("nowhere", [edited(1)], [])


async def test_sessions_are_listed_oldest_first_and_unique(store):
    await store.create_session(SessionRow("older", "e", 10), [CREATED])
    assert [row.id for row in await store.sessions()] == ["older", "session1"]
    with pytest.raises(StoreError):
        await store.create_session(ROW, [CREATED])


async def test_A2_tokens_are_found_by_id_and_revoked_by_label(store):
    invite = Token("t1", "session1", b"d" * 32, "owner", None, "launch")
    own = Token("t2", "session1", b"e" * 32, "owner", "anna", "launch")
    other = Token("t3", "session1", b"f" * 32, "editor", None, "")
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    elsewhere = Token("t4", "session2", b"g" * 32, "owner", None, "launch")
    for token in (invite, own, other, elsewhere):
        await store.add_token(token)
    assert await store.token("t1") == invite
    await store.revoke("session1", "launch")
    assert await store.token("t1") is None
    assert await store.token("t2") == own, "a participant's token is no invite"
    assert await store.token("t3") == other
    assert await store.token("t4") == elsewhere, "each session has its own"


async def test_A3_blobs_belong_to_a_session_once(store):
    blob = Blob("ab" * 32, "image/png", 3, 4)
    await store.add_blob("session1", blob)
    await store.add_blob("session1", blob)
    assert (await store.load("session1")).blobs == [blob]


async def test_A4_images_that_no_session_has_are_told(store):
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    ids = [f"{number:064x}" for number in range(4)]
    for session, blob in (("session1", ids[0]), ("session2", ids[0]), ("session2", ids[2])):
        await store.add_blob(session, Blob(blob, "image/png", 3, 4, 5))
    assert await store.unused([*reversed(ids), ids[1]]) == [ids[1], ids[3]]
    assert await store.unused([]) == []
    await store.delete_session("session2")
    assert await store.unused(ids) == ids[1:]


async def test_A3_a_sessions_images_are_listed_by_id(store):
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    found = [Blob(letter * 64, "image/png", 3, 4, 5) for letter in "ba"]
    for blob in found:
        await store.add_blob("session1", blob)
    assert await store.blobs("session1") == found[::-1]
    assert await store.blobs("session2") == []
    assert await store.blobs("nowhere") == []


async def test_A4_of_a_sessions_takes_the_newest_are_kept(store):
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    records = [TakeRecord(1 + seq % 2, seq, f"digest{seq}", "{}") for seq in range(1, 7)]
    for record in records[:4]:
        await store.add_take("session1", record, keep=4)
        await store.add_take("session2", record)
    assert await store.takes("session1") == records[:4]
    await store.add_take("session1", records[4], keep=3)
    assert await store.takes("session1") == records[2:5]
    await store.add_take("session1", records[5], keep=1)
    assert await store.takes("session1") == records[5:]
    assert await store.takes("session2") == records[:4], "another's are not counted"


async def test_T2_take_records_come_back_in_order(store):
    records = [TakeRecord(1, seq, f"digest{seq}", "{}") for seq in (5, 9)]
    for record in records:
        await store.add_take("session1", record)
    assert await store.takes("session1") == records


async def test_T8_of_each_take_the_newest_clip(store):
    await store.create_session(SessionRow("session2", "epoch2", 2000), [CREATED])
    for take, seq, at in ((2, 5, 50), (1, 7, 70), (2, 9, None), (1, 7, 71), (3, 8, 80)):
        record = '{"entries": {"4": 1}' + (f', "at": {at}' if at else "") + "}"
        await store.add_take("session1", TakeRecord(take, seq, f"digest{seq}{at}", record))
    await store.add_take("session2", TakeRecord(1, 6, "digest6", "{}"))
    assert await store.newest_clips("session1") == [
        NewestClip(1, 7, "digest771", 71),
        NewestClip(2, 9, "digest9None", None),
        NewestClip(3, 8, "digest880", 80),
    ]
    assert await store.newest_clips("session2") == [NewestClip(1, 6, "digest6", None)]


async def test_L2_sqlite_commits_are_synced_to_disk(tmp_path):
    """WAL and synchronous=FULL, on every connection the engine makes."""
    engine = create_engine(tmp_path / "f.db")
    async with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
                found = await connection.execute(text(f"PRAGMA {pragma}"))
                assert found.scalar_one() == value
    await engine.dispose()
