"""The stores of the contract tests; of PostgreSQL one cluster for all, a database for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from clusters import Cluster, postgres
from rows import CREATED, ROW

from framejam_server.store.contract import Store
from framejam_server.store.memory import MemoryStore
from framejam_server.store.migrate import migrate_postgres
from framejam_server.store.opening import open_store

__all__ = ["address", "kind", "migrated", "postgres", "store"]

MIGRATED = "migrated"
"""A database with the newest schema and no rows: what a test's own is copied from."""


@pytest.fixture(scope="session")
def migrated(postgres: Cluster) -> Cluster:
    """The cluster, with the database ``MIGRATED`` in it."""
    asyncio.run(postgres.run(f"CREATE DATABASE {MIGRATED}"))
    migrate_postgres(postgres.address(MIGRATED))
    return postgres


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which store ``store`` is."""
    return str(request.param)


@pytest.fixture
def address(request: pytest.FixtureRequest, kind: str) -> str | None:
    """A PostgreSQL database for one test, if it is PostgreSQL's turn."""
    if kind != "postgresql":
        return None
    running: Cluster = request.getfixturevalue("migrated")
    return running.address(asyncio.run(running.new(MIGRATED)))


@pytest.fixture
async def store(kind: str, address: str | None, tmp_path: Path) -> AsyncIterator[Store]:
    """Each store in turn, with one session (``rows.ROW``) of one event."""
    made: Store = (
        MemoryStore() if kind == "memory" else await open_store(tmp_path / "f.db", address)
    )
    await made.create_session(ROW, [CREATED])
    yield made
    await made.close()
