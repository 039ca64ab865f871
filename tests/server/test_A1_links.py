"""A1: links that end by time, by use and by hand, and who came by them."""

import asyncio

import pytest
from house import house_in

from framejam_protocol.errors import Close, Code
from framejam_protocol.limits import MAX_INVITES
from framejam_server.net.admission import _no_way_in

WORDS = str(_no_way_in())


@pytest.fixture
async def house(tmp_path):
    async with house_in(tmp_path) as made:
        yield made


@pytest.fixture
async def room(house):
    return await house.session(olga="owner", edna="editor", vera="viewer")


async def refused(room, token):
    """The typed words that somebody gets who is not let in."""
    raw = await room.knock(token)
    assert await raw.close_code() == Close.UNAUTHORISED
    (fault,) = raw.messages
    assert (fault["type"], fault["code"], fault["field"]) == ("fault", Code.UNAUTHORISED, "token")
    return fault["message"]


async def invites(room, who="olga"):
    return (await room.call("GET", "invites", who)).json["invites"]


async def test_A1_an_invite_says_what_was_asked_and_the_list_says_the_same_without_the_secret(
    house, room
):
    made = await room.invite(role="viewer", expires_in_s=60, max_uses=3, label="for the jury")
    expected = {
        "id": made.id,
        "role": "viewer",
        "label": "for the jury",
        "uses": 0,
        "max_uses": 3,
        "created_at": house.ms,
        "expires_at": house.ms + 60_000,
        "created_by": room.ids["olga"],
        "usable": True,
    }
    assert made.answer == {"path": f"/s/{room.id}#{made.token}", **expected}
    assert await invites(room) == [expected]
    secret = made.token.split(".")[1]
    assert secret not in str(await invites(room))
    raw = await room.join(made.token, name="Jo")
    assert raw.welcome["role"] == "viewer"
    assert (await invites(room))[0]["uses"] == 1


async def test_A1_an_invite_without_an_end_has_none(house, room):
    made = await room.invite()
    assert (made.expires_at, made.max_uses, made.label) == (None, None, "")
    house.ms += 10 * 365 * 86_400_000
    for _ in range(3):
        await room.join(made.token)
    assert [one["uses"] for one in await invites(room)] == [3]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"role": "king"}, "role"),
        ({"role": "none"}, "role"),
        ({}, "role"),
        ({"role": "editor", "expires_in_s": 59}, "expires_in_s"),
        ({"role": "editor", "expires_in_s": 31_536_001}, "expires_in_s"),
        ({"role": "editor", "expires_in_s": 60.5}, "expires_in_s"),
        ({"role": "editor", "max_uses": 0}, "max_uses"),
        ({"role": "editor", "max_uses": 1001}, "max_uses"),
        ({"role": "editor", "label": "x" * 65}, "label"),
        ({"role": "editor", "label": "launch"}, "label"),
        ({"role": "editor", "uses": 5}, "uses"),
        (b"not json", "body"),
        (b"[" * 100_000, "body"),
        (b"[" * 10_000, "body"),
        (b'{"role": "\xff"}', "body"),
    ],
)
async def test_A1_an_invite_that_cannot_be_is_refused_by_its_field(room, wanted, field):
    answer = await room.call("POST", "invites", "olga", wanted)
    assert answer.json["error"]["field"] == field
    assert answer.status in (400, 413)
    assert await invites(room) == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"expires_in_s": 60},
        {"expires_in_s": 31_536_000},
        {"max_uses": 1},
        {"max_uses": 1000},
        {"label": "ü" * 64},
        {"expires_in_s": None, "max_uses": None},
    ],
)
async def test_A1_the_ends_of_the_ranges_are_in_them(room, wanted):
    await room.invite(**wanted)


async def test_A1_a_session_has_so_many_invites_and_no_more(house, room):
    for _ in range(MAX_INVITES):
        await room.invite()
        house.ahead += 1
    answer = await room.call("POST", "invites", "olga", {"role": "viewer"})
    assert (answer.status, answer.json["error"]["code"]) == (413, Code.TOO_LARGE)
    (one, *_) = await invites(room)
    await room.call("DELETE", f"invites/{one['id']}", "olga")
    await room.invite()


async def test_A1_expired_used_up_revoked_and_unknown_links_are_refused_with_the_same_words(
    house, room
):
    short = await room.invite(expires_in_s=60)
    once = await room.invite(max_uses=1)
    gone = await room.invite()
    await room.join(short.token)
    await room.join(once.token)
    assert (await room.call("DELETE", f"invites/{gone.id}", "olga")).status == 200
    house.ms += 59_999
    await room.join(short.token)
    house.ms += 1
    unknown = f"{'0' * 16}.{'x' * 43}"
    for token in (short.token, once.token, gone.token, unknown):
        assert await refused(room, token) == WORDS
    assert "ask its owner for a new one" in WORDS
    usable = {one["id"]: one["usable"] for one in await invites(room)}
    assert usable == {short.id: False, once.id: False}


async def test_A1_of_many_at_once_as_many_are_let_in_as_the_invite_has_uses(room):
    invite = await room.invite(max_uses=4)
    before = len(room.live.state.participants)
    raws = await asyncio.gather(*(room.knock(invite.token) for _ in range(12)))

    async def let_in(raw):
        while not (raw.messages or raw.closed):
            await asyncio.sleep(0.005)
        return raw.messages[0]["type"] == "welcome"

    assert sum(await asyncio.gather(*map(let_in, raws))) == 4
    assert len(room.live.state.participants) == before + 4
    assert (await invites(room))[0]["uses"] == 4


async def test_A1_revoking_closes_who_came_by_it_at_once_and_nobody_else(house, room):
    invite, other = await room.invite(), await room.invite()
    olga, edna = await room.join("olga"), await room.join("edna")
    one = await room.join(invite.token, name="One")
    tab = await room.join(one.token)
    two = await room.join(invite.token, name="Two")
    apart = await room.join(other.token, name="Apart")
    answer = await room.call("DELETE", f"invites/{invite.id}", "olga")
    people = {raw.welcome["participant"] for raw in (one, two)}
    assert set(answer.json["removed"]) == people
    for raw in (one, tab, two):
        assert await raw.close_code() == Close.UNAUTHORISED
        assert raw.closed[1] == "an owner took back the link by which you came"
        assert await refused(room, raw.token) == WORDS
        assert (await room.call("GET", "takes", raw.token)).status == 401
    await olga.wait_for(
        lambda m: m["type"] == "people" and not {p["participant"] for p in m["people"]} & people
    )
    roles = room.roles()
    assert (roles["One"], roles["Two"], roles["Apart"]) == ("none", "none", "editor")
    for raw in (olga, edna, apart):
        assert (await raw.content("still here"))["type"] == "ack"
    assert [one["id"] for one in await invites(room)] == [other.id]
    again = await room.call("DELETE", f"invites/{invite.id}", "olga")
    assert (again.status, again.json["error"]["field"]) == (404, "invite")


async def test_A1_nothing_reaches_who_was_put_out(room):
    invite = await room.invite()
    olga, gone = await room.join("olga"), await room.join(invite.token)
    await room.call("DELETE", f"invites/{invite.id}", "olga")
    ack = await olga.content("between ourselves")
    await gone.close_code()
    assert ack["seq"] not in {event["seq"] for event in gone.events}


async def test_A1_who_revokes_the_link_they_came_by_stays(house):
    room = await house.session(root="owner")
    first = await room.invite("root", role="owner")
    olga, guest = (
        await room.join(first.token, name="Olga"),
        await room.join(first.token, name="Gus"),
    )
    answer = await room.call("DELETE", f"invites/{first.id}", olga.token)
    assert answer.json["removed"] == [guest.welcome["participant"]]
    await guest.close_code()
    assert (await olga.content("mine"))["type"] == "ack"
    assert (await room.join(olga.token)).welcome["role"] == "owner"
    assert await refused(room, first.token) == WORDS


async def test_A1_who_is_coming_in_while_the_link_is_revoked_is_not_left_inside(house, room):
    invite = await room.invite()
    join, ready, go = room.live.join, asyncio.Event(), asyncio.Event()

    async def slow(joined):
        ready.set()
        await go.wait()
        await join(joined)

    room.live.join = slow
    raw = await room.knock(invite.token, name="Late")
    await ready.wait()
    assert (await room.call("DELETE", f"invites/{invite.id}", "olga")).json["removed"] == []
    go.set()
    assert await raw.close_code() == Close.UNAUTHORISED
    assert room.roles()["Late"] == "none"
    assert all(member.participant in room.ids.values() for member in room.live.members.values())


async def test_A1_who_is_removed_while_they_are_coming_in_is_not_left_inside(house, room):
    """Their role is gone and their token is not yet: nothing of what they still have lets in."""
    invite, token = await room.invite(), house.store.token

    async def removed_meanwhile(name):
        found = await token(name)
        if found is not None and found.via == invite.id:
            assert await room.live.assign(room.ids["olga"], found.participant, "none") is None
        return found

    house.store.token = removed_meanwhile
    assert await refused(room, invite.token) == WORDS
    assert "none" in room.roles().values()
    assert not room.live.members


async def test_A1_who_is_out_with_the_link_they_came_by_leaves_no_links_behind(house, room):
    first = await room.invite(role="owner")
    otto = await room.join(first.token, name="Otto")
    theirs, other = await room.invite(otto.token, role="owner"), await room.invite()
    answer = await room.call("DELETE", f"invites/{first.id}", "olga")
    assert answer.json["removed"] == [otto.welcome["participant"]]
    assert [one["id"] for one in await invites(room)] == [other.id]
    assert await refused(room, theirs.token) == WORDS


async def test_A1_links_of_somebody_who_is_no_owner_any_more_open_nothing(house, room):
    await room.add("otto", "owner")
    back = await room.invite("otto", role="owner")
    assert (
        await room.call("PATCH", f"people/{room.ids['otto']}", "olga", {"role": "viewer"})
    ).status == 200
    assert await refused(room, back.token) == WORDS
    assert [one["usable"] for one in await invites(room)] == [False]
    await room.call("PATCH", f"people/{room.ids['otto']}", "olga", {"role": "owner"})
    await room.join(back.token)
    await room.call("DELETE", f"people/{room.ids['otto']}", "olga")
    assert await refused(room, back.token) == WORDS
    assert await invites(room) == [], "their links go with them"


async def test_A1_an_invite_of_another_session_cannot_be_revoked_or_seen(house, room):
    other = await house.session(otto="owner")
    theirs = await other.invite("otto")
    answer = await room.call("DELETE", f"invites/{theirs.id}", "olga")
    missing = await room.call("DELETE", "invites/0011223344556677", "olga")
    assert (answer.status, answer.json) == (missing.status, missing.json) == (404, missing.json)
    assert await invites(room) == []
    await other.join(theirs.token)


async def test_A1_one_person_in_two_tabs_after_a_reload_and_days_is_one_person(house, room):
    invite = await room.invite(expires_in_s=60)
    first = await room.join(invite.token, name="Mira")
    house.ms += 30 * 86_400_000
    second = await room.join(first.token, name="Somebody else")
    assert second.welcome["participant"] == first.welcome["participant"]
    assert second.welcome["token"] is None
    assert [one.name for one in room.live.state.participants.values()].count("Mira") == 1
    assert "Somebody else" not in room.roles()
    assert (await second.content("from the other tab"))["type"] == "ack"
    await first.close()
    await second.close()
    third = await room.join(first.token)
    assert third.welcome["participant"] == first.welcome["participant"]
    assert (await third.command(type="undo"))["type"] == "ack", "undo is theirs in any tab (U5)"
