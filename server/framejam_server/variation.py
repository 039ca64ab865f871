"""The take that a look shows (T12): one of the session's, at some time, without edits. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from framejam_protocol.errors import Code
from framejam_protocol.fold.pairs import Reference
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Settings
from framejam_protocol.messages import Look
from framejam_server.mapped import Mapped, resolve


class BadLook(Exception):
    """A look at what is not there; ``field`` names what is wrong with it."""

    def __init__(self, code: Code, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Variation:
    """Take ``take`` as the log stood after event ``seq``, made with ``settings``, of ``mapped``."""

    take: int
    seq: int
    settings: Settings
    mapped: Mapped


def variation(
    state: State, look: Look, known: Mapping[int, Reference] = MappingProxyType({})
) -> Variation:
    """What ``look`` shows, of ``state``: the fold of the log up to its ``at``.

    What is undone is out already. Another take than the one in force is shown as it would be if
    people went back to it: edits that never entered it are there from its first step (T8).
    ``known`` is what locks of the session hold, as far as it was found before. Raises ``BadLook``.
    """
    take = state.take if look.take is None else look.take
    settings = next((made for made, number in state.takes.items() if number == take), None)
    if settings is None:
        raise BadLook(
            Code.NOT_FOUND,
            "take",
            f"there is no take {take} after event {state.seq}; takes are 1 to {len(state.takes)}",
        )
    for group in look.without:
        if not state.members(group):
            raise BadLook(
                Code.NOT_FOUND,
                "without",
                f"there is no group {group} after event {state.seq}; a group's name is the seq of "
                "its first edit",
            )
    for person in look.people:
        if person not in state.participants:
            raise BadLook(
                Code.NOT_FOUND, "people", f"there is nobody {person!r} after event {state.seq}"
            )
    kept = _kept(state, take, set(look.without), set(look.people))
    return Variation(take, state.seq, settings, resolve(state, kept, known))


def _kept(
    state: State, take: int, groups: Collection[int], people: Collection[str]
) -> dict[int, int]:
    mapping = state.mapping(take)
    if take != state.take:
        new = (edit for edit in state.edits.values() if state.live(edit.seq) and state.steers(edit))
        mapping = dict.fromkeys((edit.seq for edit in new), 0) | mapping
    return {
        seq: step
        for seq, step in mapping.items()
        if state.edits[seq].group not in groups and state.edits[seq].author not in people
    }
