"""A PostgreSQL cluster of the tests' own: made in a temporary folder, reached by a socket there."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

START_S = 60.0


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, or None where it is not installed."""
    found = shutil.which("initdb")
    # Debian keeps those that only a server needs out of the path.
    others = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(found).parent if found else others[-1].parent if others else None


@dataclass
class Cluster:
    """A running cluster: ``address`` of a database, and new databases."""

    folder: Path
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=count)

    def address(self, database: str = "postgres") -> str:
        """What ``FRAMEJAM_DATABASE`` would be."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    async def new(self, template: str = "template1") -> str:
        """A new database, as a copy of another; returns its name."""
        name = f"test_{next(self._numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    async def run(self, statement: str, database: str = "postgres") -> list[Any]:
        """The rows of one statement, on a connection of its own."""
        connection = await asyncpg.connect(self.address(database))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()


@contextmanager
def cluster(folder: Path, *, fsync: bool = False) -> Iterator[Cluster]:
    """Make, start and in the end stop a cluster with the programs in ``folder``.

    Without ``fsync`` it is quick, and power loss would end it: tests only kill processes.
    """
    place = Path(tempfile.mkdtemp(prefix="framejam-pg-"))
    # PostgreSQL refuses to run as root; its Debian package comes with a user.
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(place, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    try:
        initdb = [folder / "initdb", "-D", place / "data", "-U", "postgres", "-A", "trust"]
        initdb += ["-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=place, **user)
        options = {"listen_addresses": "", "unix_socket_directories": str(place)}
        options |= {"fsync": "on" if fsync else "off", "max_connections": "60"}
        server = [folder / "postgres", "-D", place / "data"]
        server += [f"--{name}={value}" for name, value in options.items()]
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(server, stdout=log, stderr=log, cwd=place, **user)
        try:
            asyncio.run(_up(Cluster(place, process)))
            yield Cluster(place, process)
        finally:
            process.send_signal(signal.SIGINT)  # "fast": connections are closed
            process.wait(START_S)
    finally:
        shutil.rmtree(place)


async def _up(made: Cluster) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            await made.run("SELECT 1")
            return
        except (OSError, asyncpg.PostgresError):
            said = (made.folder / "log").read_text()
            assert made.process.poll() is None, f"PostgreSQL did not start:\n{said}"
            assert time.monotonic() < end, f"PostgreSQL is not up yet:\n{said}"
            await asyncio.sleep(0.05)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running cluster; without PostgreSQL a skip, which FRAMEJAM_NO_SKIPS makes a failure."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with cluster(folder) as running:
        yield running
