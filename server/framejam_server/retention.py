"""Sessions that nobody has opened for a long time are deleted, where the server is told to (A4)."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from framejam_server.hub import Hub
from framejam_server.store.contract import SessionRow, StoreError

log = structlog.get_logger("framejam.retention")

DAY_S: Final = 86_400
REASON: Final = "nobody opened this session for a long time, and it was deleted"


async def delete_forgotten(hub: Hub, days: int) -> list[str]:
    """Delete the sessions that nobody has opened for ``days``; returns their ids.

    Who is in a session now keeps it, and a day's note says so to those who look later: somebody may
    stay for weeks without connecting again. What the store fails at is left for the next day.
    """
    gone: list[str] = []
    try:
        rows = await hub.store.sessions()
    except StoreError as error:
        log.error("forgotten sessions not found", error=str(error))
        return gone
    for row in rows:
        try:
            if hub.in_use(row.id):
                await hub.trail.write(row.id, "in_use")
            elif await _last_opened(hub, row) < hub.clock.now() - days * DAY_S * 1000:
                await hub.delete(row.id, REASON, unused=True)
                if not hub.in_use(row.id):
                    gone.append(row.id)
        except StoreError as error:
            log.error("forgotten session not deleted", session=row.id, error=str(error))
    return gone


async def every_day(hub: Hub, days: int) -> None:
    """``delete_forgotten`` once a day until cancelled."""
    while True:
        await asyncio.sleep(DAY_S)
        await delete_forgotten(hub, days)


async def _last_opened(hub: Hub, row: SessionRow) -> int:
    """When somebody was in a session last, as far as is written down; ms since the Unix epoch."""
    size = await hub.store.size(row.id)
    newest = await hub.store.events(row.id, size.events - 1, 1)
    noted = await hub.store.audit_trail(row.id, None, 1)
    return max([row.created_at, *(one.at for one in newest), *(one.at for one in noted)])
