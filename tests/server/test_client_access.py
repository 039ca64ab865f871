"""The Python client about people: invites, roles, removals, the audit trail, the end (A1, A4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from running import RunningServer

import framejam
from framejam import Closed, Gone, Refused, Unauthorised

pytestmark = pytest.mark.slow


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def ended(session: framejam.Session) -> Closed:
    """Wait until a session is over for its client; with what."""
    async with asyncio.timeout(20):
        with pytest.raises(Closed) as caught:
            async for _ in session.events():
                pass
    return caught.value


async def test_A1_an_invite_has_a_role_an_end_and_uses(shared: RunningServer) -> None:
    async with framejam.connect(shared.link, "Mira") as mira:
        before = datetime.now(UTC)
        link = await mira.invite("viewer", expires_in=timedelta(hours=2), uses=2, label="the crew")
        async with framejam.connect(link, "Vera") as vera:
            assert vera.role == "viewer"
            made = (await mira.invites())[-1]
            assert (made.role, made.label, made.uses, made.max_uses) == ("viewer", "the crew", 1, 2)
            assert (made.created_by, made.usable) == (mira.me, True)
            assert made.created_at is not None
            assert made.expires_at is not None
            assert abs(made.created_at - before) < timedelta(seconds=20)
            assert made.expires_at - made.created_at == timedelta(hours=2)
            async with framejam.connect(link, "Vito"):
                pass
            with pytest.raises(Unauthorised):
                async with framejam.connect(link, "Vasco"):
                    pass
            assert not (await mira.invites())[-1].usable
            with pytest.raises(Refused) as caught:
                await vera.invites()
            assert caught.value.code == "forbidden"
        # Whoever came by it comes back by their own token, however used up the link is.
        with pytest.raises(Refused) as caught:
            await mira.invite(expires_in=5)
        assert (caught.value.code, caught.value.field) == ("invalid", "expires_in_s")
        with pytest.raises(Refused) as caught:
            await mira.invite(uses=0)
        assert caught.value.field == "max_uses"


async def test_A1_who_came_by_a_revoked_invite_is_out(shared: RunningServer) -> None:
    async with framejam.connect(shared.link, "Mira") as mira:
        link = await mira.invite(label="leaked")
        async with (
            framejam.connect(link, "Noor") as noor,
            framejam.connect(await mira.invite(), "Jonas") as jonas,
        ):
            await mira.revoke(link)
            assert isinstance(await ended(noor), Unauthorised)
            with pytest.raises(Unauthorised):
                async with framejam.connect(link, "Noor again"):
                    pass
            assert "leaked" not in [one.label for one in await mira.invites()]
            await until(lambda: mira.state.participants[noor.me].role == "none")
            assert (await jonas.content("still here")).seq
        with pytest.raises(Refused) as caught:
            await mira.revoke(link)
        assert caught.value.code == "not_found"


async def test_A1_a_role_changes_what_one_may_do_at_once(shared: RunningServer) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        await mira.assign(noor.me, "viewer")
        await until(lambda: noor.role == "viewer")
        with pytest.raises(Refused) as caught:
            await noor.content("not mine any more")
        assert caught.value.code == "forbidden"
        await until(lambda: noor.me in [person.participant for person in mira.people])
        person = next(one for one in mira.people if one.participant == noor.me)
        await mira.assign(person, "editor")
        await until(lambda: noor.role == "editor")
        assert (await noor.content("mine again")).seq
        with pytest.raises(Refused) as caught:
            await noor.assign(mira.me, "viewer")
        assert caught.value.code == "forbidden"


async def test_A1_the_last_owner_hands_over_and_is_not_lost(
    launch: Callable[..., RunningServer],
) -> None:
    server = launch()
    async with (
        framejam.connect(server.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        for lost in (mira.assign(mira.me, "editor"), mira.remove(mira.me)):
            with pytest.raises(Refused) as caught:
                await lost
            assert caught.value.code == "conflict"
        await mira.assign(noor.me, "owner", hand_over=True)
        await until(lambda: (mira.role, noor.role) == ("editor", "owner"))
        with pytest.raises(Refused) as caught:
            await mira.invite()
        assert caught.value.code == "forbidden"
        assert "#" in await noor.invite("viewer")


async def test_A1_who_was_removed_is_out_and_does_not_come_back(shared: RunningServer) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        stroke = await noor.paint([(0.1, 0.2)])
        own_link = shared.link.split("#")[0] + "#" + str(noor._rest._token())
        await mira.remove(noor.me)
        assert isinstance(await ended(noor), Unauthorised)
        with pytest.raises(Unauthorised):
            async with framejam.connect(own_link):
                pass
        with pytest.raises(Refused) as caught:
            await noor.download("0" * 64)
        assert caught.value.code == "unauthorised"
        await until(lambda: noor.me not in [person.participant for person in mira.people])
        assert mira.state.live(stroke.seq), "what they gave stays"
        with pytest.raises(Refused) as caught:
            await mira.remove(noor.me)
        assert caught.value.code == "not_found"


async def test_A1_the_audit_trail_tells_all_pages(launch: Callable[..., RunningServer]) -> None:
    server = launch()
    async with framejam.connect(server.link, "Mira") as mira:
        links = [await mira.invite(label=str(number)) for number in range(3)]
        for number in range(70):  # more than one page, and no faster than calls may come
            await mira.revoke(links.pop())
            links.append(await mira.invite("viewer", label=f"more {number}"))
            if number == 20:
                async with framejam.connect(links[-1], "Noor") as noor:
                    await mira.assign(noor.me, "editor")
                    await mira.remove(noor.me)
            links.append(await mira.invite(label=f"again {number}"))
            await asyncio.sleep(0.1)
        trail = await mira.audit()
        assert [one.id for one in trail] == list(range(len(trail), 0, -1))
        assert len(trail) > 200
        told = [(one.kind, one.who, one.about, one.detail) for one in trail]
        assert ("role", mira.me, noor.me, "editor") in told
        assert ("removed", mira.me, noor.me, "") in told
        came = next(one for one in trail if (one.kind, one.who) == ("joined", noor.me))
        assert came.detail == "viewer"
        invited = next(one for one in trail if (one.kind, one.about) == ("invited", came.about))
        assert invited.detail == "viewer: more 20"
        assert abs(trail[0].at - datetime.now(UTC)) < timedelta(seconds=20)


async def test_A4_a_deleted_session_is_gone_for_everybody(
    launch: Callable[..., RunningServer],
) -> None:
    server = launch()
    async with (
        framejam.connect(server.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        link = await mira.invite()
        with pytest.raises(Refused) as caught:
            await noor.delete()
        assert caught.value.code == "forbidden"
        await mira.delete()
        assert isinstance(await ended(mira), Gone)
        assert isinstance(await ended(noor), Gone)
        with pytest.raises(Closed):
            async with framejam.connect(link, "Vera"):
                pass
