"""C4, L5: clients that do not read, read slowly, talk too much or talk rubbish; real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import re
from pathlib import Path
from types import SimpleNamespace

import msgpack
import pytest
import websockets
from aiohttp import WSMsgType
from running import Raw
from slow_client import Trickle
from test_live import ROW, SETTINGS, Box

import framejam
from framejam_protocol import limits
from framejam_protocol.errors import Close, Code
from framejam_protocol.events import Created, Event, Joined
from framejam_protocol.instructions import Content
from framejam_protocol.messages import Edit
from framejam_server.live import Clock, LiveSession
from framejam_server.member import Member
from framejam_server.net import websocket
from framejam_server.net.outbox import Outbox
from framejam_server.session.ratelimit import EditRates
from framejam_server.session.session import Session
from framejam_server.store.memory import MemoryStore

LONG = {
    "kind": "paint",
    "points": [[131000, 131000 - n] for n in range(4096)],
    "color": "#ff0000",
    "width": 900,
}


async def metric(server, name: str) -> float:
    status, body = await asyncio.to_thread(server.call, "GET", "/metrics")
    assert status == 200
    found = re.search(rf"^framejam_{name} (\S+)$", body.decode(), re.M)
    assert found, name
    return float(found.group(1))


async def whole_log(server, token: str, **hello) -> Raw:
    raw = await server.join(token, **hello)
    await raw.catch_up()
    return raw


async def test_C4_who_never_reads_is_closed_4001_and_resumes_with_every_event_once(launch):
    server = launch()
    writer, reader, stuck = [await server.join(name=n) for n in ("Writer", "Reader", "Stuck")]
    await stuck.close()
    # Back as the same person, below every library's buffer, and never reading.
    silent = await asyncio.to_thread(Trickle, server, stuck.token)
    acks = []
    for _ in range(400):
        acks.append(await writer.command(type="edit", instruction=LONG))
        if len(acks) % 20 == 0 and await metric(server, "slow_closes_total"):
            break
    assert {ack["type"] for ack in acks} == {"ack"}
    assert await metric(server, "slow_closes_total") == 1
    # Now it reads what the kernel held, and the reason behind it.
    messages, code = await asyncio.to_thread(silent.frames)
    assert code == Close.SLOW
    welcome = next(m for m in messages if m["type"] == "welcome")
    first = [e for m in messages if m["type"] == "events" for e in m["events"]]
    first += [m for m in messages if m["type"] == "event"]
    last = first[-1]["seq"]
    assert last < acks[-1]["seq"]
    again = await whole_log(
        server, stuck.token, resume={"epoch": welcome["epoch"], "last_seq": last}
    )
    assert again.welcome["recovered"]
    seqs = [e["seq"] for e in first] + [e["seq"] for e in again.events]
    assert seqs == list(range(1, len(seqs) + 1))
    assert seqs[-1] >= acks[-1]["seq"]
    # The others missed nothing, and were not asked to come back.
    await reader.wait_for(lambda m: m.get("seq") == acks[-1]["seq"])
    heard = [event["seq"] for event in reader.events]
    assert heard == list(range(1, len(heard) + 1))
    assert reader.closed is None
    assert writer.closed is None
    assert await metric(server, "outbox_bytes") < limits.MAX_OUTBOX_BYTES
    for raw in (writer, reader, again):
        await raw.close()


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))


async def test_C4_hostile_clients_cost_the_others_no_event_and_the_server_no_memory(launch):
    server = launch()
    writer, reader = await server.join(name="Writer"), await server.join(name="Reader")
    # One person for all the connections: arrivals would be news of their own.
    mallory = await server.join(name="Mallory")

    async def comes_and_goes(_number: int) -> None:
        raw = await Raw.open(server)
        # Every answer but a close is fine: too many at one time are told so.
        await raw.send(
            {
                "type": "hello",
                "versions": [1],
                "session": server.session,
                "token": mallory.token,
                "client_id": "client-of-mallory",
            }
        )
        await raw.wait_for(lambda m: m["type"] == "welcome")
        await raw.close()

    async def talks_rubbish(garbage: bytes, framed: bool) -> int:
        raw = await server.join(mallory.token)
        if framed:
            await raw.socket.send(garbage)
        else:
            raw.socket.transport.write(garbage)
        return await raw.close_code()

    async def load() -> None:
        silent = await asyncio.to_thread(Trickle, server, mallory.token)
        trickle = await asyncio.to_thread(Trickle, server, mallory.token)
        first = len(reader.events)
        for turn in range(20):
            assert (await writer.content(f"turn {turn}"))["type"] == "ack"
            await asyncio.gather(*(comes_and_goes(number) for number in range(10)))
            trickle.read(100)  # ten times a second, this is 1 kB/s
        assert await talks_rubbish(b"\xc1 rubbish", True) == Close.MALFORMED
        assert await talks_rubbish(b"\xff" * 300, False) in (1002, 1006)
        last = await writer.content("the end of it")
        await reader.wait_for(lambda m: m.get("seq") == last["seq"])
        assert len(reader.events) >= first + 21
        silent.close()
        trickle.close()

    for _ in range(2):  # allocators, caches and the model's pictures find their size
        await load()
    grown = []
    while len(grown) < 4 and not any(growth <= 1024 for growth in grown):
        before = resident_kb(server.process.pid)
        await load()
        gc.collect()
        grown.append(resident_kb(server.process.pid) - before)
    assert any(growth <= 1024 for growth in grown), f"kB for each time: {grown}"
    seqs = [event["seq"] for event in reader.events]
    assert seqs == list(range(1, len(seqs) + 1))
    assert writer.closed is reader.closed is mallory.closed is None
    for raw in (writer, reader, mallory):
        await raw.close()


async def test_L5_too_many_edits_are_refused_with_a_time_and_may_come_again(launch, monkeypatch):
    monkeypatch.setenv("FRAMEJAM_EDITS_PER_SECOND", "10")
    server = launch()
    flood, other = await server.join(), await server.join()

    async def send(numbers) -> None:
        for number in numbers:
            stroke = {"kind": "content", "text": str(number)}
            await flood.send({"type": "edit", "client_seq": number, "instruction": stroke})

    await send(range(1, 121))
    await flood.wait_for(lambda m: m.get("client_seq") == 120)
    refusals = [m for m in flood.messages if m["type"] == "refusal"]
    first = min(refusal["client_seq"] for refusal in refusals)
    assert first > 50, "five seconds' worth at once"
    assert refusals[0]["code"] == Code.RATE_LIMITED
    assert {r["code"] for r in refusals} <= {Code.RATE_LIMITED, Code.GAP}
    limited = [r for r in refusals if r["code"] == Code.RATE_LIMITED]
    assert {(r["used"], r["rule"], r["retry_after_ms"]) for r in limited} == {(False, "L5", 1000)}
    assert await metric(server, "rate_limited_total") == len(limited)
    # It is the person who is limited: another tab of theirs, too, and nobody else.
    tab = await server.join(flood.token)
    assert (await tab.content("from another tab"))["type"] == "refusal"
    assert (await other.content("from somebody else"))["type"] == "ack"
    await asyncio.sleep(limited[0]["retry_after_ms"] / 1000)
    await send([first])
    ack = await flood.wait_for(lambda m: m["type"] == "ack" and m["client_seq"] == first)
    texts = [
        e["body"]["instruction"]["splices"][0][2]
        for e in other.events
        if "client_id" in e
        and e["client_id"]
        and e["body"]["kind"] == "edited"
        and e["author"] == flood.welcome["participant"]
    ]
    assert ack["seq"] > 0
    assert texts[: first - 1] == [str(number) for number in range(1, first)]
    for raw in (flood, tab, other):
        await raw.close()


async def test_L5_the_python_client_brings_a_long_backlog_home_in_order_each_once(
    launch, monkeypatch
):
    monkeypatch.setenv("FRAMEJAM_EDITS_PER_SECOND", "20")
    server = launch()
    async with framejam.connect(server.link) as session:
        receipts = await asyncio.gather(*(session.content(str(n)) for n in range(150)))
        seqs = [receipt.seq for receipt in receipts]
        assert seqs == sorted(set(seqs))
    assert await metric(server, "rate_limited_total") > 0


async def test_L5_refusals_count_double_over_the_socket(launch, monkeypatch):
    monkeypatch.setenv("FRAMEJAM_EDITS_PER_SECOND", "2")
    server = launch()
    raw = await server.join()
    answers = [await raw.command(type="edit", instruction={"kind": "sing"}) for _ in range(9)]
    codes = [answer["code"] for answer in answers]
    assert codes[:5] == [Code.UNKNOWN_TYPE] * 5
    assert Code.RATE_LIMITED in codes[5:8], "ten at once, and each of these counts as two"
    await raw.close()


async def test_C1_one_address_holds_a_quarter_of_the_places_to_say_hello(launch):
    server = launch()
    silent = [await Raw.open(server) for _ in range(limits.MAX_UNAUTHENTICATED_PER_ADDRESS)]
    with pytest.raises(websockets.InvalidStatus) as caught:
        await Raw.open(server)
    assert caught.value.response.status_code == 429
    await silent.pop().close()
    while True:  # the server hears of the close a moment later
        with contextlib.suppress(websockets.InvalidStatus):
            late = await server.join()
            break
    assert late.welcome["role"] == "owner"
    for raw in (*silent, late):
        await raw.close()


async def test_C1_a_first_message_beyond_a_hello_is_refused(shared):
    for size in (9000, 300_000):
        raw = await Raw.open(shared)
        await raw.socket.send(msgpack.packb("x" * size))
        assert await raw.close_code() == Close.MALFORMED


async def test_A2_wrong_tokens_are_limited_by_address_over_http_and_socket(launch, monkeypatch):
    monkeypatch.setenv("FRAMEJAM_FAILED_TOKENS_PER_MINUTE", "5")
    server = launch()
    owner = await server.join()
    clip = f"/api/sessions/{server.session}/clip.mp4"
    wrong = "0011223344556677." + "x" * 43
    answers = [await asyncio.to_thread(server.call, "GET", clip, wrong) for _ in range(7)]
    statuses = [status for status, _ in answers]
    assert statuses[:5] == [401] * 5
    assert 429 in statuses[5:]
    assert json.loads(answers[statuses.index(429)][1])["error"]["code"] == Code.RATE_LIMITED
    invite = await asyncio.to_thread(server.call, "GET", clip, owner.token)
    assert invite[0] in (200, 409), "who was let in before is not locked out"
    codes = []
    for _ in range(3):
        raw = await Raw.open(server)
        hello = {"type": "hello", "versions": [1], "session": server.session, "token": wrong}
        await raw.send({**hello, "client_id": "client-bad"})
        codes.append(await raw.close_code())
    assert Close.FULL in codes
    again = await server.join(owner.token)
    for raw in (owner, again):
        await raw.close()


async def test_L5_gaps_and_repetitions_cost_nothing_so_that_a_backlog_comes_to_an_end():
    store = MemoryStore()
    created = Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))
    await store.create_session(ROW, [created])
    clock = Clock(lambda: 0, lambda: 0.0)
    live = LiveSession(ROW, Session([created]), store, clock, EditRates(2))
    live.start()
    await live.join(Joined(participant="anna", name="anna", color="#000000", role="editor"))
    live.core.bind("tab-of-anna", "anna")
    anna = Member(1, "anna", "tab-of-anna", Box())

    async def send(number: int):
        heard = len(anna.mailbox.got)
        live.submit(anna, Edit(number, Content(str(number))))
        while len(anna.mailbox.got) == heard:
            await asyncio.sleep(0)
        return anna.mailbox.got[-1]

    assert {(await send(number)).code for number in range(100, 130)} == {Code.GAP}
    first = await send(1)
    assert [await send(1) for _ in range(30)] == [first] * 30
    answers = [await send(number) for number in range(2, 12)]
    assert [type(answer).__name__ for answer in answers] == ["Ack"] * 9 + ["Refusal"]
    assert answers[-1].code == Code.RATE_LIMITED
    await live.stop(4000, "bye")


class FakeSocket:
    """Messages that have all arrived already."""

    def __init__(self, messages: list[bytes]) -> None:
        self._messages = [SimpleNamespace(type=WSMsgType.BINARY, data=data) for data in messages]

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self._messages:
            raise StopAsyncIteration
        return self._messages.pop(0)


class FakeLive:
    def __init__(self) -> None:
        self.heard = []

    def catch_up(self, _member, after):
        self.heard.append(after)

    def point(self, _member, update):
        self.heard.append(update)

    submit = look = point

    def watch(self, _member, message=None):
        # Told twice: by the session with the message, by its looks without.
        if message is not None:
            self.heard.append(message)


NEED = msgpack.packb({"type": "need", "after": 3})
LOOK = msgpack.packb({"type": "look", "number": 1})
PING = msgpack.packb({"type": "ping", "nonce": 1})
POINT = msgpack.packb({"type": "presence", "cursor": [1, 2]})
WATCH = msgpack.packb({"type": "watch", "tier": "sheet"})
RUBBISH = msgpack.packb({"type": "sing"})
STROKE = msgpack.packb({"type": "edit", "client_seq": 1, "instruction": LONG})


@pytest.mark.parametrize(
    ("message", "count", "seconds"),
    [
        (PING, 2000, 0),
        (PING, 2400, 1),
        (POINT, 6000, 10),
        (WATCH, 6000, 10),
        (RUBBISH, 6000, 10),
        (NEED, 222, 0),
        (NEED, 500, (9 * 500 - 2000) / 400),
        (LOOK, 500, (9 * 500 - 2000) / 400),
        (STROKE, 1000, (1 + len(STROKE) // 16384) * 1000 / 400 - 5),
    ],
)
async def test_L5_a_connection_is_read_no_faster_than_its_rate_and_nothing_is_dropped(
    monkeypatch, message, count, seconds
):
    slept = [0.0]

    async def sleep(wait):
        slept[0] += wait

    async def nowhere(_data):
        pass

    monkeypatch.setattr(websocket, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(websocket, "time", SimpleNamespace(monotonic=lambda: slept[0]))
    live, outbox = FakeLive(), Outbox(nowhere)
    running = SimpleNamespace(live=live, looks=live)
    await websocket._read(FakeSocket([message] * count), outbox, running, None)
    assert slept[0] == pytest.approx(seconds, abs=0.1)
    assert outbox.closed_with is None
    assert len(live.heard) + len(outbox._reliable) == count
