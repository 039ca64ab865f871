"""The logs of a store in SQL, and the receipts.

A session's journal collects what piled up meanwhile into one ``append``, and the appends of all
sessions that piled up share a transaction, which is what makes an fsync affordable (group commit).
Where that fails each is tried alone: one session's trouble refuses nobody else's edits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from framejam_protocol.events import Event
from framejam_server.session.receipts import Answer, Receipt
from framejam_server.session.upcast import decode_log, decode_piece
from framejam_server.store import tables
from framejam_server.store.connections import Connections, columns, fields, writing

log = structlog.get_logger("framejam.store")

_answer_decoder: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


@dataclass(eq=False, slots=True)
class _Batch:
    """What one caller wants appended; ``settled`` once it is durable or failed."""

    session: str
    events: Sequence[Event]
    receipts: Sequence[Receipt]
    settled: bool = False
    error: Exception | None = None


class Logs(Connections):
    """The part of ``Store`` that is about logs."""

    def __init__(self, engine: AsyncEngine, readers: AsyncEngine | None = None) -> None:
        super().__init__(engine, readers)
        self._batches: list[_Batch] = []
        self._doubtful: list[_Batch] = []

    async def events(self, session: str, after: int, limit: int) -> list[Event]:
        await self._settle()
        async with self._read() as connection:
            found = tables.events.c
            query = select(found.event).where(found.session == session).order_by(found.seq)
            piece = await connection.scalars(query.where(found.seq > after).limit(limit))
            events = await asyncio.to_thread(decode_piece, piece.all(), after + 1)
            if events is None:
                whole = await connection.scalars(query.where(found.seq <= after + limit))
                events = (await asyncio.to_thread(decode_log, whole.all()))[after:]
            return events

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
            await self._commit(batches)
        except Exception as error:  # whichever batch it was: alone it will fail again
            log.warning("batches not written together", batches=len(batches), error=str(error))
            return False
        for batch in batches:
            batch.settled = True
        return True

    async def _append_alone(self, batch: _Batch) -> None:
        try:
            with writing():
                await self._commit([batch])
        except Exception as error:  # it is for whoever wanted this batch
            batch.error = error
        batch.settled = True

    async def _commit(self, batches: Sequence[_Batch]) -> None:
        """One transaction. Where it cannot be known whether it was committed, because the
        connection was lost or the caller went away, the next one takes it back first: its senders
        were told that it failed."""
        doubtful, committing = self._doubtful, False
        try:
            async with self._engine.begin() as connection:
                await _take_back(connection, doubtful)
                await _insert_batches(connection, batches)
                committing = True
        except BaseException:
            if committing:
                self._doubtful = [*doubtful, *batches]
            raise
        self._doubtful = []

    async def _settle(self) -> None:
        """Before a log is read: what was told to have failed is not in it."""
        if self._doubtful:
            async with self._writer:
                with writing():
                    await self._commit([])

    async def forget(self, session: str, receipts: Sequence[Receipt]) -> None:
        found = tables.receipts.c
        async with self._write() as connection:
            await connection.execute(
                delete(tables.receipts).where(
                    found.session == session,
                    found.client_id == bindparam("client"),
                    found.client_seq == bindparam("number"),
                ),
                [{"client": one.client_id, "number": one.client_seq} for one in receipts],
            )


async def _take_back(connection: AsyncConnection, batches: Sequence[_Batch]) -> None:
    """Delete just these rows, where they are there: others may have their places by now."""
    for batch in batches:
        for table, rows in (
            (tables.events, event_rows(batch.session, batch.events)),
            (tables.receipts, [receipt_row(batch.session, one) for one in batch.receipts]),
        ):
            for row in rows:
                same = (table.c[name] == value for name, value in row.items())
                await connection.execute(delete(table).where(*same))


async def _insert_batches(connection: AsyncConnection, batches: Sequence[_Batch]) -> None:
    events = [row for batch in batches for row in event_rows(batch.session, batch.events)]
    receipts = [receipt_row(batch.session, one) for batch in batches for one in batch.receipts]
    if events:
        await connection.execute(tables.events.insert(), events)
    if receipts:
        await connection.execute(tables.receipts.insert(), receipts)


def event_rows(session: str, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events of a session as their rows."""
    return [
        {
            "session": session,
            "seq": one.seq,
            "event": msgspec.msgpack.encode(one),
            "kind": type(one.body).__struct_config__.tag,
            "author": one.author,
        }
        for one in events
    ]


def receipt_row(session: str, one: Receipt) -> dict[str, Any]:
    """A receipt of a session as its row."""
    return {"session": session, **columns(one), "answer": msgspec.msgpack.encode(one.answer)}


async def receipt_rows(connection: AsyncConnection, session: str) -> Sequence[Any]:
    """The receipts of a session in the order they were given, for ``receipt``."""
    found = tables.receipts
    query = select(*fields(found, Receipt)).where(found.c.session == session).order_by(found.c.id)
    return (await connection.execute(query)).all()


def receipt(
    client_id: str, participant: str, client_seq: int, digest: bytes, answer: bytes
) -> Receipt:
    """A row of ``receipt_rows`` as the receipt it is."""
    return Receipt(client_id, participant, client_seq, digest, _answer_decoder.decode(answer))
