"""A state as bytes and back: what folding a long log again and again would cost is paid once.

A snapshot is an aid, never the truth: that is the log. Who finds one that does not fit folds the
log instead. It begins with ``framejam``, the format's number (2 bytes, big-endian) and the SHA-256
of the rest, which is MessagePack. No other format than one's own is read.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, get_args

import msgspec

from framejam_protocol.events import Edited, Event
from framejam_protocol.fold.canonical import StateHasher
from framejam_protocol.fold.columns import Lists, pack, pack_lists, unpack, unpack_lists
from framejam_protocol.fold.past import Turned
from framejam_protocol.fold.prose import Prose, ProseColumns
from framejam_protocol.fold.records import Edit, Held, Participant, Version
from framejam_protocol.fold.state import State
from framejam_protocol.fold.unread import AT_ONCE, Read, Unread
from framejam_protocol.instructions import Instruction, Prompt, Settings

FORMAT: Final = 1
"""To be raised with every change of what is written here, and of what the fold makes of a log."""

_MAGIC: Final = b"framejam"
_HEAD: Final = len(_MAGIC) + 2 + hashlib.sha256().digest_size
_KINDS: Final[dict[str, type]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Instruction)
}
_TAGS: Final = {kind: tag for tag, kind in _KINDS.items()}


class SnapshotError(ValueError):
    """These bytes are no snapshot that can be relied upon here: fold the log instead."""


class _Body(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What follows the digest: a ``_Frozen``, compressed (``size`` is its length as it is), and the
    edits in blocks of their own, each compressed, where they are not left to the log."""

    size: int
    frozen: bytes
    blocks: list[bytes]


class _Frozen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All of a state but its edits; its turns left to the log or as they are."""

    seq: int
    hash: str
    newest: bytes | None
    """SHA-256 of event ``seq``, where edits and turns are left to the log."""

    base: Settings | None
    settings: Settings | None
    take: int
    participants: list[Participant]
    prompts: dict[Prompt, ProseColumns]
    dead: bytes
    redo: dict[str, list[tuple[int, ...]]]
    by_kind: dict[str, bytes]
    by_author: dict[str, bytes]
    revisions: Lists
    entries: dict[int, tuple[bytes, bytes]]
    takes: list[tuple[Settings, int]]
    locks: dict[int, Held]
    restores: dict[int, Turned]
    versions: dict[int, Version]
    origin: tuple[str, int] | None
    standing: dict[str, bytes]
    turned_at: bytes
    turns: list[Event]
    members: Lists
    waiting: bytes
    turned: dict[int, Turned]


_encoder: Final = msgspec.msgpack.Encoder()
_bodies: Final = msgspec.msgpack.Decoder(_Body)
_decoder: Final = msgspec.msgpack.Decoder(_Frozen)
_edits: Final = msgspec.msgpack.Decoder(list[Edit])


def freeze(state: State, log: Sequence[Event] | None = None) -> bytes:
    """The state as bytes.

    With the ``log`` it is the fold of, which may go on behind it, what stands there is left out:
    it is then thawed with that log only. Takes a while for a long log: call it on a copy, in
    another thread. Raises ``ValueError`` where the log does not reach as far as the state.
    """
    if log is not None and len(log) < state.seq:
        raise ValueError(f"the state is that of event {state.seq}, the log ends at {len(log)}")
    frozen = _Frozen(
        seq=state.seq,
        hash=StateHasher().hash(state),
        newest=_digest(log, state.seq),
        base=state.base,
        settings=state.settings,
        take=state.take,
        participants=list(state.participants.values()),
        prompts={prompt: prose.columns() for prompt, prose in state.prompts.items()},
        dead=pack(sorted(state.dead)),
        redo=state.redo,
        by_kind={_TAGS[kind]: pack(seqs) for kind, seqs in state.by_kind.items()},
        by_author={author: pack(groups) for author, groups in state.by_author.items()},
        revisions=pack_lists(state.revisions),
        entries={take: (pack(one), pack(one.values())) for take, one in state.entries.items()},
        takes=list(state.takes.items()),
        locks=state.locks,
        restores=state.restores,
        versions=state.versions,
        origin=state.origin,
        standing={_TAGS[kind]: pack(sorted(live)) for kind, live in state._standing.items()},
        turned_at=pack(event.seq for event in state._turns),
        turns=state._turns if log is None else [],
        members=pack_lists(state._members),
        waiting=pack(sorted(state._waiting)),
        turned=state._turned,
    )
    data = _encoder.encode(frozen)
    blocks = list(_blocks(state.edits.values())) if log is None else []
    body = _encoder.encode(_Body(len(data), zlib.compress(data, 1), blocks))
    return b"".join((_MAGIC, FORMAT.to_bytes(2, "big"), hashlib.sha256(body).digest(), body))


def thaw(
    data: bytes, log: Sequence[Event] | None = None, hasher: StateHasher | None = None
) -> State:
    """The state that was frozen. ``log`` as it was given to ``freeze``; it is kept and read where
    somebody asks for an edit.

    With a ``hasher``, which may be used for states of this log from then on, the state hash is held
    against the one that the snapshot carries. Raises ``SnapshotError``.
    """
    frozen, blocks = _checked(data)
    if log is None:
        if frozen.newest is not None:
            raise SnapshotError("the snapshot was made for somebody who has the log")
    elif frozen.newest is not None and frozen.newest != _digest(log, frozen.seq):
        raise SnapshotError(f"event {frozen.seq} is not the one that the snapshot ends with")
    try:
        state = _thawed(frozen, blocks, None if frozen.newest is None else log)
        if hasher is not None and hasher.hash(state) != frozen.hash:
            raise SnapshotError("the snapshot's state has another hash than it says")
    except SnapshotError:
        raise
    except Exception as error:  # whatever is wrong in it, it was not written by ``freeze``
        raise SnapshotError(f"the snapshot makes no state: {error!r}") from error
    return state


def _digest(log: Sequence[Event] | None, seq: int) -> bytes | None:
    """What an event is known by; None where there is no log."""
    if log is None:
        return None
    event = log[seq - 1] if 0 < seq <= len(log) else None
    return hashlib.sha256(_encoder.encode(event)).digest()


def _blocks(edits: Iterable[Edit]) -> Iterator[bytes]:
    block: list[Edit] = []
    for edit in edits:
        block.append(edit)
        if len(block) == AT_ONCE:
            yield zlib.compress(_encoder.encode(block), 1)
            block = []
    if block:
        yield zlib.compress(_encoder.encode(block), 1)


def _checked(data: bytes) -> tuple[_Frozen, list[bytes]]:
    """What the bytes hold, once they are known to be those that were written, and the blocks."""
    if not data.startswith(_MAGIC) or len(data) < _HEAD:
        raise SnapshotError("this is no snapshot")
    number = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 2], "big")
    if number != FORMAT:
        raise SnapshotError(f"a snapshot of format {number}; this version reads format {FORMAT}")
    body = memoryview(data)[_HEAD:]
    if hashlib.sha256(body).digest() != data[len(_MAGIC) + 2 : _HEAD]:
        raise SnapshotError("the snapshot is damaged")
    try:
        sealed = _bodies.decode(body)
        return _decoder.decode(zlib.decompress(sealed.frozen, bufsize=sealed.size)), sealed.blocks
    except Exception as error:  # not MessagePack, not UTF-8, not compressed, nested too deeply
        raise SnapshotError(f"the snapshot cannot be read: {error}") from error


def _thawed(frozen: _Frozen, blocks: list[bytes], log: Sequence[Event] | None) -> State:
    """The edits are in the log, or without one in the blocks."""
    by_kind = {_KINDS[tag]: unpack(seqs) for tag, seqs in frozen.by_kind.items()}
    seqs = sorted(chain.from_iterable(by_kind.values()))
    return State(
        seq=frozen.seq,
        base=frozen.base,
        settings=frozen.settings,
        take=frozen.take,
        participants={one.participant: one for one in frozen.participants},
        prompts={prompt: Prose.of(one) for prompt, one in frozen.prompts.items()},
        edits=Unread(seqs, _from_blocks(blocks) if log is None else _from_log(log, seqs)),
        dead=set(unpack(frozen.dead)),
        redo=frozen.redo,
        by_kind=by_kind,
        by_author={author: unpack(groups) for author, groups in frozen.by_author.items()},
        revisions=dict(unpack_lists(frozen.revisions)),
        entries={
            take: dict(zip(unpack(edits), unpack(steps), strict=True))
            for take, (edits, steps) in frozen.entries.items()
        },
        takes=dict(frozen.takes),
        locks=frozen.locks,
        restores=frozen.restores,
        versions=frozen.versions,
        origin=frozen.origin,
        _standing={_KINDS[tag]: set(unpack(live)) for tag, live in frozen.standing.items()},
        _turns=frozen.turns if log is None else [log[seq - 1] for seq in unpack(frozen.turned_at)],
        _members=dict(unpack_lists(frozen.members)),
        _waiting=set(unpack(frozen.waiting)),
        _turned=frozen.turned,
    )


def _from_blocks(blocks: list[bytes]) -> Read:
    return lambda number: _edits.decode(zlib.decompress(blocks[number]))


def _from_log(log: Sequence[Event], seqs: list[int]) -> Read:
    def read(number: int) -> list[Edit]:
        place = number * AT_ONCE
        return [_edit(log[seq - 1]) for seq in seqs[place : place + AT_ONCE]]

    return read


def _edit(event: Event) -> Edit:
    """The edit that an event of the log is."""
    body = event.body
    assert isinstance(body, Edited)
    return Edit(event.seq, event.author, body.instruction, body.depth, body.group or event.seq)
