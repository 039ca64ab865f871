"""One connection of a session, and the mailbox through which everything reaches it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Protocol

from framejam_protocol.errors import Close
from framejam_protocol.messages import Watch

PREVIEW: Final = "preview"
"""The key under which previews of the take are offered."""

LOOK: Final = "look"
"""The key under which previews of a look are offered (T12)."""

PICTURES: Final = frozenset({PREVIEW, LOOK})
"""Metrics count them by these."""


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
    grouping: bool = False
