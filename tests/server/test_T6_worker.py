"""T6: the server's end of the renderer, on a process that answers without a model."""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap

import pytest
from stage import SETTINGS

from framejam_protocol.fold.pairs import Pair
from framejam_protocol.instructions import Content
from framejam_server.render.pipe import Advance, Who
from framejam_server.render.turns import Standing
from framejam_server.render.worker import Worker, WorkerDied, WorkerReplaced

PROCESS = textwrap.dedent(
    """
    import sys, time
    from framejam_server.render.pipe import (
        LENGTH, Advance, Advanced, Estimate, Forget, Ready, Sheet, Weights, frame,
        request_decoder)
    out, positions = sys.stdout.buffer, {}
    def say(message):
        out.write(frame(message)); out.flush()
    say(Ready("m", "h", 8, 8, 1, 9, 100, {}, {}, 8, 9))
    while len(head := sys.stdin.buffer.read(LENGTH.size)) == LENGTH.size:
        request = request_decoder.decode(sys.stdin.buffer.read(LENGTH.unpack(head)[0]))
        if isinstance(request, Forget):
            positions.pop(request.key, None)
            continue
        time.sleep(0.03)
        if isinstance(request, Advance):
            assert request.fresh or request.key in positions, "told in part of what it lacks"
            positions[request.key] = 1 if request.fresh else positions[request.key] + 1
            sheets = {tier: Sheet(1, 1, 1, 1, 1, b"jpeg") for tier in request.tiers}
            say(Advanced(positions[request.key], sheets))
        elif isinstance(request, Estimate):
            say(Advanced(positions[request.key], {}))
        else:
            say(Weights({request.frame: 0.5}))
    """
)


class QuickWorker(Worker):
    async def _spawn(self):
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROCESS,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )


@pytest.fixture
async def worker(tmp_path):
    worker = QuickWorker(tmp_path, 1, takes_mib=1000)
    yield worker
    await worker.stop()


def step(key: str, fresh: bool = False) -> Advance:
    return Advance(key, SETTINGS, fresh, {1: Pair(0, Content("x"))} if fresh else {}, ())


async def begin(worker: Worker, key: str, standing: Standing = Standing.RUNNING) -> int:
    """Claim room and run the first step; the generation."""
    generation = await worker.current()
    assert worker.claim(key, 2**20, standing, lambda: None)
    assert (await worker.advance(step(key, fresh=True), generation)).position == 1
    return generation


async def test_T6_who_goes_away_under_a_step_costs_nobody_the_process(worker):
    generation = await begin(worker, "a/1")
    pid = worker.pid
    going = asyncio.create_task(worker.advance(step("a/1"), generation))
    waiting = asyncio.create_task(worker.advance(step("a/1"), generation))
    await asyncio.sleep(0.01)  # the first is under way, the second waits for its turn
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    answer = await asyncio.wait_for(waiting, 5)
    assert answer.position == 3, "its own answer, not that of the one before"
    assert worker.pid == pid


async def test_T6_who_goes_away_while_it_waits_is_left_out(worker):
    generation = await begin(worker, "a/1")
    first = asyncio.create_task(worker.advance(step("a/1"), generation))
    second = asyncio.create_task(worker.advance(step("a/1"), generation))
    third = asyncio.create_task(worker.advance(step("a/1"), generation))
    await asyncio.sleep(0.01)
    second.cancel()
    assert (await first).position == 2
    assert (await asyncio.wait_for(third, 5)).position == 3


async def test_T6_a_dead_process_is_told_to_who_asked_and_replaced_for_the_others(worker):
    generation = await begin(worker, "a/1")
    assert worker.claim("b/1", 2**20, Standing.RUNNING, lambda: None)
    under = asyncio.create_task(worker.advance(step("a/1"), generation))
    behind = asyncio.create_task(worker.advance(step("b/1", fresh=True), generation))
    await asyncio.sleep(0.01)
    os.kill(worker.pid, 9)
    with pytest.raises(WorkerDied):
        await under
    with pytest.raises(WorkerReplaced):
        await behind
    assert await worker.current() == generation + 1
    assert len(worker.memory) == 0
    with pytest.raises(WorkerReplaced):
        await worker.advance(step("a/1"), generation + 1)
    await begin(worker, "a/1")
    with pytest.raises(WorkerReplaced):
        await worker.advance(step("a/1"), generation)


async def test_a_take_that_gave_way_while_it_waited_is_not_told_in_part(worker):
    """It would be made anew of what changed last, and that is another take."""
    generation = await begin(worker, "parked/1", Standing.UNWATCHED)
    await begin(worker, "big/1")
    parked = asyncio.create_task(worker.advance(step("parked/1"), generation))
    await asyncio.sleep(0.01)
    assert not parked.done()
    assert worker.claim("big/1", worker.memory.budget, Standing.RUNNING, lambda: None)
    worker.stands("big/1", Standing.FINISHED)
    with pytest.raises(WorkerReplaced):
        await asyncio.wait_for(parked, 5)
    assert worker.loaded


async def test_watched_sessions_take_turns_and_the_others_park(worker):
    generation = await worker.current()
    served = []
    standings = {"a/1": Standing.RUNNING, "b/1": Standing.RUNNING, "c/1": Standing.UNWATCHED}

    async def run(key):
        for number in range(4):
            assert worker.claim(key, 2**20, standings[key], lambda: None)
            await worker.advance(step(key, fresh=number == 0), generation)
            served.append(key)
            await asyncio.sleep(0.005)  # it shows the step, say
        worker.stands(key, Standing.FINISHED)

    await asyncio.gather(*(run(key) for key in standings))
    assert set(served[:8]) == {"a/1", "b/1"}
    assert all(served[at] != served[at + 1] for at in range(6))
    assert served[8:] == ["c/1"] * 4


async def test_C5_who_comes_while_a_step_waits_for_its_turn_sees_that_step(worker):
    generation = await begin(worker, "a/1")
    await begin(worker, "b/1")
    tiers = []
    running = asyncio.create_task(worker.advance(step("a/1"), generation))
    waiting = asyncio.create_task(worker.advance(step("b/1"), generation, lambda: tuple(tiers)))
    await asyncio.sleep(0.01)
    assert not running.done()
    tiers.append("large")
    assert (await running).sheets.keys() == {"sheet"}
    assert (await waiting).sheets.keys() == {"large"}


async def test_M6_questions_are_answered_between_two_steps(worker):
    generation = await begin(worker, "a/1")
    steps = [asyncio.create_task(worker.advance(step("a/1"), generation)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert await worker.weigh(Who("a/1", SETTINGS, {}, 5, (0, 0))) == {5: 0.5}
    assert [one.done() for one in steps] == [True, False, False]
    assert (await worker.estimate("a/1", ("small",))).position == 3
    await asyncio.gather(*steps)


async def test_T6_stopping_does_not_wait_for_a_step(worker):
    generation = await begin(worker, "a/1")
    task = asyncio.create_task(worker.advance(step("a/1"), generation))
    await asyncio.sleep(0.01)
    await asyncio.wait_for(worker.stop(), 2)
    with pytest.raises(WorkerDied):
        await task
    assert worker.pid is None


async def test_T6_who_goes_away_while_the_model_loads_leaves_it_to_the_others(worker):
    going, waiting = asyncio.create_task(worker.start()), asyncio.create_task(worker.current())
    while worker.pid is None:
        await asyncio.sleep(0)
    pid = worker.pid
    assert not worker.loaded
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert await asyncio.wait_for(waiting, 10) == 1
    assert (await worker.start()).model == "m"
    assert worker.pid == pid


async def test_T6_stopping_while_the_model_loads_ends_the_process_and_the_waiting(worker):
    waiting = asyncio.create_task(worker.start())
    while worker.pid is None:
        await asyncio.sleep(0)
    pid = worker.pid
    await asyncio.wait_for(worker.stop(), 2)
    with pytest.raises(WorkerDied):
        await waiting
    assert worker.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_who_waits_for_room_does_not_keep_the_others_waiting(worker):
    """A watched take that has no room wants no turn: what nobody watches runs meanwhile."""
    generation = await begin(worker, "parked/1", Standing.UNWATCHED)
    assert not worker.claim("huge/1", worker.memory.budget * 2, Standing.RUNNING, lambda: None)
    assert worker.claim("parked/1", 2**20, Standing.UNWATCHED, lambda: None)
    answer = await asyncio.wait_for(worker.advance(step("parked/1"), generation), 5)
    assert answer.position == 2
