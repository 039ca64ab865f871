"""Engines for the two databases, and the little in which their SQL differs.

SQLite runs in WAL mode with ``synchronous=FULL``: what a commit returned from survives kill -9 and
power loss (L2). PostgreSQL's ``synchronous_commit`` is on, which means the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy import URL, BigInteger, ColumnElement, Table, cast, event, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from framejam_server.store.contract import StoreError

PRAGMAS: Final = {
    "journal_mode": "wal",  # readers never wait for the writer
    "synchronous": "FULL",  # an fsync a commit: an ack means durable (L2)
    "foreign_keys": "ON",
    "busy_timeout": "5000",
}

SERVER_SETTINGS: Final = {
    "application_name": "framejam",
    "synchronous_commit": "on",
    # A connection that the network lost keeps the lock below until the database notices.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

LOCK: Final = int.from_bytes(b"framejam", "big")
"""The key of PostgreSQL's advisory lock that the one server of a database holds."""

LOCK_WAIT_S: Final = 3.0
"""For that lock: of a server that was just killed, or a connection just lost, it goes at once; this
is for a busy machine."""

TROUBLE: Final = (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a database's failures are: connecting, asyncpg's own errors come unwrapped."""

OF_ONE_MOMENT: Final = {
    "sqlite": "BEGIN",
    "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
}
"""What to say first on a connection, by dialect, so that all it reads until it is let go is of one
moment."""

_LOCK_TIMED_OUT: Final = "55P03"
_CONNECT_S: Final = 10
_STATEMENT_S: Final = 120
"""Longer than any statement takes, shorter than a lost network's own timeouts."""


def sqlite_url(file: Path, driver: str = "sqlite+aiosqlite") -> URL:
    """The SQLAlchemy URL of a SQLite file."""
    return URL.create(driver, database=str(file))


def create_engine(file: Path) -> AsyncEngine:
    """A SQLite engine whose every connection has the PRAGMAs of this module set."""
    # What people wrote belongs neither into errors nor into the log.
    engine = create_async_engine(sqlite_url(file), hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def _set_pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for name, value in PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    return engine


def create_readers(address: str) -> AsyncEngine:
    """An engine for what only reads in the PostgreSQL database at ``address`` (a libpq URL)."""
    return _postgres(address, pool_size=4, pool_pre_ping=True)


def create_writer(address: str) -> AsyncEngine:
    """An engine of one connection, which holds the database's lock as long as it lives (T6).

    Whoever writes holds the lock: where the connection is lost, the next one takes the lock anew
    before anything is written, which also means that whatever the lost one was about to commit is
    committed by then or never will be. Connecting raises ``StoreError`` where another server has
    the lock.
    """
    engine = _postgres(address, pool_size=1, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def _lock(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute(f"SET LOCAL lock_timeout = {round(LOCK_WAIT_S * 1000)}")
            cursor.execute(f"SELECT pg_advisory_lock({LOCK})")
        except Exception as error:
            connection.terminate()
            if getattr(error, "sqlstate", None) != _LOCK_TIMED_OUT:
                raise
            raise StoreError(
                "the database is open in another framejam: stop that one or choose another "
                "database with FRAMEJAM_DATABASE"
            ) from error
        cursor.close()
        connection.rollback()  # the lock is the connection's, not the transaction's

    return engine


def _postgres(address: str, **pool: Any) -> AsyncEngine:
    return create_async_engine(
        "postgresql+asyncpg://", async_creator=connector(address), hide_parameters=True, **pool
    )


def connector(address: str) -> Callable[[], Awaitable[Any]]:
    """What makes an asyncpg connection to ``address``, which is read as libpq reads it: sslmode,
    sockets, a password file."""

    async def connect() -> Any:
        return await asyncpg.connect(
            address,
            timeout=_CONNECT_S,
            command_timeout=_STATEMENT_S,
            server_settings=SERVER_SETTINGS,
        )

    return connect


def insert_into(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT; both databases write it alike."""
    return (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)


def json_integer(column: ColumnElement[str], key: str, dialect: str) -> ColumnElement[int]:
    """The integer at ``key`` of a column of JSON text; NULL where there is none."""
    if dialect == "sqlite":
        return func.json_extract(column, f"$.{key}")
    return cast(cast(column, postgresql.JSON)[key].astext, BigInteger)
