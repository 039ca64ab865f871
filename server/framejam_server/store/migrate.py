"""Bring a database to the schema of this version, before the server starts (Alembic).

All revisions that are missing are one transaction, in both databases: whatever ends the process
leaves the old schema with the old rows, or the new one with all of them.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

import framejam_migrations
from framejam_server.store.contract import StoreError
from framejam_server.store.engines import TROUBLE, connector


def migrate(url: URL | str) -> None:
    """Upgrade the SQLite database at ``url`` (a synchronous SQLAlchemy URL) to the newest revision.

    Blocks: call it in a thread. Raises ``StoreError`` where the database is newer than this code,
    damaged, or cannot be written.
    """
    engine = create_engine(url)
    _begin_before_everything(engine)
    try:
        with engine.begin() as connection:
            _upgrade(connection)
    except TROUBLE as error:
        raise not_opened(error) from error
    finally:
        engine.dispose()


def migrate_postgres(address: str) -> None:
    """Upgrade the PostgreSQL database at ``address`` (a libpq URL) to the newest revision.

    Blocks: call it in a thread, where it runs an event loop of its own. Raises ``StoreError`` as
    ``migrate`` does.
    """
    asyncio.run(_migrate_postgres(address))


async def _migrate_postgres(address: str) -> None:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connector(address))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except TROUBLE as error:
        raise not_opened(error) from error
    finally:
        await engine.dispose()


def not_opened(error: Exception) -> StoreError:
    """What to tell whoever started the server: the database's own words."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return StoreError(f"the database could not be opened: {said}")


def _begin_before_everything(engine: Engine) -> None:
    """Python's sqlite3 begins a transaction before it writes rows, but not before it makes or
    drops a table, each of which would be a transaction of its own: it is told to begin none, and
    SQLAlchemy says BEGIN where it means one."""

    @event.listens_for(engine, "connect")
    def _leave_transactions_alone(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(framejam_migrations.__file__).parent))
    current = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if unknown := set(current) - known:
        raise StoreError(
            f"the database is newer than this framejam (revision {', '.join(unknown)}): "
            "install the version that wrote it, or choose another data folder or database"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
