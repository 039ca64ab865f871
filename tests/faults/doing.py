"""``python doing.py WORK STRIDE DATABASE...``: in each, work is done by a process that is killed.

The first after STRIDE statements, the next after STRIDE more and so on. A database is a SQLite
file or PostgreSQL's address. Prints of each whether it was killed or done.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from rows import CREATED, edited
from sqlalchemy import Engine, event

from framejam_server.store.contract import Audit, Blob, SessionRow, TakeRecord, Token
from framejam_server.store.migrate import migrate, migrate_postgres
from framejam_server.store.opening import open_store
from framejam_server.store.sql import SqlStore

OWNER = Token("owner", "branch", b"o" * 32, "owner", "anna")


def bring_up(database: str) -> None:
    """The newest schema, whichever database it is."""
    if database.startswith("postgresql://"):
        migrate_postgres(database)
    else:
        migrate(f"sqlite:///{database}")


async def add(store: SqlStore) -> None:
    """A branch or an import, of 5000 events."""
    row = SessionRow("branch", "epoch2", 2000, "a branch", "session1", 5000)
    log = [CREATED, *(edited(seq, "word " * 20) for seq in range(2, 5001))]
    blobs = [Blob(f"{number:064x}", "image/png", 3, 4, 5) for number in range(3)]
    takes = [TakeRecord(1, seq, "digest", "{}") for seq in (5, 9)]
    await store.add_session(row, log, blobs, takes, [OWNER])


async def remove(store: SqlStore) -> None:
    """All of a session with everything it owns."""
    await store.delete_session("session1")


async def snapshot(store: SqlStore) -> None:
    """A third one, so that the oldest goes."""
    await store.add_snapshot("session1", 30, b"thirty" * 200_000)


async def redeem(store: SqlStore) -> None:
    """Somebody comes by an invite."""
    token = Token("token of carla", "session1", b"c" * 32, "editor", "carla")
    assert await store.redeem("invite", token, 1)


async def revoke(store: SqlStore) -> None:
    """An invite goes, and who came by it."""
    assert await store.revoke_invite("session1", "invite") == ["anna", "boris"]


async def note(store: SqlStore) -> None:
    """An entry of the audit trail."""
    await store.audit("session1", Audit(9, "joined", "carla"))


WORKS: dict[str, Callable[[SqlStore], Awaitable[None]]] = {
    work.__name__: work for work in (add, remove, snapshot, redeem, revoke, note)
}
"""What a store does in one transaction, by name."""


async def do(work: str, file: Path, begins: Callable[[], None] = lambda: None) -> None:
    """Some work in a SQLite file; ``begins`` is called just before it."""
    store = await open_store(file, None)
    begins()
    await WORKS[work](store)
    await store.close()


def kill_after(statements: int) -> None:
    """Kill this process with SIGKILL when so many were executed, a COMMIT counted before it is."""
    left = [statements]

    def count(*_arguments: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", count)
    event.listen(Engine, "commit", count)


def main(work: str, stride: int, databases: list[str]) -> None:
    """Each database in a process of its own."""
    for number, database in enumerate(databases, start=1):
        child = os.fork()
        if child == 0:
            if work == "migrate":
                kill_after(number * stride)
                bring_up(database)
            else:
                asyncio.run(do(work, Path(database), lambda n=number: kill_after(n * stride)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else f"done {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
