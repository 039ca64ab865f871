"""What is in force when several people edited: last writer wins per field, paint in seq order (M2).

Every function here looks at a ``State`` and changes nothing.
"""

from __future__ import annotations

from framejam_protocol.instructions import Content, Image, Motion, Paint
from framejam_server.session.log import Edit, State

FIELDS: dict[str, type] = {"content": Content, "image": Image, "motion": Motion}
"""The fields of which exactly one edit is in force: the newest live one."""


def field_owner(state: State, kind: type) -> Edit | None:
    """The newest live edit of a field's kind, or None."""
    for seq in reversed(state.by_kind.get(kind, ())):
        if seq not in state.dead:
            return state.edits[seq]
    return None


def in_force(state: State) -> dict[str, Edit | None]:
    """The edit in force for each field, by the field's name."""
    return {name: field_owner(state, kind) for name, kind in FIELDS.items()}


def strokes(state: State) -> list[Edit]:
    """The live paint strokes, lowest first: later ones lie on top (M4)."""
    return [state.edits[seq] for seq in state.by_kind.get(Paint, ()) if seq not in state.dead]


def shadow(state: State, edit: Edit) -> Edit | None:
    """The later edit that keeps ``edit`` from being visible (U3), or None where it is visible."""
    if isinstance(edit.instruction, Paint):
        return None
    owner = field_owner(state, type(edit.instruction))
    return None if owner is None or owner.seq == edit.seq else owner
