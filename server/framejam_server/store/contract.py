"""What every store does. One test suite (tests/contract) runs on each implementation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from framejam_protocol.events import Event
from framejam_server.session.receipts import Receipt

AUDIT_KEPT: Final = 1000
"""Newest audit entries kept of a session: a page of access changes for years, not a log that a
crowd of joining strangers can fill a disk with."""

SNAPSHOTS_KEPT: Final = 2
"""Newest snapshots kept of a session: one, and the one before it for whoever finds it damaged."""


class StoreError(Exception):
    """The store could not do it (disk full, database gone). Nothing was changed; try later."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session. ``epoch`` changes when its log is replaced (C2); ``created_at`` in ms.

    ``name`` is up to 80 characters, for people. A branch (R4) says which session it came from
    (``origin``, which may be deleted by now) and the seq of the last event it has of it.
    """

    id: str
    epoch: str
    created_at: int
    name: str | None = None
    origin: str | None = None
    origin_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A secret's record (A2): ``digest`` is the SHA-256 of the secret, which is kept nowhere.

    An invite has ``participant`` None and makes new participants of ``role``, ``max_uses`` times
    at most (None: no bound; ``uses`` counts them) and until ``expires_at`` (ms since the Unix
    epoch; None: never), A1. A participant's token says who comes back; ``via`` is the id of the
    invite they came by. ``label`` is a note for people, up to 64 characters, and groups the
    invites that ``revoke`` deletes together. ``created_at`` is in ms, 0 where that was not
    recorded; ``created_by`` is the participant who made it, "" for the server.
    """

    id: str
    session: str
    digest: bytes
    role: str
    participant: str | None = None
    label: str = ""
    created_at: int = 0
    created_by: str = ""
    expires_at: int | None = None
    max_uses: int | None = None
    uses: int = 0
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """An uploaded image of a session: SHA-256, media type, pixels, and the file's length (None
    where it was not recorded: images of before framejam 0.2)."""

    id: str
    media_type: str
    width: int
    height: int
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class TakeRecord:
    """Enough to recompute a finished take bit for bit (T2); ``record`` is JSON text."""

    take: int
    seq: int
    digest: str
    record: str


@dataclass(frozen=True, slots=True)
class NewestClip:
    """The clip that take ``take`` was finished as last: the seq of the log it reflects (T13), the
    SHA-256 of its latents, and when, in ms since the Unix epoch (None where not recorded)."""

    take: int
    seq: int
    digest: str
    at: int | None


@dataclass(frozen=True, slots=True)
class StoredSession:
    """Everything kept of one session, as the core wants it back: receipts as they were given."""

    row: SessionRow
    events: list[Event]
    receipts: list[Receipt]
    blobs: list[Blob]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session's state after event ``seq``, as ``framejam_protocol.fold.snapshot`` froze it."""

    seq: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Audit:
    """An entry of a session's audit trail: somebody joined, or access was changed (A1).

    ``id`` counts from 1 in each session; the store gives it. ``at`` is in ms since the Unix
    epoch. ``kind`` says what happened (joined, invited, revoked, role, removed, handed_over,
    exported, branched, imported, ...), ``who`` did it ("" for the server), ``about`` is the
    participant, invite or session it was done to, and ``detail`` a few words, such as the role.
    """

    at: int
    kind: str
    who: str = ""
    about: str = ""
    detail: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class SessionSize:
    """What a session has, to be held against quotas (A4): ``blob_bytes`` counts the images whose
    length was recorded."""

    events: int
    takes: int
    blobs: int
    blob_bytes: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What all sessions have (A4). An image that several sessions have is one file, and counts
    once in ``blob_bytes``."""

    sessions: int
    events: int
    takes: int
    blob_bytes: int


class Store(Protocol):
    """Durable once a call returns. Every method raises ``StoreError`` where it could not, and is
    one transaction: whatever kills the server leaves all of a call's effect, or nothing."""

    async def create_session(self, row: SessionRow, events: Sequence[Event]) -> None:
        """A new session with its first events."""

    async def add_session(
        self,
        row: SessionRow,
        events: Sequence[Event],
        blobs: Sequence[Blob] = (),
        takes: Sequence[TakeRecord] = (),
        tokens: Sequence[Token] = (),
    ) -> None:
        """A session with everything it begins with: an import, a branch (R4, R5).

        ``tokens`` are the way in: without one of an owner nobody could ever enter it. An id that
        is taken is a ``StoreError``. The files of ``blobs`` must be there before.
        """

    async def delete_session(self, session: str) -> list[str]:
        """Delete a session and every row it owns (A4); returns the ids of its images that no
        session has any more, whose files the caller deletes. Empty where there is no such session.
        """

    async def sessions(self) -> list[SessionRow]:
        """All sessions, oldest first."""

    async def load(self, session: str) -> StoredSession | None:
        """A session with its whole log in seq order, or None where there is none."""

    async def events(self, session: str, after: int, limit: int) -> list[Event]:
        """The events after seq ``after``, ``limit`` at most, in seq order; none where there is no
        such session."""

    async def append(
        self, session: str, events: Sequence[Event], receipts: Sequence[Receipt]
    ) -> None:
        """Events and receipts in one transaction (L2, L4). A seq that is taken is a StoreError."""

    async def forget(self, session: str, receipts: Sequence[Receipt]) -> None:
        """Delete receipts nobody may ask for any more (L4); those not there are no error."""

    async def add_token(self, token: Token) -> None:
        """A new token."""

    async def token(self, token_id: str) -> Token | None:
        """The token of this id, or None; comparing the secret is the caller's work (A2), and so
        are expiry and uses of an invite, which ``redeem`` decides."""

    async def redeem(self, invite: str, token: Token, now: int) -> bool:
        """Count one use of the invite and add the new participant's token, or do neither (A1).

        False where there is no such invite in the token's session, where it has expired at ``now``
        (ms since the Unix epoch) or where it has no uses left. However many ask at once, no more
        than ``max_uses`` are told True. The token is kept with ``via`` = ``invite``.
        """

    async def invites(self, session: str) -> list[Token]:
        """The invites of a session, oldest first: expired and used-up ones, too, and the link that
        a start printed (its label is ``launch``)."""

    async def revoke(self, session: str, label: str) -> None:
        """Delete the invites of this label; who came by them stays (see ``revoke_invite``)."""

    async def revoke_invite(
        self, session: str, invite: str, keep: str | None = None
    ) -> list[str] | None:
        """Delete an invite and every token that came via it (A1); returns the participants whose
        tokens those were, each once, or None where the session has no such invite.

        The tokens of the participant ``keep`` stay: who revokes the link they came by stays in.
        """

    async def forget_person(self, session: str, participant: str) -> None:
        """Delete all tokens of a participant, and the invites they made: who was removed does not
        come back by a link of their own. None is no error."""

    async def audit(self, session: str, entry: Audit) -> None:
        """Add to the session's audit trail, whose oldest entries go beyond ``AUDIT_KEPT``;
        ``entry.id`` is ignored."""

    async def audit_trail(self, session: str, before: int | None, limit: int) -> list[Audit]:
        """The newest entries with an id below ``before`` (None: the newest of all), newest first,
        ``limit`` at most."""

    async def add_blob(self, session: str, blob: Blob) -> None:
        """An uploaded image now belongs to the session; the same again changes nothing."""

    async def blobs(self, session: str) -> list[Blob]:
        """The session's images, by id."""

    async def unused(self, blobs: Sequence[str]) -> list[str]:
        """Those of some images' ids that no session has; their files may go (A4)."""

    async def add_take(self, session: str, record: TakeRecord, keep: int | None = None) -> None:
        """A finished take, for replay (T2). Of the session's the newest ``keep`` stay (None: all),
        at least 1 (A4)."""

    async def takes(self, session: str) -> list[TakeRecord]:
        """The finished takes of a session, oldest first."""

    async def newest_clips(self, session: str) -> list[NewestClip]:
        """Of each take of a session that was ever finished the newest clip, by take."""

    async def add_snapshot(self, session: str, seq: int, data: bytes) -> None:
        """Keep a snapshot; of a session the ``SNAPSHOTS_KEPT`` of the highest seqs stay. One of
        the same seq is replaced."""

    async def snapshot(self, session: str) -> Snapshot | None:
        """The snapshot of the highest seq, or None where there is none."""

    async def size(self, session: str) -> SessionSize:
        """What the session has; all zero where there is no such session."""

    async def usage(self) -> Usage:
        """What all sessions have."""

    async def ping(self) -> None:
        """Ask the store something small (health)."""

    async def close(self) -> None:
        """Let go of files and connections."""
