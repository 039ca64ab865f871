"""What a client knows of its session: a fold of the server's messages, without any I/O."""

from __future__ import annotations

from collections.abc import Iterable

from framejam.looks import Look
from framejam.previews import Preview
from framejam_protocol.events import Event
from framejam_protocol.fold.state import State
from framejam_protocol.messages import (
    LookStatus,
    Person,
    Presence,
    Resume,
    TakeStatus,
    Welcome,
)


class Mirror:
    """The log, its fold, the people, the take and the newest preview, as far as they are here.

    ``preview_count`` counts previews, so that a reader can tell a new one from the one it has.
    ``look`` is the look that goes on, or the last one.
    """

    def __init__(self) -> None:
        self.welcome: Welcome | None = None
        self.token: str | None = None
        self.log: list[Event] = []
        self.state = State()
        self.people: tuple[Person, ...] = ()
        self.pointers: dict[tuple[str, int], Presence] = {}
        self.take: TakeStatus | None = None
        self.preview: Preview | None = None
        self.preview_count = 0
        self.look: Look | None = None

    @property
    def last_seq(self) -> int:
        """The newest event that is here, 0 for none."""
        return len(self.log)

    @property
    def resume(self) -> Resume | None:
        """What to say in the hello of the next connection (C2)."""
        return Resume(self.welcome.epoch, self.last_seq) if self.welcome else None

    def welcomed(self, welcome: Welcome) -> None:
        """Take over what a welcome says; without recovery the log starts again from 1 (C2)."""
        if not welcome.recovered:
            self.log.clear()
            self.state = State()
        self.welcome = welcome
        self.token = welcome.token or self.token
        self.pointers.clear()

    def append(self, events: Iterable[Event]) -> bool:
        """Add events, ignoring those that are here; False where one before them is missing (C3)."""
        for event in events:
            if event.seq > self.last_seq + 1:
                return False
            if event.seq == self.last_seq + 1:
                self.state.apply(event)
                self.log.append(event)
        return True

    def pointed(self, presence: Presence) -> None:
        """Note where somebody points; nowhere means gone from ``pointers``."""
        key = (presence.participant, presence.connection)
        places = (
            presence.cursor,
            presence.stroke,
            presence.drag,
            presence.line,
            presence.caret,
        )
        if all(place is None for place in places):
            self.pointers.pop(key, None)
        else:
            self.pointers[key] = presence

    def shown(self, preview: Preview) -> None:
        """Note a preview; a newer one always replaces the one before (C5, T12)."""
        if preview.sheet.look == 0:
            self.preview = preview
            self.preview_count += 1
        elif self.look is not None and preview.sheet.look == self.look.request.number:
            self.look.shown(preview)

    def looked(self, status: LookStatus) -> None:
        """Note how far one's look is; what is said of earlier ones is passed over (T12)."""
        if self.look is not None and status.number == self.look.request.number:
            self.look.told(status)
