"""Bad input: a typed error or close code each; state unchanged; nobody else notices."""

import asyncio
import contextlib
import hashlib
import io
import json
import random
import struct
import sys
import zlib
from pathlib import Path

import pytest
import websockets
from bystanders import other_people_hear_nothing
from running import Raw

from framejam_protocol.errors import Close, Code
from framejam_protocol.limits import MAX_MESSAGE_BYTES

sys.path.insert(0, str(Path(__file__).parent.parent / "property"))
from test_bad_messages import bend


def edit(**instruction):
    return {"type": "edit", "instruction": instruction}


STROKE = {"kind": "paint", "points": [[1, 1]], "color": "#ff0000", "width": 100}


@pytest.mark.parametrize(
    ("message", "code", "field"),
    [
        (edit(kind="content", text=5), Code.INVALID, "instruction.text"),
        (edit(kind="content", text="x" * 501), Code.TOO_LARGE, "instruction.text"),
        (edit(kind="content", text="x", colour="red"), Code.INVALID, "instruction"),
        (edit(kind="sing", text="x"), Code.UNKNOWN_TYPE, "instruction.kind"),
        (
            edit(**{**STROKE, "points": [[float("nan"), 1]]}),
            Code.INVALID,
            "instruction.points[0][0]",
        ),
        (
            edit(**{**STROKE, "points": [[float("inf"), 1]]}),
            Code.INVALID,
            "instruction.points[0][0]",
        ),
        (edit(**{**STROKE, "points": [[10**9, 1]]}), Code.INVALID, "instruction.points[0][0]"),
        (edit(**{**STROKE, "points": []}), Code.INVALID, "instruction.points"),
        (edit(**{**STROKE, "color": "red"}), Code.INVALID, "instruction.color"),
        (edit(**{**STROKE, "width": 0}), Code.INVALID, "instruction.width"),
        (edit(kind="image", blob="../../etc/passwd"), Code.INVALID, "instruction.blob"),
        (edit(kind="image", blob="ab" * 32), Code.NOT_FOUND, "instruction.blob"),
        ({"type": "edit"}, Code.INVALID, None),
    ],
)
async def test_L5_a_bad_edit_is_refused_by_field(shared, message, code, field):
    async def act(raw: Raw):
        return await raw.command(**message)

    refusal = await other_people_hear_nothing(shared, act)
    assert (refusal["type"], refusal["code"], refusal["field"]) == ("refusal", code, field)
    assert refusal["message"]


async def test_L5_a_stroke_of_100000_points_is_refused_by_its_size(shared):
    async def act(raw: Raw):
        return await raw.command(**edit(**{**STROKE, "points": [[60000, 60000]] * 100_000}))

    refusal = await other_people_hear_nothing(shared, act)
    assert (refusal["type"], refusal["code"]) == ("refusal", Code.TOO_LARGE)
    assert str(MAX_MESSAGE_BYTES) in refusal["message"]
    assert refusal["used"], "the number is used up: what comes behind it is not held up (L5)"


async def test_L5_a_stroke_beyond_the_limit_that_fits_a_message_is_refused(shared):
    async def act(raw: Raw):
        return await raw.command(**edit(**{**STROKE, "points": [[1, 1]] * 5000}))

    refusal = await other_people_hear_nothing(shared, act)
    assert (refusal["code"], refusal["field"]) == (Code.TOO_LARGE, "instruction.points")


async def test_a_10_mb_frame_closes_its_sender_only(shared):
    async def act(raw: Raw):
        # The server closes while the frame is still on its way: sending fails, too.
        with contextlib.suppress(websockets.ConnectionClosed):
            await raw.socket.send(b"\xc6" + struct.pack(">I", 10_000_000) + bytes(10_000_000))
        return await raw.close_code()

    assert await other_people_hear_nothing(shared, act, ends=True) == 1009


@pytest.mark.parametrize("garbage", [b"\xc1", b"\x81", b"\x91" * 100_000, bytes(1000)])
async def test_malformed_messagepack_is_said_and_closes_its_sender(shared, garbage):
    async def act(raw: Raw):
        await raw.socket.send(garbage)
        return await raw.close_code(), raw.messages[-1]

    code, fault = await other_people_hear_nothing(shared, act, ends=True)
    assert code == Close.MALFORMED
    assert (fault["type"], fault["code"]) == ("fault", Code.MALFORMED)


async def test_an_unknown_type_is_said_and_the_connection_lives(shared):
    async def act(raw: Raw):
        await raw.send({"type": "sing"})
        fault = await raw.wait_for(lambda m: m["type"] == "fault")
        assert (await raw.content("start"))["type"] == "ack"
        assert (await raw.command(type="undo"))["type"] == "ack"
        return fault

    raw = await shared.join()
    fault = await act(raw)
    assert (fault["code"], fault["field"]) == (Code.UNKNOWN_TYPE, "type")
    await raw.close()


async def test_a_second_hello_is_said_and_the_connection_lives(shared):
    raw = await shared.join()
    await raw.send(
        {"type": "hello", "versions": [1], "session": "x", "token": "y", "client_id": "whatever1"}
    )
    assert (await raw.wait_for(lambda m: m["type"] == "fault"))["rule"] == "C1"
    assert (await raw.content("still here"))["type"] == "ack"
    await raw.close()


def png(width: int, height: int) -> bytes:
    """A PNG whose header says this size; its pixels are one compressed row of zeros."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1 + 3 * width)))
        + chunk(b"IEND", b"")
    )


def jpeg() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (64, 48), "#336699").save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"this is text that somebody named picture.png", 415, Code.NOT_AN_IMAGE),
        (b"", 415, Code.NOT_AN_IMAGE),
        (png(20_000, 20_000), 413, Code.TOO_LARGE),
        (png(1_000_000, 1_000_000), 413, Code.TOO_LARGE),
        (jpeg()[:-300], 415, Code.NOT_AN_IMAGE),
        (bytes(11 * 2**20), 413, Code.TOO_LARGE),
    ],
)
async def test_A3_what_is_no_image_is_refused_before_it_is_kept(shared, body, status, code):
    raw = await shared.join()
    got = await asyncio.to_thread(
        shared.call, "POST", f"/api/sessions/{shared.session}/blobs", raw.token, body
    )
    assert got[0] == status
    error = json.loads(got[1])["error"]
    assert error["code"] == code
    assert error["message"]
    await raw.close()


async def test_A3_an_image_is_kept_by_its_hash_and_steers_the_take(shared):
    raw = await shared.join()
    path = f"/api/sessions/{shared.session}/blobs"
    status, body = await asyncio.to_thread(shared.call, "POST", path, raw.token, jpeg())
    assert status == 201
    found = json.loads(body)
    assert found == {"blob": hashlib.sha256(jpeg()).hexdigest(), "width": 64, "height": 48}
    status, data = await asyncio.to_thread(shared.call, "GET", f"{path}/{found['blob']}", raw.token)
    assert (status, data) == (200, jpeg())
    ack = await raw.command(type="edit", instruction={"kind": "image", "blob": found["blob"]})
    assert ack["type"] == "ack"
    assert (await raw.command(type="undo"))["type"] == "ack"
    await raw.close()


async def test_L5_200_bent_messages_through_a_socket_are_answered_by_type_and_change_nothing(
    launch,
):
    server = launch()
    anna, mallory = await server.join(name="Anna"), await server.join(name="Mallory")
    invite = await asyncio.to_thread(server.invite, anna, "viewer")
    viewer = await server.join(invite, name="Vera")
    await anna.content("hers")
    chance = random.Random(11)
    before = await server.join(anna.token)
    # A viewer's: what is bent into a good edit is refused, too.
    raw, ends = viewer, 0
    for turn in range(200):
        heard = len(raw.messages)
        with contextlib.suppress(websockets.ConnectionClosed):
            await raw.send(bend(chance))
            await raw.send({"type": "ping", "nonce": turn})
        with contextlib.suppress(AssertionError):
            await raw.wait_for(lambda m, turn=turn: m == {"type": "pong", "nonce": turn})
        for answer in raw.messages[heard:]:
            assert answer["type"] not in ("ack", "welcome")
            if answer["type"] in ("refusal", "fault"):
                assert answer["code"] in set(Code)
                assert 0 < len(answer["message"]) < 600
        if raw.closed is not None:
            assert raw.closed[0] == Close.MALFORMED
            assert raw.messages[-1]["code"] == Code.MALFORMED
            ends += 1
            raw = await server.join(viewer.token)
    assert ends, "some of them were no MessagePack"
    after = await server.join(anna.token)
    assert after.welcome["state_hash"] == before.welcome["state_hash"]
    assert (await mallory.content("still here"))["type"] == "ack"
    assert anna.closed is None
    for one in (anna, mallory, raw, before, after):
        await one.close()


def pictures() -> list[bytes]:
    from PIL import Image

    made = []
    for form in ("PNG", "JPEG", "GIF", "WEBP"):
        out = io.BytesIO()
        Image.new("RGB", (33, 21), "#336699").save(out, form)
        made.append(out.getvalue())
    return made


async def test_A3_bent_uploads_are_kept_as_images_or_refused_by_type(shared):
    raw, chance = await shared.join(), random.Random(13)
    before = raw.welcome["state_hash"]
    path, seen = f"/api/sessions/{shared.session}/blobs", set()
    for _ in range(60):
        data = bytearray(chance.choice(pictures()))
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        data = data[: chance.randrange(len(data)) if chance.random() < 0.3 else len(data)]
        status, body = await asyncio.to_thread(shared.call, "POST", path, raw.token, bytes(data))
        answer = json.loads(body)
        seen.add(status)
        if status == 201:
            assert answer["blob"] == hashlib.sha256(data).hexdigest()
        else:
            assert (status, answer["error"]["code"]) in {
                (413, Code.TOO_LARGE),
                (415, Code.NOT_AN_IMAGE),
            }
            assert answer["error"]["field"] == "body"
            assert answer["error"]["message"]
    assert 415 in seen
    assert not list(raw.closed or ())
    again = await shared.join(raw.token)
    assert again.welcome["state_hash"] == before
    for one in (raw, again):
        await one.close()
