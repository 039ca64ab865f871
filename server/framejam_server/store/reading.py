"""Reads a session out of a database that a server may be writing to, and changes nothing there.

No lock that anybody waits for is taken, no schema is migrated, and no file is made: SQLite makes
its ``-wal`` and ``-shm`` files for readers, too, and if those belonged to whoever ran a check the
server could not open its database afterwards.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, create_engine, select
from sqlalchemy.pool import NullPool

from framejam_protocol.events import Event
from framejam_server.session.upcast import UnknownEvent, decode_log
from framejam_server.store import tables
from framejam_server.store.connections import fields
from framejam_server.store.contract import Blob, SessionRow, StoreError, TakeRecord
from framejam_server.store.engines import OF_ONE_MOMENT, TROUBLE, create_readers

T = TypeVar("T")

_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as the database had it at one moment: its row, its log, its takes, oldest first,
    and its images."""

    row: SessionRow
    events: list[Event]
    takes: list[TakeRecord]
    blobs: list[Blob]


def read_session(database: Path, session: str, address: str | None = None) -> Kept | None:
    """What is kept of a session, or None where the database has no such session. Blocks.

    ``address`` is that of a PostgreSQL database to read instead. Raises ``StoreError`` where there
    is no database, its schema is another one, or it is damaged.
    """
    if address is None and not database.is_file():
        raise StoreError(f"there is no database {database}: name the server's folder with --data")
    try:
        if address is not None:
            return asyncio.run(_session_in_postgres(address, session))
        return undisturbed(database, lambda uri: _session(uri, session))
    except UnknownEvent as error:
        raise StoreError(f"the session's log cannot be read: {error}") from error
    except (*TROUBLE, ValueError) as error:
        raise StoreError(
            f"the database {database if address is None else 'of FRAMEJAM_DATABASE'} cannot be "
            "read: it is not there, damaged, or of another version of framejam (`framejam serve` "
            "brings older ones to this version)"
        ) from error


def undisturbed(database: Path, look: Callable[[str], T]) -> T:
    """What ``look`` finds with a SQLite URI that only reads the database and makes no file.

    Called again where a server opened the database meanwhile. Raises what ``look`` raises, and
    ``StoreError`` where a server is in the way each time.
    """
    for _ in range(_ATTEMPTS):
        # Without a log of its own beside it nobody has the database open: what stands in the file
        # is all there is, and SQLite need not make that log in order to look.
        unused = not _wal(database).exists()
        uri = f"{database.absolute().as_uri()}?mode=ro{'&immutable=1' if unused else ''}"
        found = look(uri)
        if not unused or not _wal(database).exists():
            return found
    raise StoreError(f"a server opens and closes {database} again and again: try later")


def _wal(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def _session(uri: str, session: str) -> Kept | None:
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True),
        poolclass=NullPool,
        hide_parameters=True,  # what people wrote belongs into no error
    )
    try:
        with engine.connect() as connection:
            return _read(connection, session)
    finally:
        engine.dispose()


async def _session_in_postgres(address: str, session: str) -> Kept | None:
    engine = create_readers(address)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_read, session)
    finally:
        await engine.dispose()


def _read(connection: Connection, session: str) -> Kept | None:
    connection.exec_driver_sql(OF_ONE_MOMENT[connection.dialect.name])
    row = connection.execute(
        select(*fields(tables.sessions, SessionRow)).where(tables.sessions.c.id == session)
    ).first()
    if row is None:
        return None
    events = connection.scalars(
        select(tables.events.c.event)
        .where(tables.events.c.session == session)
        .order_by(tables.events.c.seq)
    )
    takes = connection.execute(
        select(*fields(tables.takes, TakeRecord))
        .where(tables.takes.c.session == session)
        .order_by(tables.takes.c.id)
    )
    blobs = connection.execute(
        select(*fields(tables.blobs, Blob)).where(tables.blobs.c.session == session)
    )
    return Kept(
        SessionRow(*row),
        decode_log(events.all()),
        [TakeRecord(*found) for found in takes],
        [Blob(*found) for found in blobs],
    )
