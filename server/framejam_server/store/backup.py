"""A copy of a SQLite database, of one moment, while a server writes to it.

SQLite's own way: the copy holds a read transaction, which in WAL mode nobody waits for, and takes
a piece at a time. What was committed when it began is in the copy, and nothing that came later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from framejam_server.store.contract import StoreError
from framejam_server.store.reading import undisturbed

_PAGES: Final = 1024
"""At a time, 4 MiB with SQLite's usual pages: often enough for a bar to move."""


def backup(database: Path, to: Path, progress: Callable[[float], None]) -> None:
    """Copy ``database`` into the file ``to``, which must not exist, and sync it to the disk.

    ``progress`` is called with the part that is copied, 0 to 1. Blocks. Raises ``StoreError``
    where there is no database, or it cannot be read or written.
    """
    if not database.is_file():
        raise StoreError(f"there is no database {database}: name the server's folder with --data")
    if to.exists():
        raise StoreError(f"{to} is there already: a backup overwrites nothing")
    try:
        undisturbed(database, lambda uri: _copy(uri, to, progress))
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{database} could not be copied to {to}: {error}") from error


def _copy(uri: str, to: Path, progress: Callable[[float], None]) -> None:
    to.unlink(missing_ok=True)  # what an attempt left that a server interfered with
    with (
        closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as source,
        closing(sqlite3.connect(to)) as target,
    ):
        # Left to itself SQLite begins again whenever somebody writes in between.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        source.backup(
            target,
            pages=_PAGES,
            progress=lambda _status, left, pages: progress(1 - left / max(1, pages)),
        )


def images(copy: Path) -> list[str]:
    """The ids of all images that a copy made by ``backup`` names. Blocks. Raises ``StoreError``."""
    try:
        # Nobody writes to a copy; SQLite need not make files beside it in order to look.
        uri = f"{copy.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            found = connection.execute("SELECT DISTINCT id FROM blobs ORDER BY id")
            return [blob for (blob,) in found]
    except sqlite3.Error as error:
        raise StoreError(f"{copy} is no database of framejam: {error}") from error
