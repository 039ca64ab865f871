"""A server whose sessions a bench makes: ``python -m framejam_server.bench.host FOLDER``.

Store, hub, sockets and HTTP are those of ``framejam serve``, wired by ``app.web_app``. Only the
renderer is not: it never finishes a step, so that no take competes with what is measured. The first
line it prints is its port; then it does what each line of its input asks for and answers by a line.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog
import uvloop
from aiohttp import web

from framejam_protocol.messages import Tier
from framejam_protocol.preview import CODEC_JPEG, TIER_SHEET, Preview
from framejam_server.app import DATABASE, Opened, first_settings, web_app
from framejam_server.bench.asked import Answer, MakeSessions, Previews, Request
from framejam_server.bench.history import SETTINGS
from framejam_server.config import Config
from framejam_server.hub import Hub
from framejam_server.live import Clock, LiveSession
from framejam_server.net.auth import mint
from framejam_server.net.metrics import Metrics
from framejam_server.render.memory import MIB, TAKES_MIB, Memory
from framejam_server.render.pipe import Advance, Advanced, Ready, Who
from framejam_server.render.turns import Standing
from framejam_server.render.worker import WorkerReplaced
from framejam_server.startup import bind, settle_collector
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.migrate import migrate
from framejam_server.store.sql import SqlStore, create_engine, sqlite_url

FACTS: Final = Ready(
    model=SETTINGS.model,
    model_hash="0" * 64,
    width=SETTINGS.width,
    height=SETTINGS.height,
    frames=SETTINGS.frames,
    steps=SETTINGS.steps,
    guidance=SETTINGS.guidance,
    vocabulary={},
    environment={},
    size_multiple=8,
    max_frames=SETTINGS.frames,
)

_HELLOS: Final = 64
"""The whole crowd comes from one address."""


class StillRenderer:
    """A renderer that takes for ever."""

    loaded = True

    def __init__(self) -> None:
        self.memory = Memory(TAKES_MIB * MIB)

    def stands(self, key: str, standing: Standing) -> None:
        """Nothing gives way to anything."""

    def claim(self, key: str, size: int, standing: Standing, wake: Callable[[], None]) -> bool:
        """There is room for everything."""
        return True

    async def current(self) -> int:
        """The one process there is."""
        return 0

    async def estimate(self, key: str, tiers: tuple[Tier, ...]) -> Advanced:
        """Never asked for: nothing has run."""
        raise WorkerReplaced

    async def advance(
        self,
        request: Advance,
        generation: int,
        watched: Callable[[], tuple[Tier, ...]] | None = None,
    ) -> Advanced:
        """Never returns."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody finishes this")

    async def weigh(self, request: Who) -> dict[int, float]:
        """Nothing weighs anything."""
        return {}

    async def forget(self, key: str) -> None:
        """There is nothing to forget."""


def keep_answers_apart() -> None:
    """Standard output is for answers; what goes wrong is logged on standard error."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def clock() -> Clock:
    """The clock of the real server."""
    return Clock(lambda: time.time_ns() // 1_000_000, time.monotonic)


def hub_on(store: SqlStore, metrics: Metrics | None = None) -> Hub:
    """A hub as ``app.opened`` makes it, with the still renderer."""
    return Hub(
        store, StillRenderer(), FACTS, clock(), lambda: secrets.token_hex(8), observer=metrics
    )


async def show_previews(live: LiveSession, asked: Previews) -> None:
    """Show pictures as a take would, by the clock."""
    start = time.perf_counter()
    for number in range(round(asked.per_second * asked.seconds)):
        await asyncio.sleep(start + number / asked.per_second - time.perf_counter())
        image = number.to_bytes(4, "big") + bytes(asked.size - 4)
        preview = Preview(
            tier=TIER_SHEET,
            codec=CODEC_JPEG,
            columns=4,
            rows=4,
            frames=16,
            width=64,
            height=64,
            take=1,
            step=1,
            steps=8,
            seq=1,
            at=time.time_ns() // 1_000_000,
            image=image,
        )
        live.show({"sheet": preview})


async def serve(folder: Path) -> None:
    """Serve until the input ends."""
    config = Config(data=folder, hellos_per_address=_HELLOS)
    database = folder / DATABASE
    migrate(sqlite_url(database, "sqlite"))
    metrics = Metrics()
    store = SqlStore(create_engine(database))
    hub = hub_on(store, metrics)
    behind = Opened(hub, BlobFiles(folder / "blobs"), metrics, lambda: True)
    bound = bind(config.host, 0)
    with contextlib.closing(bound):
        runner = web.AppRunner(web_app(behind, config), access_log=None)
        await runner.setup()
        await web.SockSite(runner, bound).start()
        settle_collector()
        print(bound.getsockname()[1], flush=True)
        decoder = msgspec.json.Decoder(Request)
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            answer = await _do(hub, config, decoder.decode(line))
            print(msgspec.json.encode(answer).decode(), flush=True)
        await hub.close()
        await runner.cleanup()
        await store.close()


async def _do(hub: Hub, config: Config, asked: Request) -> Answer:
    if isinstance(asked, Previews):
        running = await hub.open(asked.session)
        assert running is not None
        await show_previews(running.live, asked)
        return Answer({})
    assert isinstance(asked, MakeSessions)
    tokens = {}
    for _ in range(asked.count):
        row = await hub.create(first_settings(config, hub.facts))
        token, tokens[row.id] = mint(row.id, "editor")
        await hub.store.add_token(token)
        await hub.open(row.id)
    return Answer(tokens)


if __name__ == "__main__":
    keep_answers_apart()
    uvloop.run(serve(Path(sys.argv[1]).absolute()))
