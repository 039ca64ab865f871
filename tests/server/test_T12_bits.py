"""T11, T12 on real servers: what a look shows, and what a lock holds, bit for bit."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest
from running import Raw, RunningServer, preview_done, preview_seq
from test_T8_takes import _recomputed, digest_of, paint, settings

from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.limits import UNIT
from framejam_protocol.preview import TIER_ESTIMATE
from framejam_server.render.recompute import mapping_of

pytestmark = pytest.mark.slow


def preview_look(data: bytes) -> int:
    return int.from_bytes(data[20:24], "big")


def width(data: bytes) -> int:
    return int.from_bytes(data[8:10], "big")


async def shown(raw: Raw, number: int) -> dict:
    """The last word on a look."""
    return await raw.wait_for(
        lambda m: (
            m["type"] == "look_status"
            and m["number"] == number
            and m["state"] in ("finished", "failed", "ended")
        ),
        60,
    )


async def takes(server: RunningServer, raw: Raw) -> list[dict]:
    status, body = await asyncio.to_thread(
        server.call, "GET", f"/api/sessions/{server.session}/takes", raw.token
    )
    assert status == 200
    return json.loads(body)["takes"]


async def test_T12_a_look_is_the_recomputed_take_and_the_take_itself_stays(launch, tiny_model):
    """Without a stroke, without a person, as it was: each equals a process that knows no server."""
    server = launch("--steps", "12")
    olga = await server.join(name="Olga")
    invite = await asyncio.to_thread(server.invite, olga, "editor")
    emil = await server.join(invite, name="Emil")
    invite = await asyncio.to_thread(server.invite, olga, "viewer")
    vera = await server.join(invite, name="Vera")
    await vera.send({"type": "watch", "tier": "large"})
    await olga.content("a red fish")
    stroke = (await olga.command(**paint()))["seq"]
    theirs = (await emil.command(**paint(color="#0000ff", frames=[1, 2])))["seq"]
    last = (await emil.content("a red fish in the sea"))["seq"]
    _, whole = await digest_of(olga, last)
    then = len(olga.events)
    # Where nobody ever asks for a look the same edits give the same digest: see below.
    await vera.send({"type": "look", "number": 1, "without": [stroke]})
    await emil.send({"type": "look", "number": 4, "people": [emil.welcome["participant"]]})
    one, two = await shown(vera, 1), await shown(emil, 4)
    later = (await olga.command(**paint(color="#00ff00"), depth=UNIT))["seq"]
    await vera.send({"type": "look", "number": 2, "at": then})
    await digest_of(olga, later)
    three = await shown(vera, 2)
    undone = (await olga.command(type="undo"))["seq"]
    assert (await digest_of(olga, undone))[1] == whole == three["digest"]

    events = [msgspec.convert(event, Event) for event in olga.events]
    base = events[0].body.settings
    mine = [e.seq for e in events if e.author == emil.welcome["participant"]]
    for status, left_out in ((one, [stroke]), (two, mine), (three, [])):
        assert (status["state"], status["step"]) == ("finished", 12)
        mapping = mapping_of(events[:then], without=left_out)
        pairs = getattr(mapping, "pairs", mapping)
        record = {seq: (pair.step, pair.instruction, pair.of) for seq, pair in pairs.items()}
        assert await asyncio.to_thread(_recomputed, tiny_model, base, record) == status["digest"]
    assert len({one["digest"], two["digest"], three["digest"]}) == 3
    assert theirs in mine
    # Pictures of a look go to its asker alone.
    assert {preview_look(data) for data in vera.previews} == {0, 1, 2}
    assert {preview_look(data) for data in emil.previews} == {0, 4}
    assert {preview_look(data) for data in olga.previews} == {0}


async def test_T12_over_a_socket_a_look_at_nothing_names_the_field(launch):
    server = launch()
    olga = await server.join()
    await olga.send({"type": "look", "number": 3, "take": 9})
    fault = await olga.wait_for(lambda m: m["type"] == "fault")
    assert (fault["code"], fault["field"], fault["rule"]) == (Code.NOT_FOUND, "take", "T12")
    assert (await shown(olga, 3))["state"] == "failed"
    await olga.send({"type": "look", "number": 4})
    assert (await shown(olga, 4))["state"] == "finished"
    await olga.send({"type": "end_look"})
    assert (await olga.content("still here"))["type"] == "ack"


async def test_T11_a_lock_survives_undo_a_kill_and_a_restart(launch):
    server = launch("--steps", "10")
    olga = await server.join()
    await olga.content("a red fish")
    await olga.command(**paint(), depth=UNIT)
    _, before = await digest_of(olga, len(olga.events))
    half = [[0, 0], [UNIT // 2, 0], [UNIT // 2, UNIT], [0, UNIT]]
    lock = (await olga.command(type="edit", instruction={"kind": "lock", "outline": half}))["seq"]
    _, locked = await digest_of(olga, lock)
    assert locked == before, "what is held is what is shown"
    stroke = next(
        e["seq"] for e in olga.events if e["body"]["kind"] == "edited" and "points" in str(e)
    )
    undone = (await olga.command(type="undo", group=stroke))["seq"]
    _, held = await digest_of(olga, undone)
    assert held != before
    server.kill()
    again = launch("--steps", "10")
    back = await Raw.open(again)
    await back.hello(server.session, olga.token)
    assert (await digest_of(back, undone))[1] == held
    # Another look at it, without the lock: the stroke is gone there, too.
    await back.send({"type": "look", "number": 1, "without": [lock]})
    assert (await shown(back, 1))["digest"] not in (held, before)


async def test_T8_the_takes_of_a_session_are_listed_to_compare_and_to_keep(launch):
    server = launch()
    olga = await server.join()
    await olga.content("a red fish")
    one = await digest_of(olga, len(olga.events))
    two = await digest_of(olga, (await settings(olga, seed=77))["seq"])
    found = await takes(server, olga)
    assert [take["take"] for take in found] == [1, 2]
    assert [take["in_force"] for take in found] == [False, True]
    assert [take["finished"]["digest"] for take in found] == [one[1], two[1]]
    assert found[1]["settings"]["seed"] == 77
    assert found[1]["finished"]["seq"] == len(olga.events)
    assert all(take["finished"]["at"] > 1_700_000_000_000 for take in found)
    # To compare: the one that is not in force, as a look. To keep: its settings.
    await olga.send({"type": "look", "number": 1, "take": 1})
    assert (await shown(olga, 1))["digest"] == one[1]
    kept = found[0]["settings"]
    back = await digest_of(olga, (await settings(olga, seed=kept["seed"]))["seq"])
    assert back == one
    assert [take["in_force"] for take in await takes(server, olga)] == [True, False]
    status, body = await asyncio.to_thread(
        server.call, "GET", f"/api/sessions/{server.session}/takes", "nobody.nothing"
    )
    assert (status, json.loads(body)["error"]["code"]) == (401, Code.UNAUTHORISED)


async def test_T5_C5_a_paused_take_is_decoded_for_those_who_watch(launch):
    server = launch("--steps", "60")
    olga = await server.join()
    await olga.command(**paint(), depth=UNIT)
    await olga.preview(lambda data: data[2] == 1)
    await olga.send({"type": "control", "action": "pause"})
    paused = await olga.wait_for(lambda m: m["type"] == "take" and m["state"] == "paused")
    assert 0 < paused["step"] < 60
    estimate = await olga.preview(lambda data: data[2] == TIER_ESTIMATE)
    assert int.from_bytes(estimate[16:18], "big") == paused["step"]
    assert width(estimate) == 32, "never enlarged"
    await olga.send({"type": "control", "action": "resume"})
    await olga.preview(lambda data: preview_done(data) and preview_seq(data) >= 3, 60)


async def test_a_clip_beyond_the_memory_is_refused_and_takes_and_looks_share_it(
    launch, monkeypatch
):
    """Room for one take: the look makes the take give way, and the take the look."""
    monkeypatch.setenv("FRAMEJAM_TAKES_MIB", "81")
    server = launch()
    olga = await server.join()
    refusal = await settings(olga, width=256, height=256)
    assert (refusal["type"], refusal["code"]) == ("refusal", Code.INVALID)
    assert refusal["field"] in ("instruction.width", "instruction.height")
    assert "this server has 81 MiB for takes" in refusal["message"]
    stroke = (await olga.command(**paint()))["seq"]
    _, whole = await digest_of(olga, stroke)
    await olga.send({"type": "look", "number": 1, "without": [stroke]})
    without = (await shown(olga, 1))["digest"]
    assert without != whole
    undone = (await olga.command(type="undo"))["seq"]
    assert (await digest_of(olga, undone))[1] == without
    await olga.send({"type": "look", "number": 2, "at": stroke})
    await shown(olga, 2)
    redone = (await olga.command(type="redo"))["seq"]
    assert (await digest_of(olga, redone))[1] == whole
