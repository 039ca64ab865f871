"""A session while people are in it: one queue in, one commit, effects out (L2).

Whatever wants to append to the log is a job in one queue. The writer takes all jobs that piled
up, lets the pure core decide each, commits their events and receipts in one transaction, and only
then delivers: events to everybody, answers to their senders.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from framejam_protocol.errors import Close, Code
from framejam_protocol.events import Edited, Event, Joined, Redone, Undone
from framejam_protocol.limits import MAX_EVENTS_PER_MESSAGE, MAX_QUEUED_COMMANDS
from framejam_protocol.messages import (
    Command,
    Events,
    PresenceUpdate,
    Refusal,
    ServerMessage,
    TakeStatus,
    Watch,
    Welcome,
)
from framejam_protocol.preview import Preview, pack_preview
from framejam_protocol.wire import WireError, encode
from framejam_server.session.log import fold
from framejam_server.session.presence import Roster
from framejam_server.session.session import Append, Effect, Remember, Reply, Session
from framejam_server.store.contract import SessionRow, Store, StoreError

log = structlog.get_logger("framejam.live")

PRESENCE_INTERVAL_S = 0.05
"""Presence is sent at most this often; what changed in between is coalesced (C4)."""


class Mailbox(Protocol):
    """Where messages for one connection go; never blocks (``net.outbox`` implements it)."""

    def send(self, data: bytes) -> None:
        """Deliver in order, or close the connection as too slow."""

    def offer(self, key: Hashable, data: bytes) -> None:
        """Deliver when there is room; a newer offer of the same key replaces it."""

    def close(self, code: Close, reason: str) -> None:
        """End the connection once what was sent is out."""


@dataclass(eq=False, slots=True)
class Member:
    """One connection of a participant. ``sent_seq`` is the last event it was sent."""

    connection: int
    participant: str
    client_id: str
    mailbox: Mailbox
    sent_seq: int = 0
    watch: Watch = field(default_factory=lambda: Watch(tier="sheet"))
    preview_due: float = 0.0


@dataclass(slots=True)
class _Job:
    """``decide`` runs in the core, ``done`` after the commit, ``failed`` instead of it."""

    decide: Callable[[], list[Effect]]
    done: Callable[[list[Effect]], None]
    failed: Callable[[StoreError], None]


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, handed in: ``now`` in milliseconds since the Unix epoch, ``mono`` in seconds."""

    now: Callable[[], int]
    mono: Callable[[], float]


class LiveSession:
    """One session in memory. Call ``start`` once and ``stop`` at the end."""

    def __init__(self, row: SessionRow, core: Session, store: Store, clock: Clock) -> None:
        self.row = row
        self.core = core
        self.state = fold(core.log)
        """The fold of what is durable. The core runs ahead of it while a commit is under way, so
        everybody but the core reads this one (L2)."""
        self.clock = clock
        self.roster = Roster()
        self.members: dict[int, Member] = {}
        self.changed = asyncio.Event()
        self.last_edit_at = float("-inf")
        self.preview: Preview | None = None
        self.status: TakeStatus | None = None
        self._store = store
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._numbers = itertools.count(1)
        self._tasks: list[asyncio.Task[None]] = []
        self._presence_due = asyncio.Event()

    def start(self) -> None:
        """Begin to take jobs."""
        self._tasks = [
            asyncio.create_task(self._write(), name=f"log of {self.row.id}"),
            asyncio.create_task(self._send_presence(), name=f"presence of {self.row.id}"),
        ]

    async def stop(self, code: Close, reason: str) -> None:
        """Tell everybody, commit what is queued, and end."""
        await self._do(lambda: [])  # behind everything that is queued
        for member in self.members.values():
            member.mailbox.close(code, reason)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- jobs ---------------------------------------------------------------------------------

    def submit(self, member: Member, sent: Command | WireError) -> None:
        """Queue what a member sent; the answer comes to its mailbox (L4, L5)."""
        number = sent.client_seq
        assert number is not None

        def failed(error: StoreError) -> None:
            self._send(
                member,
                Refusal(
                    client_seq=number,
                    code=Code.UNAVAILABLE,
                    rule="L2",
                    used=False,
                    retry_after_ms=1000,
                    message=f"it was not stored and changed nothing: {error}",
                ),
            )

        if self._jobs.qsize() >= MAX_QUEUED_COMMANDS:
            self._send(
                member,
                Refusal(
                    client_seq=number,
                    code=Code.RATE_LIMITED,
                    rule="L5",
                    used=False,
                    retry_after_ms=500,
                    message="too many edits are waiting; send it again later",
                ),
            )
            return
        self._jobs.put_nowait(
            _Job(
                lambda: self.core.command(
                    member.participant, member.client_id, sent, self.clock.now()
                ),
                lambda effects: self._answer(member, effects),
                failed,
            )
        )

    async def enter(self, take: int, steps: dict[int, tuple[int, ...]]) -> None:
        """Commit entry steps; when this returns they are durable (T7). Raises ``StoreError``."""
        await self._do(lambda: self.core.enter(take, steps, self.clock.now()))

    async def join(self, joined: Joined) -> None:
        """Commit a new participant. Raises ``StoreError``."""
        await self._do(lambda: self.core.join(joined, self.clock.now()))

    async def _do(self, decide: Callable[[], list[Effect]]) -> None:
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(_effects: list[Effect]) -> None:
            if not outcome.done():
                outcome.set_result(None)

        def failed(error: StoreError) -> None:
            if not outcome.done():
                outcome.set_exception(error)

        self._jobs.put_nowait(_Job(decide, done, failed))
        await outcome

    async def _write(self) -> None:
        while True:
            first = await self._jobs.get()
            await self._commit([first, *self._drain()])

    def _drain(self) -> list[_Job]:
        jobs = []
        while not self._jobs.empty():
            jobs.append(self._jobs.get_nowait())
        return jobs

    async def _commit(self, jobs: list[_Job]) -> None:
        """Decide, make durable in one transaction, deliver. On failure nothing has happened."""
        decided = [(job, made) for job in jobs if (made := self._decide(job)) is not None]
        effects = [effect for _, made in decided for effect in made]
        events = [effect.event for effect in effects if isinstance(effect, Append)]
        receipts = [effect.receipt for effect in effects if isinstance(effect, Remember)]
        if events or receipts:
            try:
                await self._store.append(self.row.id, events, receipts)
            except StoreError as error:
                log.error(
                    "commit failed", session=self.row.id, events=len(events), error=str(error)
                )
                self.core.rollback(effects)
                for job, _ in decided:
                    job.failed(error)
                return
        for job, made in decided:
            for effect in made:
                if isinstance(effect, Append):
                    self._broadcast(effect.event)
            job.done(made)
        if any(isinstance(event.body, Edited | Undone | Redone) for event in events):
            self.last_edit_at = self.clock.mono()
            self.changed.set()

    def _decide(self, job: _Job) -> list[Effect] | None:
        try:
            return job.decide()
        except Exception as error:  # a bug must cost one command, not the session (L5)
            log.exception("command failed", session=self.row.id)
            job.failed(StoreError(f"an internal error ({type(error).__name__}) was logged"))
            return None

    def _answer(self, member: Member, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Reply):
                self._send(member, effect.answer)

    def _broadcast(self, event: Event) -> None:
        """The event is durable: fold it, and send it to everybody who has all before it."""
        self.state.apply(event)
        data = encode(event)
        for member in self.members.values():
            if member.sent_seq == event.seq - 1:
                member.sent_seq = event.seq
                member.mailbox.send(data)

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
        self._send_all(self.roster.people(self.state))
        if self.status is not None:
            self._send(member, self.status)
        if self.preview is not None:
            member.mailbox.offer("preview", pack_preview(self.preview))
        return member

    def catch_up(self, member: Member, after: int) -> None:
        """Send committed events after ``after``; from then on the member gets what follows (C3)."""
        after = min(after, self.state.seq)
        until = min(after + MAX_EVENTS_PER_MESSAGE, self.state.seq)
        member.sent_seq = until
        missed = tuple(self.core.log[after:until])
        self._send(member, Events(events=missed, more=until < self.state.seq))

    def leave(self, member: Member) -> None:
        """A connection is gone."""
        if self.members.pop(member.connection, None) is None:
            return
        self.roster.leave(member.connection)
        self._presence_due.set()
        if all(other.client_id != member.client_id for other in self.members.values()):
            self.core.release(member.client_id)
        self._send_all(self.roster.people(self.state))

    def watch(self, member: Member, watch: Watch) -> None:
        """A member chose its previews; the newest is offered at once (C5)."""
        member.watch = watch
        if self.preview is not None and watch.tier != "none":
            member.mailbox.offer("preview", pack_preview(self.preview))

    def point(self, member: Member, update: PresenceUpdate) -> None:
        """A member's cursor or live stroke moved (C4)."""
        self.roster.point(member.connection, update)
        self._presence_due.set()

    async def _send_presence(self) -> None:
        while True:
            await self._presence_due.wait()
            self._presence_due.clear()
            for presence in self.roster.take_changed():
                data = encode(presence)
                for member in self.members.values():
                    if member.connection != presence.connection:
                        member.mailbox.offer(("presence", presence.connection), data)
            await asyncio.sleep(PRESENCE_INTERVAL_S)

    # -- pictures -----------------------------------------------------------------------------

    def show(self, preview: Preview) -> None:
        """A new preview: kept for late joiners, offered to everybody who watches (C4, C5)."""
        self.preview = preview
        data = pack_preview(preview)
        now = self.clock.mono()
        for member in self.members.values():
            if member.watch.tier == "none" or (now < member.preview_due and not preview.done):
                continue
            member.preview_due = now + 1 / member.watch.rate
            member.mailbox.offer("preview", data)

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
