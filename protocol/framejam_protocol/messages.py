"""Messages of the socket: client to server, and server to client.

All are MessagePack maps whose ``type`` names them, except the preview, which is binary
(``framejam_protocol.preview``). Unknown fields of a client's message are refused: a misspelt
option that is silently dropped costs its author an afternoon.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from framejam_protocol.events import (
    ClientId,
    ClientSeq,
    Event,
    Name,
    ParticipantId,
    Role,
    Seq,
    VersionName,
)
from framejam_protocol.geometry import Point, Share
from framejam_protocol.instructions import Blend, Color, Frame, Given, Prompt, Settings
from framejam_protocol.limits import MAX_LIVE_POINTS, MAX_LOOK_NAMES, MAX_PARTICIPANTS

VERSION: Final = 1
"""The protocol version this package speaks."""


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a returning client stopped: the log's epoch and the last seq it has (C2)."""

    epoch: Annotated[str, msgspec.Meta(max_length=64)]
    last_seq: Annotated[int, msgspec.Meta(ge=0)]


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="hello"):
    """The first message of a connection (C1); nothing else is accepted before it.

    ``token`` is an invite's or a participant's; with an invite's, ``name`` and ``color`` are those
    of the new participant (the server chooses where they are missing).
    """

    versions: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=16)]
    session: Annotated[str, msgspec.Meta(max_length=64)]
    token: Annotated[str, msgspec.Meta(max_length=200)]
    client_id: ClientId
    name: Name | None = None
    color: Color | None = None
    capabilities: Annotated[tuple[str, ...], msgspec.Meta(max_length=32)] = ()
    resume: Resume | None = None


GroupName = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{1,64}$(?!\n)")]
"""A client's own name for a gesture of several edits (L6)."""


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="edit"):
    """Give an instruction. Answered by ``ack`` or ``refusal`` with the same client_seq (L4, L5).

    Edits that name the same ``group`` one after the other are undone together (L6): a burst of
    typing, one change of several strokes. Another name, ``end_group``, an undo, the end of the
    connection or 2 s of silence close it; an edit that comes later begins a new one.
    """

    client_seq: ClientSeq
    instruction: Given
    depth: Share | None = None
    group: GroupName | None = None


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="undo"):
    """Undo one's own newest live group, or ``group`` (U2). Answered like an edit.

    ``group`` is the seq of a group's first edit: one of one's own or, for owners, anybody's.
    """

    client_seq: ClientSeq
    group: Seq | None = None


class Redo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="redo"):
    """Bring back what one's own last undo took out (U4). Answered like an edit."""

    client_seq: ClientSeq


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="mark"):
    """Name the session as it stood after event ``of`` (None: as it stands now), or with ``name``
    None take that name away (R3). Answered like an edit."""

    client_seq: ClientSeq
    of: Seq | None = None
    name: VersionName | None = None


class Restore(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="restore"
):
    """Put the session back to what it was after event ``to`` (R3). Answered like an edit.

    Nothing is lost: it is one more event, and its author's undo takes it back.
    """

    client_seq: ClientSeq
    to: Seq


class EndGroup(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="end_group"
):
    """The gesture is over: edits that come later belong to another group (L6). No answer."""


class LiveStroke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stroke that is still being drawn: shown to others, never stored, never steering (C4)."""

    points: Annotated[tuple[Point, ...], msgspec.Meta(max_length=MAX_LIVE_POINTS)]
    color: Color
    width: Annotated[int, msgspec.Meta(ge=1, le=65536)]
    erase: bool = False
    blend: Blend = "normal"


class LiveLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trajectory, or the outline of a region or lock, that is still being drawn (C4)."""

    kind: Literal["trajectory", "region", "lock"]
    points: Annotated[tuple[Point, ...], msgspec.Meta(max_length=MAX_LIVE_POINTS)]


class LiveDrag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An arrow that is still being pulled: shown to others, never stored, never steering (C4)."""

    start: Point
    end: Point
    radius: Annotated[int, msgspec.Meta(ge=1, le=65536)]


class Caret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where somebody writes: the selection from ``anchor`` to ``head``, in code points (C4)."""

    prompt: Prompt
    anchor: Annotated[int, msgspec.Meta(ge=0, le=65536)]
    head: Annotated[int, msgspec.Meta(ge=0, le=65536)]


class PresenceUpdate(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="presence"
):
    """Where this person points and writes now (C4); None fields mean "nowhere"."""

    cursor: Point | None = None
    frame: Frame | None = None
    stroke: LiveStroke | None = None
    drag: LiveDrag | None = None
    line: LiveLine | None = None
    caret: Caret | None = None


Tier = Literal["small", "sheet", "large"]
"""The longer side of a preview's frames: at most 64, 128 or 256 pixels, never enlarged (C5)."""


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="watch"):
    """Which previews to send (C5): of which ``tier`` or "none", at most ``rate`` a second."""

    tier: Tier | Literal["none"]
    rate: Annotated[int, msgspec.Meta(ge=1, le=60)] = 30


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="need"):
    """Ask for the events after ``after``: a gap was seen, or a catch-up has ``more`` (C3)."""

    after: Annotated[int, msgspec.Meta(ge=0)]


class Control(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="control"
):
    """Hold the loop of this session or let it go on (T5); within one step, answered by ``take``.

    "pause" stops it where it is; "cancel" gives up what it has computed, too, and the next edit
    starts it again; "resume" ends either. Edits are taken all the while and wait to enter.
    """

    action: Literal["pause", "resume", "cancel"]


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="look"):
    """Show me what it would be (T12): a scratch take that only the asker sees.

    It is take ``take`` (None: the one in force) as the log stood after event ``at`` (None: now),
    without the groups of ``without`` and without all that the ``people`` named have done. Answered
    by ``look_status`` and by previews that carry ``number``, one's own choice. The log is not
    touched, and the take in force goes first. Each person has one look: another replaces it.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]
    take: Annotated[int, msgspec.Meta(ge=1)] | None = None
    at: Annotated[int, msgspec.Meta(ge=1)] | None = None
    without: Annotated[tuple[Seq, ...], msgspec.Meta(max_length=MAX_LOOK_NAMES)] = ()
    people: Annotated[tuple[ParticipantId, ...], msgspec.Meta(max_length=MAX_PARTICIPANTS)] = ()


class EndLook(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="end_look"
):
    """I have seen enough: give up my look (T12). No answer."""


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="ping"):
    """Is the other end still there? Answered by ``pong`` with the same number (C6)."""

    nonce: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


ClientMessage = (
    Hello
    | Edit
    | Undo
    | Redo
    | Mark
    | Restore
    | EndGroup
    | Control
    | PresenceUpdate
    | Watch
    | Look
    | EndLook
    | Need
    | Ping
)
Command = Edit | Undo | Redo | Mark | Restore
"""The messages that change the log and are counted by client_seq."""


class Limits(msgspec.Struct, frozen=True):
    """What the server accepts, so that a client can split or warn before it is refused."""

    message_bytes: int
    blob_bytes: int
    blob_pixels: int
    stroke_points: int
    prompt_chars: int
    comment_chars: int
    update_bytes: int


class Vocabulary(msgspec.Struct, frozen=True):
    """Words the model knows, in groups, for hints beside the prompt; empty: it takes any text."""

    groups: dict[str, tuple[str, ...]]


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """The answer to a hello (C1). The events the client lacks follow in ``events`` messages.

    ``recovered`` False means: forget what you have, all events from 1 follow (C2). ``token`` is
    the participant's own, to be kept and used from now on; it is only given when it is new.
    ``next_client_seq`` is the number the server expects from this client_id (L4), and
    ``yjs_client`` the client id its Yjs updates must come under (M3). ``settings`` are those in
    force at ``head_seq``; ``schedulers`` (its own first) and ``loras`` are the names that the model
    takes for the settings so called.
    """

    version: int
    session: str
    epoch: str
    head_seq: int
    state_hash: str
    recovered: bool
    participant: ParticipantId
    role: Role
    next_client_seq: ClientSeq
    yjs_client: int
    settings: Settings
    vocabulary: Vocabulary
    limits: Limits
    token: str | None = None
    schedulers: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()


class Events(msgspec.Struct, frozen=True, tag_field="type", tag="events"):
    """A piece of the log in seq order; with ``more``, ask for the rest with ``need`` (C3)."""

    events: tuple[Event, ...]
    more: bool = False


class Ack(msgspec.Struct, frozen=True, tag_field="type", tag="ack"):
    """The command is durable as event ``seq`` (L2)."""

    client_seq: ClientSeq
    seq: Seq


class Refusal(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    """The command changed nothing, and why (L5). ``message`` tells a person what to do.

    ``field`` is a path like ``instruction.points[3]``; ``rule`` an id of SPEC.md; ``expected`` the
    client_seq wanted after a ``gap``; ``used`` tells whether client_seq is used up (L4).
    """

    client_seq: ClientSeq
    code: str
    message: str
    field: str | None = None
    rule: str | None = None
    expected: int | None = None
    retry_after_ms: int | None = None
    used: bool = True


class Fault(msgspec.Struct, frozen=True, tag_field="type", tag="fault"):
    """Something other than a command was wrong; the same fields as a refusal (L5).

    Sent before a socket is closed for a reason, too, because browsers hide HTTP bodies.
    """

    code: str
    message: str
    field: str | None = None
    rule: str | None = None


class Person(msgspec.Struct, frozen=True):
    """One participant and whether they are here now, in how many connections."""

    participant: ParticipantId
    name: Name
    color: Color
    role: Role
    connections: int


class People(msgspec.Struct, frozen=True, tag_field="type", tag="people"):
    """Everybody of the session; sent after the catch-up and whenever it changes."""

    people: tuple[Person, ...]


class Presence(msgspec.Struct, frozen=True, tag_field="type", tag="presence"):
    """Where one connection of a participant points; coalesced, never stored (C4)."""

    participant: ParticipantId
    connection: int
    cursor: Point | None = None
    frame: int | None = None
    stroke: LiveStroke | None = None
    drag: LiveDrag | None = None
    line: LiveLine | None = None
    caret: Caret | None = None


class TakeStatus(msgspec.Struct, frozen=True, tag_field="type", tag="take"):
    """What the loop is doing: ``state`` is "running", "finished", "waiting", "failed",
    "paused" or "cancelled".

    ``seq`` as in T13. ``note`` is one sentence for people ("re-entering at step 7 of 25").
    ``digest`` is the SHA-256 of the final latents of a finished take. ``unknown`` holds the words
    of the prompts in force that the model has never learnt.
    """

    take: int
    step: int
    steps: int
    state: Literal["running", "finished", "waiting", "failed", "paused", "cancelled"]
    seq: int
    note: str = ""
    digest: str | None = None
    unknown: tuple[str, ...] = ()


class LookStatus(msgspec.Struct, frozen=True, tag_field="type", tag="look_status"):
    """How far the look ``number`` is: to the one who asked for it only (T12).

    ``take`` is the take it varies. "failed" and "ended" are final: ``note`` says why. ``digest`` as
    in ``take``.
    """

    number: int
    take: int
    step: int
    steps: int
    state: Literal["waiting", "running", "finished", "failed", "ended"]
    note: str = ""
    digest: str | None = None


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer to a ping."""

    nonce: int


ServerMessage = (
    Welcome
    | Events
    | Event
    | Ack
    | Refusal
    | Fault
    | People
    | Presence
    | TakeStatus
    | LookStatus
    | Pong
)
