"""Bring a database to the schema of this version, before the server starts (Alembic)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import SQLAlchemyError

import framejam_migrations
from framejam_server.store.contract import StoreError


def migrate(url: URL | str) -> None:
    """Upgrade the database at ``url`` (a synchronous SQLAlchemy URL) to the newest revision.

    Blocks: call it in a thread. Raises ``StoreError`` where the database is newer than this code,
    damaged, or cannot be written.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(framejam_migrations.__file__).parent))
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            current = MigrationContext.configure(connection).get_current_heads()
            known = {
                script.revision for script in ScriptDirectory.from_config(config).walk_revisions()
            }
            if unknown := set(current) - known:
                raise StoreError(
                    f"the database is newer than this framejam (revision {', '.join(unknown)}): "
                    "install the version that wrote it, or choose another data folder"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise StoreError(f"the database could not be opened: {error}") from error
    finally:
        engine.dispose()
