"""kill -9 in the middle of a migration leaves the old schema or the new one, with every row."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from between import Dump, dump, hold, killed, read
from doing import bring_up
from sqlalchemy import Connection, MetaData, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

import framejam_migrations
from framejam_server.store.engines import connector

RECEIPTS = 3000
"""Of a kilobyte: more than SQLite holds in memory before it begins to write into the file."""

COPIES = 36
"""More than an upgrade has statements: the last ones are not killed."""


def first_schema(connection: Connection) -> None:
    """What a server of the first schema left, in two sessions."""
    config = Config()
    config.set_main_option("script_location", str(Path(framejam_migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
    found = MetaData()
    found.reflect(connection)

    def put(table: str, rows: list[dict[str, Any]]) -> None:
        connection.execute(found.tables[table].insert(), rows)

    put("sessions", [{"id": name, "epoch": "e", "created_at": 1} for name in ("a", "b")])
    event = {"session": "a", "event": b"x" * 40, "kind": "edited", "author": "anna"}
    put("events", [event | {"seq": seq} for seq in range(1, 500)])
    receipt = {"client_id": "tab", "participant": "p", "digest": b"d" * 32, "answer": b"a" * 1000}
    numbers = random.Random(1).sample(range(RECEIPTS), RECEIPTS)
    put("receipts", [receipt | {"session": "ab"[n % 2], "client_seq": n} for n in numbers])
    token = {"digest": b"d" * 32, "role": "owner", "label": "launch"}
    put("tokens", [token | {"id": f"t{n}", "session": "a"} for n in range(20)])
    blob = {"media_type": "image/png", "width": 3, "height": 4}
    put("blobs", [blob | {"session": name, "id": "c" * 64} for name in ("a", "b")])
    put("takes", [{"session": "a", "take": 1, "seq": 5, "digest": "d", "record": "{}"}])


@pytest.fixture
def first(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A SQLite file with the first schema, in the mode a server leaves it in."""
    file = tmp_path / "first.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        first_schema(connection)
    engine.dispose()
    sqlite3.connect(file).execute(f"PRAGMA journal_mode={request.param}").close()
    return file


@pytest.mark.parametrize("first", ["wal", "delete"], indirect=True)
def test_R_a_kill_after_any_statement_leaves_old_or_new_in_sqlite(first, tmp_path, faults):
    old = read(first)
    stride = faults.pick(2, 1)
    copies = [
        Path(shutil.copy(first, tmp_path / f"{number}.db")) for number in range(COPIES // stride)
    ]
    said = killed("migrate", stride, [str(copy) for copy in copies])
    states = [read(copy) for copy in copies]

    def again(number: int) -> Dump:
        bring_up(str(copies[number]))
        return read(copies[number])

    new = hold(said, states, again, old, at_least=6)
    assert len(new["receipts"][1]) == RECEIPTS


@pytest.mark.parametrize("first", ["wal"], indirect=True)
def test_R_a_kill_at_any_moment_leaves_old_or_new_in_sqlite(first, tmp_path, faults):
    """Moments between statements, too: in the middle of writing, and while it commits."""
    old, new = read(first), None
    whole = Path(shutil.copy(first, tmp_path / "whole.db"))
    run = [sys.executable, "-u", "-c", MIGRATE]
    before = time.monotonic()
    with subprocess.Popen([*run, str(whole)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.monotonic()
        assert process.wait(60) == 0
    takes = time.monotonic() - began
    faults.say(f"a migration takes {takes:.2f} s, starting it {began - before:.2f} s")
    new = read(whole)
    moments, outcomes = random.Random(faults.seed), []
    for number in range(faults.pick(12, 200)):
        copy = Path(shutil.copy(first, tmp_path / f"{number}.db"))
        with subprocess.Popen([*run, str(copy)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.random() * takes * 1.2)
            process.kill()
        state = read(copy)
        assert state in (old, new), f"kill {number}: neither old nor new"
        outcomes.append(state == new)
        bring_up(str(copy))
        assert read(copy) == new
        copy.unlink()
    faults.say(f"{outcomes.count(False)} kills left the old schema, {outcomes.count(True)} the new")
    assert False in outcomes, "no kill came early enough to be one"


MIGRATE = """
import sys
from framejam_server.store.migrate import migrate
print("begins")
migrate(f"sqlite:///{sys.argv[1]}")
"""


def test_R_a_kill_after_any_statement_leaves_old_or_new_in_postgresql(postgres, faults):
    def on(database: str, work: Callable[[Connection], Any]) -> Any:
        async def run() -> Any:
            address = postgres.address(database)
            engine = create_async_engine("postgresql+asyncpg://", async_creator=connector(address))
            try:
                async with engine.begin() as connection:
                    return await connection.run_sync(work)
            finally:
                await engine.dispose()

        return asyncio.run(run())

    first = asyncio.run(postgres.new())
    on(first, first_schema)
    old = on(first, dump)
    stride = faults.pick(3, 1)
    copies = [asyncio.run(postgres.new(first)) for _ in range(COPIES // stride)]
    said = killed("migrate", stride, [postgres.address(copy) for copy in copies])
    states = [on(copy, dump) for copy in copies]

    def again(number: int) -> Dump:
        bring_up(postgres.address(copies[number]))
        return on(copies[number], dump)

    new = hold(said, states, again, old, at_least=6)
    assert len(new["receipts"][1]) == RECEIPTS
