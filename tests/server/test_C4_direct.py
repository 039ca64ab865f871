"""C4: while a client keeps up its messages go straight into the socket, in the same order."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from websockets.frames import Frame, Opcode

from framejam_protocol.errors import Close
from framejam_server.member import PREVIEW
from framejam_server.net.direct import BUFFERED_BYTES, Direct, Frames, frame
from framejam_server.net.outbox import Outbox
from framejam_server.observer import Observer


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 70000])
def test_C4_a_frame_is_that_of_rfc_6455(length):
    data = bytes(range(256)) * (length // 256 + 1)
    data = data[:length]
    assert frame(data) == Frame(Opcode.BINARY, data).serialize(mask=False)
    assert Frames().of(data) == frame(data)


def test_C4_one_message_to_many_is_framed_once_and_the_next_is_another():
    frames = Frames()
    first, second = b"a" * 300, b"b" * 300
    assert frames.of(first) is frames.of(first)
    assert frames.of(second) == frame(second)
    assert frames.of(first) == frame(first)


class Pipe:
    """A transport whose other end takes only what ``take`` lets through."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.buffered = 0
        self.closing = False

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.buffered += len(data)

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return self.closing


class Counting(Observer):
    sent = replaced = 0

    def preview_sent(self) -> None:
        self.sent += 1

    def preview_replaced(self) -> None:
        self.replaced += 1


class Ends:
    """Both ways into one socket: straight, and waiting until the other end takes it."""

    def __init__(self) -> None:
        self.pipe, self.ws = Pipe(), SimpleNamespace(closed=False)
        self.taken = asyncio.Event()
        self.waited: list[bytes] = []
        self.counting = Counting()
        self.box = Outbox(
            self._wait,
            limit=10 * BUFFERED_BYTES,
            observer=self.counting,
            straight=Direct(self.ws, self.pipe, Frames()),
        )

    async def _wait(self, data: bytes) -> None:
        self.waited.append(data)
        self.pipe.write(frame(data))
        await self.taken.wait()

    def take(self) -> None:
        self.pipe.buffered = 0
        self.taken.set()

    @property
    def came(self) -> bytes:
        return b"".join(self.pipe.written)


async def test_C4_a_client_that_keeps_up_waits_for_no_task():
    ends = Ends()
    ends.box.send(b"1")
    ends.box.offer(PREVIEW, b"picture")
    ends.box.send(b"2")
    assert ends.came == frame(b"1") + frame(b"picture") + frame(b"2")
    assert ends.box.queued_bytes == 0
    assert ends.counting.sent == 1


async def test_C4_order_holds_where_a_client_falls_behind_and_catches_up():
    ends = Ends()
    running = asyncio.create_task(ends.box.run())
    messages = [b"%04d" % number * 5000 for number in range(12)]  # 20 kB each
    for message in messages[:6]:
        ends.box.send(message)
    assert 3 <= len(ends.pipe.written) < 6, "what it does not take waits"
    await asyncio.sleep(0.01)
    assert len(ends.waited) == 1, "one is on its way, the others behind it"
    ends.box.send(messages[6])
    ends.take()
    for message in messages[7:]:
        ends.box.send(message)
        await asyncio.sleep(0)
        ends.pipe.buffered = 0
    await asyncio.sleep(0.01)
    assert ends.came == b"".join(map(frame, messages))
    running.cancel()


async def test_C4_previews_to_a_client_that_lags_are_newest_only():
    ends = Ends()
    running = asyncio.create_task(ends.box.run())
    pictures = [b"%04d" % number * 6000 for number in range(30)]  # 24 kB each
    for picture in pictures:
        ends.box.offer(PREVIEW, picture)
    straight = len(ends.pipe.written)
    assert straight == BUFFERED_BYTES // len(frame(pictures[0]))
    assert ends.counting.replaced == 30 - straight - 1
    ends.pipe.buffered = 0
    await asyncio.sleep(0.01)
    assert ends.came == b"".join(map(frame, [*pictures[:straight], pictures[-1]]))
    assert ends.counting.sent == straight + 1
    running.cancel()


async def test_C4_events_overtake_what_is_offered_and_cursors_share_a_write():
    ends = Ends()
    for number in range(50):
        ends.box.offer(("presence", number), b"cursor %d" % number)
    ends.box.send(b"event")
    running = asyncio.create_task(ends.box.run())
    await asyncio.sleep(0.01)
    cursors = b"".join(frame(b"cursor %d" % number) for number in range(50))
    assert ends.pipe.written == [frame(b"event"), cursors]
    running.cancel()


async def test_C4_a_preview_does_not_overtake_events_that_wait():
    ends = Ends()
    running = asyncio.create_task(ends.box.run())
    events = [b"%04d" % number * 5000 for number in range(6)]  # 20 kB each
    for event in events:
        ends.box.send(event)
    ends.pipe.buffered = 0  # the client reads again, and the outbox has had no turn yet
    ends.box.offer(PREVIEW, b"picture")
    await asyncio.sleep(0.01)
    ends.pipe.buffered = 0
    ends.take()
    await asyncio.sleep(0.01)
    assert ends.came == b"".join(map(frame, [*events, b"picture"]))
    running.cancel()


@pytest.mark.parametrize("gone", ["closing", "closed"])
async def test_C4_nothing_is_written_behind_a_close(gone):
    ends = Ends()
    if gone == "closing":
        ends.pipe.closing = True
    else:
        ends.ws.closed = True
    ends.box.send(b"1")
    ends.box.offer(PREVIEW, b"picture")
    assert ends.came == b""
    assert ends.box.queued_bytes == 1


async def test_C4_a_closed_outbox_takes_nothing_even_straight():
    ends = Ends()
    ends.box.close(Close.RESTARTING, "bye")
    ends.box.send(b"1")
    ends.box.offer(PREVIEW, b"picture")
    await asyncio.wait_for(ends.box.run(), 2)
    assert ends.came == b""


async def test_C4_a_client_that_takes_nothing_is_closed_as_slow():
    ends = Ends()
    running = asyncio.create_task(ends.box.run())
    for _ in range(40):
        ends.box.send(b"x" * 20_000)
        await asyncio.sleep(0)
    assert ends.box.closed_with is not None
    assert ends.box.closed_with[0] is Close.SLOW
    assert len(ends.came) < 3 * BUFFERED_BYTES
    running.cancel()
