"""Bad input: a typed error or close code each; state unchanged; nobody else notices."""

import contextlib
import io
import json
import struct
import zlib

import msgpack
import pytest
import websockets
from running import Raw

from framejam_protocol.errors import Close, Code


async def other_people_hear_nothing(server, act):
    """Run ``act(raw, other)`` and return its result; log and others stay as they were."""
    raw, other = await server.join(), await server.join()
    await raw.content("start")
    before = await server.join()
    head, hashed = before.welcome["head_seq"], before.welcome["state_hash"]
    await before.close()
    heard = len([m for m in other.messages if m["type"] not in ("people", "presence", "take")])
    result = await act(raw)
    after = await server.join()
    # The only new events are the arrivals of the two who looked.
    kinds = {event["body"]["kind"] for event in after.events if event["seq"] > head}
    assert kinds <= {"joined", "entered"}
    assert after.welcome["state_hash"] == hashed
    assert other.closed is None
    news = [m for m in other.messages if m["type"] not in ("people", "presence", "take")][heard:]
    assert {m["type"] for m in news} <= {"event"}
    assert {m["body"]["kind"] for m in news} <= {"joined", "entered"}
    for one in (raw, other, after):
        await one.close()
    return result


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


async def test_L5_a_stroke_of_100000_points_is_cut_off_by_its_size(shared):
    async def act(raw: Raw):
        await raw.send(
            msgpack.packb(
                {"client_seq": 2, **edit(**{**STROKE, "points": [[60000, 60000]] * 100_000})}
            )
        )
        return await raw.close_code()

    assert await other_people_hear_nothing(shared, act) == 1009


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

    assert await other_people_hear_nothing(shared, act) == 1009


@pytest.mark.parametrize("garbage", [b"\xc1", b"\x81", b"\x91" * 100_000, bytes(1000)])
async def test_malformed_messagepack_is_said_and_closes_its_sender(shared, garbage):
    async def act(raw: Raw):
        await raw.socket.send(garbage)
        return await raw.close_code(), raw.messages[-1]

    code, fault = await other_people_hear_nothing(shared, act)
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
    import asyncio

    got = await asyncio.to_thread(
        shared.call, "POST", f"/api/sessions/{shared.session}/blobs", raw.token, body
    )
    assert got[0] == status
    error = json.loads(got[1])["error"]
    assert error["code"] == code
    assert error["message"]
    await raw.close()


async def test_A3_an_image_is_kept_by_its_hash_and_steers_the_take(shared):
    import asyncio
    import hashlib

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
