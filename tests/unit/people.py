"""A session core with several people around it, for tests: no clock, no network, no database."""

from __future__ import annotations

from collections import Counter

from framejam_protocol.events import Created, Event, Joined
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import (
    Adjust,
    Blend,
    Camera,
    Comment,
    Content,
    Drag,
    Erase,
    Given,
    Image,
    Lock,
    Motion,
    Negative,
    Paint,
    Prompt,
    Region,
    Revise,
    Settings,
    Splice,
    Spliced,
    Trajectory,
    Typed,
)
from framejam_protocol.messages import Ack, Command, Edit, Mark, Redo, Refusal, Restore, Undo
from framejam_server.session.receipts import Receipt
from framejam_server.session.session import Append, Effect, Remember, Reply, Session

SETTINGS = Settings(
    model="embedded", seed=1, steps=25, frames=16, width=64, height=64, fps=8, guidance=100
)
BLOB = "ab" * 32


def created() -> Event:
    return Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))


TRIANGLE = ((1000, 1000), (30000, 1000), (1000, 60000))


def stroke(color: str = "#ff0000", x: int = 1000, blend: Blend = "normal") -> Paint:
    return Paint(points=((x, 1000), (x + 500, 2000)), color=color, width=900, blend=blend)


class Table:
    """Several people at one session; every call is durable at once unless said otherwise.

    ``tab`` is the client_id a person writes from, by default ``tab-of-PERSON``. ``group`` is the
    client's name for a gesture. Time goes on by 1 ms a command; add to ``now`` for more.
    """

    def __init__(self, *people: str) -> None:
        self.session = Session([created()], blobs=[BLOB])
        self.sent: Counter[str] = Counter()
        self.kept: list[Receipt] = []
        self.now = 0
        for person in people or ("anna", "ben1"):
            self.join(person)

    def join(self, person: str, role: str = "editor") -> None:
        self.session.join(Joined(participant=person, name=person, color="#000000", role=role), 0)
        assert self.session.bind(f"tab-of-{person}", person) is not None

    def restart(self) -> None:
        """The server stops and starts again: the log and the receipts are all that is left."""
        self.session = Session(self.session.log, self.kept, self.session.blobs)

    def lose(self, person: str, effects: list[Effect]) -> None:
        """The commit of what a person's usual tab did last fails; its numbers are free again."""
        self.session.rollback(effects)
        lost = [remember.receipt for remember in self.receipts(effects)]
        self.kept = [receipt for receipt in self.kept if receipt not in lost]
        self.sent[person] -= len(lost)

    # -- what people do ---------------------------------------------------------------------

    def effects(self, person: str, command: Command, tab: str | None = None) -> list[Effect]:
        self.now += 1
        effects = self.session.command(person, tab or f"tab-of-{person}", command, self.now)
        self.kept += [remember.receipt for remember in self.receipts(effects)]
        return effects

    def give(
        self,
        person: str,
        instruction: Given,
        group: str | None = None,
        tab: str | None = None,
        depth: int | None = None,
    ) -> Event | Refusal:
        """What became of an edit."""
        command = Edit(self.number(tab or person), instruction, depth, group)
        return self.outcome(self.effects(person, command, tab))

    def edit(
        self, person: str, instruction: Given, group: str | None = None, tab: str | None = None
    ) -> int:
        """The seq of a successful edit."""
        outcome = self.give(person, instruction, group, tab)
        assert isinstance(outcome, Event), outcome
        return outcome.seq

    def refused(self, person: str, instruction: Given) -> Refusal:
        """Why an edit was not taken; asserts that it changed nothing."""
        before, length = self.hash, len(self.session.log)
        outcome = self.give(person, instruction)
        assert isinstance(outcome, Refusal), outcome
        assert (self.hash, len(self.session.log)) == (before, length)
        return outcome

    def content(self, person: str, text: str, base: int | None = None) -> int:
        return self.edit(person, Content(text, base))

    def motion(self, person: str, text: str, base: int | None = None) -> int:
        return self.edit(person, Motion(text, base))

    def negative(self, person: str, text: str, base: int | None = None) -> int:
        return self.edit(person, Negative(text, base))

    def spliced(
        self,
        person: str,
        at: int,
        removed: str = "",
        inserted: str = "",
        base: int | None = None,
        group: str | None = None,
        prompt: Prompt = "content",
    ) -> int:
        """One splice; against what everybody sees now, where no ``base`` is given."""
        base = self.state.seq if base is None else base
        return self.edit(person, Spliced(prompt, base, (Splice(at, removed, inserted),)), group)

    def typed(
        self, person: str, update: bytes, group: str | None = None, prompt: Prompt = "content"
    ) -> int:
        return self.edit(person, Typed(prompt, update), group)

    def image(self, person: str, blob: str | None = BLOB, group: str | None = None) -> int:
        return self.edit(person, Image(blob), group)

    def paint(self, person: str, color: str = "#ff0000", group: str | None = None) -> int:
        return self.edit(person, stroke(color), group)

    def erase(self, person: str, group: str | None = None) -> int:
        return self.edit(person, Erase(points=((5, 5), (900, 900)), width=700), group)

    def drag(self, person: str, group: str | None = None) -> int:
        instruction = Drag(start=(30000, 30000), end=(50000, 20000), radius=8000)
        return self.edit(person, instruction, group)

    def trajectory(self, person: str, group: str | None = None) -> int:
        way = Trajectory(path=((30000, 30000), (40000, 10000), (50000, 20000)), radius=8000)
        return self.edit(person, way, group)

    def camera(self, person: str, group: str | None = None) -> int:
        return self.edit(person, Camera(pan=6000, tilt=-3000, zoom=80000), group)

    def region(self, person: str, text: str = "gold", group: str | None = None) -> int:
        return self.edit(person, Region(outline=TRIANGLE, text=text), group)

    def lock(self, person: str, group: str | None = None) -> int:
        return self.edit(person, Lock(outline=TRIANGLE), group)

    def comment(self, person: str, text: str = "nice", group: str | None = None) -> int:
        return self.edit(person, Comment(text=text, at=(100, 200), frame=3), group)

    def revise(self, person: str, target: int, group: str | None = None, **fields: object) -> int:
        return self.edit(person, Revise(target, **fields), group)

    def adjust(self, person: str, group: str | None = None, **fields: object) -> int:
        return self.edit(person, Adjust(**fields), group)

    def undo(
        self, person: str, group: int | None = None, tab: str | None = None
    ) -> Event | Refusal:
        return self.outcome(self.effects(person, Undo(self.number(tab or person), group), tab))

    def redo(self, person: str, tab: str | None = None) -> Event | Refusal:
        return self.outcome(self.effects(person, Redo(self.number(tab or person)), tab))

    def mark(self, person: str, name: str | None, of: int | None = None) -> Event | Refusal:
        return self.outcome(self.effects(person, Mark(self.number(person), of, name)))

    def restore(self, person: str, to: int) -> Event | Refusal:
        return self.outcome(self.effects(person, Restore(self.number(person), to)))

    def assign(self, by: str, person: str, role: str, *, hand_over: bool = False) -> list[Event]:
        """The events by which somebody gets a role; asserts that nothing speaks against it."""
        effects = self.session.assign(by, person, role, self.now, hand_over=hand_over)
        assert isinstance(effects, list), effects
        return [effect.event for effect in effects if isinstance(effect, Append)]

    def number(self, sender: str) -> int:
        """The next client_seq of a person's tab, or of another by its client_id."""
        self.sent[sender] += 1
        return self.sent[sender]

    # -- what they see ----------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self.session.state

    @property
    def hash(self) -> str:
        return state_hash(self.session.state)

    @property
    def text(self) -> str:
        """The content prompt."""
        return prompt_text(self.session.state, "content")

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
