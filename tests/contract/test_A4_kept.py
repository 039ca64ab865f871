"""A4, A1: what of takes and images is kept, and who stays when the link they came by goes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rows import CREATED
from sqlalchemy import select

from framejam_server.store.contract import Blob, SessionRow, Snapshot, TakeRecord, Token
from framejam_server.store.memory import MemoryStore
from framejam_server.store.tables import snapshots

INVITE = Token("invite", "session1", b"i" * 32, "editor", created_at=1, created_by="olga")


async def test_A4_of_a_sessions_takes_the_newest_are_kept(store):
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    for number in range(1, 5):
        await store.add_take("session1", TakeRecord(1, number, f"d{number}", "{}"), 3)
        await store.add_take("session2", TakeRecord(1, number, f"e{number}", "{}"))
    assert [one.digest for one in await store.takes("session1")] == ["d2", "d3", "d4"]
    await store.add_take("session1", TakeRecord(2, 5, "d5", "{}"), 1)
    assert [one.digest for one in await store.takes("session1")] == ["d5"]
    assert len(await store.takes("session2")) == 4


async def kept_snapshots(store, session: str) -> list[int]:
    """Their seqs. The contract tells the newest only: the one before it is for repairs."""
    if isinstance(store, MemoryStore):
        return sorted(store._sessions[session].snapshots)
    table = snapshots.c
    query = select(table.seq).where(table.session == session).order_by(table.seq)
    async with store._engine.connect() as connection:
        return list(await connection.scalars(query))


async def test_L3_of_a_sessions_snapshots_the_two_newest_are_kept(store):
    """They are megabytes each: all of them would fill the disk."""
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    for seq in (1, 2):
        await store.add_snapshot("session2", seq, b"of another")
    for seq in (10, 20, 30, 40):
        await store.add_snapshot("session1", seq, b"state")
    assert await kept_snapshots(store, "session1") == [30, 40]
    assert await kept_snapshots(store, "session2") == [1, 2], "older ones, but of another session"
    await store.add_snapshot("session1", 5, b"late")
    assert await kept_snapshots(store, "session1") == [30, 40], "the highest, not the last"
    await store.add_snapshot("session1", 40, b"again")
    assert await kept_snapshots(store, "session1") == [30, 40]
    assert await store.snapshot("session1") == Snapshot(40, b"again")


@pytest.mark.parametrize("many", [0, 2500])
async def test_A4_images_that_no_session_has_are_unused(store, many):
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    mine, theirs = (Blob(letter * 64, "image/png", 1, 2, 3) for letter in "ab")
    await store.add_blob("session1", mine)
    await store.add_blob("session2", theirs)
    more = [f"{number:064x}" for number in range(many)]
    asked = [mine.id, "c" * 64, *more, theirs.id]
    assert await store.unused(asked) == sorted([*more, "c" * 64])
    await store.delete_session("session1")
    assert await store.unused([mine.id, theirs.id]) == [mine.id]
    assert await store.blobs("session2") == [theirs]
    assert await store.blobs("session1") == []


async def test_A1_who_revokes_the_invite_they_came_by_keeps_their_token(store):
    await store.add_token(INVITE)
    for name in ("anna", "boris"):
        own = Token(name, "session1", b"t" * 32, "owner", name)
        assert await store.redeem("invite", own, 0)
    assert await store.revoke_invite("session1", "invite", keep="anna") == ["boris"]
    kept = await store.token("anna")
    assert kept == replace(Token("anna", "session1", b"t" * 32, "owner", "anna"), via="invite")
    assert await store.token("boris") is None
    assert await store.token("invite") is None
