"""A1, A2: every message and every HTTP call, for everybody who may try it.

The tables are held against the union of messages and the router: what is new there needs a row.
"""

import asyncio
import io
import json
from typing import get_args

import msgspec
import pytest
from aiohttp import web
from house import house_in
from PIL import Image as Picture

from framejam_protocol.errors import Close, Code
from framejam_protocol.events import Entered
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
    Splice,
    Spliced,
    Trajectory,
    Typed,
)
from framejam_protocol.messages import ClientMessage
from framejam_server.store.contract import TakeRecord

TRIANGLE = ((1000, 1000), (30000, 1000), (1000, 60000))
STROKE = Paint(points=((1, 1), (900, 900)), color="#ff0000", width=100)
EMPTY_UPDATE = b"\x00\x00"

MEMBERS = ("owner", "editor", "viewer")
OUTSIDE = ("removed", "stranger", "invite", "other")
"""An invite's token opens a socket only; "other" owns another session."""

EVERY = ("yes", "yes", "yes")
EDITORS = ("yes", "yes", Code.FORBIDDEN)

KINDS = {
    Content: (lambda room: Content("x"), EDITORS),
    Motion: (lambda room: Motion("x"), EDITORS),
    Negative: (lambda room: Negative("x"), EDITORS),
    Spliced: (lambda room: Spliced("content", room.head, (Splice(0, "", "x"),)), EDITORS),
    Typed: (lambda room: Typed("content", EMPTY_UPDATE), EDITORS),
    Image: (lambda room: Image(None), EDITORS),
    Paint: (lambda room: STROKE, EDITORS),
    Erase: (lambda room: Erase(points=((1, 1), (9, 9)), width=7), EDITORS),
    Drag: (lambda room: Drag(start=(1, 1), end=(9, 9), radius=5), EDITORS),
    Trajectory: (lambda room: Trajectory(path=((1, 1), (9000, 9000)), radius=5), EDITORS),
    Camera: (lambda room: Camera(pan=600, tilt=0, zoom=65536), EDITORS),
    Region: (lambda room: Region(outline=TRIANGLE, text="gold"), EDITORS),
    Lock: (lambda room: Lock(outline=TRIANGLE), EDITORS),
    Revise: (lambda room: Revise(room.stroke, width=50), EDITORS),
    Adjust: (lambda room: Adjust(guidance=300), EDITORS),
    Comment: (lambda room: Comment(text="hm", at=(1, 1), frame=0), EVERY),
}

MESSAGES = {
    "hello": (
        {"versions": [1], "session": "s", "token": "t", "client_id": "client-x"},
        (Code.INVALID,) * 3,
    ),
    "edit": ({"instruction": {"kind": "content", "text": "x"}}, EDITORS),
    "undo": ({"group": 0}, ("yes", Code.FORBIDDEN, Code.FORBIDDEN)),  # the owner's stroke
    "redo": ({}, (Code.NOTHING_TO_REDO,) * 3),
    "mark": ({"name": "here"}, EDITORS),
    "restore": ({"to": 2}, EDITORS),
    "end_group": ({}, EVERY),
    "control": ({"action": "pause"}, EDITORS),
    "presence": ({"cursor": [5, 5]}, EVERY),
    "watch": ({"tier": "small"}, EVERY),
    "look": ({"number": 1}, EVERY),
    "end_look": ({}, EVERY),
    "need": ({"after": 0}, EVERY),
    "ping": ({"nonce": 5}, EVERY),
}

SESSION = "/api/sessions/{session}"
BLOB = "ab" * 32
OWNERS, ALL = (403, 403), (0, 0)

# What an owner gets, and what an editor and a viewer get (0: the same as the owner).
CALLS = {
    ("POST", f"{SESSION}/blobs"): (b"no image", 415, (0, 403)),
    ("GET", f"{SESSION}/blobs/{{blob}}"): (None, 404, ALL),
    ("GET", f"{SESSION}/clip.mp4"): (None, 409, ALL),
    ("GET", f"{SESSION}/takes"): (None, 200, ALL),
    ("GET", f"{SESSION}/who"): (None, 400, ALL),
    ("GET", f"{SESSION}/history"): (None, 200, ALL),
    ("GET", f"{SESSION}/history/{{seq}}"): (None, 404, ALL),
    ("GET", f"{SESSION}/bundle"): (None, 200, ALL),
    ("POST", f"{SESSION}/branches"): ({"seq": 1}, 201, (0, 403)),
    ("POST", f"{SESSION}/imports"): (b"no bundle", 400, OWNERS),
    ("GET", f"{SESSION}/invites"): (None, 200, OWNERS),
    ("POST", f"{SESSION}/invites"): ({"role": "viewer"}, 201, OWNERS),
    ("DELETE", f"{SESSION}/invites/{{invite}}"): (None, 404, OWNERS),
    ("PATCH", f"{SESSION}/people/{{participant}}"): ({"role": "viewer"}, 200, OWNERS),
    ("DELETE", f"{SESSION}/people/{{participant}}"): (None, 200, OWNERS),
    ("GET", f"{SESSION}/audit"): (None, 200, OWNERS),
    ("DELETE", SESSION): (None, 200, OWNERS),
}
PUBLIC = {"/", "/s/{session}", "/socket", "/healthz", "/readyz", "/metrics"}


def _png() -> bytes:
    buffer = io.BytesIO()
    Picture.new("RGB", (8, 8), "teal").save(buffer, "PNG")
    return buffer.getvalue()


PNG = _png()


@pytest.fixture
async def house(tmp_path):
    async with house_in(tmp_path) as made:
        made.renderer.advance = never  # no take steps, so none changes anything
        yield made


async def never(*_given):
    await asyncio.get_running_loop().create_future()


async def rooms(house):
    """A session with everybody in it, and the tokens of those outside."""
    room = await house.session(owner="owner", editor="editor", viewer="viewer", spare="editor")
    await room.add("removed", "none")
    other = await house.session(other="owner")
    room.tokens |= {"stranger": "", "other": other.tokens["other"]}
    room.tokens["invite"] = (await room.invite("owner")).token
    return room


def kept(house, room):
    """Everything that a call could change."""
    store = house.store
    # Edits enter by themselves (T7).
    log = [event for event in room.live.core.log if not isinstance(event.body, Entered)]
    return (list(store._sessions), log, dict(store._tokens))


def test_A1_every_message_kind_and_call_has_a_row(tmp_path):
    tags = {one.__struct_config__.tag for one in get_args(ClientMessage)}
    assert tags == set(MESSAGES)
    assert set(get_args(Given)) == set(KINDS)


async def test_A1_every_call_of_the_router_has_a_row(house):
    routes = {
        (route.method, route.resource.canonical)
        for route in house.app.router.routes()
        if not isinstance(route.resource, web.StaticResource) and route.method != "HEAD"
    }
    assert {one for one in routes if one[1] not in PUBLIC} == set(CALLS)
    assert {path for method, path in routes if path in PUBLIC} == PUBLIC


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
async def test_A1_every_call_by_everybody(house, call):
    method, path = call
    body, most, (editor, viewer) = CALLS[call]
    expected = {"owner": most, "editor": editor or most, "viewer": viewer or most}
    unknown = "0" * 16
    for who in (*OUTSIDE, *reversed(MEMBERS)):  # the owner last: it may be the session's end
        room = await rooms(house)
        names = {"blob": BLOB, "seq": 1, "invite": unknown, "participant": room.ids["spare"]}
        token, before = room.tokens[who], kept(house, room)
        answer = await house.call(method, path.format(session=room.id, **names), token, body)
        if who in OUTSIDE:
            nowhere = await house.call(method, path.format(session=unknown, **names), token, body)
            assert (answer.status, nowhere.status) == (401, 401), who
            if who != "removed":
                assert answer.body == nowhere.body, "nobody outside learns that it exists"
        else:
            assert answer.status == expected[who], (who, answer.body)
            if answer.status == 403:
                assert json.loads(answer.body)["error"]["code"] == Code.FORBIDDEN
        if answer.status >= 400 or method == "GET":
            assert kept(house, room) == before, who


async def filled(house):
    """A session with something of everything that can be asked for, and the names of that."""
    room = await house.session(owner="owner", editor="editor", viewer="viewer")
    blob = (await room.call("POST", "blobs", "owner", PNG)).json["blob"]
    raw = await room.join("owner")
    done = await raw.command(type="edit", instruction={"kind": "image", "blob": blob})
    await raw.close()
    await house.store.add_take(room.id, TakeRecord(1, done["seq"], "0" * 64, "{}"))
    invite = (await room.invite("owner")).id
    names = {"blob": blob, "seq": 1, "invite": invite, "participant": room.ids["editor"]}
    return room, names


async def seen(house, method, path, token, body):
    """All that whoever calls is told."""
    house.ahead += 60  # wrong tokens have a rate
    headers = {"Authorization": f"Bearer {token}"}
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    async with house.http.request(
        method, house.origin + path, data=data, headers=headers
    ) as response:
        said = {name: value for name, value in response.headers.items() if name != "Date"}
        return response.status, said, await response.read()


@pytest.mark.parametrize("who", MEMBERS)
async def test_A1_who_is_in_another_session_is_told_what_is_told_of_one_that_is_not_there(
    house, who
):
    """Though they name what the session has: its images, its links, its people."""
    here, _ = await filled(house)
    there, names = await filled(house)
    token, before = here.tokens[who], kept(house, there)
    await house.hub.trail.close()
    trail = await house.store.audit_trail(there.id, None, 99)
    bundle = (await here.call("GET", "bundle", "owner")).body
    for method, path in CALLS:
        body = CALLS[method, path][0]
        if path.endswith("/blobs"):
            body = PNG
        elif path.endswith("/imports"):
            body = bundle
        for verb in (method, "HEAD") if method == "GET" else (method,):
            asked = verb, path.format(session=there.id, **names), token, body
            nowhere = verb, path.format(session="0" * 16, **names), token, body
            answer = await seen(house, *asked)
            assert answer == await seen(house, *nowhere), asked
            assert answer[0] == (405 if verb == "HEAD" and path.endswith("/bundle") else 401)
    told = []
    for session in (there.id, "0" * 16):
        raw = await here.knock(token, session)
        assert await raw.close_code() == Close.UNAUTHORISED
        told.append((raw.messages, raw.closed))
    assert told[0] == told[1]
    assert kept(house, there) == before
    await house.hub.trail.close()
    assert await house.store.audit_trail(there.id, None, 99) == trail, "nobody was noted"


async def test_A1_an_image_of_another_session_is_none_of_this_one(house):
    _, names = await filled(house)
    here = await house.session(owner="owner")
    known = await here.call("GET", f"blobs/{names['blob']}", "owner")
    unknown = await here.call("GET", f"blobs/{BLOB}", "owner")
    assert (known.status, known.body) == (unknown.status, unknown.body)
    assert known.status == 404
    raw = await here.join("owner")
    for blob in (names["blob"], BLOB):
        image = {"kind": "image", "blob": blob}
        answer = await raw.command(type="edit", instruction=image)
        assert (answer["code"], answer["field"]) == (Code.NOT_FOUND, "instruction.blob")


async def answered(raw, message):
    """ "yes", or the code of what came back."""
    if message["type"] in ("edit", "undo", "redo", "mark", "restore"):
        answer = await raw.command(**message)
        return "yes" if answer["type"] == "ack" else answer["code"]
    seen = len(raw.messages)
    await raw.send(message)
    await raw.send({"type": "ping", "nonce": 99})
    await raw.wait_for(lambda m: m["type"] == "pong" and m["nonce"] == 99)
    faults = [m["code"] for m in raw.messages[seen:] if m["type"] == "fault"]
    return faults[0] if faults else "yes"


async def _in(room):
    raws = {who: await room.join(who) for who in MEMBERS}
    room.stroke = (await raws["owner"].command(type="edit", instruction=plain(STROKE)))["seq"]
    room.head = room.stroke
    return raws


def plain(struct):
    """A struct as what msgpack carries."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(struct))


@pytest.mark.parametrize("tag", MESSAGES)
async def test_A1_every_message_by_every_role(house, tag):
    fields, expected = MESSAGES[tag]
    for who, wanted in reversed(list(zip(MEMBERS, expected, strict=True))):
        room = await rooms(house)
        raws = await _in(room)
        message = {"type": tag, **fields}
        if tag == "undo":
            message["group"] = room.stroke
        before = kept(house, room)
        assert await answered(raws[who], message) == wanted, who
        if wanted != "yes" or who == "viewer":
            assert kept(house, room) == before, who
        for raw in raws.values():
            await raw.close()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__struct_config__.tag)
async def test_A1_every_kind_of_edit_by_every_role(house, kind):
    make, expected = KINDS[kind]
    room = await rooms(house)
    raws = await _in(room)
    for who, wanted in reversed(list(zip(MEMBERS, expected, strict=True))):
        before = kept(house, room)
        message = {"type": "edit", "instruction": plain(make(room))}
        assert await answered(raws[who], message) == wanted, who
        assert (kept(house, room) == before) == (wanted != "yes"), who


@pytest.mark.parametrize("tag", MESSAGES)
async def test_C1_every_message_before_the_hello_and_every_hello_from_outside(house, tag):
    room = await rooms(house)
    before = kept(house, room)
    for who in OUTSIDE:
        raw = await type(await room.knock("")).open(house)
        session = {"session": room.id, "token": room.tokens[who]} if tag == "hello" else {}
        counted = {"client_seq": 1} if tag in ("edit", "undo", "redo", "mark", "restore") else {}
        group = {"group": 1} if tag == "undo" else {}
        await raw.send({"type": tag, **MESSAGES[tag][0], **counted, **group, **session})
        if tag == "hello" and who == "invite":
            await raw.wait_for(lambda m: m["type"] == "welcome" and m["role"] == "editor")
            await raw.close()
            continue
        close = Close.UNAUTHORISED if tag == "hello" else Close.HELLO_EXPECTED
        assert await raw.close_code() == close, who
    if tag != "hello":
        assert kept(house, room) == before
