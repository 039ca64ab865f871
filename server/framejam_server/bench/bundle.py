"""How long it takes to move a session: into a bundle and out of it again, on real disks (R5)."""

from __future__ import annotations

import asyncio
import io
import random
import secrets
import tempfile
import time
from pathlib import Path
from typing import Final

from PIL import Image as Picture

from framejam_protocol.events import Edited, Event
from framejam_protocol.instructions import Image
from framejam_server.bench.drawn import drawn_events
from framejam_server.bench.history import person
from framejam_server.bench.result import Metric, of_rounds
from framejam_server.bundles import Carrier
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.contract import Blob, SessionRow
from framejam_server.store.migrate import migrate
from framejam_server.store.sql import SqlStore, create_engine, sqlite_url

EVENTS: Final = 10_000
IMAGES: Final = 100
ROUNDS: Final = 3
TARGET_S: Final = 5.0

_SIDE: Final = 512
_SEED: Final = 3


async def bundle() -> dict[str, Metric]:
    """``bundle_s``: seconds of an export and an import together. Raises ``StoreError``."""
    rounds, size = [], 0
    with tempfile.TemporaryDirectory(prefix="framejam-bench-") as name:
        folder = Path(name)
        here = await _store(folder / "here")
        session = await _filled(here)
        for number in range(ROUNDS):
            there = await _store(folder / f"there-{number}")
            file = folder / f"{number}.framejam"
            begun = time.perf_counter()
            await here.bundle(session, file)
            await there.bring(file)
            rounds.append(time.perf_counter() - begun)
            size = file.stat().st_size
            await there.store.close()
        await here.store.close()
    note = (
        f"{EVENTS:,} events and {IMAGES} images of {_SIDE}x{_SIDE}, {size / 2**20:.1f} MiB as a "
        f"file, exported and imported; target {TARGET_S:g} s"
    )
    return {"bundle_s": of_rounds(rounds, "s", note)}


async def _store(folder: Path) -> Carrier:
    await asyncio.to_thread(folder.mkdir)
    database = folder / "framejam.db"
    await asyncio.to_thread(migrate, sqlite_url(database, "sqlite"))
    store = SqlStore(create_engine(database))
    return Carrier(store, BlobFiles(folder / "blobs"), lambda: secrets.token_hex(8), lambda: 0)


async def _filled(carrier: Carrier) -> str:
    """A session of so many events, the last of which name its images."""
    events: list[Event] = []
    for event in drawn_events(EVENTS):
        if len(events) == EVENTS - IMAGES:
            break
        events.append(event)
    blobs = await asyncio.to_thread(_images, carrier.files)
    for blob in blobs:
        seq = len(events) + 1
        events.append(Event(seq, events[-1].at, person(0), Edited(Image(blob.id))))
    row = SessionRow("bench", "bench", 0)
    await carrier.store.add_session(row, events, blobs)
    return row.id


def _images(files: BlobFiles) -> list[Blob]:
    """Photographs pack badly; noise, smoothed, is as large as they are."""
    chance, blobs = random.Random(_SEED), []
    for _ in range(IMAGES):
        grain = Picture.frombytes("RGB", (64, 64), chance.randbytes(64 * 64 * 3))
        data = io.BytesIO()
        grain.resize((_SIDE, _SIDE), Picture.Resampling.BICUBIC).save(data, "JPEG", quality=92)
        image = files.put(data.getvalue())
        blobs.append(Blob(image, "image/jpeg", _SIDE, _SIDE, len(data.getvalue())))
    return blobs
