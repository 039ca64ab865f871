"""Who is here and where they point (C4): held in memory, never in the log, never steering."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from framejam_protocol.fold.state import State
from framejam_protocol.messages import People, Person, Presence, PresenceUpdate


@dataclass(slots=True)
class Roster:
    """The connections of a session, where each points, and of these what was not sent yet."""

    here: dict[int, str] = field(default_factory=dict)
    places: dict[int, Presence] = field(default_factory=dict)
    changed: dict[int, Presence] = field(default_factory=dict)

    def arrive(self, connection: int, participant: str) -> None:
        """A connection of a participant opened."""
        self.here[connection] = participant

    def leave(self, connection: int) -> None:
        """A connection closed; its cursor goes with it."""
        participant = self.here.pop(connection, None)
        self.places.pop(connection, None)
        if participant is not None:
            self.changed[connection] = Presence(participant=participant, connection=connection)

    def point(self, connection: int, update: PresenceUpdate) -> None:
        """Remember where a connection points now; an older, unsent place is forgotten."""
        self.places[connection] = self.changed[connection] = Presence(
            participant=self.here[connection],
            connection=connection,
            cursor=update.cursor,
            frame=update.frame,
            stroke=update.stroke,
            drag=update.drag,
            line=update.line,
            caret=update.caret,
        )

    def take_changed(self) -> list[Presence]:
        """What changed since the last call, newest only."""
        changed, self.changed = list(self.changed.values()), {}
        return changed

    def people(self, state: State) -> People:
        """Everybody who has a role here, with the number of their connections now."""
        present = Counter(self.here.values())
        return People(
            people=tuple(
                Person(
                    participant=who.participant,
                    name=who.name,
                    color=who.color,
                    role=who.role,
                    connections=present[who.participant],
                )
                for who in state.participants.values()
                if who.role != "none"
            )
        )
