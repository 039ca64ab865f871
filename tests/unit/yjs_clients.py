"""Yjs clients for tests: one that works as it should, and one that writes updates by hand."""

from __future__ import annotations

from collections.abc import Iterable

from people import Table
from pycrdt import Doc, Text

from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.fold.prose import apply_splices
from framejam_protocol.instructions import Typed
from framejam_server.session.session import Session
from framejam_server.session.text import texts_of
from framejam_server.session.yjs import client_of

Id = tuple[int, int]


class Pen:
    """Somebody's document of the content prompt; edits give the update to send.

    ``read`` takes in the log from where it stopped, as a tab does that had no connection for a
    while: until then its owner types into what they saw last.
    """

    def __init__(self, table: Table, person: str, tab: str | None = None) -> None:
        self.table, self.person, self.tab = table, person, tab
        self.client = client_of(tab or f"tab-of-{person}")
        self.doc = Doc[Text](client_id=self.client)
        self.root = self.doc.get("text", type=Text)
        self.seen = 0
        self.read()

    @property
    def text(self) -> str:
        return str(self.root)

    def read(self) -> Pen:
        for event in self.table.session.log[self.seen :]:
            for text in texts_of(event):
                if text.prompt == "content":
                    self.doc.apply_update(text.update)
        self.seen = len(self.table.session.log)
        return self

    def write(self, at: int, removed: str = "", inserted: str = "") -> bytes:
        """Type here, unsent; the update that says so. ``at`` counts code points."""
        start = len(self.text[:at].encode())
        assert self.text[at : at + len(removed)] == removed
        before = self.doc.get_state()
        with self.doc.transaction():
            if removed:
                del self.root[start : start + len(removed.encode())]
            if inserted:
                self.root.insert(start, inserted)
        return self.doc.get_update(before)

    def type(self, at: int, removed: str = "", inserted: str = "", group: str | None = None) -> int:
        """Type and send; the seq."""
        return self.table.typed(self.person, self.write(at, removed, inserted), group)


def read_by_splices(log: Iterable[Event], text: str = "") -> str:
    """The content prompt as a client without a CRDT reads it from the log."""
    for event in log:
        for change in texts_of(event):
            if change.prompt == "content":
                text = apply_splices(text, change.splices)
    return text


def desks() -> tuple[Table, Pen, Pen]:
    """Two people, anna and ben, whose documents both say ``a red sea``."""
    table = Table("anna", "ben1")
    table.content("anna", "a red sea")
    return table, Pen(table, "anna"), Pen(table, "ben1")


def same(table: Table, *pens: Pen) -> str:
    """The content prompt: asserts that it is the same for the server, now and after a restart, for
    all pens, and for readers of splices."""
    texts = {table.text, read_by_splices(table.session.log)} | {pen.read().text for pen in pens}
    texts.add(Session(table.session.log).state.prompts["content"].text)
    (text,) = texts
    return text


def refused(table: Table, data: bytes, why: str) -> None:
    """Asserts that an update of anna's changes nothing, is refused by field, and she can go on."""
    refusal = table.refused("anna", Typed("content", data))
    assert (refusal.code, refusal.rule) == (Code.INVALID, "M3")
    assert refusal.field == "instruction.update"
    assert why in refusal.message
    before = table.text
    Pen(table, "anna").type(0, "", "ok")
    assert same(table, Pen(table, "ben1")) == "ok" + before


# -- updates by hand: the format of Yjs, in lib0's numbers --------------------------------------


def number(value: int) -> bytes:
    low = b""
    while value >= 0x80:
        low, value = low + bytes([value & 0x7F | 0x80]), value >> 7
    return low + bytes([value])


def string(text: str) -> bytes:
    return number(len(text.encode())) + text.encode()


def place(kind: int, left: Id | None, right: Id | None, root: str) -> bytes:
    """The beginning of a struct: its kind and what it stands between."""
    info = kind | (0x80 if left else 0) | (0x40 if right else 0)
    made = bytes([info])
    for neighbour in (left, right):
        if neighbour:
            made += number(neighbour[0]) + number(neighbour[1])
    return made if left or right else made + number(1) + string(root)


def letters(
    text: str, left: Id | None = None, right: Id | None = None, root: str = "text"
) -> bytes:
    return place(4, left, right, root) + string(text)


def update(
    structs: dict[Id, list[bytes]] | None = None,
    deletions: dict[int, list[tuple[int, int]]] | None = None,
) -> bytes:
    """``structs`` by (client, first clock); ``deletions`` as (clock, length) by client."""
    structs, deletions = structs or {}, deletions or {}
    made = number(len(structs))
    for (client, clock), pieces in structs.items():
        made += number(len(pieces)) + number(client) + number(clock) + b"".join(pieces)
    made += number(len(deletions))
    for client, ranges in deletions.items():
        made += number(client) + number(len(ranges))
        made += b"".join(number(clock) + number(length) for clock, length in ranges)
    return made
