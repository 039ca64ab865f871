"""Logs as servers of version 1 wrote them, and what they meant, told without any code of ours.

In version 1 a prompt was given whole: of all that were live the newest counted, for either prompt;
the image likewise; strokes and drags added up. ``undone`` and ``redone`` named groups of one edit.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack
from people import BLOB, SETTINGS

PEOPLE = ("anna", "ben1")
WORDS = ("", "red fish", "a blue bird", "é 🦋 fish", "runs", "red fish")

Body = dict[str, Any]


@dataclass
class Model:
    """The state of version 1."""

    edits: dict[int, tuple[str, Body]] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    redo: dict[str, list[list[int]]] = field(default_factory=dict)
    entries: dict[int, int] = field(default_factory=dict)

    def apply(self, seq: int, author: str, body: Body) -> None:
        match body["kind"]:
            case "edited":
                self.edits[seq] = author, body["instruction"]
                self.redo.pop(author, None)
            case "undone":
                self.dead |= set(body["groups"])
                self.redo.setdefault(author, []).append(body["groups"])
            case "redone":
                self.dead -= set(self.redo[author].pop())
            case "entered":
                self.entries.update(dict.fromkeys(body["edits"], body["step"]))

    def live(self, *kinds: str) -> list[int]:
        """The live edits of some kinds, in seq order."""
        return [
            seq
            for seq, (_, one) in self.edits.items()
            if seq not in self.dead and one["kind"] in kinds
        ]

    def newest(self, kind: str) -> Body:
        """The edit of a field that counts; an empty one where there is none."""
        live = self.live(kind)
        return self.edits[live[-1]][1] if live else {"text": "", "blob": None}

    def mapping(self) -> dict[int, int]:
        return {seq: step for seq, step in self.entries.items() if seq not in self.dead}

    def undoable(self, author: str) -> list[int]:
        """One's own live edits, whatever covers them."""
        return [
            seq for seq, (who, _) in self.edits.items() if who == author and seq not in self.dead
        ]


@dataclass
class OldLog:
    """Rows as they were stored, and the model after all of them."""

    chance: random.Random
    people: Sequence[str] = PEOPLE
    rows: list[bytes] = field(default_factory=list)
    bodies: list[tuple[str, Body]] = field(default_factory=list)
    model: Model = field(default_factory=Model)

    def begin(self) -> OldLog:
        """The session, and the arrival of its people."""
        settings = {name: getattr(SETTINGS, name) for name in SETTINGS.__struct_fields__}
        self.add("", {"kind": "created", "settings": settings, "v": 1})
        for person in self.people:
            joined = {"participant": person, "name": person, "color": "#000000", "role": "owner"}
            self.add(person, {"kind": "joined", **joined, "v": 1})
        return self

    def take_over(self, author: str, body: Body, row: bytes) -> None:
        """An event that is stored already."""
        self.model.apply(len(self.rows) + 1, author, body)
        self.bodies.append((author, body))
        self.rows.append(row)

    def add(self, author: str, body: Body) -> None:
        seq = len(self.rows) + 1
        event = {
            "type": "event", "seq": seq, "at": 1_700_000_000_000 + seq, "author": author,
            "body": body,
            "client_id": f"tab-of-{author}" if author else None,
            "client_seq": seq if author else None,
        }  # fmt: skip
        self.take_over(author, body, msgpack.packb(event))

    def edit(self, author: str, instruction: Body) -> None:
        depth = self.chance.choice([None, None, 65536, 0])
        self.add(author, {"kind": "edited", "instruction": instruction, "depth": depth, "v": 1})

    def step(self) -> None:
        """What somebody, or the loop, did next."""
        chance, author = self.chance, self.chance.choice(self.people)
        kind = chance.choice(["content"] * 5 + ["motion"] * 2 + ["image", "paint", "drag"]
                             + ["undo"] * 5 + ["redo"] * 4 + ["enter"])  # fmt: skip
        point = [chance.randrange(65536), chance.randrange(65536)]
        match kind:
            case "content" | "motion":
                self.edit(author, {"kind": kind, "text": chance.choice(WORDS)})
            case "image":
                self.edit(author, {"kind": kind, "blob": chance.choice([None, BLOB])})
            case "paint":
                stroke = {"points": [point], "color": "#ff0000", "width": 9, "strength": 65536}
                self.edit(author, {"kind": kind, **stroke})
            case "drag":
                arrow = {"start": point, "end": [9, 9], "radius": 500, "strength": 60000}
                self.edit(author, {"kind": kind, **arrow})
            case "undo" if mine := self.model.undoable(author):
                last = chance.choice([1, 1, 2, len(mine)])
                groups = mine[-last:][::-1][: chance.choice([1, 2])]
                body = {"kind": "undone", "groups": groups, "shadowed_by": None, "v": 1}
                self.add(author, body)
            case "redo" if self.model.redo.get(author):
                groups = self.model.redo[author][-1]
                self.add(author, {"kind": "redone", "groups": groups, "v": 1})
            case "enter":
                waiting = [seq for seq in self.model.edits if seq not in self.model.entries]
                if waiting:
                    entered = {"take": 1, "step": chance.randrange(25), "edits": waiting}
                    self.add("", {"kind": "entered", **entered, "v": 1})
