"""L2: what several sessions append at once shares a transaction, and nobody pays for another."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from framejam_protocol.events import Created, Edited, Event
from framejam_protocol.instructions import Paint, Settings
from framejam_protocol.messages import Ack
from framejam_server.session.receipts import Receipt
from framejam_server.store.contract import SessionRow, StoreError
from framejam_server.store.migrate import migrate
from framejam_server.store.sql import SqlStore, create_engine, sqlite_url

SETTINGS = Settings(
    model="embedded", seed=1, steps=6, frames=4, width=32, height=32, fps=8, guidance=100
)
SESSIONS = 6


@pytest.fixture
async def place(tmp_path):
    """A store with some sessions; ``commits`` counts its transactions."""
    file = tmp_path / "f.db"
    migrate(sqlite_url(file, "sqlite"))
    engine = create_engine(file)
    store = SqlStore(engine)
    for number in range(SESSIONS):
        created = Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))
        await store.create_session(SessionRow(f"s{number}", "e", number), [created])
    place = SimpleNamespace(store=store, commits=0)

    @event.listens_for(engine.sync_engine, "commit")
    def _count(_connection):
        place.commits += 1

    yield place
    await store.close()


def stroke(seq: int) -> Event:
    paint = Paint(points=((1, 1),), color="#ff0000", width=100)
    return Event(seq, 0, "anna", Edited(paint), "tab-of-anna", seq)


def receipt(seq: int) -> Receipt:
    return Receipt("tab-of-anna", "anna", seq, bytes(32), Ack(seq, seq))


async def logs(store: SqlStore) -> list[tuple[list[int], list[int]]]:
    """The seqs and the receipts of each session."""
    found = []
    for row in await store.sessions():
        stored = await store.load(row.id)
        assert stored is not None
        found.append(
            ([one.seq for one in stored.events], [one.client_seq for one in stored.receipts])
        )
    return found


async def append(store: SqlStore, number: int, seq: int = 2) -> None:
    await store.append(f"s{number}", [stroke(seq)], [receipt(seq)])


async def test_L2_appends_of_many_sessions_share_a_transaction(place):
    await asyncio.gather(*(append(place.store, number) for number in range(SESSIONS)))
    # The first begins at once; whoever came meanwhile is in the second.
    assert place.commits <= 2
    assert await logs(place.store) == [([1, 2], [2])] * SESSIONS


async def test_L2_one_append_that_fails_refuses_no_other(place):
    await append(place.store, 3)
    seqs = [2] * SESSIONS  # that of session 3 is taken
    results = await asyncio.gather(
        *(append(place.store, number, seq) for number, seq in enumerate(seqs)),
        return_exceptions=True,
    )
    assert [type(one) for one in results] == [
        StoreError if number == 3 else type(None) for number in range(SESSIONS)
    ]
    assert await logs(place.store) == [([1, 2], [2])] * SESSIONS


async def test_L2_an_append_that_nobody_can_write_is_its_own_senders_trouble(place):
    """Not the database's fault: a bug in what is to be written."""
    broken = Event(2, 0, "anna", Edited(object()))
    async with place.store._writer:
        tasks = [
            asyncio.create_task(append(place.store, 0)),  # writes for all
            asyncio.create_task(place.store.append("s1", [broken], [])),
            asyncio.create_task(append(place.store, 2)),
        ]
        await asyncio.sleep(0)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [one is None for one in results] == [True, False, True]
    assert (await logs(place.store))[:3] == [([1, 2], [2]), ([1], []), ([1, 2], [2])]


async def waiting(store: SqlStore, count: int) -> list[asyncio.Task[None]]:
    """So many appends that wait behind somebody who writes."""
    async with store._writer:
        tasks = [asyncio.create_task(append(store, number)) for number in range(count)]
        await asyncio.sleep(0)
    return tasks


async def test_L2_who_goes_away_while_waiting_is_not_written_and_takes_nobody_along(place):
    async with place.store._writer:
        tasks = [asyncio.create_task(append(place.store, number)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.sleep(0)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in results] == [
        asyncio.CancelledError if number == 2 else type(None) for number in range(4)
    ]
    found = await logs(place.store)
    assert found[:4] == [([1], []) if number == 2 else ([1, 2], [2]) for number in range(4)]


async def test_L2_who_goes_away_while_writing_for_all_takes_nobody_along(place, monkeypatch):
    together, led = place.store._append_together, asyncio.Event()

    async def slow(batches):
        if not led.is_set():
            led.set()
            await asyncio.sleep(60)
        return await together(batches)

    monkeypatch.setattr(place.store, "_append_together", slow)
    tasks = await waiting(place.store, 4)
    await asyncio.wait_for(led.wait(), 5)
    tasks[0].cancel()
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [None] * 3
    assert (await logs(place.store))[:4] == [([1], []), *[([1, 2], [2])] * 3]


async def test_L2_one_sessions_appends_are_written_in_the_order_they_came(place):
    await asyncio.gather(*(append(place.store, 0, seq) for seq in range(2, 30)))
    assert (await logs(place.store))[0] == (list(range(1, 30)), list(range(2, 30)))
