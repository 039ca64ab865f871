"""Runs suites one after the other and gathers their metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from framejam import FramejamError
from framejam_server.bench.collab import collab
from framejam_server.bench.core import core
from framejam_server.bench.past import past
from framejam_server.bench.pipeline import pipeline
from framejam_server.bench.result import Metric
from framejam_server.bench.steering import SteeringFailed, draw_sheets, steering
from framejam_server.demo.server import ServerFailed
from framejam_server.store.contract import StoreError

_SUITES = {
    "core": core,
    "collab": collab,
    "history": past,
    "pipeline": pipeline,
    "steering": steering,
}


class BenchFailed(Exception):
    """A suite could not be run to its end; the message is one line for people."""


def run(suites: Iterable[str]) -> dict[str, Metric]:
    """``suite.metric`` to what it measured. Raises ``BenchFailed``."""
    found: dict[str, Metric] = {}
    for suite in suites:
        try:
            metrics = asyncio.run(_SUITES[suite]())
        except (
            FramejamError,
            ServerFailed,
            SteeringFailed,
            StoreError,
            OSError,
            TimeoutError,
        ) as error:
            raise BenchFailed(f"{suite}: {error or type(error).__name__}") from error
        found.update({f"{suite}.{name}": metric for name, metric in metrics.items()})
    return found


def sheets(folder: Path) -> None:
    """Draw what suite ``steering`` measures. Raises ``BenchFailed``."""
    try:
        asyncio.run(draw_sheets(folder))
    except (SteeringFailed, OSError) as error:
        raise BenchFailed(f"sheets: {error}") from error
