"""L3: snapshots beside the log make a start quicker and never say anything else than the log."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import zlib

import msgspec
import pytest

from framejam_protocol.events import Created, Event, Joined
from framejam_protocol.fold import snapshot
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.snapshot import SnapshotError, freeze, thaw
from framejam_protocol.fold.state import State, fold
from framejam_protocol.fold.unread import Unread
from framejam_protocol.instructions import Paint
from framejam_protocol.messages import Edit
from framejam_server import snapshots as module
from framejam_server.bench.history import SETTINGS
from framejam_server.bench.host import FACTS, StillRenderer, clock
from framejam_server.hub import Hub
from framejam_server.store.contract import SessionRow, StoreError
from framejam_server.store.memory import MemoryStore

ROW = SessionRow("0123456789abcdef", "an-epoch", 0)
EVERY = 20
BEGUN = [
    Event(1, 0, "", Created(SETTINGS)),
    Event(2, 0, "anna1", Joined("anna1", "Anna", "#000000", "editor")),
]


@pytest.fixture
async def store():
    store = MemoryStore()
    await store.create_session(ROW, BEGUN)
    return store


@contextlib.asynccontextmanager
async def opened(store, every=EVERY):
    """The session, opened as a server does, and closed."""
    hub = Hub(store, StillRenderer(), FACTS, clock(), lambda: "ab" * 8, snapshot_events=every)
    running = await hub.open(ROW.id)
    yield running
    await hub.close()


async def paint(running, count, x=0):
    """So many strokes, each of its own client."""
    live = running.live
    for number in range(count):
        stroke = Paint(points=((x, number), (9, 9)), color="#00ff00", width=7)
        name = f"client-{len(live.core.log)}"
        await live.journal.do(
            lambda stroke=stroke, name=name: live.core.command("anna1", name, Edit(1, stroke), 0)
        )


async def written(store, seq):
    """The newest snapshot, once it is at least of event ``seq``."""
    async with asyncio.timeout(20):
        while (found := await store.snapshot(ROW.id)) is None or found.seq < seq:
            await asyncio.sleep(0.01)
    return found


async def log_of(store):
    return (await store.load(ROW.id)).events


async def test_L3_a_snapshot_is_written_every_so_many_events_while_people_edit(store):
    async with opened(store) as running:
        await paint(running, EVERY - 3)
        await asyncio.sleep(0.05)
        assert await store.snapshot(ROW.id) is None
        await paint(running, 1)
        first = await written(store, EVERY)
        assert first.seq == EVERY
        await paint(running, EVERY)
        second = await written(store, 2 * EVERY)
        await paint(running, 3)
    log = await log_of(store)
    assert len(log) == 2 * EVERY + 3
    for found in (first, second):
        assert thaw(found.data, log) == fold(log[: found.seq])
    assert (await store.snapshot(ROW.id)).seq == second.seq, "three more are not worth one"


async def test_L3_a_long_log_grows_by_a_tenth_before_the_next(store):
    async with opened(store, 10) as running:
        await paint(running, 298)
    seq = (await store.snapshot(ROW.id)).seq
    assert 290 < seq <= 300
    async with opened(store, 10) as running:
        await paint(running, seq + 25 - len(running.live.core.log))
        await running.live.snapshots.close()
        assert (await store.snapshot(ROW.id)).seq == seq
    assert (await store.snapshot(ROW.id)).seq >= seq + 25


async def test_L3_a_session_that_closes_leaves_one_of_all_its_events(store):
    async with opened(store, 500) as running:
        await paint(running, 498)
    assert (await store.snapshot(ROW.id)).seq == 500
    log = await log_of(store)
    assert thaw((await store.snapshot(ROW.id)).data, log) == fold(log)


async def test_L3_a_start_folds_only_what_came_after_the_snapshot(store, monkeypatch):
    async with opened(store) as running:
        await paint(running, EVERY)
        await written(store, EVERY)
        await paint(running, 5)
        wanted = state_hash(running.live.state)
    applied: list[int] = []
    apply = State.apply

    def counted(self, event):
        applied.append(event.seq)
        apply(self, event)

    monkeypatch.setattr(State, "apply", counted)
    async with opened(store) as running:
        log = await log_of(store)
        assert applied == list(range(EVERY + 1, len(log) + 1))
        monkeypatch.undo()
        assert isinstance(running.live.state.edits, Unread)
        assert running.live.state == fold(log)
        assert running.live.core.state == fold(log)
        assert running.live.state_hash == wanted
        await paint(running, 3, x=77)
        assert running.live.state == fold(await log_of(store))


@pytest.mark.parametrize("damage", ["torn", "garbage", "another log", "the future", "wrong hash"])
async def test_L3_a_snapshot_that_does_not_fit_is_not_believed(store, damage):
    async with opened(store) as running:
        await paint(running, 2 * EVERY)
    log = await log_of(store)
    good = freeze(fold(log), log)
    other = [*log[:-1], Event(len(log), 5, "", log[-1].body)]
    tampered = fold(log[:-1])
    tampered.seq += 1
    data = {
        "torn": good[: len(good) // 2],
        "garbage": b"garbage",
        "another log": freeze(fold(other), other),
        "the future": freeze(fold(log), log)[:8] + b"\xff\xff" + good[10:],
        "wrong hash": _with_hash_of(freeze(tampered, log), good),
    }[damage]
    await store.add_snapshot(ROW.id, len(log), data)
    with pytest.raises(SnapshotError):
        module.thaw(data, log, module.StateHasher())
    async with opened(store) as running:
        assert running.live.state == fold(log)
        # It is replaced at once, so that the next start need not fold either.
        async with asyncio.timeout(20):
            while (await store.snapshot(ROW.id)).data == data:
                await asyncio.sleep(0.01)
    assert thaw((await store.snapshot(ROW.id)).data, log) == fold(log)


def _with_hash_of(data, good):
    """The snapshot ``data``, which says that its hash is that of ``good``."""
    said = snapshot._checked(good)[0].hash
    frozen = msgspec.structs.replace(snapshot._checked(data)[0], hash=said)
    inner = msgspec.msgpack.encode(frozen)
    body = msgspec.msgpack.encode((len(inner), zlib.compress(inner), []))
    return data[:10] + hashlib.sha256(body).digest() + body


class Failing(MemoryStore):
    """A store that keeps no snapshots."""

    async def add_snapshot(self, session, seq, data):
        raise StoreError("the disk is full")

    async def snapshot(self, session):
        raise StoreError("the disk is gone")


async def test_L3_without_a_place_for_snapshots_everything_goes_on():
    store = Failing()
    await store.create_session(ROW, BEGUN)
    async with opened(store) as running:
        await paint(running, 3 * EVERY)
    async with opened(store) as running:
        assert running.live.state == fold(await log_of(store))
        assert len(running.live.core.log) == 3 * EVERY + 2


async def test_L3_a_commit_that_fails_leaves_no_trace_in_a_snapshot(store, monkeypatch):
    async with opened(store) as running:
        await paint(running, EVERY)
        await written(store, EVERY)
    async with opened(store) as running:
        await paint(running, 3)

        async def fails(session, events, receipts):
            raise StoreError("the disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(store, "append", fails)
            with pytest.raises(StoreError):
                await paint(running, 1, x=500)
        assert running.live.core.state == running.live.state == fold(await log_of(store))
        await paint(running, EVERY, x=600)
        found = await written(store, 2 * EVERY)
    log = await log_of(store)
    assert thaw(found.data, log) == fold(log[: found.seq])


async def test_A4_no_snapshot_is_written_of_a_session_that_is_deleted(store, monkeypatch):
    begun, go_on = asyncio.Event(), asyncio.Event()
    kept = store.add_snapshot
    rows: list[int] = []

    async def slowly(session, seq, data):
        begun.set()
        await go_on.wait()
        rows.append(seq)
        await kept(session, seq, data)

    monkeypatch.setattr(store, "add_snapshot", slowly)
    hub = Hub(store, StillRenderer(), FACTS, clock(), lambda: "ab" * 8, snapshot_events=EVERY)
    running = await hub.open(ROW.id)
    await paint(running, EVERY - 2)
    await begun.wait()
    deleting = asyncio.create_task(hub.delete(ROW.id, "gone"))
    await asyncio.sleep(0.05)
    assert not deleting.done(), "what is being written is waited for"
    go_on.set()
    await deleting
    assert rows == [EVERY]
    assert await store.load(ROW.id) is None
    assert await store.snapshot(ROW.id) is None
    await hub.close()
