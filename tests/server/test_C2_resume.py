"""C2, C3: who was away gets exactly what they missed, whatever became of the server meanwhile."""

from __future__ import annotations

import asyncio

import msgpack
import msgspec
import pytest

from framejam.connection import Connection
from framejam.link import Link
from framejam_protocol.events import Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold
from framejam_protocol.limits import MAX_EVENTS_PER_MESSAGE
from framejam_protocol.messages import Events, Need
from framejam_protocol.wire import encode, encode_events
from framejam_server.bench.drawn import drawn_events

WRITERS = 3
EACH = 500
"""Edits of each writer before the server restarts, and as many after."""

MISSED = 2 * WRITERS * EACH


def events_of(raw) -> list[Event]:
    return msgspec.convert(raw.events, list[Event], str_keys=True, builtin_types=(bytes,))


async def write(raw, color):
    """Edits, a hundred at a time without waiting for answers, until all are acknowledged."""
    for number in range(raw.sent + 1, raw.sent + EACH + 1):
        stroke = {"kind": "paint", "points": [[number, 9], [9, 9]], "color": color, "width": 900}
        edit = {"type": "edit", "instruction": stroke}
        if number % 50 == 0:
            edit = {"type": "undo"}
        elif number % 10 == 0:
            edit["instruction"] = {"kind": "content", "text": f"{color} {number}"}
        await raw.send({"client_seq": number, **edit})
        if number % 100 == 0:
            await raw.wait_for(lambda m, n=number: m["type"] == "ack" and m["client_seq"] == n)
    raw.sent += EACH
    assert not [m for m in raw.messages if m["type"] == "refusal"]


async def missed(launch, away):
    """``away`` comes and leaves; others write, the server is killed, and they write on. Returns the
    server that runs then, and who left."""
    server = launch()
    here = await away(server)
    writers = [await server.join(name=f"Writer {number}") for number in range(WRITERS)]
    colors = ["#ff0000", "#00ff00", "#0000ff"]
    await asyncio.gather(*map(write, writers, colors))
    server.kill()
    for raw in writers:
        await raw.close()
    server = launch(port=server.port)
    back = []
    for raw in writers:
        resume = {"epoch": raw.welcome["epoch"], "last_seq": raw.events[-1]["seq"]}
        back.append(await server.join(raw.token, resume=resume))
    await asyncio.gather(*map(write, back, colors))
    for raw in back:
        await raw.close()
    return server, here


async def test_C2_who_missed_3000_events_and_a_crash_of_the_server_gets_exactly_them(launch):
    async def leaves(server):
        raw = await server.join(name="Anna")
        await raw.content("before")
        await raw.close()
        return raw

    server, anna = await missed(launch, leaves)
    had = events_of(anna)
    last = had[-1].seq
    resume = {"epoch": anna.welcome["epoch"], "last_seq": last}
    back = await server.join(anna.token, resume=resume)
    await back.catch_up()
    assert back.welcome["recovered"]
    assert back.welcome["participant"] == anna.welcome["participant"]
    came = events_of(back)
    assert [event.seq for event in came] == list(range(last + 1, came[-1].seq + 1))
    assert len(came) >= MISSED
    pieces = [m["events"] for m in back.messages if m["type"] == "events"]
    assert max(map(len, pieces)) == MAX_EVENTS_PER_MESSAGE
    whole = [*had, *came]
    assert state_hash(fold(whole[: back.welcome["head_seq"]])) == back.welcome["state_hash"]

    # Another epoch, or more than there is: all of it, and nothing of what they had (C2).
    for wrong in (
        {"epoch": "another", "last_seq": last},
        {"epoch": anna.welcome["epoch"], "last_seq": 10**9},
    ):
        anew = await server.join(anna.token, resume=wrong)
        await anew.catch_up()
        assert not anew.welcome["recovered"]
        assert events_of(anew)[: len(whole)] == whole
        await anew.close()

    # A gap is filled from wherever one asks (C3).
    for after in (0, last, last + 777, whole[-1].seq - 1, whole[-1].seq, 10**9):
        seen = len(back.messages)
        await back.send({"type": "need", "after": after})
        piece = await back._until(
            lambda seen=seen: next(
                (m for m in back.messages[seen:] if m["type"] == "events"), None
            ),
            20,
        )
        first = piece["events"][0]["seq"] if piece["events"] else None
        assert first == (after + 1 if after < whole[-1].seq else None)
        assert piece["more"] == (after + len(piece["events"]) < back.welcome["head_seq"])
    await back.close()


async def test_C2_the_python_client_comes_back_after_3000_events_and_a_crash(launch):
    async def leaves(server):
        base = f"http://127.0.0.1:{server.port}"
        one = Connection(Link(base, server.session, server.token), "Anna", None)
        running = asyncio.create_task(one.run())
        await asyncio.wait_for(one.ready.wait(), 20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return one

    server, one = await missed(launch, leaves)
    had = len(one.mirror.log)
    before = list(one.mirror.log)
    running = asyncio.create_task(one.run())
    watcher = await server.join(name="Watcher")
    await watcher.catch_up()
    head = watcher.events[-1]["seq"]
    assert head > had + MISSED
    async with asyncio.timeout(20):
        while one.mirror.last_seq < head:
            await one.changed.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert one.mirror.welcome.recovered
    assert one.mirror.log[:had] == before
    assert one.mirror.log[:head] == events_of(watcher)[:head]
    assert one.mirror.state == fold(one.mirror.log)
    assert one.mirror.welcome.head_seq <= head
    await watcher.close()


class Socket:
    """A socket of a server that was asked for the log; what the client says is kept."""

    def __init__(self):
        self.said = []

    async def send(self, data):
        self.said.append(msgpack.unpackb(data))


async def test_C3_the_next_piece_is_asked_for_once_and_before_this_one_is_folded():
    log = list(drawn_events(100))
    one, socket = Connection(Link("http://127.0.0.1:1", "s", "t"), None, None), Socket()
    for start in range(0, 60, 20):
        folded = one.mirror.last_seq
        piece = Events(tuple(log[start : start + 20]), more=True)
        await one._ask(socket, piece.events[-1].seq)
        await one._ask(socket, piece.events[-1].seq)
        assert one.mirror.last_seq == folded == start
        one._receive(piece)
        assert one.mirror.last_seq == start + 20
        assert Need not in one._slots, "it has been asked for"
    assert [said["after"] for said in socket.said] == [20, 40, 60]
    # A piece behind a gap: what is missing is asked for, whatever was asked for before.
    await one._ask(socket, 90)
    one._receive(Events(tuple(log[70:90]), more=True))
    assert one._slots[Need] == Need(after=60)


@pytest.mark.parametrize("count", [0, 1, 60])
def test_C3_a_piece_of_encoded_events_is_the_message_it_stands_for(count):
    log = tuple(drawn_events(60))[:count]
    for more in (False, True):
        assert encode_events(map(encode, log), more) == encode(Events(log, more))
