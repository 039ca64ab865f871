"""People in a session, for the vectors: they say things, and what follows is written down.

``Room`` drives the server's core (``framejam_server.session``), so what it writes is what a server
answers. Clients that type use pycrdt under the Yjs client id a welcome would give them; ids and
times are counted, so the same script writes the same bytes.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from pycrdt import Doc, TransactionEvent
from pycrdt import Text as YText

from framejam_protocol.events import Branched, Created, Event, Joined
from framejam_protocol.fold.canonical import canonical, state_hash
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.instructions import PROMPTS, Given, Prompt, Settings, Typed
from framejam_protocol.messages import (
    ClientMessage,
    Edit,
    EndGroup,
    Mark,
    Redo,
    Restore,
    ServerMessage,
    Undo,
)
from framejam_protocol.wire import WireError, decode_client, encode, encode_json
from framejam_server.session.receipts import Receipt
from framejam_server.session.session import Append, Effect, Remember, Reply, Session
from framejam_server.session.text import texts_of
from framejam_server.session.yjs import client_of

Step = dict[str, Any]

BLOB = "ab" * 32
AT = 1_767_225_600_000
PAUSE_MS = 100
SETTINGS = Settings(
    model="embedded", seed=7, steps=12, frames=16, width=64, height=64, fps=8, guidance=100
)


class Room:
    """One session and what was said in it, in ``steps``."""

    def __init__(self) -> None:
        created = Event(1, AT, "", Created(SETTINGS))
        self.session = Session([created], blobs=[BLOB])
        self.now = AT
        self.clients: list[Client] = []
        self.steps: list[Step] = []
        self._receipts: list[Receipt] = []
        self._event(created)

    def join(self, name: str, role: str = "editor", color: str = "#2e86de") -> Client:
        """A new participant with one client."""
        participant = f"p{len(self.clients) + 1:04d}"
        client = self.client(participant, f"client-of-{name}")
        self._take(self.session.join(Joined(participant, name, color, role), self._tick()), client)
        return client

    def client(self, participant: str, client_id: str) -> Client:
        """One more client of a participant."""
        client = Client(self, participant, client_id)
        self.clients.append(client)
        return client

    def wait(self, ms: int) -> None:
        """Nobody says anything for a while."""
        self.now += ms

    def enter(self, take: int, step: int, edits: tuple[int, ...]) -> None:
        """The server lets edits enter a take."""
        self._take(self.session.enter(take, {step: edits}, self._tick()), self.clients[0])

    def assign(self, by: str, participant: str, role: str) -> None:
        """An owner gives somebody a role."""
        effects = self.session.assign(by, participant, role, self._tick())
        assert isinstance(effects, list), effects
        self._take(effects, self.clients[0])

    def branch(self, participant: str) -> None:
        """This is a branch from here on."""
        branched = Branched("0123456789abcdef", self.session.state.seq, participant)
        self._take(self.session.branch(branched, self._tick()), self.clients[0])

    def restart(self) -> None:
        """The server is stopped and started again: everything is read back from what it stored."""
        self.steps.append({"what": "restart"})
        self.session = Session(self.session.log, self._receipts, [BLOB])

    def hear(self, client: Client, data: bytes) -> int | None:
        """``client`` sends bytes; returns the seq of the event they led to."""
        now = self._tick()
        self.steps.append(
            {"what": "message", "from": client.id, "at": now, **_said(data), "valid": True}
        )
        try:
            sent = decode_client(data)
        except WireError as error:
            self.steps[-1]["valid"] = False
            return self._take(
                self.session.command(client.participant, client.id, error, now), client
            )
        if isinstance(sent, EndGroup):
            return self._take(self.session.end_group(client.id), client)
        assert isinstance(sent, Edit | Undo | Redo | Mark | Restore), sent
        return self._take(self.session.command(client.participant, client.id, sent, now), client)

    def leave(self, client: Client) -> None:
        """The client's connection ends."""
        self.steps.append({"what": "leaves", "from": client.id})
        self.session.release(client.id)

    def _tick(self) -> int:
        self.now += PAUSE_MS
        return self.now

    def _take(self, effects: list[Effect], client: Client) -> int | None:
        seq = None
        for effect in effects:
            match effect:
                case Append(event):
                    seq = event.seq
                    self._event(event)
                case Remember(receipt):
                    self._receipts.append(receipt)
                case Reply(answer):
                    self.steps.append({"what": "answer", "to": client.id, **told(answer)})
        return seq

    def _event(self, event: Event) -> None:
        state = self.session.state
        self.steps.append(
            {
                "what": "event",
                **told(event),
                **{prompt: prompt_text(state, prompt) for prompt in PROMPTS},
                "take": state.take,
                "canonical": canonical(state).decode(),
                "hash": state_hash(state),
            }
        )


class Client:
    """A program of a participant, which types as a Yjs client."""

    def __init__(self, room: Room, participant: str, client_id: str) -> None:
        self.room = room
        self.participant = participant
        self.id = client_id
        self.yjs = client_of(client_id)
        self.number = 0
        self.last = b""
        self.rebuild()

    # -- commands: each returns the seq of its event, None where it was refused ---------------

    def edit(
        self, instruction: Given, group: str | None = None, depth: int | None = None
    ) -> int | None:
        """Give an instruction."""
        return self.say(Edit(self._next(), instruction, depth, group))

    def undo(self, group: int | None = None) -> int | None:
        """Press undo, or undo a group by its name."""
        return self.say(Undo(self._next(), group))

    def redo(self) -> int | None:
        """Press redo."""
        return self.say(Redo(self._next()))

    def mark(self, name: str | None, of: int | None = None) -> int | None:
        """Name a version, or take its name away."""
        return self.say(Mark(self._next(), of, name))

    def restore(self, to: int) -> int | None:
        """Put the session back."""
        return self.say(Restore(self._next(), to))

    def end_group(self) -> None:
        """The gesture is over."""
        self.say(EndGroup())

    def say(self, message: ClientMessage) -> int | None:
        """Send a message as it is."""
        return self.send(encode(message))

    def send(self, data: bytes) -> int | None:
        """Send bytes as they are."""
        self.last = data
        return self.room.hear(self, data)

    def again(self) -> int | None:
        """Send the last bytes once more."""
        return self.send(self.last)

    def loose(self, **fields: object) -> int | None:
        """Send a map that is no valid message under the next number."""
        return self.send(msgspec.msgpack.encode({"client_seq": self._next(), **fields}))

    # -- typing ---------------------------------------------------------------------------------

    def type(
        self, prompt: Prompt, at: int, removed: str, inserted: str, group: str | None = None
    ) -> int | None:
        """Catch up, change a text, send the change."""
        self.catch_up()
        return self.edit(Typed(prompt, self.compose(prompt, at, removed, inserted)), group)

    def compose(
        self, prompt: Prompt, at: int, removed: str, inserted: str, root: str = "text"
    ) -> bytes:
        """Change the own copy of a text; the Yjs update, to be sent now or later."""
        doc = self.docs[prompt]
        text = doc.get(root, type=YText)
        before = str(text)
        assert before.startswith(removed, at), (before, at, removed)
        start = len(before[:at].encode())
        made: list[bytes] = []

        def transacted(event: TransactionEvent) -> None:
            made.append(event.update)

        watching = doc.observe(transacted)
        with doc.transaction():
            if removed:
                del text[start : start + len(removed.encode())]
            if inserted:
                text.insert(start, inserted)
        doc.unobserve(watching)
        return made[0]

    def catch_up(self) -> None:
        """Read the events that were not read yet."""
        log = self.room.session.log
        for event in log[self.read :]:
            for text in texts_of(event):
                self.docs[text.prompt].apply_update(text.update)
        self.read = len(log)

    def rebuild(self) -> None:
        """Forget the own copies of the texts: the next ``catch_up`` makes them from the log."""
        self.docs: dict[Prompt, Doc[YText]] = {
            prompt: Doc[YText](client_id=self.yjs) for prompt in PROMPTS
        }
        self.read = 0

    def _next(self) -> int:
        self.number += 1
        return self.number


def told(message: ServerMessage) -> Step:
    """A server's message in both encodings."""
    return {"hex": encode(message).hex(), "json": json.loads(encode_json(message))}


def _said(data: bytes) -> Step:
    """A client's bytes in both encodings, valid or not."""
    loose = msgspec.msgpack.decode(data)
    return {"hex": data.hex(), "json": json.loads(msgspec.json.encode(loose))}
