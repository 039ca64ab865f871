"""M6: the renderer is asked wherever an edit acts at a place, and only there."""

from __future__ import annotations

import pytest
from quick import QuickRenderer
from rooms import PULL, Room
from stage import PAINT, READY

from framejam_protocol.instructions import (
    Camera,
    Comment,
    Content,
    Erase,
    Lock,
    Region,
    Trajectory,
)
from framejam_protocol.limits import UNIT

CORNERS = ((0, 0), (UNIT, 0), (0, UNIT))


class AskedRenderer(QuickRenderer):
    """Every edit it is told of weighs a quarter."""

    def __init__(self):
        super().__init__()
        self.asked = []

    async def weigh(self, request):
        self.asked.append(request)
        return dict.fromkeys(request.mapping, 0.25)


@pytest.mark.parametrize(
    ("instruction", "kind"),
    [
        (PAINT, "paint"),
        (PULL, "drag"),
        (Trajectory(path=((0, 0), (9, 9)), radius=5), "trajectory"),
        (Camera(pan=100), "camera"),
        (Region(outline=CORNERS, text="a hat"), "region"),
        (Lock(outline=CORNERS), "lock"),
    ],
)
async def test_M6_the_renderer_is_asked_about_each_kind_that_acts_at_a_place(instruction, kind):
    room = Room(AskedRenderer(), READY)
    await room.open()
    seq = await room.edit("ben1", instruction)
    await room.rest()
    answer = await room.conductor.questions.who(2, (7, 8))
    (request,) = room.renderer.asked
    assert (request.frame, request.at, set(request.mapping)) == (2, (7, 8), {seq})
    (one,) = answer.instructions
    assert (one.edit, one.kind, one.author, one.weight) == (seq, kind, "ben1", UNIT // 4)
    await room.close()


async def test_M6_nobody_is_asked_where_nothing_acts_at_a_place():
    room = Room(AskedRenderer(), READY)
    await room.open()
    seq = await room.edit("ben1", Content("a fish"))
    await room.edit("anna", Comment("nice", (5, 5), 0))
    await room.edit("anna", Erase(points=((0, 0),), width=9))
    await room.rest()
    answer = await room.conductor.questions.who(0, (0, 0))
    assert room.renderer.asked == []
    assert [one.edit for one in answer.instructions] == [seq]
    await room.close()
