"""Drives the take of one live session: enter, step, show, wait (T1, T3, T6, T7).

Policy is ``render.scheduler`` (pure), tensors are in the worker process; this is the loop between.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import msgspec
import structlog

from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.pairs import Pair, pairs, wanted
from framejam_protocol.instructions import PROMPTS, Settings
from framejam_protocol.messages import TakeStatus
from framejam_protocol.preview import CODEC_JPEG, TIER_DECODED, TIER_SHEET, Preview
from framejam_server.live import Hold, LiveSession
from framejam_server.questions import Questions
from framejam_server.questions import Renderer as Weigher
from framejam_server.render.pipe import Advance, Advanced, Clip, Ready
from framejam_server.render.scheduler import (
    PROGRESS_BETWEEN_REWINDS,
    QUIET_S,
    Enter,
    Situation,
    Step,
    Wait,
    plan,
)
from framejam_server.render.worker import TakeFailed, WorkerDied, WorkerReplaced
from framejam_server.session.words import known_words, unknown_words
from framejam_server.store.contract import Store, StoreError, TakeRecord

log = structlog.get_logger("framejam.conductor")

DEATHS_BEFORE_PARKING = 3
"""A take whose steps killed the worker this often in a row is left alone (T6)."""

RETRY_S = 1.0
"""How long to wait before trying again what the store or the worker could not do."""


class Renderer(Weigher, Protocol):
    """What the conductor needs of ``render.worker.Worker``."""

    async def current(self) -> int: ...

    async def advance(self, request: Advance, generation: int) -> Advanced: ...

    async def forget(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished take: its clip, and the seq of the log it reflects (T13)."""

    take: int
    seq: int
    clip: Clip


class Conductor:
    """The take of one session. Run ``run`` as a task; cancel it to stop."""

    def __init__(self, live: LiveSession, worker: Renderer, facts: Ready, store: Store) -> None:
        self.live = live
        self.settings: Settings = live.state.take_settings
        """What the take is made with; others make another take (T8)."""
        self.facts = facts
        self.questions = Questions(live, worker, self.known)
        self.finished: Finished | None = None
        self._decoded = False
        self._worker = worker
        self._store = store
        self._take = live.state.take
        self._position = 0
        self._held: dict[int, Pair] = {}  # the mapping as the worker knows it
        self._generation = -1  # the worker process that knows it
        self._wanted: dict[int, int] = {}  # by edit; an edit never changes
        self._known_at = (0, 0)  # the seq and the take that the next two are of
        self._mapping: dict[int, int] = {}
        self._resolved: dict[int, Pair] = {}
        self._since_rewind = PROGRESS_BETWEEN_REWINDS
        self._deaths = 0
        self._died_at = 0  # the step under which the worker died last

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self._turn()
                except Exception as error:  # a bug must be seen, and the take must go on
                    log.exception("turn failed", session=self.live.row.id)
                    self._held, self._position = {}, 0
                    await self._park(
                        f"an internal error ({type(error).__name__}) was logged; "
                        "change something to try again"
                    )
        finally:
            await self._worker.forget(self._key)

    @property
    def _key(self) -> str:
        return f"{self.live.row.id}/{self._take}"

    @property
    def steps(self) -> int:
        """Steps of the take."""
        return self.settings.steps

    @property
    def position(self) -> int:
        """Steps of the take that are done and still hold."""
        return self._position

    @property
    def current_clip(self) -> Finished | None:
        """The finished clip, if nothing has happened that it does not show."""
        state = self.live.state
        shown = self._decoded and state.take == self._take and self._held == self._pairs()
        return self.finished if shown and not state.pending() else None

    def known(self) -> tuple[dict[int, int], dict[int, Pair]]:
        """The mapping of the take in force, as the log has it and as the pipeline is told it."""
        state = self.live.state
        if state.take == self._take:
            resolved = self._pairs()
            return self._mapping, resolved
        mapping = state.mapping(state.take)
        return mapping, pairs(state, mapping)

    def _pairs(self) -> dict[int, Pair]:
        """The mapping in force, as the pipeline is told it; ``_mapping`` is then the log's."""
        state = self.live.state
        if self._known_at != (state.seq, self._take):
            self._known_at = (state.seq, self._take)
            mapping = state.mapping(self._take)
            # Edits outside of the mapping do not count: while they wait nothing is resolved anew.
            if mapping != self._mapping:
                self._mapping, self._resolved = mapping, pairs(state, mapping)
        return self._resolved

    async def _turn(self) -> None:
        """One decision at a step boundary."""
        self.live.changed.clear()
        if self.live.state.take != self._take:
            await self._change_take()
        self._rewind_to_mapping()
        hold = self.live.hold
        if hold is not None and not (hold.cancelled and self._decoded):
            await self._stand(hold)
            return
        situation = self._situation()
        match plan(situation):
            case Enter() as enter:
                # With a step behind it: people who edit without pause cannot starve the loop.
                if await self._enter(enter):
                    self._rewind_to_mapping()
                    await self._step()
            case Step():
                await self._step()
            case Wait(for_quiet=for_quiet):
                await self._wait(for_quiet)

    async def _change_take(self) -> None:
        """Other settings are in force: go on with the take that they define (T8)."""
        await self._worker.forget(self._key)
        self._take, self.settings = self.live.state.take, self.live.state.take_settings
        self._held, self._position, self._wanted = {}, 0, {}
        self._decoded, self.finished = False, None
        self._since_rewind = PROGRESS_BETWEEN_REWINDS
        self._deaths, self._died_at = 0, 0

    async def _stand(self, hold: Hold) -> None:
        """Stand still until something changes (T5)."""
        if hold.cancelled:
            await self._worker.forget(self._key)
            self._held, self._position = {}, 0
            self._say("cancelled", f"cancelled by {hold.who}; the next edit starts it again")
        else:
            self._say("paused", f"paused by {hold.who}")
        await self.live.changed.wait()
        if self.live.hold is None:
            self._say("running")

    async def _enter(self, enter: Enter) -> bool:
        """Commit entry steps (T7); False where they could not be stored."""
        try:
            await self.live.enter(self._take, enter.steps)
        except StoreError as error:
            await self._pause(f"the take waits: {error}")
            return False
        if enter.rewinds:
            self._since_rewind = 0
            step = min(enter.steps)
            self._say("running", f"re-entering at step {step} of {self.steps}", step=step)
        return True

    def _rewind_to_mapping(self) -> None:
        """Where the mapping in force now first differs from the one the worker has shown (T4)."""
        now = self._pairs()
        changed = [
            pair.step
            for seq in self._held.keys() | now.keys()
            if self._held.get(seq) != now.get(seq)
            for pair in (self._held.get(seq), now.get(seq))
            if pair is not None
        ]
        if changed:
            self._position = min([self._position, *changed])
            self._decoded = False

    def _situation(self) -> Situation:
        state = self.live.state
        pending = [edit.seq for edit in state.pending()]
        self._pairs()
        entries = self._mapping
        for seq in (*entries, *pending):
            if seq not in self._wanted:
                self._wanted[seq] = wanted(state, state.edits[seq], self.steps)
        quiet = self.live.clock.mono() - self.live.last_edit_at >= QUIET_S
        return Situation(
            position=self._position,
            steps=self.steps,
            entries=entries,
            pending=tuple(pending),
            wanted=self._wanted,
            quiet=quiet,
            alone=self.live.edit_gap_s >= QUIET_S,
            since_rewind=self._since_rewind,
            decoded=self._decoded,
        )

    async def _step(self) -> None:
        """Send the worker what changed, let it run one step, show the result."""
        if not self._worker.loaded and not self._is_said("waiting"):
            self._say("waiting", "the renderer loads its model; what you edit is kept")
        try:
            generation = await self._worker.current()
        except WorkerDied as error:
            log.error("worker did not start", session=self.live.row.id, error=str(error))
            await self._pause("the renderer does not start; trying again")
            return
        if generation != self._generation:
            self._held, self._generation, self._position = {}, generation, 0
        state = self.live.state
        if state.take != self._take:
            return  # other settings came while we waited: the next turn makes their take
        now, mapping = self._pairs(), self._mapping
        seq = state.reflected
        request = Advance(
            key=self._key,
            settings=self.settings,
            fresh=not self._held and self._position == 0,
            add={key: pair for key, pair in now.items() if self._held.get(key) != pair},
            remove=tuple(key for key in self._held if key not in now),
        )
        asked = self.live.clock.mono()
        try:
            advanced = await self._worker.advance(request, self._generation)
        except WorkerDied as error:
            await self._worker_died(error)
            return
        except WorkerReplaced:
            return  # by another session's misfortune; the next turn starts over on the new one
        except TakeFailed as error:
            if self.live.state.take != self._take:
                return  # it was given up meanwhile; the one in force has its own fate
            self._held, self._position = {}, 0
            self.live.observer.take("failed")
            hint = "; undo that setting to bring the take before back" if error.field else ""
            await self._park(f"the take failed and waits for a change: {error}{hint}")
            return
        self.live.observer.stepped(self.live.clock.mono() - asked)
        if advanced.clip is not None or advanced.position > self._died_at:
            self._deaths = 0
        self._held, self._position = now, advanced.position
        self._decoded = advanced.clip is not None
        self._since_rewind += 1
        self._show(advanced, seq)
        if advanced.clip is not None:
            await self._finish(advanced.clip, mapping, seq)
        elif not self._is_said("running"):
            self._say("running")

    def _show(self, advanced: Advanced, seq: int) -> None:
        sheet = advanced.sheets["sheet"]
        self.live.show(
            Preview(
                tier=TIER_DECODED if advanced.clip else TIER_SHEET,
                codec=CODEC_JPEG,
                columns=sheet.columns,
                rows=sheet.rows,
                frames=sheet.frames,
                width=sheet.width,
                height=sheet.height,
                take=self._take,
                step=advanced.position,
                steps=self.steps,
                seq=seq,
                at=self.live.clock.now(),
                image=sheet.jpeg,
            )
        )

    async def _finish(self, clip: Clip, mapping: dict[int, int], seq: int) -> None:
        self.finished = Finished(self._take, seq, clip)
        self.live.observer.take("finished")
        self._say("finished", seq=seq, digest=clip.digest)
        record = {
            "take": self._take,
            "seq": seq,
            "entries": mapping,
            "settings": msgspec.to_builtins(self.settings),
            "model_hash": self.facts.model_hash,
            "environment": self.facts.environment,
        }
        try:
            await self._store.add_take(
                self.live.row.id,
                TakeRecord(self._take, seq, clip.digest, json.dumps(record, sort_keys=True)),
            )
        except StoreError as error:
            log.warning("take not recorded", session=self.live.row.id, error=str(error))

    async def _wait(self, for_quiet: bool) -> None:
        """Until something changes, or the editors have been quiet long enough."""
        self._show_newer_seq()
        left = self.live.last_edit_at + QUIET_S - self.live.clock.mono()
        try:
            await asyncio.wait_for(self.live.changed.wait(), max(left, 0) if for_quiet else None)
        except TimeoutError:
            return

    def _show_newer_seq(self) -> None:
        """A finished take may reflect more of the log without changing: an edit undone before it
        entered, say. Whoever waits for that seq must see it (T13)."""
        seq, shown = self.live.state.reflected, self.live.preview
        if self.finished is not None and shown is not None and shown.done and shown.seq < seq:
            self.finished = replace(self.finished, seq=seq)
            self.live.show(msgspec.structs.replace(shown, seq=seq))
            self._say("finished", seq=seq, digest=self.finished.clip.digest)

    async def _worker_died(self, error: WorkerDied) -> None:
        """Rebuild from the log; give up where the same take does it again and again (T6)."""
        self.live.observer.worker_died()
        self._died_at = self._position
        self._held, self._position, self._deaths = {}, 0, self._deaths + 1
        log.warning("worker died", session=self.live.row.id, deaths=self._deaths, error=str(error))
        if self._deaths >= DEATHS_BEFORE_PARKING:
            self._deaths = 0
            self.live.observer.take("parked")
            await self._park(
                "the take stopped the renderer three times and is parked; "
                "undo the last edit or change something to try again"
            )
        else:
            await self._pause("the renderer restarts; the take is rebuilt from the log")

    async def _park(self, note: str) -> None:
        """Leave the take alone until somebody changes something."""
        self._say("failed", note)
        await self.live.changed.wait()

    async def _pause(self, note: str) -> None:
        self._say("waiting", note)
        await asyncio.sleep(RETRY_S)

    def _is_said(self, state: str) -> bool:
        status = self.live.status
        return status is not None and (status.state, status.unknown) == (state, self._unknown())

    def _unknown(self) -> tuple[str, ...]:
        """The words of the prompts in force that the model does not know."""
        said = (prompt_text(self.live.state, prompt) for prompt in PROMPTS)
        return unknown_words(said, known_words(self.facts.vocabulary))

    def _say(
        self,
        state: Literal["running", "finished", "waiting", "failed", "paused", "cancelled"],
        note: str = "",
        *,
        step: int | None = None,
        seq: int | None = None,
        digest: str | None = None,
    ) -> None:
        """Announce what the take does; ``seq`` is that of what is shown (T13)."""
        self.live.announce(
            TakeStatus(
                take=self._take,
                step=self._position if step is None else step,
                steps=self.steps,
                state=state,
                seq=self.live.state.reflected if seq is None else seq,
                note=note,
                digest=digest,
                unknown=self._unknown(),
            )
        )
