"""How soon a kept picture of the past is there when somebody scrubs to it (R1).

``python -m framejam_server.bench.scrub FOLDER`` is the baseline: aiohttp's own static files.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from aiohttp import web
from PIL import Image

from framejam_protocol.limits import CALLS_PER_SECOND
from framejam_protocol.preview import TIER_DECODED
from framejam_server.bench.history import person, store_events, typed_events
from framejam_server.bench.processes import started
from framejam_server.bench.result import Metric, of_rounds, percentile
from framejam_server.demo.server import ServerFailed
from framejam_server.net.auth import mint
from framejam_server.render.sheet import contact_sheet
from framejam_server.scrubbing import Still
from framejam_server.store.track import name_of

KEPT: Final = 2000
ROUNDS: Final = 5
EACH: Final = 40
"""Pictures of a round, each of a random event."""

TARGET_MS: Final = 50

_SESSION: Final = "0123456789abcdef"
_KEYSTROKES: Final = 10_000
_PIXELS: Final = 64
_FRAMES: Final = 16
_random: Final = random.Random(7)


async def scrub() -> dict[str, Metric]:
    """Measure on a data folder of its own. Raises ``ServerFailed`` and ``StoreError``."""
    with tempfile.TemporaryDirectory(prefix="framejam-bench-") as name:
        folder = Path(name)
        async with started(folder):
            pass  # it makes the database
        invite, text = mint(_SESSION, "editor")
        token = replace(invite, participant=person(0))
        events = list(typed_events(_KEYSTROKES))
        await store_events(folder / "data" / "framejam.db", _SESSION, events, token)
        stills = folder / "data" / "track" / _SESSION
        size = await asyncio.to_thread(_keep, stills, len(events))
        # The server may thin out its own: a take that it finishes is one more.
        copies = await asyncio.to_thread(shutil.copytree, stills, folder / "copies")
        async with started(folder) as server, _static(copies) as plain:
            port = int(server.link.base.rsplit(":", 1)[1])
            ours, theirs = await asyncio.to_thread(
                _measured, port, text, plain, len(events), sorted(os.listdir(copies))
            )
    note = (
        f"GET history/{{seq}} of a kept preview, {ROUNDS} x {EACH} random seqs of {len(events):,} "
        f"events with {KEPT:,} kept, {size / 1024:.0f} KiB each; "
    )
    return {
        "scrub_ms": of_rounds(
            [median(one) for one in ours],
            "ms",
            f"{note}naive: the same files from aiohttp; target: at most {TARGET_MS}",
            [median(one) for one in theirs],
        ),
        "scrub_p99_ms": of_rounds(
            [percentile([it for one in ours for it in one], 0.99)],
            "ms",
            "the slowest of a hundred of them",
            [percentile([it for one in theirs for it in one], 0.99)],
        ),
    }


def _keep(folder: Path, events: int) -> float:
    """Write stills as a server does, spread over the log; their mean size in bytes."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(7)
    written = 0
    for number in range(KEPT):
        # As much detail as a drawn picture has, and no more: noise would be many times as large.
        small = noise.integers(0, 256, (8, 8, 3), np.uint8)
        frame = np.asarray(Image.fromarray(small).resize((_PIXELS, _PIXELS)))
        frames = np.stack([np.roll(frame, shift, axis=1) for shift in range(_FRAMES)])
        sheet = contact_sheet(frames, (_PIXELS, _PIXELS))
        still = Still(
            seq=1 + number * (events - 1) // KEPT,
            take=1,
            step=8,
            steps=8,
            tier=TIER_DECODED,
            columns=sheet.columns,
            rows=sheet.rows,
            frames=_FRAMES,
            width=_PIXELS,
            height=_PIXELS,
            size=len(sheet.jpeg),
        )
        (folder / name_of(still)).write_bytes(sheet.jpeg)
        written += still.size
    return written / KEPT


def _measured(
    port: int, token: str, plain: int, events: int, names: list[str]
) -> tuple[list[list[float]], list[list[float]]]:
    """Milliseconds of each GET, ours and the baseline's, by rounds; they take turns."""
    ours: list[list[float]] = [[] for _ in range(ROUNDS)]
    theirs: list[list[float]] = [[] for _ in range(ROUNDS)]
    headers = {"Authorization": f"Bearer {token}"}
    with (
        closing(http.client.HTTPConnection("127.0.0.1", port)) as server,
        closing(http.client.HTTPConnection("127.0.0.1", plain)) as other,
    ):
        _got(server, f"/api/sessions/{_SESSION}/history/1", headers)  # which opens the session
        for number in range(ROUNDS):
            for _ in range(EACH):
                seq = _random.randint(1, events)
                path = f"/api/sessions/{_SESSION}/history/{seq}"
                ours[number].append(_got(server, path, headers))
                theirs[number].append(_got(other, f"/{_random.choice(names)}", {}))
                time.sleep(1 / CALLS_PER_SECOND)  # no faster than anybody may call
    return ours, theirs


def _got(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> float:
    begun = time.perf_counter()
    connection.request("GET", path, headers=headers)
    with connection.getresponse() as response:
        body = response.read()
    took = (time.perf_counter() - begun) * 1000
    if response.status != 200 or body[:2] != b"\xff\xd8":
        raise ServerFailed(f"{path} answered {response.status}: {body[:200]!r}")
    return took


@asynccontextmanager
async def _static(folder: Path) -> AsyncIterator[int]:
    """The port of a process that serves the files of a folder. Raises ``ServerFailed``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "framejam_server.bench.scrub", str(folder)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        if not line:
            raise ServerFailed("the static server ended; the lines above say why")
        yield int(line)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _serve(folder: Path) -> None:
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
