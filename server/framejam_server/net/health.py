"""What a supervisor asks: is the process there, and can it do its work?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web

from framejam_server.hub import Hub
from framejam_server.store.contract import StoreError

log = structlog.get_logger("framejam.health")

STORE_TROUBLE_S: Final = 60.0
"""A session whose newest commit failed counts against the store for this long: where nobody
edits any more, only time can tell that the disk has room again."""


@dataclass(frozen=True)
class Health:
    """``renderer_runs`` tells whether the process that owns the model is there."""

    hub: Hub
    renderer_runs: Callable[[], bool]

    async def live(self, _request: web.Request) -> web.Response:
        """``GET /healthz``: 200 where the event loop turns; restarting helps where it does not."""
        return web.json_response({"ok": True, "model": self.hub.facts.model})

    async def ready(self, _request: web.Request) -> web.Response:
        """``GET /readyz``: 200, or 503 with ``{"ready": false, "reasons": {part: why}}``."""
        reasons = await self._reasons()
        return web.json_response(
            {"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200
        )

    async def _reasons(self) -> dict[str, str]:
        reasons = {}
        if self.hub.closed:
            reasons["server"] = "it is stopping"
        if not self.renderer_runs():
            reasons["renderer"] = "it loads its model, or starts again with the next step of a take"
        try:
            await self.hub.store.ping()
        except StoreError as error:
            # The error's text may hold paths: it is for the log, not for whoever asks.
            log.error("store does not answer", error=str(error))
            reasons["store"] = "it cannot be read"
        else:
            failed = asyncio.get_running_loop().time() - self.hub.commit_failed_at
            if failed < STORE_TROUBLE_S:
                reasons["store"] = "the newest commit failed: is the disk full?"
        return reasons
