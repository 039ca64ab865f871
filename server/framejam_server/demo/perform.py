"""Plays the script in a live session and notes what can only be noted while it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from framejam import Receipt, Session
from framejam_protocol.events import Event
from framejam_protocol.instructions import wanted_step
from framejam_server.demo.script import Act, Scene
from framejam_server.session.log import FIRST_TAKE, fold


@dataclass(frozen=True)
class Sighting:
    """A preview that arrived: when (seconds of ``time.perf_counter``), and what it showed."""

    received: float
    step: int
    seq: int
    done: bool


@dataclass(frozen=True)
class Deed:
    """An act that was done. ``sent`` in seconds of ``time.perf_counter``; ``at_step`` is where
    the take was then; ``cut`` is the last seq of the log before the next scene."""

    act: Act
    sent: float
    at_step: int
    receipt: Receipt
    cut: int


class Eyes:
    """Watches a session's previews and remembers their numbers."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.seen: list[Sighting] = []

    async def watch(self) -> None:
        """Note every preview until cancelled."""
        async for preview in self.session.previews():
            self.seen.append(Sighting(preview.received, preview.step, preview.seq, preview.done))

    async def shown(self, seq: int) -> None:
        """Wait until a preview has everything up to ``seq`` in it (T13)."""
        async for preview in self.session.previews():
            if preview.seq >= seq:
                return

    async def settled(self) -> None:
        """Wait until every live edit has entered as early as it wants to (T3)."""
        while _is_late(self.session.log):
            async for _ in self.session.events():
                break


async def perform(
    scenes: Iterable[Scene], eyes: Mapping[str, Eyes], done: Callable[[Act], None]
) -> list[Deed]:
    """Play ``scenes``, one after the other; each starts when everybody has seen the one before
    and it has settled. Calls ``done`` after every act. Raises what the client raises."""
    deeds: list[Deed] = []
    for scene in scenes:
        started = [(act, time.perf_counter(), _step(eyes[act.who].session)) for act in scene]
        receipts = await asyncio.gather(*(act.do(eyes[act.who].session) for act in scene))
        newest = max(receipt.seq for receipt in receipts)
        for each in eyes.values():
            await each.shown(newest)
            await each.settled()
        cut = min(len(each.session.log) for each in eyes.values())
        for (act, sent, at_step), receipt in zip(started, receipts, strict=True):
            deeds.append(Deed(act, sent, at_step, receipt, cut))
            done(act)
    return deeds


def _step(session: Session) -> int:
    return session.preview.step if session.preview else 0


def _is_late(log: Iterable[Event]) -> bool:
    """Whether some live edit of the log will still be moved to an earlier step."""
    state = fold(log)
    assert state.settings is not None  # event 1 carries them
    last = state.settings.steps - 1
    return any(
        step > min(last, wanted_step(edit.instruction, edit.depth, last + 1))
        for edit, step in (
            (state.edits[seq], step) for seq, step in state.mapping(FIRST_TAKE).items()
        )
    )
