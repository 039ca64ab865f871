"""A store that forgets when the process ends: for tests of everything above it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from framejam_protocol.events import Event
from framejam_server.session.receipts import Receipt
from framejam_server.store.contract import (
    Blob,
    NewestClip,
    SessionRow,
    StoredSession,
    StoreError,
    TakeRecord,
    Token,
)


@dataclass
class _Kept:
    row: SessionRow
    events: list[Event]
    receipts: list[Receipt] = field(default_factory=list)
    blobs: dict[str, Blob] = field(default_factory=dict)
    takes: list[TakeRecord] = field(default_factory=list)


class MemoryStore:
    """``Store`` on dictionaries."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Kept] = {}
        self._tokens: dict[str, Token] = {}

    async def create_session(self, row: SessionRow, events: Sequence[Event]) -> None:
        if row.id in self._sessions:
            raise StoreError(f"session {row.id} exists already")
        self._sessions[row.id] = _Kept(row, list(events))

    async def sessions(self) -> list[SessionRow]:
        rows = [kept.row for kept in self._sessions.values()]
        return sorted(rows, key=lambda row: row.created_at)

    async def load(self, session: str) -> StoredSession | None:
        kept = self._sessions.get(session)
        if kept is None:
            return None
        return StoredSession(
            kept.row, list(kept.events), list(kept.receipts), list(kept.blobs.values())
        )

    async def append(
        self, session: str, events: Sequence[Event], receipts: Sequence[Receipt]
    ) -> None:
        kept = self._kept(session)
        expected = [event.seq for event in kept.events[-1:]] or [0]
        for place, event in enumerate(events, start=expected[0] + 1):
            if event.seq != place:
                raise StoreError(f"seq {event.seq} of session {session} is not the next")
        used = {(receipt.client_id, receipt.client_seq) for receipt in kept.receipts}
        if any((receipt.client_id, receipt.client_seq) in used for receipt in receipts):
            raise StoreError(f"a receipt of session {session} exists already")
        kept.events.extend(events)
        kept.receipts.extend(receipts)

    async def forget(self, session: str, receipts: Sequence[Receipt]) -> None:
        gone = {(receipt.client_id, receipt.client_seq) for receipt in receipts}
        kept = self._kept(session)
        kept.receipts = [r for r in kept.receipts if (r.client_id, r.client_seq) not in gone]

    async def add_token(self, token: Token) -> None:
        self._tokens[token.id] = token

    async def token(self, token_id: str) -> Token | None:
        return self._tokens.get(token_id)

    async def revoke(self, session: str, label: str) -> None:
        for token in list(self._tokens.values()):
            if token.session == session and token.label == label and token.participant is None:
                del self._tokens[token.id]

    async def add_blob(self, session: str, blob: Blob) -> None:
        self._kept(session).blobs.setdefault(blob.id, blob)

    async def add_take(self, session: str, record: TakeRecord) -> None:
        self._kept(session).takes.append(record)

    async def takes(self, session: str) -> list[TakeRecord]:
        return list(self._kept(session).takes)

    async def newest_clips(self, session: str) -> list[NewestClip]:
        newest = {one.take: one for one in self._kept(session).takes}
        return [
            NewestClip(take, one.seq, one.digest, json.loads(one.record).get("at"))
            for take, one in sorted(newest.items())
        ]

    async def ping(self) -> None:
        return None

    async def close(self) -> None:
        return None

    def _kept(self, session: str) -> _Kept:
        try:
            return self._sessions[session]
        except KeyError:
            raise StoreError(f"there is no session {session}") from None
