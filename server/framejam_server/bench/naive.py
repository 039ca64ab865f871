"""The baseline of the core suite: ``python -m framejam_server.bench.naive DATABASE``.

What one writes in an afternoon: every message is one SQLite commit, made on the event loop, and
then goes to everybody. It is as durable as the real server (WAL, synchronous=FULL) and does less:
no validation, no order of undo, no state, no take.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import suppress

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed


class Naive:
    """Everybody's sockets and one database."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        self._sockets: set[ServerConnection] = set()

    async def handle(self, socket: ServerConnection) -> None:
        """Store and pass on what ``socket`` sends; its own copy is the ack."""
        self._sockets.add(socket)
        with suppress(ConnectionClosed):
            async for message in socket:
                self._database.execute("INSERT INTO log (body) VALUES (?)", (message,))
                broadcast(self._sockets, message)
        self._sockets.discard(socket)


async def main(path: str) -> None:
    """Serve on a free loopback port, printed as the first line, until killed."""
    async with serve(Naive(path).handle, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
