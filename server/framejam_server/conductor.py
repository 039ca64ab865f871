"""Drives the take of one live session: enter, step, show, wait (T1, T3, T6, T7).

Policy is ``render.scheduler`` (pure), tensors are in the worker process; this is the loop between.
What it shows is in ``outcome.py``, what it says in ``bulletin.py``.
"""

from __future__ import annotations

import asyncio

import structlog

from framejam_protocol.fold.pairs import wanted
from framejam_protocol.instructions import Settings
from framejam_protocol.messages import Tier
from framejam_protocol.preview import TIER_ESTIMATE, TIER_SHEET
from framejam_server.bulletin import Bulletin, TakeState
from framejam_server.live import Hold, LiveSession
from framejam_server.mapped import InForce, Mapped
from framejam_server.outcome import Finished, Moment, Outcome
from framejam_server.questions import Questions
from framejam_server.render.memory import bytes_of, full, never
from framejam_server.render.pipe import Advanced, Ready
from framejam_server.render.scheduler import (
    PROGRESS_BETWEEN_REWINDS,
    QUIET_S,
    Enter,
    Situation,
    Step,
    Wait,
    plan,
)
from framejam_server.render.told import Told
from framejam_server.render.turns import Standing
from framejam_server.render.worker import TakeFailed, WorkerDied, WorkerReplaced
from framejam_server.renderer import Renderer
from framejam_server.scrubbing import Track, turned_since
from framejam_server.store.contract import Store, StoreError

log = structlog.get_logger("framejam.conductor")

DEATHS_BEFORE_PARKING = 3
"""A take whose steps killed the worker this often in a row is left alone (T6)."""

RETRY_S = 1.0
"""How long to wait before trying again what the store or the worker could not do."""


class Conductor:
    """The take of one session. Run ``run`` as a task; cancel it to stop."""

    def __init__(
        self,
        live: LiveSession,
        worker: Renderer,
        facts: Ready,
        store: Store,
        track: Track | None = None,
    ) -> None:
        self.live = live
        self.track = track
        """The pictures of the past (R1); without one none are kept."""
        self.settings: Settings = live.state.take_settings
        """What the take is made with; others make another take (T8)."""
        self.questions = Questions(live, worker, self.known)
        self._facts = facts
        self._bulletin = Bulletin(live, facts)
        self._outcome = Outcome(live, store, track)
        self._in_force = InForce(lambda: live.state, live.kept)
        self._decoded = False
        self._worker = worker
        self._take = live.state.take
        self._told = self._begin()
        self._wanted: dict[int, int] = {}  # by edit; an edit never changes
        self._estimated: set[Tier] = set()  # of what stands still, the sizes that were decoded
        self._since_rewind = PROGRESS_BETWEEN_REWINDS
        self._deaths = 0
        self._died_at = 0  # the step under which the worker died last
        self._wants = False  # whether a step is wanted now
        self._minds_watchers = False  # whether what waits now also waits for others to watch
        live.watch_changed = self._watch_changed

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self._turn()
                except Exception as error:  # a bug must be seen, and the take must go on
                    log.exception("turn failed", session=self.live.row.id)
                    self._told.lose()
                    await self._park(
                        f"an internal error ({type(error).__name__}) was logged; "
                        "change something to try again"
                    )
        finally:
            await self._worker.forget(self._told.key)
            if self.track is not None:
                await self.track.close()

    @property
    def steps(self) -> int:
        """Steps of the take."""
        return self.settings.steps

    @property
    def position(self) -> int:
        """Steps of the take that are done and still hold."""
        return self._told.position

    @property
    def finished(self) -> Finished | None:
        """The newest finished clip of the take, whatever has happened since."""
        return self._outcome.finished

    @property
    def current_clip(self) -> Finished | None:
        """The finished clip, if nothing has happened that it does not show."""
        state = self.live.state
        if not self._decoded or state.take != self._take or state.pending():
            return None
        return self.finished if self._told.pairs == self._mapped().pairs else None

    def known(self) -> Mapped:
        """The mapping of the take in force, as the log has it and as the pipeline is told it."""
        state = self.live.state
        if state.take == self._take:
            return self._mapped()
        return self.live.kept.resolve(state, state.mapping(state.take))

    def renew(self, facts: Ready) -> None:
        """The model was loaded; what was known of it before may have been out of date."""
        self._facts = self._bulletin.facts = facts

    def _mapped(self) -> Mapped:
        return self._in_force.of(self._take)

    def _begin(self) -> Told:
        return Told(f"{self.live.row.id}/{self._take}")

    async def _turn(self) -> None:
        """One decision at a step boundary."""
        self.live.changed.clear()
        self._minds_watchers = False
        if self.live.state.take != self._take:
            await self._change_take()
        self._rewind_to_mapping()
        hold = self.live.hold
        if hold is not None and not (hold.cancelled and self._decoded):
            await self._stand(hold)
            return
        match plan(self._situation()):
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
        before = self._told.key
        self._take, self.settings = self.live.state.take, self.live.state.take_settings
        self._told, self._wanted = self._begin(), {}
        self._decoded, self._outcome.finished = False, None
        self._since_rewind = PROGRESS_BETWEEN_REWINDS
        self._deaths, self._died_at = 0, 0
        self._stands(wants=True)  # before the other goes: the session keeps its place among others
        await self._worker.forget(before)

    async def _stand(self, hold: Hold) -> None:
        """Stand still until something changes (T5)."""
        self._stands(wants=False)
        if hold.cancelled:
            await self._worker.forget(self._told.key)
            self._told.lose()
            self._say("cancelled", f"cancelled by {hold.who}; the next edit starts it again")
        else:
            self._say("paused", f"paused by {hold.who}")
            self._minds_watchers = True
            await (self._outcome.complete() if self._decoded else self._estimate())
        await self.live.changed.wait()
        if self.live.hold is None:
            self._say("running")

    async def _estimate(self) -> None:
        """Who looks at a clip that stands still sees it decoded, in the size they watch."""
        told, first = self._told, not self._estimated
        tiers = tuple(tier for tier in self.live.tiers if tier not in self._estimated)
        if not tiers or not told.position or told.pairs != self._mapped().pairs:
            return
        self._estimated.update(tiers)
        seq, turned = self._reflected()
        try:
            advanced = await self._worker.estimate(told.key, tiers)
        except WorkerDied as error:
            self.live.observer.worker_died()
            log.warning("worker died", session=self.live.row.id, error=str(error))
            return
        except (WorkerReplaced, TakeFailed) as error:
            log.info("no estimate", session=self.live.row.id, error=str(error))
            return
        moment = self._moment(advanced.position, seq, TIER_ESTIMATE, turned)
        show = self._outcome.show if first else self._outcome.show_more
        show(advanced.sheets, moment)

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
        if self._told.change(self._mapped().pairs):
            self._decoded = False

    def _situation(self) -> Situation:
        state = self.live.state
        pending = [edit.seq for edit in state.pending()]
        entries = self._mapped().mapping
        for seq in (*entries, *pending):
            if seq not in self._wanted:
                self._wanted[seq] = wanted(state, state.edits[seq], self.steps)
        quiet = self.live.clock.mono() - self.live.last_edit_at >= QUIET_S
        return Situation(
            position=self.position,
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
        if not self._worker.loaded and not self._bulletin.is_said("waiting"):
            self._say("waiting", "the renderer loads its model; what you edit is kept")
        told = self._told
        try:
            told.meet(await self._worker.current())
        except WorkerDied as error:
            log.error("worker did not start", session=self.live.row.id, error=str(error))
            await self._pause("the renderer does not start; trying again")
            return
        if self.live.state.take != self._take:
            return  # other settings came while we waited: the next turn makes their take
        mapped, (seq, turned) = self._mapped(), self._reflected()
        if not await self._has_room(mapped):
            return
        tiers = self.live.tiers
        request = told.request(self.settings, mapped.pairs, mapped.references, tiers)

        def watched() -> tuple[Tier, ...]:
            nonlocal tiers
            tiers = self.live.tiers
            return tiers

        asked = self.live.clock.mono()
        try:
            advanced = await self._worker.advance(request, told.generation, watched)
        except WorkerDied as error:
            await self._worker_died(error)
            return
        except WorkerReplaced:
            return  # by others' misfortune, or to make room: the next turn starts over
        except TakeFailed as error:
            if self.live.state.take != self._take:
                return  # it was given up meanwhile; the one in force has its own fate
            await self._worker.forget(told.key)  # the worker has let go of it: so does its memory
            told.lose()
            await self._failed(error)
            return
        self.live.observer.stepped(self.live.clock.mono() - asked)
        if advanced.clip is not None or advanced.position > self._died_at:
            self._deaths = 0
        told.answered(mapped.pairs, mapped.references, advanced.position)
        if tiers and not advanced.sheets:
            # A step of a take that a lock holds: there is nothing new to show, or to go on from.
            if not self._bulletin.is_said("running"):
                self._say("running")
            return
        self._since_rewind += 1
        self._estimated.clear()
        await self._show(advanced, mapped, seq, turned)

    async def _has_room(self, mapped: Mapped) -> bool:
        """Whether the worker's memory has room for the take; where not, until that may change."""
        key = self._told.key
        held = key in self._worker.memory
        size = bytes_of(self._facts, mapped.made_with(self.settings))
        budget = self._worker.memory.budget
        if size > budget:
            await self._worker.forget(key)
            self._told.lose()
            await self._failed(TakeFailed(never(size, budget)))
            return False
        self._stands(wants=True)
        if self._worker.claim(key, size, self._standing(), self.live.changed.set):
            if not held:  # it had to give way to others, and is made again
                self._told.lose()
            return True
        self._say("waiting", full(len(self._worker.memory)))
        self._minds_watchers = True
        await self.live.changed.wait()
        return False

    async def _show(self, advanced: Advanced, mapped: Mapped, seq: int, turned: bool) -> None:
        clip = advanced.clip
        self._decoded = clip is not None
        if clip is None:
            moment = self._moment(advanced.position, seq, TIER_SHEET, turned)
            self._outcome.show(advanced.sheets, moment)
            if not self._bulletin.is_said("running"):
                self._say("running")
            return
        finished = Finished(self._take, seq, clip, self.steps, turned)
        self._outcome.finish(finished, advanced.sheets)
        if not advanced.sheets:
            await self._outcome.keep_unwatched(finished)
        self.live.observer.take("finished")
        # Before it is announced: who hears of it may ask for the list of takes (T8).
        await self._outcome.record(finished, mapped.mapping, self.settings, self._facts)
        self._say("finished", seq=seq, digest=clip.digest)

    async def _wait(self, for_quiet: bool) -> None:
        """Until something changes, or the editors have been quiet long enough."""
        self._stands(wants=False)
        seq = self.live.state.reflected
        news = self._outcome.reflect(seq) or not self._bulletin.is_said("finished")
        if news and self.finished is not None:
            self._say("finished", seq=seq, digest=self.finished.clip.digest)
        self._minds_watchers = True
        await self._outcome.complete()
        left = self.live.last_edit_at + QUIET_S - self.live.clock.mono()
        try:
            await asyncio.wait_for(self.live.changed.wait(), max(left, 0) if for_quiet else None)
        except TimeoutError:
            return

    async def _worker_died(self, error: WorkerDied) -> None:
        """Rebuild from the log; give up where the same take does it again and again (T6)."""
        self.live.observer.worker_died()
        self._died_at = self.position
        self._told.lose()
        self._deaths += 1
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

    async def _failed(self, error: TakeFailed) -> None:
        self.live.observer.take("failed")
        hint = "; undo that setting to bring the take before back" if error.field else ""
        await self._park(f"the take failed and waits for a change: {error}{hint}")

    async def _park(self, note: str) -> None:
        """Leave the take alone until somebody changes something."""
        self._stands(wants=False)
        self._say("failed", note)
        await self.live.changed.wait()

    async def _pause(self, note: str) -> None:
        self._stands(wants=False)
        self._say("waiting", note)
        await asyncio.sleep(RETRY_S)

    def _stands(self, *, wants: bool) -> None:
        """Whether it wants a step now: others run meanwhile where it does not (``turns``)."""
        self._wants = wants
        self._worker.stands(self._told.key, self._standing())

    def _standing(self) -> Standing:
        if self._wants:
            return Standing.RUNNING if self.live.tiers else Standing.UNWATCHED
        return Standing.FINISHED if self._decoded else Standing.STILL

    def _watch_changed(self) -> None:
        """Others watch now: the take may matter more or less, and new sizes may be asked for."""
        self._worker.stands(self._told.key, self._standing())
        if self._minds_watchers:
            self.live.changed.set()

    def _reflected(self) -> tuple[int, bool]:
        """What of the log the take shows now (T13), and whether undos after that are in it, too."""
        state = self.live.state
        return state.reflected, turned_since(self.live.core.log, state.reflected, state.seq)

    def _moment(self, step: int, seq: int, tier: int, turned: bool) -> Moment:
        return Moment(self._take, step, self.steps, seq, tier, turned=turned)

    def _say(
        self,
        state: TakeState,
        note: str = "",
        *,
        step: int | None = None,
        seq: int | None = None,
        digest: str | None = None,
    ) -> None:
        at = self.position if step is None else step
        self._bulletin.say(
            state, note, take=self._take, step=at, steps=self.steps, seq=seq, digest=digest
        )
