"""All live sessions of this server: the only place that opens, runs and closes them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from framejam_protocol.errors import Close
from framejam_protocol.events import Created, Event
from framejam_protocol.fold.unread import Unread
from framejam_protocol.instructions import Settings
from framejam_protocol.limits import EDITS_PER_SECOND
from framejam_server.conductor import Conductor
from framejam_server.live import Clock, LiveSession, report_end
from framejam_server.looks import Looks
from framejam_server.member import Member
from framejam_server.observer import Observer
from framejam_server.quotas import Quotas
from framejam_server.render.memory import objections
from framejam_server.render.pipe import Ready
from framejam_server.renderer import Renderer
from framejam_server.scrubbing import Tracks
from framejam_server.session.ratelimit import EditRates
from framejam_server.session.session import Session
from framejam_server.snapshots import SNAPSHOT_EVENTS, Snapshots, newest_snapshot, restored
from framejam_server.store.contract import (
    SessionRow,
    Snapshot,
    Store,
    StoredSession,
    StoreError,
)
from framejam_server.trail import Trail

log = structlog.get_logger("framejam.hub")


@contextmanager
def _without_collector() -> Iterator[None]:
    """A long log is many new objects and no garbage: the collector would look through all of them
    again and again, a quarter of the time that it takes to read them."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Leavings(Protocol):
    """The files of deleted sessions (``store.leavings`` implements it); all methods block."""

    def note(self, session: str, blobs: Iterable[str]) -> None:
        """The session is about to be deleted; it has these images."""

    def clear(self, session: str, unused: Iterable[str]) -> None:
        """Its rows are gone: delete its files, and the images that no session has any more."""


@dataclass(slots=True)
class Running:
    """A live session, the task that runs its take, and what people look at besides."""

    live: LiveSession
    conductor: Conductor
    looks: Looks
    task: asyncio.Task[None]

    def leave(self, member: Member) -> None:
        """A connection is gone."""
        self.live.leave(member)
        self.looks.left(member)

    async def quiet(self) -> None:
        """End its take and looks and take nothing more; who is in is not told yet."""
        self.task.cancel()
        await asyncio.gather(self.task, self.looks.close(), return_exceptions=True)
        await self.live.finish()


class Hub:
    """Opens sessions on demand and keeps them until ``close``.

    ``new_id`` makes an unguessable lower-case id; it and the clock are handed in for tests.
    ``edits_per_second`` is one person's (L5), ``quotas`` bound what is kept, and ``leavings`` are
    the files of deleted sessions (A4). A snapshot of a session is written every
    ``snapshot_events`` events.
    """

    def __init__(
        self,
        store: Store,
        worker: Renderer,
        facts: Ready,
        clock: Clock,
        new_id: Callable[[], str],
        edits_per_second: float = EDITS_PER_SECOND,
        observer: Observer | None = None,
        quotas: Quotas | None = None,
        leavings: Leavings | None = None,
        tracks: Tracks | None = None,
        snapshot_events: int = SNAPSHOT_EVENTS,
    ) -> None:
        self.observer = observer or Observer()
        self.quotas = quotas or Quotas()
        self.trail = Trail(store, clock.now)
        self.images = asyncio.Lock()
        """Held while images' files and rows come or go: an image that one session loses may be what
        another is given at the same time."""
        self._leavings = leavings
        self._tracks = tracks
        self._snapshot_events = snapshot_events
        self._going: set[str] = set()
        self._edits_per_second = edits_per_second
        self.store = store
        self.facts = facts
        self.clock = clock
        self.new_id = new_id
        self._worker = worker
        self._running: dict[str, Running] = {}
        self._opening = asyncio.Lock()
        self._closed = False

    async def create(self, settings: Settings) -> SessionRow:
        """A new session whose event 1 holds the settings. Raises ``StoreError``."""
        now = self.clock.now()
        row = SessionRow(self.new_id(), self.new_id(), now)
        created = Event(seq=1, at=now, author="", body=Created(settings=settings))
        await self.store.create_session(row, [created])
        return row

    async def open(self, session: str) -> Running | None:
        """The session, loaded and with its take running; None where it does not exist.

        Raises ``StoreError`` where the store could not be read.
        """
        running = self._running.get(session)
        if running is not None and not self._closed:
            return running
        async with self._opening:
            if self._closed:
                raise StoreError("the server is stopping; reconnect in a moment")
            if session in self._going:
                raise StoreError("the session is being deleted; try again in a moment")
            return self._running.get(session) or await self._load(session)

    async def delete(self, session: str, reason: str, *, unused: bool = False) -> None:
        """Delete a session with all it owns, for ever (A4); who is in is told ``reason``.

        With ``unused`` only if nobody is in it, or coming in. Raises ``StoreError``: then nothing
        is deleted, and who was in comes back by themselves.
        """
        async with self._opening:
            if self._closed:
                raise StoreError("the server is stopping")
            if session in self._going or (unused and self.in_use(session)):
                return
            self._going.add(session)
            running = self._running.pop(session, None)
        try:
            if running is not None:
                await running.quiet()
            try:
                await self._delete(session, running, reason)
            except BaseException:  # whatever it was: nobody stays in a session that nobody serves
                if running is not None:
                    again = "the session could not be deleted; reconnect and resume"
                    await asyncio.shield(running.live.stop(Close.UNAVAILABLE, again))
                raise
        finally:
            self._going.discard(session)
        log.info("session deleted", session=session, reason=reason)

    async def _delete(self, session: str, running: Running | None, reason: str) -> None:
        async with self.images:
            blobs = [blob.id for blob in await self.store.blobs(session)]
            if self._leavings is not None:
                try:
                    await asyncio.to_thread(self._leavings.note, session, blobs)
                except OSError as error:
                    raise StoreError(f"the disk is full or gone: {error}") from error
            unused = await self.store.delete_session(session)
            if running is not None:
                await running.live.stop(Close.GONE, reason)
            if self._leavings is not None:
                try:
                    await asyncio.to_thread(self._leavings.clear, session, unused)
                except OSError as error:
                    log.warning("files of a session left", session=session, error=str(error))

    async def _load(self, session: str) -> Running | None:
        with _without_collector():
            stored = await self.store.load(session)
            if stored is None:
                return None
            found = await newest_snapshot(self.store, session)
            # Folding a long log takes a while: not on the event loop.
            live = await asyncio.to_thread(self._rebuild, stored, found)
        track = None
        if self._tracks is not None:
            state = live.state
            track = await asyncio.to_thread(
                self._tracks.open, session, state.seq, state.versions.keys()
            )
        live.start()
        conductor = Conductor(live, self._worker, self.facts, self.store, track)
        task = asyncio.create_task(conductor.run(), name=f"take of {session}")
        task.add_done_callback(report_end)
        looks = Looks(live, self._worker, self.facts)
        running = self._running[session] = Running(live, conductor, looks, task)
        log.info("session opened", session=session, events=len(stored.events))
        return running

    def _rebuild(self, stored: StoredSession, found: Snapshot | None) -> LiveSession:
        state, seq = restored(stored.row.id, stored.events, found)
        if isinstance(state.edits, Unread):
            # The take asks for all of them at once, on the event loop.
            state.edits.read_all()
        blobs = (blob.id for blob in stored.blobs)
        core = Session(stored.events, stored.receipts, blobs, state)
        core.objections = self._objections
        rates = EditRates(self._edits_per_second)
        core.max_events = self.quotas.events
        live = LiveSession(
            stored.row, core, self.store, self.clock, rates, self.observer, self.quotas
        )
        live.snapshots = Snapshots(live.row.id, core.log, self.store, self._snapshot_events, seq)
        return live

    def _objections(self, settings: Settings) -> dict[str, str]:
        """Why no clip can be made with some settings, by the field: the memory it would need, or
        what the model cannot do."""
        too_much = objections(self.facts, settings, self._worker.memory.budget)
        return too_much | self.facts.objections(settings)

    def renew(self, facts: Ready) -> None:
        """The model was loaded; what was known of it before may have been out of date."""
        self.facts = facts
        for running in self._running.values():
            running.conductor.renew(facts)
            running.looks.facts = facts

    @property
    def closed(self) -> bool:
        """Whether no session is opened any more."""
        return self._closed

    @property
    def sessions(self) -> int:
        """Sessions that are live now."""
        return len(self._running)

    @property
    def connections(self) -> int:
        """Connections of all live sessions."""
        return sum(len(running.live.members) for running in self._running.values())

    def in_use(self, session: str) -> bool:
        """Whether somebody is in the session, or about to be."""
        running = self._running.get(session)
        return running is not None and bool(running.live.members or running.live.arriving)

    @property
    def commit_failed_at(self) -> float:
        """When a session's newest commit failed, on the event loop's clock; -inf where none did."""
        times = (running.live.journal.failed_at for running in self._running.values())
        return max(times, default=float("-inf"))

    async def close(self) -> None:
        """End every take and session; clients are told to come back (C6)."""
        async with self._opening:
            self._closed = True
        open_ones = list(self._running.values())  # one may be deleted meanwhile
        for running in open_ones:
            running.task.cancel()
        await asyncio.gather(
            *(running.task for running in open_ones),
            *(running.looks.close() for running in open_ones),
            return_exceptions=True,
        )
        await asyncio.gather(
            *(
                running.live.stop(Close.RESTARTING, "the server restarts; reconnect and resume")
                for running in open_ones
            )
        )
        # Who was in has been told by now: the next start is quicker, and nobody waits for this.
        for running in open_ones:
            if running.live.snapshots is not None:
                await running.live.snapshots.last()
        self._running.clear()
        await self.trail.close()
