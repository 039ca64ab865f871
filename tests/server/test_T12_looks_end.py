"""T12: looks from several connections, how they end, and what they leave behind."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest
from quick import QuickRenderer
from rooms import Room, final, shown, statuses
from stage import PAINT, READY

from framejam_protocol.instructions import Lock
from framejam_protocol.limits import UNIT
from framejam_protocol.messages import EndLook, Undo, Watch
from framejam_protocol.preview import TIER_DECODED
from framejam_server import looks
from framejam_server.net.websocket import _dispatch

KEY = "s1/look/anna"


@pytest.fixture
async def room():
    room = Room(QuickRenderer(), READY)
    await room.open()
    yield room
    await room.close()


def say(room, member, message):
    _dispatch(message, None, SimpleNamespace(live=room.live, looks=room.looks), member)


async def test_T6_a_look_that_always_kills_at_a_later_step_is_given_up(room):
    await room.rest()
    room.renderer.deadly[KEY] = 3
    status = await final(room.look("anna"))
    assert (status.state, room.renderer.served.count(KEY)) == ("failed", 9)
    assert "three times" in status.note
    # The count is that of one look, and a finished one ends it.
    del room.renderer.deadly[KEY]
    room.renderer.deaths[KEY] = 2
    room.look("anna", 2)
    assert (await final(room.people["anna"], 2)).state == "finished"


async def test_T12_a_failed_look_takes_no_room(room):
    await room.rest()
    room.renderer.failures[KEY] = "step 0: the latents hold NaN"
    assert (await final(room.look("anna"))).state == "failed"
    assert KEY not in room.renderer.memory
    assert "s1/1" in room.renderer.memory


@pytest.mark.parametrize("past", [False, True], ids=["now", "then"])
async def test_T12_what_a_look_shows_is_found_on_another_thread(room, monkeypatch, past):
    """It takes a while; nobody else may wait for it, nor change what it reads."""
    seq = await room.edit("anna", PAINT)
    await room.rest()
    lock = await room.edit("anna", Lock(outline=((0, 0), (UNIT, 0), (0, UNIT))))
    whole = await room.rest()
    then = room.live.state.seq if past else None
    if past:
        await room.command("anna", lambda number: Undo(number, group=lock))
        await room.rest()
    found = []

    def variation(state, *rest):
        found.append((threading.current_thread(), state))
        return real(state, *rest)

    real = looks.variation
    monkeypatch.setattr(looks, "variation", variation)
    room.live.kept.known = {}
    assert (await final(room.look("ben1", at=then))).digest == whole
    ((thread, state),) = found
    assert thread is not threading.main_thread()
    assert state is not room.live.state
    assert room.live.kept.known[lock].pairs.keys() == {seq}, "it need not be found again"


async def test_T12_who_looks_in_another_tab_is_told_that_a_look_is_over_before_it_began(room):
    anna, elsewhere = room.people["anna"], room.connect("anna")
    await room.rest()
    room.look(anna, 1)
    room.look(elsewhere, 2)
    assert [one.state for one in statuses(anna, 1)] == ["ended"]
    assert (await final(elsewhere, 2)).state == "finished"


async def test_T12_only_the_tab_that_asked_ends_its_look(room):
    await room.rest()
    anna, elsewhere = room.people["anna"], room.connect("anna")
    room.look(elsewhere, 1)
    say(room, anna, EndLook())
    assert (await final(elsewhere, 1)).state == "finished"
    # Where it is gone any other of hers does.
    room.connect("anna")
    room.live.leave(elsewhere)
    room.looks.left(elsewhere)
    assert "anna" in room.looks._views
    say(room, anna, EndLook())
    assert "anna" not in room.looks._views


async def test_C6_a_closed_session_shows_no_looks(room):
    await room.rest()
    await room.looks.close()
    anna = room.look("anna")
    await asyncio.sleep(0.01)
    assert not room.looks._views
    assert not statuses(anna)


async def test_C5_who_watches_again_after_a_look_has_finished_sees_its_clip(room):
    await room.rest()
    anna, other = room.people["anna"], room.connect("anna")
    say(room, anna, Watch(tier="none"))
    await final(room.look(anna))
    assert not shown(anna)
    served = room.renderer.served.count(KEY)
    say(room, other, Watch(tier="large"))  # not the tab that looks
    await asyncio.sleep(0.01)
    say(room, anna, Watch(tier="small"))
    async with asyncio.timeout(5):
        while not shown(anna):
            await asyncio.sleep(0)
    say(room, anna, Watch(tier="large"))  # it is there: not decoded for every size
    await asyncio.sleep(0.01)
    assert [(one.tier, one.width, one.look) for one in shown(anna)] == [(TIER_DECODED, 64, 1)]
    assert room.renderer.served.count(KEY) == served + 1
    assert [one.state for one in statuses(anna)] == ["waiting", "running", "finished"]
