"""Plays the script in a live session and notes what can only be noted while it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from framejam import Receipt, Session
from framejam_protocol.events import Event
from framejam_protocol.fold.pairs import wanted
from framejam_protocol.fold.state import fold
from framejam_server.demo.script import Act, KillWorker, LookWithout, Step


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
    the take was then; ``cut`` is the last seq of the log when it is looked at: before the next
    scene, or before the one after that if it ``lasts``."""

    act: Act
    sent: float
    at_step: int
    receipt: Receipt
    cut: int


@dataclass(frozen=True)
class Mishap:
    """The worker was killed: at which step, the sentence each participant was told, and the
    seconds until both saw the next step."""

    at_step: int
    told: Mapping[str, str]
    back_s: float


@dataclass(frozen=True)
class Looked:
    """A look that was had (T12): ``digest`` is what the server said of it, and ``cut`` the last
    seq of the log that it varies."""

    look: LookWithout
    digest: str
    cut: int


@dataclass(frozen=True)
class Done:
    """All that happened."""

    deeds: list[Deed]
    mishaps: list[Mishap]
    looks: list[Looked]


LATE_STEPS = 2
"""An act is late where at most so many steps are left."""


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

    async def reached(self, step: int) -> None:
        """Wait until the newest preview is of step ``step`` or later."""
        async for preview in self.session.previews():
            if preview.step >= step:
                return

    async def told(self) -> str:
        """Wait until the take waits for something; the sentence that says for what."""
        async for status in self.session.statuses():
            if status.state == "waiting":
                return status.note
        raise AssertionError("statuses end by raising")

    async def settled(self) -> None:
        """Wait until every live edit has entered as early as it wants to (T3)."""
        while _is_late(self.session.log):
            async for _ in self.session.events():
                break


async def perform(
    steps: Iterable[Step],
    eyes: Mapping[str, Eyes],
    kill: Callable[[], None],
    done: Callable[[Act | KillWorker | LookWithout], None],
) -> Done:
    """Play ``steps``, one after the other; each starts when everybody has seen the one before
    and it has settled. ``kill`` kills the worker. Calls ``done`` after every act. Raises what the
    client raises."""
    deeds: list[Deed] = []
    mishaps: list[Mishap] = []
    looks: list[Looked] = []
    for step in steps:
        match step:
            case KillWorker():
                mishaps.append(await _mishap(eyes, kill))
                done(step)
            case LookWithout():
                looks.append(await _look(step, eyes))
                done(step)
            case scene:
                new = await _scene(scene, eyes, done)
                cut = min(len(each.session.log) for each in eyes.values())
                deeds = [_lasting(deed, cut) for deed in deeds]
                deeds += [replace(deed, cut=cut) for deed in new if deed.act.pictured]
    return Done(deeds, mishaps, looks)


def _lasting(deed: Deed, cut: int) -> Deed:
    """A deed of an earlier scene; the scene after its own has ended just now."""
    if not deed.act.lasts:
        return deed
    return replace(deed, act=replace(deed.act, lasts=False), cut=cut)


async def _scene(
    scene: tuple[Act, ...], eyes: Mapping[str, Eyes], done: Callable[[Act], None]
) -> list[Deed]:
    for act in scene:
        if act.late:
            steps = eyes[act.who].session.settings.steps
            await eyes[act.who].reached(steps - LATE_STEPS)
    started = [(act, time.perf_counter(), _step(eyes[act.who].session)) for act in scene]
    receipts = await asyncio.gather(*(act.do(eyes[act.who].session) for act in scene))
    newest = max(receipt.seq for receipt in receipts)
    for each in eyes.values():
        await each.shown(newest)
        await each.settled()
    deeds = []
    for (act, sent, at_step), receipt in zip(started, receipts, strict=True):
        deeds.append(Deed(act, sent, at_step, receipt, receipt.seq))
        done(act)
    return deeds


async def _look(wish: LookWithout, eyes: Mapping[str, Eyes]) -> Looked:
    """Look when the take is finished, and wait until the look is, too."""
    session = eyes[wish.who].session
    newest = len(session.log)
    await session.finished(newest)
    whom = eyes[wish.whom].session.me
    async with session.look(people=[whom]) as look:
        status = await look.finished()
    return Looked(wish, status.digest or "", newest)


async def _mishap(eyes: Mapping[str, Eyes], kill: Callable[[], None]) -> Mishap:
    """Kill the worker in mid-take; return when everybody was told and has seen it go on."""
    at_step = max(_step(each.session) for each in eyes.values())
    listening = [asyncio.create_task(each.told()) for each in eyes.values()]
    killed = time.perf_counter()
    kill()
    told = await asyncio.gather(*listening)
    await asyncio.gather(*(_next_preview(each) for each in eyes.values()))
    return Mishap(
        at_step, dict(zip(eyes, told, strict=True)), round(time.perf_counter() - killed, 2)
    )


async def _next_preview(eyes: Eyes) -> None:
    seen = len(eyes.seen)
    async for _ in eyes.session.previews():
        if len(eyes.seen) > seen:
            return


def _step(session: Session) -> int:
    return session.preview.step if session.preview else 0


def _is_late(log: Iterable[Event]) -> bool:
    """Whether some live edit of the log will still be moved to an earlier step, or has none yet."""
    state = fold(log)
    steps = state.take_settings.steps
    return bool(state.pending()) or any(
        step > min(steps - 1, wanted(state, state.edits[seq], steps))
        for seq, step in state.mapping(state.take).items()
    )
