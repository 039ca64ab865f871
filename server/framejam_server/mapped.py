"""The mapping of a take as the log has it and as the pipeline is told it (T2, T9, T11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from framejam_protocol.fold.pairs import Pair, Reference, pairs, references
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Settings
from framejam_protocol.limits import MAX_LOCKS
from framejam_protocol.settings import held_under


@dataclass(frozen=True, slots=True)
class Mapped:
    """``mapping`` {edit -> entry step}, its pairs, and what the locks among them hold."""

    mapping: Mapping[int, int] = field(default_factory=dict)
    pairs: Mapping[int, Pair] = field(default_factory=dict)
    references: Mapping[int, Reference] = field(default_factory=dict)

    def made_with(self, settings: Settings) -> set[Settings]:
        """What a take under ``settings`` and those that its locks hold are made with."""
        held = (reference.settings for reference in self.references.values())
        return {settings, *(held_under(settings, then) for then in held)}


def resolve(
    state: State, mapping: Mapping[int, int], known: Mapping[int, Reference] = MappingProxyType({})
) -> Mapped:
    """What the pipeline is told of ``mapping``; takes a while where much was typed or locked.

    ``known`` is what locks of the same log hold, as far as it was found before.
    """
    return Mapped(mapping, pairs(state, mapping), references(state, mapping, known))


class Kept:
    """What the locks of a session hold is found once: it never changes (T11).

    Kept of ``MAX_LOCKS`` locks, those needed last: whoever undoes a lock may bring it back.
    """

    def __init__(self) -> None:
        self.known: Mapping[int, Reference] = {}
        """By seq. Replaced, never changed: other threads may read it."""

    def resolve(self, state: State, mapping: Mapping[int, int]) -> Mapped:
        """As ``resolve``, with what is known; ``state`` holds only what is durable."""
        mapped = resolve(state, mapping, self.known)
        self.keep(mapped.references)
        return mapped

    def keep(self, needed: Mapping[int, Reference]) -> None:
        """What locks of this session were found to hold just now."""
        others = [one for one in self.known.items() if one[0] not in needed]
        too_many = max(len(others) + len(needed) - MAX_LOCKS, 0)
        self.known = {**dict(others[too_many:]), **needed}


class InForce:
    """The mapping of a take that is in force now; resolved anew only where it has changed."""

    def __init__(self, state: Callable[[], State], kept: Kept) -> None:
        self._state = state
        self._kept = kept
        self._known_at = (0, 0)  # the seq and the take that the next is of
        self._known = Mapped()

    def of(self, take: int) -> Mapped:
        """The mapping of ``take`` at this moment."""
        state = self._state()
        if self._known_at != (state.seq, take):
            self._known_at = (state.seq, take)
            mapping = state.mapping(take)
            # Edits outside of the mapping do not count: while they wait nothing is resolved anew.
            if mapping != self._known.mapping:
                self._kept.keep(self._known.references)  # looks may have filled it with others
                self._known = self._kept.resolve(state, mapping)
        return self._known
