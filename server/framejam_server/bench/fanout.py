"""What a client that never reads costs those beside it (C4)."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from secrets import token_hex
from statistics import median
from typing import Final
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

import framejam
from framejam import Session
from framejam.link import Link, parse_link
from framejam_protocol.events import Event
from framejam_protocol.limits import MAX_MESSAGE_BURST, NEED_COST
from framejam_protocol.messages import ClientMessage, Events, Hello, Need, Watch, Welcome
from framejam_protocol.wire import decode_server, encode
from framejam_server.bench.load import stroke
from framejam_server.bench.result import Metric, of_rounds

LISTENERS: Final = 8
PER_SECOND: Final = 40.0
ROUND_S: Final = 2.0
PAIRS: Final = 6
LATE_S: Final = 3.0
"""An event that has not come this long after the round counts as lost."""

STALL_BYTES: Final = 6 * 2**20
"""What waits for the one that never reads before the round begins: more than the sockets' buffers
hold, less than the outbox may, so that its events pile up on the server."""

_MOST_NEEDS: Final = MAX_MESSAGE_BURST // NEED_COST * 9 // 10
"""More at once would be answered during the round, which they would slow down (L5)."""

SETTLE_S: Final = 1.0
"""Between the stalled client's arrival and the round; as long where there is none."""

_RECEIVE_BUFFER: Final = 4096
_PREVIEW: Final = 0xC1


@dataclass
class _Listener:
    """One participant's socket: when did which event come?"""

    socket: ClientConnection
    news: asyncio.Event
    caught_up_bytes: int = 0
    came: dict[int, float] = field(default_factory=dict)

    async def read(self) -> None:
        async for data in self.socket:
            assert isinstance(data, bytes)
            now = time.perf_counter()
            if data[0] == _PREVIEW:
                continue
            message = decode_server(data)
            if isinstance(message, Event):
                self.came[message.seq] = now
                self.news.set()
            elif isinstance(message, Events):
                self.caught_up_bytes = max(self.caught_up_bytes, len(data))
                if message.more:
                    await self.socket.send(encode(Need(message.events[-1].seq)))


@dataclass(frozen=True)
class _Round:
    share: float
    median_ms: float


async def fanout(url: str) -> dict[str, Metric]:
    """Measure in the session of ``url``, which has a log already. Raises what the client does."""
    link = parse_link(url)
    async with AsyncExitStack() as stack:
        sender = await stack.enter_async_context(framejam.connect(url, patience=60))
        await sender.watch("none")
        invite = parse_link(await sender.invite("editor"))
        news = asyncio.Event()
        listeners = [
            await stack.enter_async_context(_listening(invite, news)) for _ in range(LISTENERS)
        ]
        await asyncio.sleep(1.0)  # whatever the catch-ups left to do
        with_one: list[_Round] = []
        without: list[_Round] = []
        for number in range(PAIRS):
            # In turns first and second: a log that grows must not favour one of the two.
            for stalled in (True, False) if number % 2 else (False, True):
                rounds = with_one if stalled else without
                rounds.append(await _round(sender, listeners, news, link if stalled else None))
    load = (
        f"{PAIRS} pairs of rounds, {LISTENERS} others, {PER_SECOND:g} edits/s, with and without "
        "a client that never reads"
    )
    slowdown = [a.median_ms / b.median_ms for a, b in zip(with_one, without, strict=True)]
    return {
        "fanout_stalled_delivery": of_rounds(
            [one.share for one in with_one],
            "",
            f"share of the events that reach the others beside one that never reads; {load}; "
            "target: 1",
            [one.share for one in without],
        ),
        "fanout_stalled_slowdown": of_rounds(
            slowdown,
            "",
            f"median time of delivery with over without; {load}; target: at most 1.05",
        ),
    }


async def _round(
    sender: Session, listeners: list[_Listener], news: asyncio.Event, stalled: Link | None
) -> _Round:
    async with AsyncExitStack() as stack:
        if stalled is not None:
            piece = max(listener.caught_up_bytes for listener in listeners)
            await stack.enter_async_context(_never_reading(stalled, piece))
        await asyncio.sleep(SETTLE_S)
        sent: dict[int, float] = {}

        async def give(number: int) -> None:
            begun = time.perf_counter()
            sent[(await sender.give(stroke(number))).seq] = begun

        start = time.perf_counter()
        giving = []
        for number in range(round(PER_SECOND * ROUND_S)):
            await asyncio.sleep(start + number / PER_SECOND - time.perf_counter())
            giving.append(asyncio.create_task(give(number)))
        await asyncio.gather(*giving)
        with suppress(TimeoutError):
            async with asyncio.timeout(LATE_S):
                while any(sent.keys() - listener.came.keys() for listener in listeners):
                    news.clear()
                    await news.wait()
        times = list(_delivery_ms(sent, listeners))
        return _Round(len(times) / (len(sent) * len(listeners)), median(times))


def _delivery_ms(sent: dict[int, float], listeners: list[_Listener]) -> Iterator[float]:
    for listener in listeners:
        for seq, begun in sent.items():
            if seq in listener.came:
                yield (listener.came[seq] - begun) * 1000


@asynccontextmanager
async def _listening(link: Link, news: asyncio.Event) -> AsyncIterator[_Listener]:
    async with connect(link.socket_url, compression=None, proxy=None, max_size=None) as socket:
        await _hello(socket, link)
        await socket.send(encode(Watch("none")))
        listener = _Listener(socket, news)
        reading = asyncio.create_task(listener.read())
        try:
            yield listener
        finally:
            reading.cancel()


@asynccontextmanager
async def _never_reading(link: Link, piece: int) -> AsyncIterator[None]:
    """A client that asks for the log until ``STALL_BYTES`` wait for it, and reads none of it.

    ``piece`` is about how much one ``need`` from the beginning is answered with, bytes.
    """
    at = urlsplit(link.base)
    plug = socket.socket()
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    plug.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plug, (at.hostname, at.port))
    async with connect(
        link.socket_url,
        sock=plug,
        compression=None,
        proxy=None,
        max_size=None,
        max_queue=1,
        ping_interval=None,
        close_timeout=0.1,
    ) as stalled:
        head = await _hello(stalled, link)
        for _ in range(min(-(-STALL_BYTES // piece), _MOST_NEEDS)):
            await stalled.send(encode(Need(0)))
        # From here on it is owed every event, as everybody else is.
        await stalled.send(encode(Need(head)))
        yield


async def _hello(socket: ClientConnection, link: Link) -> int:
    """Join; the newest seq."""
    hello: ClientMessage = Hello((1,), link.session, link.token, f"bench-{token_hex(8)}")
    await socket.send(encode(hello))
    data = await socket.recv()
    assert isinstance(data, bytes)
    welcome = decode_server(data)
    assert isinstance(welcome, Welcome), welcome
    return welcome.head_seq
