"""A real server in its own process, on a free loopback port, gone when the block ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_READY: Final = "framejam ready "
_START_TIMEOUT_S: Final = 300.0
"""Loading the model takes a few seconds; on a machine that is busy with other things, minutes."""

_STOP_TIMEOUT_S: Final = 20.0
"""SIGTERM drains first; after this long it is killed."""


class ServerFailed(RuntimeError):
    """The server did not come up, or not in time; the message ends with its last words."""


@dataclass(frozen=True)
class LocalServer:
    """A running server: the owner link of its newest session, and its process id."""

    link: str
    pid: int

    def kill_worker(self) -> None:
        """Kill the process that denoises, the server's only child, as a crash would (T6)."""
        (worker,) = psutil.Process(self.pid).children()
        worker.kill()


@asynccontextmanager
async def local_server(folder: Path, seed: int) -> AsyncIterator[LocalServer]:
    """Start a server with its data and its log below ``folder``.

    ``seed`` is that of its first session. Raises ``ServerFailed``. The process is asked to stop,
    and made to, when the block ends.
    """
    log = folder / "server.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "framejam_server",
            "serve",
            "--port",
            "0",
            "--seed",
            str(seed),
            "--data",
            str(folder / "data"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        link = await _link(process, log)
        async with _while_running(process, log):
            yield LocalServer(link, process.pid)
    finally:
        await _stop(process)


@asynccontextmanager
async def _while_running(process: asyncio.subprocess.Process, log: Path) -> AsyncIterator[None]:
    """Raise ``ServerFailed`` in the block as soon as the process ends: its clients would go on
    trying to reconnect."""
    inside = asyncio.current_task()
    assert inside is not None
    watching = asyncio.create_task(_interrupt(inside, process))
    try:
        yield
    except asyncio.CancelledError:
        if process.returncode is None or inside.uncancel() > 0:
            raise
        raise ServerFailed(f"the server ended: {_last_words(log)}") from None
    finally:
        watching.cancel()


async def _interrupt(task: asyncio.Task[object], process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    while await process.stdout.read(65536):
        pass  # a full pipe would stop the server
    await process.wait()
    task.cancel()


async def _link(process: asyncio.subprocess.Process, log: Path) -> str:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            async for line in process.stdout:
                if line.decode(errors="replace").startswith(_READY):
                    return line.decode().removeprefix(_READY).strip()
    except TimeoutError:
        raise ServerFailed(f"the server was not ready after {_START_TIMEOUT_S:g} s") from None
    raise ServerFailed(f"the server ended before it was ready: {_last_words(log)}")


def _last_words(log: Path) -> str:
    return " / ".join(log.read_text(errors="replace").strip().splitlines()[-5:])


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
