"""A folder with a session that is moved by processes which are killed, and what is there then."""

from __future__ import annotations

import asyncio
import io
import os
import random
import secrets
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image as Picture

from framejam_protocol.events import Edited, Event
from framejam_protocol.instructions import Image
from framejam_server.bench.drawn import drawn_events
from framejam_server.bench.history import person
from framejam_server.bundles import Carrier
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.contract import Blob, SessionRow, StoredSession, TakeRecord, Token
from framejam_server.store.opening import open_store

PROGRAM = Path(__file__).with_name("carrying.py")
IMAGES = 20


async def fill(folder: Path, bundle: Path) -> str:
    """A session of a few thousand events and some images in a new folder, and in a bundle."""
    os.mkdir(folder)
    store = await open_store(folder / "framejam.db", None)
    files = BlobFiles(folder / "blobs")
    events = list(drawn_events(3000))
    blobs = []
    for shade in range(IMAGES):
        data = io.BytesIO()
        Picture.new("RGB", (200, 200), (shade, 9, 9)).save(data, "PNG")
        blob = files.put(data.getvalue())
        blobs.append(Blob(blob, "image/png", 200, 200, len(data.getvalue())))
        events.append(Event(len(events) + 1, 0, person(0), Edited(Image(blob))))
    row = SessionRow("session1", "epoch1", 1)
    await store.add_session(row, events, blobs)
    carrier = Carrier(store, files, lambda: secrets.token_hex(8), lambda: 1)
    await carrier.bundle(row.id, bundle)
    await store.close()
    return row.id


def carried(folder: Path, *work: str, killed_after: float | None = None) -> float:
    """Let a process do the work; seconds from when it began to its end, or until it was killed."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), *work], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        begun = time.perf_counter()
        if killed_after is None:
            assert process.wait(60) == 0
        else:
            time.sleep(killed_after)
            process.kill()
            process.wait(60)
        return time.perf_counter() - begun


def moments(count: int, longest: float, seed: str) -> list[float]:
    """When to kill: one in each of so many parts of the time that the work takes."""
    chance = random.Random(seed)
    return [(part + chance.random()) * longest / count for part in range(count)]


Found = tuple[StoredSession, list[TakeRecord], list[Token], list[Blob]]


async def sessions(folder: Path) -> list[Found]:
    """All sessions of a folder; each image that one names must be there."""
    store = await open_store(folder / "framejam.db", None)
    files, found = BlobFiles(folder / "blobs"), []
    for row in await store.sessions():
        stored = await store.load(row.id)
        assert stored is not None
        for blob in stored.blobs:
            assert files.put(await asyncio.to_thread(files.get, blob.id)) == blob.id
        takes, invites = await store.takes(row.id), await store.invites(row.id)
        found.append((stored, takes, invites, stored.blobs))
    await store.close()
    return found
