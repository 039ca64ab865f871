"""A session in which three people have typed for weeks, made without a server.

What is made is what a server would have stored: each keystroke an event with its Yjs update, bursts
of keystrokes as gestures (L6), now and then a deletion, the takes' entering, the newest receipts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from framejam_protocol.events import Created, Edited, Entered, Event, Joined
from framejam_protocol.fold.state import FIRST_TAKE
from framejam_protocol.instructions import Settings, Splice, Text
from framejam_protocol.limits import MAX_PROMPT_CHARS, MAX_RECEIPTS
from framejam_protocol.messages import Ack
from framejam_server.session.document import ROOT
from framejam_server.session.receipts import Receipt
from framejam_server.session.yjs import Id, client_of
from framejam_server.store.contract import SessionRow, Token
from framejam_server.store.sql import SqlStore, create_engine

WRITERS: Final = 3
BURST: Final = 20
"""Keystrokes of one gesture, on average."""

DELETIONS: Final = 0.15
"""The share of keystrokes that delete: so many does one who thinks while typing."""

SETTINGS: Final = Settings("bench", 7, 8, 16, 64, 64, 8, 300)

_SEED: Final = 7
START_MS: Final = 1_700_000_000_000
"""When such a session began, in ms since the Unix epoch."""

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz     é"
_AT_ONCE: Final = 20_000

# Yjs: a struct with text, and what it stands beside.
_STRING, _ORIGIN, _RIGHT_ORIGIN = 4, 0x80, 0x40


class _Prompt:
    """The text while it is made up, and who typed which letter of it: (Yjs client, clock).

    The updates are those that Yjs makes, written by hand: asked to, the library finds each place by
    walking over all that was ever deleted, which takes minutes here.
    """

    def __init__(self) -> None:
        self.letters: list[str] = []
        self._ids: list[Id] = []
        self._behind: dict[Id | None, Id] = {}  # deleted letters keep their place
        self._clocks: dict[int, int] = {}

    def insert(self, client: int, at: int, letter: str) -> Text:
        """Type a letter of one UTF-16 unit at ``at``."""
        left = self._ids[at - 1] if at else None
        right = self._behind.get(left)
        clock = self._clocks.get(client, 0)
        self._clocks[client] = clock + 1
        new = (client, clock)
        self._behind[left] = new
        if right is not None:
            self._behind[new] = right
        self._ids.insert(at, new)
        self.letters.insert(at, letter)
        return Text("content", insertion(new, left, right, letter), (Splice(at, "", letter),))

    def delete(self, start: int, end: int) -> Text:
        """Delete the letters from ``start`` up to ``end``, which stays."""
        removed = "".join(self.letters[start:end])
        update = deletion(self._ids[start:end])
        del self.letters[start:end], self._ids[start:end]
        return Text("content", update, (Splice(start, removed, ""),))


def typed_events(keystrokes: int) -> Iterator[Event]:
    """The log of a session with so many keystrokes in its content prompt, the same every time."""
    chance = random.Random(_SEED)
    prompt = _Prompt()
    yield Event(1, START_MS, "", Created(SETTINGS))
    for number in range(WRITERS):
        joined = Joined(person(number), f"Writer {number}", "#e5484d", "editor")
        yield Event(2 + number, START_MS, person(number), joined)
    seq, sent = 1 + WRITERS, [0] * WRITERS
    while keystrokes > 0:
        who = chance.randrange(WRITERS)
        burst = min(chance.randint(BURST // 2, BURST * 3 // 2), keystrokes)
        keystrokes -= burst
        at, first = chance.randint(0, len(prompt.letters)), seq + 1
        for _ in range(burst):
            if len(prompt.letters) >= MAX_PROMPT_CHARS:
                at = chance.randint(0, MAX_PROMPT_CHARS // 2)
                text = prompt.delete(at, MAX_PROMPT_CHARS - at)
            elif at and chance.random() < DELETIONS:
                at -= 1
                text = prompt.delete(at, at + 1)
            else:
                text = prompt.insert(client_of(_client(who)), at, chance.choice(_LETTERS))
                at += 1
            seq += 1
            sent[who] += 1
            edited = Edited(text, group=None if seq == first else first)
            yield Event(seq, START_MS + 100 * seq, person(who), edited, _client(who), sent[who])
        seq += 1
        entered = Entered(FIRST_TAKE, chance.randrange(SETTINGS.steps), tuple(range(first, seq)))
        yield Event(seq, START_MS + 100 * seq, "", entered)


async def store_history(database: Path, session: str, keystrokes: int) -> None:
    """Write such a session into a migrated database. Raises ``StoreError``."""
    await store_events(database, session, list(typed_events(keystrokes)))


async def store_events(
    database: Path, session: str, events: Sequence[Event], token: Token | None = None
) -> None:
    """Write a session with these events, the newest receipts of their commands, and a way in, into
    a migrated database. Raises ``StoreError``."""
    store = SqlStore(create_engine(database))
    row = SessionRow(session, session, START_MS)
    receipts = [
        Receipt(
            event.client_id,
            event.author,
            event.client_seq,
            bytes(32),
            Ack(event.client_seq, event.seq),
        )
        for event in events[-MAX_RECEIPTS:]
        if event.client_id is not None and event.client_seq is not None
    ]
    try:
        await store.create_session(row, events[:_AT_ONCE])
        for start in range(_AT_ONCE, len(events), _AT_ONCE):
            await store.append(session, events[start : start + _AT_ONCE], ())
        await store.append(session, (), receipts)
        if token is not None:
            await store.add_token(token)
    finally:
        await store.close()


def person(number: int) -> str:
    """The id of a writer, from 0 on."""
    return f"writer{number}"


def _client(number: int) -> str:
    return f"client-{number:04}"


def insertion(new: Id, left: Id | None, right: Id | None, letter: str) -> bytes:
    """An update (v1) with one letter between two others, or beside one, or in an empty text."""
    client, clock = new
    info = _STRING | (_ORIGIN if left else 0) | (_RIGHT_ORIGIN if right else 0)
    place = b"".join(_number(part) for one in (left, right) if one for part in one)
    if not place:
        place = b"\x01" + _string(ROOT)
    head = b"\x01\x01" + _number(client) + _number(clock) + bytes([info])
    return head + place + _string(letter) + b"\x00"


def deletion(ids: list[Id]) -> bytes:
    """An update (v1) that only deletes."""
    clocks: dict[int, list[int]] = {}
    for client, clock in ids:
        clocks.setdefault(client, []).append(clock)
    data = b"\x00" + _number(len(clocks))
    for client, units in clocks.items():
        data += _number(client) + _number(len(units))
        data += b"".join(_number(clock) + b"\x01" for clock in sorted(units))
    return data


def _number(value: int) -> bytes:
    """lib0's numbers: seven bits a byte, the lowest first."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def _string(text: str) -> bytes:
    return _number(len(text.encode())) + text.encode()
