"""A bounded memory of finished computations, looked up by content."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Keeps the ``capacity`` most recently used results of a pure function.

    Keys are values, never object identities: equal content gives the equal result whichever
    object carries it, so a hit can change the time a step takes and nothing else. Results are
    shared between callers, who must not write into them.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        """Whether a result is kept for ``key``."""
        return key in self._kept

    def get(self, key: K, compute: Callable[[], V]) -> V:
        """Return the result kept for ``key``, or compute and keep it.

        An error of ``compute`` passes through and nothing is kept.
        """
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = compute()
        self._kept[key] = value
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return value
