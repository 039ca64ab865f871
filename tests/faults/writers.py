"""People who write without pause, and what the log must hold after a crash."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
import websockets
from running import Raw, RunningServer

from framejam_protocol.events import Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import State

NO_ANSWER = ("rate_limited", "unavailable", "gap")
"""Refusals that leave the number unused (L4): it is sent again."""


def command(client_id: str, number: int) -> dict[str, Any]:
    """Command ``number`` of a client: the same whenever it is asked for, so it can be resent."""
    chance = random.Random(f"{client_id} {number}")

    def point() -> list[int]:
        return [chance.randrange(65536), chance.randrange(65536)]

    kind = chance.randrange(20)
    if kind == 0:
        return {"type": "undo"}
    if kind == 1:
        return {"type": "redo"}
    instructions: dict[int, dict[str, Any]] = {
        2: {"kind": "content", "text": f"red fish {number}"},
        3: {"kind": "motion", "text": f"moving to the left {number}"},
        4: {"kind": "drag", "start": point(), "end": point(), "radius": 9000},
    }
    stroke = {"kind": "paint", "points": [point(), point()], "color": "#ff0000", "width": 6000}
    return {"type": "edit", "instruction": instructions.get(kind, stroke)}


def kept(instruction: dict[str, Any]) -> dict[str, Any]:
    """What the log keeps of an instruction that can be told beforehand: of a prompt its name."""
    if instruction.get("kind") in ("content", "motion"):
        return {"kind": "text", "prompt": instruction["kind"]}
    return instruction


@dataclass
class Writer:
    """One client program of one person. It remembers what it was told, whatever happens."""

    client_id: str
    token: str = ""
    participant: str = ""
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    told: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Every event this client was ever sent, by seq."""
    highest: int = 0
    raw: Raw | None = None
    _next: int = 1
    _read: int = 0
    _deaf: bool = False

    async def connect(self, server: RunningServer, epoch: str, last_seq: int) -> dict[str, Any]:
        """Join (again); the welcome. What was not answered will be sent again."""
        hello: dict[str, Any] = {"client_id": self.client_id}
        if self.token:
            hello["resume"] = {"epoch": epoch, "last_seq": last_seq}
        self.raw = await server.join(self.token or None, **hello)
        self.token, self.participant = self.raw.token, self.raw.welcome["participant"]
        self._read, self._next, self._deaf = 0, self.first_unanswered, False
        return self.raw.welcome

    @property
    def first_unanswered(self) -> int:
        return next(n for n in range(1, self.highest + 2) if n not in self.answers)

    async def write(self, per_second: float, until: int | None = None) -> None:
        """Send by the clock, answered or not, until cut off or all up to ``until`` is answered."""
        assert self.raw is not None
        start, sent = time.monotonic(), 0
        while self.raw.closed is None and (until is None or self.first_unanswered <= until):
            await asyncio.sleep(max(0.0, start + sent / per_second - time.monotonic()))
            sent += 1
            self._listen()
            if until is not None and self._next > until:
                continue
            number = self._next
            try:
                await self.raw.send({"client_seq": number, **command(self.client_id, number)})
            except websockets.ConnectionClosed:
                break
            self._next, self.highest = number + 1, max(self.highest, number)

    async def next_ack(self) -> None:
        """Returns as soon as one more edit is acknowledged."""
        assert self.raw is not None
        acks = [m["client_seq"] for m in self.raw.messages if m["type"] == "ack"]
        newest = max(acks, default=0)
        await self.raw.wait_for(lambda m: m["type"] == "ack" and m["client_seq"] > newest)

    def go_deaf(self) -> None:
        """From now on nothing arrives, as when a network fails before the server does."""
        self._listen()
        self._deaf = True

    async def cut_off(self) -> None:
        """The server is gone: take in everything that still arrived."""
        assert self.raw is not None
        await self.raw.close()
        self._listen()

    def _listen(self) -> None:
        assert self.raw is not None
        if self._deaf:
            return
        for message in self.raw.messages[self._read :]:
            if message["type"] == "event":
                self.told[message["seq"]] = {k: v for k, v in message.items() if k != "type"}
            if message["type"] not in ("ack", "refusal"):
                continue
            number = message["client_seq"]
            if message["type"] == "refusal" and message["code"] in NO_ANSWER:
                assert not message["used"]
                self._next = min(self._next, number)
            else:
                self.answers[number] = message
        self._read = len(self.raw.messages)


@dataclass
class KnownLog:
    """A session's log as read so far, its fold, and who gave what."""

    epoch: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    state: State = field(default_factory=State)
    given: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    """client_id -> client_seq -> event; filling it fails where an edit is in the log twice."""

    async def read(self, server: RunningServer, token: str, *, whole: bool) -> None:
        """Read what is new, or everything again; L1, L3 and L4 must hold of it."""
        resume = {"resume": {"epoch": self.epoch, "last_seq": len(self.events)}}
        raw = await server.join(token, **({} if whole or not self.epoch else resume))
        self.epoch = self.epoch or raw.welcome["epoch"]
        assert raw.welcome["epoch"] == self.epoch
        head = raw.welcome["head_seq"]
        assert head >= len(self.events), "the end of the log is gone"
        if raw.events or head > len(self.events):
            await raw.catch_up()
        await raw.close()
        known = len(self.events)
        found = [{k: v for k, v in event.items() if k != "type"} for event in raw.events]
        if whole:
            assert found[:known] == self.events, "what was in the log has changed"
            found = found[known:]
        for event in found:
            self._take_in(event, head, raw.welcome["state_hash"])
        assert len(self.events) >= head
        if known == head:
            assert state_hash(self.state) == raw.welcome["state_hash"]

    def _take_in(self, event: dict[str, Any], head: int, told_hash: str) -> None:
        assert event["seq"] == len(self.events) + 1, "the log has a gap"
        self.events.append(event)
        self.state.apply(msgspec.convert({**event, "type": "event"}, Event))
        if event["client_id"] is not None:
            given = self.given.setdefault(event["client_id"], {})
            assert event["client_seq"] not in given, f"twice in the log: {event}"
            given[event["client_seq"]] = event
        if event["seq"] == head:
            assert state_hash(self.state) == told_hash

    def require(self, writer: Writer) -> int:
        """Everything ``writer`` was told is in the log; how many edits are that it had no ack of.

        (L2: acked means durable, and nothing is sent before it is.)
        """
        given = self.given.get(writer.client_id, {})
        for number, answer in writer.answers.items():
            if answer["type"] == "refusal":
                assert number not in given, f"refused and yet in the log: {given[number]}"
                continue
            assert number in given, f"acked and lost: {answer}"
            event = given[number]
            assert event["seq"] == answer["seq"]
            assert event["author"] == writer.participant
            sent = command(writer.client_id, number)
            kinds = {"edit": "edited", "undo": "undone", "redo": "redone"}
            assert event["body"]["kind"] == kinds[sent["type"]]
            for name, value in kept(sent.get("instruction", {})).items():
                assert event["body"]["instruction"][name] == value
        for seq, event in writer.told.items():
            assert self.events[seq - 1] == event, "sent to people before it was durable"
        return len(given.keys() - writer.answers.keys())
