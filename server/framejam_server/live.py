"""A session while people are in it: who is connected, what they are sent, what they point at.

What they change goes through ``journal.py`` first; nothing is sent that is not durable (L2).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import structlog

from framejam_protocol.errors import Close, Code
from framejam_protocol.events import (
    Assigned,
    Edited,
    Event,
    Joined,
    Redone,
    Restored,
    Standing,
    Undone,
)
from framejam_protocol.fold.canonical import StateHasher
from framejam_protocol.limits import MAX_EVENTS_PER_MESSAGE, MAX_PIECE_BYTES, RETRY_AFTER_MS
from framejam_protocol.messages import (
    Ack,
    Command,
    Control,
    Fault,
    PresenceUpdate,
    Refusal,
    ServerMessage,
    TakeStatus,
    Tier,
    Watch,
    Welcome,
)
from framejam_protocol.preview import Preview
from framejam_protocol.wire import WireError, encode, encode_events
from framejam_server.gallery import Gallery, watched
from framejam_server.journal import Job, Journal
from framejam_server.mapped import Kept
from framejam_server.member import Mailbox, Member
from framejam_server.observer import Observer
from framejam_server.quotas import Quotas
from framejam_server.session.no import No
from framejam_server.session.presence import Roster
from framejam_server.session.ratelimit import EditRates
from framejam_server.session.roles import may, who_may
from framejam_server.session.session import Append, Effect, Remember, Reply, Session
from framejam_server.snapshots import Snapshots
from framejam_server.store.contract import SessionRow, Store, StoreError

log = structlog.get_logger("framejam.live")

PRESENCE_INTERVAL_S = 0.05
"""Presence is sent at most this often; what changed in between is coalesced (C4)."""

PRESENCE_PER_SECOND = 100_000
"""Lines about one person to one connection that a session sends in a second. Seventy people who
all move see each other twenty times a second, two hundred twice: it grows with their square."""

_MEMBERS_AT_ONCE = 25
"""Presence goes to so many connections before others have their turn on the event loop."""


PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Hold:
    """The take stands still because somebody said so (T5); ``cancelled`` gives it up, too."""

    who: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, handed in: ``now`` in milliseconds since the Unix epoch, ``mono`` in seconds."""

    now: Callable[[], int]
    mono: Callable[[], float]


class LiveSession:
    """One session in memory. Call ``start`` once and ``stop`` at the end.

    ``rates`` bounds the edits of its people (L5); None bounds them by the queue only. ``quotas``
    bound what is kept (A4). Making one encodes the whole state: not on the event loop where the log
    is long.
    """

    def __init__(
        self,
        row: SessionRow,
        core: Session,
        store: Store,
        clock: Clock,
        rates: EditRates | None = None,
        observer: Observer | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self.row = row
        self.quotas = quotas or Quotas()
        self.observer = observer or Observer()
        self.core = core
        self.state = core.durable
        """The fold of what is durable. The core runs ahead of it while a commit is under way, so
        everybody but the core reads this one (L2)."""
        self.kept = Kept()
        self.clock = clock
        self.roster = Roster()
        self.members: dict[int, Member] = {}
        self.changed = asyncio.Event()
        self.last_edit_at = float("-inf")
        self.edit_gap_s = float("inf")
        """Between the newest edit, undo or redo and the one before it (T3)."""
        self.hold: Hold | None = None
        """Not in the log: after a restart the take goes on."""
        self.gallery = Gallery()
        self.watch_changed: Callable[[], None] = lambda: None
        """Called when pictures are watched in other sizes than before."""
        self.status: TakeStatus | None = None
        self.arriving = 0
        """Connections that are being admitted: they have a place, too."""
        self.ended: tuple[Close, str] | None = None
        """What everybody was told when it ended; who is being admitted then is told it, too."""
        self._finished = False
        self.snapshots: Snapshots | None = None
        """Who writes them; None: nobody does."""
        self.journal = Journal(row.id, core, store, self._publish, self.observer)
        self._rates = rates
        self._numbers = itertools.count(1)
        self._tasks: list[asyncio.Task[None]] = []
        self._presence_due = asyncio.Event()
        self._people_due = False
        self._hasher = StateHasher()
        self._hash: str | None = self._hasher.hash(self.state)

    def start(self) -> None:
        """Begin to commit and to send."""
        self._tasks = [
            asyncio.create_task(self._write_log(), name=f"log of {self.row.id}"),
            asyncio.create_task(self._send_presence(), name=f"presence of {self.row.id}"),
        ]
        for task in self._tasks:
            task.add_done_callback(report_end)

    async def finish(self) -> None:
        """Take nothing more; when this returns all that came before is durable or refused."""
        if not self._finished:
            self._finished = True
            await self.journal.close()
            if self.snapshots is not None:
                await self.snapshots.close()

    async def stop(self, code: Close, reason: str) -> None:
        """Commit what is queued, tell everybody, and end."""
        await self.finish()
        self.ended = code, reason
        for member in self.members.values():
            member.mailbox.close(code, reason)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def state_hash(self) -> str:
        """The hash of the durable state (L3); computed where somebody asks after an edit."""
        if self._hash is None:
            self._hash = self._hasher.hash(self.state)
        return self._hash

    async def _write_log(self) -> None:
        """Where much was typed, making the prompts' documents takes a while: people see the session
        meanwhile, and their edits wait in the queue."""
        try:
            await asyncio.to_thread(self.core.prepare)
        except Exception:  # edits of that prompt fail, each with its answer; all others do not
            log.exception("prompt not rebuilt", session=self.row.id)
        if self.snapshots is not None:
            self.snapshots.grown(self.state.seq)
        await self.journal.run()

    # -- what people change -------------------------------------------------------------------

    def submit(self, member: Member, sent: Command | WireError) -> None:
        """Queue what a member sent; the answer comes to its mailbox (L4, L5)."""
        number, came = sent.client_seq, self.clock.mono()
        assert number is not None

        def refuse(code: Code, rule: str, retry_after_ms: int, message: str) -> None:
            self._send(
                member,
                Refusal(
                    client_seq=number,
                    code=code,
                    rule=rule,
                    used=False,
                    retry_after_ms=retry_after_ms,
                    message=message,
                ),
            )

        def done(effects: list[Effect]) -> None:
            for effect in effects:
                if isinstance(effect, Reply):
                    self._send(member, effect.answer)
                    if isinstance(effect.answer, Ack):
                        self.observer.acked(self.clock.mono() - came)
            self._charge(member.participant, effects)

        def failed(error: StoreError) -> None:
            self._charge(member.participant, [])
            refuse(Code.UNAVAILABLE, "L2", 1000, f"not stored, nothing changed: {error}")

        if self.journal.full or not self._may_edit(member.participant, came):
            self.observer.rate_limited()
            refuse(Code.RATE_LIMITED, "L5", RETRY_AFTER_MS, "too many edits; send it again later")
            return
        member.grouping = True
        self.journal.put(
            Job(
                lambda: self.core.command(
                    member.participant, member.client_id, sent, self.clock.now()
                ),
                done,
                failed,
            )
        )

    def end_group(self, member: Member) -> None:
        """The member's gesture is over (L6): behind what it sent before, and once for all that."""
        if member.grouping:
            member.grouping = False
            self.journal.put(
                Job(lambda: self.core.end_group(member.client_id), lambda _: None, lambda _: None)
            )

    def control(self, member: Member, control: Control) -> None:
        """Hold the take or let it go on (T5), by role (A1)."""
        person = self.state.participants[member.participant]
        if not may(person.role, "control"):
            message = f"a {person.role} cannot {control.action} the take; {who_may('control')} can"
            fault = Fault(code=Code.FORBIDDEN, rule="T5", field="action", message=message)
            self._send(member, fault)
            return
        holds = control.action != "resume"
        self.hold = Hold(person.name, control.action == "cancel") if holds else None
        self.changed.set()

    def _may_edit(self, participant: str, now: float) -> bool:
        return self._rates is None or self._rates.take(participant, now)

    def _charge(self, participant: str, effects: list[Effect]) -> None:
        """What a command costs besides its place in the queue is known when it was decided."""
        if self._rates is None:
            return
        if not any(isinstance(effect, Remember) for effect in effects):
            self._rates.unused(participant, self.clock.mono())
        elif not any(isinstance(effect, Append) for effect in effects):
            self._rates.refused(participant, self.clock.mono())

    async def enter(self, take: int, steps: dict[int, tuple[int, ...]]) -> None:
        """Commit entry steps; when this returns they are durable (T7). Raises ``StoreError``."""
        await self.journal.do(lambda: self.core.enter(take, steps, self.clock.now()))

    async def join(self, joined: Joined) -> None:
        """Commit a new participant. Raises ``StoreError``."""
        await self.journal.do(lambda: self.core.join(joined, self.clock.now()))

    async def assign(
        self, by: str, participant: str, role: Standing, *, hand_over: bool = False
    ) -> No | None:
        """Give somebody a role, or with "none" remove them (A1); why not, where it is refused.

        ``by`` is the owner who does it, "" the server. Raises ``StoreError``.
        """
        refused: No | None = None

        def decide() -> list[Effect]:
            nonlocal refused
            made = self.core.assign(by, participant, role, self.clock.now(), hand_over=hand_over)
            refused = made if isinstance(made, No) else None
            return [] if isinstance(made, No) else made

        await self.journal.do(decide)
        return refused

    def expel(self, participant: str, reason: str) -> None:
        """End all connections of somebody at once; nothing more reaches them."""
        for member in self.members.values():
            if member.participant == participant:
                member.mailbox.close(Close.UNAUTHORISED, reason)

    def _publish(self, event: Event) -> None:
        """The event is durable: fold it, and send it to everybody who has all before it."""
        self.state.apply(event)
        data = encode(event)
        for member in self.members.values():
            if member.sent_seq == event.seq - 1:
                member.sent_seq = event.seq
                member.mailbox.send(data)
        if self.snapshots is not None:
            self.snapshots.grown(event.seq)
        if isinstance(event.body, Edited | Undone | Redone | Restored):
            now = self.clock.mono()
            self._hash = None
            self.edit_gap_s, self.last_edit_at = now - self.last_edit_at, now
            if self.hold is not None and self.hold.cancelled:
                self.hold = None
            self.changed.set()
        elif isinstance(event.body, Assigned):
            self._assigned(event.author, event.body)

    def _assigned(self, by: str, assigned: Assigned) -> None:
        """Everybody sees the role; who has none any more is out (A1)."""
        if assigned.role == "none":
            own = assigned.participant == by
            words = "you left this session" if own else "an owner removed you from this session"
            self.expel(assigned.participant, words)
        self._people_changed()

    # -- people -------------------------------------------------------------------------------

    def admit(
        self, participant: str, client_id: str, mailbox: Mailbox, welcome: Welcome, last_seq: int
    ) -> Member:
        """A connection is in: welcome, what it missed, who is here, the newest preview (C1-C5)."""
        member = Member(next(self._numbers), participant, client_id, mailbox)
        self._send(member, welcome)
        self.members[member.connection] = member
        self.catch_up(member, last_seq)
        self.roster.arrive(member.connection, participant)
        mailbox.offer(PEOPLE, encode(self.roster.people(self.state)))
        for presence in self.roster.places.values():
            mailbox.offer(("presence", presence.connection), encode(presence))
        self._people_changed()
        if self.status is not None:
            self._send(member, self.status)
        self.gallery.offer_newest(member)
        self.watch_changed()
        return member

    def catch_up(self, member: Member, after: int) -> None:
        """Send committed events after ``after``; from then on the member gets what follows (C3).

        A piece is bounded in events and bytes; with ``more`` the client asks for the next.
        """
        after = min(after, self.state.seq)
        piece: list[bytes] = []
        size = 0
        for event in self.core.log[after : min(after + MAX_EVENTS_PER_MESSAGE, self.state.seq)]:
            piece.append(encode(event))
            size += len(piece[-1])
            if size > MAX_PIECE_BYTES:
                break
        member.sent_seq = after + len(piece)
        more = member.sent_seq < self.state.seq
        member.mailbox.send(encode_events(piece, more))

    def leave(self, member: Member) -> None:
        """A connection is gone."""
        if self.members.pop(member.connection, None) is None:
            return
        self.roster.leave(member.connection)
        self._presence_due.set()
        if all(other.client_id != member.client_id for other in self.members.values()):
            self.core.release(member.client_id)
        self._people_changed()
        self.watch_changed()

    def _people_changed(self) -> None:
        """The newest list only: people who come and go quickly are not worth a queue."""
        self._people_due = True
        self._presence_due.set()

    def point(self, member: Member, update: PresenceUpdate) -> None:
        """A member's cursor or live stroke moved (C4)."""
        self.roster.point(member.connection, update)
        self._presence_due.set()

    async def _send_presence(self) -> None:
        while True:
            await self._presence_due.wait()
            self._presence_due.clear()
            news: dict[Hashable, bytes] = {}
            lines = 0
            if self._people_due:
                self._people_due = False
                news[PEOPLE] = encode(self.roster.people(self.state))
                lines += len(self.state.participants)
            for presence in self.roster.take_changed():
                news[("presence", presence.connection)] = encode(presence)
                lines += 1
            members = list(self.members.values())
            for place, member in enumerate(members, 1):
                own = ("presence", member.connection)
                for key, data in news.items():
                    if key != own:
                        member.mailbox.offer(key, data)
                if place % _MEMBERS_AT_ONCE == 0:
                    await asyncio.sleep(0)
            pause = lines * len(members) / PRESENCE_PER_SECOND
            await asyncio.sleep(max(PRESENCE_INTERVAL_S, pause))

    # -- pictures -----------------------------------------------------------------------------

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The sizes in which somebody watches (C5)."""
        return watched(self.members.values())

    def watch(self, member: Member, watch: Watch) -> None:
        """A member chose its previews; the newest is offered at once (C5)."""
        member.watch = watch
        self.gallery.offer_newest(member)
        self.watch_changed()

    def show(self, previews: Mapping[Tier, Preview]) -> None:
        """New pictures of the take, one for each tier that was made (C4, C5)."""
        self.gallery.show(previews, self.members.values(), self.clock.mono())

    def announce(self, status: TakeStatus) -> None:
        """What the take is doing now, to everybody and to those who come later."""
        self.status = status
        self._send_all(status)

    def _send(self, member: Member, message: ServerMessage) -> None:
        member.mailbox.send(encode(message))

    def _send_all(self, message: ServerMessage) -> None:
        data = encode(message)
        for member in self.members.values():
            member.mailbox.send(data)


def report_end(task: asyncio.Task[None]) -> None:
    """For tasks that end only by being cancelled: anything else is a bug that must be seen."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a task of a session ended", task=task.get_name(), exc_info=error)
