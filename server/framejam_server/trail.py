"""Who came and what was done about access: entries of the audit trails (A1).

Participants, invites and sessions are named by their ids; no secret and no address is ever in it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from framejam_server.store.contract import Audit, Store, StoreError

log = structlog.get_logger("framejam.trail")

AGAIN_MS: Final = 3_600_000
"""Somebody who comes back is noted once an hour: a client that reconnects again and again must not
push what owners did out of the trail."""

MAX_WAITING: Final = 1000
MAX_SEEN: Final = 10_000


class Trail:
    """Writes the audit trails of all sessions; ``close`` it before the store.

    ``now`` is in ms since the Unix epoch.
    """

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now
        self._waiting: deque[tuple[str, Audit]] = deque()
        self._seen: dict[tuple[str, str], int] = {}
        self._writer: asyncio.Task[None] | None = None

    async def write(
        self, session: str, kind: str, who: str = "", about: str = "", detail: str = ""
    ) -> None:
        """Add an entry; it is durable when this returns, unless the store fails.

        What is noted is done already, so a store that fails is a warning of the server's log.
        """
        await self._write(session, Audit(self._now(), kind, who, about, detail))

    def note(
        self, session: str, kind: str, who: str = "", about: str = "", detail: str = ""
    ) -> None:
        """Add an entry soon, and do not wait for it."""
        if len(self._waiting) >= MAX_WAITING:
            log.warning("audit entry dropped", session=session, kind=kind)
            return
        self._waiting.append((session, Audit(self._now(), kind, who, about, detail)))
        # One at a time: people's edits are stored between two of them.
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._drain(), name="audit trail")

    def joined(self, session: str, who: str, invite: str, role: str) -> None:
        """Somebody new came by ``invite``."""
        self._see(session, who)
        self.note(session, "joined", who, invite, role)

    def came_back(self, session: str, who: str) -> None:
        """A connection of somebody known; noted at most once in ``AGAIN_MS``."""
        last = self._seen.get((session, who))
        if last is None or self._now() - last >= AGAIN_MS:
            self._see(session, who)
            self.note(session, "came_back", who)

    async def close(self) -> None:
        """Write what waits."""
        if self._writer is not None:
            await self._writer

    def _see(self, session: str, who: str) -> None:
        self._seen.pop((session, who), None)
        self._seen[session, who] = self._now()
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]

    async def _drain(self) -> None:
        while self._waiting:
            await self._write(*self._waiting.popleft())

    async def _write(self, session: str, entry: Audit) -> None:
        try:
            await self._store.audit(session, entry)
        except StoreError as error:
            log.warning("audit entry lost", session=session, kind=entry.kind, error=str(error))
