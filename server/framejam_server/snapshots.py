"""Snapshots beside the log: opening a long session folds what came since, not all of it.

They are written in the background, from the snapshot before and the log: neither the event loop nor
the core waits for one. Nothing depends on them. One that is missing, damaged or of another version
costs the time that folding takes, and the log is never touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from framejam_protocol.events import Event
from framejam_protocol.fold.canonical import StateHasher
from framejam_protocol.fold.snapshot import SnapshotError, freeze, thaw
from framejam_protocol.fold.state import State
from framejam_server.store.contract import Snapshot, Store, StoreError

log = structlog.get_logger("framejam.snapshots")

SNAPSHOT_EVENTS: Final = 5_000
"""Events after which the next snapshot is written: folding so many takes a few hundredths of a
second."""

_GROWTH: Final = 10
"""A log of many times as many events grows by a tenth first, so that what is written stays in
proportion."""

_CLOSING_EVENTS: Final = 500
"""Of a session that is closed: for less the next start folds."""


def restored(session: str, events: Sequence[Event], found: Snapshot | None) -> tuple[State, int]:
    """The state after these events, folded from the snapshot on where it can be relied upon; and
    the snapshot's seq, 0 where it cannot.

    ``events`` is kept and looked at later. Takes a while: not on the event loop.
    """
    state = State()
    if found is not None:
        try:
            state = thaw(found.data, events, StateHasher())
        except SnapshotError as error:
            log.warning("snapshot not used", session=session, seq=found.seq, error=str(error))
    seq = state.seq
    for event in events[seq:]:
        state.apply(event)
    return state, seq


async def newest_snapshot(store: Store, session: str) -> Snapshot | None:
    """That of the store, None where there is none or it cannot be read: then all is folded."""
    try:
        return await store.snapshot(session)
    except StoreError as error:
        log.warning("snapshot not read", session=session, error=str(error))
        return None


class Snapshots:
    """Writes those of one open session. ``events`` is its log, of which the first ``durable`` are
    stored; ``seq`` is that of the newest snapshot there is, 0 for none that is of use."""

    def __init__(
        self, session: str, events: Sequence[Event], store: Store, every: int, seq: int
    ) -> None:
        self._session = session
        self._events = events
        self._store = store
        self._seq = seq
        self._every = every
        self._durable = len(events)
        self._writing: asyncio.Task[None] | None = None
        self._closed = False

    def grown(self, seq: int) -> None:
        """The event ``seq`` is durable; begins to write a snapshot where it is time."""
        self._durable = seq
        due = self._seq + max(self._every, seq // _GROWTH)
        idle = self._writing is None or self._writing.done()
        if seq >= due and idle and not self._closed:
            self._writing = asyncio.create_task(
                self._write(seq), name=f"snapshot of {self._session}"
            )

    async def close(self) -> None:
        """Begin no more; returns when nothing is being written."""
        self._closed = True
        if self._writing is not None:
            await self._writing

    async def last(self) -> None:
        """After ``close``: write one of all there is, where that spares the next start work."""
        if self._durable >= self._seq + min(_CLOSING_EVENTS, self._every):
            await self._write(self._durable)

    async def _write(self, seq: int) -> None:
        """What goes wrong is logged: the next is tried after as many events again."""
        try:
            before = await newest_snapshot(self._store, self._session) if self._seq else None
            data = await asyncio.to_thread(self._made, before, self._events[:seq])
            await self._store.add_snapshot(self._session, seq, data)
            log.info("snapshot written", session=self._session, seq=seq, bytes=len(data))
        except StoreError as error:
            log.warning("snapshot not written", session=self._session, seq=seq, error=str(error))
        except Exception:  # a bug in here must not cost anybody the session
            log.exception("snapshot not written", session=self._session, seq=seq)
        self._seq = seq

    def _made(self, before: Snapshot | None, events: Sequence[Event]) -> bytes:
        state, _ = restored(self._session, events, before)
        return freeze(state, events)
