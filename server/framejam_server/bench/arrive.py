"""Comes into a session as a client does: ``python -m framejam_server.bench.arrive``.

Its arguments are a port of this machine, a session and a token. Prints the milliseconds from
connecting until the whole log is there and folded.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from typing import Final

from websockets.asyncio.client import ClientConnection

from framejam.connection import Connection
from framejam.link import Link
from framejam_protocol.fold.state import fold

_LONGEST_S: Final = 60.0


class Stepwise(Connection):
    """The baseline: asks for a piece of the log when it has folded the one before."""

    async def _ask(self, socket: ClientConnection, after: int) -> None:
        """Not yet."""


def arrival(port: int, session: str, token: str, kind: type[Connection] = Connection) -> Connection:
    """Somebody new, who comes by an invite."""
    return kind(Link(f"http://127.0.0.1:{port}", session, token), "Somebody", None)


async def join_ms(one: Connection) -> float:
    """From connecting to the whole state. Raises ``TimeoutError``."""
    return await _until(one, one.ready.is_set)


async def resume_ms(one: Connection, behind: int) -> float:
    """The same for somebody who was there, and has missed the newest ``behind`` events."""
    mirror = one.mirror
    head = mirror.last_seq
    del mirror.log[head - behind :]
    mirror.state = fold(mirror.log)
    return await _until(one, lambda: mirror.last_seq >= head)


async def _until(one: Connection, there: Callable[[], bool]) -> float:
    gc.collect()
    begun = time.perf_counter()
    running = asyncio.create_task(one.run())
    try:
        async with asyncio.timeout(_LONGEST_S):
            while not there():
                await one.changed.wait()
        return (time.perf_counter() - begun) * 1000
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


if __name__ == "__main__":
    print(asyncio.run(join_ms(arrival(int(sys.argv[1]), sys.argv[2], sys.argv[3]))))
