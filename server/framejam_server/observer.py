"""What happens inside, told to whoever counts it (``net.metrics``); nothing steers by it."""

from __future__ import annotations

from typing import Literal

TakeOutcome = Literal["finished", "failed", "parked"]


class Observer:
    """Hears of everything and does nothing; override what you want to know. Times in seconds.

    Methods are called on the event loop, some for each message: they must be quick, never raise,
    and are never told who did it or what was said.
    """

    def committed(self, events: int) -> None:
        """A transaction with so many events is durable (L2)."""

    def commit_failed(self) -> None:
        """A transaction failed; nothing of it happened (L2)."""

    def acked(self, took: float) -> None:
        """A command was acknowledged so long after it came."""

    def rate_limited(self) -> None:
        """A command was refused as ``rate_limited`` (L5)."""

    def slow_close(self) -> None:
        """A connection was closed for falling too far behind (C4)."""

    def preview_sent(self) -> None:
        """A preview went into a socket."""

    def preview_replaced(self) -> None:
        """A preview gave way to a newer one before its client took it (C4)."""

    def stepped(self, took: float) -> None:
        """The renderer answered one step of a take; waiting for its turn included."""

    def take(self, outcome: TakeOutcome) -> None:
        """A take finished, or could not go on: ``parked`` where it killed the renderer (T6)."""

    def worker_died(self) -> None:
        """The renderer ended by itself; the next step starts another (T6)."""
