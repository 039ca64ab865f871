"""The mapping {edit -> entry step} that a take is a function of, and its fold at a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from framejam_protocol.instructions import (
    Adjust,
    Content,
    Drag,
    Erase,
    Image,
    Motion,
    Paint,
    TakeInstruction,
)

Layer = Paint | Erase
"""What lies on the picture in seq order."""

_PROMPTS = (Content, Motion)


@dataclass(frozen=True)
class Entry:
    """A live edit's instruction and the step (0 is the first) from which the loop sees it.

    ``of`` is the seq of the edit that it is another version of, None where it is the first.
    """

    step: int
    instruction: TakeInstruction
    of: int | None = None


@dataclass(frozen=True)
class Fold:
    """What the edits entered so far add up to. Equal folds give equal conditions.

    ``image`` is the blob id of the reference image, None without one; ``paint``, strokes and
    erasures, and ``drags`` are in seq order. ``guidance`` is in hundredths, None where no edit
    has set it.
    """

    content: str = ""
    motion: str = ""
    image: str | None = None
    paint: tuple[Layer, ...] = ()
    drags: tuple[Drag, ...] = ()
    guidance: int | None = None


def fold_at(mapping: Mapping[int, Entry], step: int) -> Fold:
    """Fold the edits of ``mapping`` (by seq) whose entry step is at most ``step``, in seq order.

    Prompts, image and guidance replace the one before, all else adds up (M2, M4).
    """
    return fold_of(instruction for _, instruction in in_force(mapping, step))


def fold_of(instructions: Iterable[TakeInstruction]) -> Fold:
    """Fold instructions in the order they come in."""
    content, motion, image, guidance = "", "", None, None
    paint: list[Layer] = []
    drags: list[Drag] = []
    for instruction in instructions:
        match instruction:
            case Paint() | Erase() as layer:
                paint.append(layer)
            case Drag() as drag:
                drags.append(drag)
            case Content(text):
                content = text
            case Motion(text):
                motion = text
            case Image(blob):
                image = blob
            case Adjust(guidance=int() as hundredths):
                # Other settings define the take, or only its export.
                guidance = hundredths
    return Fold(content, motion, image, tuple(paint), tuple(drags), guidance)


def in_force(mapping: Mapping[int, Entry], step: int) -> list[tuple[int, TakeInstruction]]:
    """The instructions seen at ``step``, by the seqs of the edits that gave them, in their order.

    Of several versions of an edit the one with the highest entry step counts, and so does the
    prompt with the highest; of equal steps the higher seq. A version has no effect without the
    edit it is a version of and never before it (T9). Linear in the edits.
    """
    newest: dict[int | type, tuple[int, int]] = {}
    for seq, entry in mapping.items():
        step_of, key = entry.step, seq if entry.of is None else entry.of
        if entry.of is not None:
            creator = mapping.get(entry.of)
            if creator is None:
                continue
            step_of = max(step_of, creator.step)
        if step_of > step:
            continue
        kind = type(entry.instruction)
        slot = kind if kind in _PROMPTS else key
        if slot not in newest or newest[slot] < (step_of, seq):
            newest[slot] = (step_of, seq)
    placed = [(slot if isinstance(slot, int) else seq, seq) for slot, (_, seq) in newest.items()]
    return [(creator, mapping[seq].instruction) for creator, seq in sorted(placed)]


def first_difference(old: Mapping[int, Entry], new: Mapping[int, Entry]) -> int | None:
    """Return the lowest step at which a take of ``new`` may differ from one of ``old``.

    That is the lowest entry step, old or new, of any edit that is not the same in both: all
    checkpoints up to that step stay valid (T7). None if the mappings are equal.
    """
    steps = [
        entry.step
        for seq in old.keys() | new.keys()
        if old.get(seq) != new.get(seq)
        for entry in (old.get(seq), new.get(seq))
        if entry is not None
    ]
    return min(steps, default=None)
