"""What every store does. One test suite (tests/contract) runs on each implementation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from framejam_protocol.events import Event
from framejam_server.session.receipts import Receipt


class StoreError(Exception):
    """The store could not do it (disk full, database gone). Nothing was changed; try later."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session. ``epoch`` changes when its log is replaced (C2); ``created_at`` in ms."""

    id: str
    epoch: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Token:
    """A secret's record (A2): ``digest`` is the SHA-256 of the secret, which is kept nowhere.

    An invite has ``participant`` None and makes new participants of ``role``; a participant's
    token says who comes back. ``label`` groups invites that are revoked together.
    """

    id: str
    session: str
    digest: bytes
    role: str
    participant: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Blob:
    """An uploaded image of a session: SHA-256, media type, pixels."""

    id: str
    media_type: str
    width: int
    height: int


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


class Store(Protocol):
    """Durable once a call returns. Every method raises ``StoreError`` where it could not."""

    async def create_session(self, row: SessionRow, events: Sequence[Event]) -> None:
        """A new session with its first events, in one transaction."""

    async def sessions(self) -> list[SessionRow]:
        """All sessions, oldest first."""

    async def load(self, session: str) -> StoredSession | None:
        """A session with its whole log in seq order, or None where there is none."""

    async def append(
        self, session: str, events: Sequence[Event], receipts: Sequence[Receipt]
    ) -> None:
        """Events and receipts in one transaction (L2, L4). A seq that is taken is a StoreError."""

    async def forget(self, session: str, receipts: Sequence[Receipt]) -> None:
        """Delete receipts nobody may ask for any more (L4); those not there are no error."""

    async def add_token(self, token: Token) -> None:
        """A new token."""

    async def token(self, token_id: str) -> Token | None:
        """The token of this id, or None; comparing the secret is the caller's work (A2)."""

    async def revoke(self, session: str, label: str) -> None:
        """Delete the invites of this label."""

    async def add_blob(self, session: str, blob: Blob) -> None:
        """An uploaded image now belongs to the session; the same again changes nothing."""

    async def add_take(self, session: str, record: TakeRecord) -> None:
        """A finished take, for replay (T2)."""

    async def takes(self, session: str) -> list[TakeRecord]:
        """The finished takes of a session, oldest first."""

    async def newest_clips(self, session: str) -> list[NewestClip]:
        """Of each take of a session that was ever finished the newest clip, by take."""

    async def ping(self) -> None:
        """Ask the store something small (health)."""

    async def close(self) -> None:
        """Let go of files and connections."""
