"""T8: settings that define a take start another one; undoing the change brings the old one back."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from pathlib import Path

import av
import msgspec
import pytest
from running import preview_done, preview_seq
from stage import PAINT, READY, STEPS, command, edit, finish, run

from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.instructions import Adjust, Comment, Content
from framejam_protocol.messages import Edit, Redo, Undo
from framejam_server.render.recompute import mapping_of
from framejam_server.render.worker import TakeFailed

OTHER = Adjust(seed=99)


async def test_T8_every_live_edit_enters_another_take_at_step_0(stage):
    await run(stage, 4)
    one = await edit(stage, PAINT)
    await run(stage, 3)
    gone = await edit(stage, PAINT)
    two = await edit(stage, Content("x"))
    await command(stage, lambda number: Undo(number, group=gone))
    await edit(stage, Comment("look", (5, 5), 0))
    await finish(stage)
    before = stage.live.state.mapping(1)
    assert set(before) == {one, two}
    assert max(before.values()) > 0
    await edit(stage, OTHER)
    request = await run(stage)
    assert request.key == "s1/2"
    assert (request.step, request.mapping) == (0, {one: 0, two: 0})
    entered = request.committed[-1]
    assert (entered.take, entered.step, entered.edits) == (2, 0, (one, two))
    assert request.settings.seed == 99
    finished = await finish(stage)
    assert finished.take == 2
    assert stage.renderer.history == [{one, two}] * STEPS
    assert stage.live.state.mapping(1) == before
    taken = {record.take for record in await stage.store.takes("s1")}
    assert taken == {1, 2}


async def test_T8_undo_brings_the_old_take_back_to_the_same_digest_and_redo_the_new(stage):
    await run(stage, 4)
    await edit(stage, PAINT)
    old = await finish(stage)
    mapping = stage.live.state.mapping(1)
    await edit(stage, OTHER)
    new = await finish(stage)
    await command(stage, Undo)
    back = await finish(stage)
    assert (back.take, back.clip.digest) == (1, old.clip.digest)
    assert stage.live.state.mapping(1) == mapping
    assert stage.conductor.current_clip == back
    await command(stage, Redo)
    again = await finish(stage)
    assert (again.take, again.clip.digest) == (2, new.clip.digest)
    assert new.clip.digest != old.clip.digest


async def test_T8_the_clip_of_the_take_before_is_not_offered_for_the_next(stage):
    await finish(stage)
    assert stage.conductor.current_clip is not None
    await edit(stage, OTHER)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)  # its first step is under way
    assert stage.conductor.current_clip is None


async def test_T8_edits_given_meanwhile_belong_to_both_takes(stage):
    await finish(stage)
    changed = await edit(stage, OTHER)
    await finish(stage)
    meanwhile = await edit(stage, PAINT)
    await finish(stage)
    assert stage.live.state.mapping(2)[meanwhile] > 0
    assert meanwhile not in stage.live.state.mapping(1)
    await command(stage, lambda number: Undo(number, group=changed))
    while stage.live.state.take != 1:
        await asyncio.sleep(0)
    finished = await finish(stage)
    assert finished.take == 1
    assert meanwhile in stage.live.state.mapping(1)
    assert json.loads(finished.clip.digest)[-1] == [meanwhile]


async def test_T8_the_same_settings_again_are_the_same_take(stage):
    await finish(stage)
    await edit(stage, OTHER)
    await finish(stage)
    await edit(stage, Adjust(seed=stage.live.state.base.seed))
    assert (await finish(stage)).take == 1
    await edit(stage, OTHER)
    assert (await finish(stage)).take == 2


async def test_T8_frames_a_second_change_only_the_export(stage):
    finished = await finish(stage)
    await edit(stage, Adjust(fps=24))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stage.renderer.requests.get(), 0.5)
    assert stage.conductor.current_clip.clip.digest == finished.clip.digest
    assert stage.live.state.settings.fps == 24
    assert stage.conductor.settings == stage.live.state.take_settings


async def test_T8_guidance_is_an_edit_with_an_entry_step(stage):
    await run(stage, 3)
    seq = await edit(stage, Adjust(guidance=300))
    request = await run(stage)
    if seq not in request.mapping:  # the step that ran when it came
        request = await run(stage)
    assert request.key == "s1/1"
    assert 0 < request.mapping[seq] <= 4
    await finish(stage)
    await command(stage, Undo)
    finished = await finish(stage)
    assert json.loads(finished.clip.digest) == [[]] * STEPS


async def test_T8_settings_that_come_while_edits_enter_never_mix_two_takes(stage):
    """Between the commit of an entering and its step the take changes: that step is not run."""
    await run(stage, 2)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    enter = stage.live.enter

    async def late(take, steps):
        await enter(take, steps)
        stage.live.enter = enter
        await edit(stage, OTHER)

    stage.live.enter = late
    painted = await edit(stage, PAINT)
    stage.renderer.answers.put_nowait(None)
    request = await run(stage)
    assert request.key == "s1/2"
    assert request.mapping == {painted: 0}
    assert stage.live.state.entries[1] == {painted: 3}
    while stage.conductor.finished is None:
        await run(stage)
    assert all(preview.take == 2 for preview in stage.previews[4:])


async def test_T8_other_steps_are_run_whole(stage):
    await finish(stage)
    await edit(stage, Adjust(steps=4))
    finished = await finish(stage)
    assert json.loads(finished.clip.digest) == [[]] * 4
    assert stage.conductor.steps == 4
    await command(stage, Undo)
    assert json.loads((await finish(stage)).clip.digest) == [[]] * STEPS


async def test_T8_settings_that_fail_say_which_and_undo_brings_the_take_back(stage):
    await edit(stage, PAINT)
    old = await finish(stage)
    seq = await edit(stage, Adjust(width=36))
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    stage.renderer.answers.put_nowait(TakeFailed("width: must be a multiple of 8", "width"))
    await asyncio.sleep(0.05)
    status = stage.statuses[-1]
    assert (status.take, status.state) == (2, "failed")
    assert "width: must be a multiple of 8" in status.note
    assert "undo" in status.note
    await command(stage, lambda number: Undo(number, group=seq))
    back = await finish(stage)
    assert (back.take, back.clip.digest) == (1, old.clip.digest)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (Adjust(width=36), "width"),
        (Adjust(height=33), "height"),
        (Adjust(frames=17), "frames"),
        (Adjust(model="another"), "model"),
        (Adjust(seed=5, steps=9, height=12), "height"),
    ],
)
async def test_T8_settings_no_clip_can_be_made_with_are_refused_at_once(stage, change, field):
    stage.live.core.objections = READY.objections
    before = stage.live.state.seq
    stage.sent += 1
    stage.live.submit(stage.anna, Edit(stage.sent, change))
    while not stage.anna.mailbox.got:
        await asyncio.sleep(0)
    refusal = msgspec.msgpack.decode(stage.anna.mailbox.got[-1])
    assert refusal["type"] == "refusal"
    assert (refusal["code"], refusal["rule"]) == (Code.INVALID, "T8")
    assert refusal["field"] == f"instruction.{field}"
    assert stage.live.state.seq == before


async def test_T8_what_was_wrong_before_does_not_stand_in_the_way_of_other_settings(stage):
    """A session made for another model, say: its people may go on changing the rest."""
    stage.live.core.objections = lambda settings: {"model": "this server has another loaded"}
    await edit(stage, Adjust(seed=5))
    assert stage.live.state.settings.seed == 5


async def test_T8_what_the_model_can_do_is_not_refused(stage):
    stage.live.core.objections = READY.objections
    changes = (Adjust(width=40, height=64), Adjust(frames=16), Adjust(model="embedded"), OTHER)
    for change in changes:
        await edit(stage, change)
    assert stage.live.state.settings.width == 40


def paint(**fields):
    stroke = {"kind": "paint", "points": [[9000, 9000], [40000, 30000]], "width": 12000, **fields}
    return {"type": "edit", "instruction": {"color": "#ff0000", **stroke}}


async def digest_of(raw, seq):
    """The digest of the finished take that reflects ``seq``."""
    await raw.preview(lambda data: preview_done(data) and preview_seq(data) >= seq)
    found = await raw.wait_for(
        lambda m: m["type"] == "take" and m["state"] == "finished" and m["seq"] >= seq
    )
    return found["take"], found["digest"]


async def settings(raw, **fields):
    return await raw.command(type="edit", instruction={"kind": "settings", **fields})


@pytest.mark.slow
async def test_T8_T2_takes_of_a_server_are_recomputed_by_another_process(launch, tiny_model):
    """Strokes, a revision, an erasure, ranges, words, guidance; then other settings, and back."""
    server = launch()
    olga = await server.join()
    await olga.content("a red fish")
    stroke = (await olga.command(**paint()))["seq"]
    await olga.command(**paint(color="#0000ff", frames=[1, 2]))
    await olga.command(
        type="edit",
        instruction={"kind": "revise", "target": stroke, "color": "#00ff00", "frames": [0, 2]},
    )
    await olga.command(
        type="edit",
        instruction={"kind": "erase", "points": [[9000, 9000]], "width": 9000},
        depth=20000,
    )
    last = (await settings(olga, guidance=200))["seq"]
    first = await digest_of(olga, last)
    changed = await digest_of(olga, (await settings(olga, seed=77, frames=6))["seq"])
    assert (first[0], changed[0]) == (1, 2)
    back = await digest_of(olga, (await olga.command(type="undo"))["seq"])
    assert back == first
    events = [msgspec.convert(event, Event) for event in olga.events]
    base = events[0].body.settings
    others = msgspec.structs.replace(base, seed=77, frames=6)
    for (take, digest), made_with in ((first, base), (changed, others)):
        mapping = mapping_of(events, take=take)
        record = {seq: (pair.step, pair.instruction, pair.of) for seq, pair in mapping.items()}
        answer = await asyncio.to_thread(_recomputed, tiny_model, made_with, record)
        assert answer == digest
    assert set(mapping_of(events, take=2)) != set()
    assert {pair.step for pair in mapping_of(events, take=2).values()} == {0}


def _recomputed(model, made_with, record):
    program = Path(__file__).parent.parent / "pipeline" / "recompute.py"
    answer = subprocess.run(
        [sys.executable, str(program), str(model)],
        input=msgspec.json.encode((made_with, record, {})),
        capture_output=True,
        check=True,
    )
    return answer.stdout.decode().split()[1]


@pytest.mark.slow
async def test_T8_over_a_socket_bad_settings_are_refused_and_fps_is_that_of_the_export(launch):
    server = launch()
    olga = await server.join()
    for field, value in (("width", 35), ("frames", 33), ("model", "another"), ("steps", 0)):
        refusal = await settings(olga, **{field: value})
        assert (refusal["type"], refusal["code"]) == ("refusal", Code.INVALID)
        assert refusal["field"] == f"instruction.{field}"
    seq = (await settings(olga, fps=24))["seq"]
    take, _ = await digest_of(olga, seq)
    assert take == 1
    status, video = await asyncio.to_thread(
        server.call, "GET", f"/api/sessions/{server.session}/clip.mp4", olga.token
    )
    assert status == 200
    with av.open(io.BytesIO(video)) as clip:
        assert clip.streams.video[0].average_rate == 24
