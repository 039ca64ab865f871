"""Whose request the worker answers next: the policy, pure, and the queue that follows it.

Questions come first, for each is short and somebody waits for it; then steps of takes that somebody
watches; then those that nobody watches; looks come last (T12). A class runs only while none before
it wants a step, also in the moment between two of its steps. Within a class sessions take turns,
whoever had the last one longest ago first: a new session waits for one step at most, and nobody
for two steps of the same other session.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Standing(IntEnum):
    """How much a take matters now: the more, the earlier its turn and the later it gives way."""

    FINISHED = 0
    """Its clip is made. It wants no step."""
    LOOK = 1
    """A scratch take for one person, that runs."""
    UNWATCHED = 2
    """It runs, and nobody watches."""
    STILL = 3
    """It stands still and may go on: paused, failed, waiting. It wants no step."""
    RUNNING = 4
    """It runs, and somebody watches."""


_ORDER: Final = (Standing.RUNNING, Standing.UNWATCHED, Standing.LOOK)
"""Those that want steps, the first served first."""


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """One request that waits: a step of the take ``key``, or a ``question`` about it.

    A key begins with its session: ``session/...``.
    """

    key: str
    question: bool = False

    @property
    def session(self) -> str:
        """The session it is of."""
        return _session(self.key)


class Turns:
    """Who waits and who goes next; knows no clock and no tasks."""

    def __init__(self) -> None:
        self._waiting: list[Ticket] = []
        self._standing: dict[str, Standing] = {}
        self._turns = 0
        # When each session had its last turn, counted in turns; questions apart from steps.
        self._last: dict[tuple[str, bool], int] = {}
        self._question_was_last = False

    def stands(self, key: str, standing: Standing | None) -> None:
        """How a take stands from now on; None where it is over."""
        if standing is not None:
            self._standing[key] = standing
            return
        self._standing.pop(key, None)
        session = _session(key)
        if all(_session(other) != session for other in self._standing):
            self._last.pop((session, False), None)
            self._last.pop((session, True), None)

    def ask(self, ticket: Ticket) -> None:
        """One more waits."""
        self._waiting.append(ticket)

    def leave(self, ticket: Ticket) -> None:
        """One that waits does so no longer; whoever does not wait is passed over."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def next(self) -> Ticket | None:
        """Whose turn it is now, and waits no longer; None where nobody is to go.

        After a question comes a step, if one may run: people who ask without pause hold no take up.
        """
        steps = self._steps()
        questions = [one for one in self._waiting if one.question]
        group = steps if steps and (self._question_was_last or not questions) else questions
        if not group:
            return None
        ticket = min(group, key=lambda one: self._last.get((one.session, one.question), 0))
        self._turns += 1
        self._last[ticket.session, ticket.question] = self._turns
        self._question_was_last = ticket.question
        self._waiting.remove(ticket)
        return ticket

    def _steps(self) -> list[Ticket]:
        """The steps that wait in the first class of which any take wants one."""
        waiting = [(self._wants(one.key), one) for one in self._waiting if not one.question]
        wanted = {*self._standing.values(), *(standing for standing, _ in waiting)}
        first = next((standing for standing in _ORDER if standing in wanted), None)
        return [one for standing, one in waiting if standing is first]

    def _wants(self, key: str) -> Standing:
        """The class of a step that is asked for; whoever never said how it stands is watched."""
        standing = self._standing.get(key, Standing.RUNNING)
        return standing if standing in _ORDER else Standing.RUNNING


class Queue:
    """Gives the turns of ``Turns`` to tasks, one at a time. Each ``turn`` needs one ``done``."""

    def __init__(self) -> None:
        self._turns = Turns()
        self._called: dict[Ticket, asyncio.Future[None]] = {}
        self.busy = False
        """Whether somebody has the turn now."""

    def stands(self, key: str, standing: Standing | None) -> None:
        """As ``Turns.stands``; somebody may have a turn now because of it."""
        self._turns.stands(key, standing)
        self._call()

    async def turn(self, key: str, *, question: bool = False) -> None:
        """Wait for a turn; who is cancelled meanwhile gives it to the next."""
        ticket = Ticket(key, question)
        called = self._called[ticket] = asyncio.get_running_loop().create_future()
        self._turns.ask(ticket)
        self._call()
        try:
            await called
        except asyncio.CancelledError:
            if called.cancelled():
                self._turns.leave(ticket)
            else:  # it was called just before: nobody else knows that the turn is free
                self.done()
            raise
        finally:
            del self._called[ticket]

    def done(self) -> None:
        """The turn is over."""
        self.busy = False
        self._call()

    def _call(self) -> None:
        if self.busy:
            return
        # Where several are cancelled at once, those that have not run since wait no longer, too.
        for one, called in self._called.items():
            if called.cancelled():
                self._turns.leave(one)
        ticket = self._turns.next()
        if ticket is not None:
            self.busy = True
            self._called[ticket].set_result(None)


def _session(key: str) -> str:
    return key.partition("/")[0]
