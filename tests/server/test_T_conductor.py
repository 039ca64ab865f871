"""T: the take of a live session, step by step, on a renderer that only counts."""

from __future__ import annotations

import asyncio
import json

import pytest
from stage import (
    PAINT,
    READY,
    ROW,
    STEPS,
    Box,
    CountingRenderer,
    command,
    edit,
    finish,
    run,
)

from framejam_protocol.errors import Code
from framejam_protocol.events import Edited, Joined
from framejam_protocol.instructions import Content, Image
from framejam_protocol.messages import Control, Redo, Undo
from framejam_protocol.wire import decode_server
from framejam_server.conductor import Conductor
from framejam_server.live import LiveSession
from framejam_server.member import Member
from framejam_server.render.worker import TakeFailed, WorkerDied
from framejam_server.session.session import Session


async def test_T1_an_edit_enters_at_the_next_boundary_never_in_mid_step(stage):
    await run(stage, 3)
    during = await asyncio.wait_for(stage.renderer.requests.get(), 5)  # step 3 is under way
    seq = await edit(stage, PAINT)
    assert during.step == 3
    assert seq not in stage.renderer.mapping
    stage.renderer.answers.put_nowait(None)
    after = await asyncio.wait_for(stage.renderer.requests.get(), 5)
    assert (after.step, after.mapping) == (4, {seq: 4})
    assert stage.renderer.history == [set()] * 4


async def test_T1_edits_folded_in_at_one_boundary_share_it(stage):
    await run(stage, 1)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    one, two = await edit(stage, PAINT), await edit(stage, Content("x"))
    stage.renderer.answers.put_nowait(None)
    request = await run(stage)
    assert request.mapping == {one: 2, two: 2}
    (entered,) = request.committed
    assert (entered.take, entered.step, entered.edits) == (1, 2, (one, two))


async def test_T7_entering_is_committed_before_the_step_runs(stage):
    await run(stage, 2)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    seq = await edit(stage, PAINT)
    stage.renderer.answers.put_nowait(None)
    request = await run(stage)
    assert seq in request.mapping
    assert [(body.step, body.edits) for body in request.committed] == [(3, (seq,))]


async def test_T2_the_mapping_of_the_log_rebuilds_the_take(stage):
    """A second conductor on the stored log asks for exactly the same steps."""
    await run(stage, 2)
    await edit(stage, PAINT)
    await edit(stage, Content("x"))
    stage.time.now = 10.0  # quiet: what is late is polished, and the mapping has come to rest
    finished = await finish(stage)
    stored = await stage.store.load("s1")
    live = LiveSession(ROW, Session(stored.events), stage.store, stage.live.clock)
    live.start()
    renderer = CountingRenderer(stage.store)
    again = Conductor(live, renderer, READY, stage.store)
    task = asyncio.create_task(again.run())
    for _ in range(STEPS + 1):
        renderer.answers.put_nowait(None)
    while again.finished is None:
        await asyncio.sleep(0)
    assert again.finished.clip.digest == finished.clip.digest
    task.cancel()
    for one in live._tasks:
        one.cancel()


async def test_T2_a_finished_take_is_recorded_with_all_it_takes_to_recompute_it(stage):
    seq = await edit(stage, PAINT)
    finished = await finish(stage)
    (*_, last) = await stage.store.takes("s1")
    record = json.loads(last.record)
    assert (last.take, last.digest, last.seq) == (1, finished.clip.digest, finished.seq)
    assert record["entries"] == {str(seq): stage.live.state.mapping(1)[seq]}
    assert record["model_hash"] == "hash"
    assert record["environment"] == {"torch": "x", "threads": "1"}
    assert record["settings"]["seed"] == 1


async def test_T3_late_edits_that_keep_coming_enter_at_once_and_are_polished_together(stage):
    await run(stage, 7)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    stage.time.now = 10.0
    one = await edit(stage, PAINT)
    stage.time.now = 10.3  # sooner than 400 ms after the first: they keep coming
    two = await edit(stage, PAINT)
    stage.renderer.answers.put_nowait(None)
    assert (await run(stage)).mapping == {one: 8, two: 8}
    stage.time.now = 10.8  # quiet for longer than 400 ms
    request = await run(stage, 2)
    assert (request.step, request.mapping) == (5, {one: 5, two: 5})
    assert [body.step for body in request.committed] == [8, 5]
    notes = [status.note for status in stage.statuses if status.note]
    assert notes == ["re-entering at step 5 of 10"]


async def test_T3_a_late_edit_that_comes_alone_rewinds_at_once(stage):
    await run(stage, 7)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    stage.time.now = 10.0
    seq = await edit(stage, PAINT)
    stage.renderer.answers.put_nowait(None)
    request = await run(stage)
    assert (request.step, request.mapping) == (5, {seq: 5})
    assert [body.step for body in request.committed] == [5]
    notes = [status.note for status in stage.statuses if status.note]
    assert notes == ["re-entering at step 5 of 10"]


async def test_T3_a_finished_take_wakes_at_the_wanted_step(stage):
    await finish(stage)
    painted = await edit(stage, PAINT)
    request = await run(stage)
    assert (request.step, request.mapping) == (5, {painted: 5})
    await finish(stage)
    image = await edit(stage, Image("ab" * 32))
    request = await run(stage)
    assert (request.step, request.mapping) == (0, {painted: 5, image: 0})


async def test_everybody_hears_which_words_the_model_does_not_know(stage):
    await edit(stage, Content("a red dragon"))
    await run(stage, 2)
    assert stage.statuses[-1].unknown == ("dragon",)
    await edit(stage, Content("a red fish"))
    await run(stage, 2)
    assert stage.statuses[-1].unknown == ()


async def test_T4_undo_takes_the_pair_out_and_nothing_else_moves(stage):
    await run(stage, 2)
    one = await edit(stage, PAINT)
    await run(stage, 2)
    two = await edit(stage, PAINT)
    await finish(stage)
    before = stage.live.state.mapping(1)
    await command(stage, Undo)
    request = await run(stage)
    assert request.mapping == {one: before[one]}
    assert request.step == before[two]
    never = [{one} if step >= before[one] else set() for step in range(STEPS)]
    await finish(stage)
    assert stage.renderer.history == never


async def test_U4_redo_keeps_the_entry_steps(stage):
    await run(stage, 2)
    await edit(stage, PAINT)
    first = await finish(stage)
    mapping = stage.live.state.mapping(1)
    await command(stage, Undo)
    undone = await finish(stage)
    await command(stage, Redo)
    again = await finish(stage)
    assert stage.live.state.mapping(1) == mapping
    assert again.clip.digest == first.clip.digest != undone.clip.digest


async def test_T13_a_previews_seq_is_what_has_entered(stage):
    await run(stage, 2)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    seq = await edit(stage, PAINT)
    stage.renderer.answers.put_nowait(None)
    await run(stage)
    before, after = stage.previews[-2], stage.previews[-1]
    assert before.step == 3
    assert before.seq < seq
    assert after.step == 4
    assert after.seq >= seq


async def test_T13_a_finished_take_says_so_when_it_reflects_more_of_the_log(stage):
    finished = await finish(stage)
    shown = len(stage.previews)
    await stage.live.join(Joined(participant="ben1", name="B", color="#000000", role="viewer"))
    stage.live.changed.set()
    await asyncio.sleep(0.01)
    assert stage.previews[-1].seq == stage.live.state.seq > finished.seq
    assert len(stage.previews) == shown + 1
    assert stage.statuses[-1].seq == stage.live.state.seq
    assert stage.statuses[-1].digest == finished.clip.digest


async def test_T5_a_pause_holds_within_one_step_and_edits_wait(stage):
    await run(stage, 2)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)  # step 2 is under way
    stage.live.control(stage.anna, Control("pause"))
    stage.renderer.answers.put_nowait(None)
    seq = await edit(stage, PAINT)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stage.renderer.requests.get(), 0.2)
    assert (stage.statuses[-1].state, stage.statuses[-1].step) == ("paused", 3)
    assert "paused by A" in stage.statuses[-1].note
    assert not stage.live.state.mapping(1)
    stage.live.control(stage.anna, Control("resume"))
    request = await run(stage)
    assert (request.step, request.mapping) == (3, {seq: 3})


async def test_T5_a_cancelled_take_starts_again_with_the_next_edit(stage):
    await run(stage, 4)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    stage.live.control(stage.anna, Control("cancel"))
    stage.renderer.answers.put_nowait(None)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stage.renderer.requests.get(), 0.2)
    assert (stage.statuses[-1].state, stage.statuses[-1].step) == ("cancelled", 0)
    seq = await edit(stage, PAINT)
    request = await run(stage)
    assert (request.step, request.mapping) == (0, {seq: 0})


async def test_T5_a_finished_take_has_nothing_to_cancel(stage):
    finished = await finish(stage)
    stage.live.control(stage.anna, Control("cancel"))
    await asyncio.sleep(0.05)
    assert stage.conductor.current_clip == finished
    assert stage.statuses[-1].state == "finished"


@pytest.mark.parametrize(("role", "held"), [("viewer", False), ("editor", True), ("owner", True)])
async def test_T5_by_role(stage, role, held):
    joined = Joined(participant="ben1", name="B", color="#000000", role=role)
    await stage.live.join(joined)
    box = Box()
    stage.live.control(Member(2, "ben1", "tab-of-ben", box), Control("pause"))
    assert (stage.live.hold is not None) == held
    faults = [decode_server(data) for data in box.got]
    assert [fault.code for fault in faults] == ([] if held else [Code.FORBIDDEN])


async def test_T6_people_are_told_while_the_model_loads(stage):
    stage.renderer.loaded = False
    await run(stage, 1)
    await run(stage, 1)
    waiting = [status.note for status in stage.statuses if status.state == "waiting"]
    assert waiting
    assert all("loads its model" in note for note in waiting)


async def test_T6_a_finished_clip_ends_the_count_of_deaths(stage, monkeypatch):
    monkeypatch.setattr("framejam_server.conductor.RETRY_S", 0.01)
    for _ in range(3):
        await run(stage, STEPS)
        await asyncio.wait_for(stage.renderer.requests.get(), 5)  # to be decoded
        stage.renderer.answers.put_nowait(WorkerDied("killed"))
        assert await finish(stage) is not None
        await edit(stage, PAINT, 65536)
    assert "failed" not in [status.state for status in stage.statuses]


async def test_T6_after_the_worker_died_the_take_is_rebuilt_from_the_log(stage, monkeypatch):
    monkeypatch.setattr("framejam_server.conductor.RETRY_S", 0.01)
    await run(stage, 2)
    seq = await edit(stage, PAINT)
    await run(stage, 2)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    stage.renderer.answers.put_nowait(WorkerDied("killed"))
    request = await run(stage)
    assert (request.step, set(request.mapping)) == (0, {seq})
    assert "rebuilt from the log" in stage.statuses[-2].note
    finished = await finish(stage)
    assert finished is not None
    assert stage.renderer.history[-1] == {seq}


async def test_T6_a_take_that_kills_the_worker_three_times_is_parked_until_a_change(
    stage, monkeypatch
):
    monkeypatch.setattr("framejam_server.conductor.RETRY_S", 0.01)
    for _ in range(3):
        await asyncio.wait_for(stage.renderer.requests.get(), 5)
        stage.renderer.answers.put_nowait(WorkerDied("killed"))
    await asyncio.sleep(0.1)
    assert stage.renderer.requests.empty()
    assert stage.statuses[-1].state == "failed"
    assert "parked" in stage.statuses[-1].note
    await edit(stage, PAINT)
    assert (await run(stage)).step == 0


async def test_T6_a_take_that_always_kills_at_a_later_step_is_parked_too(stage, monkeypatch):
    monkeypatch.setattr("framejam_server.conductor.RETRY_S", 0.01)
    for _ in range(3):
        await run(stage, 4)
        await asyncio.wait_for(stage.renderer.requests.get(), 5)
        stage.renderer.answers.put_nowait(WorkerDied("killed"))
    await asyncio.sleep(0.1)
    assert stage.renderer.requests.empty()
    assert stage.statuses[-1].state == "failed"


async def test_T3_steps_run_though_people_edit_without_a_pause(stage):
    """Every commit of an entering finds a new edit behind it; a step runs all the same."""
    await run(stage, 2)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    enter = stage.live.enter

    async def busy(take, steps):
        await enter(take, steps)
        await edit(stage, PAINT)

    stage.live.enter = busy
    await edit(stage, PAINT)
    stage.renderer.answers.put_nowait(None)
    assert [(await run(stage)).step for _ in range(3)] == [3, 4, 5]


async def test_the_clip_is_offered_only_while_it_shows_everything(stage):
    finished = await finish(stage)
    assert stage.conductor.current_clip == finished
    await edit(stage, PAINT)
    assert stage.conductor.current_clip is None
    await run(stage, STEPS - 5)
    assert stage.conductor.current_clip is None
    await finish(stage)
    await command(stage, Undo)
    assert stage.conductor.current_clip is None
    again = await finish(stage)
    assert stage.conductor.current_clip == again
    assert again.clip.digest == finished.clip.digest


async def test_after_an_undo_the_take_is_said_to_run_again(stage):
    await edit(stage, PAINT)
    await finish(stage)
    assert stage.statuses[-1].state == "finished"
    await command(stage, Undo)
    await run(stage)
    assert stage.statuses[-1].state == "running"


async def test_T6_a_worker_lost_to_another_session_is_not_held_against_this_take(stage):
    await run(stage, 2)
    for _ in range(4):
        await asyncio.wait_for(stage.renderer.requests.get(), 5)
        stage.renderer.generation += 1
        stage.renderer.answers.put_nowait(None)
        await asyncio.sleep(0.01)
    assert {status.state for status in stage.statuses} == {"running"}
    assert await finish(stage) is not None


async def test_a_take_that_fails_says_why_and_waits_for_a_change(stage):
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    stage.renderer.answers.put_nowait(TakeFailed("step 0: the latents hold NaN"))
    await asyncio.sleep(0.05)
    assert stage.statuses[-1].state == "failed"
    assert "NaN" in stage.statuses[-1].note
    assert "s1/1" not in stage.renderer.memory, "the worker has let go of it"
    await edit(stage, PAINT)
    assert (await run(stage)).step == 0


async def test_T7_a_step_does_not_run_while_entering_cannot_be_stored(stage, monkeypatch):
    from framejam_server.store.contract import StoreError

    monkeypatch.setattr("framejam_server.conductor.RETRY_S", 0.01)
    await run(stage, 2)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    seq = await edit(stage, PAINT)
    append = stage.store.append

    async def full(session, events, receipts):
        raise StoreError("no space left on device")

    stage.store.append = full
    stage.renderer.answers.put_nowait(None)
    await asyncio.sleep(0.1)
    assert stage.renderer.requests.empty()
    assert stage.statuses[-1].state == "waiting"
    assert "no space left" in stage.statuses[-1].note
    stage.store.append = append
    request = await run(stage)
    assert request.mapping == {seq: 3}
    assert next(e for e in stage.live.core.log if isinstance(e.body, Edited)).seq == seq
