"""Transactions of a store in SQL: there is one writer, and failures become ``StoreError``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from framejam_server.session.upcast import UnknownEvent
from framejam_server.store.contract import StoreError
from framejam_server.store.engines import TROUBLE

log = structlog.get_logger("framejam.store")


class Connections:
    """A migrated database. ``readers`` is another engine for what only reads, where the writer's
    has but one connection. Close it before the event loop ends."""

    def __init__(self, engine: AsyncEngine, readers: AsyncEngine | None = None) -> None:
        self._engine = engine
        self._readers = readers or engine
        self._dialect = engine.dialect.name
        self._writer = asyncio.Lock()

    async def ping(self) -> None:
        await self._rows(select(1))

    async def close(self) -> None:
        await self._readers.dispose()
        await self._engine.dispose()

    async def _rows(self, query: Any) -> Sequence[Any]:
        async with self._read() as connection:
            return (await connection.execute(query)).all()

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._readers.connect() as connection:
                yield connection
        except UnknownEvent as error:
            log.error("log not understood", error=str(error))
            raise StoreError(f"the session's log cannot be read: {error}") from error
        except TROUBLE as error:
            log.error("database not read", error=str(error))
            raise StoreError("the server cannot read its database just now") from error

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncConnection]:
        async with self._writer, self._transaction() as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        """The writer's lock is held."""
        with writing():
            async with self._engine.begin() as connection:
                yield connection


@contextmanager
def writing() -> Iterator[None]:
    """The database's trouble becomes a ``StoreError``."""
    try:
        yield
    except TROUBLE as error:
        log.error("database not written", error=str(error))
        raise StoreError("the server cannot write just now; its disk may be full") from error


def columns(row: Any) -> dict[str, Any]:
    """A record as a row, the columns named as the record's fields are."""
    return {name: getattr(row, name) for name in row.__slots__}


def fields(table: Table, record: type[Any]) -> list[Any]:
    """The columns of a table that make a record, in the order of its fields."""
    return [table.c[name] for name in record.__slots__]
