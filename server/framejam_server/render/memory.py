"""Which takes the worker holds, within the memory that is for takes; the others wait. Pure.

Takes that have finished give way first, then looks, then those that nobody watches, then those
that stand still: they are forgotten, and built again from the log when they are needed. A take that
runs and is watched gives way to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from framejam_protocol.instructions import Settings
from framejam_server.render.pipe import Ready
from framejam_server.render.turns import Standing

MIB: Final = 2**20

TAKES_MIB: Final = 4096
"""MiB for takes where nobody says otherwise."""

UNKNOWN_BYTES: Final = 256 * MIB
"""What a take counts as whose model does not say what it needs."""


@dataclass(slots=True)
class _Held:
    size: int
    standing: Standing
    used: int


@dataclass(slots=True)
class _Waiting:
    standing: Standing
    wake: Callable[[], None]


class Memory:
    """The takes that are held, by their keys, and those that wait for room."""

    def __init__(self, budget: int, forget: Callable[[str], None] = lambda key: None) -> None:
        """``budget`` is in bytes; ``forget`` is called with the key of each take that gives way."""
        self.budget = budget
        self._forget = forget
        self._held: dict[str, _Held] = {}
        self._waiting: dict[str, _Waiting] = {}  # whoever waits longest first
        self._claims = 0

    def __contains__(self, key: str) -> bool:
        """Whether the take is held."""
        return key in self._held

    def __len__(self) -> int:
        """How many takes are held."""
        return len(self._held)

    def claim(self, key: str, size: int, standing: Standing, wake: Callable[[], None]) -> bool:
        """Hold a take of ``size`` bytes, before each of its steps; others may give way to it.

        Where it is False the take is not held (any more) and waits: ``wake`` is called when there
        may be room, to claim again. Those of higher standing go first, and of equal those that have
        waited longer.
        """
        own = self._held.get(key)
        if own is None and self._has_better(key, standing):
            return self._wait(key, standing, wake)
        if own is None or size > own.size:
            giving = self._giving_way(key, size, standing)
            if giving is None:
                if own is not None:  # to hold on while waiting for more could block others for ever
                    self.give_up(key)
                return self._wait(key, standing, wake)
            for other in giving:
                del self._held[other]
                self._forget(other)
        self._claims += 1
        self._held[key] = _Held(size, standing, self._claims)
        waited = self._waiting.pop(key, None) is not None
        if waited or (own is not None and (size < own.size or standing < own.standing)):
            self._wake()  # others may have waited for this one to go first, or to need less
        return True

    def stands(self, key: str, standing: Standing) -> None:
        """How a take stands from now on: what matters less may make room for others."""
        if (held := self._held.get(key)) is not None and held.standing != standing:
            lower = standing < held.standing
            held.standing = standing
            if lower:
                self._wake()
        if (waiting := self._waiting.get(key)) is not None:
            if standing in (Standing.FINISHED, Standing.STILL):  # it wants no step: nor room
                del self._waiting[key]
                self._wake()
            else:
                lower = standing < waiting.standing
                waiting.standing = standing
                if lower:  # others may go before it now
                    self._wake()

    def give_up(self, key: str) -> None:
        """Forget a take, or wait no longer."""
        self._waiting.pop(key, None)
        if self._held.pop(key, None) is not None:
            self._forget(key)
        self._wake()

    def lose(self) -> None:
        """The worker that held them is gone, and everything with it."""
        self._held.clear()
        self._wake()

    def _has_better(self, key: str, standing: Standing) -> bool:
        """Whether others wait that go before this one."""
        before = True
        for other, waiting in self._waiting.items():
            if other == key:
                before = False
            elif waiting.standing > standing or (before and waiting.standing == standing):
                return True
        return False

    def _giving_way(self, key: str, size: int, standing: Standing) -> list[str] | None:
        """The takes to forget so that there is room; None where that does not help."""
        others = {other: held for other, held in self._held.items() if other != key}
        needed = size + sum(held.size for held in others.values()) - self.budget
        giving: list[str] = []
        for other in sorted(others, key=lambda one: (others[one].standing, others[one].used)):
            if needed <= 0 or others[other].standing >= standing:
                break
            giving.append(other)
            needed -= others[other].size
        return giving if needed <= 0 else None

    def _wait(self, key: str, standing: Standing, wake: Callable[[], None]) -> bool:
        if (waiting := self._waiting.get(key)) is not None:
            waiting.standing, waiting.wake = standing, wake
        else:
            self._waiting[key] = _Waiting(standing, wake)
        return False

    def _wake(self) -> None:
        for waiting in list(self._waiting.values()):
            waiting.wake()


def bytes_of(facts: Ready, takes: Iterable[Settings]) -> int:
    """The memory in bytes of a take and those that its locks hold, by the settings of each.

    Takes of equal settings share what is large, and their checkpoints share one budget: they count
    once.
    """
    return sum(facts.take_bytes(settings) or UNKNOWN_BYTES for settings in set(takes))


def objections(facts: Ready, settings: Settings, budget: int) -> dict[str, str]:
    """Why a take of some settings can never be held, by each field that decides its size."""
    needed = facts.take_bytes(settings)
    if needed <= budget:
        return {}
    message = (
        f"a clip of {settings.frames} frames of {settings.width} x {settings.height} needs "
        f"{_mib(needed)} MiB and this server has {budget // MIB} MiB for takes: "
        "make it shorter or smaller"
    )
    return dict.fromkeys(("frames", "width", "height"), message)


def never(size: int, budget: int) -> str:
    """Why takes of ``size`` bytes together can never be held."""
    return (
        f"it needs {_mib(size)} MiB with all that its locks hold and this server has "
        f"{budget // MIB} MiB for takes; make it shorter or smaller, or undo a lock"
    )


def full(takes: int) -> str:
    """Why a take waits."""
    many = f"{takes} takes" if takes != 1 else "1 take"
    return f"the renderer's memory holds {many}; yours starts when one ends or is closed"


def _mib(size: int) -> int:
    return -(-size // MIB)
