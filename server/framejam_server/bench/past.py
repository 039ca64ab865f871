"""Suite ``history``: looking back, and taking a session along."""

from __future__ import annotations

from framejam_server.bench.bundle import bundle
from framejam_server.bench.result import Metric
from framejam_server.bench.scrub import scrub


async def past() -> dict[str, Metric]:
    """All numbers of the suite. Raises what its parts raise."""
    return {**await scrub(), **await bundle()}
