"""A4: deleting a session leaves no row of it anywhere; what sessions have can be counted."""

from __future__ import annotations

import pytest
from rows import CREATED, ROW, edited, receipt
from sqlalchemy import func, select

from framejam_server.store.contract import (
    Audit,
    Blob,
    SessionRow,
    SessionSize,
    TakeRecord,
    Token,
    Usage,
)
from framejam_server.store.memory import MemoryStore
from framejam_server.store.tables import metadata

SHARED, OWN = Blob("aa" * 32, "image/png", 3, 4, 1000), Blob("bb" * 32, "image/png", 3, 4, 20)
OLD = Blob("cc" * 32, "image/png", 3, 4)


async def fill(store, session: str) -> None:
    """Something in everything a session can have."""
    await store.append(session, [edited(2), edited(3)], [receipt(1)])
    await store.add_token(Token(f"invite {session}", session, b"i" * 32, "editor"))
    await store.redeem(
        f"invite {session}", Token(f"own {session}", session, b"o" * 32, "editor", "anna"), 1
    )
    await store.add_blob(session, SHARED)
    await store.add_take(session, TakeRecord(1, 3, "digest", "{}"))
    await store.audit(session, Audit(1, "joined", "anna"))
    await store.add_snapshot(session, 3, b"state")


@pytest.fixture
async def two(store):
    """A store with two sessions that share an image; one has others of its own."""
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    await fill(store, "session1")
    await fill(store, "session2")
    for blob in (OWN, OLD):
        await store.add_blob("session1", blob)
    return store


async def rows(store) -> dict[str, tuple[int, int]]:
    """Of each table how many rows are of session1, and how many there are."""
    counts = {}
    async with store._engine.connect() as connection:
        for table in metadata.sorted_tables:
            column = table.c.id if table.name == "sessions" else table.c.session
            here = await connection.scalar(select(func.count()).where(column == "session1"))
            every = await connection.scalar(select(func.count()).select_from(table))
            counts[table.name] = (here, every)
    return counts


async def test_A4_a_deleted_session_leaves_no_row_in_any_table(two):
    if not isinstance(two, MemoryStore):
        before = await rows(two)
        # A table that is new and is not filled above would be looked at in vain.
        assert all(here > 0 for here, _ in before.values()), before
    assert await two.delete_session("session1") == [OWN.id, OLD.id]
    assert await two.load("session1") is None
    assert await two.token("invite session1") is None
    assert await two.token("own session1") is None
    assert await two.snapshot("session1") is None
    if not isinstance(two, MemoryStore):
        after = await rows(two)
        assert after == {name: (0, every - here) for name, (here, every) in before.items()}


async def test_A4_other_sessions_keep_what_they_have(two):
    before = await two.load("session2")
    await two.delete_session("session1")
    assert await two.load("session2") == before
    assert before.blobs == [SHARED]
    assert await two.token("own session2") is not None
    assert (await two.snapshot("session2")).data == b"state"
    assert len(await two.takes("session2")) == 1
    assert len(await two.audit_trail("session2", None, 9)) == 1
    assert await two.delete_session("session2") == [SHARED.id], "the last that had it is gone"


async def test_A4_deleting_what_is_not_there_deletes_nothing(two):
    assert await two.delete_session("nowhere") == []
    assert len(await two.sessions()) == 2


async def test_A4_the_name_of_a_deleted_session_is_free(two):
    await two.delete_session("session1")
    await two.create_session(ROW, [CREATED])
    assert (await two.load("session1")).events == [CREATED]
    assert (await two.load("session1")).receipts == []


async def test_A4_what_sessions_have_can_be_held_against_quotas(two):
    assert await two.size("session1") == SessionSize(events=3, takes=1, blobs=3, blob_bytes=1020)
    assert await two.size("session2") == SessionSize(events=3, takes=1, blobs=1, blob_bytes=1000)
    assert await two.size("nowhere") == SessionSize(0, 0, 0, 0)
    # The image both have is one file.
    assert await two.usage() == Usage(sessions=2, events=6, takes=2, blob_bytes=1020)


async def test_A4_an_empty_server_has_nothing(store):
    await store.delete_session("session1")
    assert await store.usage() == Usage(0, 0, 0, 0)
