"""One session: what someone sent goes in, effects come out (sans-I/O).

Call ``command`` (or ``join``, ``enter``), make the returned ``Append`` and ``Remember`` durable in
one transaction, then deliver the returned ``Reply`` effects and the events. If the transaction
fails call ``rollback`` with the same effects: it is as if nothing had come (L2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from framejam_protocol.errors import Code
from framejam_protocol.events import (
    Body,
    Branched,
    Entered,
    Event,
    Joined,
    Marked,
    Restored,
    Standing,
    Undone,
)
from framejam_protocol.fold.state import State, fold
from framejam_protocol.messages import Ack, Command, Edit, Refusal
from framejam_protocol.wire import WireError, payload
from framejam_server.session.decide import Objections, Rules
from framejam_server.session.groups import Groups
from framejam_server.session.history import assign
from framejam_server.session.no import No
from framejam_server.session.receipts import Answer, Client, Receipt, Receipts
from framejam_server.session.text import Texts, texts_of
from framejam_server.session.yjs import client_of


@dataclass(frozen=True, slots=True)
class Append:
    """Effect: this event belongs at the end of the log."""

    event: Event


@dataclass(frozen=True, slots=True)
class Remember:
    """Effect: this receipt belongs beside the log, in the same transaction."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Reply:
    """Effect: once everything is durable, tell the sender."""

    answer: Answer


Effect = Append | Remember | Reply


class Session:
    """The pure core of one session: log, state, clients, and the rules for what may be appended."""

    def __init__(
        self,
        events: Iterable[Event] = (),
        receipts: Iterable[Receipt] = (),
        blobs: Iterable[str] = (),
        state: State | None = None,
    ) -> None:
        """Rebuild a session from what was stored: every event from seq 1, and the receipts.

        ``state`` is the fold of the events, where it is known.
        """
        self.log: list[Event] = list(events)
        self.durable: State = fold(self.log) if state is None else state
        """The fold of what is stored: whoever stores an event applies it here, too."""
        self.state: State = self.durable.copy()
        """The fold of the whole log. It runs ahead of ``durable`` while a commit is under way."""
        self.blobs: set[str] = set(blobs)
        self.objections: Objections = lambda settings: {}
        """What speaks against settings: whoever knows the model sets it (T8)."""
        self.max_events: int | None = None
        """With so many events the session is full (A4); None: never."""
        self._receipts = Receipts(receipts)
        self._texts = Texts(self.log)
        self._groups = Groups()
        self._writers = {one.client_id for one in self.log if one.client_id and texts_of(one)}
        self._yjs_clients = {client_of(writer): writer for writer in self._writers}

    def prepare(self) -> None:
        """Do now what the first edit of a prompt would wait for; it may take a second."""
        self._texts.prepare()

    @property
    def clients(self) -> Mapping[str, Client]:
        """The clients by their id."""
        return self._receipts.clients

    def bind(self, client_id: str, participant: str) -> Client | None:
        """The client of this id, if it is (or becomes) the participant's; None if another's."""
        if self._yjs_clients.get(client_of(client_id), client_id) != client_id:
            return None  # it would write under another's Yjs client id (M3)
        client = self._receipts.bind(client_id, participant)
        if client is not None:
            self._yjs_clients[client_of(client_id)] = client_id
        return client

    def release(self, client_id: str) -> None:
        """A client left: its gesture is over (L6), and without a number used it is forgotten."""
        self._groups.close(client_id)
        self._receipts.release(client_id)
        if client_id not in self._receipts.clients and client_id not in self._writers:
            self._yjs_clients.pop(client_of(client_id), None)

    def end_group(self, client_id: str) -> list[Effect]:
        """The client's gesture is over (L6)."""
        self._groups.close(client_id)
        return []

    def prune(self) -> list[Receipt]:
        """Forget the receipts nobody may ask for any more; the store is to forget them, too (L4).

        Call it when everything returned before is durable.
        """
        gone = self._receipts.prune()
        if gone:
            known = self._receipts.clients.keys() | self._writers
            self._yjs_clients = {yjs: one for yjs, one in self._yjs_clients.items() if one in known}
        return gone

    def join(self, joined: Joined, now: int) -> list[Effect]:
        """A new participant. ``now`` in milliseconds since the Unix epoch."""
        return [self._append(joined.participant, joined, now)]

    def assign(
        self, by: str, participant: str, role: Standing, now: int, *, hand_over: bool = False
    ) -> list[Effect] | No:
        """Give somebody a role, or with "none" remove them, as the owner ``by`` (A1)."""
        events = assign(self.state, by, participant, role, hand_over)
        if isinstance(events, No):
            return events
        return [self._append(by, event, now) for event in events]

    def branch(self, branched: Branched, now: int) -> list[Effect]:
        """The first event of a branch after the copied ones (R4)."""
        return [self._append("", branched, now)]

    def enter(self, take: int, steps: Mapping[int, tuple[int, ...]], now: int) -> list[Effect]:
        """Edits get entry steps ({step: edits}) in a take; committed before it runs (T7)."""
        return [
            self._append("", Entered(take=take, step=step, edits=edits), now)
            for step, edits in sorted(steps.items())
        ]

    def command(
        self, participant: str, client_id: str, sent: Command | WireError, now: int
    ) -> list[Effect]:
        """What ``participant`` sent from ``client_id``: a command, or bytes that nearly were one.

        Returns the same answer for the same pair again (L4); refusals change nothing but the
        receipts (L5). ``now`` in milliseconds since the Unix epoch.
        """
        client = self.bind(client_id, participant)
        if client is None or sent.client_seq is None:
            raise ValueError("bind the client first; only commands with a client_seq come here")
        number, digest = sent.client_seq, _digest(sent)
        if number < client.next_seq:
            return [Reply(_again(number, client.receipts.get(number), digest))]
        if number > client.next_seq:
            return [
                Reply(
                    Refusal(
                        client_seq=number,
                        code=Code.GAP,
                        field="client_seq",
                        rule="L4",
                        used=False,
                        expected=client.next_seq,
                        message=f"client_seq {client.next_seq} is next; send it before {number}",
                    )
                )
            ]
        outcome = self._decide(client_id, participant, sent, now)
        if isinstance(outcome, No):
            return self._answer(client_id, participant, digest, outcome.refusal(number))
        appended = self._append(participant, outcome, now, client_id, number)
        texts = texts_of(appended.event)
        self._texts.commit(appended.event.seq, texts)
        if texts:
            self._writers.add(client_id)
        if isinstance(sent, Edit):
            self._groups.added(client_id, sent.group, appended.event.seq, now)
        else:
            self._groups.close(client_id)
            if isinstance(outcome, Undone):
                self._groups.close_all(outcome.groups)
            elif isinstance(outcome, Marked | Restored):
                self._groups.clear()  # no gesture is half in a version (R3)
        ack = Ack(client_seq=number, seq=appended.event.seq)
        return [appended, *self._answer(client_id, participant, digest, ack)]

    def rollback(self, effects: Iterable[Effect]) -> None:
        """Take back what effects that never became durable did to this object (L2)."""
        keep = len(self.log)
        receipts: list[Receipt] = []
        for effect in effects:
            if isinstance(effect, Append):
                keep = min(keep, effect.event.seq - 1)
            elif isinstance(effect, Remember):
                receipts.append(effect.receipt)
        self._receipts.take_back(receipts)
        if keep < len(self.log):
            del self.log[keep:]
            self.state = self.durable.copy()
            for event in self.log[self.state.seq :]:
                self.state.apply(event)
            self._texts.rewind(keep)
            self._groups.clear()

    def _decide(
        self, client_id: str, participant: str, sent: Command | WireError, now: int
    ) -> Body | No:
        """The event a command leads to, or why it leads to none."""
        if isinstance(sent, WireError):
            return No(sent.code, str(sent), sent.field, "L5")
        rules = Rules(
            self.state,
            self._texts,
            self.blobs,
            client_of(client_id),
            self.objections,
            self.max_events,
        )
        group = self._groups.of(client_id, sent.group, now) if isinstance(sent, Edit) else None
        return rules.decide(participant, sent, group)

    def _append(
        self,
        author: str,
        body: Body,
        now: int,
        client_id: str | None = None,
        client_seq: int | None = None,
    ) -> Append:
        event = Event(
            seq=self.state.seq + 1,
            at=now,
            author=author,
            body=body,
            client_id=client_id,
            client_seq=client_seq,
        )
        self.state.apply(event)
        self.log.append(event)
        return Append(event)

    def _answer(
        self, client_id: str, participant: str, digest: bytes, answer: Answer
    ) -> list[Effect]:
        receipt = Receipt(client_id, participant, answer.client_seq, digest, answer)
        self._receipts.remember(receipt)
        return [Remember(receipt), Reply(answer)]


def _digest(sent: Command | WireError) -> bytes:
    """What decides whether two commands are the same."""
    if isinstance(sent, WireError):
        return sent.digest
    return hashlib.sha256(payload(sent)).digest()


def _again(number: int, receipt: Receipt | None, digest: bytes) -> Answer:
    """The answer to a pair that was used before; its receipt may be forgotten by now."""
    if receipt is not None and receipt.digest == digest:
        return receipt.answer
    return Refusal(
        client_seq=number,
        code=Code.CONFLICT,
        rule="L4",
        field="client_seq",
        used=False,
        message="this client_seq was used for something else; count on, never reuse a number"
        if receipt is not None
        else "this client_seq was answered so long ago that the answer is forgotten; count on",
    )
