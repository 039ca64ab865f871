"""Token buckets: how much one person, session, connection or address may ask for. Pure (L5).

Time is handed in, in seconds of any clock that does not go back.
"""

from __future__ import annotations

from typing import Final

from framejam_protocol.limits import BURST_S, SESSION_SHARE

_PERSON: Final = 1.0


class Bucket:
    """Refills at ``rate`` a second up to ``burst``; full at the beginning."""

    __slots__ = ("_at", "_level", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        """``rate`` and ``burst`` > 0, in whatever a caller counts."""
        self.rate = rate
        self.burst = burst
        self._level = burst
        self._at = float("-inf")

    def take(self, now: float, cost: float = 1.0) -> float:
        """Take ``cost`` and return 0; or take nothing and return the seconds until it is there.

        What costs more than the whole burst is let through when the bucket is full.
        """
        missing = min(cost, self.burst) - self.level(now)
        if missing > 0:
            return missing / self.rate
        self._level = max(0.0, self._level - cost)
        return 0.0

    def spend(self, now: float, cost: float) -> None:
        """Take ``cost``, or what there is of it: for what was only known afterwards."""
        self._level = max(0.0, self.level(now) - cost)

    def give_back(self, now: float, cost: float) -> None:
        """Undo a ``take``."""
        self._level = min(self.burst, self.level(now) + cost)

    def level(self, now: float) -> float:
        """What is in the bucket now."""
        passed = max(0.0, now - self._at)
        self._level = min(self.burst, self._level + passed * self.rate)
        self._at = max(self._at, now)
        return self._level


class EditRates:
    """The edits of one session: each person's bucket, and one for all of them together.

    A person's counts for all their connections: more tabs do not give more edits.
    """

    def __init__(self, per_second: float) -> None:
        """``per_second`` is one person's rate."""
        self._per_second = per_second
        whole = per_second * SESSION_SHARE
        self._session = Bucket(whole, whole * BURST_S)
        self._people: dict[str, Bucket] = {}

    def take(self, person: str, now: float) -> bool:
        """Whether one more command of this person may enter the queue now."""
        # The person's first: someone over their own limit must not use up everybody's.
        own = self._bucket(person)
        if own.level(now) < _PERSON or self._session.take(now) > 0:
            return False
        own.spend(now, _PERSON)
        return True

    def unused(self, person: str, now: float) -> None:
        """A command left nothing behind (a gap, a repetition): it costs nothing.

        Else a client that sends a long backlog again would spend on the gaps in it what its next
        number needs, and never come to an end.
        """
        self._bucket(person).give_back(now, _PERSON)
        self._session.give_back(now, _PERSON)

    def refused(self, person: str, now: float) -> None:
        """A command was refused for good: it costs a second time, for it left a receipt."""
        self._bucket(person).spend(now, _PERSON)

    def _bucket(self, person: str) -> Bucket:
        rate = self._per_second
        return self._people.setdefault(person, Bucket(rate, rate * BURST_S))
