"""Random sessions for property tests: whatever a few people may do, in any order."""

from __future__ import annotations

from hypothesis import strategies as st
from people import BLOB, Table, stroke
from yjs_clients import Pen

from framejam_protocol.fold.merge import REVISABLE
from framejam_protocol.instructions import (
    Camera,
    Comment,
    Drag,
    Erase,
    Lock,
    Paint,
    Region,
    Trajectory,
)

PEOPLE = ("anna", "ben1", "cleo")
LETTERS = st.text("ab é🦋", max_size=4)

KINDS = [
    "write",
    "write",
    "write",
    "type",
    "type",
    "type",
    "whole",
    "motion",
    "negative",
    "undo",
    "undo",
    "redo",
    "redo",
    "name",
    "paint",
    "erase",
    "drag",
    "recolour",
    "trajectory",
    "camera",
    "region",
    "lock",
    "comment",
    "image",
    "adjust",
    "lora",
    "revise",
    "revise",
    "enter",
    "mark",
    "restore",
]

deed = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(KINDS),
    st.integers(0, 30),
    st.integers(0, 5),
    LETTERS,
    st.sampled_from([None, None, "g", "h"]),
)
# Left to itself Hypothesis plays sessions of five deeds.
deeds = st.sampled_from([0, 10, 25]).flatmap(lambda n: st.lists(deed, min_size=n, max_size=n + 10))


class Room:
    """A table at which each person also has a document; olga owns the session."""

    def __init__(self) -> None:
        self.table = Table(*PEOPLE)
        self.table.join("olga", "owner")
        self.pens = {person: Pen(self.table, person) for person in PEOPLE}

    def do(self, deed: tuple[str, str, int, int, str, str | None]) -> None:
        """One deed; numbers are taken to fit where they can be."""
        person, kind, place, length, letters, group = deed
        table = self.table
        match kind:
            case "write":
                at = place % (len(table.text) + 1)
                table.spliced(person, at, table.text[at : at + length], letters, group=group)
            case "type":
                pen = self.pens[person]
                if place % 2:
                    pen.read()
                at = place % (len(pen.text) + 1)
                pen.type(at, pen.text[at : at + length], letters, group)
            case "whole":
                table.content(person, letters, base=max(0, table.state.seq - place))
            case "motion" | "negative":
                getattr(table, kind)(person, letters)
            case "recolour":
                table.edit(person, stroke("#0000ff", place, "color"), group)
            case "undo" | "redo":
                getattr(table, kind)(person)
            case "name":
                table.undo("olga", place)
            case "image":
                table.image(person, BLOB if place % 2 else None, group)
            case "adjust":
                field = ("seed", "fps", "guidance", "mix", "align", "harmonize")[place % 6]
                table.adjust(person, group, **{field: 1 + length})
            case "lora":
                table.adjust(person, group, loras=(("ink", place),) * (length % 2))
            case "revise":
                self._revise(person, place, length, group)
            case "mark":
                table.mark(person, letters or None, max(1, table.state.seq - place))
            case "restore":
                table.restore(person, max(1, table.state.seq - place))
            case "enter":
                waiting = [edit.seq for edit in table.state.pending()][: length or None]
                if waiting:
                    table.session.enter(table.state.take, {place: tuple(waiting)}, 0)
            case _:
                getattr(table, kind)(person, group=group)

    def _revise(self, person: str, place: int, length: int, group: str | None) -> None:
        state = self.table.state
        targets = [
            seq
            for seq, edit in state.edits.items()
            if type(edit.instruction) in REVISABLE and state.live(seq)
        ]
        if not targets:
            return
        target = targets[place % len(targets)]
        fields = {
            Paint: {"width": 1 + length},
            Erase: {"width": 1 + length},
            Drag: {("radius", "strength")[length % 2]: 1 + place},
            Trajectory: {"path": ((9, 9), (place, 99)), "radius": 1 + length},
            Camera: {("pan", "tilt", "strength")[length % 3]: place},
            Region: {"text": f"gold {place}"},
            Lock: {"frames": (0, place)},
            Comment: {"resolved": bool(length % 2)},
        }
        kind = type(state.edits[target].instruction)
        self.table.revise(person, target, group, **fields[kind])
