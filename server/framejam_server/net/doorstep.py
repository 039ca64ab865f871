"""How much of a socket is read before anybody knows whose it is (C1)."""

from __future__ import annotations

import asyncio
from typing import Final

from framejam_protocol.limits import MAX_HELLO_BYTES

STRANGER_BYTES: Final = 2 * MAX_HELLO_BYTES
"""A hello and the frames around it, in any pieces."""


class Doorstep(asyncio.Protocol):
    """Stands between a transport and its protocol until ``cross``: what a stranger sends beyond
    ``STRANGER_BYTES`` waits in the stranger's own socket, and the last piece read of it here.

    A server's limit of one message is that of its members; without this, sockets that have not
    said hello could make it hold as much.
    """

    def __init__(self, transport: asyncio.Transport | None) -> None:
        self.full: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when more has come than is passed on."""
        self._transport = transport
        self._left = STRANGER_BYTES
        self._kept = b""
        if transport is not None:
            self._inner = transport.get_protocol()
            transport.set_protocol(self)

    def cross(self) -> None:
        """It is a member's now: pass everything on, at whatever speed they read."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.set_protocol(self._inner)
        if self.full.done():
            kept, self._kept = self._kept, b""
            self._transport.resume_reading()
            self._pass(kept)

    def data_received(self, data: bytes) -> None:
        now, later = data[: self._left], data[self._left :]
        self._left -= len(now)
        if now:
            self._pass(now)
        if later and self._transport is not None:
            self._kept += later
            self._transport.pause_reading()
            if not self.full.done():
                self.full.set_result(None)

    def _pass(self, data: bytes) -> None:
        assert isinstance(self._inner, asyncio.Protocol)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        assert isinstance(self._inner, asyncio.Protocol)
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
