"""What would it be (T12): scratch takes, each for the person who asked; the log is not touched.

A look has its own stream to the renderer and the lowest turn there, so the take in force neither
waits for it nor changes by it. One that resembles the one before goes on where they part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from framejam_protocol.errors import Code
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Settings
from framejam_protocol.messages import Fault, Look, LookStatus, ServerMessage, Tier
from framejam_protocol.preview import TIER_DECODED, TIER_SHEET, pack_preview
from framejam_protocol.wire import encode
from framejam_server.live import LiveSession, report_end
from framejam_server.member import LOOK, Member
from framejam_server.outcome import Moment, previews
from framejam_server.render.memory import bytes_of, full, never
from framejam_server.render.pipe import Advanced, Ready
from framejam_server.render.told import Told
from framejam_server.render.turns import Standing
from framejam_server.render.worker import TakeFailed, WorkerDied, WorkerReplaced
from framejam_server.renderer import Renderer
from framejam_server.session.roles import may, who_may
from framejam_server.variation import BadLook, Variation, variation

log = structlog.get_logger("framejam.looks")

DEATHS_BEFORE_FAILING: Final = 3
"""A look whose steps end the renderer this often in a row is given up (as T6)."""

RETRY_S: Final = 1.0
"""How long to wait before asking again a renderer that does not start."""

LookState = Literal["waiting", "running", "finished", "failed", "ended"]


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A look that was asked for, on one connection."""

    look: Look
    member: Member


class Looks:
    """The looks of one session: at most one for each person, over all their connections."""

    def __init__(self, live: LiveSession, renderer: Renderer, facts: Ready) -> None:
        self.facts = facts
        self.live = live
        self.renderer = renderer
        self.folding = asyncio.Lock()
        """The past is folded for one at a time: a long log takes a while."""
        self._views: dict[str, View] = {}
        self._closed = False

    def look(self, member: Member, look: Look) -> None:
        """Show a member what they ask for, in place of what they looked at before.

        Nothing once the session is closed.
        """
        if self._closed:
            return
        role = self.live.state.participants[member.participant].role
        if not may(role, "look"):
            message = f"a {role} cannot look; {who_may('look')} can"
            fault = Fault(code=Code.FORBIDDEN, rule="T12", field="type", message=message)
            member.mailbox.send(encode(fault))
            return
        view = self._views.get(member.participant)
        if view is None:
            view = self._views[member.participant] = View(self, member.participant)
        view.show(_Asked(look, member))

    def end(self, member: Member) -> None:
        """A member has seen enough: of a look of their own, not of one from their other tab."""
        view = self._views.get(member.participant)
        if view is not None and view.is_for(member):
            del self._views[member.participant]
            view.end()

    def watch(self, member: Member) -> None:
        """A member watches in another size than before, or again."""
        view = self._views.get(member.participant)
        if view is not None:
            view.watch()

    def left(self, member: Member) -> None:
        """A connection is gone; a person's last takes their look along."""
        others = (one.participant for one in self.live.members.values())
        if member.participant in others:
            return
        view = self._views.pop(member.participant, None)
        if view is not None:
            view.end()

    async def close(self) -> None:
        """End them all; there are none from now on."""
        self._closed = True
        views, self._views = list(self._views.values()), {}
        for view in views:
            view.end()
        await asyncio.gather(*(view.task for view in views), return_exceptions=True)


class View:
    """What one person looks at, and the task that renders it; ``end`` it when they have enough."""

    def __init__(self, looks: Looks, person: str) -> None:
        self._looks = looks
        self._live = looks.live
        self._renderer = looks.renderer
        self._person = person
        self._told = Told(f"{looks.live.row.id}/look/{person}")
        self._asked: _Asked | None = None
        self._variation: Variation | None = None
        self._made_with: Settings | None = None  # what the renderer's scratch take is made with
        self._done = True
        self._pictured = False  # whether the finished clip was shown
        self._deaths = 0
        self._died_at = 0  # the step under which the worker died last
        self._said: LookStatus | None = None
        self._due = 0.0
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=f"look of {looks.live.row.id}")
        self.task.add_done_callback(report_end)

    def show(self, asked: _Asked) -> None:
        """Another look takes the place of this one."""
        if self._asked is not None and (self._said is None or self._said.state != "failed"):
            self._say("ended", "another look took its place")
        self._asked, self._variation, self._said = asked, None, None
        self._done, self._pictured, self._due = False, False, 0.0
        self._deaths, self._died_at = 0, 0
        self._changed.set()

    def is_for(self, member: Member) -> bool:
        """Whether this connection asked, or may stand in for one that is gone."""
        asked = self._asked
        if asked is None or asked.member.connection not in self._live.members:
            return True
        return asked.member is member

    def watch(self) -> None:
        """Pictures are watched in another size: a clip that nobody was shown is decoded again."""
        if self._is_finished() and not self._pictured and self._tiers():
            self._done = False
            self._changed.set()

    def end(self) -> None:
        """Stop rendering; a step that runs is finished and not shown."""
        self.task.cancel()

    async def _run(self) -> None:
        try:
            while True:
                self._changed.clear()
                try:
                    await self._turn()
                except Exception as error:  # a bug must be seen, and costs this look only
                    log.exception("look failed", session=self._live.row.id)
                    self._fail(f"an internal error ({type(error).__name__}) was logged")
        finally:
            await self._renderer.forget(self._told.key)

    async def _turn(self) -> None:
        asked = self._asked
        if asked is None or self._done:
            self._renderer.stands(self._told.key, Standing.FINISHED)
            await self._changed.wait()
        elif self._variation is None:
            await self._prepare(asked)
        else:
            await self._step(asked, self._variation)

    async def _prepare(self, asked: _Asked) -> None:
        """Find out which take it is."""
        look, live = asked.look, self._live
        try:
            if look.at is not None and look.at > live.state.seq:
                raise BadLook(
                    Code.INVALID, "at", f"the log ends at event {live.state.seq}; ask for no later"
                )
            async with self._looks.folding:
                if asked is not self._asked:
                    return
                find = self._finder(look)
                found = await asyncio.to_thread(find)
            live.kept.keep(found.mapped.references)
        except BadLook as error:
            if asked is self._asked:
                self._send(
                    Fault(code=error.code, message=str(error), field=error.field, rule="T12")
                )
                self._fail(f"{error.field}: {error}")
            return
        if asked is not self._asked:
            return
        if self._made_with != found.settings:
            self._told.lose()
        self._variation, self._made_with = found, found.settings
        self._told.change(found.mapped.pairs)
        self._say("waiting", "it is made when no take wants a step")

    def _finder(self, look: Look) -> Callable[[], Variation]:
        """What finds it on another thread, from what nobody changes meanwhile."""
        live, known = self._live, self._live.kept.known
        if look.at is None or look.at == live.state.seq:
            snapshot = live.state.copy()
            return lambda: variation(snapshot, look, known)
        past = live.core.log[: look.at]
        return lambda: variation(fold(past), look, known)

    async def _step(self, asked: _Asked, shown: Variation) -> None:
        """One step, where there is room and a turn for it."""
        told, mapped = self._told, shown.mapped
        try:
            told.meet(await self._renderer.current())
        except WorkerDied:
            self._say("waiting", "the renderer does not start; trying again")
            await asyncio.sleep(RETRY_S)
            return
        if not await self._has_room(shown):
            return
        tiers = self._tiers()
        request = told.request(shown.settings, mapped.pairs, mapped.references, tiers)
        try:
            advanced = await self._renderer.advance(request, told.generation)
        except WorkerReplaced:
            return
        except (WorkerDied, TakeFailed) as error:
            if isinstance(error, TakeFailed):  # the worker has let go of it: so does its memory
                await self._renderer.forget(told.key)
            died_at = told.position
            told.lose()
            if asked is self._asked:
                self._died_at = died_at
                self._failed(error)
            return
        told.answered(mapped.pairs, mapped.references, advanced.position)
        if asked is self._asked:
            if advanced.clip is not None or advanced.position > self._died_at:
                self._deaths = 0
            self._show(shown, advanced)

    async def _has_room(self, shown: Variation) -> bool:
        """Whether the renderer's memory has room for it; where not, until that may change."""
        key, memory = self._told.key, self._renderer.memory
        held = key in memory
        size = bytes_of(self._looks.facts, shown.mapped.made_with(shown.settings))
        if size > memory.budget:
            self._fail(never(size, memory.budget))
            return False
        self._renderer.stands(key, Standing.LOOK)
        if self._renderer.claim(key, size, Standing.LOOK, self._changed.set):
            if not held:
                self._told.lose()
            return True
        self._say("waiting", full(len(memory)))
        await self._changed.wait()
        return False

    def _show(self, shown: Variation, advanced: Advanced) -> None:
        clip, asked = advanced.clip, self._asked
        assert asked is not None
        moment = Moment(
            take=shown.take,
            step=advanced.position,
            steps=shown.settings.steps,
            seq=shown.seq,
            tier=TIER_SHEET if clip is None else TIER_DECODED,
            look=asked.look.number,
        )
        member, now = self._member(), self._live.clock.mono()
        if member is not None and (clip is not None or now >= self._due):
            self._due = now + 1 / member.watch.rate
            for preview in previews(advanced.sheets, moment, self._live.clock.now()).values():
                member.mailbox.offer(LOOK, pack_preview(preview))
        self._done = clip is not None
        if clip is not None:
            self._pictured = member is not None and bool(advanced.sheets)
            self._say("finished", digest=clip.digest)
        elif self._said is None or self._said.state != "running":
            self._say("running")

    def _is_finished(self) -> bool:
        return self._done and self._said is not None and self._said.state == "finished"

    def _tiers(self) -> tuple[Tier, ...]:
        member = self._member()
        if member is None or member.watch.tier == "none":
            return ()
        return (member.watch.tier,)

    def _failed(self, error: WorkerDied | TakeFailed) -> None:
        if isinstance(error, WorkerDied):
            self._live.observer.worker_died()
            self._deaths += 1
            log.warning("worker died under a look", session=self._live.row.id, error=str(error))
            if self._deaths < DEATHS_BEFORE_FAILING:
                self._say("waiting", "the renderer restarts; the look is made again")
                return
            self._fail("it stopped the renderer three times")
        else:
            self._fail(str(error))

    def _fail(self, why: str) -> None:
        self._done = True
        self._say("failed", why)

    def _say(self, state: LookState, note: str = "", digest: str | None = None) -> None:
        asked, shown = self._asked, self._variation
        assert asked is not None
        settings = shown.settings if shown is not None else self._live.state.take_settings
        status = LookStatus(
            number=asked.look.number,
            take=shown.take if shown is not None else asked.look.take or self._live.state.take,
            step=self._told.position if shown is not None else 0,
            steps=settings.steps,
            state=state,
            note=note,
            digest=digest,
        )
        if status != self._said:
            self._said = status
            self._send(status)

    def _send(self, message: ServerMessage) -> None:
        member = self._member()
        if member is not None:
            member.mailbox.send(encode(message))

    def _member(self) -> Member | None:
        """Who gets it: the connection that asked, or the person's newest where that is gone."""
        members = self._live.members
        if self._asked is not None and self._asked.member.connection in members:
            return self._asked.member
        own = [one for one in members.values() if one.participant == self._person]
        return max(own, key=lambda one: one.connection, default=None)
