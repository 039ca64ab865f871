"""Looks of the Python client (T12), against a small scripted server."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from scripted import Scripted, joined, sheet, until

from framejam import Closed, LookEnded, Preview, Session, TakeFailed
from framejam_protocol.messages import EndLook, Look, LookStatus, Watch
from framejam_protocol.preview import TIER_DECODED


def done(number: int = 1) -> LookStatus:
    return LookStatus(number, 1, 4, 4, "finished", digest="ab")


async def asked(server: Scripted, count: int = 1) -> None:
    await until(lambda: len(server.got) == count)


async def test_T12_it_asks_for_what_is_left_out() -> None:
    async with joined() as (server, session):
        stroke = await session.paint([(0, 0)])
        async with session.look(without=[stroke, 9], people=["p0002"], take=3, at=41):
            await asked(server, 2)
        await asked(server, 3)
        async with session.look():
            await asked(server, 4)
        await asked(server, 5)
        assert server.got[1:] == [
            Look(1, 3, 41, (stroke.seq, 9), ("p0002",)),
            EndLook(),
            Look(2),
            EndLook(),
        ]


async def test_T12_its_pictures_come_to_it_and_those_of_the_take_to_the_session() -> None:
    async with joined() as (server, session), session.look() as look:
        await asked(server)
        await server.say(sheet(2, 2), sheet(3, 2, look=1), sheet(4, 2, look=7))
        await until(lambda: look.preview is not None)
        assert (session.preview, look.preview) != (None, None)
        assert session.preview is not None
        assert look.preview is not None
        assert (session.preview.step, look.preview.step) == (2, 3)
        await server.say(sheet(1, 2, look=1), sheet(3, 2))
        await until(lambda: session.preview is not None and session.preview.step == 3)
        assert look.preview.step == 1


async def test_T12_iterating_goes_on_to_the_finished_clip_whatever_comes_first() -> None:
    async with joined() as (server, session):
        for number, last in ((1, False), (2, True)):
            async with session.look() as look:
                following = asyncio.create_task(steps(look))
                await asked(server, 2 * number - 1)
                await server.say(sheet(1, 2, look=number))
                await until(lambda look=look: look.preview is not None)
                finished = sheet(4, 2, look=number, tier=TIER_DECODED)
                both: list[LookStatus | bytes] = [done(number), finished]
                for one in reversed(both) if last else both:
                    await server.say(one)
                    await asyncio.sleep(0.05)  # it is heard before the other comes
                assert (await following)[-1] == (4, True)
                assert (await look.finished()).digest == look.digest == "ab"
            await asked(server, 2 * number)


async def steps(look: object) -> list[tuple[int, bool]]:
    found = []
    async for preview in look:
        assert isinstance(preview, Preview)
        found.append((preview.step, preview.done))
    return found


async def test_T12_without_previews_iterating_ends_with_the_look() -> None:
    async with joined() as (server, session):
        await session.watch("none")
        async with session.look() as look:
            await asked(server, 2)
            assert server.got[0] == Watch("none")
            await server.say(done())
            assert await asyncio.wait_for(steps(look), 5) == []


async def test_T12_a_look_that_fails_says_why() -> None:
    async with joined() as (server, session), session.look(take=9) as look:
        await asked(server)
        await server.say(LookStatus(1, 9, 0, 0, "failed", "there is no take 9"))
        with pytest.raises(TakeFailed, match="no take 9"):
            await look.finished()
        with pytest.raises(TakeFailed, match="no take 9"):
            await steps(look)


async def test_T12_another_look_takes_its_place_here_or_in_another_tab() -> None:
    async with joined() as (server, session):
        async with session.look() as first:
            await asked(server)
            waiting = asyncio.create_task(first.finished())
            async with session.look(people=["p0002"]) as second:
                with pytest.raises(LookEnded, match="another"):
                    await asyncio.wait_for(waiting, 5)
                await server.say(LookStatus(1, 1, 0, 4, "ended", "replaced"))
                await server.say(LookStatus(2, 1, 1, 4, "ended", "by another tab"))
                with pytest.raises(LookEnded, match="by another tab"):
                    await asyncio.wait_for(second.finished(), 5)
        await asyncio.sleep(0.05)
        # Leaving either block must not end what has taken its place.
        assert server.got == [Look(1), Look(2, people=("p0002",))]


async def test_T12_it_is_asked_for_again_after_a_break_until_it_is_finished() -> None:
    async with joined() as (server, session), session.look(people=["p0002"]) as look:
        await asked(server)
        await broken(server, session)
        await asked(server, 2)
        assert server.got == [Look(1, people=("p0002",))] * 2
        await server.say(done())
        await look.finished()
        await broken(server, session)
        await session.paint([(0, 0)])
        assert len([one for one in server.got if isinstance(one, Look)]) == 2


async def test_T12_one_that_failed_is_not_asked_for_again() -> None:
    async with joined() as (server, session), session.look(people=["p0002"]) as look:
        await asked(server)
        await server.say(LookStatus(1, 1, 0, 4, "failed", "too large"))
        with pytest.raises(TakeFailed, match="too large"):
            await asyncio.wait_for(look.finished(), 5)
        await broken(server, session)
        await session.paint([(0, 0)])
        assert len([one for one in server.got if isinstance(one, Look)]) == 1


async def broken(server: Scripted, session: Session) -> None:
    """The connection breaks, and is there again."""
    hellos = len(server.hellos)
    assert server.socket is not None
    await server.socket.close(4000)
    await until(lambda: len(server.hellos) > hellos)


async def test_T12_what_was_not_sent_yet_and_is_over_is_not_asked_for() -> None:
    async with joined() as (server, session):
        async with session.look():
            pass
        async with session.look():
            pass
        await session.paint([(0, 0)])
        assert [type(one) for one in server.got[:-1]] == [EndLook]


async def test_C6_the_end_of_the_session_ends_what_waits_for_a_look() -> None:
    async with joined() as (server, session):
        with suppress(Closed):
            async with session.look() as look:
                await asked(server)
                waiting = asyncio.create_task(look.finished())
                assert server.socket is not None
                await server.socket.close(4506, "deleted")
                with pytest.raises(Closed, match="deleted"):
                    await asyncio.wait_for(waiting, 5)
        with pytest.raises(Closed):
            async with session.look():
                pass
