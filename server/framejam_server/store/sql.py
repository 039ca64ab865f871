"""A store in SQL: SQLAlchemy's async Core over aiosqlite.

SQLite runs in WAL mode with ``synchronous=FULL``: what ``append`` returned from survives kill -9
and power loss (L2). There is one writer. A session's journal collects what piled up meanwhile into
one ``append``, and the appends of all sessions that piled up share a transaction, which is what
makes an fsync affordable (group commit). Where that fails each is tried alone: one session's
trouble refuses nobody else's edits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import URL, Table, bindparam, delete, event, func, literal_column, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from framejam_protocol.events import Event
from framejam_server.session.receipts import Answer, Receipt
from framejam_server.session.upcast import UnknownEvent, decode_log
from framejam_server.store import tables
from framejam_server.store.contract import (
    Blob,
    NewestClip,
    SessionRow,
    StoredSession,
    StoreError,
    TakeRecord,
    Token,
)

log = structlog.get_logger("framejam.store")

PRAGMAS: Final = {
    "journal_mode": "wal",  # readers never wait for the writer
    "synchronous": "FULL",  # an fsync a commit: an ack means durable (L2)
    "foreign_keys": "ON",
    "busy_timeout": "5000",
}

_answer_decoder: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


def sqlite_url(file: Path, driver: str = "sqlite+aiosqlite") -> URL:
    """The SQLAlchemy URL of a SQLite file."""
    return URL.create(driver, database=str(file))


def create_engine(file: Path) -> AsyncEngine:
    """An engine whose every connection has the PRAGMAs of this module set."""
    # What people wrote belongs neither into errors nor into the log.
    engine = create_async_engine(sqlite_url(file), hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def _set_pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for name, value in PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    return engine


@dataclass(eq=False, slots=True)
class _Batch:
    """What one caller wants appended; ``settled`` once it is durable or failed."""

    session: str
    events: Sequence[Event]
    receipts: Sequence[Receipt]
    settled: bool = False
    error: Exception | None = None


class SqlStore:
    """``Store`` on a migrated database. Close it before the event loop ends."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writer = asyncio.Lock()
        self._batches: list[_Batch] = []

    async def create_session(self, row: SessionRow, events: Sequence[Event]) -> None:
        async with self._write() as connection:
            await connection.execute(tables.sessions.insert(), [_columns(row)])
            await _insert_batches(connection, [_Batch(row.id, events, ())])

    async def sessions(self) -> list[SessionRow]:
        query = select(tables.sessions).order_by(tables.sessions.c.created_at)
        return [SessionRow(*row) for row in await self._rows(query)]

    async def load(self, session: str) -> StoredSession | None:
        async with self._read() as connection:
            row = (await connection.execute(_of(tables.sessions, "id", session))).first()
            if row is None:
                return None
            columns = tables.receipts.c
            events = await connection.scalars(
                select(tables.events.c.event)
                .where(tables.events.c.session == session)
                .order_by(tables.events.c.seq)
            )
            receipts = await connection.execute(
                select(*(columns[name] for name in Receipt.__slots__))
                .where(columns.session == session)
                # SQLite's rowid is the order of insertion: the order the receipts were given in.
                .order_by(literal_column("rowid"))
            )
            blobs = await connection.execute(_of(tables.blobs, "session", session))
            # Hundreds of thousands of rows take a while: not on the event loop.
            return await asyncio.to_thread(
                lambda: StoredSession(
                    SessionRow(*row),
                    decode_log(events.all()),
                    [_receipt(*found) for found in receipts],
                    [Blob(*found[1:]) for found in blobs],
                )
            )

    async def append(
        self, session: str, events: Sequence[Event], receipts: Sequence[Receipt]
    ) -> None:
        batch = _Batch(session, events, receipts)
        self._batches.append(batch)
        try:
            async with self._writer:
                if not batch.settled:
                    await self._append_waiting()
        except BaseException:
            if batch in self._batches:  # cancelled: nobody waits for it any more
                self._batches.remove(batch)
            raise
        if batch.error is not None:
            raise batch.error

    async def _append_waiting(self) -> None:
        """Write every batch that waits, for all who wait; the writer's lock is held."""
        batches, self._batches = self._batches, []
        try:
            if len(batches) == 1 or not await self._append_together(batches):
                for batch in batches:
                    await self._append_alone(batch)
        finally:
            # Where this was cancelled others are left: the next of them begins anew.
            self._batches = [one for one in batches if not one.settled] + self._batches

    async def _append_together(self, batches: Sequence[_Batch]) -> bool:
        """One transaction for all; False where it failed, and nothing is written."""
        try:
            async with self._engine.begin() as connection:
                await _insert_batches(connection, batches)
        except Exception as error:  # whichever batch it was: alone it will fail again
            log.warning("batches not written together", batches=len(batches), error=str(error))
            return False
        for batch in batches:
            batch.settled = True
        return True

    async def _append_alone(self, batch: _Batch) -> None:
        try:
            async with self._transaction() as connection:
                await _insert_batches(connection, [batch])
        except Exception as error:  # it is for whoever wanted this batch
            batch.error = error
        batch.settled = True

    async def forget(self, session: str, receipts: Sequence[Receipt]) -> None:
        columns = tables.receipts.c
        async with self._write() as connection:
            await connection.execute(
                delete(tables.receipts).where(
                    columns.session == session,
                    columns.client_id == bindparam("client"),
                    columns.client_seq == bindparam("number"),
                ),
                [{"client": one.client_id, "number": one.client_seq} for one in receipts],
            )

    async def add_token(self, token: Token) -> None:
        async with self._write() as connection:
            await connection.execute(tables.tokens.insert(), [_columns(token)])

    async def token(self, token_id: str) -> Token | None:
        rows = await self._rows(_of(tables.tokens, "id", token_id))
        return Token(*rows[0]) if rows else None

    async def revoke(self, session: str, label: str) -> None:
        tokens = tables.tokens.c
        async with self._write() as connection:
            await connection.execute(
                delete(tables.tokens).where(
                    tokens.session == session, tokens.label == label, tokens.participant.is_(None)
                )
            )

    async def add_blob(self, session: str, blob: Blob) -> None:
        async with self._write() as connection:
            row = {"session": session, **_columns(blob)}
            await connection.execute(sqlite_insert(tables.blobs).on_conflict_do_nothing(), [row])

    async def add_take(self, session: str, record: TakeRecord) -> None:
        async with self._write() as connection:
            row = {"session": session, **_columns(record)}
            await connection.execute(tables.takes.insert(), [row])

    async def takes(self, session: str) -> list[TakeRecord]:
        query = _of(tables.takes, "session", session).order_by(tables.takes.c.id)
        return [TakeRecord(*row[2:]) for row in await self._rows(query)]

    async def newest_clips(self, session: str) -> list[NewestClip]:
        takes = tables.takes.c
        newest = select(func.max(takes.id)).where(takes.session == session).group_by(takes.take)
        query = select(
            takes.take, takes.seq, takes.digest, func.json_extract(takes.record, "$.at")
        ).where(takes.id.in_(newest))
        return [NewestClip(*row) for row in await self._rows(query.order_by(takes.take))]

    async def ping(self) -> None:
        await self._rows(select(1))

    async def close(self) -> None:
        await self._engine.dispose()

    async def _rows(self, query: Any) -> Sequence[Any]:
        async with self._read() as connection:
            return (await connection.execute(query)).all()

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except UnknownEvent as error:
            log.error("log not understood", error=str(error))
            raise StoreError(f"the session's log cannot be read: {error}") from error
        except (SQLAlchemyError, OSError) as error:
            log.error("database not read", error=str(error))
            raise StoreError("the server cannot read its database just now") from error

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncConnection]:
        async with self._writer, self._transaction() as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        """The writer's lock is held."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            log.error("database not written", error=str(error))
            raise StoreError("the server cannot write just now; its disk may be full") from error


def _of(table: Table, column: str, value: str) -> Any:
    return select(table).where(table.c[column] == value)


def _columns(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


async def _insert_batches(connection: AsyncConnection, batches: Sequence[_Batch]) -> None:
    events = [_event_row(batch.session, one) for batch in batches for one in batch.events]
    receipts = [_receipt_row(batch.session, one) for batch in batches for one in batch.receipts]
    if events:
        await connection.execute(tables.events.insert(), events)
    if receipts:
        await connection.execute(tables.receipts.insert(), receipts)


def _event_row(session: str, event: Event) -> dict[str, Any]:
    return {
        "session": session,
        "seq": event.seq,
        "event": msgspec.msgpack.encode(event),
        "kind": type(event.body).__struct_config__.tag,
        "author": event.author,
    }


def _receipt_row(session: str, receipt: Receipt) -> dict[str, Any]:
    return {
        "session": session,
        **_columns(receipt),
        "answer": msgspec.msgpack.encode(receipt.answer),
    }


def _receipt(
    client_id: str, participant: str, client_seq: int, digest: bytes, answer: bytes
) -> Receipt:
    return Receipt(client_id, participant, client_seq, digest, _answer_decoder.decode(answer))
