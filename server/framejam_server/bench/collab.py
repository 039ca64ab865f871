"""Suite ``collab``: what many people at once cost the server, and what a long history costs it.

Servers are processes of their own, and so is the crowd. CPU time is the server process's own. Each
round is followed by the same load on a server that does much less: ``bench.plain``, ``bench.room``.
"""

from __future__ import annotations

import asyncio
import importlib.util
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from framejam_server.app import DATABASE
from framejam_server.bench.asked import Crowd, Previews, Seen
from framejam_server.bench.history import store_history
from framejam_server.bench.open import Opened
from framejam_server.bench.plain import NOTHING
from framejam_server.bench.result import Metric, of_rounds, percentile
from framejam_server.bench.resume import Lengths, coming_back
from framejam_server.bench.servant import Servant, gathered, servant
from framejam_server.store.migrate import migrate
from framejam_server.store.sql import sqlite_url

LIMIT_S: Final = 900.0
_SESSION: Final = "0123456789abcdef"
_TICK_S: Final = 0.01
"""CPU time is counted in these: in a test's short rounds a server may have used none."""

_WARM_SESSIONS: Final = 10
_WARM_CONNECTIONS: Final = 10


@dataclass(frozen=True)
class Sizes:
    """How much of everything; the suite's own numbers, and smaller ones for a test."""

    rounds: int = 3
    seconds: float = 4.0
    sessions: int = 10
    """Of the acks, ten people in each."""

    edits_per_second: float = 1000.0
    listeners: int = 200
    fanout_per_second: float = 60.0
    watchers: int = 50
    previews_per_second: float = 40.0
    preview_bytes: int = 20_000
    typing_per_second: float = 30.0
    """Of three writers, seen by thirty people."""

    keystrokes: int = 250_000
    long: Lengths = field(default_factory=Lengths)
    idle_sessions: int = 100
    idle_connections: int = 200


@dataclass
class _Pair:
    """Rounds of ours, and of the baseline's."""

    ours: list[Seen] = field(default_factory=list)
    theirs: list[Seen] = field(default_factory=list)


async def collab(sizes: Sizes | None = None) -> dict[str, Metric]:
    """Measure. Raises ``ServerFailed``, ``StoreError`` and ``TimeoutError``."""
    sizes = sizes or Sizes()
    with tempfile.TemporaryDirectory(prefix="framejam-bench-") as name:
        async with asyncio.timeout(LIMIT_S):
            return {
                **await _load(Path(name), sizes),
                **await _typing(Path(name), sizes),
                **await _history(Path(name), sizes),
                **await coming_back(Path(name), sizes.long),
                **await _idle(Path(name), sizes),
            }


# -- many people -------------------------------------------------------------------------------


async def _load(folder: Path, sizes: Sizes) -> dict[str, Metric]:
    acks, edits, previews = _Pair(), _Pair(), _Pair()
    async with (
        servant("host", str(_made(folder / "load"))) as host,
        servant("plain", str(folder / "plain.sqlite")) as durable,
        servant("plain", NOTHING) as forgetful,
        servant("crowd", serves=False) as crowd,
    ):
        for _ in range(sizes.rounds):
            for server, seen in ((host, acks.ours), (durable, acks.theirs)):
                seen.append(await _acks(crowd, server, sizes))
            for server, seen in ((host, edits.ours), (forgetful, edits.theirs)):
                seen.append(await _fanout(crowd, server, sizes))
            for server, seen in ((host, previews.ours), (forgetful, previews.theirs)):
                seen.append(await _previews(crowd, server, sizes))
    people = sizes.sessions * 10
    return {
        "ack_p99_ms_1000": of_rounds(
            _p99([one.acks for one in acks.ours]),
            "ms",
            f"{sizes.edits_per_second:g} edits/s from {people} participants in {sizes.sessions} "
            f"sessions, synchronous=FULL; {_rounds(sizes)}; naive: a bare aiohttp loop that "
            f"commits each edit alone; {_whole(acks)}; target: at most 25",
            _p99([one.acks for one in acks.theirs]),
        ),
        "deliveries_per_cpu_s_edits": _per_cpu(
            edits,
            f"{sizes.fanout_per_second:g} edits/s of about 300 bytes to {sizes.listeners} "
            f"participants of one session; {_rounds(sizes)}; naive: a bare aiohttp loop that keeps "
            f"nothing; {_whole(edits)}; target: at least 50000",
        ),
        "fanout_p99_ms": of_rounds(
            _p99([one.deliveries_ms for one in edits.ours]),
            "ms",
            "of these, from the sender's send to each receipt, the commit between; target: at "
            "most 20",
            _p99([one.deliveries_ms for one in edits.theirs]),
        ),
        "deliveries_per_cpu_s_previews": _per_cpu(
            previews,
            f"{sizes.previews_per_second:g} previews/s of {sizes.preview_bytes} bytes to "
            f"{sizes.watchers} watchers; {_rounds(sizes)}; naive: a bare aiohttp loop; target: at "
            "least 25000",
        ),
    }


async def _acks(crowd: Servant, server: Servant, sizes: Sizes) -> Seen:
    rooms = await _rooms(server, sizes.sessions)
    asked = _crowd(server, rooms, 10, 10, sizes.edits_per_second, sizes)
    return await gathered(crowd, asked, server, None)


async def _fanout(crowd: Servant, server: Servant, sizes: Sizes) -> Seen:
    rooms = await _rooms(server, 1)
    asked = _crowd(server, rooms, sizes.listeners, 4, sizes.fanout_per_second, sizes)
    return await gathered(crowd, asked, server, None)


async def _previews(crowd: Servant, server: Servant, sizes: Sizes) -> Seen:
    rooms = await _rooms(server, 1)
    asked = _crowd(server, rooms, sizes.watchers, 1, 1, sizes, edits="none", previews=True)
    (room,) = rooms
    show = Previews(room, sizes.preview_bytes, sizes.previews_per_second, sizes.seconds - 0.1)
    return await gathered(crowd, asked, server, show)


async def _rooms(server: Servant, count: int) -> dict[str, str]:
    """New rooms; a baseline makes them by the way."""
    if server.speaks == "framejam":
        return await server.sessions(count)
    server.rooms += count
    return {f"room{server.rooms - number}": "" for number in range(count)}


def _crowd(
    server: Servant,
    rooms: dict[str, str],
    each: int,
    writers: int,
    per_second: float,
    sizes: Sizes,
    *,
    edits: str = "strokes",
    previews: bool = False,
) -> Crowd:
    return Crowd(
        kind=server.speaks,
        port=server.port,
        pid=server.pid,
        rooms=rooms,
        each=each,
        writers=writers,
        per_second=per_second,
        seconds=sizes.seconds,
        edits=edits,
        previews=previews,
    )


# -- typing ------------------------------------------------------------------------------------


async def _typing(folder: Path, sizes: Sizes) -> dict[str, Metric]:
    seen = _Pair()
    there = importlib.util.find_spec("pycrdt.websocket") is not None
    async with (
        servant("host", str(_made(folder / "typing"))) as host,
        servant("crowd", serves=False) as crowd,
    ):
        if there:
            async with servant("room") as room:
                for _ in range(sizes.rounds):
                    seen.ours.append(await _typed(crowd, host, sizes))
                    seen.theirs.append(await _typed(crowd, room, sizes))
        else:
            seen.ours += [await _typed(crowd, host, sizes) for _ in range(sizes.rounds)]
    load = (
        f"3 writers, {sizes.typing_per_second:g} keystrokes/s in all, 30 people; {_rounds(sizes)}; "
    )
    load += (
        "naive: a room of pycrdt-websocket, which checks nothing, gives no order and keeps nothing"
        if there
        else "no baseline: pycrdt-websocket is not installed (pip install 'framejam[bench]')"
    )
    return {
        "typing_deliveries_per_cpu_s": _per_cpu(seen, f"{load}; {_whole(seen)}"),
        **{
            f"typing_p{share}_ms": of_rounds(
                [percentile(one.deliveries_ms, share / 100) for one in seen.ours],
                "ms",
                "of these, from the keystroke's send to each receipt"
                + (" (naive as above)" if there else ""),
                [percentile(one.deliveries_ms, share / 100) for one in seen.theirs],
            )
            for share in (50, 99)
        },
    }


async def _typed(crowd: Servant, server: Servant, sizes: Sizes) -> Seen:
    rooms = await _rooms(server, 1)
    asked = _crowd(server, rooms, 30, 3, sizes.typing_per_second, sizes, edits="typing")
    return await gathered(crowd, asked, server, None)


# -- a long history, and nobody there ----------------------------------------------------------


async def _history(folder: Path, sizes: Sizes) -> dict[str, Metric]:
    database = _made(folder / "history") / DATABASE
    await asyncio.to_thread(migrate, sqlite_url(database, "sqlite"))
    await store_history(database, _SESSION, sizes.keystrokes)
    found: list[Opened] = []
    for _ in range(1 + sizes.rounds):  # the first folds all, and leaves a snapshot when it ends
        async with servant("open", str(database), _SESSION, serves=False) as opening:
            found.append(msgspec.json.decode(await opening.line(), type=Opened))
    load = f"{sizes.keystrokes} keystrokes in {found[0].events} events; {sizes.rounds} processes"
    load += "; naive: without a snapshot, once"
    return {
        "fold_250k_s": of_rounds(
            [one.ready_s for one in found[1:]],
            "s",
            f"from the database to a session that welcomes people; {load}; target: at most 2",
            [found[0].ready_s],
        ),
        "fold_250k_edit_s": of_rounds(
            [one.edit_s for one in found[1:]],
            "s",
            "of these, until the first edit of the prompt is durable: its Yjs document is made "
            "while people are welcomed",
            [found[0].edit_s],
        ),
    }


async def _idle(folder: Path, sizes: Sizes) -> dict[str, Metric]:
    sessions, connections = [], []
    for number in range(sizes.rounds):
        async with (
            servant("host", str(_made(folder / f"idle{number}"))) as host,
            servant("crowd", serves=False) as crowd,
        ):
            await host.sessions(_WARM_SESSIONS)
            before = host.rss
            await host.sessions(sizes.idle_sessions)
            sessions.append((host.rss - before) / 1024 / sizes.idle_sessions)
            await _idlers(crowd, host, _WARM_CONNECTIONS)
            grown = await _idlers(crowd, host, sizes.idle_connections)
            connections.append(grown / 1024 / sizes.idle_connections)
    return {
        "idle_session_kb": of_rounds(
            sessions,
            "KiB",
            f"memory of the server for each of {sizes.idle_sessions} open sessions with nobody in "
            f"them; {sizes.rounds} servers; their finished clips, held for downloads, come on top "
            "(192 KiB with the embedded model); target: at most 200",
        ),
        "idle_connection_kb": of_rounds(
            connections,
            "KiB",
            f"for each of {sizes.idle_connections} connections of one session; {sizes.rounds} "
            "servers; target: at most 40",
        ),
    }


async def _idlers(crowd: Servant, host: Servant, count: int) -> int:
    """Bytes by which the server grows while so many are there and do nothing."""
    rooms = await host.sessions(1)
    before = host.rss
    idle = Sizes(seconds=0.5)
    crowd.ask(_crowd(host, rooms, count, 1, 1, idle, edits="none"))
    await crowd.line()
    grown = host.rss - before
    await crowd.line()
    return grown


# -- from rounds to metrics --------------------------------------------------------------------


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _p99(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [percentile(times, 0.99) for times in rounds]


def _per_cpu(pair: _Pair, note: str) -> Metric:
    return of_rounds(
        [one.deliveries / max(one.cpu_s, _TICK_S) for one in pair.ours],
        "/s",
        note,
        [one.deliveries / max(one.cpu_s, _TICK_S) for one in pair.theirs],
    )


def _rounds(sizes: Sizes) -> str:
    return f"{sizes.rounds} rounds of {sizes.seconds:g} s"


def _whole(pair: _Pair) -> str:
    """What share of the deliveries came; a server that is too slow is not shown as quick."""
    ours, theirs = (
        sum(one.deliveries for one in seen) / max(1, sum(one.owed for one in seen))
        for seen in (pair.ours, pair.theirs)
    )
    words = f"{ours:.3g} of the deliveries came"
    return f"{words} (naive: {theirs:.3g})" if pair.theirs else words
