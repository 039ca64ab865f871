"""A live session with people in it, its take and their looks, on a renderer of memory."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from quick import QuickRenderer, digest
from stage import ROW, SETTINGS, Box

from framejam_protocol.events import Created, Event, Joined
from framejam_protocol.fold.pairs import pairs, references
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Drag, Paint
from framejam_protocol.limits import UNIT
from framejam_protocol.messages import Edit, Look, LookStatus
from framejam_protocol.preview import unpack_preview
from framejam_protocol.wire import decode_server
from framejam_server.conductor import Conductor
from framejam_server.live import Clock, LiveSession
from framejam_server.looks import Looks
from framejam_server.member import LOOK, Member
from framejam_server.net.websocket import _dispatch
from framejam_server.render.pipe import Ready
from framejam_server.session.session import Session
from framejam_server.store.contract import SessionRow
from framejam_server.store.memory import MemoryStore

PULL = Drag(start=(1, 1), end=(9, 9), radius=5)
FAR = Paint(points=((9, 9), (99, 99)), color="#00ff00", width=7)


class Room:
    """A live session with people in it, its take and their looks, on a renderer of memory."""

    def __init__(self, renderer: QuickRenderer, facts: Ready, row: SessionRow = ROW) -> None:
        created = Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))
        self.store = MemoryStore()
        self.renderer = renderer
        self.time = SimpleNamespace(now=0.0)
        core = Session([created])
        self.row = row
        clock = Clock(lambda: 0, lambda: self.time.now)
        self.live = LiveSession(row, core, self.store, clock)
        self.conductor = Conductor(self.live, renderer, facts, self.store)
        self.looks = Looks(self.live, renderer, facts)
        self.people: dict[str, Member] = {}
        self.sent: dict[str, int] = {}
        self._created = created

    async def open(self) -> None:
        await self.begin()
        for name, role in (("anna", "owner"), ("ben1", "editor"), ("vera", "viewer")):
            await self.arrive(name, role)

    async def begin(self) -> None:
        """Its take runs, and nobody is in."""
        await self.store.create_session(self.row, [self._created])
        self.live.start()
        self.task = asyncio.create_task(self.conductor.run())

    async def arrive(self, name: str, role: str) -> None:
        await self.live.join(Joined(participant=name, name=name, color="#000000", role=role))
        self.people[name] = self.connect(name)

    def connect(self, name: str) -> Member:
        number = len(self.live.members) + 1
        client = f"tab-{number}-of-{name}"
        self.live.core.bind(client, name)
        member = Member(number, name, client, Box(), sent_seq=self.live.state.seq)
        self.live.members[number] = member
        self.live.roster.arrive(number, name)
        return member

    async def close(self) -> None:
        await self.looks.close()
        self.task.cancel()
        for one in self.live._tasks:
            one.cancel()

    async def edit(self, name: str, instruction, depth=UNIT) -> int:
        return await self.command(name, lambda number: Edit(number, instruction, depth))

    async def command(self, name: str, make) -> int:
        self.sent[name] = self.sent.get(name, 0) + 1
        before = self.live.state.seq
        self.live.submit(self.people[name], make(self.sent[name]))
        async with asyncio.timeout(5):
            while self.live.state.seq == before:
                await asyncio.sleep(0)
        return before + 1

    async def rest(self) -> str:
        """Until the take is finished and shows everything; its digest."""
        async with asyncio.timeout(5):
            while self.conductor.current_clip is None:
                await asyncio.sleep(0)
        return self.conductor.current_clip.clip.digest

    def look(self, member: Member | str, number: int = 1, **fields) -> Member:
        member = self.people[member] if isinstance(member, str) else member
        running = SimpleNamespace(live=self.live, looks=self.looks)
        _dispatch(Look(number, **fields), None, running, member)
        return member

    def expected(self, *without: int, at: int | None = None, take: int | None = None) -> str:
        """The digest of a take without some edits."""
        state = fold(self.live.core.log[:at])
        take = take or state.take
        kept = {seq: step for seq, step in state.mapping(take).items() if seq not in without}
        settings = next(made for made, number in state.takes.items() if number == take)
        return digest(settings, pairs(state, kept), references(state, kept))


def told(member: Member, kind: type) -> list:
    return [m for m in map(decode_server, member.mailbox.got) if isinstance(m, kind)]


def statuses(member: Member, number: int = 1) -> list[LookStatus]:
    return [one for one in told(member, LookStatus) if one.number == number]


def shown(member: Member) -> list:
    return [unpack_preview(data) for key, data in member.mailbox.offers if key == LOOK]


async def final(member: Member, number: int = 1) -> LookStatus:
    async with asyncio.timeout(5):
        while not (found := statuses(member, number)) or found[-1].state not in (
            "finished",
            "failed",
            "ended",
        ):
            await asyncio.sleep(0)
    return found[-1]
