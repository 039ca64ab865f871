"""The fold of the log (L3): ``State.apply`` takes the events of a session one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from framejam_protocol.events import (
    Created,
    Edited,
    Entered,
    Event,
    Joined,
    Redone,
    Undone,
)
from framejam_protocol.instructions import Instruction, Settings

FIRST_TAKE = 1
"""Takes are numbered from 1; settings that define a take are fixed in this version (T8)."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of the log: who gave which instruction, at which place of the order."""

    seq: int
    author: str
    instruction: Instruction
    depth: int | None


@dataclass(slots=True)
class State:
    """What the events 1..``seq`` add up to.

    ``edits`` holds every edit ever made, ``dead`` the seqs of those undone; ``redo`` is each
    person's stack of undone groups, newest last (U5: derived, never stored). ``entries`` maps
    take -> edit -> entry step and is outside the state hash (T7).
    """

    seq: int = 0
    settings: Settings | None = None
    participants: dict[str, Joined] = field(default_factory=dict)
    edits: dict[int, Edit] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    redo: dict[str, list[tuple[int, ...]]] = field(default_factory=dict)
    by_kind: dict[type, list[int]] = field(default_factory=dict)
    by_author: dict[str, list[int]] = field(default_factory=dict)
    entries: dict[int, dict[int, int]] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Fold one more event. Raises ``ValueError`` where its seq is not the next (L1)."""
        if event.seq != self.seq + 1:
            raise ValueError(f"event {event.seq} cannot follow {self.seq}: the log has a gap")
        self.seq = event.seq
        match event.body:
            case Created(settings=settings):
                self.settings = settings
            case Joined() as joined:
                self.participants[joined.participant] = joined
            case Edited(instruction=instruction, depth=depth):
                self._add(Edit(event.seq, event.author, instruction, depth))
            case Undone(groups=groups):
                self.dead.update(groups)
                self.redo.setdefault(event.author, []).append(groups)
            case Redone(groups=groups):
                self.dead.difference_update(groups)
                self.redo[event.author].pop()
            case Entered(take=take, step=step, edits=edits):
                self.entries.setdefault(take, {}).update(dict.fromkeys(edits, step))

    def _add(self, edit: Edit) -> None:
        self.edits[edit.seq] = edit
        self.by_kind.setdefault(type(edit.instruction), []).append(edit.seq)
        self.by_author.setdefault(edit.author, []).append(edit.seq)
        self.redo.pop(edit.author, None)  # U4: a new edit clears its author's redo stack only

    def live(self, seq: int) -> bool:
        """Whether the edit ``seq`` exists and is not undone."""
        return seq in self.edits and seq not in self.dead

    def mapping(self, take: int) -> dict[int, int]:
        """{live edit -> entry step} in force for ``take`` (T2)."""
        entries = self.entries.get(take, {})
        return {seq: step for seq, step in entries.items() if seq not in self.dead}

    def pending(self, take: int) -> list[Edit]:
        """Live edits that have not entered ``take`` yet, in seq order (T1)."""
        entered = self.entries.get(take, {})
        return [
            edit for seq, edit in self.edits.items() if seq not in self.dead and seq not in entered
        ]

    def reflected(self, take: int) -> int:
        """The greatest n for which all live edits up to n have entered ``take`` (T13)."""
        pending = self.pending(take)
        return pending[0].seq - 1 if pending else self.seq


def fold(events: Iterable[Event]) -> State:
    """The state after these events, which start at seq 1."""
    state = State()
    for event in events:
        state.apply(event)
    return state
