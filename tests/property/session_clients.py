"""Client programs as the state machine has them: what they show, what they sent, what they heard.

Events come in any order, late or twice; a client takes them in by seq (C3). What it sends stays
``unanswered`` until an answer came, and is sent again after every new connection (L4).
"""

from __future__ import annotations

from collections import deque

from pycrdt import Doc, Text

from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.prose import apply_splices
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import (
    PROMPTS,
    Content,
    Given,
    Motion,
    Negative,
    Prompt,
    Splice,
    Spliced,
    Typed,
)
from framejam_protocol.messages import Ack, Command, Edit, EndGroup, Refusal
from framejam_server.session.text import texts_of
from framejam_server.session.yjs import client_of

Sent = Command | EndGroup


class Client:
    """One program of one person; it folds what it has heard, and reads prompts by splices alone."""

    def __init__(self, client_id: str, person: str) -> None:
        self.id, self.person = client_id, person
        self.state = State()
        self.texts: dict[Prompt, str] = dict.fromkeys(PROMPTS, "")
        self.online = False
        self.up: deque[Sent] = deque()
        self.down: deque[Event | Ack | Refusal] = deque()
        self.unanswered: dict[int, Command] = {}
        self.answered: dict[int, tuple[Command, Ack | Refusal]] = {}
        self.number = 0
        self._early: dict[int, Event] = {}

    @property
    def seen(self) -> int:
        """The newest event it has taken in, with all before it."""
        return self.state.seq

    @property
    def hash(self) -> str:
        return state_hash(self.state)

    # -- sending ------------------------------------------------------------------------------

    def next(self) -> int:
        self.number += 1
        return self.number

    def give(self, instruction: Given, group: str | None = None) -> None:
        self.send(Edit(self.next(), instruction, None, group))

    def send(self, command: Command) -> None:
        self.unanswered[command.client_seq] = command
        if self.online:
            self.up.append(command)

    def connected(self) -> None:
        """A new connection: what was not answered is sent again, in order."""
        self.online = True
        self.up = deque(command for _, command in sorted(self.unanswered.items()))

    def disconnected(self) -> None:
        """What was under way in either direction is lost."""
        self.online = False
        self.up.clear()
        self.down.clear()
        self._early.clear()

    # -- hearing ------------------------------------------------------------------------------

    def hear(self, place: int, again: bool) -> None:
        """Take one of the next few messages, whatever stands before it; twice, if ``again``."""
        place = min(place, len(self.down) - 1)
        message = self.down[place]
        if not again:
            del self.down[place]
        if isinstance(message, Event):
            if message.seq > self.seen:
                self._early[message.seq] = message
            while (event := self._early.pop(self.seen + 1, None)) is not None:
                self.apply(event)
        else:
            self.told(message)

    def apply(self, event: Event) -> None:
        self.state.apply(event)
        for text in texts_of(event):
            self.texts[text.prompt] = apply_splices(self.texts[text.prompt], text.splices)

    def told(self, answer: Ack | Refusal) -> None:
        command = self.unanswered.pop(answer.client_seq, None)
        if command is not None:
            self.answered[answer.client_seq] = command, answer
            return
        # It comes for something that was sent again: the same, or a conflict with what it was.
        first = self.answered[answer.client_seq][1]
        assert answer == first or (isinstance(answer, Refusal) and answer.code == Code.CONFLICT)

    def shows(self, prompt: Prompt) -> str:
        """The text in front of its person."""
        return self.texts[prompt]

    def write(
        self, prompt: Prompt, at: int, gone: int, inserted: str, group: str | None, late: int
    ) -> None:
        """Put ``inserted`` in place of ``gone`` characters; clients without a CRDT may base it on
        what they saw ``late`` events ago."""
        raise NotImplementedError


class Splicer(Client):
    """Writes by splices against what it has seen, or had seen a while ago."""

    def __init__(self, client_id: str, person: str) -> None:
        super().__init__(client_id, person)
        self._history: list[dict[Prompt, str]] = [dict(self.texts)]

    def apply(self, event: Event) -> None:
        super().apply(event)
        self._history.append(dict(self.texts))

    def write(
        self, prompt: Prompt, at: int, gone: int, inserted: str, group: str | None, late: int
    ) -> None:
        base = max(self.seen - late, 0)
        text = self._history[base][prompt]
        at = at % (len(text) + 1)
        removed = text[at : at + gone]
        self.give(Spliced(prompt, base, (Splice(at, removed, inserted),)), group)


class Whole(Splicer):
    """Gives whole texts: mostly against what it saw, sometimes over whatever is there."""

    def write(
        self, prompt: Prompt, at: int, gone: int, inserted: str, group: str | None, late: int
    ) -> None:
        kind = {"content": Content, "motion": Motion, "negative": Negative}[prompt]
        if late > 3:
            self.give(kind(inserted), group)
            return
        base = max(self.seen - late, 0)
        text = self._history[base][prompt]
        at = at % (len(text) + 1)
        self.give(kind(text[:at] + inserted + text[at + gone :], base), group)


class Typist(Client):
    """A page with Yjs: shows what is typed at once, before anybody else has heard of it."""

    def __init__(self, client_id: str, person: str) -> None:
        super().__init__(client_id, person)
        self.yjs = client_of(client_id)
        self.docs: dict[Prompt, Doc[Text]] = {}
        self._typed: list[bytes] = []
        self.broken = False
        self._log: list[Event] = []
        self._build()

    def _build(self) -> None:
        """Documents as the log seen so far tells them, and nothing else."""
        for prompt in PROMPTS:
            self.docs[prompt] = Doc(client_id=self.yjs)
            self.docs[prompt].get("text", type=Text)
        for event in self._log:
            self._merge(event)
        self.broken = False

    def _merge(self, event: Event) -> None:
        for text in texts_of(event):
            self.docs[text.prompt].apply_update(text.update)

    def apply(self, event: Event) -> None:
        super().apply(event)
        self._log.append(event)
        self._merge(event)

    def told(self, answer: Ack | Refusal) -> None:
        command = self.unanswered.get(answer.client_seq)
        super().told(answer)
        typed = isinstance(command, Edit) and isinstance(command.instruction, Typed)
        if typed and isinstance(answer, Refusal):
            self.broken = True  # what it shows is not what the log will ever tell
        if self.broken and not self.unanswered:
            self._build()

    def shows(self, prompt: Prompt) -> str:
        return str(self.docs[prompt].get("text", type=Text))

    def write(
        self, prompt: Prompt, at: int, gone: int, inserted: str, group: str | None, late: int
    ) -> None:
        if self.broken:
            return  # it waits for the answers under way, then builds its documents anew
        doc, text = self.docs[prompt], self.shows(prompt)
        root = doc.get("text", type=Text)
        at = at % (len(text) + 1)
        start = len(text[:at].encode())
        removed = text[at : at + gone]
        updates: list[bytes] = []
        watching = doc.observe(lambda event: updates.append(event.update))
        with doc.transaction():
            if removed:
                del root[start : start + len(removed.encode())]
            if inserted:
                root.insert(start, inserted)
        doc.unobserve(watching)
        for update in updates:
            self.give(Typed(prompt, update), group)
