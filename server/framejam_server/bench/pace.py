"""How fast steps run: served, beside the bare diffusers loop; and under a thousand instructions."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from itertools import chain, islice
from pathlib import Path
from statistics import median
from typing import Final

import framejam
from framejam import Preview, Session
from framejam_protocol.fold.pairs import Pair
from framejam_protocol.instructions import (
    Camera,
    Content,
    Drag,
    Erase,
    Motion,
    Region,
    Settings,
    TakeInstruction,
    Trajectory,
)
from framejam_protocol.limits import UNIT
from framejam_server.bench.load import stroke
from framejam_server.bench.processes import BareLoop, bare_loop, started
from framejam_server.bench.result import Metric, of_rounds
from framejam_server.config import Config

STEPS: Final = 25
CROWD: Final = 50
ROUNDS: Final = 5
PAIRS: Final = 9
INSTRUCTIONS: Final = 1000
WARM: Final = 3
"""Steps that are not timed: the first compiles everything, and the next find memory for it."""

_JOIN_S: Final = 60.0


async def pace() -> dict[str, Metric]:
    """Measure on a server of its own. Raises what the client raises, and ``ServerFailed``."""
    config = Config()
    with tempfile.TemporaryDirectory(prefix="framejam-bench-") as name:
        async with (
            AsyncExitStack() as people,
            started(Path(name), "--steps", str(STEPS)) as server,
            bare_loop(config.threads, config.model) as bare,
        ):
            link = f"{server.link.base}/s/{server.link.session}#{server.link.token}"
            first = await people.enter_async_context(framejam.connect(link, patience=_JOIN_S))
            invite = await first.invite("viewer")
            crowd = [
                await people.enter_async_context(framejam.connect(invite, patience=_JOIN_S))
                for _ in range(CROWD - 1)
            ]
            await first.watch("sheet", rate=60)
            await first.finished()
            one, many = await _efficiencies(first, crowd, bare)
            ratios = [await _step_ratio(bare, first.settings, n) for n in range(PAIRS)]
    load = (
        f"steps/s of the served loop over those of diffusers' components alone in a process of "
        f"their own; {ROUNDS} rounds of {STEPS - 1} steps, interleaved"
    )
    return {
        "loop_efficiency_1": of_rounds(one, "", f"one watcher; {load}; target: at least 0.97"),
        f"loop_efficiency_{CROWD}": of_rounds(
            many, "", f"{CROWD} watchers; {load}; target: at least 0.95"
        ),
        f"step_cost_ratio_{INSTRUCTIONS}": of_rounds(
            ratios,
            "",
            f"a step under {INSTRUCTIONS} instructions of all kinds over one under none, when "
            f"nothing enters; {PAIRS} interleaved pairs of runs, medians of {STEPS - WARM} steps "
            "each; target: at most 1.02",
        ),
    }


async def _efficiencies(
    first: Session, crowd: Sequence[Session], bare: BareLoop
) -> tuple[list[float], list[float]]:
    """Each round: the bare loop, then with one watcher, then with all of them."""
    one, many = [], []
    for number in range(ROUNDS):
        alone = sum((await bare.run(first.settings, {}, STEPS, plain=True))[1:]) / (STEPS - 1)
        await _watch(crowd, "none")
        one.append(alone / await _step_s(first, 2 * number))
        await _watch(crowd, "sheet")
        many.append(alone / await _step_s(first, 2 * number + 1))
    return one, many


async def _watch(crowd: Sequence[Session], tier: str) -> None:
    for session in crowd:
        await session.watch("sheet" if tier == "sheet" else "none", rate=60)
    await asyncio.sleep(0.2)  # nobody says when it has arrived


async def _step_s(watcher: Session, number: int) -> float:
    """Seconds of a step of a whole run, as it is watched; the first, which compiles, left out."""
    receipt = await watcher.give(stroke(number), depth=1.0)
    seen = [preview async for preview in _run_of(watcher, receipt.seq)]
    await watcher.finished(receipt.seq)
    return (seen[-1].received - seen[0].received) / (seen[-1].step - seen[0].step)


async def _run_of(watcher: Session, seq: int) -> AsyncIterator[Preview]:
    """The previews of the run that begins with edit ``seq``, up to its last step."""
    async for preview in watcher.previews():
        if preview.seq < seq or preview.done:
            continue
        yield preview
        if preview.step == preview.steps:
            return


async def _step_ratio(bare: BareLoop, settings: Settings, number: int) -> float:
    """Medians of both runs; the one with the instructions goes first in every second pair."""
    mappings = {0: {}, INSTRUCTIONS: thousand()}
    medians = {}
    for count in (0, INSTRUCTIONS) if number % 2 else (INSTRUCTIONS, 0):
        seconds = await bare.run(settings, mappings[count], STEPS)
        medians[count] = median(seconds[WARM:])
    return medians[INSTRUCTIONS] / medians[0]


def thousand() -> dict[int, Pair]:
    """A thousand instructions of every kind that needs no file and no lock, all from step 0 on."""
    made: list[TakeInstruction] = [
        Content("a big red balloon in the sky in the centre"),
        Motion("moving up"),
        *(_region(number) for number in range(3)),
        *(Camera(pan=number * 2000, zoom=UNIT + number * 3000) for number in range(5)),
        *(_trajectory(number) for number in range(40)),
        *(_drag(number) for number in range(150)),
        *(Erase(_line(number), UNIT // 30) for number in range(100)),
    ]
    strokes = (stroke(number) for number in range(INSTRUCTIONS))
    filled = islice(chain(made, strokes), INSTRUCTIONS)
    return {seq: Pair(0, instruction) for seq, instruction in enumerate(filled, 1)}


def _place(number: int) -> tuple[int, int]:
    return number * 40503 % UNIT, number * 2711 % UNIT


def _line(number: int) -> tuple[tuple[int, int], tuple[int, int]]:
    x, y = _place(number)
    return (x, y), ((x + 9000) % UNIT, (y + 5000) % UNIT)


def _drag(number: int) -> Drag:
    start, end = _line(number)
    return Drag(start, end, UNIT // 8)


def _trajectory(number: int) -> Trajectory:
    return Trajectory((*_line(number), _place(number + 1)), UNIT // 10)


def _region(number: int) -> Region:
    left, top = number * 15000, number * 9000
    right, bottom = left + 20000, top + 20000
    outline = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Region(outline, "a red ball")
