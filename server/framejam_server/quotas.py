"""How much a server keeps, and the refusals of what would be more (A4)."""

from __future__ import annotations

from dataclasses import dataclass

from framejam_server.store.contract import Store


class Full(Exception):
    """A quota is used up. The text says which one and what to do; ``field`` names what was sent."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Quotas:
    """Bounds of a server and of each of its sessions; None is no bound.

    ``events`` and ``takes`` (recorded clips) are counted for each session, so are ``session_bytes``
    of its images; ``images_bytes`` are those of all sessions together, each image once.
    """

    sessions: int | None = None
    events: int | None = None
    takes: int | None = None
    session_bytes: int | None = None
    images_bytes: int | None = None

    async def room_for_session(self, store: Store) -> None:
        """Raises ``Full`` where the server has as many sessions as it keeps, and ``StoreError``."""
        if self.sessions is None:
            return
        if (await store.usage()).sessions >= self.sessions:
            raise Full(
                f"this server keeps {self.sessions:,} sessions at most: delete one first, or ask "
                "whoever runs it to raise max_sessions"
            )

    async def room_for_images(self, store: Store, session: str | None, size: int) -> None:
        """Raises ``Full`` where images of ``size`` bytes more find no room in a session (None: in
        one that is not there yet) or on the server, and ``StoreError``."""
        if self.session_bytes is not None:
            had = 0 if session is None else (await store.size(session)).blob_bytes
            if had + size > self.session_bytes:
                raise Full(
                    f"the images of a session take {_mib(self.session_bytes)} at most, and "
                    f"{_mib(had)} are taken: send a smaller one, or ask whoever runs this server "
                    "to raise session_mib",
                    "body",
                )
        if self.images_bytes is not None:
            had = (await store.usage()).blob_bytes
            if had + size > self.images_bytes:
                raise Full(
                    f"the images of all sessions take {_mib(self.images_bytes)} at most, and there "
                    "is no room left: delete a session, or ask whoever runs this server to raise "
                    "images_mib",
                    "body",
                )


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
