"""A client below any library's buffers: it reads its socket when it is told to."""

from __future__ import annotations

import base64
import os
import secrets
import socket
import struct
from typing import Any

import msgpack
from running import RunningServer


class Trickle:
    """One WebSocket over a bare TCP socket with the smallest buffer the kernel gives."""

    def __init__(self, server: RunningServer, token: str, **hello: Any) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.settimeout(20)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.socket.sendall(
            f"GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.socket.recv(1)
        assert b" 101 " in head, head
        self.send(
            {
                "type": "hello",
                "versions": [1],
                "session": server.session,
                "token": token,
                "client_id": f"client-{secrets.token_hex(8)}",
                **hello,
            }
        )

    def send(self, message: Any) -> None:
        data, mask = msgpack.packb(message), os.urandom(4)
        assert 126 <= len(data) < 65536
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self.socket.sendall(b"\x82\xfe" + struct.pack(">H", len(data)) + mask + masked)

    def read(self, most: int) -> bytes:
        """Take at most so many bytes; b"" where there is nothing yet, or nothing any more."""
        try:
            return self.socket.recv(most, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):
            return b""

    def frames(self) -> tuple[list[dict[str, Any]], int]:
        """Read on to the end: every message, and the code of the close."""
        data = b""
        while chunk := self.socket.recv(65536):
            data += chunk
        messages, code = [], 0
        while data:
            opcode, size, data = data[0] & 15, data[1], data[2:]
            if size == 126:
                size, data = int.from_bytes(data[:2], "big"), data[2:]
            elif size == 127:
                size, data = int.from_bytes(data[:8], "big"), data[8:]
            payload, data = data[:size], data[size:]
            if opcode == 8:
                code = int.from_bytes(payload[:2], "big")
            elif opcode == 2 and payload[0] != 0xC1:
                messages.append(msgpack.unpackb(payload))
        return messages, code

    def close(self) -> None:
        self.socket.close()
