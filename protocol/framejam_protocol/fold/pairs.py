"""What a take is a function of (T2, T9): the mapping of the log, resolved for the pipeline.

The log maps edits to entry steps. The pipeline is told instructions: a prompt as it reads from a
step on, a stroke with the revisions that have entered by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import cast

import msgspec

from framejam_protocol.fold.merge import revised
from framejam_protocol.fold.prose import Prose
from framejam_protocol.fold.records import Edit
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import (
    Adjust,
    Comment,
    Content,
    Image,
    Motion,
    Negative,
    Prompt,
    Revise,
    Settings,
    TakeInstruction,
    Text,
    wanted_step,
)

_Reading = type[Content] | type[Motion] | type[Negative]

_PROMPT_KINDS: dict[Prompt, _Reading] = {
    "content": Content,
    "motion": Motion,
    "negative": Negative,
}


class Pair(msgspec.Struct, frozen=True):
    """An instruction and the step from which the loop sees it.

    ``of`` is the seq of the edit that gave it, None where that is the pair's own: of the pairs
    with one ``of`` the one with the highest step that was reached counts, and their place among
    the others is that of ``of``. Of the pairs of a prompt, too, the one with the highest step
    counts; those before it show through while it blends in (T9).
    """

    step: int
    instruction: TakeInstruction
    of: int | None = None


def pairs(state: State, mapping: Mapping[int, int]) -> dict[int, Pair]:
    """The pairs of a take whose edits have the entry steps of ``mapping``, by a seq each.

    Edits that are not in ``mapping`` are as if they had never been. A revision has no effect
    without its target and never before it; a character shows from the step of the edit that
    inserted it to that of the first that deleted it (T9).
    """
    found: dict[int, Pair] = {}
    typed: dict[Prompt, dict[int, int]] = {}
    for seq, step in sorted(mapping.items()):
        edit = state.edits[seq]
        match edit.instruction:
            case Text(prompt=prompt):
                typed.setdefault(prompt, {})[seq] = step
            case Image() | Adjust() as instruction:
                found[seq] = Pair(step, instruction)
            case Revise() | Comment():
                pass
            case _ if seq in state.revisions:
                found.update(_versions(state, edit, step, mapping))
            case instruction:
                found[seq] = Pair(step, instruction)
    for prompt, steps in typed.items():
        found.update(_readings(prompt, state.prompts[prompt], steps))
    return found


class Reference(msgspec.Struct, frozen=True):
    """The take that a lock holds a region of: how it is made, and its pairs (T11)."""

    settings: Settings
    pairs: dict[int, Pair]


def references(
    state: State, mapping: Mapping[int, int], known: Mapping[int, Reference] = MappingProxyType({})
) -> dict[int, Reference]:
    """What the locks of ``mapping`` hold, by the seq of each; and what locks of that hold, too.

    Later edits and undos do not change it: a lock keeps the mapping in force at its own seq. So
    what was found for the same log before may be handed in as ``known``: it is not made again.
    """
    found: dict[int, Reference] = {}
    for seq in held_locks(state, mapping):
        found[seq] = known.get(seq) or Reference(
            state.locks[seq].settings, pairs(state, state.held(seq))
        )
    return found


def held_locks(state: State, edits: Iterable[int]) -> set[int]:
    """The locks among some edits, and those of the takes that these hold, and so on."""
    found: set[int] = set()
    todo = [seq for seq in edits if seq in state.locks]
    while todo:
        seq = todo.pop()
        if seq not in found:
            found.add(seq)
            todo += state.locks[seq].locks
    return found


def wanted(state: State, edit: Edit, steps: int) -> int:
    """The step an edit would best enter at (T3); a revision's depth is that of its target."""
    instruction = edit.instruction
    while isinstance(instruction, Revise):
        instruction = state.edits[instruction.target].instruction
    return wanted_step(instruction, edit.depth, steps)


def _versions(state: State, edit: Edit, step: int, mapping: Mapping[int, int]) -> dict[int, Pair]:
    """A stroke or drag as it is from its own step on, and from each at which a revision enters."""
    revisions = {
        seq: max(step, mapping[seq]) for seq in state.revisions.get(edit.seq, ()) if seq in mapping
    }
    last = {entry: seq for seq, entry in sorted(revisions.items())} | {step: edit.seq}
    found: dict[int, Pair] = {}
    for entry, seq in last.items():
        entered = {one for one, at in revisions.items() if at <= entry}
        version = cast(TakeInstruction, revised(state, edit, entered.__contains__))
        found[seq] = Pair(entry, version, None if seq == edit.seq else edit.seq)
    return found


def _readings(prompt: Prompt, prose: Prose, steps: Mapping[int, int]) -> dict[int, Pair]:
    """A prompt as it reads from each step on at which an edit of it enters."""
    lasting = prose.lasting(steps)
    last = {entry: seq for seq, entry in sorted(steps.items())}
    kind = _PROMPT_KINDS[prompt]
    return {
        seq: Pair(
            entry, kind("".join(text for start, end, text in lasting if start <= entry < end))
        )
        for entry, seq in last.items()
    }
