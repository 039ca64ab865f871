"""Whose undo takes out what (U2 to U5). Everything is derived from the fold; nothing is stored."""

from __future__ import annotations

from framejam_protocol.events import Redone, Undone
from framejam_server.session.log import State
from framejam_server.session.merge import shadow


def plan_undo(state: State, person: str) -> Undone | None:
    """One press of undo by ``person``, or None where they have no live group.

    Walks back over the person's own live groups to the newest with a visible effect and names
    every group it passed (U3). Where none has one, only the newest is undone and ``shadowed_by``
    says whose later edit covers it.
    """
    passed: list[int] = []
    covered_by: int | None = None
    for seq in reversed(state.by_author.get(person, ())):
        if seq in state.dead:
            continue
        passed.append(seq)
        cover = shadow(state, state.edits[seq])
        if cover is None:
            return Undone(groups=tuple(passed))
        covered_by = covered_by or cover.seq
    return Undone(groups=(passed[0],), shadowed_by=covered_by) if passed else None


def plan_redo(state: State, person: str) -> Redone | None:
    """One press of redo by ``person``: what their newest undo took out, or None (U4)."""
    stack = state.redo.get(person)
    return Redone(groups=stack[-1]) if stack else None
