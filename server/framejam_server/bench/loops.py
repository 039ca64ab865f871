"""What serving costs the loop, and what a thousand drags cost a step."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import framejam
from framejam import Preview, Session
from framejam_protocol.fold.pairs import Pair
from framejam_protocol.instructions import Drag, Settings
from framejam_protocol.limits import UNIT
from framejam_server.bench.load import stroke
from framejam_server.bench.processes import BareLoop, bare_loop, started
from framejam_server.bench.result import Metric, of_rounds
from framejam_server.config import Config
from framejam_server.render.recompute import mapping_of

STEPS: Final = 25
EFFICIENCY_ROUNDS: Final = 5
DRAG_ROUNDS: Final = 15
DRAGS: Final = 1000
NEW_AT: Final = 2
"""The step at which the newest drag enters. Those before it, and the model's first steps, are not
timed."""


async def loops() -> dict[str, Metric]:
    """Measure on a server of its own. Raises what the client raises, and
    ``ServerFailed``."""
    config = Config()
    with tempfile.TemporaryDirectory(prefix="framejam-bench-") as name:
        async with (
            started(Path(name), "--steps", str(STEPS)) as server,
            framejam.connect(_url(server.link), patience=60) as watcher,
            bare_loop(config.threads, config.model) as bare,
        ):
            await watcher.watch("sheet", rate=60)
            await watcher.finished()
            efficiency = [
                await _efficiency(watcher, bare, number) for number in range(EFFICIENCY_ROUNDS)
            ]
            ratios = [await _drag_ratio(bare, watcher.settings, n) for n in range(DRAG_ROUNDS)]
    return {
        "loop_efficiency": of_rounds(
            efficiency,
            "",
            f"steps/s of the served loop with one watcher over those of the bare loop; "
            f"{EFFICIENCY_ROUNDS} rounds of {STEPS - 1} steps, interleaved; target: at least 0.95",
        ),
        "drag_fold_ratio_1000": of_rounds(
            ratios,
            "",
            f"time of a step that a drag enters at, with {DRAGS - 1} drags before it over none; "
            f"{DRAG_ROUNDS} interleaved pairs of steps; target: at most 1.1",
        ),
    }


def _url(link: framejam.link.Link) -> str:
    return f"{link.base}/s/{link.session}#{link.token}"


async def _efficiency(watcher: Session, bare: BareLoop, number: int) -> float:
    """One take served and the same take bare; the first step, which compiles, in neither."""
    receipt = await watcher.give(stroke(number), depth=1.0)
    seen = [preview async for preview in _run_of(watcher, receipt.seq)]
    first, last = seen[0], seen[-1]
    served = (last.received - first.received) / (last.step - first.step)
    await watcher.finished(receipt.seq)
    alone = await bare.run(watcher.settings, mapping_of(watcher.log), STEPS)
    return sum(alone[1:]) / (STEPS - 1) / served


async def _run_of(watcher: Session, seq: int) -> AsyncIterator[Preview]:
    """The previews of the run that begins with edit ``seq``, up to its last step."""
    async for preview in watcher.previews():
        if preview.seq < seq or preview.done:
            continue
        yield preview
        if preview.step == preview.steps:
            return


async def _drag_ratio(bare: BareLoop, settings: Settings, number: int) -> float:
    """Both steps, the one with a thousand drags first in every second pair."""
    newest = Pair(NEW_AT, _drag(-1 - number))
    few, many = (
        {**{seq: Pair(0, _drag(seq)) for seq in range(1, count)}, DRAGS: newest}
        for count in (1, DRAGS)
    )
    seconds = {}
    for count in (1, DRAGS) if number % 2 else (DRAGS, 1):
        mapping = few if count == 1 else many
        seconds[count] = (await bare.run(settings, mapping, NEW_AT + 1))[NEW_AT]
    return seconds[DRAGS] / seconds[1]


def _drag(number: int) -> Drag:
    """Another short drag for every number, somewhere on the frame."""
    x, y = number * 40503 % UNIT, number * 2711 % UNIT
    return Drag((x, y), ((x + 9000) % UNIT, (y + 5000) % UNIT), UNIT // 8)
