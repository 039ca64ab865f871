"""A WebSocket client that does hardly anything, so that a core drives hundreds of them (RFC 6455).

It splits what comes into messages and hands them over. Its frames are masked with zeros, which is
allowed and costs nothing; a handshake's answer is believed.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Final, cast

_BINARY, _CLOSE, _PING, _PONG = 0x82, 0x88, 0x89, 0x8A
_MASK: Final = bytes(4)
_END: Final = b"\r\n\r\n"
_KEY: Final = "AAAAAAAAAAAAAAAAAAAAAA=="


class RawSocket(asyncio.Protocol):
    """``got`` is called with each message; ``opened`` is done after the handshake.

    ``lost`` tells why the connection ended, None while it is there.
    """

    def __init__(self, path: str, host: str, got: Callable[[bytes], None]) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: str | None = None
        self._path = path
        self._host = host
        self._got = got
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        # uvloop's are no subclass of it.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {_KEY}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Hand over every message that is complete."""
        data = self._rest + data if self._rest else data
        if not self.opened.done():
            head, end, data = data.partition(_END)
            if not end:
                self._rest = head
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self._fail(head.decode(errors="replace")[:200])
                return
            self.opened.set_result(None)
        at, size = 0, len(data)
        while size - at >= 2:
            length, begin = data[at + 1], at + 2
            if length == 126:
                begin += 2
                length = int.from_bytes(data[at + 2 : begin], "big")
            elif length == 127:
                begin += 8
                length = int.from_bytes(data[at + 2 : begin], "big")
            if size < begin + length:
                break
            self._frame(data[at], data[begin : begin + length])
            at = begin + length
        self._rest = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end is gone, or ours closed."""
        self._fail(str(exc or "closed"))

    def send(self, message: bytes) -> None:
        """Send one message of bytes."""
        self._write(_BINARY, message)

    def close(self) -> None:
        """Leave, without a word."""
        if self._transport is not None:
            self._transport.close()

    def _frame(self, kind: int, data: bytes) -> None:
        if kind == _BINARY:
            self._got(data)
        elif kind == _PING:
            self._write(_PONG, data)
        elif kind == _CLOSE:
            self._fail(f"closed with {int.from_bytes(data[:2], 'big')}: {data[2:].decode()}")

    def _write(self, kind: int, data: bytes) -> None:
        assert self._transport is not None
        length = len(data)
        if length < 126:
            head = bytes((kind, 0x80 | length))
        elif length < 2**16:
            head = struct.pack(">BBH", kind, 0x80 | 126, length)
        else:
            head = struct.pack(">BBQ", kind, 0x80 | 127, length)
        self._transport.write(head + _MASK + data)

    def _fail(self, why: str) -> None:
        self.lost = self.lost or why
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(why))


async def connect(port: int, path: str, got: Callable[[bytes], None]) -> RawSocket:
    """A connection to a server on loopback. Raises ``ConnectionError`` and ``OSError``."""
    loop = asyncio.get_running_loop()
    host = f"127.0.0.1:{port}"
    _, socket = await loop.create_connection(lambda: RawSocket(path, host, got), "127.0.0.1", port)
    await socket.opened
    return socket
