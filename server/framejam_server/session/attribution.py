"""Who did this (M6): from weights on a point of a frame to edits and their authors. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import msgspec
from msgspec import UNSET

from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import PROMPTS, Adjust, Image, Prompt, Text
from framejam_protocol.limits import UNIT

UNGUIDED: Final = 100
"""A guidance of 1.0: the unconditional side is not asked."""


class Weighing(msgspec.Struct, frozen=True):
    """One edit that weighs on a point of a frame; ``weight`` is in 1/65536.

    ``prompt`` names the prompt that an edit of kind ``text`` wrote in, None for other kinds.
    ``revised_by`` is the author of the newest revision of the edit that the take knows, or None.
    """

    edit: int
    group: int
    kind: str
    author: str
    name: str
    weight: int
    prompt: Prompt | None
    revised_by: str | None


def everywhere(state: State, mapping: Mapping[int, int]) -> dict[int, Fraction]:
    """The share of each edit in what local instructions leave of any point; they add up to 1.

    The conditions of ``mapping`` {edit -> entry step} that are in force everywhere share it
    equally: the reference image or, without one, the content prompt; the motion prompt; and the
    negative prompt, where guidance above 1.0 gives it an effect. A prompt's share is divided among
    its authors by their visible characters; an author's is under their newest edit with one. Empty
    where nobody has given a condition.
    """
    conditions: list[dict[int, Fraction]] = []
    image = _image(state, mapping)
    if image is not None:
        conditions.append({image: Fraction(1)})
    for prompt in PROMPTS:
        if prompt == "content" and image is not None:
            continue  # the image stands in for what the content prompt would show
        if prompt == "negative" and _guidance(state, mapping) <= UNGUIDED:
            continue
        conditions.append(_writers(state, prompt, mapping))
    given = [condition for condition in conditions if condition]
    return {edit: share / len(given) for condition in given for edit, share in condition.items()}


def attribute(
    state: State,
    mapping: Mapping[int, int],
    local: Mapping[int, float],
    rest: Mapping[int, Fraction],
) -> list[Weighing]:
    """The edits that weigh on a point, strongest first; of equal ones the newer first.

    ``local`` is what the edits of ``mapping`` that act at a place (strokes, drags, trajectories,
    cameras, regions, locks) weigh there, by the seq of the edit that gave each, and ``rest`` the
    shares (``everywhere``) in what these leave, if anything. Weights that round to 0 are left out.
    """
    weights = {edit: round(weight * UNIT) for edit, weight in local.items()}
    left = UNIT - min(UNIT, sum(weights.values()))
    weights |= {edit: round(share * left) for edit, share in rest.items()}
    found = [_weighing(state, mapping, edit, weight) for edit, weight in weights.items() if weight]
    return sorted(found, key=lambda one: (-one.weight, -one.edit))


def _image(state: State, mapping: Mapping[int, int]) -> int | None:
    """The edit that gave the reference image, None without one."""
    for seq in reversed(state.by_kind.get(Image, ())):
        instruction = state.edits[seq].instruction
        if seq in mapping and isinstance(instruction, Image):
            return None if instruction.blob is None else seq
    return None


def _guidance(state: State, mapping: Mapping[int, int]) -> int:
    """Guidance in the take, in hundredths: as the newest edit of it in ``mapping`` says."""
    for seq in reversed(state.by_kind.get(Adjust, ())):
        change = state.edits[seq].instruction
        if seq in mapping and isinstance(change, Adjust) and change.guidance is not UNSET:
            return change.guidance
    return state.take_settings.guidance


def _writers(state: State, prompt: Prompt, mapping: Mapping[int, int]) -> dict[int, Fraction]:
    """Each author's share of a prompt, under their newest edit of which something shows."""
    if not prompt_text(state, prompt).strip():
        return {}
    written = {seq: count for seq, count in state.prompts[prompt].writers.items() if seq in mapping}
    shares: dict[str, int] = {}
    newest: dict[str, int] = {}
    for seq, count in sorted(written.items()):
        author = state.edits[seq].author
        shares[author] = shares.get(author, 0) + count
        newest[author] = seq
    total = sum(shares.values())
    return {newest[author]: Fraction(count, total) for author, count in shares.items()}


def _weighing(state: State, mapping: Mapping[int, int], seq: int, weight: int) -> Weighing:
    edit = state.edits[seq]
    revisions = [one for one in state.revisions.get(seq, ()) if one in mapping]
    return Weighing(
        edit=seq,
        group=edit.group,
        kind=str(type(edit.instruction).__struct_config__.tag),
        author=edit.author,
        name=state.participants[edit.author].name,
        weight=weight,
        prompt=edit.instruction.prompt if isinstance(edit.instruction, Text) else None,
        revised_by=state.edits[revisions[-1]].author if revisions else None,
    )
