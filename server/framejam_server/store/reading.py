"""Reads a session out of a database that a server may be writing to, and changes nothing there.

No lock that anybody waits for is taken, no schema is migrated, and no file is made: SQLite makes
its ``-wal`` and ``-shm`` files for readers, too, and if those belonged to whoever ran a check the
server could not open its database afterwards.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from framejam_protocol.events import Event
from framejam_server.session.upcast import UnknownEvent, decode_log
from framejam_server.store import tables
from framejam_server.store.contract import StoreError, TakeRecord

_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as the database had it at one moment: its log, and its takes, oldest first."""

    events: list[Event]
    takes: list[TakeRecord]


def read_session(database: Path, session: str) -> Kept | None:
    """The log and the takes of a session, or None where the database has no such session. Blocks.

    Raises ``StoreError`` where there is no database, its schema is another one, or it is damaged.
    """
    if not database.is_file():
        raise StoreError(f"there is no database {database}: name the server's folder with --data")
    for _ in range(_ATTEMPTS):
        # Without a log of its own beside it nobody has the database open: what stands in the file
        # is all there is, and SQLite need not make that log in order to look.
        unused = not _wal(database).exists()
        engine = _engine(database, unused)
        try:
            with engine.connect() as connection:
                found = _read(connection, session)
        except UnknownEvent as error:
            raise StoreError(f"the session's log cannot be read: {error}") from error
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(
                f"the database {database} cannot be read: it is damaged, or of another version of "
                "framejam (`framejam serve` brings older ones to this version)"
            ) from error
        finally:
            engine.dispose()
        if not unused or not _wal(database).exists():
            return found
    raise StoreError(f"a server opens and closes {database} again and again: try later")


def _wal(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def _engine(database: Path, unused: bool) -> Engine:
    uri = f"{database.absolute().as_uri()}?mode=ro{'&immutable=1' if unused else ''}"
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True),
        poolclass=NullPool,
        hide_parameters=True,  # what people wrote belongs into no error
    )


def _read(connection: Connection, session: str) -> Kept | None:
    connection.exec_driver_sql("BEGIN")  # log and takes of one moment
    known = connection.execute(
        select(tables.sessions.c.id).where(tables.sessions.c.id == session)
    ).first()
    if known is None:
        return None
    events = connection.scalars(
        select(tables.events.c.event)
        .where(tables.events.c.session == session)
        .order_by(tables.events.c.seq)
    )
    takes = connection.execute(
        select(*(tables.takes.c[name] for name in TakeRecord.__slots__))
        .where(tables.takes.c.session == session)
        .order_by(tables.takes.c.id)
    )
    return Kept(decode_log(events.all()), [TakeRecord(*row) for row in takes])
