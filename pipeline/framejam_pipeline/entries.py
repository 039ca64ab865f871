"""The mapping {edit -> entry step} that a take is a function of, and its fold at a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from framejam_protocol.instructions import Content, Drag, Image, Motion, Paint, TakeInstruction


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

    ``image`` is the blob id of the reference image, None without one; ``paint`` and ``drags``
    are in seq order.
    """

    content: str = ""
    motion: str = ""
    image: str | None = None
    paint: tuple[Paint, ...] = ()
    drags: tuple[Drag, ...] = ()


def fold_at(mapping: Mapping[int, Entry], step: int) -> Fold:
    """Fold the edits of ``mapping`` (by seq) whose entry step is at most ``step``, in seq order.

    Prompts and image replace the one before, all else adds up (M2, M4). Of several versions of an
    edit the one with the highest entry step counts, and so does the prompt with the highest.
    """
    content, motion, image = "", "", None
    paint: list[Paint] = []
    drags: list[Drag] = []
    for instruction in _in_force(mapping, step):
        match instruction:
            case Content(text):
                content = text
            case Motion(text):
                motion = text
            case Image(blob):
                image = blob
            case Paint() as stroke:
                paint.append(stroke)
            case Drag() as drag:
                drags.append(drag)
    return Fold(content, motion, image, tuple(paint), tuple(drags))


def _in_force(mapping: Mapping[int, Entry], step: int) -> list[TakeInstruction]:
    """The instructions seen at ``step``, each in its newest version, in the order of their seqs."""
    newest: dict[int | type, tuple[int, int]] = {}
    for seq, entry in mapping.items():
        if entry.step <= step:
            kind = type(entry.instruction)
            key = kind if kind in (Content, Motion) else seq if entry.of is None else entry.of
            newest[key] = max(newest.get(key, (-1, 0)), (entry.step, seq))
    order = sorted((key if isinstance(key, int) else 0, seq) for key, (_, seq) in newest.items())
    return [mapping[seq].instruction for _, seq in order]


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
