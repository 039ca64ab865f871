"""People who type into the content prompt through real sockets, and wait for nobody.

Every letter anybody types is typed once in a test, so a text tells what was lost or came twice.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from typing import Any

import msgspec
from pycrdt import Doc, Text
from running import Raw, RunningServer

from framejam_protocol.events import Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.prose import apply_splices
from framejam_protocol.fold.state import fold
from framejam_server.session.text import texts_of

MARKS = [*range(0x300, 0x370), *range(0x1DC0, 0x1E00), *range(0x20D0, 0x20F1)]
"""Combining marks: code points that are no letters of their own."""


def letters_of(writer: int) -> list[str]:
    """Letters only this writer types: of three and of four bytes, some with a mark behind them."""
    plain = [chr(0x4E00 + 1000 * writer + place) for place in range(600)]
    wide = [chr(0x1F300 + 250 * writer + place) for place in range(200)]
    marks = [chr(mark) for mark in MARKS[writer::4]]
    letters = plain + wide + marks
    random.Random(writer).shuffle(letters)
    return letters


class Writer:
    """Somebody with one client. It remembers what it typed, what it deleted, what was answered."""

    def __init__(self, server: RunningServer, number: int, seed: str) -> None:
        self.server = server
        self.chance = random.Random(f"{seed} {number}")
        self.client_id = f"writer-{secrets.token_hex(6)}"
        self.typed: set[str] = set()
        self.deleted: set[str] = set()
        self.events: list[Event] = []
        self.answers: dict[int, dict[str, Any]] = {}
        self.unanswered: dict[int, dict[str, Any]] = {}
        self.resent = 0
        self.text = ""
        self.token: str | None = None
        self._letters = iter(letters_of(number))
        self._number = 0
        self._upon: dict[int, int] = {}
        self._read = 0
        self.raw: Raw

    async def connect(self, server: RunningServer | None = None) -> None:
        """Join; or come back, catch up, and send again what was not answered (C2, L4)."""
        self.server = server or self.server
        hello: dict[str, Any] = {"client_id": self.client_id}
        if self.events:
            hello["resume"] = {"epoch": self.raw.welcome["epoch"], "last_seq": self.seen}
        self.raw = await self.server.join(self.token, **hello)
        assert self.raw.welcome["recovered"] == bool(self.events)
        self.token, self._read = self.raw.token, 0
        self.welcomed()
        await self.raw.catch_up()
        self.hear()
        for number, command in sorted(self.unanswered.items()):
            assert number <= self._number
            await self.raw.send(command)
            self.resent += 1

    async def lose_connection(self) -> None:
        """The cable is pulled: nobody says goodbye, and what is under way is lost."""
        self.raw.socket.transport.abort()
        await self.raw.close_code()
        self.hear()

    @property
    def seen(self) -> int:
        return len(self.events)

    def hear(self) -> None:
        """Take in what has come since."""
        news, self._read = self.raw.messages[self._read :], len(self.raw.messages)
        for message in news:
            match message["type"]:
                case "events":
                    for event in message["events"]:
                        self._take(event)
                case "event":
                    self._take(message)
                case "ack" | "refusal":
                    self.answers[message["client_seq"]] = message
                    self.unanswered.pop(message["client_seq"], None)
                case "fault":
                    raise AssertionError(message)

    def _take(self, loose: dict[str, Any]) -> None:
        event = msgspec.convert(loose, Event)
        if event.seq <= self.seen:
            return
        assert event.seq == self.seen + 1
        self.events.append(event)
        self.apply(event)

    def apply(self, event: Event) -> None:
        for text in texts_of(event):
            if text.prompt == "content":
                self.text = apply_splices(self.text, text.splices)

    async def type(self, strokes: int) -> None:
        """Type and delete at random places, mostly where the others do; wait for nobody."""
        for _ in range(strokes):
            self.hear()
            text = self.shows()
            at = self.chance.choice([0, len(text) // 2, len(text), self.chance.randrange(10**6)])
            at %= len(text) + 1
            gone = ""
            if self.chance.random() < (0.4 if 60 < len(text) < 180 else 0.9 * (len(text) >= 180)):
                gone = text[at : at + self.chance.randrange(1, 6)]
            new = "" if gone and self.chance.random() < 0.7 else self._next_letters()
            self.deleted.update(gone)
            for instruction in self.write(at, gone, new):
                self._number += 1
                command = {
                    "type": "edit", "client_seq": self._number, "instruction": instruction
                }  # fmt: skip
                self.unanswered[self._number] = command
                self._upon[self._number] = self.seen
                await self.raw.send(command)
            if self.chance.random() < 0.4:
                await asyncio.sleep(self.chance.random() * 0.02)

    def _next_letters(self) -> str:
        new = "".join(next(self._letters) for _ in range(self.chance.randrange(1, 4)))
        self.typed.update(new)
        return new

    async def settle(self, head: int = 0) -> int:
        """Wait until everything sent is answered and event ``head`` has come; the newest ack."""
        async with asyncio.timeout(60):
            while self.unanswered or self.seen < head:
                assert self.raw.closed is None, self.raw.closed
                await asyncio.sleep(0.01)
                self.hear()
        assert len(self.answers) == self._number
        refused = [answer for answer in self.answers.values() if answer["type"] != "ack"]
        assert not refused, refused[:2]
        return max(answer["seq"] for answer in self.answers.values())

    @property
    def overtaken(self) -> int:
        """How many of its edits met others in the log that it had not seen."""
        return sum(self.answers[number]["seq"] > seen + 1 for number, seen in self._upon.items())

    # -- what differs from client to client ---------------------------------------------------

    def welcomed(self) -> None:
        """``raw`` is a new connection."""

    def shows(self) -> str:
        return self.text

    def write(self, at: int, gone: str, new: str) -> list[dict[str, Any]]:
        """The instructions that say so."""
        raise NotImplementedError


class Splicing(Writer):
    """Says where in the text after the newest event it has seen."""

    def write(self, at: int, gone: str, new: str) -> list[dict[str, Any]]:
        splice = [at, gone, new]
        return [
            {"kind": "spliced", "prompt": "content", "base_seq": self.seen, "splices": [splice]}
        ]


class WholeText(Writer):
    """Gives the whole text, as it would be after the newest event it has seen."""

    def write(self, at: int, gone: str, new: str) -> list[dict[str, Any]]:
        text = self.text[:at] + new + self.text[at + len(gone) :]
        return [{"kind": "content", "text": text, "base_seq": self.seen}]


class Yjs(Writer):
    """Has a document of its own, and shows at once what it types."""

    doc: Doc[Text] | None = None

    def welcomed(self) -> None:
        if self.doc is None:
            self.doc = Doc(client_id=self.raw.welcome["yjs_client"])
        assert self.doc.client_id == self.raw.welcome["yjs_client"], "kept across resumes"

    def apply(self, event: Event) -> None:
        super().apply(event)
        assert self.doc is not None
        for text in texts_of(event):
            if text.prompt == "content":
                self.doc.apply_update(text.update)

    def shows(self) -> str:
        assert self.doc is not None
        return str(self.doc.get("text", type=Text))

    def write(self, at: int, gone: str, new: str) -> list[dict[str, Any]]:
        assert self.doc is not None
        root = self.doc.get("text", type=Text)
        start = len(self.shows()[:at].encode())
        before = self.doc.get_state()
        with self.doc.transaction():
            if gone:
                del root[start : start + len(gone.encode())]
            if new:
                root.insert(start, new)
        update = self.doc.get_update(before)
        return [{"kind": "typed", "prompt": "content", "update": update}]


KINDS: dict[str, type[Writer]] = {"y": Yjs, "s": Splicing, "w": WholeText}


async def sit_down(server: RunningServer, kinds: str, seed: str) -> list[Writer]:
    """One writer for each letter of ``kinds``, before an empty prompt."""
    host = await server.join()
    assert (await host.content(""))["type"] == "ack"
    await host.close()
    writers = [KINDS[kind](server, number, seed) for number, kind in enumerate(kinds)]
    for writer in writers:
        await writer.connect()
        assert writer.shows() == ""
    return writers


async def compare(server: RunningServer, writers: list[Writer]) -> str:
    """All see the same, nobody's letter is lost or twice; returns the text."""
    head = max([await writer.settle() for writer in writers])
    for writer in writers:
        await writer.settle(head)
    fresh = await server.join()
    await fresh.catch_up()
    state = fold(msgspec.convert(event, Event) for event in fresh.events)
    text = prompt_text(state, "content")
    assert state.seq >= head
    assert fresh.welcome["state_hash"] == state_hash(state)
    typed = set().union(*(writer.typed for writer in writers))
    deleted = set().union(*(writer.deleted for writer in writers))
    assert sorted(text) == sorted(typed - deleted)
    for writer in writers:
        assert writer.text == writer.shows() == text
        assert writer.overtaken > len(writer.answers) // 10, "they did type at the same time"
        ours = fold(writer.events)
        theirs = fold(msgspec.convert(event, Event) for event in fresh.events[: writer.seen])
        assert state_hash(ours) == state_hash(theirs)
    for raw in (fresh, *(writer.raw for writer in writers)):
        await raw.close()
    return text
