"""R1: a look at the past shows it across restores, undos and other takes, as it was then."""

from __future__ import annotations

import pytest
from quick import QuickRenderer
from rooms import FAR, PULL, Room, final
from stage import PAINT, READY

from framejam_protocol.instructions import Adjust
from framejam_protocol.messages import Redo, Restore, Undo


@pytest.fixture
async def room():
    room = Room(QuickRenderer(), READY)
    await room.open()
    yield room
    await room.close()


async def looked(room: Room, at: int, number: int) -> str | None:
    return (await final(room.look("vera", number, at=at), number)).digest


async def test_R1_each_moment_of_a_history_is_shown_again(room):
    """What the take was when it rested, whatever has been turned since."""
    was: dict[int, str] = {}

    async def rested() -> int:
        was[room.live.state.seq] = await room.rest()
        was[room.live.state.seq] = await room.rest()
        return room.live.state.seq

    await room.edit("anna", PAINT)
    painted = await rested()
    await room.edit("ben1", PULL)
    await rested()
    await room.edit("anna", Adjust(seed=99))
    await rested()
    await room.edit("ben1", FAR)
    await rested()
    await room.command("anna", lambda number: Restore(number, painted))
    await rested()
    await room.command("anna", Undo)
    await rested()
    await room.command("anna", Redo)
    await rested()
    assert len(set(was.values())) >= 4
    for number, (seq, digest) in enumerate(was.items(), 1):
        assert await looked(room, seq, number) == digest, seq


async def test_R1_a_look_at_the_past_says_which_take_and_seq_it_shows(room):
    await room.edit("anna", PAINT)
    await room.rest()
    then = room.live.state.seq
    await room.edit("anna", Adjust(seed=99))
    await room.rest()
    status = await final(room.look("vera", at=then))
    assert (status.take, status.state) == (1, "finished")
    assert room.live.state.take == 2
