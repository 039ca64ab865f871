"""The mapping of a take as the log has it and as the pipeline is told it (T2, T9, T11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from framejam_protocol.fold.pairs import Pair, Reference, pairs, references
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Settings


@dataclass(frozen=True, slots=True)
class Mapped:
    """``mapping`` {edit -> entry step}, its pairs, and what the locks among them hold."""

    mapping: Mapping[int, int] = field(default_factory=dict)
    pairs: Mapping[int, Pair] = field(default_factory=dict)
    references: Mapping[int, Reference] = field(default_factory=dict)

    @property
    def held(self) -> set[Settings]:
        """What the takes are made with that the locks hold."""
        return {reference.settings for reference in self.references.values()}


def resolve(state: State, mapping: Mapping[int, int]) -> Mapped:
    """What the pipeline is told of ``mapping``; takes a while where much was typed."""
    return Mapped(mapping, pairs(state, mapping), references(state, mapping))


class InForce:
    """The mapping of a take that is in force now; resolved anew only where it has changed."""

    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state
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
                self._known = resolve(state, mapping)
        return self._known
