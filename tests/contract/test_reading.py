"""A session is read out of a database beside its server, which goes on writing."""

from __future__ import annotations

import asyncio

import pytest
from rows import CREATED, edited, receipt

from framejam_server.store import reading, sql
from framejam_server.store.contract import Blob, StoreError, TakeRecord
from framejam_server.store.reading import read_session

TAKES = [TakeRecord(1, 5, "d5", "{}"), TakeRecord(1, 9, "d9", '{"at": 5}')]


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    return request.param


async def test_a_session_is_read_while_a_server_has_the_database(store, address, tmp_path):
    def look(session: str):
        return asyncio.to_thread(read_session, tmp_path / "f.db", session, address)

    await store.append("session1", [edited(2)], [receipt(1)])
    for record in TAKES:
        await store.add_take("session1", record)
    kept = await look("session1")
    assert kept.events == [CREATED, edited(2)]
    assert kept.takes == TAKES
    assert await look("nowhere") is None
    await store.append("session1", [edited(3)], [receipt(2)])
    assert len((await look("session1")).events) == 3


@pytest.mark.parametrize("address", ["postgresql://u:secret@[::1]:1/x", "postgresql://u:1:2/x"])
def test_a_database_that_cannot_be_read_is_one_clear_error(tmp_path, address):
    with pytest.raises(StoreError, match="FRAMEJAM_DATABASE cannot be read") as refused:
        read_session(tmp_path / "f.db", "session1", address)
    assert "secret" not in str(refused.value)


async def test_L2_a_session_is_loaded_as_it_was_at_one_moment(store, monkeypatch):
    """What is committed while it is read is in none of it: a receipt of an event that is not there
    would be an ack of nothing."""
    rows = sql.receipt_rows

    async def meanwhile(connection, session):
        await store.append("session1", [edited(2)], [receipt(1)])
        await store.add_blob("session1", Blob("ab" * 32, "image/png", 1, 1, 1))
        return await rows(connection, session)

    monkeypatch.setattr(sql, "receipt_rows", meanwhile)
    loaded = await store.load("session1")
    assert (loaded.events, loaded.receipts, loaded.blobs) == ([CREATED], [], [])
    monkeypatch.undo()
    loaded = await store.load("session1")
    assert [len(part) for part in (loaded.events, loaded.receipts, loaded.blobs)] == [2, 1, 1]


async def test_a_session_is_read_beside_its_server_as_it_was_at_one_moment(
    store, address, tmp_path, monkeypatch
):
    loop, columns = asyncio.get_running_loop(), reading.fields

    def meanwhile(table, record):
        if record is TakeRecord:  # the events are read, the takes are not
            take = store.add_take("session1", TAKES[0])
            asyncio.run_coroutine_threadsafe(take, loop).result(20)
        return columns(table, record)

    monkeypatch.setattr(reading, "fields", meanwhile)
    kept = await asyncio.to_thread(read_session, tmp_path / "f.db", "session1", address)
    assert (kept.events, kept.takes) == ([CREATED], [])
    assert await store.takes("session1") == TAKES[:1]
