"""Gestures of several edits (L6): which group the next edit of a client belongs to.

Held in memory only: what an edit was grouped with is in its event, and a connection that ends
closes its group anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

from framejam_protocol.limits import GROUP_SILENCE_MS, MAX_GROUP_EDITS


@dataclass(slots=True)
class _Open:
    """A group that may grow: the client's name for it, its first edit, when the last came."""

    name: str
    first: int
    last_at: int
    edits: int


class Groups:
    """The open group of each client."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def of(self, client_id: str, name: str | None, now: int) -> int | None:
        """The group that an edit coming ``now`` (ms) would join; None where it begins its own."""
        group = self._open.get(client_id)
        if (
            group is None
            or group.name != name
            or not 0 <= now - group.last_at <= GROUP_SILENCE_MS
            or group.edits >= MAX_GROUP_EDITS
        ):
            return None
        return group.first

    def added(self, client_id: str, name: str | None, seq: int, now: int) -> None:
        """Edit ``seq`` came ``now`` and joined the group that ``of`` told, or began its own."""
        if name is None:
            self._open.pop(client_id, None)
        elif self.of(client_id, name, now) is not None:
            group = self._open[client_id]
            group.last_at, group.edits = now, group.edits + 1
        else:
            self._open[client_id] = _Open(name, seq, now, 1)

    def close(self, client_id: str) -> None:
        """The client's gesture is over."""
        self._open.pop(client_id, None)

    def close_all(self, groups: tuple[int, ...]) -> None:
        """These groups were undone: nothing more joins them."""
        for client_id, group in list(self._open.items()):
            if group.first in groups:
                del self._open[client_id]

    def clear(self) -> None:
        """Close every group."""
        self._open.clear()
