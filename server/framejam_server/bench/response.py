"""How soon a running take shows another prompt, and a new session its first step."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

import framejam
from framejam import Preview, Session
from framejam_protocol.events import Joined
from framejam_server.bench.load import stroke
from framejam_server.bench.processes import started
from framejam_server.bench.recovery import stored_sessions
from framejam_server.bench.result import Metric, of_rounds

STEPS: Final = 60
"""Of every take: enough to find one running, wherever an edit takes it back to."""

PROMPTS: Final = (
    "a big yellow balloon in the sky in the centre",
    "a big red fish on the sea",
    "a big blue car in the city",
)
CHANGES: Final = 12
NEW_SESSIONS: Final = 8

_IN_A_ROW: Final = 4
"""Previews from which the pace is read."""

_LATEST: Final = 0.6
"""A take is woken anew before this share of its steps is done."""

_JOIN_S: Final = 60.0
_random: Final = random.Random(11)


async def response() -> dict[str, Metric]:
    """Measure on a server of its own. Raises what the client raises, and ``ServerFailed``."""
    with tempfile.TemporaryDirectory(prefix="framejam-bench-") as name:
        folder, steps = Path(name), ("--steps", str(STEPS))
        links = await stored_sessions(folder, NEW_SESSIONS + 1, *steps)
        async with started(folder, *steps) as server:
            link = server.link
            links.pop(link.session)
            url = f"{link.base}/s/{link.session}#{link.token}"
            async with framejam.connect(url, patience=_JOIN_S) as session:
                await session.watch("sheet", rate=60)
                changes = [await _change(session, number) for number in range(CHANGES)]
                waits = [
                    float(await _admission(session, f"{link.base}/s/{other}#{token}", number))
                    for number, (other, token) in enumerate(links.items())
                ]
    return {
        "prompt_change_ms": of_rounds(
            [ms for ms, _ in changes],
            "ms",
            "from sending another content prompt to the first preview with it, at a running take; "
            f"beside it the time of a step before; {CHANGES} changes at random moments of a step",
            [step_ms for _, step_ms in changes],
        ),
        "admission_steps": of_rounds(
            waits,
            "steps",
            "of a session that runs and is watched, between the moment somebody opens a new "
            f"session and the first step of that; {NEW_SESSIONS} sessions; target: at most 1",
        ),
    }


async def _change(session: Session, number: int) -> tuple[float, float]:
    """Milliseconds until the new prompt shows, and of a step before."""
    seen = await running(session, number)
    step_s = median(later.received - one.received for one, later in pairwise(seen))
    await asyncio.sleep(_random.uniform(0, 0.9) * step_s)
    sent = time.perf_counter()
    receipt = await session.content(PROMPTS[number % len(PROMPTS)])
    async for preview in session.previews():
        if preview.seq >= receipt.seq:
            return (preview.received - sent) * 1000, step_s * 1000
    raise AssertionError("previews end by raising")


async def running(session: Session, number: int) -> Sequence[Preview]:
    """Wake the take; previews of steps that followed one another, with enough steps left."""
    woken = await session.give(stroke(number), depth=1.0)
    seen: list[Preview] = []
    async for preview in session.previews():
        if preview.seq < woken.seq:
            continue
        follows = bool(seen) and preview.step == seen[-1].step + 1
        seen = [*seen, preview] if follows else [preview]
        if len(seen) >= _IN_A_ROW:
            return seen
        if preview.done:
            break
    raise TimeoutError("the take ended before its pace was known")


async def _admission(session: Session, url: str, number: int) -> int:
    """Steps of ``session`` from the moment somebody comes into a new one to the first step there.

    That moment is the server's: of the event that they joined. It runs on this machine.
    """
    seen: list[Preview] = []

    async def watch() -> None:
        async for preview in session.previews():
            seen.append(preview)

    for preview in await running(session, number):
        if preview.step > _LATEST * STEPS:
            raise TimeoutError("the take is nearly over")
    watching = asyncio.create_task(watch())
    try:
        await asyncio.sleep(_random.uniform(0, 0.2))
        async with framejam.connect(url, patience=_JOIN_S) as newcomer:
            await newcomer.watch("sheet", rate=60)
            first = await anext(newcomer.previews())
            joined = next(event.at for event in newcomer.log if isinstance(event.body, Joined))
            async for preview in session.previews():
                if preview.received >= first.received:
                    break  # nothing that came before is missing
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    if any(preview.done for preview in seen):
        raise TimeoutError("the take ended before the new session had its first step")
    opened = joined / 1000 - time.time() + time.perf_counter()
    return sum(opened <= preview.received < first.received for preview in seen)
