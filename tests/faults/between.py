"""Nothing between old and new: databases that processes were killed in, and what must hold."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, create_engine, select

PROGRAM = Path(__file__).with_name("doing.py")
ROWS = Path(__file__).parent.parent / "contract"

Dump = dict[str, tuple[list[str], list[Any]]]


def dump(connection: Connection) -> Dump:
    """Of each table its columns, and its rows in the order in which they lie there."""
    found = MetaData()
    found.reflect(connection)
    return {
        name: (table.c.keys(), [tuple(row) for row in connection.execute(select(table))])
        for name, table in sorted(found.tables.items())
    }


def read(file: Path) -> Dump:
    """The dump of a SQLite file, through whatever a killed process left beside it."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        found = dump(connection)
    engine.dispose()
    return found


def killed(work: str, stride: int, databases: list[str]) -> list[str]:
    """Do it in each, killed ``stride`` statements later than in the one before. What became of
    them."""
    command = [sys.executable, str(PROGRAM), work, str(stride), *databases]
    environment = {**os.environ, "PYTHONPATH": f"{ROWS}:{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def hold(
    said: list[str], states: list[Dump], again: Callable[[int], Dump], old: Dump, at_least: int
) -> Dump:
    """Every state is the old or the new one, and doing it again makes it the new one, which is
    what the last was left in, for nobody killed that. At least so many were killed."""
    new = states[-1]
    assert new != old
    kills = said.index("done 0")
    assert kills >= at_least, "killed in the middle of it"
    assert said == ["killed"] * kills + ["done 0"] * (len(said) - kills)
    for number, state in enumerate(states):
        assert state in (old, new), f"kill {number + 1}: neither old nor new"
        assert (state == new) or number < kills
        if state == old:
            assert again(number) == new
    assert old in states
    return new
