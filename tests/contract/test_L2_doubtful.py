"""L2: a commit of which nobody knows whether it happened is as if it had not, once its sender was
told that it failed."""

from __future__ import annotations

import asyncio

import pytest
from rows import CREATED, edited, receipt
from sqlalchemy import event

from framejam_protocol.events import Event
from framejam_server.store.contract import SessionRow, StoreError


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    return request.param


class Cut:
    """The connection is lost just after a COMMIT is carried out: its answer never arrives."""

    def __init__(self, engine) -> None:
        self.cuts = 0
        self._engine = engine.sync_engine
        self._commit = self._engine.dialect.do_commit
        self._engine.dialect.do_commit = self

    def __call__(self, connection) -> None:
        self._commit(connection)
        if self.cuts:
            self.cuts -= 1
            raise ConnectionResetError("the network is gone")


async def log(store) -> list[Event]:
    """What came after the session's first event."""
    stored = await store.load("session1")
    assert stored is not None
    return stored.events[1:]


async def test_L2_what_was_told_to_have_failed_is_not_there(store):
    cut = Cut(store._engine)
    cut.cuts = 1
    with pytest.raises(StoreError):
        await store.append("session1", [edited(2, "first")], [receipt(1)])
    assert await log(store) == []
    assert (await store.load("session1")).receipts == []
    assert await store.events("session1", 0, 9) == [CREATED]


async def test_L2_the_place_of_a_doubtful_event_is_free_for_another(store):
    cut = Cut(store._engine)
    cut.cuts = 2
    for attempt in ("first", "second"):
        with pytest.raises(StoreError):
            await store.append("session1", [edited(2, attempt)], [receipt(1)])
    await store.append("session1", [edited(2, "third")], [receipt(1)])
    await store.append("session1", [edited(3, "fourth")], [receipt(2)])
    assert await log(store) == [edited(2, "third"), edited(3, "fourth")]
    assert (await store.load("session1")).receipts == [receipt(1), receipt(2)]


async def test_L2_what_several_wrote_together_is_tried_again_and_is_there_once(store):
    for number in range(2, 6):
        await store.create_session(SessionRow(f"session{number}", "e", number), [CREATED])
    cut = Cut(store._engine)
    async with store._writer:
        tasks = [
            asyncio.create_task(store.append(f"session{n}", [edited(2)], [receipt(1)]))
            for n in range(1, 6)
        ]
        await asyncio.sleep(0)
        cut.cuts = 1
    assert await asyncio.gather(*tasks) == [None] * 5
    for number in range(1, 6):
        stored = await store.load(f"session{number}")
        assert stored.events == [CREATED, edited(2)]
        assert stored.receipts == [receipt(1)]


async def test_L2_a_writer_that_goes_away_while_it_commits_leaves_no_doubt(store):
    """Cancelled in the middle of a commit: its event is not there, the one after it is."""
    reached = asyncio.Event()

    @event.listens_for(store._engine.sync_engine, "commit")
    def _commits(_connection):
        reached.set()

    going = asyncio.create_task(store.append("session1", [edited(2, "left")], [receipt(1)]))
    await reached.wait()
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    async with asyncio.timeout(20):
        while True:
            try:
                await store.append("session1", [edited(2, "came")], [receipt(1)])
                break
            except StoreError:
                await asyncio.sleep(0.05)
    assert await log(store) == [edited(2, "came")]
