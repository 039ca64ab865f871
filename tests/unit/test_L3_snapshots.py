"""L3: a thawed state is the fold of the log it was frozen from, and stays so whatever comes."""

import hashlib
import json
import zlib
from pathlib import Path

import msgspec
import pytest
from deeds import Room, deeds
from hypothesis import given
from hypothesis import strategies as st
from people import Table
from test_fold_every_event import every_event

from framejam_protocol.events import Edited, Event
from framejam_protocol.fold import snapshot
from framejam_protocol.fold.canonical import StateHasher, canonical, state_hash
from framejam_protocol.fold.columns import pack, unpack, unpack_column
from framejam_protocol.fold.snapshot import FORMAT, SnapshotError, freeze, thaw
from framejam_protocol.fold.state import State, fold
from framejam_protocol.fold.unread import AT_ONCE, Unread
from framejam_protocol.instructions import PROMPTS, Text
from framejam_protocol.wire import decode_server
from framejam_server.bench.drawn import drawn_events

VECTORS = Path(__file__).parents[2] / "protocol" / "vectors"
HEAD = len(b"framejam") + 2


def logs() -> list[list[Event]]:
    states = json.loads((VECTORS / "states.json").read_text(encoding="utf-8"))
    return [[event_of(step) for step in one["events"]] for one in states]


def event_of(step: dict[str, str]) -> Event:
    event = decode_server(bytes.fromhex(step["hex"]))
    assert isinstance(event, Event)
    return event


def equal(state: State, other: State) -> None:
    """Equal in everything anybody can ask of them, in the order it is answered."""
    assert state == other
    assert canonical(state) == canonical(other)
    assert list(state.edits) == list(other.edits)
    assert list(state.edits.values()) == list(other.edits.values())
    assert state.pending() == other.pending()
    for prompt in PROMPTS:
        one, two = state.prompts[prompt], other.prompts[prompt]
        assert (one.text, one.writers, one.wholes) == (two.text, two.writers, two.wholes)
        for seq in state.by_kind.get(Text, ()):
            assert one.inserted(seq) == two.inserted(seq)
            assert one.deleted(seq) == two.deleted(seq)
    for lock in state.locks:
        assert state.held(lock) == other.held(lock)


def thawed(log: list[Event], at: int) -> list[State]:
    """The state after event ``at`` out of a snapshot that holds all, and of one beside the log."""
    state = fold(log[:at])
    return [thaw(freeze(state), hasher=StateHasher()), thaw(freeze(state, log), log, StateHasher())]


@given(deeds=deeds, cuts=st.lists(st.integers(0, 400), min_size=1, max_size=2))
def test_L3_a_thawed_state_is_the_fold_and_stays_it_under_all_later_events(deeds, cuts):
    room = Room()
    for deed in deeds:
        room.do(deed)
    log = room.table.session.log
    for cut in cuts:
        at = min(cut, len(log))
        for state in thawed(log, at):
            equal(state, fold(log[:at]))
            for event in log[at:]:
                state.apply(event)
            equal(state, fold(log))


def test_L3_every_kind_of_event_survives_freezing_at_every_seq():
    log = every_event()
    for at in range(len(log) + 1):
        for state in thawed(log, at):
            for event in log[at:]:
                state.apply(event)
            equal(state, fold(log))


def test_L3_letters_that_several_edits_deleted_come_back_as_they_should():
    table = Table("anna", "ben1")
    table.content("anna", "one")
    table.content("ben1", "two")
    table.undo("ben1")
    table.content("anna", "three")
    cut = len(table.session.log)
    assert any(len(char.gone) == 2 for char in table.state.prompts["content"])
    table.redo("ben1")
    table.undo("anna")
    table.undo("ben1")
    for state in thawed(table.session.log, cut):
        equal(state, fold(table.session.log[:cut]))
        for event in table.session.log[cut:]:
            state.apply(event)
        equal(state, table.state)


def test_L3_what_a_restore_turned_last_is_kept_beside_what_it_turned_first():
    table = Table("anna", "ben1")
    table.paint("anna")
    table.drag("ben1")
    both = len(table.session.log)
    table.undo("ben1")
    table.restore("anna", both)
    table.undo("ben1")
    table.undo("anna")
    cut = len(table.session.log)
    assert table.state._turned != table.state.restores
    table.redo("anna")
    for state in thawed(table.session.log, cut):
        for event in table.session.log[cut:]:
            state.apply(event)
        equal(state, table.state)


def test_L3_a_copy_of_a_thawed_state_goes_its_own_way():
    log = every_event()
    whole = fold(log)
    for state in thawed(log, 5):
        before = state.copy()
        before.edits.get(log[4].seq)
        for event in log[5:]:
            state.apply(event)
        equal(before, fold(log[:5]))
        equal(state, fold(log))
        assert list(before.edits) != list(state.edits)
        assert (len(before.edits), len(state.edits)) == (len(fold(log[:5]).edits), len(whole.edits))
        assert not any(seq in before.edits for seq in whole.edits if seq > 5)
        equal(state.copy(), state)


def test_L3_a_thawed_state_freezes_again():
    log = every_event()
    for state in thawed(log, len(log)):
        equal(thaw(freeze(state), hasher=StateHasher()), fold(log))
        equal(thaw(freeze(state, log), log, StateHasher()), fold(log))
    assert len(freeze(fold(log), log)) < len(freeze(fold(log)))


def test_L3_edits_are_read_in_blocks_and_only_those_somebody_asks_for():
    log = list(drawn_events(3 * AT_ONCE + 7))
    whole = fold(log)
    beside = thaw(freeze(whole, log), log)
    for state in (thaw(freeze(whole)), beside):
        assert isinstance(state.edits, Unread)
        assert len(state.edits) == 3 * AT_ONCE + 7
        assert not state.edits._known
        seqs = list(whole.edits)
        assert state.edits[seqs[AT_ONCE]] == whole.edits[seqs[AT_ONCE]]
        assert list(state.edits._known) == seqs[AT_ONCE : 2 * AT_ONCE]
        for seq in (0, 1, 10**9):
            assert seq not in state.edits
            assert state.edits.get(seq) is None
            with pytest.raises(KeyError):
                state.edits[seq]
        assert len(state.edits._known) == AT_ONCE
        other = state.edits.copy()
        other.read_all()
        assert sorted(other._known) == seqs
        assert all(seq in state.edits for seq in seqs)
        equal(state, whole)
    newest = max(seq for seq in whole.edits)
    body = log[newest - 1].body
    assert isinstance(body, Edited)
    assert beside.edits[newest].instruction is body.instruction, "held once, not twice"


def test_L3_damaged_snapshots_are_refused_whatever_byte_is_wrong():
    log = every_event()
    state = fold(log)
    for data, with_log in ((freeze(state), None), (freeze(state, log), log)):
        places = [*range(HEAD + 32), *range(HEAD + 32, len(data), 97), len(data) - 1]
        for place in places:
            wrong = bytearray(data)
            wrong[place] ^= 1
            with pytest.raises(SnapshotError):
                thaw(bytes(wrong), with_log)
        for length in (0, 7, 8, 9, 20, HEAD + 32, len(data) // 2, len(data) - 1):
            with pytest.raises(SnapshotError):
                thaw(data[:length], with_log)
        with pytest.raises(SnapshotError):
            thaw(data + b"\0", with_log)


@pytest.mark.parametrize("most", [127, 128, 32_767, 32_768, 2**31 - 1])
def test_L3_a_column_keeps_every_integer_of_32_bits(most):
    for numbers in ([], [0], [most], [-most - 1], [1, most, -1, 0], [most, -most - 1]):
        assert unpack(pack(numbers)) == numbers
        assert list(unpack_column(pack(numbers))) == numbers
    assert unpack_column(pack([1])).itemsize == 4, "it may grow"
    with pytest.raises(OverflowError):
        pack([2**31])


def sealed(body: bytes) -> bytes:
    """A snapshot with a digest that is right, whatever follows it."""
    return b"framejam" + FORMAT.to_bytes(2, "big") + hashlib.sha256(body).digest() + body


def holding(frozen: object) -> bytes:
    """A snapshot that is whole, whatever is in it."""
    data = msgspec.msgpack.encode(frozen)
    return sealed(msgspec.msgpack.encode((len(data), zlib.compress(data), [])))


def test_L3_a_snapshot_of_another_format_is_refused_by_its_number():
    data = bytearray(freeze(fold(every_event())))
    data[8:10] = (FORMAT + 1).to_bytes(2, "big")
    with pytest.raises(SnapshotError, match=f"format {FORMAT + 1}"):
        thaw(bytes(data))


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", b"\x90", b"\x80", b"\x93\x01\xc4\x00\x90", b"\x91" * 999]
)
def test_L3_bytes_that_are_sealed_but_no_state_are_refused(body):
    with pytest.raises(SnapshotError):
        thaw(sealed(body))


def test_L3_columns_that_do_not_fit_together_are_refused():
    state = fold(every_event())
    frozen = snapshot._checked(freeze(state))[0]
    prose = frozen.prompts["content"]
    short = msgspec.structs.replace(prose, by=pack([]))
    for fields in (
        {"prompts": {**frozen.prompts, "content": short}},
        {"by_kind": {"nothing": pack([])}},
        {"dead": pack([70_000])[:-1]},
        {"dead": b""},
        {"entries": {1: (pack([5, 6]), pack([1]))}},
        {"members": msgspec.structs.replace(frozen.members, values=pack(range(99)))},
    ):
        with pytest.raises(SnapshotError):
            thaw(holding(msgspec.structs.replace(frozen, **fields)))
    assert thaw(holding(frozen)).seq == state.seq


def test_L3_a_state_with_another_hash_than_it_says_is_refused_by_whoever_asks():
    log = every_event()
    frozen = snapshot._checked(freeze(fold(log), log))[0]
    wrong = holding(msgspec.structs.replace(frozen, hash="0" * 64))
    assert thaw(wrong, log) == fold(log)
    with pytest.raises(SnapshotError, match="hash"):
        thaw(wrong, log, StateHasher())


def test_L3_a_snapshot_beside_a_log_is_thawed_with_that_log_only():
    log = every_event()
    beside = freeze(fold(log), log)
    assert thaw(beside, [*log, log[-1]]) == fold(log)
    other = [*log[:-1], msgspec.structs.replace(log[-1], at=log[-1].at + 1)]
    for wrong in (None, [], log[:-1], other):
        with pytest.raises(SnapshotError):
            thaw(beside, wrong)
    with pytest.raises(ValueError, match="ends at"):
        freeze(fold(log), log[:-1])


def test_L3_a_hasher_that_checked_a_snapshot_goes_on_with_its_log():
    table = Table("anna", "ben1")
    table.content("anna", "a red sea")
    stroke = table.paint("ben1")
    log = table.session.log
    hasher = StateHasher()
    state = thaw(freeze(fold(log), log), log, hasher)
    assert hasher.hash(state) == state_hash(state) == table.hash
    table.revise("anna", stroke, color="#00ff00")
    state.apply(table.session.log[-1])
    assert hasher.hash(state) == table.hash


def test_L3_what_is_frozen_of_the_vectors_is_as_it_was():
    """Where this turns red the format or the fold has changed: raise ``FORMAT``, or servers will
    go on from snapshots that their new version would not have made. Then renew the digest."""
    digest = hashlib.sha256()
    for log in [every_event(), *logs()]:
        frozen, _ = snapshot._checked(freeze(fold(log), log))
        digest.update(msgspec.msgpack.encode(frozen))
    assert (FORMAT, digest.hexdigest()) == (
        1,
        "6112b9756af7e2c4c6f0d8eb92252f31ef087b44f00e6ba09bdca0fc5afd0add",
    )
