"""L2 on a real database whose disk fills up: told, taken back, and well again afterwards."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event
from test_live import ROW, SETTINGS, Box

from framejam_protocol.errors import Code
from framejam_protocol.events import Created, Edited, Event, Joined
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.instructions import Content, Paint
from framejam_protocol.messages import Edit
from framejam_server.live import Clock, LiveSession
from framejam_server.member import Member
from framejam_server.observer import Observer
from framejam_server.session import receipts
from framejam_server.session.session import Session
from framejam_server.store.migrate import migrate
from framejam_server.store.sql import SqlStore, create_engine, sqlite_url

LONG = Paint(points=tuple((n, n) for n in range(4000)), color="#ff0000", width=900)


class Counting(Observer):
    failed = committed_events = 0

    def commit_failed(self):
        self.failed += 1

    def committed(self, events):
        self.committed_events += events


class Disk:
    """How many pages of 4 KiB the database may have; for connections made and to be made."""

    def __init__(self, engine) -> None:
        self.pages = 2**30
        self._open = []

        @event.listens_for(engine.sync_engine, "connect")
        def _connected(connection, _record):
            self._open.append(connection)

        @event.listens_for(engine.sync_engine, "begin")
        def _begun(connection):
            connection.exec_driver_sql(f"PRAGMA max_page_count={self.pages}")


@pytest.fixture
async def place(tmp_path):
    """A live session on SQLite with Anna and Ben; ``place.disk.pages`` is the disk's size."""
    await asyncio.to_thread(migrate, sqlite_url(tmp_path / "f.db", "sqlite"))
    engine = create_engine(tmp_path / "f.db")
    disk, store = Disk(engine), SqlStore(engine)
    created = Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))
    await store.create_session(ROW, [created])
    observer = Counting()
    clock = Clock(lambda: 0, lambda: 0.0)
    live = LiveSession(ROW, Session([created]), store, clock, None, observer)
    live.start()
    people = []
    for name in ("anna", "ben1"):
        await live.join(Joined(participant=name, name=name, color="#000000", role="editor"))
        live.core.bind(f"tab-of-{name}", name)
        people.append(Member(len(people), name, f"tab-of-{name}", Box()))
    for member in people:
        member.sent_seq = live.state.seq
        live.members[member.connection] = member

    class Place:
        pass

    made = Place()
    made.live, made.store, made.disk, made.observer = live, store, disk, observer
    made.anna, made.ben = people
    yield made
    await live.stop(4000, "bye")
    await store.close()


async def answered(member, number):
    """The newest answer to a number, once it is there."""
    while True:
        found = [
            m
            for m in member.mailbox.got
            if getattr(m, "client_seq", None) == number and not isinstance(m, Event)
        ]
        if found:
            return found[-1]
        await asyncio.sleep(0.005)


async def stored_is_the_state(place):
    stored = await place.store.load(ROW.id)
    assert [e.seq for e in stored.events] == list(range(1, len(stored.events) + 1))
    again = Session(stored.events, stored.receipts)
    assert state_hash(again.state) == place.live.state_hash == state_hash(place.live.core.state)
    assert {name: c.next_seq for name, c in again.clients.items() if c.receipts} == {
        name: c.next_seq for name, c in place.live.core.clients.items() if c.receipts
    }


async def test_L2_a_full_disk_in_the_middle_of_a_batch_takes_back_the_whole_batch(place):
    place.live.submit(place.anna, Edit(1, Content("kept")))
    await answered(place.anna, 1)
    before, head = place.live.state_hash, place.live.state.seq
    heard = len(place.ben.mailbox.got)
    # Room for one or two of these strokes, not for all: the transaction fails half-way.
    async with place.store._engine.connect() as connection:
        used = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
    place.disk.pages = used + 15
    for number in range(2, 12):
        place.live.submit(place.anna, Edit(number, LONG))
    place.live.submit(place.ben, Edit(1, Content("small, and in the same batch")))
    refusals = [await answered(place.anna, number) for number in range(2, 12)]
    refusals.append(await answered(place.ben, 1))
    assert {(r.code, r.rule, r.used) for r in refusals} == {(Code.UNAVAILABLE, "L2", False)}
    assert all("full" in refusal.message for refusal in refusals)
    assert (place.live.state_hash, place.live.state.seq) == (before, head)
    assert len(place.ben.mailbox.got) == heard + 1, "his own refusal, and nothing of hers"
    assert place.observer.failed >= 1
    assert place.live.journal.failed_at > 0
    await stored_is_the_state(place)
    # Space is back: the same numbers, and everybody hears of them.
    place.disk.pages = 2**30
    for number in range(2, 12):
        place.live.submit(place.anna, Edit(number, LONG))
    seqs = []
    for number in range(2, 12):
        while not [a for a in place.anna.mailbox.of("ack") if a.client_seq == number]:
            await asyncio.sleep(0.005)
        seqs += [a.seq for a in place.anna.mailbox.of("ack") if a.client_seq == number]
    assert seqs == list(range(head + 1, head + 11))
    assert [e.seq for e in place.ben.mailbox.of("event")][-10:] == seqs
    assert place.live.journal.failed_at == float("-inf")
    await stored_is_the_state(place)


async def test_L2_while_the_disk_is_full_what_needs_no_room_is_still_told_truly(place):
    place.live.submit(place.anna, Edit(1, Content("durable")))
    ack = await answered(place.anna, 1)
    place.disk.pages = 1
    place.live.submit(place.ben, Edit(1, LONG))
    assert (await answered(place.ben, 1)).code == Code.UNAVAILABLE
    place.live.submit(place.anna, Edit(1, Content("durable")))
    while len(place.anna.mailbox.of("ack")) < 2:
        await asyncio.sleep(0.005)
    assert place.anna.mailbox.of("ack") == [ack, ack]
    assert len([e for e in place.live.core.log if isinstance(e.body, Edited)]) == 1
    await stored_is_the_state(place)


async def test_L4_old_receipts_leave_the_disk_too_and_the_counts_stay(place, monkeypatch):
    monkeypatch.setattr(receipts, "MAX_RECEIPTS", 20)
    monkeypatch.setattr(receipts, "PRUNED_AT_ONCE", 5)
    place.live.submit(place.ben, Edit(1, Content("long ago")))
    await answered(place.ben, 1)
    for number in range(1, 101):
        place.live.submit(place.anna, Edit(number, Content(str(number))))
        await answered(place.anna, number)
    await place.live.journal.do(list)
    await stored_is_the_state(place)
    stored = await place.store.load(ROW.id)
    assert 20 <= len(stored.receipts) <= 27
    assert stored.receipts[0].client_id == "tab-of-ben1", "in the order they were given"
    numbers = [r.client_seq for r in stored.receipts[1:]]
    assert numbers == list(range(numbers[0], 101))
