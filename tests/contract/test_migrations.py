"""Migrations make exactly the declared tables out of every earlier schema, and keep the rows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from clusters import Cluster
from rows import CREATED, receipt
from sqlalchemy import (
    Connection,
    MetaData,
    Table,
    create_engine,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.ext.asyncio import create_async_engine

import framejam_migrations
from framejam_server.store.contract import Blob, SessionRow, StoreError, Token
from framejam_server.store.engines import connector
from framejam_server.store.migrate import migrate, migrate_postgres
from framejam_server.store.opening import open_store
from framejam_server.store.sql_log import event_rows, receipt_row
from framejam_server.store.tables import metadata

CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(framejam_migrations.__file__).parent))
REVISIONS = [one.revision for one in ScriptDirectory.from_config(CONFIG).walk_revisions()][::-1]
BEFORE = [None, *REVISIONS]
"""Every schema a database may be found with: None is an empty one, the last is the newest."""


class Place:
    """A database, reached as migrations and stores reach it."""

    def __init__(self, file: Path, address: str | None) -> None:
        self.file, self.address = file, address

    def migrate(self) -> None:
        if self.address is None:
            migrate(f"sqlite:///{self.file}")
        else:
            migrate_postgres(self.address)

    def do(self, work: Any) -> Any:
        """``work(connection)`` in one transaction."""
        if self.address is None:
            with create_engine(f"sqlite:///{self.file}").begin() as connection:
                return work(connection)
        return asyncio.run(self._do(work))

    async def _do(self, work: Any) -> Any:
        assert self.address is not None
        engine = create_async_engine("postgresql+asyncpg://", async_creator=connector(self.address))
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    def fill_with(self, revision: str | None) -> None:
        """The schema of a revision, and what a server that had it would have kept."""
        if revision is not None:
            self.do(lambda connection: self._fill(connection, revision))

    def _fill(self, connection: Connection, revision: str) -> None:
        CONFIG.attributes["connection"] = connection
        command.upgrade(CONFIG, revision)
        found = MetaData()
        found.reflect(connection)
        for name, rows in ROWS.items():
            put(connection, found.tables[name], rows)

    def differences(self) -> list[Any]:
        """What of the declared tables is missing or otherwise."""
        return self.do(
            lambda connection: compare_metadata(
                MigrationContext.configure(
                    connection, opts={"compare_type": True, "compare_server_default": True}
                ),
                metadata,
            )
        )


RECEIPTS = [receipt(number) for number in (3, 1, 2)]
ROWS: dict[str, list[dict[str, Any]]] = {
    "sessions": [{"id": "s", "epoch": "e", "created_at": 1}],
    "events": event_rows("s", [CREATED]),
    "receipts": [receipt_row("s", one) for one in RECEIPTS],
    "tokens": [
        {"id": "t", "session": "s", "digest": b"d" * 32, "role": "owner", "label": "launch"}
    ],
    "blobs": [{"session": "s", "id": "a" * 64, "media_type": "image/png", "width": 3, "height": 4}],
    "takes": [{"session": "s", "take": 1, "seq": 5, "digest": "d", "record": "{}"}],
}
"""In terms of the first schema, whose columns all later ones have."""


def put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        connection.execute(insert(table), row)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if kind == "sqlite":
        return Place(tmp_path / "f.db", None)
    running: Cluster = request.getfixturevalue("postgres")
    return Place(tmp_path, running.address(asyncio.run(running.new())))


@pytest.mark.parametrize("revision", BEFORE)
def test_every_earlier_schema_becomes_the_declared_one(place, revision):
    place.fill_with(revision)
    if revision != REVISIONS[-1]:
        assert place.differences() != [], "there is something to do"
    place.migrate()
    assert place.differences() == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_of_every_earlier_schema_are_there_in_the_newest(place, revision):
    place.fill_with(revision)
    place.migrate()

    async def look() -> None:
        store = await open_store(place.file, place.address)
        stored = await store.load("s")
        assert stored is not None
        assert stored.row == SessionRow("s", "e", 1)
        assert stored.events == [CREATED]
        assert stored.receipts == RECEIPTS, "in the order they were given"
        assert stored.blobs == [Blob("a" * 64, "image/png", 3, 4)]
        assert await store.token("t") == Token("t", "s", b"d" * 32, "owner", None, "launch")
        assert [take.digest for take in await store.takes("s")] == ["d"]
        # Nothing keeps a server from going on with it.
        await store.append("s", [], [receipt(4)])
        assert (await store.load("s")).receipts == [*RECEIPTS, receipt(4)]
        assert await store.redeem("t", Token("u", "s", b"u" * 32, "owner", "anna"), 5)
        await store.close()

    asyncio.run(look())


def test_migrating_leaves_no_table_behind_that_nobody_declared(place):
    place.fill_with(REVISIONS[0])
    place.migrate()
    tables = place.do(lambda connection: set(inspect(connection).get_table_names()))
    assert tables == {*metadata.tables, "alembic_version"}


def test_migrating_twice_changes_nothing(place):
    place.fill_with(REVISIONS[0])
    place.migrate()
    place.migrate()
    for name, rows in ROWS.items():
        count = select(func.count()).select_from(metadata.tables[name])
        assert place.do(lambda connection, count=count: connection.scalar(count)) == len(rows)


def test_a_migration_that_fails_leaves_the_old_schema_and_its_rows(place):
    """Here something is in the way of a table that comes late in the upgrade."""
    place.fill_with(REVISIONS[0])
    place.do(lambda connection: connection.execute(text("CREATE TABLE audit (x INTEGER)")))
    before = place.do(_everything)
    with pytest.raises(StoreError, match="could not be opened"):
        place.migrate()
    assert place.do(_everything) == before
    place.do(lambda connection: connection.execute(text("DROP TABLE audit")))
    place.migrate()
    assert place.differences() == []


def _everything(connection: Connection) -> dict[str, tuple[list[str], list[Any]]]:
    """Of each table its columns and rows."""
    found = MetaData()
    found.reflect(connection)
    return {
        name: (table.c.keys(), [tuple(row) for row in connection.execute(select(table))])
        for name, table in found.tables.items()
    }


def test_a_database_newer_than_the_code_is_refused_untouched(place):
    place.migrate()
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    place.do(lambda connection: connection.execute(newer))
    with pytest.raises(StoreError, match="newer than this framejam"):
        place.migrate()
    version = text("SELECT version_num FROM alembic_version")
    assert place.do(lambda connection: connection.scalar(version)) == "9999"


def test_a_damaged_database_is_one_clear_error(tmp_path):
    (tmp_path / "f.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="could not be opened"):
        migrate(f"sqlite:///{tmp_path / 'f.db'}")
