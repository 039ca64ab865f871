"""A store that forgets when the process ends: for tests of everything above it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from framejam_protocol.events import Event
from framejam_server.session.receipts import Receipt
from framejam_server.store.contract import (
    AUDIT_KEPT,
    SNAPSHOTS_KEPT,
    Audit,
    Blob,
    NewestClip,
    SessionRow,
    SessionSize,
    Snapshot,
    StoredSession,
    StoreError,
    TakeRecord,
    Token,
    Usage,
)


@dataclass
class _Kept:
    row: SessionRow
    events: list[Event]
    receipts: list[Receipt] = field(default_factory=list)
    blobs: dict[str, Blob] = field(default_factory=dict)
    takes: list[TakeRecord] = field(default_factory=list)
    audit: list[Audit] = field(default_factory=list)
    snapshots: dict[int, bytes] = field(default_factory=dict)


class MemoryStore:
    """``Store`` on dictionaries. No method waits in the middle: each is a transaction."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Kept] = {}
        self._tokens: dict[str, Token] = {}

    async def create_session(self, row: SessionRow, events: Sequence[Event]) -> None:
        await self.add_session(row, events)

    async def add_session(
        self,
        row: SessionRow,
        events: Sequence[Event],
        blobs: Sequence[Blob] = (),
        takes: Sequence[TakeRecord] = (),
        tokens: Sequence[Token] = (),
    ) -> None:
        if row.id in self._sessions:
            raise StoreError(f"session {row.id} exists already")
        new = {token.id: token for token in tokens if token.session == row.id}
        if len(new) < len(tokens) or new.keys() & self._tokens.keys():
            raise StoreError("a token is of another session, or exists already")
        kept = _Kept(row, list(events), blobs={blob.id: blob for blob in blobs}, takes=list(takes))
        self._sessions[row.id] = kept
        self._tokens |= new

    async def delete_session(self, session: str) -> list[str]:
        kept = self._sessions.pop(session, None)
        self._drop(lambda token: token.session == session)
        left = {blob for other in self._sessions.values() for blob in other.blobs}
        return sorted(set(kept.blobs) - left) if kept else []

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

    async def events(self, session: str, after: int, limit: int) -> list[Event]:
        kept = self._sessions.get(session)
        return [] if kept is None else kept.events[after : after + limit]

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
        self._kept(token.session)
        if token.id in self._tokens:
            raise StoreError(f"token {token.id} exists already")
        self._tokens[token.id] = token

    async def token(self, token_id: str) -> Token | None:
        return self._tokens.get(token_id)

    async def redeem(self, invite: str, token: Token, now: int) -> bool:
        found = self._invite(token.session, invite)
        if found is None or not _usable(found, now):
            return False
        await self.add_token(replace(token, via=invite))
        self._tokens[invite] = replace(found, uses=found.uses + 1)
        return True

    async def invites(self, session: str) -> list[Token]:
        found = (one for one in self._tokens.values() if one.session == session)
        invites = [one for one in found if one.participant is None]
        return sorted(invites, key=lambda one: (one.created_at, one.id))

    async def revoke(self, session: str, label: str) -> None:
        self._drop(lambda one: (one.session, one.label, one.participant) == (session, label, None))

    async def revoke_invite(
        self, session: str, invite: str, keep: str | None = None
    ) -> list[str] | None:
        if self._invite(session, invite) is None:
            return None
        gone = self._drop(
            lambda one: (
                one.session == session
                and invite in (one.id, one.via)
                and (keep is None or one.participant != keep)
            )
        )
        return sorted({one.participant for one in gone if one.participant is not None})

    async def forget_person(self, session: str, participant: str) -> None:
        self._drop(
            lambda one: (
                one.session == session
                and participant == (one.created_by if one.participant is None else one.participant)
            )
        )

    async def audit(self, session: str, entry: Audit) -> None:
        trail = self._kept(session).audit
        trail.append(replace(entry, id=trail[-1].id + 1 if trail else 1))
        del trail[:-AUDIT_KEPT]

    async def audit_trail(self, session: str, before: int | None, limit: int) -> list[Audit]:
        kept = self._sessions.get(session)
        trail = kept.audit[::-1] if kept else []
        return [one for one in trail if before is None or one.id < before][:limit]

    async def add_blob(self, session: str, blob: Blob) -> None:
        self._kept(session).blobs.setdefault(blob.id, blob)

    async def blobs(self, session: str) -> list[Blob]:
        kept = self._sessions.get(session)
        return [] if kept is None else sorted(kept.blobs.values(), key=lambda blob: blob.id)

    async def unused(self, blobs: Sequence[str]) -> list[str]:
        used = {blob for kept in self._sessions.values() for blob in kept.blobs}
        return sorted(set(blobs) - used)

    async def add_take(self, session: str, record: TakeRecord, keep: int | None = None) -> None:
        takes = self._kept(session).takes
        takes.append(record)
        if keep is not None:
            del takes[:-keep]

    async def takes(self, session: str) -> list[TakeRecord]:
        return list(self._kept(session).takes)

    async def newest_clips(self, session: str) -> list[NewestClip]:
        newest = {one.take: one for one in self._kept(session).takes}
        return [
            NewestClip(take, one.seq, one.digest, json.loads(one.record).get("at"))
            for take, one in sorted(newest.items())
        ]

    async def add_snapshot(self, session: str, seq: int, data: bytes) -> None:
        snapshots = self._kept(session).snapshots
        snapshots[seq] = data
        for old in sorted(snapshots)[:-SNAPSHOTS_KEPT]:
            del snapshots[old]

    async def snapshot(self, session: str) -> Snapshot | None:
        kept = self._sessions.get(session)
        if kept is None or not kept.snapshots:
            return None
        newest = max(kept.snapshots)
        return Snapshot(newest, kept.snapshots[newest])

    async def size(self, session: str) -> SessionSize:
        kept = self._sessions.get(session)
        if kept is None:
            return SessionSize(0, 0, 0, 0)
        return SessionSize(
            len(kept.events), len(kept.takes), len(kept.blobs), _bytes(kept.blobs.values())
        )

    async def usage(self) -> Usage:
        all_kept = self._sessions.values()
        files = {blob.id: blob for kept in all_kept for blob in kept.blobs.values()}
        return Usage(
            len(all_kept),
            sum(len(kept.events) for kept in all_kept),
            sum(len(kept.takes) for kept in all_kept),
            _bytes(files.values()),
        )

    async def ping(self) -> None:
        return None

    async def close(self) -> None:
        return None

    def _kept(self, session: str) -> _Kept:
        try:
            return self._sessions[session]
        except KeyError:
            raise StoreError(f"there is no session {session}") from None

    def _invite(self, session: str, invite: str) -> Token | None:
        found = self._tokens.get(invite)
        return found if found and (found.session, found.participant) == (session, None) else None

    def _drop(self, gone: Callable[[Token], bool]) -> list[Token]:
        dropped = [token for token in self._tokens.values() if gone(token)]
        for token in dropped:
            del self._tokens[token.id]
        return dropped


def _usable(invite: Token, now: int) -> bool:
    expired = invite.expires_at is not None and invite.expires_at <= now
    return not expired and (invite.max_uses is None or invite.uses < invite.max_uses)


def _bytes(blobs: Iterable[Blob]) -> int:
    return sum(blob.bytes or 0 for blob in blobs)
