"""From an edit to the first preview that shows it, beyond what the loop itself needs."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from framejam import Preview, Session
from framejam_server.bench.load import stroke

_PACE_STEPS: Final = 3
"""Previews in a row from which the pace of the loop is read before an edit is timed."""

_STEPS_LEFT: Final = 2
"""An edit is timed only while at least this many steps remain: a loop about to end would have to
be woken, which is another thing than entering at the next boundary (T1)."""

_ATTEMPTS: Final = 20

_random: Final = random.Random(7)


async def extra_ms(session: Session) -> float:
    """Milliseconds from sending an edit to its first preview, less what T1 makes it wait.

    That is the rest of the step that runs when it is sent and one whole step, estimated from the
    arrival of the previews before. The edit is sent at a random moment of a step. Below zero where
    steps were faster than those before. Raises ``TimeoutError`` where the loop never runs long
    enough.
    """
    await session.watch("sheet", rate=60)
    for attempt in range(_ATTEMPTS):
        woken = await session.give(stroke(attempt), depth=1.0)
        seen = await _in_a_row(session, woken.seq)
        if seen and seen[-1].steps - seen[-1].step >= _STEPS_LEFT:
            return await _timed(session, seen)
    raise TimeoutError("the take has too few steps to time an edit in the middle of it")


async def _timed(session: Session, seen: Sequence[Preview]) -> float:
    step_s = median(later.received - one.received for one, later in pairwise(seen))
    await asyncio.sleep(_random.uniform(0, 0.9) * step_s)
    last = session.preview or seen[-1]
    sent = time.perf_counter()
    receipt = await session.give(stroke(last.step))
    shown = await _shown(session, receipt.seq)
    rest_s = max(0.0, last.received + step_s - sent)
    return (shown.received - sent - rest_s - step_s) * 1000


async def _shown(session: Session, seq: int) -> Preview:
    async for preview in session.previews():
        if preview.seq >= seq:
            return preview
    raise AssertionError("previews end by raising")


async def _in_a_row(session: Session, seq: int) -> list[Preview]:
    """Previews with ``seq`` in them of steps that follow one another, or nothing where the take
    finishes first."""
    seen: list[Preview] = []
    async for preview in session.previews():
        if preview.seq < seq:
            continue
        follows = bool(seen) and preview.step == seen[-1].step + 1
        seen = [*seen, preview] if follows else [preview]
        if preview.done:
            return []
        if len(seen) > _PACE_STEPS:
            break
    return seen
