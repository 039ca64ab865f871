"""A store in SQL: SQLAlchemy's async Core over aiosqlite or asyncpg."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from framejam_protocol.events import Event
from framejam_server.session.upcast import decode_log
from framejam_server.store import tables
from framejam_server.store.connections import columns, fields
from framejam_server.store.contract import (
    SNAPSHOTS_KEPT,
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
from framejam_server.store.engines import (
    OF_ONE_MOMENT,
    create_engine,
    insert_into,
    json_integer,
    sqlite_url,
)
from framejam_server.store.sql_access import Access
from framejam_server.store.sql_log import Logs, event_rows, receipt, receipt_rows

__all__ = ["SqlStore", "create_engine", "sqlite_url"]

T = TypeVar("T")

_ROWS_AT_ONCE: Final = 1000
"""Of an import or a branch: between them the event loop does other things."""

_OF_SESSIONS: Final = [table for table in tables.metadata.sorted_tables if "session" in table.c]
"""Every table with rows of sessions, whatever refers to another after it."""


class SqlStore(Logs, Access):
    """``Store`` on a migrated database. Close it before the event loop ends."""

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
        own = {"session": row.id}
        if any(token.session != row.id for token in tokens):
            raise StoreError("a token is of another session")
        async with self._write() as connection:
            await connection.execute(tables.sessions.insert(), [columns(row)])
            for piece in _pieces(events):
                rows = await asyncio.to_thread(event_rows, row.id, piece)
                await connection.execute(tables.events.insert(), rows)
            await _insert(connection, tables.blobs, [own | columns(one) for one in blobs])
            await _insert(connection, tables.takes, [own | columns(one) for one in takes])
            await _insert(connection, tables.tokens, [columns(one) for one in tokens])

    async def delete_session(self, session: str) -> list[str]:
        blobs = tables.blobs.c
        async with self._write() as connection:
            had = await connection.scalars(select(blobs.id).where(blobs.session == session))
            shared = tables.blobs.alias().c
            kept = await connection.scalars(
                select(blobs.id)
                .join(shared.id.table, shared.id == blobs.id)
                .where(blobs.session == session, shared.session != session)
            )
            for table in reversed(_OF_SESSIONS):
                await connection.execute(delete(table).where(table.c.session == session))
            await connection.execute(delete(tables.sessions).where(tables.sessions.c.id == session))
            return sorted(set(had) - set(kept))

    async def sessions(self) -> list[SessionRow]:
        table = tables.sessions
        query = select(*fields(table, SessionRow)).order_by(table.c.created_at)
        return [SessionRow(*row) for row in await self._rows(query)]

    async def load(self, session: str) -> StoredSession | None:
        await self._settle()
        async with self._read() as connection:
            await connection.exec_driver_sql(OF_ONE_MOMENT[self._dialect])
            query = select(*fields(tables.sessions, SessionRow))
            row = (await connection.execute(query.where(tables.sessions.c.id == session))).first()
            if row is None:
                return None
            events = await connection.scalars(
                select(tables.events.c.event)
                .where(tables.events.c.session == session)
                .order_by(tables.events.c.seq)
            )
            receipts = await receipt_rows(connection, session)
            blobs = await connection.execute(
                select(*fields(tables.blobs, Blob)).where(tables.blobs.c.session == session)
            )
            # Hundreds of thousands of rows take a while: not on the event loop.
            return await asyncio.to_thread(
                lambda: StoredSession(
                    SessionRow(*row),
                    decode_log(events.all()),
                    [receipt(*found) for found in receipts],
                    [Blob(*found) for found in blobs],
                )
            )

    async def add_blob(self, session: str, blob: Blob) -> None:
        insert = insert_into(tables.blobs, self._dialect).on_conflict_do_nothing()
        async with self._write() as connection:
            await connection.execute(insert, [{"session": session, **columns(blob)}])

    async def blobs(self, session: str) -> list[Blob]:
        table = tables.blobs
        query = select(*fields(table, Blob)).where(table.c.session == session)
        return [Blob(*row) for row in await self._rows(query.order_by(table.c.id))]

    async def unused(self, blobs: Sequence[str]) -> list[str]:
        column, used = tables.blobs.c.id, set[str]()
        for piece in _pieces(blobs):
            found = await self._rows(select(column).where(column.in_(piece)).distinct())
            used.update(blob for (blob,) in found)
        return sorted(set(blobs) - used)

    async def add_take(self, session: str, record: TakeRecord, keep: int | None = None) -> None:
        takes = tables.takes
        here = takes.c.session == session
        newest = select(takes.c.id).where(here).order_by(takes.c.id.desc())
        async with self._write() as connection:
            row = {"session": session, **columns(record)}
            await connection.execute(takes.insert(), [row])
            if keep is not None:
                last = newest.offset(keep - 1).limit(1).scalar_subquery()
                await connection.execute(delete(takes).where(here, takes.c.id < last))

    async def takes(self, session: str) -> list[TakeRecord]:
        table = tables.takes
        query = select(*fields(table, TakeRecord)).where(table.c.session == session)
        return [TakeRecord(*row) for row in await self._rows(query.order_by(table.c.id))]

    async def newest_clips(self, session: str) -> list[NewestClip]:
        takes = tables.takes.c
        newest = select(func.max(takes.id)).where(takes.session == session).group_by(takes.take)
        at = json_integer(takes.record, "at", self._dialect)
        query = select(takes.take, takes.seq, takes.digest, at).where(takes.id.in_(newest))
        return [NewestClip(*row) for row in await self._rows(query.order_by(takes.take))]

    async def add_snapshot(self, session: str, seq: int, data: bytes) -> None:
        table = tables.snapshots
        insert = insert_into(table, self._dialect)
        insert = insert.on_conflict_do_update(
            index_elements=[table.c.session, table.c.seq], set_={"data": insert.excluded.data}
        )
        here = table.c.session == session
        newest = select(table.c.seq).where(here).order_by(table.c.seq.desc()).limit(SNAPSHOTS_KEPT)
        async with self._write() as connection:
            await connection.execute(insert, [{"session": session, "seq": seq, "data": data}])
            await connection.execute(delete(table).where(here, table.c.seq.not_in(newest)))

    async def snapshot(self, session: str) -> Snapshot | None:
        table = tables.snapshots
        query = select(*fields(table, Snapshot)).where(table.c.session == session)
        rows = await self._rows(query.order_by(table.c.seq.desc()).limit(1))
        return Snapshot(*rows[0]) if rows else None

    async def size(self, session: str) -> SessionSize:
        blobs, takes = tables.blobs.c, tables.takes.c
        rows = await self._rows(
            select(
                _events_of(session),
                select(func.count()).where(takes.session == session).scalar_subquery(),
                func.count(blobs.id),
                func.coalesce(func.sum(blobs.bytes), 0),
            ).where(blobs.session == session)
        )
        return SessionSize(*(int(number) for number in rows[0]))

    async def usage(self) -> Usage:
        sessions, blobs = tables.sessions.c, tables.blobs.c
        each = select(_events_of(sessions.id).label("events"))
        logs = each.select_from(tables.sessions).subquery()
        files = select(func.max(blobs.bytes).label("bytes")).group_by(blobs.id).subquery()
        rows = await self._rows(
            select(
                select(func.count(sessions.id)).scalar_subquery(),
                select(func.coalesce(func.sum(logs.c.events), 0)).scalar_subquery(),
                select(func.count(tables.takes.c.id)).scalar_subquery(),
                select(func.coalesce(func.sum(files.c.bytes), 0)).scalar_subquery(),
            )
        )
        return Usage(*(int(number) for number in rows[0]))


def _events_of(session: Any) -> Any:
    """How many events a session has: a log has no gaps (L1), and its end is found by the index."""
    events = tables.events.c
    newest = select(func.max(events.seq)).where(events.session == session)
    return func.coalesce(newest.correlate(tables.sessions).scalar_subquery(), 0)


def _pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[at : at + _ROWS_AT_ONCE] for at in range(0, len(rows), _ROWS_AT_ONCE))


async def _insert(
    connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]
) -> None:
    for piece in _pieces(rows):
        await connection.execute(table.insert(), piece)
