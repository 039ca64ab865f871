"""T5: what is said to one take holds that take, at once, and no other session's."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import msgspec
import pytest
from quick import QuickRenderer
from rooms import FAR, Room
from stage import PAINT, READY

from framejam_protocol.errors import Code
from framejam_protocol.instructions import Adjust
from framejam_protocol.messages import Control, Edit, Watch
from framejam_protocol.preview import unpack_preview
from framejam_server.member import PREVIEW
from framejam_server.render.memory import MIB
from framejam_server.store.contract import SessionRow


@pytest.fixture
async def rooms():
    """Two sessions on one renderer."""
    renderer = QuickRenderer()
    rooms = [Room(renderer, READY, SessionRow(name, "e1", 0)) for name in ("s1", "s2")]
    for room in rooms:
        await room.open()
        await room.rest()
    yield rooms
    for room in rooms:
        await room.close()


def control(room: Room, action: str) -> None:
    room.live.control(room.people["anna"], Control(action))


@pytest.mark.parametrize("action", ["pause", "cancel"])
async def test_T5_a_hold_is_of_one_session_and_takes_one_step_at_most(rooms, action):
    one, two = rooms
    renderer = one.renderer
    renderer.gate.clear()
    await one.edit("anna", PAINT)
    await two.edit("anna", PAINT)
    while not renderer.queue.busy:
        await asyncio.sleep(0)
    control(one, action)
    served = len(renderer.served)
    renderer.gate.set()
    assert await two.rest() == two.expected()
    assert renderer.served[served:].count("s1/1") <= 1
    assert one.live.status.state in ("paused", "cancelled")
    assert two.live.hold is None
    await two.edit("ben1", FAR)
    assert await two.rest() == two.expected()
    control(one, "resume")
    assert await one.rest() == one.expected()


async def test_T5_T8_a_new_take_is_of_one_session_and_begins_within_one_step(rooms):
    one, two = rooms
    renderer = one.renderer
    renderer.gate.clear()
    await one.edit("anna", PAINT)
    while not renderer.queue.busy:
        await asyncio.sleep(0)
    await one.edit("ben1", Adjust(seed=99))
    served = len(renderer.served)
    renderer.gate.set()
    assert await one.rest() == one.expected()
    keys = [key for key in renderer.served[served:] if key.startswith("s1/")]
    assert keys.count("s1/1") <= 1
    assert keys[-1] == "s1/2"
    assert (one.live.state.take, two.live.state.take) == (2, 1)
    assert "s1/1" not in renderer.memory


async def test_T5_A1_a_viewer_neither_holds_the_take_nor_begins_another(rooms):
    one, _ = rooms
    vera = one.people["vera"]
    one.live.control(vera, Control("cancel"))
    one.live.submit(vera, Edit(1, Adjust(seed=5)))
    async with asyncio.timeout(5):
        while len(vera.mailbox.got) < 3:
            await asyncio.sleep(0)
    answers = [msgspec.msgpack.decode(data) for data in vera.mailbox.got]
    refused = [m for m in answers if m["type"] in ("fault", "refusal")]
    assert [m["code"] for m in refused] == [Code.FORBIDDEN] * 2
    assert one.live.hold is None
    assert one.live.state.take == 1


async def test_T6_two_sessions_share_the_renderer_step_by_step(rooms):
    one, two = rooms
    renderer = one.renderer
    renderer.gate.clear()
    await one.edit("anna", PAINT)
    await two.edit("anna", PAINT)
    await asyncio.sleep(0.01)
    served = len(renderer.served)
    renderer.gate.set()
    await one.rest()
    await two.rest()
    keys = renderer.served[served:]
    assert len(keys) == 22
    assert all(first != second for first, second in pairwise(keys))


async def test_T6_who_comes_to_a_new_session_waits_for_one_step_of_another_at_most(rooms):
    """Its take asks for a turn before anybody is in: they come while it waits for that."""
    one, _ = rooms
    renderer = one.renderer
    renderer.gate.clear()
    await one.edit("anna", PAINT)
    while not renderer.queue.busy:
        await asyncio.sleep(0)
    new = Room(renderer, READY, SessionRow("s3", "e1", 0))
    await new.begin()
    async with asyncio.timeout(5):
        while all(waiting.key != "s3/1" for waiting in renderer.queue._turns._waiting):
            await asyncio.sleep(0)
    served = len(renderer.served)
    await new.arrive("anna", "owner")
    new.live.watch(new.people["anna"], Watch(tier="sheet"))
    renderer.gate.set()
    async with asyncio.timeout(5):
        while not (offers := new.people["anna"].mailbox.offers):
            await asyncio.sleep(0)
    seen = [unpack_preview(data) for key, data in offers if key == PREVIEW]
    keys = renderer.served[served:]
    await new.close()
    assert seen[0].step == 1
    assert keys[: keys.index("s3/1")] == ["s1/1"]


async def test_who_waits_for_memory_holds_nobody_up(rooms):
    """Two watched takes and room for one: the other says so, and comes when the first is done."""
    one, two = rooms
    renderer = one.renderer
    renderer.memory.budget = 256 * MIB
    renderer.memory.give_up("s2/1")
    renderer.gate.clear()
    await one.edit("anna", PAINT)
    await asyncio.sleep(0.01)
    await two.edit("anna", PAINT)
    await asyncio.sleep(0.01)
    assert two.live.status.state == "waiting"
    assert "holds 1 take; yours starts when one ends" in two.live.status.note
    served = len(renderer.served)
    renderer.gate.set()
    assert await one.rest() == one.expected()
    assert await two.rest() == two.expected()
    keys = renderer.served[served:]
    assert keys.index("s2/1") == keys.count("s1/1")
