"""The canonical encoding of a state and its hash (L3), as SPEC.md describes for every language."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from framejam_server.session.log import Edit, State
from framejam_server.session.merge import ADDED, added, in_force

# Sorted keys, no spaces, and the escapes of L3: a test compares it with Python's json.
_encoder: Final = msgspec.json.Encoder(order="sorted")


def canonical(state: State) -> bytes:
    """What the state hash is taken over (L3): JSON in UTF-8, keys sorted, integers, no spaces.

    Only what people see counts: the settings, the text and image in force with the edit that set
    them, and the live drags and strokes in seq order.
    """
    return b"".join(_parts(state, _visible))


def state_hash(state: State) -> str:
    """SHA-256 of ``canonical(state)``, lower-case hexadecimal (L3)."""
    return hashlib.sha256(canonical(state)).hexdigest()


class StateHasher:
    """The state hash of one log again and again: each edit is encoded once.

    An edit never changes, so its seq is enough to know it by. Never show it another log.
    """

    def __init__(self) -> None:
        self._encoded: dict[int, bytes] = {}

    def hash(self, state: State) -> str:
        """``state_hash(state)``."""
        digest = hashlib.sha256()
        for part in _parts(state, self._visible):
            digest.update(part)
        return digest.hexdigest()

    def _visible(self, edit: Edit) -> bytes:
        encoded = self._encoded.get(edit.seq)
        if encoded is None:
            encoded = self._encoded[edit.seq] = _visible(edit)
        return encoded


def _parts(state: State, visible: Callable[[Edit], bytes]) -> Iterator[bytes]:
    """The encoding piece by piece; ``visible`` encodes one edit."""
    fields = in_force(state)
    between = b"{"
    for name in sorted([*fields, *ADDED]):
        yield between + b'"' + name.encode() + b'":'
        between = b","
        if name in ADDED:
            yield b"["
            for place, edit in enumerate(added(state, ADDED[name])):
                yield b"," if place else b""
                yield visible(edit)
            yield b"]"
        else:
            edit_in_force = fields[name]
            yield b"null" if edit_in_force is None else visible(edit_in_force)
    yield b',"settings":' + _encoder.encode(state.settings) + b"}"


def _visible(edit: Edit) -> bytes:
    return _encoder.encode(
        {
            "author": edit.author,
            "depth": edit.depth,
            "edit": edit.seq,
            "instruction": edit.instruction,
        }
    )
