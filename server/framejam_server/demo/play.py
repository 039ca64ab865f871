"""The live part of the demo: two participants, one server, real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import framejam
from framejam import Session
from framejam_protocol.events import Edited, Event
from framejam_protocol.instructions import Image
from framejam_server.demo.perform import Eyes, perform
from framejam_server.demo.report import Played
from framejam_server.demo.script import COLORS, GUEST, OWNER, Act, KillWorker, scenes
from framejam_server.demo.server import LocalServer, local_server

SEED: Final = 7
"""The same clip every time, as far as the participants' timing allows."""

LIMIT_S: Final = 600.0
"""The co-edit takes less than a minute; a demo that hangs must end, and say so."""

_JOIN_S: Final = 60.0


Done = Callable[[Act | KillWorker], None]


async def play(folder: Path, photo: Path, clip: Path, done: Done) -> Played:
    """Start a server below ``folder``, co-edit with ``photo``, export to ``clip``.

    Raises ``ServerFailed``, ``TimeoutError`` and what the client raises.
    """
    async with (
        local_server(folder, SEED) as server,
        asyncio.timeout(LIMIT_S),
        framejam.connect(server.link, OWNER, COLORS[OWNER], patience=_JOIN_S) as owner,
        framejam.connect(
            await owner.invite("editor"), GUEST, COLORS[GUEST], patience=_JOIN_S
        ) as guest,
    ):
        return await _co_edit(server, owner, guest, photo, clip, done)


async def _co_edit(
    server: LocalServer, owner: Session, guest: Session, photo: Path, clip: Path, done: Done
) -> Played:
    eyes = {OWNER: Eyes(owner), GUEST: Eyes(guest)}
    watching = [asyncio.create_task(each.watch()) for each in eyes.values()]
    try:
        await asyncio.gather(*(each.shown(0) for each in eyes.values()))
        deeds, mishaps = await perform(scenes(photo), eyes, server.kill_worker, done)
        status = await owner.finished(deeds[-1].receipt.seq)
        await guest.finished(deeds[-1].receipt.seq)
        await guest.export(clip)
    finally:
        for task in watching:
            task.cancel()
    return Played(
        deeds,
        mishaps,
        owner.log,
        owner.people,
        owner.settings,
        {name: each.seen for name, each in eyes.items()},
        await _blobs(guest, owner.log),
        status.digest or "",
    )


async def _blobs(session: Session, log: tuple[Event, ...]) -> dict[str, bytes]:
    """Every reference image of the log, fetched as any participant could."""
    found = {
        event.body.instruction.blob
        for event in log
        if isinstance(event.body, Edited) and isinstance(event.body.instruction, Image)
    }
    return {blob: await session.download(blob) for blob in found if blob}
