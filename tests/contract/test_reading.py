"""A session is read out of a database beside its server, which goes on writing."""

from __future__ import annotations

import asyncio

import pytest
from rows import CREATED, edited, receipt

from framejam_server.store.contract import StoreError, TakeRecord
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
