"""C4: what grows with the square of the people in a session is coalesced and bounded."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from framejam_protocol.events import Created, Event, Joined
from framejam_protocol.instructions import Settings
from framejam_protocol.messages import People, Presence, PresenceUpdate, Welcome
from framejam_protocol.wire import decode_server
from framejam_server import live as module
from framejam_server.live import PEOPLE, Clock, LiveSession
from framejam_server.session.session import Session
from framejam_server.store.contract import SessionRow
from framejam_server.store.memory import MemoryStore

SETTINGS = Settings(
    model="embedded", seed=1, steps=6, frames=4, width=32, height=32, fps=8, guidance=100
)
ROW = SessionRow("s1", "e1", 0)
ALL = 60


class Box:
    """A mailbox that keeps every offer, as one that is never behind would deliver it."""

    def __init__(self) -> None:
        self.offers: list[tuple[object, bytes]] = []

    def send(self, data: bytes) -> None:
        pass

    def offer(self, key: object, data: bytes) -> None:
        self.offers.append((key, data))

    def of(self, kind: type) -> list:
        return [m for _, data in self.offers if isinstance(m := decode_server(data), kind)]


@pytest.fixture
async def live():
    store = MemoryStore()
    created = Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))
    await store.create_session(ROW, [created])
    live = LiveSession(ROW, Session([created]), store, Clock(lambda: 0, lambda: 0.0))
    live.start()
    yield live
    for task in live._tasks:
        task.cancel()


async def arrive(live: LiveSession, count: int) -> list:
    """So many people, one right after the other, each in one connection."""
    members = []
    for number in range(count):
        person = f"person{number}"
        await live.join(Joined(participant=person, name=person, color="#000000", role="editor"))
        members.append(live.admit(person, f"tab-of-{person}", Box(), _welcome(), live.state.seq))
    return members


def _welcome() -> Welcome:
    return Welcome(1, "s1", "e1", 1, "", True, "person0", "editor", 1, 16, SETTINGS, {}, {})


async def rounds(live: LiveSession, count: int = 3) -> None:
    await asyncio.sleep(count * module.PRESENCE_INTERVAL_S)


async def test_C4_a_newcomer_is_told_at_once_who_is_here(live):
    newest = (await arrive(live, 3))[-1]
    key, data = newest.mailbox.offers[0]
    assert key == PEOPLE
    people = decode_server(data).people
    assert [one.connections for one in people] == [1, 1, 1]


async def test_C4_many_who_come_at_once_are_not_a_list_each_to_everybody(live, monkeypatch):
    monkeypatch.setattr(module, "PRESENCE_PER_SECOND", 10**9)
    members = await arrive(live, ALL)
    await rounds(live)
    first = members[0].mailbox.of(People)
    assert len(first) < ALL / 4, "every arrival went to everybody"
    for member in members:
        assert [one.connections for one in member.mailbox.of(People)[-1].people] == [1] * ALL


async def test_C4_everybody_hears_that_somebody_left(live):
    members = await arrive(live, 3)
    await rounds(live)
    live.leave(members[0])
    await rounds(live)
    for member in members[1:]:
        assert [one.connections for one in member.mailbox.of(People)[-1].people] == [0, 1, 1]
        gone = member.mailbox.of(Presence)[-1]
        assert (gone.connection, gone.cursor) == (members[0].connection, None)


async def test_C4_everybody_sees_where_all_others_point_and_nobody_themselves(live, monkeypatch):
    monkeypatch.setattr(module, "PRESENCE_PER_SECOND", 10**9)
    members = await arrive(live, ALL)
    await rounds(live)
    lists = len(members[0].mailbox.of(People))
    for place in (1, 2):
        for member in members:
            live.point(member, PresenceUpdate(cursor=(place, member.connection)))
    await rounds(live)
    for member in members:
        seen = Counter((p.connection, p.cursor) for p in member.mailbox.of(Presence))
        others = [other.connection for other in members if other is not member]
        assert seen == Counter({(number, (2, number)): 1 for number in others})
    assert len(members[0].mailbox.of(People)) == lists, "nobody came or left"


async def test_C4_a_crowd_that_moves_is_shown_less_often(live, monkeypatch):
    """Lines about people to people are bounded; what changes in between is coalesced."""
    monkeypatch.setattr(module, "PRESENCE_PER_SECOND", 1)
    members = await arrive(live, 5)
    await rounds(live)  # the list of people was more than a second's worth
    for place in range(10):
        for member in members:
            live.point(member, PresenceUpdate(cursor=(place, 0)))
        await asyncio.sleep(module.PRESENCE_INTERVAL_S / 5)
    assert all(member.mailbox.of(Presence) == [] for member in members)
