"""The live part of the demo: three participants, one server, real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import framejam
from framejam import Session
from framejam_protocol.events import Edited, Event
from framejam_protocol.instructions import Image
from framejam_server.demo.perform import Eyes, perform
from framejam_server.demo.report import Played
from framejam_server.demo.script import (
    COLORS,
    GUEST,
    OWNER,
    THIRD,
    Act,
    KillWorker,
    LookWithout,
    scenes,
)
from framejam_server.demo.server import LocalServer, local_server

SEED: Final = 7
"""The same clip every time, as far as the participants' timing allows."""

LIMIT_S: Final = 600.0
"""The co-edit takes less than a minute; a demo that hangs must end, and say so."""

BUNDLE: Final = "session.framejam"

_JOIN_S: Final = 60.0


Tell = Callable[[Act | KillWorker | LookWithout], None]


async def play(folder: Path, photo: Path, clip: Path, tell: Tell) -> Played:
    """Start a server below ``folder``, co-edit with ``photo``, export to ``clip``, and the session
    to a bundle beside it.

    Raises ``ServerFailed``, ``TimeoutError`` and what the client raises.
    """
    async with (
        local_server(folder, SEED) as server,
        asyncio.timeout(LIMIT_S),
        framejam.connect(server.link, OWNER, COLORS[OWNER], patience=_JOIN_S) as owner,
        framejam.connect(
            await owner.invite("editor"), GUEST, COLORS[GUEST], patience=_JOIN_S
        ) as guest,
        framejam.connect(
            await owner.invite("editor"), THIRD, COLORS[THIRD], patience=_JOIN_S
        ) as third,
    ):
        people = {OWNER: owner, GUEST: guest, THIRD: third}
        return await _co_edit(server, people, photo, clip, tell)


async def _co_edit(
    server: LocalServer, people: Mapping[str, Session], photo: Path, clip: Path, tell: Tell
) -> Played:
    eyes = {name: Eyes(session) for name, session in people.items()}
    watching = [asyncio.create_task(each.watch()) for each in eyes.values()]
    try:
        await asyncio.gather(*(each.shown(0) for each in eyes.values()))
        done = await perform(scenes(photo), eyes, server.kill_worker, tell)
        newest = done.deeds[-1].receipt.seq
        statuses = [await session.finished(newest) for session in people.values()]
        await people[GUEST].export(clip)
        await people[GUEST].bundle(clip.with_name(BUNDLE))
    finally:
        for task in watching:
            task.cancel()
    owner = people[OWNER]
    return Played(
        done,
        owner.log,
        owner.people,
        owner.settings,
        {name: each.seen for name, each in eyes.items()},
        await _blobs(people[GUEST], owner.log),
        statuses[0].digest or "",
    )


async def _blobs(session: Session, log: tuple[Event, ...]) -> dict[str, bytes]:
    """Every reference image of the log, fetched as any participant could."""
    found = {
        event.body.instruction.blob
        for event in log
        if isinstance(event.body, Edited) and isinstance(event.body.instruction, Image)
    }
    return {blob: await session.download(blob) for blob in found if blob}
