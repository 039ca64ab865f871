"""L5: ten thousand messages nobody sends by accident, through the decoder and the session core.

Seeds are the golden vectors; Hypothesis bends them. Whatever comes, the answer is typed, names
the field where there is one, and leaves the state, the log and everybody else's numbers alone.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import tracemalloc
from pathlib import Path

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
from people import Table

from framejam_protocol.errors import Code
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.messages import Ack, Command, Fault, Need, PresenceUpdate, Refusal
from framejam_protocol.wire import WireError, decode_client, decode_server, encode
from framejam_server.session import receipts
from framejam_server.session.presence import Roster

VECTORS = Path(__file__).parents[2] / "protocol" / "vectors"


def vectors(name: str) -> list[bytes]:
    found = json.loads((VECTORS / f"{name}.json").read_text())
    return [bytes.fromhex(vector["hex"]) for vector in found]


VALID = [msgpack.unpackb(data) for data in vectors("client")]
# Long ones are bent as well as short ones, and take a hundred times as long.
RAW = [data for data in vectors("client") + vectors("invalid") if len(data) < 5000]

NAN = float("nan")
ODD = [
    None, True, False, -1, 0, 1, 2**31, 2**53, 2**63, 2**64 - 1, -(2**63), 0.5, NAN, float("inf"),
    "", "x" * 3000, "\u0000", "#ff0000", b"", b"\xff" * 9, [], [[]], [1] * 700, {}, {"kind": "x"},
    {"": {}}, {1: 1}, msgpack.ExtType(5, b"x"), msgpack.Timestamp(1, 1), "edit", "paint", "undo",
]  # fmt: skip


def nested(depth: int, mapped: bool) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"kind": value} if mapped else [value]
    return value


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Every place in a message, outermost first."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:3]):
            found += places(inner, (*path, index))
    return found


def put(message: object, path: tuple[object, ...], value: object) -> object:
    """The message with another value at this place."""
    if not path:
        return value
    copy = dict(message) if isinstance(message, dict) else list(message)
    copy[path[0]] = put(copy[path[0]], path[1:], value)
    return copy


PLACES = [(message, path) for message in VALID for path in places(message)]

flipped = st.builds(
    lambda data, at, bits: (
        data[: at % len(data)] + bytes([data[at % len(data)] ^ bits]) + data[at % len(data) + 1 :]
    ),
    st.sampled_from([data for data in RAW if data]),
    st.integers(0, 4999),
    st.integers(1, 255),
)
cut = st.builds(lambda data, at: data[: at % (len(data) + 1)], st.sampled_from(RAW), st.integers(0))
joined = st.builds(
    lambda one, other, at: one[: at % (len(one) + 1)] + other,
    st.sampled_from(RAW),
    st.sampled_from(RAW) | st.binary(max_size=20),
    st.integers(0, 5000),
)
retyped = st.builds(
    lambda place, value: msgpack.packb(put(*place, value)),
    st.sampled_from(PLACES),
    st.sampled_from(ODD) | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5),
)
deepened = st.builds(
    lambda place, depth, mapped: msgpack.packb(put(*place, nested(depth, mapped))),
    st.sampled_from(PLACES),
    st.integers(1, 400),
    st.booleans(),
)
widened = st.builds(
    lambda message, name, value: msgpack.packb({**message, name: value}),
    st.sampled_from(VALID),
    st.text(max_size=6) | st.sampled_from(["seq", "author", "at", "v", "type", "token"]),
    st.sampled_from(ODD),
)
MUTATED = flipped | cut | joined | retyped | deepened | widened


class Room:
    """Anna, who did something; and Mallory, an editor whose client went wrong."""

    def __init__(self) -> None:
        self.table = Table("anna", "mallory")
        self.table.content("anna", "hers")
        self.table.paint("anna")
        self.core = self.table.session
        self.roster = Roster({1: "mallory"})
        self.before = self.facts()

    def facts(self) -> tuple[object, ...]:
        """What a bad message may not change."""
        return (
            state_hash(self.core.state),
            len(self.core.log),
            self.core.clients["tab-of-anna"].next_seq,
            len(self.core.clients),
        )

    def feed(self, data: bytes) -> Ack | Refusal | Fault | None:
        """What the server answers; what changed the log legally is taken back again."""
        try:
            message = decode_client(data)
        except WireError as error:
            if error.client_seq is None:
                return Fault(code=error.code, message=str(error), field=error.field)
            return self.command(error)
        if isinstance(message, Command):
            return self.command(message)
        if isinstance(message, PresenceUpdate):
            self.roster.point(1, message)
        elif isinstance(message, Need):
            self.core.log[message.after : message.after + 3]
        return None

    def command(self, sent) -> Ack | Refusal:
        effects = self.core.command("mallory", "tab-of-mallory", sent, 0)
        answer = Table.answer(effects)
        if isinstance(answer, Ack):
            self.core.rollback(effects)
        else:
            self.core.prune()
        return answer


def check(room: Room, data: bytes) -> None:
    answer = room.feed(data)
    assert room.facts() == room.before
    if isinstance(answer, Refusal | Fault):
        assert answer.code in set(Code)
        assert 0 < len(answer.message) < 600
        # It goes on the wire and comes back: every client can read it.
        assert decode_server(encode(answer)) == answer


@pytest.fixture(scope="module")
def room():
    return Room()


@pytest.fixture(autouse=True)
def small_window(monkeypatch):
    monkeypatch.setattr(receipts, "MAX_RECEIPTS", 200)
    monkeypatch.setattr(receipts, "PRUNED_AT_ONCE", 10)


@settings(
    max_examples=10_000,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(MUTATED)
def test_L5_10000_bent_messages_change_nothing_and_are_answered_by_type(room, data):
    check(room, data)
    assert len(room.core.clients["tab-of-mallory"].receipts) <= 210


@pytest.mark.parametrize(("message", "path"), PLACES, ids=str)
def test_L5_the_answer_names_the_field_wherever_it_is(message, path):
    with pytest.raises(WireError) as caught:
        decode_client(msgpack.packb(put(message, path, NAN)))
    named = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".")
    assert caught.value.field == named
    assert caught.value.code in (Code.INVALID, Code.UNKNOWN_TYPE)
    if path == ("client_seq",) or path == ("type",) or message["type"] not in _COMMANDS:
        assert caught.value.client_seq is None
    else:
        assert caught.value.client_seq == message["client_seq"]


_COMMANDS = ("edit", "undo", "redo", "mark", "restore")


def bend(chance: random.Random) -> bytes:
    """One bent message, quickly: for counting bytes, not for finding faults."""
    data = bytearray(chance.choice([one for one in RAW if one]))
    for _ in range(chance.randrange(1, 4)):
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    place = chance.choice(PLACES)
    return chance.choice([bytes(data), msgpack.packb(put(*place, chance.choice(ODD)))])


def test_L5_bad_messages_leave_no_memory_behind():
    room, chance = Room(), random.Random(7)

    def load() -> int:
        number = room.core.clients["tab-of-mallory"].next_seq
        for turn in range(2000):
            check(room, bend(chance))
            wrong = {"type": "edit", "client_seq": number + turn, "instruction": {"kind": turn}}
            assert room.feed(msgpack.packb(wrong)).used
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        load()
        warm = load()
        assert load() - warm < 200_000, "4,000 bad messages, and each is forgotten"
    finally:
        tracemalloc.stop()
