"""The rows the contract tests put in."""

from __future__ import annotations

from framejam_protocol.events import Created, Edited, Event
from framejam_protocol.instructions import Settings, Splice, Text
from framejam_protocol.messages import Ack
from framejam_server.session.receipts import Receipt
from framejam_server.store.contract import SessionRow

SETTINGS = Settings(
    model="embedded", seed=1, steps=25, frames=16, width=64, height=64, fps=8, guidance=100
)
ROW = SessionRow("session1", "epoch1", 1000)
CREATED = Event(seq=1, at=1, author="", body=Created(settings=SETTINGS))


def edited(seq: int, words: str = "x") -> Event:
    """Event ``seq``: anna types."""
    return Event(
        seq=seq,
        at=seq,
        author="anna",
        body=Edited(instruction=Text("content", b"\x00\x00", (Splice(0, "", words),))),
        client_id="client-01",
        client_seq=seq,
    )


def receipt(number: int) -> Receipt:
    """What anna's client was told to its command ``number``."""
    return Receipt("client-01", "anna", number, number.to_bytes(32, "big"), Ack(number, number + 1))
