"""Hundreds of people in one process: ``python -m framejam_server.bench.crowd``.

Each line of the input is a ``Crowd``; it comes together, edits for its time, leaves, and what it
saw is printed as one line. Edits are sent by the clock, whatever became of those before.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import msgspec
import psutil
import uvloop

from framejam_server.bench.asked import Crowd, Seen
from framejam_server.bench.raw import RawSocket, connect
from framejam_server.bench.speech import SPEECH, Speech

_AT_ONCE: Final = 12
"""Fewer than may wait to say hello from one address."""

_ARRIVE_S: Final = 20.0
_SETTLE_S: Final = 0.7
_LATE_S: Final = 3.0
"""What has not come so long after the last edit counts as lost."""


class Member:
    """One connection of the crowd."""

    def __init__(self, crowd: Gathering, room: str, number: int) -> None:
        self.room = room
        self.speech: Speech = SPEECH[crowd.asked.kind](room, crowd.asked.rooms[room], number)
        self.admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.socket: RawSocket | None = None
        self._crowd = crowd

    async def arrive(self) -> None:
        """Connect and be let in. Raises ``ConnectionError`` and ``OSError``."""
        self.socket = await connect(self._crowd.asked.port, self.speech.path, self._got)
        for message in self.speech.hello():
            self.socket.send(message)
        await self.admitted

    def give(self, edits: str, number: int) -> None:
        """Send edit ``number``."""
        assert self.socket is not None
        message, key = self.speech.edit(edits, number)
        self._crowd.sent[key] = time.perf_counter()
        self.socket.send(message)

    def _got(self, data: bytes) -> None:
        now = time.perf_counter()
        if not self.admitted.done() and self.speech.lets_in(data):
            self.admitted.set_result(None)
        self._crowd.hear(self, data, now)


class Gathering:
    """A crowd that is there, and what it has seen."""

    def __init__(self, asked: Crowd) -> None:
        self.asked = asked
        self.sent: dict[bytes, float] = {}
        self._keys: dict[bytes, bytes | None] = {}
        self._acks: list[float] = []
        self._times: list[float] = []
        self._pictures = 0
        self._refused = 0
        self._counting = False

    def hear(self, member: Member, data: bytes, now: float) -> None:
        """A message came."""
        speech = member.speech
        if speech.is_picture(data):
            self._pictures += self._counting
            return
        acked = speech.acked(data)
        if acked is not None:
            begun = self.sent.get(acked)
            if begun is not None:
                self._acks.append((now - begun) * 1000)
            return
        self._refused += speech.refuses(data)
        # To everybody else it is the same bytes: understood once.
        if data not in self._keys:
            self._keys[data] = speech.told(data)
        key = self._keys[data]
        begun = None if key is None else self.sent.get(key)
        if begun is None:
            return
        self._times.append((now - begun) * 1000)
        if speech.own(data, member.speech):
            self._acks.append((now - begun) * 1000)

    async def meet(self) -> Seen:
        """Come together, edit, wait for what is late, and leave."""
        asked = self.asked
        members = [Member(self, room, n) for room in asked.rooms for n in range(asked.each)]
        places = asyncio.Semaphore(_AT_ONCE)

        async def arrive(member: Member) -> None:
            async with places:
                await member.arrive()

        try:
            async with asyncio.timeout(_ARRIVE_S):
                await asyncio.gather(*(arrive(member) for member in members))
            await asyncio.sleep(min(_SETTLE_S, self.asked.seconds))
            return await self._edit(members)
        finally:
            for member in members:
                if member.socket is not None:
                    member.socket.close()

    async def _edit(self, members: list[Member]) -> Seen:
        asked = self.asked
        server = psutil.Process(asked.pid)
        before = server.cpu_times()
        print("begun", flush=True)
        self._counting = True
        start = time.perf_counter()
        for number, member in enumerate(_turns(asked, members)):
            await asyncio.sleep(start + number / asked.per_second - time.perf_counter())
            member.give(asked.edits, number)
        await asyncio.sleep(start + asked.seconds - time.perf_counter())
        owed = len(self.sent) * asked.each
        late = time.perf_counter() + _LATE_S
        while len(self._times) < owed and time.perf_counter() < late:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # an event would have to be looked at for each delivery
        if asked.previews:
            await asyncio.sleep(0.2)
        after = server.cpu_times()
        lost = [member.socket.lost for member in members if member.socket and member.socket.lost]
        if lost:
            raise ConnectionError(f"{len(lost)} of {len(members)} were cut off: {lost[0]}")
        return Seen(
            deliveries=self._pictures if asked.previews else len(self._times),
            owed=owed,
            cpu_s=after.user + after.system - before.user - before.system,
            acks=self._acks,
            deliveries_ms=self._times,
            refused=self._refused,
        )


def _turns(asked: Crowd, members: list[Member]) -> Iterator[Member]:
    """Who sends the edits, one after the other: the writers of all rooms take turns."""
    rooms = [members[start : start + asked.each] for start in range(0, len(members), asked.each)]
    writers = [room[number] for number in range(asked.writers) for room in rooms]
    if asked.edits == "none":
        return
    for number in range(round(asked.per_second * asked.seconds)):
        yield writers[number % len(writers)]


async def main() -> None:
    """Meet as often as asked."""
    decoder = msgspec.json.Decoder(Crowd)
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        seen = await Gathering(decoder.decode(line)).meet()
        print(msgspec.json.encode(seen).decode(), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvloop.run(main())
