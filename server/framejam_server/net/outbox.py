"""What waits for one client (C4): events in order, and the newest of everything else.

The outbox never blocks whoever fills it. Reliable messages are bounded by bytes: a client that
falls further behind is closed with ``slow`` and resumes from its last seq. Offers (previews,
cursors) hold one slot a key; a newer one replaces the older.

While a client keeps up nothing waits: messages go straight into its socket (``net.direct``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Protocol

from framejam_protocol.errors import Close
from framejam_protocol.limits import MAX_OUTBOX_BYTES
from framejam_server.member import PICTURES
from framejam_server.observer import Observer

CLOSE_GRACE_S = 2.0
"""How long a closing connection may take to accept what was sent before."""


class Straight(Protocol):
    """The quick way into a socket (``net.direct`` implements it)."""

    def room(self) -> int:
        """Bytes that may be written without waiting."""

    def write(self, data: bytes) -> None:
        """Write one message; only where there is room."""

    def write_all(self, messages: Iterable[bytes]) -> None:
        """Write several messages in one piece; only where there is room."""


class Outbox:
    """Fill it with ``send`` and ``offer``; ``run`` empties it into the socket until closed."""

    def __init__(
        self,
        send_bytes: Callable[[bytes], Awaitable[None]],
        limit: int = MAX_OUTBOX_BYTES,
        observer: Observer | None = None,
        straight: Straight | None = None,
    ) -> None:
        self._observer = observer or Observer()
        self._straight = straight
        self.closed_with: tuple[Close, str] | None = None
        self._send_bytes = send_bytes
        self._limit = limit
        self._reliable: deque[bytes] = deque()
        self._offers: dict[Hashable, bytes] = {}
        self._bytes = 0
        self._wake = asyncio.Event()
        self._closing: asyncio.Future[None] | None = None

    @property
    def queued_bytes(self) -> int:
        """What waits in order for this client."""
        return self._bytes

    def send(self, data: bytes) -> None:
        """Deliver in order; closes the connection as ``slow`` where too much waits already."""
        if self.closed_with is not None:
            return
        if not self._reliable and self._straight is not None and self._straight.room():
            self._straight.write(data)
            return
        if self._bytes + len(data) > self._limit:
            self._reliable.clear()
            self._bytes = 0
            self._observer.slow_close()
            self.close(Close.SLOW, "you fell too far behind; reconnect and resume")
            return
        self._reliable.append(data)
        self._bytes += len(data)
        self._wake.set()

    def offer(self, key: Hashable, data: bytes) -> None:
        """Deliver when nothing reliable waits; replaces an older offer of the same key
        in its place, so that keys renewed often do not push others back for ever."""
        if self.closed_with is not None:
            return
        if key in PICTURES and key in self._offers:
            self._observer.preview_replaced()
        elif key in PICTURES and not self._reliable and self._room() >= len(data):
            assert self._straight is not None
            self._observer.preview_sent()
            self._straight.write(data)
            return
        self._offers[key] = data
        self._wake.set()

    def close(self, code: Close, reason: str) -> None:
        """End once what was sent is out (or the client does not take it)."""
        if self.closed_with is None:
            self.closed_with = (code, reason)
            self._offers.clear()
            self._wake.set()
            if self._closing is not None and not self._closing.done():
                self._closing.set_result(None)

    async def run(self) -> None:
        """Empty the outbox until it is closed. Raises ``ConnectionError`` from the socket."""
        pump = asyncio.create_task(self._pump())
        closing = self._closing = asyncio.get_running_loop().create_future()
        either: set[asyncio.Future[None]] = {pump, closing}
        try:
            if self.closed_with is None:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            # A client that takes nothing any more must not keep its connection open.
            await asyncio.wait({pump}, timeout=CLOSE_GRACE_S)
            if pump.done():
                pump.result()
        finally:
            pump.cancel()
            closing.cancel()
            await asyncio.gather(pump, closing, return_exceptions=True)

    async def _pump(self) -> None:
        while True:
            while self._reliable or self._offers:
                if (room := self._room()) > 0:
                    self._write_many(room)
                else:
                    await self._send_bytes(self._next())
            if self.closed_with is not None:
                return
            await self._wake.wait()
            self._wake.clear()

    def _room(self) -> int:
        return 0 if self._straight is None else self._straight.room()

    def _write_many(self, room: int) -> None:
        """A hundred cursors are one write, not a hundred."""
        assert self._straight is not None
        messages: list[bytes] = []
        while room > 0 and (self._reliable or self._offers):
            messages.append(self._next())
            room -= len(messages[-1])
        self._straight.write_all(messages)

    def _next(self) -> bytes:
        if self._reliable:
            data = self._reliable.popleft()
            self._bytes -= len(data)
            return data
        key = next(iter(self._offers))
        if key in PICTURES:
            self._observer.preview_sent()
        return self._offers.pop(key)
