"""Events: what the log of a session is made of (L1).

A body's ``v`` is its payload version. When one changes, old ones are upcast when they are read
and never rewritten (L1): a server does so before anyone else sees them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from framejam_protocol.geometry import Share
from framejam_protocol.instructions import Color, Instruction, Settings, Text
from framejam_protocol.limits import MAX_NAME_CHARS, MAX_VERSION_CHARS

Seq = Annotated[int, msgspec.Meta(ge=1)]
"""The place of an event in its session's log: 1, 2, 3 with no gaps (L1)."""

ParticipantId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z]{4,32}$(?!\n)")]
ClientId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{8,64}$(?!\n)")]
"""Chosen at random by a client program (a tab, a script); kept while it runs (L4)."""

ClientSeq = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARS)]

Role = Annotated[str, msgspec.Meta(pattern=r"^(owner|editor|viewer)$(?!\n)")]
"""Owner, editor, or viewer (sees and points, changes nothing): A1."""

Standing = Annotated[str, msgspec.Meta(pattern=r"^(owner|editor|viewer|none)$(?!\n)")]
"""A role, or "none": of somebody who has been removed and may not come back as themselves."""

VersionName = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=MAX_VERSION_CHARS, pattern=r"^[^\x00-\x1f]*$(?!\n)"),
]
"""What people call a version (R3): one line."""

# ``gc=False`` below: values without cycles, hundreds of thousands of them in a long log. The
# garbage collector would look at each again and again, and hold up everybody meanwhile.


class Created(msgspec.Struct, frozen=True, tag_field="kind", tag="created"):
    """Event 1 of every log: the session and the settings of its first take."""

    settings: Settings
    v: int = 1


class Joined(msgspec.Struct, frozen=True, tag_field="kind", tag="joined"):
    """A person entered the session for the first time; ``author`` of later events refers here."""

    participant: ParticipantId
    name: Name
    color: Color
    role: Role
    v: int = 1


class Edited(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="edited"):
    """Someone gave an instruction.

    ``depth`` is the author's choice in 1/65536 of how much of the loop it may re-run (T3), None
    for the default of its kind. ``group`` is the seq of the first edit of the gesture it belongs
    to (L6), None where it is that edit itself.
    """

    instruction: Instruction
    depth: Share | None = None
    group: Seq | None = None
    v: int = 2


class Undone(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="undone"):
    """The author took these groups out of the state, newest first (U1).

    Whose they were may be somebody else (U2). ``shadowed_by`` is the seq of the later edit that
    keeps the result invisible (U3), or None. ``texts`` is what it did to the prompts (U6).
    """

    groups: tuple[Seq, ...]
    shadowed_by: Seq | None = None
    texts: tuple[Text, ...] = ()
    v: int = 2


class Redone(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="redone"):
    """The author brought these groups back, with the entry steps they had (U1, U4)."""

    groups: tuple[Seq, ...]
    texts: tuple[Text, ...] = ()
    v: int = 2


class Entered(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="entered"):
    """These edits have entry step ``step`` in take ``take`` from now on (T2, T7).

    Committed before that step runs; outside the state hash; its author is the server ("").
    """

    take: Annotated[int, msgspec.Meta(ge=1)]
    step: Annotated[int, msgspec.Meta(ge=0)]
    edits: tuple[Seq, ...]
    v: int = 1


class Marked(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="marked"):
    """The author named the log as it stood after event ``of`` (R3); None takes the name away."""

    of: Seq
    name: VersionName | None
    v: int = 1


class Restored(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="restored"):
    """The author put the session back to what it was after event ``to`` (R3).

    Groups that were not live then are dead, those that were are live, and the take in force then
    has the mapping again that it had. A group of its own: undoing it turns all that back. ``texts``
    as in ``Undone``.
    """

    to: Seq
    texts: tuple[Text, ...] = ()
    v: int = 1


class Assigned(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="assigned"):
    """The author gave somebody a role, or with "none" removed them (A1)."""

    participant: ParticipantId
    role: Standing
    v: int = 1


class Branched(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="branched"):
    """All events before are those of another session up to its event ``seq`` (R4).

    Access is new: nobody has a role from here on but ``participant``, who owns the branch.
    """

    session: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{1,64}$(?!\n)")]
    seq: Seq
    participant: ParticipantId
    v: int = 1


Body = (
    Created | Joined | Edited | Undone | Redone | Entered | Marked | Restored | Assigned | Branched
)


class Event(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="event"):
    """One entry of the log. ``seq``, ``at`` and ``author`` are stamped by the server (L1).

    ``at`` is milliseconds since the Unix epoch, for people to read; nothing is folded from it.
    ``client_id`` and ``client_seq`` name the message it came from (L4), None for the server's own.
    """

    seq: Seq
    at: int
    author: str
    body: Body
    client_id: ClientId | None = None
    client_seq: ClientSeq | None = None
