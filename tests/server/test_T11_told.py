"""T11: the renderer is told what locks hold, once; and the memory it needs is waited for."""

from __future__ import annotations

import asyncio

import pytest
from quick import QuickRenderer, digest
from rooms import FAR, PULL, Room, final
from stage import PAINT, READY, ROW, SETTINGS, edit, finish, run

from framejam_protocol.fold.pairs import Pair, pairs, references
from framejam_protocol.instructions import Adjust, Lock
from framejam_protocol.limits import UNIT
from framejam_protocol.messages import Undo, Watch
from framejam_server.conductor import Conductor
from framejam_server.live import LiveSession
from framejam_server.render.told import Told
from framejam_server.render.turns import Standing
from framejam_server.render.worker import WorkerDied
from framejam_server.session.session import Session

LOCK = Lock(outline=((0, 0), (UNIT, 0), (0, UNIT)))
OTHER = Lock(outline=((9, 9), (UNIT, 9), (9, UNIT)))
ONE_TAKE = 256 * 2**20
"""What a take counts as whose model does not say what it needs."""


@pytest.fixture
async def room():
    room = Room(QuickRenderer(), READY)
    await room.open()
    yield room
    await room.close()


async def test_T11_the_renderer_is_told_what_a_lock_holds_and_only_once(room):
    stroke = await room.edit("anna", PAINT)
    await room.rest()
    lock = await room.edit("ben1", LOCK)
    await room.rest()
    second = await room.edit("ben1", OTHER)
    await room.rest()
    sent = [request.references for request in room.renderer.told if request.key == "s1/1"]
    assert [set(one) for one in sent if one] == [{lock}, {second}]
    held = next(one for one in sent if lock in one)[lock]
    assert held.settings == SETTINGS
    assert held.pairs == {stroke: pairs(room.live.state, {stroke: 0})[stroke]}
    later = next(one for one in sent if second in one)[second]
    assert set(later.pairs) == {stroke, lock}


async def test_T11_what_is_undone_later_does_not_move_what_a_lock_holds(room):
    stroke = await room.edit("anna", PAINT)
    await room.rest()
    lock = await room.edit("ben1", LOCK)
    await room.rest()
    await room.command("anna", lambda number: Undo(number, group=stroke))
    assert await room.rest() == room.expected()
    assert set(room.renderer.takes["s1/1"].pairs) == {lock}
    assert set(room.renderer.takes["s1/1"].references[lock].pairs) == {stroke}


async def test_T11_a_new_process_is_told_again_and_so_is_another_take(room):
    await room.edit("anna", PAINT)
    await room.rest()
    lock = await room.edit("ben1", LOCK)
    first = await room.rest()
    room.renderer.deaths["s1/1"] = 1
    await room.edit("ben1", PULL)
    again = await room.rest()
    assert again == room.expected() != first
    assert lock in room.renderer.takes["s1/1"].references
    await room.edit("anna", Adjust(seed=77))
    assert await room.rest() == room.expected()
    assert room.renderer.takes["s1/2"].references[lock].settings == SETTINGS


async def test_T11_T2_a_second_server_tells_its_renderer_the_same(room):
    """The log is all there is: a lock holds what it held, whatever was undone since."""
    stroke = await room.edit("anna", PAINT)
    await room.rest()
    await room.edit("ben1", LOCK)
    await room.edit("ben1", FAR)
    await room.command("anna", lambda number: Undo(number, group=stroke))
    before = await room.rest()
    stored = await room.store.load("s1")
    live = LiveSession(ROW, Session(stored.events), room.store, room.live.clock)
    live.start()
    renderer = QuickRenderer()
    again = Conductor(live, renderer, READY, room.store)
    task = asyncio.create_task(again.run())
    async with asyncio.timeout(5):
        while again.current_clip is None:
            await asyncio.sleep(0)
    assert again.current_clip.clip.digest == before
    task.cancel()
    for one in live._tasks:
        one.cancel()


async def test_a_take_that_is_not_known_is_told_whole(room):
    """Also where it was known and holds nothing."""
    await room.rest()
    assert [request.fresh for request in room.renderer.told].count(True) == 1
    told = Told("s1/1")
    assert told.request(SETTINGS, {}, {}, ()).fresh
    told.answered({}, {}, 0)
    assert not told.request(SETTINGS, {}, {}, ()).fresh
    pair = Pair(3, PAINT)
    told.answered({5: pair}, {}, 6)
    assert told.change({5: pair}) is False
    assert (told.change({}), told.position) == (True, 3)
    assert told.request(SETTINGS, {}, {}, ()).remove == (5,)
    told.meet(told.generation + 1)
    request = told.request(SETTINGS, {5: pair}, {}, ())
    assert (request.fresh, request.add, request.remove, told.position) == (True, {5: pair}, (), 0)


async def test_T2_a_take_is_recorded_before_it_is_said_to_be_finished(stage):
    """Who hears of it and asks for the session's takes finds it there."""
    recorded = []
    announce = stage.live.announce

    def told(status):
        announce(status)
        if status.state == "finished":
            recorded.extend(stage.store._sessions["s1"].takes)

    stage.live.announce = told
    finished = await finish(stage)
    assert [one.digest for one in recorded] == [finished.clip.digest]


# -- memory -------------------------------------------------------------------------------------


async def test_a_take_without_room_waits_with_a_clear_message_and_then_starts(stage):
    memory = stage.renderer.memory
    memory.budget = 2 * ONE_TAKE
    await run(stage, 2)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    # Two others that run and are watched come while this one is not held any more.
    memory.give_up("s1/1")
    for other in ("s2/1", "s3/1"):
        assert memory.claim(other, ONE_TAKE, Standing.RUNNING, lambda: None)
    stage.renderer.answers.put_nowait(None)
    seq = await edit(stage, PAINT)
    async with asyncio.timeout(5):
        while stage.statuses[-1].state != "waiting":
            await asyncio.sleep(0)
    assert stage.statuses[-1].note == (
        "the renderer's memory holds 2 takes; yours starts when one ends or is closed"
    )
    assert stage.renderer.requests.empty()
    await edit(stage, PAINT)  # edits are taken meanwhile
    assert stage.renderer.requests.empty()
    memory.give_up("s3/1")
    request = await run(stage)
    assert (request.step, request.fresh) == (0, True)
    assert seq in request.mapping
    assert await finish(stage) is not None


async def test_a_finished_take_that_gave_way_is_made_again_to_the_same_bits(room):
    room.renderer.memory.budget = ONE_TAKE
    await room.edit("anna", PAINT)
    clip = await room.rest()
    assert room.renderer.memory.claim("s2/1", ONE_TAKE, Standing.RUNNING, lambda: None)
    assert "s1/1" not in room.renderer.memory
    assert await room.rest() == clip, "what was shown stays"
    seq = await room.edit("anna", FAR)
    await asyncio.sleep(0.01)
    assert room.live.status.state == "waiting"
    room.renderer.memory.give_up("s2/1")
    assert await room.rest() == room.expected()
    assert await digest_without(room, seq) == clip


async def digest_without(room, seq):
    state = room.live.state
    kept = {one: step for one, step in state.mapping(1).items() if one != seq}
    return digest(SETTINGS, pairs(state, kept), references(state, kept))


async def test_a_take_that_waits_and_is_not_watched_any_more_lets_others_go_first(stage):
    memory = stage.renderer.memory
    memory.budget = ONE_TAKE
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    memory.give_up("s1/1")
    running = Standing.RUNNING
    assert memory.claim("s2/1", ONE_TAKE, running, lambda: None)
    stage.renderer.answers.put_nowait(None)
    async with asyncio.timeout(5):
        while stage.statuses[-1:] == [] or stage.statuses[-1].state != "waiting":
            await asyncio.sleep(0)
    assert not memory.claim("s3/1", ONE_TAKE, running, lambda: None)
    stage.live.leave(stage.anna)
    await asyncio.sleep(0.01)
    memory.give_up("s2/1")
    assert memory.claim("s3/1", ONE_TAKE, running, lambda: None)
    assert "s1/1" not in memory


async def test_a_take_that_waits_keeps_its_place_when_others_come_to_watch(stage):
    memory = stage.renderer.memory
    memory.budget = ONE_TAKE
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    memory.give_up("s1/1")
    assert memory.claim("s2/1", ONE_TAKE, Standing.RUNNING, lambda: None)
    stage.renderer.answers.put_nowait(None)
    async with asyncio.timeout(5):
        while stage.statuses[-1:] == [] or stage.statuses[-1].state != "waiting":
            await asyncio.sleep(0)
    assert not memory.claim("s3/1", ONE_TAKE, Standing.RUNNING, lambda: None)
    stage.live.watch(stage.anna, Watch(tier="none"))
    await asyncio.sleep(0.01)
    stage.live.watch(stage.anna, Watch(tier="large"))
    await asyncio.sleep(0.01)
    assert stage.renderer.standing["s1/1"] is Standing.STILL, "it asks for no turn"
    memory.give_up("s2/1")
    assert not memory.claim("s3/1", ONE_TAKE, Standing.RUNNING, lambda: None)
    assert (await run(stage)).step == 0
    assert "s1/1" in memory


async def test_a_take_that_can_never_be_held_says_so_and_waits_for_a_change(stage):
    await run(stage)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    stage.renderer.memory.budget = ONE_TAKE - 1
    stage.renderer.answers.put_nowait(None)
    await asyncio.sleep(0.01)
    status = stage.statuses[-1]
    assert status.state == "failed"
    assert "needs 256 MiB" in status.note
    assert "255 MiB for takes" in status.note
    stage.renderer.memory.budget = ONE_TAKE
    await edit(stage, PAINT)
    assert (await run(stage)).step == 0


async def test_T6_a_parked_take_is_not_woken_by_people_who_come(stage, monkeypatch):
    monkeypatch.setattr("framejam_server.conductor.RETRY_S", 0.01)
    for _ in range(3):
        await asyncio.wait_for(stage.renderer.requests.get(), 5)
        stage.renderer.answers.put_nowait(WorkerDied("killed"))
    await asyncio.sleep(0.1)
    assert stage.statuses[-1].state == "failed"
    stage.live.leave(stage.anna)
    stage.live.members[1] = stage.anna
    stage.live.watch(stage.anna, stage.anna.watch)
    await asyncio.sleep(0.05)
    assert stage.renderer.requests.empty()


async def test_T11_what_a_lock_holds_needs_no_more_where_it_is_made_as_the_take_is(room):
    """Under other settings than those of then it is made under the present ones wholly."""
    room.renderer.memory.budget = ONE_TAKE
    await room.edit("anna", PAINT)
    await room.rest()
    await room.edit("ben1", LOCK)
    await room.rest()
    await room.edit("anna", Adjust(steps=6))
    whole = await room.rest()
    assert room.live.state.take == 2
    assert (await final(room.look("vera"))).digest == whole
    # From its own seed it is a take of its own: together they are too much.
    await room.edit("anna", Adjust(steps=SETTINGS.steps, seed=9))
    async with asyncio.timeout(5):
        while room.live.status.state != "failed":
            await asyncio.sleep(0)
    assert "needs 512 MiB" in room.live.status.note
