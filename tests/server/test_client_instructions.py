"""Every instruction as the Python client gives it: ordinary numbers in, integers out (L3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import get_args

import pytest
from scripted import Scripted, joined, until
from websockets.asyncio.server import ServerConnection

from framejam import Receipt, Session
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Comment,
    Content,
    Drag,
    Erase,
    Given,
    Image,
    Lock,
    Motion,
    Negative,
    Paint,
    Region,
    Revise,
    Spliced,
    Trajectory,
    Typed,
)
from framejam_protocol.messages import Ack, ClientMessage, Edit, LiveLine, Presence, Tier, Watch

TRIANGLE = [(0.0, 0.0), (1.0, 0.0), (0.5, 1.25)]
CORNERS = ((0, 0), (65536, 0), (32768, 81920))
EDGE = ((0, 0), (65536, 65536))

Call = Callable[[Session], Awaitable[Receipt]]

CALLS: list[tuple[Call, Given]] = [
    (lambda s: s.content("a cat"), Content("a cat")),
    (lambda s: s.motion("up", merge=True), Motion("up", base_seq=2)),
    (lambda s: s.negative("blur"), Negative("blur")),
    (lambda s: s.negative("", merge=True), Negative("", base_seq=2)),
    (lambda s: s.paint([(0, 0), (1, 1)], color="#AABBCC"), Paint(EDGE, "#aabbcc", 3932)),
    (
        lambda s: s.paint([(0, 0), (1, 1)], width=0.5, strength=0.25, frames=(1, 2), blend="color"),
        Paint(EDGE, "#ffffff", 32768, 16384, (1, 2), "color"),
    ),
    (lambda s: s.erase([(0, 0), (1, 1)], width=1, frames=(0, 3)), Erase(EDGE, 65536, (0, 3))),
    (
        lambda s: s.drag((0, 0), (1, 0.5), radius=0.5, strength=0, frames=(2, 2)),
        Drag((0, 0), (65536, 32768), 32768, 0, (2, 2)),
    ),
    (lambda s: s.trajectory(TRIANGLE), Trajectory(CORNERS, 16384)),
    (
        lambda s: s.trajectory(iter(TRIANGLE), radius=0.5, strength=0.5, frames=(4, 9)),
        Trajectory(CORNERS, 32768, 32768, (4, 9)),
    ),
    (lambda s: s.camera(), Camera()),
    (
        lambda s: s.camera(pan=-1, tilt=0.25, zoom=4, strength=0.5, frames=(0, 7)),
        Camera(-65536, 16384, 262144, 32768, (0, 7)),
    ),
    (lambda s: s.region(TRIANGLE, "gold"), Region(CORNERS, "gold")),
    (
        lambda s: s.region(iter(TRIANGLE), "gold", strength=0, frames=(1, 1)),
        Region(CORNERS, "gold", 0, (1, 1)),
    ),
    (lambda s: s.lock(TRIANGLE), Lock(CORNERS)),
    (lambda s: s.lock(iter(TRIANGLE), frames=(0, 7)), Lock(CORNERS, (0, 7))),
    (lambda s: s.comment("so?", (0.5, 1), 3), Comment("so?", (32768, 65536), 3)),
    (lambda s: s.image(None), Image(None)),
    (
        lambda s: s.revise(7, path=iter(TRIANGLE), radius=0.5, frames="all"),
        Revise(7, path=CORNERS, radius=32768, frames=None),
    ),
    (
        lambda s: s.revise(7, pan=0, tilt=-0.5, zoom=0.25, strength=0),
        Revise(7, pan=0, tilt=-32768, zoom=16384, strength=0),
    ),
    (lambda s: s.revise(Receipt(7, 1, 0.0), text="silver"), Revise(7, text="silver")),
    (
        lambda s: s.adjust(guidance=7.5, harmonize=0.4, mix=0, align=1, scheduler=""),
        Adjust(guidance=750, harmonize=40, mix=0, align=100, scheduler=""),
    ),
    (
        lambda s: s.adjust(loras={"ink": 0.8, "wool": -0.29}),
        Adjust(loras=(("ink", 80), ("wool", -29))),
    ),
    (lambda s: s.adjust(loras={}), Adjust(loras=())),
    (lambda s: s.adjust(seed=0, fps=1), Adjust(seed=0, fps=1)),
]


async def ack(server: Scripted, socket: ServerConnection, message: ClientMessage) -> None:
    """What is given is not put into the log: there is no edit 7 to revise in it."""
    assert isinstance(message, Edit)
    await server.say(Ack(message.client_seq, 3))


@pytest.mark.parametrize(("call", "given"), CALLS, ids=[repr(given)[:60] for _, given in CALLS])
async def test_L3_a_call_gives_the_instruction_in_integers(call: Call, given: Given) -> None:
    async with joined(ack) as (server, session):
        await call(session)
        assert server.got == [Edit(1, given)]


def test_M1_there_is_a_call_for_every_instruction() -> None:
    given = {type(one) for _, one in CALLS}
    # `spliced` goes by `splice`, which is tested with the texts; Yjs needs a CRDT, which this
    # client is without.
    assert given == set(get_args(Given)) - {Spliced, Typed}


async def test_T3_a_depth_goes_with_each_of_them() -> None:
    async with joined() as (server, session):
        await session.lock(TRIANGLE, depth=0.5)
        await session.camera(depth=1)
        await session.negative("blur", depth=0)
        assert [edit.depth for edit in server.got if isinstance(edit, Edit)] == [32768, 65536, 0]


async def test_L3_numbers_that_are_not_finite_are_refused_here() -> None:
    async with joined() as (server, session):
        nothing = float("nan")
        for call in (
            session.trajectory([(0, 0), (nothing, 0)]),
            session.camera(pan=nothing),
            session.region([(0, 0), (1, 0), (float("inf"), 1)], "x"),
            session.lock([(0, nothing), (1, 0), (1, 1)]),
        ):
            with pytest.raises(ValueError, match="finite"):
                await call
        assert server.got == []


@pytest.mark.parametrize("tier", [*get_args(Tier), "none"])
async def test_C5_every_tier_can_be_watched(tier: Tier) -> None:
    async with joined() as (server, session):
        await session.watch(tier, 5)
        await until(lambda: server.got == [Watch(tier, 5)])


async def test_C4_somebody_who_draws_an_outline_points_somewhere() -> None:
    async with joined() as (server, session):
        pointers = session._mirror.pointers
        drawing = Presence("p0002", 4, line=LiveLine("lock", ((1, 2),)))
        await server.say(drawing)
        await until(lambda: pointers == {("p0002", 4): drawing})
        await server.say(Presence("p0002", 4))
        await until(lambda: pointers == {})
