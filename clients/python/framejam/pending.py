"""Commands on their way: numbered, kept until the server answers, sent again if need be (L4).

Sans I/O: it decides what has to be sent, ``connection.py`` sends it. A command keeps its
``client_seq`` when it is sent again, so that the server can tell it from a new one; numbers are
only given anew where the server says that it never used them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from framejam.errors import FramejamError, Refused
from framejam_protocol.errors import Code
from framejam_protocol.messages import Ack, Command, Refusal

_GAP_DELAY_S: Final = 0.05
"""One pause for all the gap refusals that a single missing number brings about."""

_LIMITED_DELAY_S: Final = 0.5
"""When to come back after ``rate_limited`` without a time."""


@dataclass(frozen=True)
class Receipt:
    """The server's word that a command is durable as event ``seq`` of the log (L2).

    ``ack_ms`` is the time in milliseconds from the call to the arrival of the ack.
    """

    seq: int
    client_seq: int
    ack_ms: float


@dataclass
class _Outstanding:
    command: Command
    started: float
    answer: asyncio.Future[Receipt]
    sent: bool = False


class Pending:
    """The commands of one client that have no answer yet, in the order they were given."""

    def __init__(self) -> None:
        self._next = 1
        self._commands: dict[int, _Outstanding] = {}

    def add(self, make: Callable[[int], Command], now: float) -> asyncio.Future[Receipt]:
        """Number a command and keep it. ``now`` in seconds of the clock ``acked`` gets, too."""
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._commands[self._next] = _Outstanding(make(self._next), now, answer)
        self._next += 1
        return answer

    def unsent(self) -> Iterator[Command]:
        """Each command that has to be sent now, once, also those added while iterating."""
        while waiting := next((o for o in self._commands.values() if not o.sent), None):
            waiting.sent = True
            yield waiting.command

    def send_again(self) -> None:
        """Treat everything as unsent: the connection is new, or the server missed a number."""
        for outstanding in self._commands.values():
            outstanding.sent = False

    def welcomed(self, expected: int) -> None:
        """Start over on a new connection whose server expects number ``expected`` next."""
        self.send_again()
        if expected < min(self._commands, default=self._next):
            self._renumber(expected)
        self._next = max(self._next, expected)

    def acked(self, ack: Ack, now: float) -> None:
        """Settle a command. An ack that comes a second time is ignored."""
        outstanding = self._commands.pop(ack.client_seq, None)
        if outstanding and not outstanding.answer.done():
            took_ms = (now - outstanding.started) * 1000
            outstanding.answer.set_result(Receipt(ack.seq, ack.client_seq, took_ms))

    def refused(self, refusal: Refusal) -> float | None:
        """Settle a command or keep it; returns seconds after which to ``send_again``, or None."""
        if refusal.client_seq not in self._commands:
            return None
        if refusal.code == Code.GAP:
            if refusal.expected is not None and refusal.expected not in self._commands:
                self._renumber(refusal.expected)
            return _GAP_DELAY_S
        if refusal.code == Code.RATE_LIMITED and not refusal.used:
            wait_ms = refusal.retry_after_ms
            return _LIMITED_DELAY_S if wait_ms is None else wait_ms / 1000
        self._settle(refusal)
        return None if refusal.used else _GAP_DELAY_S

    def fail(self, error: FramejamError) -> None:
        """Answer every command with ``error``: nobody will send them any more."""
        for outstanding in self._commands.values():
            if not outstanding.answer.done():
                outstanding.answer.set_exception(error)
        self._commands.clear()

    def _settle(self, refusal: Refusal) -> None:
        outstanding = self._commands.pop(refusal.client_seq)
        if not outstanding.answer.done():
            outstanding.answer.set_exception(
                Refused(refusal.code, refusal.message, refusal.field, refusal.rule)
            )
        if refusal.code == Code.CONFLICT:
            # Somehow the number was used before: what waits behind it must not reuse it either.
            self._renumber(refusal.client_seq + 1)
        elif not refusal.used:
            self._renumber(refusal.client_seq)

    def _renumber(self, first: int) -> None:
        """Give what waits the numbers from ``first``, which the server has not used."""
        waiting = list(self._commands.values())
        self._commands = {}
        for number, outstanding in enumerate(waiting, first):
            outstanding.command = msgspec.structs.replace(outstanding.command, client_seq=number)
            outstanding.sent = False
            self._commands[number] = outstanding
        self._next = first + len(waiting)
