"""Reads a Yjs update (v1) just far enough to say whose it is and what it builds on (M3).

The library takes an update whose predecessors are missing in silence, and cuts characters in
halves where one asks it to. A server that everybody trusts must know before. The format is that
of Yjs, in lib0's encoding of numbers: for each client its structs, then what is deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

Id = tuple[int, int]
"""A Yjs client and its clock: the name of one UTF-16 unit of the text."""

SERVER: Final = 1
"""The Yjs client under which the server writes: undo, and clients without a CRDT."""

_FIRST_CLIENT: Final = 16
_CLIENTS: Final = 2**32 - _FIRST_CLIENT

_GC, _DELETED, _STRING, _SKIP = 0, 1, 4, 10
_ORIGIN, _RIGHT_ORIGIN, _PARENT_SUB = 0x80, 0x40, 0x20
_MOST = 2**32
"""Yjs clients and the library's clocks have 32 bits."""
_MOST_SHIFT: Final = 35
_LONGEST: Final = 2**31
"""No text of a session has had so many units."""


class NotYjs(ValueError):
    """These bytes are no update of a plain text."""


@dataclass(slots=True)
class Update:
    """What an update is made of, in UTF-16 units.

    ``spans`` are (client, clock, length) of what it adds and ``deletions`` of what it deletes;
    ``lefts`` and ``rights`` are the units that it says its text stands between; ``halves`` the
    second units of its characters beyond U+FFFF; ``roots`` the names of the texts it writes in;
    ``letters`` counts the code points it adds.
    """

    spans: list[tuple[int, int, int]] = field(default_factory=list)
    deletions: list[tuple[int, int, int]] = field(default_factory=list)
    lefts: list[Id] = field(default_factory=list)
    rights: list[Id] = field(default_factory=list)
    halves: list[Id] = field(default_factory=list)
    roots: set[str] = field(default_factory=set)
    letters: int = 0


def client_of(client_id: str) -> int:
    """The Yjs client id of a framejam client: the same whenever it comes back (M3)."""
    digest = hashlib.sha256(client_id.encode()).digest()
    return _FIRST_CLIENT + int.from_bytes(digest[:8], "big") % _CLIENTS


def read_update(data: bytes) -> Update:
    """Read an update. Raises ``NotYjs`` for anything but whole updates of plain text."""
    reader = _Reader(data)
    update = Update()
    for _ in range(reader.number()):
        count, client, clock = reader.number(), reader.number(), reader.number()
        for _ in range(count):
            clock += _struct(reader, update, client, clock)
    for client, clock, length in _deletions(reader):
        update.deletions.append((client, clock, length))
    if not reader.at_end:
        raise NotYjs("there is more than one update in these bytes")
    return update


def _struct(reader: _Reader, update: Update, client: int, clock: int) -> int:
    """Read one struct; returns its length."""
    info = reader.byte()
    kind = info & 0x1F
    if kind == _SKIP:
        raise NotYjs("the update leaves something out: send whole updates")
    if kind == _GC:
        length = reader.number()
    else:
        _place(reader, update, info, (client, clock))
        if kind == _STRING:
            length = _string(reader, update, client, clock)
        elif kind == _DELETED:
            length = reader.number()
        else:
            raise NotYjs("a prompt is plain text: no formatting, embeds or other types")
    if not 1 <= length <= _LONGEST - clock:
        raise NotYjs("a piece of the update is empty, or too long")
    update.spans.append((client, clock, length))
    return length


def _place(reader: _Reader, update: Update, info: int, own: Id) -> None:
    """Read between what the struct named ``own`` stands."""
    for bit, neighbours in ((_ORIGIN, update.lefts), (_RIGHT_ORIGIN, update.rights)):
        if info & bit:
            neighbour = reader.number(), reader.number()
            if neighbour[0] == own[0] and neighbour[1] >= own[1]:
                raise NotYjs("a piece of the update stands beside what comes after it")
            neighbours.append(neighbour)
    if not info & (_ORIGIN | _RIGHT_ORIGIN):
        if reader.number() != 1:
            raise NotYjs("a prompt is one text: no types within types")
        update.roots.add(reader.text())
        if info & _PARENT_SUB:
            raise NotYjs("a prompt is a text, not a map")


def _string(reader: _Reader, update: Update, client: int, clock: int) -> int:
    length = 0
    for letter in reader.text():
        if ord(letter) > 0xFFFF:
            length += 1
            update.halves.append((client, clock + length))
        length += 1
        update.letters += 1
    return length


def _deletions(reader: _Reader) -> Iterator[tuple[int, int, int]]:
    for _ in range(reader.number()):
        client = reader.number()
        for _ in range(reader.number()):
            clock, length = reader.number(), reader.number()
            if length < 1:
                raise NotYjs("a deletion of the update is empty")
            yield client, clock, length


class _Reader:
    """lib0's numbers and texts. Every method raises ``NotYjs`` at the end of the bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def byte(self) -> int:
        if self.at_end:
            raise NotYjs("the update is cut off")
        self._at += 1
        return self._data[self._at - 1]

    def number(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift > _MOST_SHIFT:
                break
        if value >= _MOST or shift > _MOST_SHIFT:
            raise NotYjs("a number of the update is too large")
        return value

    def text(self) -> str:
        length = self.number()
        end = self._at + length
        if end > len(self._data):
            raise NotYjs("the update is cut off")
        raw, self._at = self._data[self._at : end], end
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise NotYjs("a text of the update is not UTF-8") from None
