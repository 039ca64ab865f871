"""Processes a bench needs besides ``demo.server``'s: servers that are killed, and the bare loop."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from framejam.link import Link, parse_link
from framejam_protocol.fold.pairs import Pair
from framejam_protocol.instructions import Settings
from framejam_server.demo.server import ServerFailed
from framejam_server.render.bare import Run

_READY: Final = "framejam ready "
_SEED: Final = 7

_LINE_BYTES: Final = 2**24
"""One line of the bare loop: a mapping of a thousand edits is a fraction of it."""


@dataclass(frozen=True)
class Started:
    """A server that is up: the owner link of its newest session, and the seconds it took."""

    process: asyncio.subprocess.Process
    link: Link
    seconds: float

    async def kill(self) -> None:
        """kill -9, as a crash would."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def started(folder: Path, *options: str) -> AsyncIterator[Started]:
    """A server on ``folder / "data"``, killed when the block ends. Raises ``ServerFailed``."""
    begun = time.perf_counter()
    with (folder / "server.log").open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "framejam_server", "serve", "--port", "0"),
            *("--seed", str(_SEED), "--data", str(folder / "data"), *options),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode(errors="replace")
        if not line.startswith(_READY):
            raise ServerFailed("the server ended before it was ready")
        link = parse_link(line.removeprefix(_READY).strip())
        yield Started(process, link, time.perf_counter() - begun)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class BareLoop:
    """``render.bare`` at the other end of its pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(
        self,
        settings: Settings,
        mapping: Mapping[int, Pair],
        steps: int,
        *,
        plain: bool = False,
    ) -> list[float]:
        """Seconds of each of the first ``steps`` steps of a fresh take of ``mapping``.

        ``plain``: of the diffusers components alone (``render.bare.Run``). Raises ``ServerFailed``
        where the process ends.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = Run(settings, dict(mapping), steps, plain)
        self._process.stdin.write(msgspec.json.encode(request) + b"\n")
        line = await self._process.stdout.readline()
        if not line:
            raise ServerFailed("the bare loop ended; the lines above say why")
        return msgspec.json.decode(line, type=list[float])


@asynccontextmanager
async def bare_loop(threads: int, model: Path | None) -> AsyncIterator[BareLoop]:
    """The loop in a process of its own, its model loaded."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "framejam_server.render.bare", "--threads", str(threads)),
        *(("--model", str(model)) if model is not None else ()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
    )
    try:
        yield BareLoop(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
