"""What is in force when several people edited (M2, M3): prompts as text, every other field by its
last writer, strokes and drags added up.

Every function here looks at a ``State`` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from framejam_protocol.fold.records import Edit
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Comment,
    Drag,
    Erase,
    Image,
    Instruction,
    Lock,
    Paint,
    Prompt,
    Region,
    Revise,
    Text,
    Trajectory,
    given_fields,
)

REVISABLE: dict[type, frozenset[str]] = {
    Paint: frozenset({"color", "width", "strength", "frames"}),
    Erase: frozenset({"width", "frames"}),
    Drag: frozenset({"start", "end", "radius", "strength", "frames"}),
    Trajectory: frozenset({"path", "radius", "strength", "frames"}),
    Camera: frozenset({"pan", "tilt", "zoom", "strength", "frames"}),
    Region: frozenset({"text", "strength", "frames"}),
    Lock: frozenset({"frames"}),
    Comment: frozenset({"text", "resolved"}),
}
"""The fields a ``revise`` may set, by the kind of its target."""

LAYERS = (Paint, Erase)
"""The kinds that lie on each other in seq order (M4)."""


def prompt_text(state: State, prompt: Prompt) -> str:
    """The visible text of a prompt."""
    return state.prompts[prompt].text


def newest(state: State, kinds: Iterable[type]) -> list[Edit]:
    """The live edits of some kinds, in seq order."""
    seqs = sorted(seq for kind in kinds for seq in state.by_kind.get(kind, ()))
    return [state.edits[seq] for seq in seqs if state.live(seq)]


def image_in_force(state: State) -> Edit | None:
    """The newest live edit of the reference image, or None."""
    for seq in reversed(state.by_kind.get(Image, ())):
        if state.live(seq):
            return state.edits[seq]
    return None


def revised(state: State, edit: Edit, counts: Callable[[int], bool] | None = None) -> Instruction:
    """The instruction of ``edit`` with every field as its last writer left it (M2).

    ``counts`` tells which revisions are looked at, by seq; None: the live ones.
    """
    counts = counts or state.live
    instruction = edit.instruction
    for seq in state.revisions.get(edit.seq, ()):
        change = state.edits[seq].instruction
        if isinstance(change, Revise) and counts(seq):
            instruction = msgspec.structs.replace(instruction, **given_fields(change))
    return instruction


def field_cover(state: State, edit: Edit) -> tuple[bool, int | None]:
    """Whether undoing ``edit``, which is no text, would change what people see.

    Where not, also the seq of the later edit that keeps it from it (U3), None without one.
    """
    match edit.instruction:
        case Image():
            owner = image_in_force(state)
            mine = owner is None or owner.seq == edit.seq
            return mine, None if mine or owner is None else owner.seq
        case Revise(target=target) as change:
            if not state.live(target):
                return False, None
            return _fields_cover(state, edit, change, state.revisions[target])
        case Adjust() as change:
            return _fields_cover(state, edit, change, state.by_kind[Adjust])
    return True, None


def deleters(state: State, edit: Edit, text: Text) -> set[int]:
    """The live edits besides ``edit`` that deleted letters which it inserted or deleted."""
    prose = state.prompts[text.prompt]
    letters = [*prose.inserted(edit.seq), *prose.deleted(edit.seq)]
    found = {seq for char in letters for seq in char.gone if seq != edit.seq and state.live(seq)}
    floor = prose.floor(state.live)
    return found | {floor} if floor > edit.seq else found


def _fields_cover(
    state: State, edit: Edit, change: Revise | Adjust, rivals: list[int]
) -> tuple[bool, int | None]:
    """Whether ``edit`` is the last writer of one of the fields it sets."""
    wanted = set(given_fields(change))
    cover: int | None = None
    for seq in reversed(rivals):
        if seq == edit.seq:
            return bool(wanted), None if wanted else cover
        rival = state.edits[seq].instruction
        if state.live(seq) and isinstance(rival, Revise | Adjust):
            taken = wanted & set(given_fields(rival))
            cover = cover or (seq if taken else None)
            wanted -= taken
    return False, cover
