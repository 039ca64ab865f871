"""What every client was told, as far back as anyone may still ask (L4).

Two bounds keep what a malicious client can make a server remember small. ``MAX_RECEIPTS`` answers
of a session are kept, the newest; older pairs are answered with a ``conflict``. ``MAX_CLIENTS`` of
each person are kept, those used last; an older one is unknown again, and counts from 1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from framejam_protocol.limits import MAX_CLIENTS, MAX_RECEIPTS
from framejam_protocol.messages import Ack, Refusal

Answer = Ack | Refusal

PRUNED_AT_ONCE = 1000
"""Old receipts are forgotten by the thousand: one transaction, not one more a command."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was answered to (client_id, client_seq), kept with its effect (L4).

    ``digest`` is the SHA-256 of the command's bytes: the same pair with another is an error.
    """

    client_id: str
    participant: str
    client_seq: int
    digest: bytes
    answer: Answer


@dataclass(slots=True)
class Client:
    """A client program of a participant: what it was told, newest last, and its next number.

    The receipt of the newest number is always there: it is what the count is read from.
    """

    participant: str
    receipts: dict[int, Receipt] = field(default_factory=dict)

    @property
    def next_seq(self) -> int:
        """The client_seq expected next."""
        return next(reversed(self.receipts), 0) + 1


class Receipts:
    """The clients of one session and their receipts."""

    def __init__(self, receipts: Iterable[Receipt] = ()) -> None:
        """``receipts`` in the order in which they were given."""
        self.clients: dict[str, Client] = {}
        self._order: deque[Receipt] = deque()
        # What is older than the window, and yet its client's newest.
        self._counts: dict[str, Receipt] = {}
        self._used: dict[str, dict[str, None]] = {}  # participant -> clients, used last last
        for receipt in receipts:
            self.remember(receipt)

    def bind(self, client_id: str, participant: str) -> Client | None:
        """The client of this id, if it is (or becomes) the participant's; None if another's."""
        client = self.clients.setdefault(client_id, Client(participant))
        return client if client.participant == participant else None

    def release(self, client_id: str) -> None:
        """Forget a client that left without having used a number."""
        client = self.clients.get(client_id)
        if client is not None and not client.receipts:
            del self.clients[client_id]
            self._used.get(client.participant, {}).pop(client_id, None)

    def remember(self, receipt: Receipt) -> None:
        """Keep a receipt; its number is the next of its client."""
        client = self.clients.setdefault(receipt.client_id, Client(receipt.participant))
        client.receipts[receipt.client_seq] = receipt
        self._order.append(receipt)
        used = self._used.setdefault(receipt.participant, {})
        used.pop(receipt.client_id, None)
        used[receipt.client_id] = None

    def take_back(self, receipts: Iterable[Receipt]) -> None:
        """As if these, which were remembered last, had never come (L2)."""
        gone = {(receipt.client_id, receipt.client_seq) for receipt in receipts}
        for client_id, number in gone:
            del self.clients[client_id].receipts[number]
        while self._order and (self._order[-1].client_id, self._order[-1].client_seq) in gone:
            self._order.pop()

    def prune(self) -> list[Receipt]:
        """Forget what is beyond the bounds; returns it, for the store to forget it, too.

        Call it only when everything remembered is durable: it is not taken back.
        """
        gone = self._outdated() if len(self._order) >= MAX_RECEIPTS + PRUNED_AT_ONCE else []
        for used in self._used.values():
            while len(used) > MAX_CLIENTS:
                gone += self._forget_client(used)
        return gone

    def _outdated(self) -> list[Receipt]:
        gone: list[Receipt] = []
        while len(self._order) > MAX_RECEIPTS:
            old = self._order.popleft()
            client = self.clients.get(old.client_id)
            if client is None or client.receipts.get(old.client_seq) is not old:
                continue  # of a client that was forgotten meanwhile
            before = self._counts.pop(old.client_id, None)
            self._counts[old.client_id] = old
            gone += [] if before is None else [before]
        for client_id, old in list(self._counts.items()):
            if self.clients[client_id].next_seq > old.client_seq + 1:
                gone.append(self._counts.pop(client_id))
        for old in gone:
            del self.clients[old.client_id].receipts[old.client_seq]
        return gone

    def _forget_client(self, used: dict[str, None]) -> list[Receipt]:
        """Forget the client that a person has not used for the longest time."""
        client_id = next(iter(used))
        del used[client_id]
        self._counts.pop(client_id, None)
        return list(self.clients.pop(client_id).receipts.values())
