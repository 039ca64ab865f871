"""Of suite ``collab``: what coming into a long session costs, and coming back to it.

The server is a process of its own; who comes is a ``framejam.connection.Connection``, as in every
program that uses the Python client. All is over when the whole log is there and folded.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import framejam
from framejam_protocol.events import Event
from framejam_protocol.fold.canonical import StateHasher
from framejam_protocol.fold.snapshot import freeze, thaw
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Paint
from framejam_protocol.wire import encode
from framejam_server.app import DATABASE
from framejam_server.bench.arrive import Stepwise, arrival, join_ms, resume_ms
from framejam_server.bench.drawn import drawn_events
from framejam_server.bench.history import store_events, typed_events
from framejam_server.bench.result import Metric, of_rounds, percentile
from framejam_server.bench.servant import Servant, servant
from framejam_server.net.auth import mint
from framejam_server.store.migrate import migrate
from framejam_server.store.sql import sqlite_url

_SESSION: Final = "0123456789abcdef"
_PAUSE_S: Final = 0.02
_QUIET_S: Final = 1.5

_T = TypeVar("_T")


@dataclass(frozen=True)
class Lengths:
    """How long the sessions are, and how far behind it whoever comes is."""

    rounds: int = 7
    instructions: int = 10_000
    behind: int = 1_000
    far: int = 95_000
    """Keystrokes of the session that somebody joins while others edit: 100,000 events."""

    keystrokes: int = 250_000


async def coming_back(folder: Path, lengths: Lengths) -> dict[str, Metric]:
    """Measure. Raises ``ServerFailed``, ``StoreError`` and ``TimeoutError``."""
    return {
        **await _arrivals(folder / "arrivals", lengths),
        **await _far_behind(folder / "far", lengths),
        **await asyncio.to_thread(_thawing, lengths),
    }


async def _arrivals(folder: Path, lengths: Lengths) -> dict[str, Metric]:
    events = list(drawn_events(lengths.instructions))
    token = await _stored(folder, events)
    joins, stepwise, resumes, anew = list[float](), list[float](), list[float](), list[float]()
    async with servant("host", str(folder)) as host:
        await join_ms(arrival(host.port, _SESSION, token))  # the first opens the session
        for _ in range(lengths.rounds):
            one = arrival(host.port, _SESSION, token)
            joins.append(await join_ms(one))
            stepwise.append(await join_ms(arrival(host.port, _SESSION, token, Stepwise)))
            resumes.append(await resume_ms(one, lengths.behind))
            anew.append(await join_ms(arrival(host.port, _SESSION, token)))
    load = (
        f"{lengths.instructions} instructions of three people (strokes of 24 points, drags, words, "
        f"revisions, comments; {len(events)} events, "
        f"{sum(map(_length, events)) / 1e6:.1f} MB); {lengths.rounds} rounds"
    )
    return {
        "join_10k_ms": of_rounds(
            joins,
            "ms",
            f"somebody new, from connecting until all is there and folded, in {load}; naive: asks "
            "for a piece of the log when it has folded the one before; target: at most 200",
            stepwise,
        ),
        "resume_1k_ms": of_rounds(
            resumes,
            "ms",
            f"the same for somebody who comes back and has missed {lengths.behind} of the events; "
            "naive: joins anew; target: at most 100",
            anew,
        ),
    }


async def _far_behind(folder: Path, lengths: Lengths) -> dict[str, Metric]:
    token = await _stored(folder, list(typed_events(lengths.far)))
    quiet, beside, times = list[float](), list[float](), list[float]()
    async with servant("host", str(folder)) as host:
        ((room, way_in),) = (await host.sessions(1)).items()
        link = f"http://127.0.0.1:{host.port}/s/{room}#{way_in}"
        await _come(host, token)  # the first opens the session
        async with framejam.connect(link) as somebody:
            for _ in range(lengths.rounds):
                waiting = asyncio.create_task(asyncio.sleep(_QUIET_S))
                quiet.append(percentile(await _acks(somebody, waiting), 0.99))
                coming = asyncio.create_task(_come(host, token))
                beside.append(percentile(await _acks(somebody, coming), 0.99))
                times.append(coming.result())
    return {
        "join_100k_ms": of_rounds(
            times,
            "ms",
            f"somebody new in a session of {lengths.far} keystrokes, all sent piece by piece; in a "
            f"process of their own; {lengths.rounds} rounds",
        ),
        "join_100k_ack_p99_ms": of_rounds(
            beside,
            "ms",
            "of somebody who draws in another session of that server meanwhile, up to 50 strokes a "
            "second; naive: while nobody comes",
            quiet,
        ),
    }


async def _acks(somebody: framejam.Session, meanwhile: asyncio.Task[_T]) -> list[float]:
    """How long each stroke takes until it is acknowledged, in ms, for as long as that goes on."""
    found = []
    while not meanwhile.done():
        stroke = Paint(points=((100, 100), (9000, 9000)), color="#00ff00", width=900)
        found.append((await somebody.give(stroke)).ack_ms)
        await asyncio.sleep(_PAUSE_S)
    return found


async def _come(host: Servant, token: str) -> float:
    """Join in a process of one's own; the milliseconds that it took."""
    async with servant("arrive", str(host.port), _SESSION, token, serves=False) as one:
        return float(await one.line())


def _thawing(lengths: Lengths) -> dict[str, Metric]:
    events = list(typed_events(lengths.keystrokes))
    data = freeze(fold(events), events)
    thaws, folds = list[float](), list[float]()
    for _ in range(lengths.rounds):
        thaws.append(_timed(lambda: thaw(data, events, StateHasher())))
        folds.append(_timed(lambda: fold(events)))
    return {
        "fold_snapshot_ms": of_rounds(
            thaws,
            "ms",
            f"the state of {lengths.keystrokes} keystrokes from a snapshot of "
            f"{len(data) / 1e6:.1f} MB, its digest and state hash checked; edits are read from the "
            f"log when they are asked for; {lengths.rounds} rounds; naive: folds "
            f"the {len(events)} events; target: at most 100",
            folds,
        )
    }


def _timed(call: Callable[[], object]) -> float:
    """As a server does it: the collector would look through all that is made again and again."""
    gc.collect()
    gc.disable()
    try:
        begun = time.perf_counter()
        made = call()
        passed = time.perf_counter() - begun
    finally:
        gc.enable()
    del made
    return passed * 1000


async def _stored(folder: Path, events: Sequence[Event]) -> str:
    """A server's folder with a session of these events; the token of an invite."""
    await asyncio.to_thread(folder.mkdir)
    await asyncio.to_thread(migrate, sqlite_url(folder / DATABASE, "sqlite"))
    token, text = mint(_SESSION, "editor")
    await store_events(folder / DATABASE, _SESSION, events, token)
    return text


def _length(event: Event) -> int:
    return len(encode(event))
