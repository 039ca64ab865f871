"""Opens the store a server is told to use: SQLite in its data folder, or PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

from framejam_server.store.contract import StoreError
from framejam_server.store.engines import (
    TROUBLE,
    create_engine,
    create_readers,
    create_writer,
    sqlite_url,
)
from framejam_server.store.migrate import migrate, migrate_postgres, not_opened
from framejam_server.store.sql import SqlStore


async def open_store(file: Path, address: str | None) -> SqlStore:
    """The migrated store in the PostgreSQL database at ``address`` (a libpq URL), held for this
    process alone; in the SQLite file where that is None, whose folder the caller has locked.

    Raises ``StoreError``.
    """
    if address is None:
        await asyncio.to_thread(migrate, sqlite_url(file, "sqlite"))
        return SqlStore(create_engine(file))
    writer = create_writer(address)
    try:
        async with writer.connect():
            pass  # the pool keeps this connection, and it keeps the lock
        await asyncio.to_thread(migrate_postgres, address)
    except TROUBLE as error:
        await writer.dispose()
        raise not_opened(error) from error
    except ValueError:
        await writer.dispose()
        # What is wrong with it stays unsaid: it may hold a password.
        raise StoreError(
            "the database's address cannot be read: it is postgresql://user@host/database"
        ) from None
    except BaseException:
        await writer.dispose()
        raise
    return SqlStore(writer, create_readers(address))
