"""Opens a stored session as a server does: ``python -m framejam_server.bench.open FILE SESSION``.

Prints a line of JSON: the seconds until people can be welcomed, and until the first edit of its
prompt is durable.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec
import uvloop

from framejam_protocol.instructions import Content
from framejam_protocol.messages import Edit
from framejam_server.bench.history import person
from framejam_server.bench.host import clock, hub_on, keep_answers_apart
from framejam_server.store.sql import SqlStore, create_engine


class Opened(msgspec.Struct, frozen=True):
    """Seconds since the hub was asked to open the session, and the events it has."""

    ready_s: float
    edit_s: float
    events: int


async def opened(database: Path, session: str) -> Opened:
    """Open ``session``, edit its prompt, and close it. Raises ``StoreError``."""
    store = SqlStore(create_engine(database))
    await store.ping()  # the library is imported with the first query
    hub = hub_on(store)
    begun = time.perf_counter()
    running = await hub.open(session)
    ready = time.perf_counter()
    assert running is not None
    core = running.live.core
    events = len(core.log)
    edit = Edit(1, Content("a horse in the rain"))
    await running.live.journal.do(
        lambda: core.command(person(0), f"opens-{time.time_ns()}", edit, clock().now())
    )
    edited = time.perf_counter()
    await hub.close()
    await store.close()
    return Opened(ready - begun, edited - begun, events)


if __name__ == "__main__":
    keep_answers_apart()
    print(msgspec.json.encode(uvloop.run(opened(Path(sys.argv[1]), sys.argv[2]))).decode())
