"""C: hello, resume, gaps, previews, close codes; over real sockets to a real process."""

import asyncio
import struct

import msgpack
import pytest
import websockets
from running import Raw, preview_done, preview_seq, preview_step

from framejam_protocol.errors import Close


def typed(event):
    """What an event wrote into a prompt."""
    splices = event["body"].get("instruction", {}).get("splices", ())
    return "".join(inserted for _, _, inserted in splices)


async def test_C1_the_first_answer_is_the_welcome_and_it_says_what_is_needed(shared):
    raw = await shared.join(name="Anna", color="#123456")
    assert raw.messages[0]["type"] == "welcome"
    welcome = raw.welcome
    assert (welcome["version"], welcome["session"], welcome["role"]) == (1, shared.session, "owner")
    assert welcome["next_client_seq"] == 1
    assert welcome["limits"]["stroke_points"] == 4096
    assert len(welcome["state_hash"]) == 64
    assert welcome["token"], "a new participant gets a token of their own"
    me = [e for e in raw.events if e["body"].get("participant") == welcome["participant"]]
    assert [(e["body"]["name"], e["body"]["color"]) for e in me] == [("Anna", "#123456")]
    await raw.close()


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (msgpack.packb({"type": "undo", "client_seq": 1}), Close.HELLO_EXPECTED),
        (b"\xc1\xff\x00", Close.MALFORMED),
        (b"\x91" * 5000, Close.MALFORMED),
        (msgpack.packb({"type": "hello"}), Close.MALFORMED),
        (msgpack.packb("x" * 9000), Close.MALFORMED),
        (msgpack.packb("x" * 20_000), Close.MALFORMED),
        (msgpack.packb("x" * 2_000_000), Close.MALFORMED),
        ("text", Close.HELLO_EXPECTED),
    ],
)
async def test_C1_nothing_but_a_hello_is_accepted_first(shared, first, code):
    raw = await Raw.open(shared)
    await raw.socket.send(first)
    assert await raw.close_code() == code
    assert [m["type"] for m in raw.messages] == ["fault"]
    assert raw.messages[0]["message"]


@pytest.mark.parametrize(("versions", "code"), [([0], Close.TOO_OLD), ([2, 3], Close.TOO_NEW)])
async def test_C1_versions_are_refused_by_name(shared, versions, code):
    raw = await Raw.open(shared)
    await raw.send(
        {
            "type": "hello",
            "versions": versions,
            "session": shared.session,
            "token": shared.token,
            "client_id": "client-v1",
        }
    )
    assert await raw.close_code() == code
    assert raw.messages[0]["field"] == "versions"


async def test_C1_a_silent_socket_is_closed(shared, monkeypatch):
    raw = await Raw.open(shared)
    assert await raw.close_code(15) == Close.HELLO_TIMEOUT


async def test_C1_the_same_link_makes_new_people_and_a_participants_token_brings_them_back(shared):
    one = await shared.join(name="Anna")
    two = await shared.join(name="Ben")
    again = await shared.join(one.token)
    assert one.welcome["participant"] != two.welcome["participant"]
    assert again.welcome["participant"] == one.welcome["participant"]
    assert again.welcome["token"] is None
    people = [m for m in again.messages if m["type"] == "people"][-1]["people"]
    here = {person["participant"]: person["connections"] for person in people}
    assert here[one.welcome["participant"]] == 2
    for raw in (one, two, again):
        await raw.close()


async def test_C2_resume_gets_every_missing_event_and_nothing_else(shared):
    raw = await shared.join(name="Anna")
    await raw.content("before")
    last = raw.events[-1]["seq"]
    await raw.close()
    other = await shared.join(name="Ben")
    await other.content("meanwhile")
    back = await shared.join(raw.token, resume={"epoch": raw.welcome["epoch"], "last_seq": last})
    assert back.welcome["recovered"]
    seqs = [event["seq"] for event in back.events]
    assert seqs == list(range(last + 1, seqs[-1] + 1))
    assert "meanwhile" in map(typed, back.events)
    for raw in (other, back):
        await raw.close()


@pytest.mark.parametrize(
    "resume", [{"epoch": "another", "last_seq": 1}, {"epoch": None, "last_seq": 10**9}]
)
async def test_C2_what_cannot_be_resumed_starts_from_the_beginning(shared, resume):
    first = await shared.join()
    resume = {**resume, "epoch": resume["epoch"] or first.welcome["epoch"]}
    raw = await shared.join(resume=resume)
    assert not raw.welcome["recovered"]
    assert raw.events[0]["seq"] == 1
    await first.close()
    await raw.close()


async def test_C3_every_event_carries_its_seq_and_a_gap_can_be_asked_for(shared):
    raw = await shared.join()
    for number in range(5):
        await raw.content(f"text {number}")
    seqs = [event["seq"] for event in raw.events]
    assert seqs == list(range(1, len(seqs) + 1))
    raw.messages.clear()
    await raw.send({"type": "need", "after": 2})
    answer = await raw.wait_for(lambda m: m["type"] == "events")
    assert [event["seq"] for event in answer["events"]][:3] == [3, 4, 5]
    raw.messages.clear()
    await raw.content("and what follows comes once")
    seqs = [event["seq"] for event in raw.events]
    assert len(seqs) == len(set(seqs))
    await raw.close()


async def test_C3_a_long_log_comes_in_pieces_without_losing_what_happens_meanwhile(launch):
    server = launch()
    writer = await server.join()
    for number in range(1, 651):
        await writer.send(
            {
                "type": "edit",
                "client_seq": number,
                "instruction": {"kind": "content", "text": str(number)},
            }
        )
    writer.sent = 650
    await writer.wait_for(lambda m: m.get("client_seq") == 650 and m["type"] == "ack", 60)
    reader = await server.join()
    piece = next(m for m in reader.messages if m["type"] == "events")
    assert piece["more"]
    await writer.content("while the reader is behind")
    await reader.send({"type": "need", "after": piece["events"][-1]["seq"]})
    await reader.wait_for(lambda m: m["type"] == "events" and not m["more"])
    seqs = [event["seq"] for event in reader.events]
    assert seqs == list(range(1, len(seqs) + 1))
    assert "while the reader is behind" in map(typed, reader.events)
    await writer.close()
    await reader.close()


async def test_C5_a_preview_has_the_header_of_the_spec_and_a_picture_of_all_frames(shared):
    from io import BytesIO

    from PIL import Image

    raw = await shared.join()
    data = await raw.preview(lambda p: True)
    (
        mark,
        version,
        tier,
        codec,
        columns,
        rows,
        frames,
        width,
        height,
        take,
        step,
        steps,
        zero,
        seq,
        at,
    ) = struct.unpack(">BBBBBBHHHIHHIQQ", data[:40])
    assert (mark, version, codec, take, zero) == (0xC1, 1, 1, 1, 0)
    assert tier in (1, 2)
    assert (frames, width, height, steps) == (4, 32, 32, 6)
    assert 0 < step <= steps
    assert seq >= 1
    assert at > 1_700_000_000_000
    sheet = Image.open(BytesIO(data[40:]))
    assert sheet.format == "JPEG"
    assert sheet.size == (columns * width, rows * height)
    assert columns * rows >= frames
    await raw.close()


async def test_C5_a_late_joiner_gets_the_newest_preview_at_once(shared):
    first = await shared.join()
    await first.preview(preview_done)
    late = await shared.join()
    data = await late.preview(lambda p: True, 2)
    assert preview_done(data)
    await first.close()
    await late.close()


async def test_C5_a_client_that_wants_no_previews_gets_none_until_it_does(shared):
    raw = await shared.join()
    await raw.send({"type": "watch", "tier": "none"})
    await raw.send({"type": "ping", "nonce": 7})
    await raw.wait_for(lambda m: m == {"type": "pong", "nonce": 7})
    raw.previews.clear()
    other = await shared.join()
    ack = await other.paint("#00ff00")
    await other.preview(lambda p: preview_done(p) and preview_seq(p) >= ack["seq"])
    assert raw.previews == []
    await raw.send({"type": "watch", "tier": "sheet"})
    assert preview_step(await raw.preview(lambda p: True, 2)) == 6
    await raw.close()
    await other.close()


async def test_C4_presence_reaches_the_others_and_is_never_stored(shared):
    one, two = await shared.join(), await shared.join()
    stroke = {"points": [[1, 2], [3, 4]], "color": "#ff0000", "width": 500}
    await one.send({"type": "presence", "cursor": [100, 200], "frame": 3, "stroke": stroke})
    seen = await two.wait_for(
        lambda m: m["type"] == "presence" and m["participant"] == one.welcome["participant"]
    )
    assert (seen["cursor"], seen["frame"]) == ([100, 200], 3)
    assert seen["stroke"] == {**stroke, "erase": False, "blend": "normal"}
    me = one.welcome["participant"]
    assert not [m for m in one.messages if m["type"] == "presence" and m["participant"] == me]
    await one.close()
    await two.wait_for(
        lambda m: m["type"] == "presence" and m["cursor"] is None and m["participant"] == me
    )
    third = await shared.join()
    assert not [m for m in third.messages if m["type"] == "presence"]
    await two.close()
    await third.close()


async def test_C6_a_server_that_stops_tells_its_clients_to_come_back(launch):
    server = launch()
    raw = await server.join()
    ack = await raw.content("kept")
    assert server.stop() == 0
    assert await raw.close_code() == Close.RESTARTING
    again = launch(port=server.port)
    assert again.origin == server.origin
    resume = {"epoch": raw.welcome["epoch"], "last_seq": ack["seq"]}
    back = await again.join(raw.token, resume=resume)
    assert back.welcome["recovered"]
    assert back.welcome["head_seq"] >= ack["seq"]
    await back.preview(preview_done)
    await asyncio.gather(raw.close(), back.close())


async def test_C4_a_client_that_never_reads_is_cut_off_and_costs_the_others_nothing(launch):
    server = launch()
    writer = await server.join(name="Writer")
    url = server.origin.replace("http", "ws") + "/socket"
    hello = {"type": "hello", "versions": [1], "session": server.session, "token": server.token}
    # One message in the client's queue, then its kernel buffer fills, then the server's.
    async with websockets.connect(url, max_queue=1, max_size=2**26) as stuck:
        await stuck.send(msgpack.packb({**hello, "client_id": "client-stuck", "name": "Stuck"}))

        def stuck_connections():
            lists = [m["people"] for m in writer.messages if m["type"] == "people"]
            return [p["connections"] for p in lists[-1] if p["name"] == "Stuck"]

        await writer.wait_for(lambda m: m["type"] == "people" and stuck_connections() == [1])
        points = [[60000, 60000 - n] for n in range(4096)]
        stroke = {"kind": "paint", "points": points, "color": "#ff0000", "width": 900}
        for _ in range(400):  # 10 MB and more: beyond what the server keeps for anybody
            assert (await writer.command(type="edit", instruction=stroke))["type"] == "ack"
        await writer.wait_for(lambda m: m["type"] == "people" and stuck_connections() == [0], 60)
    await writer.close()


async def test_C4_who_comes_later_is_told_where_the_others_are(shared):
    first = await shared.join()
    other = await shared.join()
    caret = {"prompt": "content", "anchor": 1, "head": 3}
    await first.send({"type": "presence", "cursor": [7, 8], "caret": caret})
    await other.wait_for(lambda m: m["type"] == "presence" and m["cursor"] == [7, 8])
    late = await shared.join()
    told = await late.wait_for(lambda m: m["type"] == "presence" and m["cursor"] == [7, 8])
    assert told["participant"] == first.welcome["participant"]
    assert told["caret"] == caret
    await first.close()
    await late.wait_for(lambda m: m["type"] == "presence" and m["cursor"] is None)
    for raw in (other, late):
        await raw.close()
