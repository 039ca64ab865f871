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
from framejam_protocol.events import Body, Edited, Entered, Event, Joined
from framejam_protocol.instructions import Image
from framejam_protocol.messages import Ack, Command, Edit, Redo, Refusal, Undo
from framejam_protocol.wire import WireError, payload
from framejam_server.session.log import State, fold
from framejam_server.session.receipts import Answer, Client, Receipt, Receipts
from framejam_server.session.roles import may, who_may
from framejam_server.session.undo import plan_redo, plan_undo


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
    ) -> None:
        """Rebuild a session from what was stored: every event from seq 1, and the receipts."""
        self.log: list[Event] = list(events)
        self.state: State = fold(self.log)
        self.blobs: set[str] = set(blobs)
        self._receipts = Receipts(receipts)

    @property
    def clients(self) -> Mapping[str, Client]:
        """The clients by their id."""
        return self._receipts.clients

    def bind(self, client_id: str, participant: str) -> Client | None:
        """The client of this id, if it is (or becomes) the participant's; None if another's."""
        return self._receipts.bind(client_id, participant)

    def release(self, client_id: str) -> None:
        """Forget a client that left without having used a number."""
        self._receipts.release(client_id)

    def prune(self) -> list[Receipt]:
        """Forget the receipts nobody may ask for any more; the store is to forget them, too (L4).

        Call it when everything returned before is durable.
        """
        return self._receipts.prune()

    def join(self, joined: Joined, now: int) -> list[Effect]:
        """A new participant. ``now`` in milliseconds since the Unix epoch."""
        return [self._append(joined.participant, joined, now)]

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
        outcome = self._decide(participant, number, sent)
        if isinstance(outcome, Refusal):
            return self._answer(client_id, participant, digest, outcome)
        appended = self._append(participant, outcome, now, client_id, number)
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
            self.state = fold(self.log)

    def _decide(self, participant: str, number: int, sent: Command | WireError) -> Body | Refusal:
        """The event a command leads to, or why it leads to none."""
        if isinstance(sent, WireError):
            return Refusal(
                client_seq=number, code=sent.code, message=str(sent), field=sent.field, rule="L5"
            )
        action = type(sent).__struct_config__.tag
        role = self.state.participants[participant].role
        if not may(role, str(action)):
            return Refusal(
                client_seq=number,
                code=Code.FORBIDDEN,
                rule="A1",
                field="type",
                message=f"a {role} cannot {action}; ask an owner to invite you as "
                f"{who_may(str(action))}",
            )
        match sent:
            case Edit():
                return self._edit(sent)
            case Undo():
                return plan_undo(self.state, participant) or Refusal(
                    client_seq=number,
                    code=Code.NOTHING_TO_UNDO,
                    rule="U2",
                    message="you have no edit left to undo; undo never takes out somebody else's",
                )
            case Redo():
                return plan_redo(self.state, participant) or Refusal(
                    client_seq=number,
                    code=Code.NOTHING_TO_REDO,
                    rule="U4",
                    message="nothing to redo: you have undone nothing since your last edit",
                )

    def _edit(self, edit: Edit) -> Body | Refusal:
        image = edit.instruction
        if isinstance(image, Image) and image.blob is not None and image.blob not in self.blobs:
            return Refusal(
                client_seq=edit.client_seq,
                code=Code.NOT_FOUND,
                rule="A3",
                field="instruction.blob",
                message="this session has no such image; upload it first, then send its id",
            )
        return Edited(instruction=edit.instruction, depth=edit.depth)

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
