"""M6 over HTTP: who weighs on a point of a frame, asked of a real server."""

from __future__ import annotations

import asyncio
import json

import pytest
from running import preview_done, preview_seq

from framejam_protocol.errors import Code
from framejam_server.net.who import BadQuery, Spot, parse_spot

UNIT = 65536
MIDDLE = UNIT // 2


async def ask(server, token, query=f"x={MIDDLE}&y={MIDDLE}&frame=0", session=None):
    path = f"/api/sessions/{session or server.session}/who?{query}"
    status, body = await asyncio.to_thread(server.call, "GET", path, token)
    return status, json.loads(body)


async def shown(raw, seq):
    """Wait for the finished take that reflects ``seq``."""
    await raw.preview(lambda data: preview_done(data) and preview_seq(data) >= seq)


def dot(at=(MIDDLE, MIDDLE), **fields):
    return {"kind": "paint", "points": [at], "color": "#ff0000", "width": UNIT // 2, **fields}


def give(raw, instruction, **fields):
    return raw.command(type="edit", instruction=instruction, **fields)


def rows(answer, *fields):
    return [tuple(one[field] for field in fields) for one in answer["instructions"]]


@pytest.fixture
async def people(launch):
    """Olga owns the session, Emil edits, Vera looks on."""
    server = launch()
    olga = await server.join(name="Olga")
    emil = await server.join(await asyncio.to_thread(server.invite, olga, "editor"), name="Emil")
    vera = await server.join(await asyncio.to_thread(server.invite, olga, "viewer"), name="Vera")
    return server, olga, emil, vera


@pytest.mark.slow
async def test_M6_anybody_asks_who_did_this(people):
    server, olga, emil, vera = people
    words = (await olga.content("a red fish"))["seq"]
    stroke = (await give(emil, dot(strength=UNIT // 4)))["seq"]
    last = (await give(olga, {"kind": "revise", "target": stroke, "strength": UNIT // 2}))["seq"]
    await shown(vera, last)
    status, answer = await ask(server, vera.token)
    assert status == 200
    assert (answer["take"], answer["frame"], answer["x"], answer["y"]) == (1, 0, MIDDLE, MIDDLE)
    assert answer["seq"] >= last
    me, other = olga.welcome["participant"], emil.welcome["participant"]
    fields = ("edit", "group", "kind", "author", "name", "weight", "revised_by", "prompt")
    assert rows(answer, *fields) == [
        (stroke, stroke, "paint", other, "Emil", UNIT // 2, me, None),
        (words, words, "text", me, "Olga", UNIT // 2, None, "content"),
    ]
    _, aside = await ask(server, vera.token, "x=10&y=10&frame=3")
    assert rows(aside, "edit", "weight") == [(words, UNIT)]
    await emil.command(type="undo")
    await shown(vera, answer["seq"] + 1)
    _, without = await ask(server, vera.token)
    assert rows(without, "edit", "weight") == [(words, UNIT)]


@pytest.mark.slow
async def test_M6_what_was_painted_over_erased_or_is_not_in_the_frame_weighs_nothing(people):
    server, olga, emil, _ = people
    below = (await give(olga, dot()))["seq"]
    above = (await give(emil, dot(strength=UNIT // 2, frames=[1, 2])))["seq"]
    await shown(olga, above)
    found = [(await ask(server, olga.token, f"x={MIDDLE}&y={MIDDLE}&frame={f}"))[1] for f in (0, 1)]
    assert rows(found[0], "edit", "weight") == [(below, UNIT)]
    assert rows(found[1], "edit", "weight") == [(above, UNIT // 2)]
    eraser = {"kind": "erase", "points": [[MIDDLE, MIDDLE]], "width": UNIT // 2}
    await shown(olga, (await give(emil, eraser))["seq"])
    _, nothing = await ask(server, olga.token)
    assert nothing["instructions"] == []
    pull = {
        "kind": "drag",
        "start": [MIDDLE, MIDDLE],
        "end": [MIDDLE + 9000, MIDDLE],
        "radius": UNIT // 5,
    }
    pulled = (await give(emil, pull))["seq"]
    await shown(olga, pulled)
    _, moved = await ask(server, olga.token)
    assert rows(moved, "edit", "kind") == [(pulled, "drag")]


@pytest.mark.slow
async def test_M6_asking_while_the_take_runs_does_not_disturb_it(launch):
    """Questions without pause, at a running and at a finished take; the digest stays the same."""
    server = launch("--steps", "40")
    olga = await server.join(name="Olga")

    async def finished(number):
        wanted = lambda m: m["type"] == "take" and m["state"] == "finished"  # noqa: E731
        found = await olga.wait_for(lambda m: wanted(m) and m["seq"] >= number)
        return found["digest"]

    pull = {"kind": "drag", "start": [30000, 30000], "end": [50000, 30000], "radius": 12000}
    await give(olga, dot(), depth=UNIT)
    quiet = await finished((await give(olga, pull, depth=UNIT))["seq"])
    undone = [(await olga.command(type="undo"))["seq"] for _ in range(2)][-1]
    await finished(undone)
    back = [(await olga.command(type="redo"))["seq"] for _ in range(2)][-1]
    asked = 0
    waiting = asyncio.ensure_future(finished(back))
    while not waiting.done():
        status, answer = await ask(server, olga.token)
        assert (status, len(answer["instructions"])) == (200, 2)
        asked += 1
    assert await waiting == quiet
    assert asked >= 3
    status, answer = await ask(server, olga.token)
    assert (status, len(answer["instructions"])) == (200, 2)


@pytest.mark.slow
async def test_M6_a_restarted_server_answers_the_same(launch):
    server = launch()
    olga = await server.join(name="Olga")
    await give(olga, dot())
    pull = {"kind": "drag", "start": [30000, 30000], "end": [50000, 30000], "radius": 12000}
    await shown(olga, (await give(olga, pull))["seq"])
    query = "x=40000&y=30000&frame=3"
    _, before = await ask(server, olga.token, query)
    assert len(before["instructions"]) == 2
    server.kill()
    again = launch()
    for _ in range(300):
        status, after = await ask(again, olga.token, query, server.session)
        if status == 200:
            break
        assert (status, after["error"]["code"]) == (409, Code.NOT_READY)
        await asyncio.sleep(0.1)
    assert after["instructions"] == before["instructions"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("y=1&frame=0", "x"),
        ("x=1&frame=0", "y"),
        ("x=1&y=1", "frame"),
        ("x=65537&y=1&frame=0", "x"),
        ("x=1&y=-1&frame=0", "y"),
        ("x=1&y=1&frame=4", "frame"),
        ("x=0.5&y=1&frame=0", "x"),
        ("x=1&y=1e3&frame=0", "y"),
        ("x=1&y=1&frame=", "frame"),
        ("x=%D9%A1&y=1&frame=0", "x"),
        ("x=" + "9" * 5000 + "&y=1&frame=0", "x"),
    ],
)
async def test_M6_a_bad_question_names_the_field_and_the_range(shared, query, field):
    raw = await shared.join()
    status, body = await ask(shared, raw.token, query)
    assert (status, body["error"]["code"], body["error"]["field"]) == (400, Code.INVALID, field)
    assert ("0 to 3" if field == "frame" else "0 to 65536") in body["error"]["message"]
    assert len(body["error"]["message"]) < 200
    await raw.close()


@pytest.mark.slow
async def test_A2_strangers_are_told_nothing(shared):
    for token in ("", shared.token, "0011223344556677." + "x" * 43):
        status, body = await ask(shared, token)
        assert (status, body["error"]["code"]) == (401, Code.UNAUTHORISED)


def test_a_question_is_read_to_its_borders():
    assert parse_spot({"x": "0", "y": "65536", "frame": "15"}, 16) == Spot(0, 65536, 15)
    assert parse_spot({"x": "65536", "y": "0", "frame": "0"}, 16) == Spot(65536, 0, 0)
    with pytest.raises(BadQuery, match="frame is '16'"):
        parse_spot({"x": "0", "y": "65536", "frame": "16"}, 16)
