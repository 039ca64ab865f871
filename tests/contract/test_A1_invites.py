"""A1: invites end by use, by time and by hand, and whoever came by one goes with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from rows import CREATED

from framejam_server.store.contract import SessionRow, StoreError, Token

NOW = 1_000_000
INVITE = Token("invite", "session1", b"i" * 32, "editor", created_at=1, created_by="olga")


def own(name: str, session: str = "session1") -> Token:
    return Token(f"token of {name}", session, name.encode().ljust(32), "editor", name)


async def participants(store) -> set[str]:
    """Who of the newcomers here has a token."""
    names = [f"person{number}" for number in range(50)]
    found = [await store.token(f"token of {name}") for name in names]
    return {token.participant for token in found if token is not None}


async def test_A1_fifty_at_once_use_an_invite_three_times(store):
    await store.add_token(replace(INVITE, max_uses=3))
    asked = [store.redeem("invite", own(f"person{number}"), NOW) for number in range(50)]
    told = await asyncio.gather(*asked)
    assert sum(told) == 3
    assert (await store.token("invite")).uses == 3
    let_in = {f"person{number}" for number, yes in enumerate(told) if yes}
    assert await participants(store) == let_in


async def test_A1_an_invite_without_a_bound_lets_all_in_and_counts_them(store):
    await store.add_token(INVITE)
    told = await asyncio.gather(
        *(store.redeem("invite", own(f"person{number}"), NOW) for number in range(50))
    )
    assert all(told)
    assert (await store.token("invite")).uses == 50
    assert len(await participants(store)) == 50


async def test_A1_who_came_by_an_invite_has_a_token_that_says_so(store):
    await store.add_token(INVITE)
    assert await store.redeem("invite", own("anna"), NOW)
    assert await store.token("token of anna") == replace(own("anna"), via="invite")


@pytest.mark.parametrize(("until", "let_in"), [(NOW - 1, False), (NOW, False), (NOW + 1, True)])
async def test_A1_an_invite_ends_at_its_time(store, until, let_in):
    await store.add_token(replace(INVITE, expires_at=until))
    assert await store.redeem("invite", own("anna"), NOW) is let_in
    assert (await store.token("token of anna") is not None) is let_in
    assert (await store.token("invite")).uses == int(let_in)


async def test_A1_only_an_invite_of_this_session_lets_in(store):
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    await store.add_token(INVITE)
    await store.add_token(own("boris"))
    for invite, token in (
        ("nothing", own("anna")),
        ("token of boris", own("anna")),  # a person's token is no invite
        ("invite", own("anna", "session2")),
    ):
        assert await store.redeem(invite, token, NOW) is False
        assert await store.token("token of anna") is None
    assert (await store.token("invite")).uses == 0
    assert (await store.token("token of boris")).uses == 0


async def test_A1_a_use_whose_token_cannot_be_kept_is_not_counted(store):
    await store.add_token(replace(INVITE, max_uses=2))
    assert await store.redeem("invite", own("anna"), NOW)
    with pytest.raises(StoreError):
        await store.redeem("invite", own("anna"), NOW)
    assert (await store.token("invite")).uses == 1


async def test_A1_invites_are_listed_oldest_first_with_everything_they_say(store):
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    late = Token("a", "session1", b"a" * 32, "viewer", None, "für 蝶", 9, "olga", 99, 5, 2)
    early = replace(late, id="z", created_at=3, expires_at=None, max_uses=None)
    launch = Token("launch", "session1", b"l" * 32, "owner", None, "launch")
    for token in (late, early, launch, own("anna"), replace(INVITE, session="session2")):
        await store.add_token(token)
    assert await store.invites("session1") == [launch, early, late]
    assert await store.invites("nowhere") == []


async def test_A1_revoking_an_invite_takes_who_came_by_it(store):
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    for token in (INVITE, replace(INVITE, id="other"), own("olga")):
        await store.add_token(token)
    for name, invite in (("anna", "invite"), ("boris", "other"), ("carla", "invite")):
        assert await store.redeem(invite, own(name), NOW)
    again = replace(own("anna"), id="second token of anna")
    assert await store.redeem("invite", again, NOW)
    assert await store.revoke_invite("session2", "invite") is None
    assert await store.revoke_invite("session1", "token of boris") is None
    assert sorted(await store.revoke_invite("session1", "invite")) == ["anna", "carla"]
    for gone in ("invite", "token of anna", "second token of anna", "token of carla"):
        assert await store.token(gone) is None, gone
    for stays in ("other", "token of boris", "token of olga"):
        assert await store.token(stays) is not None, stays
    assert await store.revoke_invite("session1", "invite") is None
    assert await store.redeem("invite", own("anna"), NOW) is False


async def test_A1_who_revokes_the_invite_they_came_by_stays(store):
    await store.add_token(INVITE)
    for name in ("anna", "boris"):
        assert await store.redeem("invite", own(name), NOW)
    assert await store.revoke_invite("session1", "invite", keep="anna") == ["boris"]
    assert await store.token("token of boris") is None
    assert await store.token("invite") is None
    assert await store.token("token of anna") == replace(own("anna"), via="invite")


async def test_A1_who_is_forgotten_has_no_way_back(store):
    """Neither their tokens nor links they made let them in again; others' do."""
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    theirs = [
        own("anna"),
        replace(own("anna"), id="second"),
        replace(INVITE, id="made by anna", created_by="anna"),
    ]
    others = [
        own("boris"),
        INVITE,
        replace(own("boris"), id="made for boris", created_by="anna"),
        replace(own("anna", "session2"), id="elsewhere"),
    ]
    for token in (*theirs, *others):
        await store.add_token(token)
    await store.forget_person("session1", "anna")
    assert [await store.token(token.id) for token in theirs] == [None] * 3
    assert [await store.token(token.id) for token in others] == others
    await store.forget_person("session1", "nobody")
