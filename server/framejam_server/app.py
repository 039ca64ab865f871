"""The only wiring: store, worker, hub, sockets and HTTP become one server."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from aiohttp import web

from framejam_protocol.instructions import Settings
from framejam_protocol.limits import MAX_BLOB_BYTES
from framejam_server.bundles import Carrier, emptied
from framejam_server.config import Config
from framejam_server.export.video import encode_mp4
from framejam_server.hub import Hub
from framejam_server.live import Clock, report_end
from framejam_server.net.access import LAUNCH, Access
from framejam_server.net.auth import mint
from framejam_server.net.bundles import Bundles
from framejam_server.net.caller import Caller
from framejam_server.net.gate import Gate
from framejam_server.net.health import Health
from framejam_server.net.history import Pictures
from framejam_server.net.http import Api, BlobStore, errors
from framejam_server.net.metrics import Metrics, metrics_handler
from framejam_server.net.websocket import Sockets
from framejam_server.outcome import Finished
from framejam_server.quotas import Quotas
from framejam_server.render.facts import recall, remember
from framejam_server.render.memory import MIB
from framejam_server.render.pipe import Ready
from framejam_server.render.worker import Worker, WorkerDied
from framejam_server.retention import delete_forgotten, every_day
from framejam_server.startup import StartupError, bind, lock_data_folder, settle_collector
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.contract import StoreError
from framejam_server.store.leavings import Leavings
from framejam_server.store.opening import open_store
from framejam_server.store.track import TrackFiles

log = structlog.get_logger("framejam.app")

PAGE = Path(__file__).parent / "studio"
DATABASE = "framejam.db"
MOVING = "moving"
"""The folder of bundles on their way; what is in it at a start is left of a server that died."""


FINE = 3
"""Times the steps that feel live."""

SHUTDOWN_S = 5.0


def clip_bytes(finished: Finished, fps: int) -> bytes:
    """A finished take as MP4. Blocks."""
    clip = finished.clip
    frames = np.frombuffer(clip.rgb, np.uint8)
    return encode_mp4(frames.reshape(clip.frames, clip.height, clip.width, 3), fps)


def first_settings(config: Config, facts: Ready) -> Settings:
    """What a new session begins with."""
    seed = secrets.randbelow(2**31) if config.seed is None else config.seed
    usual = facts.steps * (FINE if config.quality == "fine" else 1)
    return facts.settings(seed, config.steps or usual)


def quotas_of(config: Config) -> Quotas:
    """What the server keeps at most (A4)."""
    return Quotas(
        sessions=config.max_sessions,
        events=config.max_events,
        takes=config.max_takes,
        session_bytes=config.session_mib * MIB,
        images_bytes=config.images_mib * MIB,
    )


@dataclass(frozen=True)
class Opened:
    """What is behind the network."""

    hub: Hub
    files: BlobFiles
    metrics: Metrics
    renderer_runs: Callable[[], bool]


@contextlib.asynccontextmanager
async def opened(config: Config, say: Callable[[str], None]) -> AsyncIterator[Opened]:
    """Everything behind the network, opened in order and closed in reverse.

    Raises ``StartupError`` before anything was changed that a second start would trip over.
    """
    metrics = Metrics()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(lock_data_folder, config.data))
        database = config.data.absolute() / DATABASE
        files = await asyncio.to_thread(BlobFiles, config.data.absolute() / "blobs")
        await asyncio.to_thread(emptied, config.data / MOVING)
        try:
            store = await open_store(database, config.database)
        except StoreError as error:
            raise StartupError(str(error)) from error
        stack.push_async_callback(store.close)
        worker = Worker(
            config.data.absolute() / "blobs",
            config.threads,
            config.model,
            config.checkpoint_mib,
            config.takes_mib,
        )
        stack.push_async_callback(worker.stop)
        facts = await asyncio.to_thread(recall, config.data, config.model, config.threads)
        loaded_before = facts is not None
        if facts is None:
            say("loading the model")
            try:
                facts = await _load(worker, config, say)
            except WorkerDied as error:
                raise StartupError(f"{error}; the lines above say why") from error
        clock = Clock(lambda: time.time_ns() // 1_000_000, time.monotonic)
        tracks = TrackFiles(
            config.data.absolute() / "track", config.track_previews, config.track_mib * MIB
        )
        leavings = Leavings(config.data.absolute() / "deleting", files, [tracks.forget])
        hub = Hub(
            store,
            worker,
            facts,
            clock,
            lambda: secrets.token_hex(8),
            config.edits_per_second,
            metrics,
            quotas_of(config),
            leavings,
            tracks=tracks,
            snapshot_events=config.snapshot_events,
        )
        stack.push_async_callback(hub.close)
        try:
            await leavings.settle(store)
        except (StoreError, OSError) as error:
            log.warning("files of deleted sessions left", error=str(error))
        if config.retention_days is not None:
            gone = await delete_forgotten(hub, config.retention_days)
            if gone:
                say(f"deleted {len(gone)} sessions that nobody opened any more")
            daily = asyncio.create_task(every_day(hub, config.retention_days), name="retention")
            daily.add_done_callback(report_end)
            stack.push_async_callback(_cancel, daily)
        if loaded_before:
            loading = asyncio.create_task(_load_behind(hub, worker, config, say), name="model")
            loading.add_done_callback(report_end)
            stack.push_async_callback(_cancel, loading)
        yield Opened(hub, files, metrics, lambda: worker.loaded)


async def _load(worker: Worker, config: Config, say: Callable[[str], None]) -> Ready:
    """Load the model, and keep its facts for the next start. Raises ``WorkerDied``."""
    facts = await worker.start()
    await asyncio.to_thread(remember, config.data, config.model, config.threads, facts)
    say(f"model {facts.model} is ready ({facts.model_hash[:12]})")
    return facts


async def _load_behind(
    hub: Hub, worker: Worker, config: Config, say: Callable[[str], None]
) -> None:
    """Load the model while people are served already: after a crash their edits come first."""
    try:
        hub.renew(await worker.start())
        await _load(worker, config, say)
    except WorkerDied as error:
        # The takes say so to everybody and try again; what people edit is taken meanwhile.
        log.error("the model could not be loaded", error=str(error))


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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


def web_app(behind: Opened, config: Config) -> web.Application:
    """The HTTP application: page, API, socket, health and metrics on one origin."""
    hub, files, metrics = behind.hub, behind.files, behind.metrics
    gate = Gate(
        hub.store, hub.clock.mono, config.hellos_per_address, config.failed_tokens_per_minute
    )
    sockets = Sockets(hub, gate, config.allowed_origins)
    health = Health(hub, behind.renderer_runs)
    metrics.gauge("sessions", "Live sessions", lambda: hub.sessions)
    metrics.gauge("connections", "Connections of all sessions", lambda: hub.connections)
    metrics.gauge("outbox_bytes", "Bytes that wait for clients", lambda: sockets.queued_bytes)
    app = web.Application(middlewares=[errors], client_max_size=MAX_BLOB_BYTES + 1024)
    caller = Caller(hub, gate)
    app.add_routes(Api(caller, BlobStore(files.put, files.get), PAGE, clip_bytes).routes())
    app.add_routes(Access(caller).routes())
    carrier = Carrier(hub.store, files, hub.new_id, hub.clock.now, hub.quotas, hub.images)
    app.add_routes(Bundles(caller, carrier, config.data / MOVING).routes())
    app.add_routes(Pictures(caller).routes())
    app.router.add_get("/socket", sockets.handle)
    app.router.add_get("/healthz", health.live)
    app.router.add_get("/readyz", health.ready)
    app.router.add_get("/metrics", metrics_handler(metrics, config.metrics))
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
        async with opened(config, say) as behind:
            hub = behind.hub
            runner = web.AppRunner(
                web_app(behind, config), access_log=None, shutdown_timeout=SHUTDOWN_S
            )
            await runner.setup()
            try:
                site = web.SockSite(runner, bound)
                await site.start()
                settle_collector()
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
