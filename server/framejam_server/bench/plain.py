"""The baseline of suite ``collab``: ``python -m framejam_server.bench.plain DATABASE|-``.

A bare aiohttp loop with rooms: what comes from one goes to all in the room, the sender too. With a
database each message is one SQLite commit (WAL, synchronous=FULL) on the event loop; without one
nothing is kept. No validation, no order, no state, no limits, no slow clients.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections import defaultdict
from contextlib import closing, suppress
from typing import Final

import msgspec
import uvloop
from aiohttp import WSMsgType, web

from framejam_protocol.preview import MARK
from framejam_server.bench.asked import Answer, Previews
from framejam_server.startup import bind

NOTHING: Final = "-"


class Plain:
    """Everybody's sockets, and perhaps a database."""

    def __init__(self, database: str) -> None:
        self._rooms: dict[str, set[web.WebSocketResponse]] = defaultdict(set)
        self._database: sqlite3.Connection | None = None
        if database != NOTHING:
            self._database = sqlite3.connect(database, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.execute("CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB)")

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Pass on what comes."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        name = request.match_info["room"]
        room = self._rooms[name]
        room.add(socket)
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                break
            if message.data == b"hello":
                await socket.send_bytes(message.data)
                continue
            if self._database is not None:
                self._database.execute("INSERT INTO log (body) VALUES (?)", (message.data,))
            await self.send(name, message.data)
        room.discard(socket)
        return socket

    async def send(self, room: str, data: bytes) -> None:
        """To everybody, one after the other."""
        for socket in list(self._rooms[room]):
            with suppress(ConnectionError):  # the crowd leaves while it is being told
                await socket.send_bytes(data)

    async def show(self, asked: Previews) -> None:
        """Pictures, by the clock."""
        start = time.perf_counter()
        for number in range(round(asked.per_second * asked.seconds)):
            await asyncio.sleep(start + number / asked.per_second - time.perf_counter())
            await self.send(asked.session, bytes([MARK]) + bytes(asked.size + 39))


async def main(database: str) -> None:
    """Serve on a free loopback port, printed as the first line, until the input ends."""
    plain = Plain(database)
    app = web.Application()
    app.router.add_get("/{room}", plain.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    with closing(bind("127.0.0.1", 0)) as bound:
        await web.SockSite(runner, bound).start()
        print(bound.getsockname()[1], flush=True)
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            await plain.show(msgspec.json.decode(line, type=Previews))
            print(msgspec.json.encode(Answer({})).decode(), flush=True)
        await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
