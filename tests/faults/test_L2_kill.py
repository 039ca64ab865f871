"""kill -9 of real processes: nothing acknowledged is lost, and nothing is left behind."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

from running import preview_done, preview_seq

from framejam_protocol.wire import decode_server, encode
from framejam_server.session.canonical import state_hash
from framejam_server.session.log import fold


def alive(pid: int) -> bool:
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def worker_of(server) -> int:
    children = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    (pid,) = {int(pid) for file in children for pid in file.read_text().split()}
    return pid


async def paint_until_cut(raw, acked: list[int]) -> None:
    """Send strokes as fast as they are acknowledged."""
    with suppress(AssertionError, asyncio.TimeoutError, ConnectionError, OSError):
        while True:
            answer = await raw.paint()
            acked.append(answer["seq"])


async def test_L2_a_crash_loses_no_acked_edit_and_doubles_none(launch):
    server = launch()
    people = [await server.join(name=f"P{number}") for number in range(3)]
    acked: list[list[int]] = [[] for _ in people]
    painting = [
        asyncio.create_task(paint_until_cut(raw, mine))
        for raw, mine in zip(people, acked, strict=True)
    ]
    await asyncio.sleep(1.0)
    server.kill()
    await asyncio.gather(*painting, return_exceptions=True)
    assert all(acked)
    again = launch(port=server.port)
    back = await again.join(people[0].token)
    await back.catch_up()
    edits = {e["seq"]: e for e in back.events if e["body"]["kind"] == "edited"}
    for raw, mine in zip(people, acked, strict=True):
        for number, seq in enumerate(mine, start=1):
            assert edits[seq]["author"] == raw.welcome["participant"]
            assert edits[seq]["client_seq"] == number
    pairs = [(e["client_id"], e["client_seq"]) for e in edits.values()]
    assert len(pairs) == len(set(pairs))
    # What was told to the client is what a fresh fold of the log gives (L3).
    events = [decode_server(encode_event(e)) for e in back.events]
    head = back.welcome["head_seq"]
    assert state_hash(fold(events[:head])) == back.welcome["state_hash"]
    await back.close()


def encode_event(event: dict) -> bytes:
    import msgpack

    data = msgpack.packb({"type": "event", **event})
    assert encode(decode_server(data))
    return data


async def test_L4_what_was_not_acked_is_sent_again_and_counted_once(launch):
    server = launch()
    raw = await server.join(client_id="client-stays")
    acked: list[int] = []
    painting = asyncio.create_task(paint_until_cut(raw, acked))
    await asyncio.sleep(0.7)
    server.kill()
    await asyncio.gather(painting, return_exceptions=True)
    again = launch(port=server.port)
    back = await again.join(raw.token, client_id="client-stays")
    assert back.welcome["next_client_seq"] in (len(acked) + 1, len(acked) + 2)
    back.sent = len(acked)  # the first number without an ack, whether it was stored or not
    await back.catch_up()
    answer = await back.paint()
    assert answer["type"] == "ack"
    edits = [e for e in back.events if e["body"]["kind"] == "edited"]
    assert [e["client_seq"] for e in edits] == list(range(1, len(acked) + 2))
    await back.close()


async def test_T6_a_killed_worker_is_replaced_and_the_take_comes_out_the_same(launch):
    server = launch("--steps", "8")
    raw = await server.join()
    ack = await raw.paint()
    await raw.preview(lambda p: preview_done(p) and preview_seq(p) >= ack["seq"])
    before = [m for m in raw.messages if m["type"] == "take"][-1]["digest"]
    old = worker_of(server)
    os.kill(old, 9)
    # The next edit needs the renderer: it is restarted, and the take rebuilt from the log.
    await raw.content("red fish")
    note = await raw.wait_for(lambda m: m["type"] == "take" and "restarts" in m["note"])
    assert note["state"] == "waiting"
    undone = await raw.command(type="undo")
    await raw.preview(lambda p: preview_done(p) and preview_seq(p) >= undone["seq"], 90)
    await raw.wait_for(lambda m: m["type"] == "take" and m["digest"] and m["seq"] >= undone["seq"])
    after = [m for m in raw.messages if m["type"] == "take"][-1]["digest"]
    assert after == before
    assert worker_of(server) != old
    await raw.close()


async def test_T6_a_worker_whose_server_was_killed_ends_itself(launch):
    server = launch()
    worker = worker_of(server)
    assert alive(worker)
    server.kill()
    end = time.monotonic() + 20
    while alive(worker) and time.monotonic() < end:
        await asyncio.sleep(0.1)
    assert not alive(worker)


async def test_T4_after_an_undo_the_take_is_bit_for_bit_what_it_was(launch):
    server = launch()
    raw = await server.join()
    first = await raw.content("red fish")

    async def digest_at(seq):
        message = await raw.wait_for(
            lambda m: m["type"] == "take" and m["digest"] and m["seq"] >= seq, 60
        )
        return message["digest"]

    without = await digest_at(first["seq"])
    painted = await raw.paint()
    with_paint = await digest_at(painted["seq"])
    undone = await raw.command(type="undo")
    assert await digest_at(undone["seq"]) == without != with_paint
    redone = await raw.command(type="redo")
    assert await digest_at(redone["seq"]) == with_paint
    await raw.close()
