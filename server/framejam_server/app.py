"""The only wiring: store, worker, hub, sockets and HTTP become one server."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import structlog
from aiohttp import web

from framejam_protocol.instructions import Settings
from framejam_protocol.limits import MAX_BLOB_BYTES
from framejam_server.conductor import Finished
from framejam_server.config import Config
from framejam_server.export.video import encode_mp4
from framejam_server.hub import Hub
from framejam_server.live import Clock
from framejam_server.net.auth import mint
from framejam_server.net.http import Api, BlobStore, errors
from framejam_server.net.websocket import Sockets
from framejam_server.render.pipe import Ready
from framejam_server.render.worker import Worker, WorkerDied
from framejam_server.startup import StartupError, bind, lock_data_folder
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.contract import StoreError
from framejam_server.store.migrate import migrate
from framejam_server.store.sql import SqlStore, create_engine, sqlite_url

log = structlog.get_logger("framejam.app")

PAGE = Path(__file__).parent / "studio"
DATABASE = "framejam.db"
LAUNCH = "launch"
"""The label of the owner link that a start prints; the next start replaces it (A2)."""

FPS = 8
"""Frames a second of a new session: 16 frames play for two seconds."""

SHUTDOWN_S = 5.0


def clip_bytes(finished: Finished, fps: int) -> bytes:
    """A finished take as MP4. Blocks."""
    clip = finished.clip
    frames = np.frombuffer(clip.rgb, np.uint8)
    return encode_mp4(frames.reshape(clip.frames, clip.height, clip.width, 3), fps)


def first_settings(config: Config, facts: Ready) -> Settings:
    """What a new session begins with."""
    seed = secrets.randbelow(2**31) if config.seed is None else config.seed
    return Settings(
        model=facts.model,
        seed=seed,
        steps=config.steps or facts.steps,
        frames=facts.frames,
        width=facts.width,
        height=facts.height,
        fps=FPS,
        guidance=facts.guidance,
    )


@contextlib.asynccontextmanager
async def opened(
    config: Config, say: Callable[[str], None]
) -> AsyncIterator[tuple[Hub, BlobFiles]]:
    """Everything behind the network, opened in order and closed in reverse.

    Raises ``StartupError`` before anything was changed that a second start would trip over.
    """
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(lock_data_folder, config.data))
        database = config.data.absolute() / DATABASE
        files = await asyncio.to_thread(BlobFiles, config.data.absolute() / "blobs")
        try:
            await asyncio.to_thread(migrate, sqlite_url(database, "sqlite"))
        except StoreError as error:
            raise StartupError(str(error)) from error
        store = SqlStore(create_engine(database))
        stack.push_async_callback(store.close)
        say("loading the model")
        worker = Worker(config.data.absolute() / "blobs", config.threads, config.model)
        stack.push_async_callback(worker.stop)
        try:
            facts = await worker.start()
        except WorkerDied as error:
            raise StartupError(f"{error}; the lines above say why") from error
        say(f"model {facts.model} is ready ({facts.model_hash[:12]})")
        clock = Clock(lambda: time.time_ns() // 1_000_000, time.monotonic)
        hub = Hub(store, worker, facts, clock, lambda: secrets.token_hex(8))
        stack.push_async_callback(hub.close)
        yield hub, files


async def launch_link(hub: Hub, config: Config, base: str) -> str:
    """The newest session (or a first one), already denoising, and an owner link to it."""
    try:
        rows = await hub.store.sessions()
        row = rows[-1] if rows else await hub.create(first_settings(config, hub.facts))
        await hub.store.revoke(row.id, LAUNCH)
        token, text = mint(row.id, "owner", label=LAUNCH)
        await hub.store.add_token(token)
        await hub.open(row.id)
    except StoreError as error:
        raise StartupError(str(error)) from error
    return f"{base}/s/{row.id}#{text}"


def web_app(hub: Hub, files: BlobFiles, config: Config) -> web.Application:
    """The HTTP application: page, API and socket on one origin."""
    app = web.Application(middlewares=[errors], client_max_size=MAX_BLOB_BYTES + 1024)
    app.add_routes(Api(hub, BlobStore(files.put, files.get), PAGE, clip_bytes).routes())
    app.router.add_get("/socket", Sockets(hub, config.allowed_origins).handle)
    return app


async def serve(config: Config, say: Callable[[str], None], ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C. ``say`` gets progress, ``ready`` the owner link.

    Raises ``StartupError``.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    bound = bind(config.host, config.port)
    with contextlib.closing(bound):
        async with opened(config, say) as (hub, files):
            runner = web.AppRunner(
                web_app(hub, files, config), access_log=None, shutdown_timeout=SHUTDOWN_S
            )
            await runner.setup()
            try:
                site = web.SockSite(runner, bound)
                await site.start()
                ready(await launch_link(hub, config, config.public_url.rstrip("/") or _base(bound)))
                await stop.wait()
                say("stopping: everything acknowledged is stored")
                # Nobody comes back into a server that is going; those here are told to come back.
                await site.stop()
                await hub.close()
            finally:
                await runner.cleanup()


def _base(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
