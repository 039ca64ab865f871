"""kill -9 in an import, a branch, a deletion, a snapshot or a change of access: old or new."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from between import Dump, killed, read
from between import hold as old_or_new
from doing import WORKS, do
from rows import CREATED, ROW, edited, receipt

from framejam_server.store.contract import Audit, Blob, TakeRecord, Token
from framejam_server.store.opening import open_store

COPIES = 24
"""More than any of it has statements: the last ones are not killed."""


async def fill(file: Path) -> None:
    """A session with something of everything."""
    store = await open_store(file, None)
    await store.create_session(ROW, [CREATED])
    more = range(2, 200)
    await store.append("session1", [edited(n) for n in more], [receipt(n) for n in more])
    await store.add_blob("session1", Blob("a" * 64, "image/png", 3, 4, 5))
    await store.add_take("session1", TakeRecord(1, 5, "digest", "{}"))
    await store.add_token(Token("invite", "session1", b"i" * 32, "editor", max_uses=5))
    for name in ("anna", "boris"):
        token = Token(f"token of {name}", "session1", b"t" * 32, "editor", name)
        assert await store.redeem("invite", token, 1)
    await store.audit("session1", Audit(1, "joined", "anna"))
    for seq in (10, 20):
        await store.add_snapshot("session1", seq, b"state" * 1000)
    await store.close()


@pytest.mark.parametrize("work", sorted(WORKS))
def test_R_a_kill_after_any_statement_leaves_old_or_new(tmp_path, work):
    first = tmp_path / "first.db"
    asyncio.run(fill(first))
    old = read(first)
    copies = [Path(shutil.copy(first, tmp_path / f"{number}.db")) for number in range(COPIES)]
    said = killed(work, 1, [str(copy) for copy in copies])

    def again(number: int) -> Dump:
        asyncio.run(do(work, copies[number]))
        return read(copies[number])

    old_or_new(said, [read(copy) for copy in copies], again, old, at_least=3)
