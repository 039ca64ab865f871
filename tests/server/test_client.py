"""The Python client against a small scripted server: what it sends, keeps, and does again."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from scripted import MIRA, SETTINGS, Scripted, accept, joined, kept, link_of, sheet, until
from websockets.asyncio.server import ServerConnection, serve

import framejam
from framejam import Closed, Refused, TakeFailed, Unauthorised, Unreachable
from framejam_protocol.events import Edited, Event
from framejam_protocol.instructions import (
    Content,
    Paint,
)
from framejam_protocol.messages import (
    Ack,
    ClientMessage,
    Edit,
    Events,
    Fault,
    Need,
    PresenceUpdate,
    Refusal,
    TakeStatus,
    Watch,
)


async def test_C1_joining_gives_people_log_and_settings() -> None:
    async with joined() as (server, session):
        assert server.hellos[0].token == "token"
        assert server.hellos[0].name == "Mira"
        assert (session.me, session.role, session.settings) == ("p0001", "owner", SETTINGS)
        assert session.people == (MIRA,)
        assert [event.seq for event in session.log] == [1, 2]


async def test_L3_geometry_leaves_the_client_as_integers() -> None:
    async with joined() as (server, session):
        receipt = await session.paint(
            [(0, 0.5), (1, 1)], color="#FFcc00", width=0.125, strength=0.5
        )
        assert server.got == [Edit(1, Paint(((0, 32768), (65536, 65536)), "#ffcc00", 8192, 32768))]
        assert (receipt.seq, receipt.client_seq) == (3, 1)
        assert 0 < receipt.ack_ms < 5000
        with pytest.raises(ValueError, match="finite"):
            await session.paint([(float("nan"), 0)])


async def test_L4_a_command_whose_ack_was_lost_is_sent_again_and_counted_once() -> None:
    async def forgetful(server: Scripted, socket: ServerConnection, message: ClientMessage) -> None:
        assert isinstance(message, Edit)
        if message.client_seq < server.next_client_seq:
            await server.say(Ack(message.client_seq, 3))
            return
        server.append(message)
        server.recovers = True
        await socket.close(4000, "restarting")

    async with joined(forgetful) as (server, session):
        receipt = await session.content("a cat")
        assert receipt.seq == 3
        assert server.got == [Edit(1, Content("a cat"))] * 2
        assert server.hellos[1].token == "own-token"
        assert server.hellos[1].client_id == server.hellos[0].client_id
        assert server.hellos[1].resume is not None
        assert [event.seq for event in session.log] == [1, 2, 3]


async def test_C2_without_recovery_the_log_is_replaced() -> None:
    async with joined() as (server, session):
        await session.content("lost")
        server.log[2:] = [Event(3, 0, "p0001", Edited(kept(Content("other"))))]
        assert server.socket is not None
        await server.socket.close(4001, "slow")
        await until(lambda: len(server.hellos) == 2)
        await until(lambda: session.log[-1:] == (server.log[-1],))
        assert len(session.log) == 3


async def test_C3_a_gap_in_the_events_is_asked_for_once() -> None:
    async with joined() as (server, session):
        later = [Event(seq, 0, "p0001", Edited(kept(Content(str(seq))))) for seq in (3, 4, 5)]
        await server.say(later[1], later[2])
        await until(lambda: bool(server.got))
        await server.say(Events(tuple(later)))
        await until(lambda: len(session.log) == 5)
        assert server.got == [Need(2)]
        events = session.events(after=2)
        assert [(await anext(events)).seq for _ in range(3)] == [3, 4, 5]


async def test_L5_a_refusal_is_typed_and_the_session_goes_on() -> None:
    async def picky(server: Scripted, socket: ServerConnection, message: ClientMessage) -> None:
        if message == Edit(1, Content("bad")):
            server.next_client_seq = 2
            await server.say(Refusal(1, "invalid", "no", field="instruction.text", rule="M1"))
        else:
            await accept(server, socket, message)

    async with joined(picky) as (_, session):
        with pytest.raises(Refused) as caught:
            await session.content("bad")
        assert (caught.value.code, caught.value.field, caught.value.rule) == (
            "invalid",
            "instruction.text",
            "M1",
        )
        assert (await session.content("good")).client_seq == 2


async def test_L4_pipelined_commands_survive_a_gap() -> None:
    lost: list[Edit] = []

    async def lossy(server: Scripted, socket: ServerConnection, message: ClientMessage) -> None:
        assert isinstance(message, Edit)
        if message.client_seq == 1 and not lost:
            lost.append(message)
        elif message.client_seq != server.next_client_seq:
            await server.say(
                Refusal(
                    message.client_seq, "gap", "no", used=False, expected=server.next_client_seq
                )
            )
        else:
            await accept(server, socket, message)

    async with joined(lossy) as (server, session):
        receipts = await asyncio.gather(*(session.content(str(n)) for n in range(3)))
        assert [receipt.seq for receipt in receipts] == [3, 4, 5]
        assert [event.body for event in server.log[2:]] == [
            Edited(kept(Content(str(n)))) for n in range(3)
        ]


async def test_C5_previews_are_latest_wins_and_become_pictures() -> None:
    async with joined() as (server, session):
        previews = session.previews()
        await server.say(*(sheet(step, seq=2) for step in (1, 2, 3)))
        await until(lambda: session.preview is not None and session.preview.step == 3)
        preview = await anext(previews)
        assert (preview.take, preview.step, preview.steps, preview.seq, preview.done) == (
            1,
            3,
            4,
            2,
            False,
        )
        assert [image.size for image in preview.images] == [(8, 8)] * 3
        centres = [image.getpixel((4, 4)) for image in preview.images]
        for centre, color in zip(centres, ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True):
            assert isinstance(centre, tuple)
            assert all(abs(a - b) < 12 for a, b in zip(centre, color, strict=True))


async def test_C4_pointing_and_watching_are_sent_and_watching_survives_a_break() -> None:
    async with joined() as (server, session):
        await session.watch("none")
        await session.point(0.5, 0.25, frame=2)
        await until(lambda: len(server.got) == 2)
        assert set(map(type, server.got)) == {Watch, PresenceUpdate}
        assert PresenceUpdate(cursor=(32768, 16384), frame=2) in server.got
        assert server.socket is not None
        await server.socket.close(4000)
        await until(lambda: len(server.got) == 3)
        assert server.got[2] == Watch("none")


async def test_T13_finished_waits_for_the_seq_it_is_given() -> None:
    async with joined() as (server, session):
        await server.say(TakeStatus(1, 4, 4, "finished", 2, digest="old"))
        assert (await session.finished()).digest == "old"
        waiting = asyncio.create_task(session.finished(seq=3))
        await server.say(TakeStatus(1, 1, 4, "running", 3))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await server.say(TakeStatus(1, 4, 4, "finished", 3, digest="new"))
        assert (await waiting).digest == "new"
        await server.say(TakeStatus(1, 2, 4, "failed", 4, "gave up"))
        with pytest.raises(TakeFailed, match="gave up"):
            await session.finished(seq=4)


async def test_C6_a_final_close_ends_everything_that_waits() -> None:
    async def silent(server: Scripted, socket: ServerConnection, message: ClientMessage) -> None:
        await server.say(Fault("unauthorised", "this invite was revoked"))
        await socket.close(4503)

    async with joined(silent) as (server, session):
        events = asyncio.ensure_future(anext(session.events()))
        with pytest.raises(Unauthorised):
            await session.content("too late")
        with pytest.raises(Unauthorised):
            await events
        with pytest.raises(Closed):
            await session.undo()
        assert len(server.hellos) == 1


async def test_C1_a_refused_hello_raises_at_connect() -> None:
    async def turn_away(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.close(4503, "no such token")

    async with serve(turn_away, "127.0.0.1", 0) as listening:
        with pytest.raises(Unauthorised, match="no such token"):
            async with framejam.connect(link_of(listening.sockets)):
                pass


async def test_no_server_is_unreachable_in_the_given_time() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 within 0\.3 s"):
        async with framejam.connect("http://127.0.0.1:1/s/a#t", patience=0.3):
            pass


async def test_a_garbled_message_ends_the_session_instead_of_hanging_it() -> None:
    async with joined() as (server, session):
        with suppress(framejam.FramejamError):
            await server.say(b"\x81\xa4type\xa3ack")
            await asyncio.wait_for(session.finished(), 5)
        with pytest.raises(framejam.FramejamError, match="cannot go on"):
            await session.content("x")
