"""What a state holds about edits, people, versions and locks: values that never change."""

from __future__ import annotations

import msgspec

from framejam_protocol.events import ParticipantId, Standing
from framejam_protocol.instructions import Instruction, Settings


class Edit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One edit of the log: who gave which instruction, at which place of the order."""

    seq: int
    author: str
    instruction: Instruction
    depth: int | None
    group: int


class Participant(msgspec.Struct, frozen=True):
    """Somebody who joined, and the role they have now: "none" where they were removed (A1)."""

    participant: ParticipantId
    name: str
    color: str
    role: Standing


class Version(msgspec.Struct, frozen=True):
    """A named version (R3): who gave the name, in which event."""

    name: str
    author: str
    seq: int


class Held(msgspec.Struct, frozen=True):
    """What a lock holds (T11): the mapping at its seq of ``take``, which was in force then and is
    made with ``settings``. ``locks`` are those in that mapping. Never changes.

    The mapping itself is not in it: it may be long, and ``State.held`` finds it again.
    """

    settings: Settings
    take: int
    locks: frozenset[int] = frozenset()
