"""R4: a branch is a session of its own, with the first events of another, and another's access."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from house import house_in
from test_R5_moves import picture

from framejam_protocol.events import Branched, Entered, Joined, Undone
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold
from framejam_server.quotas import Quotas
from framejam_server.records import Record
from framejam_server.store.contract import TakeRecord


async def worked_on(house):
    """A session with edits of an editor; the seqs of the first and the last."""
    room = await house.session(olga="owner", ed="editor", vera="viewer")
    raw = await room.join("ed")
    first = (await raw.content("a red ball"))["seq"]
    await raw.paint("#00ff00")
    last = (await raw.paint("#0000ff"))["seq"]
    await raw.close()
    return room, first, last


async def branched(room, who: str, seq: int, **fields):
    answer = await room.call("POST", "branches", who, {"seq": seq, **fields})
    assert answer.status == 201, answer.body
    assert set(answer.json) == {"session", "path", "participant"}
    assert answer.json["path"].startswith(f"/s/{answer.json['session']}#")
    return answer.json, await room.house.running(answer.json["session"])


@pytest.mark.parametrize("who", ["olga", "ed"])
async def test_R4_events_are_the_same_and_access_is_new(tmp_path: Path, who: str):
    async with house_in(tmp_path) as house:
        room, first, last = await worked_on(house)
        before = list(room.live.core.log)
        answer, branch = await branched(room, who, first, name="Another way")
        stored = await house.store.load(answer["session"])
        assert stored.events[:first] == before[:first]
        ours = room.ids[who]
        assert stored.events[first].body == Branched(room.id, first, ours)
        # The branch's own take runs by now.
        assert {type(event.body) for event in stored.events[first + 1 :]} <= {Entered}
        assert stored.receipts == []
        assert (stored.row.name, stored.row.origin, stored.row.origin_seq) == (
            "Another way",
            room.id,
            first,
        )
        assert stored.row.epoch != room.live.row.epoch
        state = branch.live.state
        assert state_hash(state) == state_hash(fold(before[:first]))
        assert state.origin == (room.id, first)
        assert answer["participant"] == ours
        assert {one.participant: one.role for one in state.participants.values()} == {
            one: "owner" if one == ours else "none" for one in room.ids.values()
        }
        # Nothing happened to the other.
        after = list(room.live.core.log)
        assert after[: len(before)] == before
        assert {type(event.body) for event in after[len(before) :]} <= {Entered}
        assert last > first


async def test_R4_who_branched_goes_on_as_themselves_and_nobody_else_comes(tmp_path: Path):
    async with house_in(tmp_path) as house:
        room, _, last = await worked_on(house)
        answer, branch = await branched(room, "ed", last)
        there = answer["path"].split("#")[1]
        strangers = dict(room.tokens)
        room.id = answer["session"]
        raw = await room.join(there)
        assert raw.welcome["participant"] == answer["participant"]
        assert raw.welcome["role"] == "owner"
        assert raw.welcome["token"] is None  # nobody new
        # Their strokes are theirs still: they undo the newest.
        done = await raw.command(type="undo")
        assert done["type"] == "ack"
        (undone,) = (one.body for one in branch.live.core.log if isinstance(one.body, Undone))
        assert undone.groups == (last,)
        await raw.close()
        for token in strangers.values():
            knocked = await room.knock(token)
            assert await knocked.close_code() == 4503
        assert (await room.call("GET", "bundle", strangers["olga"])).status == 401


async def test_R4_who_came_later_owns_a_branch_of_before(tmp_path: Path):
    async with house_in(tmp_path) as house:
        room, first, _ = await worked_on(house)
        await room.add("late", "editor")
        answer, branch = await branched(room, "late", first)
        log = branch.live.core.log
        assert [type(event.body) for event in log[first : first + 2]] == [Branched, Joined]
        roles = {one.name: one.role for one in branch.live.state.participants.values()}
        assert roles == {"olga": "none", "ed": "none", "vera": "none", "late": "owner"}
        room.id = answer["session"]
        raw = await room.join(answer["path"].split("#")[1])
        assert (raw.welcome["role"], raw.welcome["participant"]) == ("owner", room.ids["late"])
        await raw.close()


async def test_R4_only_images_and_takes_of_the_copied_events_come_along(tmp_path: Path):
    async with house_in(tmp_path) as house:
        room, _, last = await worked_on(house)
        raw = await room.join("ed")
        blobs, seqs = [], []
        for shade in (1, 2):
            answer = await room.call("POST", "blobs", "olga", picture(shade))
            blobs.append(answer.json["blob"])
            image = {"kind": "image", "blob": blobs[-1]}
            seqs.append((await raw.command(type="edit", instruction=image))["seq"])
        await raw.close()
        settings = room.live.state.take_settings
        head = len((await house.store.load(room.id)).events)
        for seq, entries in ((1, {}), (1, {last: 0}), (head, {}), (1, {seqs[1]: 0})):
            record = Record(1, seq, entries, settings, "model", {})
            text = msgspec.json.encode(record).decode()
            await house.store.add_take(room.id, TakeRecord(1, seq, "0" * 64, text))
        own = [one for one in await house.store.takes(room.id) if one.digest == "0" * 64]
        answer, branch = await branched(room, "ed", seqs[0])
        assert [blob.id for blob in await house.store.blobs(answer["session"])] == blobs[:1]
        assert branch.live.core.blobs == {blobs[0]}
        kept = await house.store.takes(answer["session"])
        # Take 1 was without edits once; it never was what the other records say, up to there.
        assert [one for one in kept if one.digest == "0" * 64] == own[:1]


async def test_R4_refusals(tmp_path: Path):
    async with house_in(tmp_path, quotas=Quotas(sessions=2)) as house:
        room, first, last = await worked_on(house)
        answer = await room.call("POST", "branches", "vera", {"seq": first})
        assert (answer.status, answer.json["error"]["code"]) == (403, "forbidden")
        answer = await room.call("POST", "branches", "nobody", {"seq": first})
        assert answer.status == 401
        for body, field in (
            ({"seq": 0}, "seq"),
            ({"seq": "x"}, "seq"),
            ({}, "seq"),
            ({"seq": 1, "name": ""}, "name"),
            ({"seq": 1, "name": "x" * 81}, "name"),
            ({"seq": 1, "role": "owner"}, "role"),
        ):
            answer = await room.call("POST", "branches", "olga", body)
            assert (answer.status, answer.json["error"]["field"]) == (400, field), answer.body
        answer = await room.call("POST", "branches", "olga", {"seq": 10_000})
        assert (answer.status, answer.json["error"]["field"]) == (404, "seq")
        assert len(await house.store.sessions()) == 1
        await branched(room, "olga", last)
        answer = await room.call("POST", "branches", "olga", {"seq": first})
        assert "max_sessions" in answer.json["error"]["message"]
        assert len(await house.store.sessions()) == 2


async def test_R4_a_branch_outlives_what_it_came_from(tmp_path: Path):
    async with house_in(tmp_path) as house:
        room, _, _ = await worked_on(house)
        blob = (await room.call("POST", "blobs", "olga", picture())).json["blob"]
        raw = await room.join("ed")
        image = {"kind": "image", "blob": blob}
        seq = (await raw.command(type="edit", instruction=image))["seq"]
        await raw.close()
        answer, branch = await branched(room, "ed", seq)
        await house.hub.delete(room.id, "over")
        room.id = answer["session"]
        token = answer["path"].split("#")[1]
        assert (await room.call("GET", f"blobs/{blob}", token)).body == picture()
        assert branch.live.state.origin is not None


async def test_R4_A4_no_branch_of_a_session_whose_images_went_meanwhile(tmp_path: Path):
    """It is deleted between reading it and writing the branch: the files are gone by then."""
    async with house_in(tmp_path) as house:
        room, _, _ = await worked_on(house)
        blob = (await room.call("POST", "blobs", "olga", picture())).json["blob"]
        raw = await room.join("ed")
        image = {"kind": "image", "blob": blob}
        seq = (await raw.command(type="edit", instruction=image))["seq"]
        await raw.close()
        load = house.store.load

        async def deleted_meanwhile(session):
            stored = await load(session)
            await house.hub.delete(session, "over")
            return stored

        house.store.load = deleted_meanwhile
        answer = await room.call("POST", "branches", "ed", {"seq": seq})
        assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")
        assert await house.store.sessions() == []
