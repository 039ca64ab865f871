"""Processes of suite ``collab`` that are asked by the line, and answer by the line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psutil

from framejam_server.bench.asked import Answer, Crowd, MakeSessions, Previews, Seen
from framejam_server.demo.server import ServerFailed

_LINE_BYTES = 2**26
"""Of a crowd: the times of all deliveries of a round."""


class Servant:
    """One of them. Its errors go to our standard error."""

    def __init__(self, process: asyncio.subprocess.Process, speaks: str) -> None:
        self._process = process
        self.speaks = speaks
        """A key of ``speech.SPEECH``, where it is a server."""
        self.port = 0
        self.rooms = 0
        """How many were used, of a server that makes them by the way."""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def rss(self) -> int:
        """Bytes of memory it has in use."""
        return int(psutil.Process(self.pid).memory_info().rss)

    async def line(self) -> bytes:
        """What it says next. Raises ``ServerFailed`` where it has ended."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise ServerFailed("a process of the bench ended; the lines above say why")
        return line

    def ask(self, request: msgspec.Struct) -> None:
        """Ask for something; the answer comes by ``line``."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(request) + b"\n")

    async def sessions(self, count: int) -> dict[str, str]:
        """New sessions of a host: {session: token}."""
        self.ask(MakeSessions(count))
        return msgspec.json.decode(await self.line(), type=Answer).tokens


@asynccontextmanager
async def servant(module: str, *arguments: str, serves: bool = True) -> AsyncIterator[Servant]:
    """``bench.MODULE`` in a process of its own, gone when the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"framejam_server.bench.{module}", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
    )
    try:
        one = Servant(process, "framejam" if module == "host" else module)
        if serves:
            one.port = int(await one.line())
        yield one
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def gathered(crowd: Servant, asked: Crowd, server: Servant, show: Previews | None) -> Seen:
    """Let a crowd meet; ``show`` is asked of the server when everybody is there."""
    crowd.ask(asked)
    await crowd.line()
    if show is not None:
        server.ask(show)
    seen: Any = msgspec.json.decode(await crowd.line(), type=Seen)
    if show is not None:
        await server.line()
    assert isinstance(seen, Seen)
    return seen
