"""From the crash of a server that was busy to everybody at work again."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import framejam
from framejam import Session
from framejam_protocol.events import Edited, Event
from framejam_server.bench.load import stroke
from framejam_server.bench.processes import Started, started
from framejam_server.bench.result import Metric, of_rounds
from framejam_server.net.auth import mint
from framejam_server.store.contract import SessionRow
from framejam_server.store.sql import SqlStore, create_engine

SESSIONS: Final = 10
STROKES: Final = 20
"""Edits of each session before the first crash."""

ROUNDS: Final = 3


@dataclass(frozen=True)
class _Back:
    """Seconds from the start of the new process on."""

    ready: float
    at_work: float
    rendered: float


async def recovery() -> dict[str, Metric]:
    """Measure on a data folder of its own. Raises what the client raises, and ``ServerFailed``."""
    backs = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="framejam-bench-")))
        links = await stored_sessions(folder, SESSIONS)
        server = await stack.enter_async_context(started(folder))
        async with AsyncExitStack() as people:
            for session in await _join(people, server, links):
                await asyncio.gather(*(session.give(stroke(n)) for n in range(STROKES)))
        for number in range(ROUNDS):
            await _crash(server, links, number)
            begun = time.perf_counter()
            server = await stack.enter_async_context(started(folder))
            backs.append(await _back(server, links, begun, number))
    load = f"{SESSIONS} sessions with takes in progress; {ROUNDS} crashes"
    return {
        "recovery_s": of_rounds(
            [back.at_work for back in backs],
            "s",
            f"from the new process to a client welcomed and acked in an old session; {load}; "
            "target: at most 3",
        ),
        "recovery_ready_s": of_rounds(
            [back.ready for back in backs], "s", "of these, until the server said that it is ready"
        ),
        "recovery_takes_s": of_rounds(
            [back.rendered for back in backs],
            "s",
            f"until all {SESSIONS} takes are finished again, one after the other on one renderer",
        ),
    }


async def stored_sessions(folder: Path, count: int, *options: str) -> dict[str, str]:
    """Make ``count`` sessions below ``folder``; {session: token of an invite}.

    ``options`` are those of a server that makes the first and has ended when this returns.
    """
    async with started(folder, *options) as server:
        first = server.link.session
    store = SqlStore(create_engine(folder / "data" / "framejam.db"))
    try:
        stored = await store.load(first)
        assert stored is not None
        for number in range(1, count):
            row = SessionRow(f"{number:016x}", f"{number:016x}", stored.row.created_at + number)
            created = Event(seq=1, at=0, author="", body=stored.events[0].body)
            await store.create_session(row, [created])
        links = {}
        for row in await store.sessions():
            token, links[row.id] = mint(row.id, "editor")
            await store.add_token(token)
        return links
    finally:
        await store.close()


async def _join(people: AsyncExitStack, server: Started, links: dict[str, str]) -> list[Session]:
    return [
        await people.enter_async_context(
            framejam.connect(f"{server.link.base}/s/{session}#{token}", patience=60)
        )
        for session, token in links.items()
    ]


async def _crash(server: Started, links: dict[str, str], number: int) -> None:
    """Kill the server while the takes of all sessions run."""
    async with AsyncExitStack() as people:
        sessions = await _join(people, server, links)
        await asyncio.gather(*(session.give(stroke(number), depth=1.0) for session in sessions))
        await server.kill()


async def _back(server: Started, links: dict[str, str], begun: float, number: int) -> _Back:
    async with AsyncExitStack() as people:
        oldest, *others = links.items()
        (session,) = await _join(people, server, dict([oldest]))
        receipt = await session.give(stroke(number), depth=1.0)
        at_work = time.perf_counter() - begun
        sessions = await _join(people, server, dict(others))
        await session.finished(receipt.seq)
        await asyncio.gather(*(one.finished(_newest_edit(one)) for one in sessions))
        return _Back(server.seconds, at_work, time.perf_counter() - begun)


def _newest_edit(session: Session) -> int:
    return next(event.seq for event in reversed(session.log) if isinstance(event.body, Edited))
