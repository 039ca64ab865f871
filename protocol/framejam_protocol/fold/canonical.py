"""The canonical encoding of a state and its hash (L3), as SPEC.md describes for every language."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from framejam_protocol.fold.merge import LAYERS, image_in_force, newest, prompt_text, revised
from framejam_protocol.fold.records import Edit
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import (
    Camera,
    Comment,
    Drag,
    Instruction,
    Lock,
    Region,
    Trajectory,
)

# Sorted keys, no spaces, and the escapes of L3: a test compares it with Python's json.
_encoder: Final = msgspec.json.Encoder(order="sorted")

ADDED: Final[dict[str, tuple[type, ...]]] = {
    "camera": (Camera,),
    "comment": (Comment,),
    "drag": (Drag,),
    "lock": (Lock,),
    "paint": LAYERS,
    "region": (Region,),
    "trajectory": (Trajectory,),
}
"""The lists of the encoding and the kinds of edits in each."""


def canonical(state: State) -> bytes:
    """What the state hash is taken over (L3): JSON in UTF-8, keys sorted, integers, no spaces.

    Only what people see counts: the texts of the prompts, the image in force, the settings, and
    the live edits of each list of ``ADDED`` in seq order with their fields as last written.
    """
    return b"".join(_parts(state, _visible))


def state_hash(state: State) -> str:
    """SHA-256 of ``canonical(state)``, lower-case hexadecimal (L3)."""
    return hashlib.sha256(canonical(state)).hexdigest()


class StateHasher:
    """The state hash of one log again and again: an edit that was not revised is encoded once.

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

    def _visible(self, edit: Edit, instruction: Instruction) -> bytes:
        if instruction is not edit.instruction:
            return _visible(edit, instruction)
        encoded = self._encoded.get(edit.seq)
        if encoded is None:
            encoded = self._encoded[edit.seq] = _visible(edit, instruction)
        return encoded


def _parts(state: State, visible: Callable[[Edit, Instruction], bytes]) -> Iterator[bytes]:
    """The encoding piece by piece; ``visible`` encodes one edit with its fields in force."""

    def list_of(name: str) -> Iterator[bytes]:
        for place, edit in enumerate(newest(state, ADDED[name])):
            yield b"," if place else b""
            yield visible(edit, revised(state, edit))

    yield b'{"camera":['
    yield from list_of("camera")
    yield b'],"comment":['
    yield from list_of("comment")
    yield b'],"content":' + _encoder.encode(prompt_text(state, "content"))
    yield b',"drag":['
    yield from list_of("drag")
    image = image_in_force(state)
    yield b'],"image":' + (b"null" if image is None else visible(image, image.instruction))
    yield b',"lock":['
    yield from list_of("lock")
    yield b'],"motion":' + _encoder.encode(prompt_text(state, "motion"))
    yield b',"negative":' + _encoder.encode(prompt_text(state, "negative"))
    yield b',"paint":['
    yield from list_of("paint")
    yield b'],"region":['
    yield from list_of("region")
    yield b'],"settings":' + _encoder.encode(state.settings)
    yield b',"trajectory":['
    yield from list_of("trajectory")
    yield b"]}"


def _visible(edit: Edit, instruction: Instruction) -> bytes:
    return _encoder.encode(
        {
            "author": edit.author,
            "depth": edit.depth,
            "edit": edit.seq,
            "instruction": instruction,
        }
    )
