"""The one way into a session's log (L2): jobs queue up, share a commit, and are delivered after it.

The writer takes all jobs that piled up, lets the pure core decide each, makes their events and
receipts durable in one transaction (group commit), and only then delivers. Where the transaction
fails, the core is rolled back: it is as if nothing had come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from framejam_protocol.events import Event
from framejam_protocol.limits import MAX_QUEUED_COMMANDS
from framejam_server.observer import Observer
from framejam_server.session.receipts import Receipt
from framejam_server.session.session import Append, Effect, Remember, Session
from framejam_server.store.contract import Store, StoreError

log = structlog.get_logger("framejam.journal")


@dataclass(slots=True)
class Job:
    """``decide`` runs in the core, ``done`` after the commit, ``failed`` instead of it."""

    decide: Callable[[], list[Effect]]
    done: Callable[[list[Effect]], None]
    failed: Callable[[StoreError], None]


class Journal:
    """A session's queue and its writer. Run ``run`` as a task; ``close`` before cancelling it.

    ``publish`` is called with each event once it is durable, in seq order, before the job it
    came from is done.
    """

    def __init__(
        self,
        session: str,
        core: Session,
        store: Store,
        publish: Callable[[Event], None],
        observer: Observer,
    ) -> None:
        self.failed_at = float("-inf")
        """When a commit failed last with none after it that did not; the event loop's clock."""
        self._observer = observer
        self._session = session
        self._core = core
        self._store = store
        self._publish = publish
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._closed = False
        self._outdated: list[Receipt] = []

    @property
    def full(self) -> bool:
        """Whether as many jobs wait as one session may have (L5)."""
        return self._jobs.qsize() >= MAX_QUEUED_COMMANDS

    def put(self, job: Job) -> None:
        """Queue a job; exactly one of its ``done`` and ``failed`` is called later."""
        if self._closed:
            job.failed(StoreError("the server is stopping"))
        else:
            self._jobs.put_nowait(job)

    async def do(self, decide: Callable[[], list[Effect]]) -> None:
        """Queue a job and wait until it is durable. Raises ``StoreError``."""
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(_effects: list[Effect]) -> None:
            if not outcome.done():
                outcome.set_result(None)

        def failed(error: StoreError) -> None:
            if not outcome.done():
                outcome.set_exception(error)

        self.put(Job(decide, done, failed))
        await outcome

    async def close(self) -> None:
        """Take no more jobs; returns when everything queued before is durable or refused."""
        last = asyncio.ensure_future(self.do(list))
        await asyncio.sleep(0)
        self._closed = True
        await last

    async def run(self) -> None:
        """Commit what comes until cancelled."""
        while True:
            jobs = [await self._jobs.get()]
            while not self._jobs.empty():
                jobs.append(self._jobs.get_nowait())
            await self._commit(jobs)
            await self._forget()

    async def _commit(self, jobs: list[Job]) -> None:
        decided = [(job, made) for job in jobs if (made := self._decide(job)) is not None]
        effects = [effect for _, made in decided for effect in made]
        try:
            await self._make_durable(effects)
        except StoreError as error:
            log.error("commit failed", session=self._session, jobs=len(jobs), error=str(error))
            self.failed_at = asyncio.get_running_loop().time()
            self._observer.commit_failed()
            self._core.rollback(effects)
            for job, made in decided:
                self._settle_without_store(job, made, error)
            return
        for job, made in decided:
            for effect in made:
                if isinstance(effect, Append):
                    self._publish(effect.event)
            job.done(made)

    def _decide(self, job: Job) -> list[Effect] | None:
        try:
            return job.decide()
        except Exception as error:  # a bug must cost one command, not the session (L5)
            log.exception("command failed", session=self._session)
            job.failed(StoreError(f"an internal error ({type(error).__name__}) was logged"))
            return None

    async def _make_durable(self, effects: list[Effect]) -> None:
        events = [effect.event for effect in effects if isinstance(effect, Append)]
        receipts = [effect.receipt for effect in effects if isinstance(effect, Remember)]
        if not events and not receipts:
            return
        try:
            await self._store.append(self._session, events, receipts)
            self.failed_at = float("-inf")
            self._observer.committed(len(events))
        except StoreError:
            raise
        except Exception as error:  # whatever it was, it is not stored
            log.exception("store failed", session=self._session)
            raise StoreError(f"an internal error ({type(error).__name__}) was logged") from error

    async def _forget(self) -> None:
        """Let go of receipts nobody may ask for any more (L4): after the commit, never with it."""
        self._outdated += self._core.prune()
        if not self._outdated:
            return
        try:
            await self._store.forget(self._session, self._outdated)
        except Exception as error:  # whatever it was: the next commit's turn tries again
            log.warning("receipts not deleted", session=self._session, error=str(error))
        else:
            self._outdated = []

    def _settle_without_store(self, job: Job, made: list[Effect], error: StoreError) -> None:
        """After a failed commit: what needs no storing is still answered truly (L4).

        A command sent again was durable before; its sender must not be told that it is not.
        """
        if _needs_store(made):
            job.failed(error)
            return
        again = self._decide(job)
        if again is None:
            return
        if _needs_store(again):  # it repeated a command of the very batch that failed
            self._core.rollback(again)
            job.failed(error)
        else:
            job.done(again)


def _needs_store(effects: list[Effect]) -> bool:
    return any(isinstance(effect, Append | Remember) for effect in effects)
