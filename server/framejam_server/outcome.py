"""What comes out of a take: pictures of its steps, its finished clip, its record (C5, T2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import structlog

from framejam_protocol.instructions import Settings
from framejam_protocol.messages import Tier
from framejam_protocol.preview import CODEC_JPEG, TIER_DECODED, Preview
from framejam_server.live import LiveSession
from framejam_server.render.pipe import Clip, Ready, Sheet
from framejam_server.render.sheet import contact_sheets
from framejam_server.scrubbing import Track, smallest
from framejam_server.store.contract import Store, StoreError, TakeRecord

log = structlog.get_logger("framejam.outcome")


@dataclass(frozen=True, slots=True)
class Moment:
    """What pictures show: a take after ``step`` of its ``steps``, reflecting ``seq`` (T13).

    ``tier`` is a byte of the preview's header; ``look`` the number of a look, 0 for the take.
    ``turned``: something was undone or brought back after ``seq`` and is in it already, so it is
    not what the session was then.
    """

    take: int
    step: int
    steps: int
    seq: int
    tier: int
    look: int = 0
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished take: its clip, and the seq of the log it reflects (T13); ``turned`` as of a
    ``Moment``."""

    take: int
    seq: int
    clip: Clip
    steps: int
    turned: bool = False


def previews(sheets: Mapping[Tier, Sheet], moment: Moment, at: int) -> dict[Tier, Preview]:
    """Sheets as previews; equal sheets become one. ``at`` in ms since the Unix epoch."""
    made: dict[Sheet, Preview] = {}
    for sheet in sheets.values():
        if sheet not in made:
            made[sheet] = _preview(sheet, moment, at)
    return {tier: made[sheet] for tier, sheet in sheets.items()}


class Outcome:
    """What one session's take has shown, and its finished clip; ``track`` keeps some of it (R1)."""

    def __init__(self, live: LiveSession, store: Store, track: Track | None = None) -> None:
        self.finished: Finished | None = None
        self._live = live
        self._store = store
        self._track = track

    def show(self, sheets: Mapping[Tier, Sheet], moment: Moment) -> None:
        """Pictures of a step, in the sizes that were watched when it began."""
        made = previews(sheets, moment, self._live.clock.now())
        self._live.show(made)
        if not moment.turned:
            self._keep(made)

    def show_more(self, sheets: Mapping[Tier, Sheet], moment: Moment) -> None:
        """The moment that was shown last, in more sizes."""
        made = previews(sheets, moment, self._live.clock.now())
        self._live.gallery.add(made, self._live.members.values())

    def finish(self, finished: Finished, sheets: Mapping[Tier, Sheet]) -> None:
        """The clip is there. Where nobody watched it is shown to those who come (``complete``) and
        to those who ask for the past (``keep_unwatched``)."""
        self.finished = finished
        if sheets:
            self.show(sheets, _moment(finished))
        else:
            self._live.gallery.newest = {}

    async def complete(self) -> None:
        """Show the finished clip in sizes that somebody asks for only now; not on the loop."""
        finished = self.finished
        missing = self._live.gallery.missing(self._live.members.values())
        if finished is not None and missing:
            self.show_more(await _sheets(finished.clip, missing), _moment(finished))

    async def keep_unwatched(self, finished: Finished) -> None:
        """One picture of a clip that nobody watched, for those who look back later (R1)."""
        if self._track is not None and not finished.turned:
            sheets = await _sheets(finished.clip, ("small",))
            self._keep(previews(sheets, _moment(finished), self._live.clock.now()))

    def reflect(self, seq: int) -> bool:
        """The finished clip reflects more of the log without changing: whether that is news.

        An edit undone before it entered, say; whoever waits for that seq must see it (T13).
        """
        if self.finished is None or self.finished.seq >= seq:
            return False
        self.finished = replace(self.finished, seq=seq, turned=False)
        newest = self._live.gallery.newest
        made = {tier: msgspec.structs.replace(one, seq=seq) for tier, one in newest.items()}
        self._live.show(made)
        self._keep(made)
        return True

    async def record(
        self, finished: Finished, mapping: Mapping[int, int], settings: Settings, facts: Ready
    ) -> None:
        """Keep what it takes to recompute the take (T2), and when it was finished."""
        record = {
            "take": finished.take,
            "seq": finished.seq,
            "at": self._live.clock.now(),
            "entries": mapping,
            "settings": msgspec.to_builtins(settings),
            "model_hash": facts.model_hash,
            "environment": facts.environment,
        }
        text = json.dumps(record, sort_keys=True)
        row = TakeRecord(finished.take, finished.seq, finished.clip.digest, text)
        try:
            await self._store.add_take(self._live.row.id, row, self._live.quotas.takes)
        except StoreError as error:
            log.warning("take not recorded", session=self._live.row.id, error=str(error))

    def _keep(self, made: Mapping[Tier, Preview]) -> None:
        preview = smallest(made)
        if self._track is not None and preview is not None:
            self._track.keep(preview, self._live.state.versions)


async def _sheets(clip: Clip, tiers: tuple[Tier, ...]) -> dict[Tier, Sheet]:
    """Sheets of a clip; not on the event loop."""
    frames = np.frombuffer(clip.rgb, np.uint8)
    frames = frames.reshape(clip.frames, clip.height, clip.width, 3)
    return await asyncio.to_thread(contact_sheets, frames, tiers)


def _moment(finished: Finished) -> Moment:
    return Moment(
        finished.take,
        finished.steps,
        finished.steps,
        finished.seq,
        TIER_DECODED,
        turned=finished.turned,
    )


def _preview(sheet: Sheet, moment: Moment, at: int) -> Preview:
    return Preview(
        tier=moment.tier,
        codec=CODEC_JPEG,
        columns=sheet.columns,
        rows=sheet.rows,
        frames=sheet.frames,
        width=sheet.width,
        height=sheet.height,
        take=moment.take,
        step=moment.step,
        steps=moment.steps,
        seq=moment.seq,
        at=at,
        image=sheet.jpeg,
        look=moment.look,
    )
