"""Writes messages into a WebSocket at once, where its client keeps up: the quick way of the outbox.

A message to everybody is framed once, and needs no task to be woken for each of them.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable
from typing import Final

from aiohttp import web

BUFFERED_BYTES: Final = 64 * 1024
"""More in the transport means that the client does not keep up: what comes next waits where newer
previews can replace older ones (C4)."""

_BINARY: Final = 0x82  # RFC 6455, 5.2: a whole message of bytes
_SHORT, _MEDIUM = 126, 2**16


class Frames:
    """Messages as WebSocket frames; the newest is remembered for the next who gets it."""

    def __init__(self) -> None:
        self._data = b""
        self._frame = frame(b"")

    def of(self, data: bytes) -> bytes:
        """``frame(data)``."""
        if data is not self._data:
            self._data, self._frame = data, frame(data)
        return self._frame


def frame(data: bytes) -> bytes:
    """A binary message as a server sends it: not masked, not compressed (RFC 6455, 5.2)."""
    length = len(data)
    if length < _SHORT:
        return bytes((_BINARY, length)) + data
    if length < _MEDIUM:
        return struct.pack(">BBH", _BINARY, 126, length) + data
    return struct.pack(">BBQ", _BINARY, 127, length) + data


class Direct:
    """One client's socket. ``frames`` is shared by all sockets that get the same messages."""

    def __init__(
        self, ws: web.WebSocketResponse, transport: asyncio.WriteTransport | None, frames: Frames
    ) -> None:
        self._ws = ws
        self._transport = transport
        self._frames = frames

    def room(self) -> int:
        """Bytes that the client may be sent without waiting; 0 where it does not keep up."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._ws.closed:
            return 0
        return max(0, BUFFERED_BYTES - transport.get_write_buffer_size())

    def write(self, data: bytes) -> None:
        """Write one message; only where there is ``room``."""
        assert self._transport is not None
        self._transport.write(self._frames.of(data))

    def write_all(self, messages: Iterable[bytes]) -> None:
        """Write several messages in one piece."""
        assert self._transport is not None
        self._transport.write(b"".join([frame(data) for data in messages]))
