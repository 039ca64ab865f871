"""What is in force when several people edited: last writer wins per field, the rest adds up (M2).

Every function here looks at a ``State`` and changes nothing.
"""

from __future__ import annotations

from framejam_protocol.instructions import Content, Drag, Image, Motion, Paint
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


ADDED: dict[str, type] = {"drag": Drag, "paint": Paint}
"""The kinds of which every live edit counts."""


def added(state: State, kind: type) -> list[Edit]:
    """The live edits of a kind that adds up, in seq order: later strokes lie on top (M4)."""
    return [state.edits[seq] for seq in state.by_kind.get(kind, ()) if seq not in state.dead]


def shadow(state: State, edit: Edit) -> Edit | None:
    """The later edit that keeps ``edit`` from being visible (U3), or None where it is visible."""
    kind = type(edit.instruction)
    if kind not in FIELDS.values():
        return None
    owner = field_owner(state, kind)
    return None if owner is None or owner.seq == edit.seq else owner
