"""A live session in one process: commits that fail, and who is told what."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import msgspec
import pytest

from framejam_protocol.errors import Code
from framejam_protocol.events import Created, Edited, Event, Joined
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.instructions import Content, Settings
from framejam_protocol.limits import MAX_QUEUED_COMMANDS
from framejam_protocol.messages import Edit, Undo
from framejam_protocol.wire import decode_server, encode
from framejam_server.live import Clock, LiveSession
from framejam_server.member import Member
from framejam_server.session.session import Session
from framejam_server.store.contract import SessionRow, StoreError
from framejam_server.store.memory import MemoryStore

SETTINGS = Settings(
    model="embedded", seed=1, steps=6, frames=4, width=32, height=32, fps=8, guidance=100
)
ROW = SessionRow("s1", "e1", 0)


class FailingStore(MemoryStore):
    """A store whose disk can be full."""

    full = False
    batches = 0

    async def append(self, session, events, receipts):
        await asyncio.sleep(0)  # others run meanwhile, as with a real disk
        if self.full:
            raise StoreError("no space left on device")
        self.batches += 1
        await super().append(session, events, receipts)


class Box:
    """A mailbox that keeps what it gets."""

    def __init__(self) -> None:
        self.got = []

    def send(self, data):
        self.got.append(decode_server(data))

    def offer(self, key, data):
        pass

    def close(self, code, reason):
        pass

    def of(self, kind):
        return [m for m in self.got if m.__struct_config__.tag == kind]


@pytest.fixture
async def room():
    """A session with Anna and Ben connected."""
    store = FailingStore()
    created = Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))
    await store.create_session(ROW, [created])
    core = Session([created])
    live = LiveSession(ROW, core, store, Clock(lambda: 0, lambda: 0.0))
    live.start()
    people = []
    for name in ("anna", "ben1"):
        await live.join(Joined(participant=name, name=name, color="#000000", role="editor"))
        core.bind(f"tab-of-{name}", name)
        member = Member(len(people), name, f"tab-of-{name}", Box(), sent_seq=live.state.seq)
        live.members[member.connection] = member
        people.append(member)
    people[0].sent_seq = live.state.seq
    yield SimpleNamespace(live=live, store=store, anna=people[0], ben=people[1])
    for task in live._tasks:
        task.cancel()


async def settle(live):
    while not live.journal._jobs.empty():
        await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)


def inserted(event):
    return "".join(splice.inserted for splice in event.body.instruction.splices)


async def test_L2_an_event_is_in_the_store_before_anyone_is_sent_it(room):
    def check(data):
        message = decode_server(data)
        if isinstance(message, Event):
            stored = room.store._sessions["s1"].events
            assert stored[-1].seq >= message.seq
        room.ben.mailbox.got.append(message)

    room.ben.mailbox.send = check
    room.live.submit(room.anna, Edit(1, Content("x")))
    await settle(room.live)
    assert [inserted(event) for event in room.ben.mailbox.of("event")] == ["x"]
    assert [ack.client_seq for ack in room.anna.mailbox.of("ack")] == [1]
    assert not room.ben.mailbox.of("ack")


async def test_L2_nothing_is_visible_while_a_commit_is_under_way(room):
    release = asyncio.Event()
    append = room.store.append

    async def slow(*arguments):
        await release.wait()
        await append(*arguments)

    room.store.append = slow
    before = state_hash(room.live.state)
    room.live.submit(room.anna, Edit(1, Content("x")))
    await settle(room.live)
    assert state_hash(room.live.state) == before
    late = Member(9, "ben1", "tab-of-ben1", Box())
    room.live.catch_up(late, 0)
    assert [e.seq for e in late.mailbox.of("events")[0].events] == [1, 2, 3]
    release.set()
    await settle(room.live)
    assert state_hash(room.live.state) != before


async def test_L2_a_failed_commit_leaves_state_acks_and_broadcasts_as_if_nothing_came(room):
    room.live.submit(room.anna, Edit(1, Content("kept")))
    await settle(room.live)
    before, heard = state_hash(room.live.state), len(room.ben.mailbox.got)
    room.store.full = True
    room.live.submit(room.anna, Edit(2, Content("lost")))
    room.live.submit(room.ben, Edit(1, Content("lost, too")))
    await settle(room.live)
    (refusal,) = room.anna.mailbox.of("refusal")
    assert (refusal.code, refusal.used, refusal.client_seq) == (Code.UNAVAILABLE, False, 2)
    assert refusal.retry_after_ms
    assert "no space left" in refusal.message
    assert state_hash(room.live.state) == before == state_hash(room.live.core.state)
    assert [m for m in room.ben.mailbox.got[heard:] if not hasattr(m, "used")] == []
    room.store.full = False
    room.live.submit(room.anna, Edit(2, Content("again")))
    await settle(room.live)
    assert [ack.client_seq for ack in room.anna.mailbox.of("ack")] == [1, 2]
    stored = await room.store.load("s1")
    assert [event.seq for event in stored.events] == list(range(1, len(stored.events) + 1))
    assert state_hash(Session(stored.events).state) == state_hash(room.live.state)


async def test_L4_a_command_sent_again_is_told_the_truth_while_the_store_fails(room):
    room.live.submit(room.anna, Edit(1, Content("durable")))
    await settle(room.live)
    room.store.full = True
    room.live.submit(room.ben, Edit(1, Content("lost")))
    room.live.submit(room.anna, Edit(1, Content("durable")))
    room.live.submit(room.ben, Edit(1, Content("lost")))
    await settle(room.live)
    assert [ack.client_seq for ack in room.anna.mailbox.of("ack")] == [1, 1]
    assert not room.anna.mailbox.of("refusal")
    assert [refusal.code for refusal in room.ben.mailbox.of("refusal")] == [Code.UNAVAILABLE] * 2
    assert not room.ben.mailbox.of("ack")


async def test_C6_stopping_commits_what_is_queued_and_refuses_what_comes_later(room):
    room.live.submit(room.anna, Edit(1, Content("queued")))
    await room.live.stop(4000, "bye")
    assert [ack.client_seq for ack in room.anna.mailbox.of("ack")] == [1]
    room.live.submit(room.anna, Edit(2, Content("too late")))
    assert room.anna.mailbox.of("refusal")[0].code == Code.UNAVAILABLE


async def test_C6_stopping_ends_though_the_store_fails(room):
    room.store.full = True
    room.live.submit(room.anna, Edit(1, Content("queued")))
    await asyncio.wait_for(room.live.stop(4000, "bye"), 2)
    assert room.anna.mailbox.of("refusal")[0].code == Code.UNAVAILABLE


async def test_C3_a_piece_of_the_log_is_bounded_in_bytes(room, monkeypatch):
    monkeypatch.setattr("framejam_server.live.MAX_PIECE_BYTES", 1000)
    for number in range(1, 21):
        room.live.submit(room.anna, Edit(number, Content("x" * 100)))
    await settle(room.live)
    late = Member(9, "ben1", "tab-of-ben1", Box())
    room.live.catch_up(late, 0)
    while late.mailbox.of("events")[-1].more:
        room.live.catch_up(late, late.mailbox.of("events")[-1].events[-1].seq)
    pieces = late.mailbox.of("events")
    assert len(pieces) > 2
    assert all(len(encode(piece)) < 1500 for piece in pieces)
    seqs = [event.seq for piece in pieces for event in piece.events]
    assert seqs == list(range(1, room.live.state.seq + 1))


async def test_L2_what_piled_up_is_committed_in_one_transaction(room):
    batches = room.store.batches
    for number in range(1, 101):
        room.live.submit(room.anna, Edit(number, Content(str(number))))
    await settle(room.live)
    assert len(room.anna.mailbox.of("ack")) == 100
    assert room.store.batches - batches <= 2


async def test_L4_the_receipt_is_stored_with_its_effect(room):
    room.live.submit(room.anna, Edit(1, Content("x")))
    room.live.submit(room.anna, Undo(2))
    room.live.submit(room.anna, Undo(3))
    await settle(room.live)
    stored = await room.store.load("s1")
    assert [receipt.client_seq for receipt in stored.receipts] == [1, 2, 3]
    kinds = [msgspec.to_builtins(receipt.answer)["type"] for receipt in stored.receipts]
    assert kinds == ["ack", "ack", "refusal"]


async def test_L5_more_than_the_queue_holds_is_refused_with_a_time_to_come_back(room):
    for number in range(1, MAX_QUEUED_COMMANDS + 3):
        room.live.submit(room.anna, Edit(number, Content("x")))
    refusals = room.anna.mailbox.of("refusal")
    assert [refusal.code for refusal in refusals] == [Code.RATE_LIMITED] * 2
    assert all(refusal.retry_after_ms and not refusal.used for refusal in refusals)
    await settle(room.live)
    assert len([e for e in room.live.core.log if isinstance(e.body, Edited)]) == (
        MAX_QUEUED_COMMANDS
    )


async def test_L5_a_bug_in_one_command_costs_that_command_only(room, monkeypatch):
    real = room.live.core.command

    def broken(participant, *arguments):
        if participant == "anna":
            raise ZeroDivisionError
        return real(participant, *arguments)

    monkeypatch.setattr(room.live.core, "command", broken)
    room.live.submit(room.anna, Edit(1, Content("x")))
    room.live.submit(room.ben, Edit(1, Content("y")))
    await settle(room.live)
    assert room.anna.mailbox.of("refusal")[0].code == Code.UNAVAILABLE
    assert len(room.ben.mailbox.of("ack")) == 1
