"""Suite ``pipeline``: what serving costs the loop, and how soon it does what people ask."""

from __future__ import annotations

import asyncio
from typing import Final

from framejam_server.bench.gpu import gpu
from framejam_server.bench.pace import pace
from framejam_server.bench.response import response
from framejam_server.bench.result import Metric

LIMIT_S: Final = 1200.0
"""The suite takes about four minutes; on a machine where it does not end it must say so."""


async def pipeline() -> dict[str, Metric]:
    """Measure. Raises what the client raises, ``ServerFailed`` and ``TimeoutError``."""
    async with asyncio.timeout(LIMIT_S):
        return {**await pace(), **await response(), **await gpu()}
