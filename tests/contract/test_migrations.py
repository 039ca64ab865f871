"""Migrations produce exactly the declared tables, and refuse a database from the future."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from framejam_server.store.contract import StoreError
from framejam_server.store.migrate import migrate
from framejam_server.store.tables import metadata


def test_migrations_produce_the_declared_schema(tmp_path):
    url = f"sqlite:///{tmp_path / 'f.db'}"
    migrate(url)
    with create_engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(tmp_path):
    url = f"sqlite:///{tmp_path / 'f.db'}"
    migrate(url)
    with create_engine(url).begin() as connection:
        connection.execute(text("INSERT INTO sessions VALUES ('s', 'e', 1)"))
    migrate(url)
    with create_engine(url).connect() as connection:
        assert connection.execute(text("SELECT id FROM sessions")).scalar_one() == "s"


def test_a_database_newer_than_the_code_is_refused_untouched(tmp_path):
    url = f"sqlite:///{tmp_path / 'f.db'}"
    migrate(url)
    with create_engine(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer than this framejam"):
        migrate(url)
    with create_engine(url).connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version"))
        assert version.scalar_one() == "9999"


def test_a_damaged_database_is_one_clear_error(tmp_path):
    (tmp_path / "f.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="could not be opened"):
        migrate(f"sqlite:///{tmp_path / 'f.db'}")
