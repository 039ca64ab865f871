"""C4: what waits for one client is bounded, in order, and never blocks the others."""

import asyncio

from framejam_protocol.errors import Close
from framejam_server.net import outbox as module
from framejam_server.net.outbox import Outbox


class Wire:
    """A client that takes messages only while it reads."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.reading = asyncio.Event()

    async def send(self, data: bytes) -> None:
        await self.reading.wait()
        self.got.append(data)


async def test_C4_reliable_messages_come_in_order_and_before_offers():
    wire = Wire()
    box = Outbox(wire.send)
    box.offer("preview", b"old")
    box.send(b"1")
    box.offer("preview", b"new")
    box.send(b"2")
    wire.reading.set()
    box.close(Close.RESTARTING, "bye")
    await box.run()
    assert wire.got == [b"1", b"2"], "what was offered is dropped at the end"


async def test_C4_offers_are_newest_only_one_slot_a_key():
    wire = Wire()
    box = Outbox(wire.send)
    running = asyncio.create_task(box.run())
    for number in range(100):
        box.offer("preview", b"p%d" % number)
        box.offer("cursor", b"c%d" % number)
    wire.reading.set()
    await asyncio.sleep(0.01)
    assert wire.got == [b"p99", b"c99"]
    running.cancel()


async def test_C4_what_is_renewed_often_does_not_hold_back_the_rest():
    """A slow link with busy cursors still gets a preview now and then."""
    wire = Wire()
    box = Outbox(wire.send)
    running = asyncio.create_task(box.run())
    for _ in range(20):
        for key in ("cursor1", "cursor2", "preview", "cursor3"):
            box.offer(key, key.encode())
        wire.reading.set()
        await asyncio.sleep(0)
        wire.reading.clear()
        await asyncio.sleep(0)
    assert wire.got.count(b"preview") >= len(wire.got) // 5 > 0
    running.cancel()


async def test_C4_a_client_too_far_behind_is_closed_as_slow_and_filling_never_waits(monkeypatch):
    monkeypatch.setattr(module, "CLOSE_GRACE_S", 0.05)
    wire = Wire()
    box = Outbox(wire.send, limit=1000)
    running = asyncio.create_task(box.run())
    await asyncio.sleep(0)
    for _ in range(50):
        box.send(b"x" * 100)
    assert box.closed_with is not None
    assert box.closed_with[0] == Close.SLOW
    # The client still takes nothing, and yet its connection ends.
    await asyncio.wait_for(running, 2)
    assert wire.got == []


async def test_C4_a_client_that_reads_gets_everything_however_much():
    wire = Wire()
    wire.reading.set()
    box = Outbox(wire.send, limit=1000)
    running = asyncio.create_task(box.run())
    for number in range(200):
        box.send(b"%3d" % number * 30)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert box.closed_with is None
    assert len(wire.got) == 200
    running.cancel()
