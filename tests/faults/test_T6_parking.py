"""A take that kills its worker thrice is left alone; everybody else goes on."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from processes import alive, worker_of
from running import Raw, preview_step
from takes import Oracle, settled

from framejam_protocol.events import Created, Event
from framejam_server.net.auth import mint
from framejam_server.store.contract import SessionRow
from framejam_server.store.sql import SqlStore, create_engine

STEPS = 120


async def add_session(database, like: str) -> tuple[str, str]:
    """A second session with the settings of the first, and an invite; the server is stopped."""
    store = SqlStore(create_engine(database))
    stored = await store.load(like)
    first = stored.events[0].body
    assert isinstance(first, Created)
    row = SessionRow("second00", "epoch00002", stored.row.created_at + 1)
    await store.create_session(row, [Event(seq=1, at=0, author="", body=first)])
    token, text = mint(row.id, "owner")
    await store.add_token(token)
    await store.close()
    return row.id, text


async def reaches(raw: Raw, step: int, before: int) -> None:
    """A preview after the first ``before`` shows this step or a later one."""
    async with asyncio.timeout(60):
        while not any(preview_step(p) >= step for p in raw.previews[before:]):
            await asyncio.sleep(0.001)


def statuses(raw: Raw, after: int) -> list[dict[str, Any]]:
    return [message for message in raw.messages[after:] if message["type"] == "take"]


async def test_T6_a_take_that_kills_its_worker_thrice_is_parked(launch, tiny_model, tmp_path):
    server = launch("--steps", str(STEPS))
    bad_session = server.session
    bad = await server.join()
    token = bad.token
    server.stop()
    other_session, invite = await add_session(tmp_path / "data" / "framejam.db", bad_session)
    server = launch("--steps", str(STEPS))
    assert server.session == other_session
    bad, good = await Raw.open(server), await Raw.open(server)
    await bad.hello(bad_session, token)
    await good.hello(other_session, invite)
    await good.content("red fish")
    await settled(good)
    await settled(bad)
    # The other session rests, so every step that runs now is one of the bad take. It dies a little
    # earlier each time: a take that gets further than where it died counts as well again.
    heard = len(bad.messages)
    shown = len(bad.previews)
    await bad.paint()
    worker = 0
    for step in (80, 40, 2):
        await reaches(bad, step, shown)
        shown, worker = len(bad.previews), await worker_of(server, other_than=worker)
        os.kill(worker, 9)
        while alive(worker):
            await asyncio.sleep(0.001)
        shown = max(shown, len(bad.previews))
    parked = await bad.wait_for(lambda m: m["type"] == "take" and m["state"] == "failed", 60)
    assert "three times" in parked["note"]
    assert "undo" in parked["note"]
    assert len([s for s in statuses(bad, heard) if s["state"] == "waiting"]) == 2
    # It stays parked while the other session renders, on a worker that lives.
    heard = len(bad.messages)
    await good.paint("#00ff00")
    assert (await settled(good))["digest"] == await Oracle(good, tiny_model).digest(good)
    assert statuses(bad, heard) == []
    living = await worker_of(server, other_than=worker)
    # People are still there, and what they change sets the take going again.
    answer = await bad.command(type="undo")
    assert answer["type"] == "ack"
    assert (await settled(bad))["digest"] == await Oracle(bad, tiny_model).digest(bad)
    assert await worker_of(server) == living
    assert good.closed is None
    await bad.close()
    await good.close()


async def test_T6_a_worker_whose_server_was_killed_ends_itself(launch):
    server = launch()
    worker = await worker_of(server)
    assert alive(worker)
    server.kill()
    async with asyncio.timeout(20):
        while alive(worker):
            await asyncio.sleep(0.1)
