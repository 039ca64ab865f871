"""L5, C1: messages beyond the limit are refused, and cost the server little while they come."""

import asyncio
import contextlib
import os
import struct
from pathlib import Path

import msgpack
import pytest
import websockets
from bystanders import other_people_hear_nothing
from running import Raw

from framejam_protocol.errors import Close, Code
from framejam_protocol.limits import MAX_MESSAGE_BYTES, MAX_REFUSED_BYTES

BIG = {"kind": "comment", "at": [1, 1], "frame": 0, "text": "x" * 1_000_000}


def rss_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


async def test_L5_a_refused_giant_uses_its_number_and_is_answered_alike_again(shared):
    async def act(raw: Raw):
        giant = {"type": "edit", "client_seq": 2, "instruction": BIG}
        answers = []
        for turn in range(3):
            heard = len(raw.messages)
            await raw.send(giant if turn < 2 else {**giant, "instruction": {**BIG, "frame": 1}})
            answers.append(
                await raw.wait_for(
                    lambda m, heard=heard: m in raw.messages[heard:] and m["type"] == "refusal"
                )
            )
        raw.sent = 2
        return answers

    first, again, other = await other_people_hear_nothing(shared, act)
    assert (first["code"], first["client_seq"], first["used"]) == (Code.TOO_LARGE, 2, True)
    assert again == first
    assert other["code"] == Code.CONFLICT


@pytest.mark.parametrize(
    "giant",
    [
        msgpack.packb({"type": "presence", "caret": "x" * 1_000_000}),
        msgpack.packb({"type": "edit", "instruction": BIG}),
        msgpack.packb({"type": "edit", "client_seq": "2", "instruction": BIG}),
        msgpack.packb({"type": ["edit"], "client_seq": 2, "instruction": BIG}),
        b"\x91" * 1_000_000,
        b"\xc1" * 1_000_000,
        bytes(MAX_REFUSED_BYTES - 1),
    ],
    ids=["presence", "no number", "no integer", "no type", "deep", "garbage", "8 MiB"],
)
async def test_L5_a_giant_that_is_no_command_is_a_fault_and_the_connection_goes_on(shared, giant):
    async def act(raw: Raw):
        await raw.socket.send(giant)
        return await raw.wait_for(lambda m: m["type"] in ("fault", "refusal"))

    fault = await other_people_hear_nothing(shared, act)
    assert (fault["type"], fault["code"]) == ("fault", Code.TOO_LARGE)


async def test_L5_edits_behind_a_giant_are_answered_in_order(shared):
    async def act(raw: Raw):
        await raw.send({"type": "edit", "client_seq": 2, "instruction": BIG})
        await raw.send({"type": "undo", "client_seq": 3, "group": 10**6})
        await raw.send({"type": "undo", "client_seq": 4, "group": 10**6})
        raw.sent = 4
        await raw.wait_for(lambda m: m["type"] == "refusal" and m["client_seq"] == 4)
        return [(m["client_seq"], m["code"]) for m in raw.messages if m["type"] == "refusal"]

    assert await other_people_hear_nothing(shared, act) == [
        (2, Code.TOO_LARGE),
        (3, Code.NOT_FOUND),
        (4, Code.NOT_FOUND),
    ]


@pytest.mark.parametrize(
    ("size", "taken"), [(MAX_MESSAGE_BYTES, True), (MAX_MESSAGE_BYTES + 1, False)]
)
async def test_L5_the_limit_of_a_message_is_exact(shared, size, taken):
    raw = await shared.join()
    bare = len(msgpack.packb({"type": "sing", "text": bytes(70_000)})) - 70_000
    await raw.send({"type": "sing", "text": bytes(size - bare)})
    fault = await raw.wait_for(lambda m: m["type"] == "fault")
    assert fault["code"] == (Code.UNKNOWN_TYPE if taken else Code.TOO_LARGE)
    await raw.close()


async def test_C1_64_strangers_with_giants_make_the_server_hold_little(launch, monkeypatch):
    monkeypatch.setenv("FRAMEJAM_HELLOS_PER_ADDRESS", "64")
    server = launch()
    member = await server.join()
    await member.preview(lambda p: p[2] == 2)
    before = rss_kb(server.process.pid)
    request = (
        f"GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()
    # One frame of just under 8 MiB, all but its end.
    frame = b"\x82\xff" + struct.pack(">Q", MAX_REFUSED_BYTES - 1000) + bytes(4)
    answers = []

    async def stranger():
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request)
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        writer.write(frame)
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(3):
                for _ in range(60):
                    writer.write(bytes(128 * 1024))
                    await writer.drain()
        answers.append(await reader.read(1000))
        await asyncio.sleep(1)
        return writer

    writers = await asyncio.gather(*(stranger() for _ in range(64)))
    grown = rss_kb(server.process.pid) - before
    assert len(answers) == 64
    assert all(b"too_large" in answer for answer in answers), "each is told why"
    assert (await member.paint())["type"] == "ack"
    assert grown < 24_000, f"64 strangers hold {grown} kB of the server"
    for writer in writers:
        writer.close()
    await member.close()


async def test_C1_what_comes_behind_a_hello_waits_until_its_sender_is_in(shared):
    raw = await Raw.open(shared)
    client = f"client-{os.urandom(6).hex()}"
    hello = {"type": "hello", "versions": [1], "session": shared.session, "token": shared.token}
    stroke = {"kind": "paint", "points": [[9, 9]] * 3000, "color": "#ff0000", "width": 5}
    await raw.send({**hello, "client_id": client})
    for number in range(1, 31):  # 30 times 18 kB: far more than a stranger may send
        await raw.send({"type": "edit", "client_seq": number, "instruction": stroke})
    await raw.wait_for(lambda m: m["type"] == "ack" and m["client_seq"] == 30)
    assert not [m for m in raw.messages if m["type"] in ("fault", "refusal")]
    raw.sent = 30
    for _ in range(30):
        await raw.command(type="undo")
    await raw.close()


async def test_C1_a_stranger_is_told_that_a_hello_is_short(shared):
    raw = await Raw.open(shared)
    with contextlib.suppress(websockets.ConnectionClosed):
        await raw.socket.send(bytes(3_000_000))
    assert await raw.close_code() == Close.MALFORMED
    assert raw.messages[0]["code"] == Code.TOO_LARGE
