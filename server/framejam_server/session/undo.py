"""Whose undo takes out what (U2 to U5). Everything is derived from the fold; nothing is stored.

A plan names groups. What it does to the prompts is found by ``text_changes``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from framejam_protocol.fold.merge import deleters, field_cover
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Comment, Prompt, Revise, Splice, Text


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """The groups to take out, newest first; ``shadowed_by`` as in ``Undone``."""

    groups: tuple[int, ...]
    shadowed_by: int | None = None


def is_talk(state: State, group: int) -> bool:
    """Whether a group is comments and what became of them, which viewers may have (A1)."""
    if group in state.restores:
        return False
    kinds = (_about(state, seq) for seq in state.members(group))
    return all(kind is Comment for kind in kinds)


def _about(state: State, seq: int) -> type:
    instruction = state.edits[seq].instruction
    while isinstance(instruction, Revise):
        instruction = state.edits[instruction.target].instruction
    return type(instruction)


def plan_undo(
    state: State, person: str, may: Callable[[int], bool] = lambda group: True
) -> UndoPlan | None:
    """One press of undo by ``person``, or None where they have no live group they ``may`` undo.

    Walks back over the person's own live groups to the newest with a visible effect and names
    every group it passed (U3). Where none has one, only the newest is undone and ``shadowed_by``
    says which later edit covers it.
    """
    passed: list[int] = []
    for group in reversed(state.by_author.get(person, ())):
        if group in state.dead or not may(group):
            continue
        passed.append(group)
        if is_visible(state, group):
            return UndoPlan(tuple(passed))
    return UndoPlan((passed[0],), newest_cover(state, passed[0])) if passed else None


def plan_undo_of(state: State, group: int) -> UndoPlan:
    """Undo one live group by its name (U2)."""
    return UndoPlan((group,), None if is_visible(state, group) else newest_cover(state, group))


def plan_redo(state: State, person: str) -> tuple[int, ...] | None:
    """The groups that one press of redo brings back: those of their newest undo, or None (U4)."""
    stack = state.redo.get(person)
    return stack[-1] if stack else None


def is_visible(state: State, group: int) -> bool:
    """Whether taking out a group changes what people see (U3)."""
    edits = [state.edits[seq] for seq in state.members(group)]
    if group in state.restores:
        return any(state.flips((group,), dying=True))
    if any(
        not isinstance(edit.instruction, Text) and field_cover(state, edit)[0] for edit in edits
    ):
        return True
    # Letters typed and taken back within the gesture are no effect of it: they are looked at whole.
    return any(text_changes(state, {group}, ()).values())


def newest_cover(state: State, group: int) -> int | None:
    """The newest edit that keeps a group from being visible, None without one (U3).

    An edit of the same gesture goes with it: it covers nothing.
    """
    covers: set[int | None] = set()
    for seq in state.members(group):
        edit = state.edits[seq]
        if isinstance(edit.instruction, Text):
            covers |= deleters(state, edit, edit.instruction)
        else:
            covers.add(field_cover(state, edit)[1])
    others = [seq for seq in covers if seq is not None and state.edits[seq].group != group]
    return max(others, default=None)


def text_changes(
    state: State, dies: Collection[int], comes: Collection[int]
) -> dict[Prompt, tuple[Splice, ...]]:
    """How the prompts change when the groups ``dies`` are taken out and ``comes`` are brought back
    (U6, R3)."""
    typed: dict[Prompt, list[int]] = {}
    for group in sorted({*dies, *comes}):
        for seq in state.members(group):
            instruction = state.edits[seq].instruction
            if isinstance(instruction, Text):
                typed.setdefault(instruction.prompt, []).append(seq)

    def live(seq: int) -> bool:
        group = state.edits[seq].group
        return group in comes or (group not in dies and group not in state.dead)

    return {
        prompt: state.prompts[prompt].outlook(seqs, live) for prompt, seqs in sorted(typed.items())
    }
