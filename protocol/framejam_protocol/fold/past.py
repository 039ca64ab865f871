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
    """The groups undone (by the seq of their first edit), take -> edit -> entry step, and what each
    restore turned when it was made, undone or redone last: that much the next turn turns again, so
    that redoing is exactly the opposite of undoing, whatever had become of the groups before."""

    dead: set[int] = field(default_factory=set)
    entries: dict[int, dict[int, int]] = field(default_factory=dict)
    turned: dict[int, Turned] = field(default_factory=dict)

    def live(self, group: int) -> bool:
        """Whether a group that had begun was not undone."""
        return group not in self.dead

    def flips(self, groups: Iterable[int], dying: bool) -> tuple[set[int], set[int]]:
        """The groups that die and those that come back when ``groups`` are undone (``dying``) or
        brought back: themselves, and what the restores among them turn."""
        groups = tuple(groups)
        if not self.turned.keys().isdisjoint(groups):
            return Past(self.dead.copy(), {}, self.turned.copy()).turn(groups, dying)
        flipped = {group for group in groups if (group in self.dead) != dying}
        return (flipped, set()) if dying else (set(), flipped)

    def turn(self, groups: Iterable[int], dying: bool) -> tuple[set[int], set[int]]:
        """Undo groups, newest first as they are given, or bring them back in the opposite order;
        returns what ``flips`` says."""
        was_dead: dict[int, bool] = {}
        for group in tuple(groups)[:: 1 if dying else -1]:
            if (group in self.dead) == dying:
                continue
            self._flip([group], dying, was_dead)
            if group in self.turned:
                self._again(group, dying, was_dead)
        changed = {group for group, dead in was_dead.items() if (group in self.dead) != dead}
        return changed & self.dead, changed - self.dead

    def restore(self, seq: int, turned: Turned) -> None:
        """Put the restore ``seq``, which has just been made, into effect."""
        self.turned[seq] = turned
        self._again(seq, False, {})

    def _again(self, restore: int, back: bool, was_dead: dict[int, bool]) -> None:
        """Turn what a restore turned last, as far as it still is so: back, or once more."""
        one = self.turned[restore]
        dies, comes = (one.back, one.out) if back else (one.out, one.back)
        dies, comes = dies - self.dead, comes & self.dead
        self._flip(dies, True, was_dead)
        self._flip(comes, False, was_dead)
        entered = self.entries.get(one.take, {})
        steps = {edit: pair for edit, pair in one.steps.items() if entered.get(edit) == pair[back]}
        entered.update({edit: pair[not back] for edit, pair in steps.items()})
        out, there = (comes, dies) if back else (dies, comes)
        self.turned[restore] = Turned(one.author, out, there, one.take, steps)

    def _flip(self, groups: Iterable[int], dying: bool, was_dead: dict[int, bool]) -> None:
        for group in groups:
            was_dead.setdefault(group, group in self.dead)
        (self.dead.update if dying else self.dead.difference_update)(groups)


def past(turns: Iterable[Event], restores: Mapping[int, Turned], seq: int) -> Past:
    """What was live, and where it had entered, after event ``seq``; ``turns`` are the events of the
    log that changed either, ``restores`` what those of them that are restores turned."""
    found = Past()
    for event in turns:
        if event.seq > seq:
            break
        match event.body:
            case Entered(take=take, step=step, edits=edits):
                found.entries.setdefault(take, {}).update(dict.fromkeys(edits, step))
            case Undone(groups=groups):
                found.turn(groups, dying=True)
            case Redone(groups=groups):
                found.turn(groups, dying=False)
            case Restored():
                found.restore(event.seq, restores[event.seq])
    return found
