"""Whose undo takes out what (U2 to U5). Everything is derived from the fold; nothing is stored.

A plan names groups. What it does to the prompts is found by ``text_changes``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from framejam_protocol.fold.merge import cover_of
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Prompt, Splice, Text


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """The groups to take out, newest first; ``shadowed_by`` as in ``Undone``."""

    groups: tuple[int, ...]
    shadowed_by: int | None = None


def plan_undo(state: State, person: str) -> UndoPlan | None:
    """One press of undo by ``person``, or None where they have no live group.

    Walks back over the person's own live groups to the newest with a visible effect and names
    every group it passed (U3). Where none has one, only the newest is undone and ``shadowed_by``
    says which later edit covers it.
    """
    passed: list[int] = []
    covered_by: int | None = None
    for group in reversed(state.by_author.get(person, ())):
        if group in state.dead:
            continue
        passed.append(group)
        visible, cover = group_cover(state, group)
        if visible:
            return UndoPlan(tuple(passed))
        if len(passed) == 1:
            covered_by = cover
    return UndoPlan((passed[0],), covered_by) if passed else None


def plan_undo_of(state: State, group: int) -> UndoPlan:
    """Undo one live group by its name (U2)."""
    visible, cover = group_cover(state, group)
    return UndoPlan((group,), None if visible else cover)


def plan_redo(state: State, person: str) -> tuple[int, ...] | None:
    """The groups that one press of redo brings back: those of their newest undo, or None (U4)."""
    stack = state.redo.get(person)
    return stack[-1] if stack else None


def group_cover(state: State, group: int) -> tuple[bool, int | None]:
    """Whether taking out a group changes what people see; if not, the newest edit covering it."""
    covers: list[int] = []
    for seq in state.members(group):
        visible, cover = cover_of(state, state.edits[seq])
        if visible:
            return True, None
        # An edit of the same gesture goes with it: it covers nothing.
        if cover is not None and state.edits[cover].group != group:
            covers.append(cover)
    return False, max(covers, default=None)


def text_changes(
    state: State, groups: Iterable[int], dead: Collection[int]
) -> dict[Prompt, tuple[Splice, ...]]:
    """How the prompts change when of these groups exactly those not in ``dead`` count (U6)."""
    typed: dict[Prompt, list[int]] = {}
    for group in groups:
        for seq in state.members(group):
            instruction = state.edits[seq].instruction
            if isinstance(instruction, Text):
                typed.setdefault(instruction.prompt, []).append(seq)

    def live(seq: int) -> bool:
        return state.edits[seq].group not in dead

    return {
        prompt: state.prompts[prompt].outlook(seqs, live) for prompt, seqs in sorted(typed.items())
    }
