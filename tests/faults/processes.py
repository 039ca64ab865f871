"""Which processes run: the server's worker, and whether a process is still there."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from running import RunningServer


def alive(pid: int) -> bool:
    """Whether the process runs (one that ended and was not waited for does not)."""
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


async def worker_of(server: RunningServer, *, other_than: int = 0, seconds: float = 60) -> int:
    """The server's only child, as soon as it is there and is not ``other_than``."""
    async with asyncio.timeout(seconds):
        while True:
            found = {pid for pid in _children(server.process.pid) - {other_than} if alive(pid)}
            assert len(found) <= 1, f"one server has one worker, not {found}"
            if found:
                return found.pop()
            await asyncio.sleep(0.02)


def _children(parent: int) -> set[int]:
    files = Path(f"/proc/{parent}/task").glob("*/children")
    return {int(pid) for file in files for pid in file.read_text().split()}
