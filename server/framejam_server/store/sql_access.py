"""Tokens, invites and the audit trail of a store in SQL (A1, A2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from framejam_server.store import tables
from framejam_server.store.connections import Connections, columns, fields
from framejam_server.store.contract import AUDIT_KEPT, Audit, Token

_tokens = tables.tokens.c
_audit = tables.audit.c


class Access(Connections):
    """The part of ``Store`` that is about who may come in, and who did what to that."""

    async def add_token(self, token: Token) -> None:
        async with self._write() as connection:
            await connection.execute(tables.tokens.insert(), [columns(token)])

    async def token(self, token_id: str) -> Token | None:
        found = await self._tokens_where(_tokens.id == token_id)
        return found[0] if found else None

    async def redeem(self, invite: str, token: Token, now: int) -> bool:
        # One statement looks and counts: whoever asks at the same time sees what it left.
        count = (
            update(tables.tokens)
            .where(
                _an_invite(token.session, invite),
                or_(_tokens.expires_at.is_(None), _tokens.expires_at > now),
                or_(_tokens.max_uses.is_(None), _tokens.uses < _tokens.max_uses),
            )
            .values(uses=_tokens.uses + 1)
        )
        async with self._write() as connection:
            if (await connection.execute(count)).rowcount != 1:
                return False
            row = columns(replace(token, via=invite))
            await connection.execute(tables.tokens.insert(), [row])
        return True

    async def invites(self, session: str) -> list[Token]:
        return await self._tokens_where(
            and_(_tokens.session == session, _tokens.participant.is_(None))
        )

    async def revoke(self, session: str, label: str) -> None:
        async with self._write() as connection:
            await connection.execute(
                delete(tables.tokens).where(
                    _tokens.session == session,
                    _tokens.label == label,
                    _tokens.participant.is_(None),
                )
            )

    async def revoke_invite(
        self, session: str, invite: str, keep: str | None = None
    ) -> list[str] | None:
        came = and_(_tokens.session == session, _tokens.via == invite)
        if keep is not None:
            came = and_(came, _tokens.participant != keep)
        async with self._write() as connection:
            found = await connection.execute(
                delete(tables.tokens).where(_an_invite(session, invite))
            )
            if found.rowcount != 1:
                return None
            query = select(_tokens.participant).where(came, _tokens.participant.is_not(None))
            people = await connection.scalars(query.distinct().order_by(_tokens.participant))
            await connection.execute(delete(tables.tokens).where(came))
            return list(people)

    async def forget_person(self, session: str, participant: str) -> None:
        theirs = or_(
            _tokens.participant == participant,
            and_(_tokens.participant.is_(None), _tokens.created_by == participant),
        )
        async with self._write() as connection:
            await connection.execute(
                delete(tables.tokens).where(_tokens.session == session, theirs)
            )

    async def audit(self, session: str, entry: Audit) -> None:
        here = _audit.session == session
        async with self._write() as connection:
            newest = await connection.scalar(select(func.max(_audit.id)).where(here)) or 0
            row = {"session": session, **columns(entry), "id": newest + 1}
            await connection.execute(tables.audit.insert(), [row])
            old = _audit.id <= newest + 1 - AUDIT_KEPT
            await connection.execute(delete(tables.audit).where(here, old))

    async def audit_trail(self, session: str, before: int | None, limit: int) -> list[Audit]:
        query = select(*fields(tables.audit, Audit)).where(_audit.session == session)
        if before is not None:
            query = query.where(_audit.id < before)
        return [
            Audit(*row) for row in await self._rows(query.order_by(_audit.id.desc()).limit(limit))
        ]

    async def _tokens_where(self, which: ColumnElement[bool]) -> list[Token]:
        query = select(*fields(tables.tokens, Token)).where(which)
        rows = await self._rows(query.order_by(_tokens.created_at, _tokens.id))
        return [Token(*row) for row in rows]


def _an_invite(session: str, invite: str) -> Any:
    return and_(_tokens.id == invite, _tokens.session == session, _tokens.participant.is_(None))
