"""A1: what was done to access is kept, newest first, a bounded number of entries."""

from __future__ import annotations

import pytest
from rows import CREATED

from framejam_server.store import memory, sql_access
from framejam_server.store.contract import Audit, SessionRow, StoreError


async def test_A1_the_trail_is_read_from_its_newest_entry_back(store):
    entries = [Audit(at, "role", "olga", "anna", f"editor {at} 蝶") for at in range(1, 8)]
    for entry in entries:
        await store.audit("session1", entry)
    first = await store.audit_trail("session1", None, 3)
    assert [entry.id for entry in first] == [7, 6, 5]
    assert first[0] == Audit(7, "role", "olga", "anna", "editor 7 蝶", 7)
    rest = await store.audit_trail("session1", first[-1].id, 100)
    assert [entry.at for entry in rest] == [4, 3, 2, 1]
    assert await store.audit_trail("session1", 1, 100) == []


async def test_A1_entries_are_counted_in_each_session(store):
    """A participant of one session learns nothing of another, not even how much happens there."""
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    for session in ("session1", "session2", "session1"):
        await store.audit(session, Audit(1, "joined", "anna"))
    assert [entry.id for entry in await store.audit_trail("session1", None, 9)] == [2, 1]
    assert [entry.id for entry in await store.audit_trail("session2", None, 9)] == [1]
    assert await store.audit_trail("nowhere", None, 9) == []
    with pytest.raises(StoreError):
        await store.audit("nowhere", Audit(1, "joined", "anna"))


async def test_A1_a_crowd_of_strangers_fills_no_disk(store, monkeypatch):
    for module in (memory, sql_access):
        monkeypatch.setattr(module, "AUDIT_KEPT", 5)
    await store.create_session(SessionRow("session2", "e", 2), [CREATED])
    await store.audit("session2", Audit(99, "joined", "anna"))
    for at in range(1, 13):
        await store.audit("session1", Audit(at, "joined"))
    kept = await store.audit_trail("session1", None, 100)
    assert [(entry.id, entry.at) for entry in kept] == [(n, n) for n in range(12, 7, -1)]
    other = await store.audit_trail("session2", None, 100)
    assert other == [Audit(99, "joined", "anna", id=1)], "it pushes nothing out elsewhere"
