"""A session core with several people around it, for tests: no clock, no network, no database."""

from __future__ import annotations

from collections import Counter

from framejam_protocol.events import Created, Event, Joined
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.instructions import (
    Content,
    Drag,
    Image,
    Instruction,
    Motion,
    Paint,
    Settings,
)
from framejam_protocol.messages import Ack, Edit, Redo, Refusal, Undo
from framejam_server.session.session import Append, Effect, Remember, Reply, Session

SETTINGS = Settings(
    model="embedded", seed=1, steps=25, frames=16, width=64, height=64, fps=8, guidance=100
)
BLOB = "ab" * 32


def created() -> Event:
    return Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))


def stroke(color: str = "#ff0000", x: int = 1000) -> Paint:
    return Paint(points=((x, 1000), (x + 500, 2000)), color=color, width=900)


class Table:
    """Several people at one session; every call is durable at once unless said otherwise."""

    def __init__(self, *people: str) -> None:
        self.session = Session([created()], blobs=[BLOB])
        self.sent: Counter[str] = Counter()
        self.now = 0
        for person in people or ("anna", "ben1"):
            self.join(person)

    def join(self, person: str, role: str = "editor") -> None:
        self.session.join(Joined(participant=person, name=person, color="#000000", role=role), 0)
        assert self.session.bind(f"tab-of-{person}", person) is not None

    def effects(self, person: str, command: Edit | Undo | Redo) -> list[Effect]:
        self.now += 1
        return self.session.command(person, f"tab-of-{person}", command, self.now)

    def edit(self, person: str, instruction: Instruction) -> int:
        """The seq of a successful edit."""
        return self._ack(self.effects(person, Edit(self.number(person), instruction)))

    def content(self, person: str, text: str) -> int:
        return self.edit(person, Content(text))

    def motion(self, person: str, text: str) -> int:
        return self.edit(person, Motion(text))

    def image(self, person: str, blob: str | None = BLOB) -> int:
        return self.edit(person, Image(blob))

    def paint(self, person: str, color: str = "#ff0000") -> int:
        return self.edit(person, stroke(color))

    def drag(self, person: str) -> int:
        return self.edit(person, Drag(start=(30000, 30000), end=(50000, 20000), radius=8000))

    def undo(self, person: str) -> Event | Refusal:
        return self.outcome(self.effects(person, Undo(self.number(person))))

    def redo(self, person: str) -> Event | Refusal:
        return self.outcome(self.effects(person, Redo(self.number(person))))

    def number(self, person: str) -> int:
        """The next client_seq of a person."""
        self.sent[person] += 1
        return self.sent[person]

    @property
    def hash(self) -> str:
        return state_hash(self.session.state)

    @staticmethod
    def outcome(effects: list[Effect]) -> Event | Refusal:
        for effect in effects:
            if isinstance(effect, Append):
                return effect.event
        return Table.refusal(effects)

    @staticmethod
    def refusal(effects: list[Effect]) -> Refusal:
        answer = Table.answer(effects)
        assert isinstance(answer, Refusal), answer
        return answer

    @staticmethod
    def answer(effects: list[Effect]) -> Ack | Refusal:
        (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
        return reply.answer

    @staticmethod
    def receipts(effects: list[Effect]) -> list[Remember]:
        return [effect for effect in effects if isinstance(effect, Remember)]

    def _ack(self, effects: list[Effect]) -> int:
        answer = self.answer(effects)
        assert isinstance(answer, Ack), answer
        return answer.seq
