"""Waking everybody who waits for the next change."""

from __future__ import annotations

import asyncio


class Bell:
    """``ring`` wakes all who wait now; whoever comes later waits for the next ring."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the next ring."""
        await self._event.wait()
