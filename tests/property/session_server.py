"""The server as the state machine has it: a core, what is durable of it, and its connections."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import PIL.Image
from people import created
from session_clients import Client, Sent

from framejam_protocol.errors import Code
from framejam_protocol.events import Edited, Event, Joined, Marked, Redone, Restored, Undone
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.records import Edit as LoggedEdit
from framejam_protocol.fold.snapshot import freeze, thaw
from framejam_protocol.fold.state import State, fold
from framejam_protocol.instructions import PROMPTS, Fields, Given, Typed
from framejam_protocol.messages import (
    Ack,
    Command,
    Edit,
    EndGroup,
    Mark,
    Redo,
    Refusal,
    Restore,
    Undo,
)
from framejam_server.export.bundle import Contents, write_bundle
from framejam_server.session.receipts import Receipt
from framejam_server.session.session import Append, Effect, Remember, Reply, Session
from framejam_server.session.upcast import decode_log

_FILE = io.BytesIO()
PIL.Image.new("RGB", (4, 3), "#446688").save(_FILE, "PNG")
PICTURE = _FILE.getvalue()
BLOB = hashlib.sha256(PICTURE).hexdigest()
"""The one image that the session has: a real one, for bundles are read with care."""

SILENCE_MS = 2_000
"""As L6 has it, whatever the server counts by."""


@dataclass
class Gesture:
    """What a test expects the next edit of a client to join (L6)."""

    name: str
    first: int
    last_at: int


class Server:
    """Decides what clients sent, makes it durable and passes it on; dies and comes back."""

    def __init__(self, people: dict[str, str], clients: Iterable[Client]) -> None:
        """``people`` with their roles."""
        self.rows = [msgspec.msgpack.encode(created())]
        self.receipts: list[Receipt] = []
        self.clients = list(clients)
        self.answers: dict[tuple[str, int], tuple[Command, Ack | Refusal]] = {}
        self.gestures: dict[str, Gesture] = {}
        self.stacks: dict[str, list[tuple[int, ...]]] = {person: [] for person in people}
        self.unsettled: set[str] = set()
        """Clients one of whose Yjs updates was refused: what they typed upon it is, too."""
        self.now = 0
        self.snapshot: bytes | None = None
        self.core = Session(decode_log(self.rows), [], [BLOB])
        for person, role in people.items():
            joined = Joined(participant=person, name=person, color="#000000", role=role)
            self.commit(None, self.core.join(joined, self.now))

    @property
    def state(self) -> State:
        return self.core.state

    # -- connections --------------------------------------------------------------------------

    def connect(self, client: Client) -> None:
        assert self.core.bind(client.id, client.person) is not None
        client.connected()
        client.down.extend(decode_log(self.rows)[client.seen :])

    def disconnect(self, client: Client) -> None:
        client.disconnected()
        self.core.release(client.id)
        self.gestures.pop(client.id, None)

    def restart(self) -> None:
        """What was not durable is gone, and so is every connection; the state comes from the newest
        snapshot and what was stored since."""
        for client in self.clients:
            client.disconnected()
        self.gestures.clear()
        log = decode_log(self.rows)
        state = thaw(self.snapshot, log) if self.snapshot else State()
        for event in log[state.seq :]:
            state.apply(event)
        self.core = Session(log, self.receipts, [BLOB], state)

    def keep(self) -> None:
        """Write a snapshot of what is durable."""
        self.snapshot = freeze(self.core.durable, decode_log(self.rows))

    def bundle(self, file: Path) -> None:
        """Write the session to a file (R5)."""
        log = decode_log(self.rows)
        contents = Contents("session", "epoch", None, log, [], [BLOB])
        write_bundle(file, contents, lambda _: io.BytesIO(PICTURE))

    # -- the log ------------------------------------------------------------------------------

    def take(self, client: Client, count: int) -> None:
        """Decide the next commands of a client, one by one, and make them durable."""
        for _ in range(min(count, len(client.up))):
            sent = client.up.popleft()
            if isinstance(sent, EndGroup):
                assert self.core.end_group(client.id) == []
                self.gestures.pop(client.id, None)
            else:
                self.decide(client, sent)

    def lose(self, client: Client, count: int) -> None:
        """Decide some, and fail to store them: it is as if they had never come (L2)."""
        before, length = state_hash(self.state), len(self.core.log)
        number = self.core.clients[client.id].next_seq
        effects: list[Effect] = []
        for sent in list(client.up)[:count]:
            if not isinstance(sent, EndGroup):
                effects += self.core.command(client.person, client.id, sent, self.now)
        self.core.rollback(effects)
        if any(isinstance(effect, Append) for effect in effects):
            self.gestures.clear()  # which of them the lost edits closed is not remembered
        assert (state_hash(self.state), len(self.core.log)) == (before, length)
        assert self.core.clients[client.id].next_seq == number

    def decide(self, client: Client, sent: Command) -> None:
        """One command, and the rules that speak of one."""
        length, before = len(self.core.log), state_hash(self.state)
        known = self.answers.get((client.id, sent.client_seq))
        shown, alive = self._shown(), self._live_groups()
        effects = self.core.command(client.person, client.id, sent, self.now)
        (answer,) = [effect.answer for effect in effects if isinstance(effect, Reply)]
        if known is not None:  # L4
            assert len(self.core.log) == length
            if known[0] == sent:
                assert answer == known[1]
            else:
                assert isinstance(answer, Refusal)
                assert (answer.code, answer.used) == (Code.CONFLICT, False)
        else:
            self.answers[client.id, sent.client_seq] = sent, answer
            self._check_answer(client, sent, answer)
            self._check_gesture(client, sent)
            self._check_undo(client.person, sent, alive)
            self._check_stack(client.person, sent, answer)
            if isinstance(sent, Restore):
                self._check_restore(sent.to, answer, before)
        self._check_letters(client.person, sent, shown)
        self.commit(client, effects)

    def commit(self, client: Client | None, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Append(event):
                    self.core.durable.apply(event)
                    self.rows.append(msgspec.msgpack.encode(event))
                    for other in self.clients:
                        if other.online:
                            other.down.append(event)
                case Remember(receipt):
                    self.receipts.append(receipt)
                case Reply(answer):
                    assert client is not None
                    client.down.append(answer)

    def given(self, event: Event) -> Given | None:
        """What a client gave for an event, in its own words."""
        sent = self.answers.get((event.client_id or "", event.client_seq or 0))
        return sent[0].instruction if sent and isinstance(sent[0], Edit) else None

    # -- what is to hold ----------------------------------------------------------------------

    def _check_answer(self, client: Client, sent: Command, answer: Ack | Refusal) -> None:
        """Who may and says something possible is not refused."""
        typed = isinstance(sent, Edit) and isinstance(sent.instruction, Typed)
        if isinstance(answer, Ack):
            event = self.core.log[-1]
            assert (event.seq, event.author) == (answer.seq, client.person)
            assert (event.client_id, event.client_seq) == (client.id, sent.client_seq)
            return
        allowed = {Code.TOO_LARGE, Code.NOTHING_TO_UNDO, Code.NOTHING_TO_REDO, Code.FORBIDDEN}
        if isinstance(sent, Undo) and sent.group is not None:
            allowed |= {Code.NOT_FOUND}
        if isinstance(sent, Edit) and not typed:
            allowed |= {Code.NOT_FOUND}  # a revision of what was undone meanwhile
        if isinstance(sent, Mark | Restore):
            allowed |= {Code.NOT_FOUND, Code.INVALID}
        if typed and client.id in self.unsettled:
            allowed |= {Code.INVALID}
        assert answer.code in allowed, answer
        if typed:
            self.unsettled.add(client.id)

    def settled(self, client: Client) -> None:
        """The client has built its documents anew."""
        self.unsettled.discard(client.id)

    def _check_gesture(self, client: Client, sent: Sent) -> None:
        """L6: exactly the edits of one open gesture of one client are one group."""
        event = self.core.log[-1]
        if (event.client_id, event.client_seq) != (client.id, getattr(sent, "client_seq", None)):
            return
        if isinstance(event.body, Marked | Restored):
            self.gestures.clear()
            return
        if not isinstance(sent, Edit):
            self.gestures.pop(client.id, None)
            if isinstance(event.body, Undone):
                for who, gesture in list(self.gestures.items()):
                    if gesture.first in event.body.groups:
                        del self.gestures[who]
            return
        assert isinstance(event.body, Edited)
        open_one = self.gestures.get(client.id)
        if (
            sent.group is not None
            and open_one is not None
            and open_one.name == sent.group
            and self.now - open_one.last_at <= SILENCE_MS
        ):
            assert event.body.group == open_one.first
            open_one.last_at = self.now
            return
        assert event.body.group is None
        self.gestures.pop(client.id, None)
        if sent.group is not None:
            self.gestures[client.id] = Gesture(sent.group, event.seq, self.now)

    def _check_undo(self, person: str, sent: Command, alive: set[int]) -> None:
        """U2: one's own groups, or the one that was named."""
        body = self.core.log[-1].body
        if isinstance(sent, Edit | Mark | Restore):
            return
        if isinstance(body, Undone | Redone) and any(
            one in self.state.restores for one in body.groups
        ):
            return  # everybody's groups go with a restore
        changed = alive ^ self._live_groups()
        others = {one for one in changed if self.state.edits[one].author != person}
        if isinstance(sent, Undo):
            assert others <= {sent.group}
            assert not others or self.state.participants[person].role == "owner"
        if isinstance(sent, Redo) and others:
            assert isinstance(body, Redone)
            assert others <= set(body.groups)
            undos = [
                event.author
                for event in self.core.log
                if isinstance(event.body, Undone) and others & set(event.body.groups)
            ]
            assert undos[-1] == person, "redo of an owner's undo stays with that owner"

    def _check_stack(self, person: str, sent: Command, answer: Ack | Refusal) -> None:
        """U4, U5: a redo brings back the person's last undo; an edit of theirs ends that."""
        stack, body = self.stacks[person], self.core.log[-1].body
        if isinstance(answer, Refusal):
            assert answer.code != Code.NOTHING_TO_REDO or not stack
        elif isinstance(sent, Edit | Restore):
            stack.clear()
        elif isinstance(sent, Mark):
            assert isinstance(body, Marked)
        elif isinstance(body, Undone):
            stack.append(body.groups)
        else:
            assert isinstance(body, Redone)
            assert body.groups == stack.pop()

    def _check_restore(self, to: int, answer: Ack | Refusal, before: str) -> None:
        """R3: everything is as it was then, the mapping too; where it is so it is refused."""
        if isinstance(answer, Refusal) and answer.code != Code.INVALID:
            return
        length = len(self.core.log) - isinstance(answer, Ack)
        edits = self.state.edits.values()
        if any(edit.group <= to < edit.seq <= length for edit in edits):
            return  # a gesture that had begun counts whole
        then = fold(self.core.log[:to])
        assert state_hash(self.state) == state_hash(then)
        if isinstance(answer, Refusal):
            assert before == state_hash(then)
            return
        assert self.state.take == then.take
        now = self.state.mapping(then.take)
        assert then.mapping(then.take).items() <= now.items()

    def _check_letters(self, person: str, sent: Command, shown: dict[int, int]) -> None:
        """U6: an undo hides no letter of an edit that is still live."""
        body = self.core.log[-1].body
        if not isinstance(sent, Undo) or not isinstance(body, Undone):
            return
        if not self.state.restores.keys().isdisjoint(body.groups):
            return  # who deleted a letter may be live again
        now = self._shown()
        for seq, count in shown.items():
            if self.state.live(seq):
                assert now.get(seq, 0) >= count, f"letters of edit {seq} went"

    def _shown(self) -> dict[int, int]:
        counts: dict[int, int] = {}
        for prompt in PROMPTS:
            counts.update(self.state.prompts[prompt].writers)
        return counts

    def _live_groups(self) -> set[int]:
        return {edit.group for edit in self.state.edits.values()} - self.state.dead


def mappings(state: State) -> dict[int, dict[int, int]]:
    """{live edit -> entry step} of every take there was."""
    return {take: state.mapping(take) for take in state.entries}


def in_force(state: State, first: Fields, writers: Iterable[LoggedEdit]) -> Fields:
    """M2, in the plainest way: each field as its last live writer left it."""
    fields = dict(first)
    for edit in writers:
        if state.live(edit.seq):
            given = msgspec.structs.asdict(edit.instruction)
            fields |= {name: value for name, value in given.items() if value is not msgspec.UNSET}
    fields.pop("target", None)
    return fields
