"""A1: roles change, people are removed or leave, and the trail says so."""

import asyncio

import pytest
from house import START_MS, house_in

from framejam_protocol.errors import Close, Code
from framejam_protocol.events import Assigned
from framejam_protocol.limits import CALLS_PER_SECOND, MAX_CALL_BURST
from framejam_server.store.contract import Audit
from framejam_server.store.memory import MemoryStore
from framejam_server.trail import AGAIN_MS


@pytest.fixture
async def house(tmp_path):
    async with house_in(tmp_path) as made:
        yield made


@pytest.fixture
async def room(house):
    return await house.session(olga="owner", edna="editor", vera="viewer")


async def assign(room, who, whom, role, **more):
    return await room.call("PATCH", f"people/{room.ids[whom]}", who, {"role": role, **more})


async def remove(room, who, whom):
    return await room.call("DELETE", f"people/{room.ids[whom]}", who)


def error(answer):
    return (answer.status, answer.json["error"]["code"], answer.json["error"]["field"])


async def trail(room, who="olga", **query):
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    answer = await room.call("GET", f"audit?{asked}", who)
    assert answer.status == 200, answer.body
    return answer.json["entries"]


async def test_A1_a_role_holds_for_the_next_command_and_everybody_sees_it(room):
    olga, edna, vera = [await room.join(name) for name in ("olga", "edna", "vera")]
    assert (await vera.content("no"))["code"] == Code.FORBIDDEN
    answer = await assign(room, "olga", "vera", "editor")
    assert (answer.status, answer.json) == (
        200,
        {"participant": room.ids["vera"], "role": "editor"},
    )
    assert (await vera.content("yes"))["type"] == "ack"
    assert (await assign(room, "olga", "edna", "viewer")).status == 200
    refusal = await edna.content("no more")
    assert (refusal["code"], refusal["rule"]) == (Code.FORBIDDEN, "A1")
    assert edna.closed is None, "who may do less is still here"
    for raw in (olga, edna, vera):
        await raw.wait_for(
            lambda m: (
                m["type"] == "people"
                and {p["name"]: p["role"] for p in m["people"]}
                == {"olga": "owner", "edna": "viewer", "vera": "editor"}
            )
        )
        roles = [e["body"]["role"] for e in raw.events if e["body"]["kind"] == "assigned"]
        assert roles == ["editor", "viewer"]
    assert (await room.join("edna")).welcome["role"] == "viewer"


async def test_A1_commands_on_their_way_when_a_role_ends_are_refused(room):
    """Whatever was sent, nothing of theirs follows the event that took their role."""
    edna = await room.join("edna")
    edits = [
        {"type": "edit", "client_seq": number, "instruction": {"kind": "content", "text": "x"}}
        for number in range(1, 101)
    ]
    changing = asyncio.create_task(assign(room, "olga", "edna", "viewer"))
    for edit in edits:
        await edna.send(edit)
    assert (await changing).status == 200
    last = await edna.wait_for(lambda m: m.get("client_seq") == 100)
    assert last["code"] == Code.FORBIDDEN
    log = room.live.core.log
    (assigned,) = [event.seq for event in log if isinstance(event.body, Assigned)]
    assert all(event.author != room.ids["edna"] for event in log[assigned:])
    acked = [m["seq"] for m in edna.messages if m["type"] == "ack"]
    assert acked == [event.seq for event in log if event.client_seq is not None]


async def test_A1_who_is_removed_is_out_at_once_on_every_tab_and_does_not_come_back(room):
    olga, edna, tab = [await room.join(name) for name in ("olga", "edna", "edna")]
    kept = (await edna.content("what she wrote"))["seq"]
    made = await remove(room, "olga", "edna")
    assert (made.status, made.json) == (200, {"participant": room.ids["edna"], "role": "none"})
    for raw in (edna, tab):
        assert await raw.close_code() == Close.UNAUTHORISED
        assert raw.closed[1] == "an owner removed you from this session"
    again = await room.knock(room.tokens["edna"])
    assert await again.close_code() == Close.UNAUTHORISED
    assert (await room.call("GET", "takes", "edna")).status == 401
    await olga.wait_for(
        lambda m: m["type"] == "people" and {p["name"] for p in m["people"]} == {"olga", "vera"}
    )
    assert room.live.state.live(kept), "what somebody gave stays"
    assert error(await remove(room, "olga", "edna")) == (404, Code.NOT_FOUND, "participant")
    back = await assign(room, "olga", "edna", "editor")
    assert error(back) == (409, Code.CONFLICT, "participant")


async def test_A1_who_was_removed_has_no_role_though_a_crash_left_their_token(room):
    """The role goes first: whatever dies after that, the token is good for nothing."""
    assert await room.live.assign(room.ids["olga"], room.ids["edna"], "none") is None
    token = room.tokens["edna"]
    assert await room.house.store.token(token.split(".")[0]) is not None
    raw = await room.knock(token)
    assert await raw.close_code() == Close.UNAUTHORISED
    for method, path in (("GET", "takes"), ("POST", "blobs"), ("DELETE", "")):
        answer = await room.call(method, path, "edna", b"")
        assert error(answer) == (401, Code.UNAUTHORISED, "Authorization")
    assert (await remove(room, "olga", "vera")).status == 200


async def test_A1_who_was_removed_takes_no_client_id_from_others(room):
    assert await room.live.assign(room.ids["olga"], room.ids["edna"], "none") is None
    raw = await room.knock(room.tokens["edna"], client_id="client-wanted")
    assert await raw.close_code() == Close.UNAUTHORISED
    vera = await room.join("vera", client_id="client-wanted")
    assert vera.welcome["participant"] == room.ids["vera"]


async def test_A1_a_message_that_waits_when_its_sender_is_removed_is_not_heard(room):
    edna = await room.join("edna")
    before = room.live.state.seq
    for number in range(1, 101):
        await edna.send(
            {
                "type": "edit",
                "client_seq": number,
                "instruction": {"kind": "content", "text": "x" * number},
            }
        )
    await remove(room, "olga", "edna")
    await edna.close_code()
    log = room.live.core.log
    (assigned,) = [event.seq for event in log if isinstance(event.body, Assigned)]
    assert all(event.author != room.ids["edna"] for event in log[assigned:])
    assert assigned > before


async def test_A1_everybody_may_leave_and_the_last_owner_may_not(room):
    vera, edna = await room.join("vera"), await room.join("edna")
    assert (await remove(room, "vera", "vera")).status == 200
    assert await vera.close_code() == Close.UNAUTHORISED
    assert vera.closed[1] == "you left this session"
    assert (await remove(room, "edna", "edna")).status == 200
    await edna.close_code()
    assert error(await remove(room, "olga", "olga")) == (409, Code.CONFLICT, "role")
    assert error(await assign(room, "olga", "olga", "viewer")) == (409, Code.CONFLICT, "role")
    assert (await room.join("olga")).welcome["role"] == "owner"
    kinds = [(one["kind"], one["who"]) for one in await trail(room)]
    assert ("left", room.ids["vera"]) in kinds


async def test_A1_only_owners_change_others(room):
    for who in ("edna", "vera"):
        for whom in ("olga", "edna", "vera"):
            assert (await assign(room, who, whom, "owner")).status == 403
            if who != whom:
                assert (await remove(room, who, whom)).status == 403
    assert room.roles() == {"olga": "owner", "edna": "editor", "vera": "viewer"}


async def test_A1_a_session_changes_hands_in_one_go(room):
    olga = await room.join("olga")
    wrong = await assign(room, "olga", "edna", "editor", hand_over=True)
    assert error(wrong) == (400, Code.INVALID, "hand_over")
    own = await assign(room, "olga", "olga", "owner", hand_over=True)
    assert error(own) == (400, Code.INVALID, "hand_over")
    assert (await assign(room, "olga", "edna", "owner", hand_over=True)).status == 200
    assert room.roles() == {"olga": "editor", "edna": "owner", "vera": "viewer"}
    assert (await olga.content("still an editor"))["type"] == "ack"
    assert (await room.call("GET", "invites", "olga")).status == 403
    assert (await trail(room, "edna"))[0] | {"id": 0} == {
        "id": 0,
        "at": START_MS,
        "kind": "handed_over",
        "who": room.ids["olga"],
        "about": room.ids["edna"],
        "detail": "owner",
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "none"}, "role"),
        ({"role": "king"}, "role"),
        ({}, "role"),
        ({"role": "editor", "hand_over": 1}, "hand_over"),
        ({"role": "editor", "name": "x"}, "name"),
    ],
)
async def test_A1_a_role_that_cannot_be_is_refused_by_its_field(room, body, field):
    answer = await room.call("PATCH", f"people/{room.ids['edna']}", "olga", body)
    assert error(answer) == (400, Code.INVALID, field)
    assert room.roles()["edna"] == "editor"


async def test_A1_nobody_of_another_session_can_be_named(house, room):
    other = await house.session(otto="owner", ella="editor")
    for whom in (other.ids["ella"], "nobody", "x" * 500):
        removed = await room.call("DELETE", f"people/{whom}", "olga")
        changed = await room.call("PATCH", f"people/{whom}", "olga", {"role": "viewer"})
        assert error(removed) == error(changed) == (404, Code.NOT_FOUND, "participant")
    assert other.roles()["ella"] == "editor"


async def test_A1_roles_and_removals_outlast_a_restart(tmp_path):
    store = MemoryStore()
    async with house_in(tmp_path, store) as house:
        room = await house.session(olga="owner", edna="editor", vera="viewer")
        first = await room.join("edna")
        assert (await first.content("before"))["type"] == "ack"
        await assign(room, "olga", "vera", "editor")
        await assign(room, "olga", "edna", "viewer")
        await room.add("gone", "editor")
        await remove(room, "olga", "gone")
        tokens, ids, session = room.tokens, room.ids, room.id
    async with house_in(tmp_path, store) as house:
        again = type(room)(house, session, await house.running(session))
        again.tokens, again.ids = tokens, ids
        edna = await again.join("edna")
        assert (edna.welcome["participant"], edna.welcome["role"]) == (ids["edna"], "viewer")
        assert (await again.join("vera")).welcome["role"] == "editor"
        raw = await again.knock(tokens["gone"])
        assert await raw.close_code() == Close.UNAUTHORISED


async def test_A1_the_trail_says_who_came_and_what_owners_did(house, room):
    invite = await room.invite(label="for Mo")
    mo = await room.join(invite.token, name="Mo")
    await house.hub.trail.close()
    await assign(room, "olga", "vera", "editor")
    await remove(room, "olga", "edna")
    await room.call("DELETE", f"invites/{invite.id}", "olga")
    entries = await trail(room)
    olga, mo = room.ids["olga"], mo.welcome["participant"]
    assert [(one["kind"], one["who"], one["about"], one["detail"]) for one in entries] == [
        ("removed", olga, mo, f"with {invite.id}"),
        ("revoked", olga, invite.id, ""),
        ("removed", olga, room.ids["edna"], ""),
        ("role", olga, room.ids["vera"], "editor"),
        ("joined", mo, invite.id, "editor"),
        ("invited", olga, invite.id, "editor: for Mo"),
    ]
    assert [one["id"] for one in entries] == [6, 5, 4, 3, 2, 1]
    assert {one["at"] for one in entries} == {house.ms}
    assert await trail(room, limit=2) == entries[:2]
    assert await trail(room, before=3, limit=1) == entries[4:5]
    said = str(entries)
    assert "127.0.0.1" not in said
    for token in (invite.token, *room.tokens.values()):
        assert token.split(".")[1] not in said


@pytest.mark.parametrize("query", ["before=0", "limit=0", "limit=201", "before=x", "limit=-1"])
async def test_A1_a_page_of_the_trail_that_cannot_be_is_refused_by_its_field(room, query):
    answer = await room.call("GET", f"audit?{query}", "olga")
    assert error(answer) == (400, Code.INVALID, query.partition("=")[0])


async def test_A1_who_comes_back_again_and_again_does_not_fill_the_trail(house, room):
    for _ in range(3):
        raw = await room.join("edna")
        await raw.close()
    await house.hub.trail.close()
    assert [one["kind"] for one in await trail(room)] == ["came_back"]
    house.ms += AGAIN_MS
    await room.join("edna")
    await house.hub.trail.close()
    assert [one["kind"] for one in await trail(room)] == ["came_back"] * 2


async def test_A1_the_trail_is_the_owners_and_each_session_has_its_own(house, room):
    other = await house.session(otto="owner")
    await other.invite("otto")
    assert await trail(room) == []
    await house.store.audit(room.id, Audit(house.ms, "exported", room.ids["vera"]))
    assert [one["kind"] for one in await trail(room)] == ["exported"]
    for who in ("edna", "vera"):
        assert (await room.call("GET", "audit", who)).status == 403


async def test_L5_calls_have_a_rate_and_it_is_each_persons_own(house, room):
    house.hub.clock = type(house.hub.clock)(house.hub.clock.now, lambda: house.ahead)
    for _ in range(MAX_CALL_BURST):
        assert (await room.call("GET", "takes", "edna")).status == 200
    late = await room.call("GET", "takes", "edna")
    assert error(late) == (429, Code.RATE_LIMITED, None)
    assert int(late.headers["Retry-After"]) == 1
    assert (await room.call("GET", "takes", "vera")).status == 200
    house.ahead += 1
    answers = [(await room.call("GET", "takes", "edna")).status for _ in range(25)]
    assert answers == [200] * CALLS_PER_SECOND + [429] * (25 - CALLS_PER_SECOND)
