"""kill -9 of the render worker at any step: people stay, and the take comes out the same."""

from __future__ import annotations

import asyncio
import os
import random
import time

from processes import alive, worker_of
from running import Raw, preview_step
from takes import Oracle, settled

STEPS = 30
AGAIN = 0.3
"""So often the next worker is killed, too, while it loads its model or rebuilds the take."""

REST = 0.1
"""So often the worker is killed while it has nothing to do."""


async def edit(chance: random.Random, raw: Raw) -> None:
    """One random edit, undo or redo."""

    def point() -> list[int]:
        return [chance.randrange(65536), chance.randrange(65536)]

    word = chance.choice(["red fish", "big fish on the sea", "fish on the left", ""])
    stroke = {
        "kind": "paint",
        "points": [point(), point(), point()],
        "color": f"#{chance.randrange(2**24):06x}",
        "width": chance.randrange(2000, 20000),
    }
    drag = {"kind": "drag", "start": point(), "end": point(), "radius": 15000}
    kinds = [
        {"type": "edit", "instruction": stroke},
        {"type": "edit", "instruction": stroke, "depth": chance.randrange(65536)},
        {"type": "edit", "instruction": {"kind": "content", "text": word}},
        {"type": "edit", "instruction": {"kind": "motion", "text": "moving to the left"}},
        {"type": "edit", "instruction": drag},
        {"type": "undo"},
        {"type": "redo"},
    ]
    await raw.command(**chance.choice(kinds))  # nothing to undo or redo is an answer, too


async def more_previews(raw: Raw, count: int) -> None:
    """Wait for ``count`` previews, or until the take rests because all its steps are done."""
    before = len(raw.previews)
    last, since = before, time.monotonic()
    while len(raw.previews) < before + count and time.monotonic() - since < 2:
        await asyncio.sleep(0.005)
        if len(raw.previews) > last:
            last, since = len(raw.previews), time.monotonic()


def told_of_a_restart(raw: Raw, after: int) -> list[str]:
    notes = [m["note"] for m in raw.messages[after:] if m["type"] == "take"]
    return [note for note in notes if "renderer" in note and "\n" not in note]


async def test_T6_killed_workers_leave_no_trace_in_the_take(launch, tiny_model, faults):
    kills = faults.pick(3, 100)
    chance = random.Random(f"worker {faults.seed}")
    server = launch("--steps", str(STEPS))
    people = [await server.join(name=name) for name in ("Anna", "Ben")]
    watcher = people[0]
    oracle = Oracle(watcher, tiny_model)
    number = 0
    while number < kills:
        for _ in range(chance.randrange(1, 4)):
            await edit(chance, chance.choice(people))
        again = True
        while again and number < kills:
            number += 1
            # Seldom until the take rests: such a worker's death is noticed by the next edit only.
            rests = chance.random() < REST
            await more_previews(watcher, STEPS * 2 if rests else chance.randrange(STEPS // 2))
            worker, heard = await worker_of(server), [len(raw.messages) for raw in people]
            os.kill(worker, 9)
            step = preview_step(watcher.previews[-1]) if watcher.previews else 0
            faults.say(f"kill {number} of {kills} after step {step} of {STEPS}")
            # A stroke always changes the take: there is something to render for the next worker.
            await chance.choice(people).paint(f"#{chance.randrange(2**24):06x}")
            for raw, before in zip(people, heard, strict=True):
                async with asyncio.timeout(60):
                    while not told_of_a_restart(raw, before):
                        assert raw.closed is None
                        await asyncio.sleep(0.02)
            again = chance.random() < AGAIN
            if again:
                await worker_of(server, other_than=worker)
                await asyncio.sleep(chance.uniform(0, 6))
            await edit(chance, chance.choice(people))
        finished = await settled(watcher)
        assert finished["digest"] == await oracle.digest(watcher)
        assert not alive(worker)
    assert all(raw.closed is None for raw in people)
    assert server.process.poll() is None
