"""What was live at some seq, and where it had entered: the log's turns, looked through again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from framejam_protocol.events import Entered, Event, Redone, Restored, Undone


class Turned(msgspec.Struct, frozen=True):
    """What a restore of ``author`` turned (R3): the groups that died, those that came back, and in
    the take ``take`` the edits that got another entry step: {edit: (step before, step after)}."""

    author: str
    out: frozenset[int]
    back: frozenset[int]
    take: int
    steps: dict[int, tuple[int, int]]


@dataclass(slots=True)
class Past:
    """The groups undone (by the seq of their first edit), and take -> edit -> entry step."""

    dead: set[int] = field(default_factory=set)
    entries: dict[int, dict[int, int]] = field(default_factory=dict)

    def live(self, group: int) -> bool:
        """Whether a group that had begun was not undone."""
        return group not in self.dead

    def flips(
        self, groups: Iterable[int], restores: Mapping[int, Turned], dying: bool
    ) -> tuple[set[int], set[int]]:
        """The groups that die and those that come back when ``groups`` are undone (``dying``) or
        brought back: themselves, and what the restores among them turned."""
        dies: set[int] = set()
        comes: set[int] = set()
        for group in groups:
            if (group in self.dead) == dying:
                continue
            (dies if dying else comes).add(group)
            turned = restores.get(group)
            if turned is not None:
                gone, there = (turned.back, turned.out) if dying else (turned.out, turned.back)
                dies = (dies | gone) - there
                comes = (comes | there) - gone
        return dies - self.dead, comes & self.dead

    def turn(
        self, groups: Iterable[int], restores: Mapping[int, Turned], dying: bool
    ) -> tuple[set[int], set[int]]:
        """Undo groups or bring them back; returns what ``flips`` says."""
        groups = [group for group in groups if (group in self.dead) != dying]
        dies, comes = self.flips(groups, restores, dying)
        self.dead |= dies
        self.dead -= comes
        for group in groups:
            if group in restores:
                self._step(restores[group], back=dying)
        return dies, comes

    def restore(self, turned: Turned) -> None:
        """Put a restore into effect that has just been made."""
        self.dead |= turned.out
        self.dead -= turned.back
        self._step(turned, back=False)

    def _step(self, turned: Turned, back: bool) -> None:
        """Entry steps as a restore sets them, or back to those before where they still are so."""
        entered = self.entries.get(turned.take, {})
        for edit, (before, after) in turned.steps.items():
            was, is_ = (after, before) if back else (before, after)
            if entered.get(edit) == was:
                entered[edit] = is_


def past(turns: Iterable[Event], restores: Mapping[int, Turned], seq: int) -> Past:
    """What was live, and where it had entered, after event ``seq``; ``turns`` are the events of the
    log that changed either, and ``restores`` what those of them turned that are restores."""
    found = Past()
    for event in turns:
        if event.seq > seq:
            break
        match event.body:
            case Entered(take=take, step=step, edits=edits):
                found.entries.setdefault(take, {}).update(dict.fromkeys(edits, step))
            case Undone(groups=groups):
                found.turn(groups, restores, dying=True)
            case Redone(groups=groups):
                found.turn(groups, restores, dying=False)
            case Restored():
                found.restore(restores[event.seq])
    return found
