"""The mapping {edit -> entry step} that a take is a function of, and its fold at a step."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from framejam_protocol.instructions import (
    ENTERED_SETTINGS,
    Adjust,
    Camera,
    Content,
    Drag,
    Erase,
    Image,
    Lock,
    Motion,
    Negative,
    Paint,
    Region,
    Settings,
    TakeInstruction,
    Trajectory,
    given_fields,
)

Layer = Paint | Erase
"""What lies on the picture in seq order."""

_PROMPTS = (Content, Motion, Negative)


@dataclass(frozen=True)
class Entry:
    """A live edit's instruction and the step (0 is the first) from which the loop sees it.

    ``of`` is the seq of the edit that it is another version of, None where it is the first.
    """

    step: int
    instruction: TakeInstruction
    of: int | None = None


@dataclass(frozen=True)
class Reading:
    """How the prompts read before a change of them, and for how many steps that has been entering.

    ``steps`` is 1 at the very step at which the reading after this one enters (T9).
    """

    content: str
    motion: str
    negative: str
    steps: int


@dataclass(frozen=True)
class Fold:
    """What the edits entered so far add up to. Equal folds give equal conditions.

    The prompts are as they read now; ``fading`` is how they read before, oldest first, up to those
    that were there from step 0. ``image`` is the blob id of the reference image, None without one;
    ``paint``, strokes and erasures, and all other tuples are in seq order. The last five are
    settings as ``Settings`` has them, None where no edit has set them.
    """

    content: str = ""
    motion: str = ""
    negative: str = ""
    fading: tuple[Reading, ...] = ()
    image: str | None = None
    paint: tuple[Layer, ...] = ()
    regions: tuple[Region, ...] = ()
    drags: tuple[Drag, ...] = ()
    trajectories: tuple[Trajectory, ...] = ()
    cameras: tuple[Camera, ...] = ()
    guidance: int | None = None
    loras: tuple[tuple[str, int], ...] | None = None
    harmonize: int | None = None
    mix: int | None = None
    align: int | None = None


def fold_at(mapping: Mapping[int, Entry], step: int) -> Fold:
    """Fold the edits of ``mapping`` (by seq) whose entry step is at most ``step``, in seq order.

    Prompts, image and settings replace the one before, all else adds up (M2, M4).
    """
    fold = fold_of(instruction for _, instruction in in_force(mapping, step))
    return replace(fold, fading=_fading(mapping, step))


def fold_of(instructions: Iterable[TakeInstruction]) -> Fold:
    """Fold instructions in the order they come in. Locks are no part of it: ``locks.py``."""
    one: dict[str, Any] = {}
    paint: list[Layer] = []
    regions: list[Region] = []
    drags: list[Drag] = []
    trajectories: list[Trajectory] = []
    cameras: list[Camera] = []
    for instruction in instructions:
        match instruction:
            case Paint() | Erase() as layer:
                paint.append(layer)
            case Drag() as drag:
                drags.append(drag)
            case Trajectory() as trajectory:
                trajectories.append(trajectory)
            case Camera() as camera:
                cameras.append(camera)
            case Region() as region:
                regions.append(region)
            case Content(text):
                one["content"] = text
            case Motion(text):
                one["motion"] = text
            case Negative(text):
                one["negative"] = text
            case Image(blob):
                one["image"] = blob
            case Adjust() as change:
                # Other settings define the take, or only its export.
                fields = given_fields(change).items()
                one |= {name: value for name, value in fields if name in ENTERED_SETTINGS}
            case Lock():
                pass
    return Fold(
        paint=tuple(paint),
        regions=tuple(regions),
        drags=tuple(drags),
        trajectories=tuple(trajectories),
        cameras=tuple(cameras),
        **one,
    )


def settled(fold: Fold, settings: Settings) -> Fold:
    """Return ``fold`` with the settings of the take where no edit has set another value."""
    unset = {name for name in ENTERED_SETTINGS if getattr(fold, name) is None}
    return replace(fold, **{name: getattr(settings, name) for name in unset})


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


def _fading(mapping: Mapping[int, Entry], step: int) -> tuple[Reading, ...]:
    """The readings before the one at ``step``, by the steps at which prompts changed (T9)."""
    said = sorted(
        (entry.step, seq, entry.instruction)
        for seq, entry in mapping.items()
        if entry.step <= step and isinstance(entry.instruction, Content | Motion | Negative)
    )
    text: dict[type, str] = dict.fromkeys(_PROMPTS, "")
    found: list[Reading] = []
    for entered, changes in itertools.groupby(said, key=lambda one: one[0]):
        before = dict(text)
        text |= {type(prompt): prompt.text for _, _, prompt in changes}
        # What is there from step 0 on is there at once: nothing fades before it.
        if entered and before != text:
            content, motion, negative = (before[kind] for kind in _PROMPTS)
            found.append(Reading(content, motion, negative, step - entered + 1))
    return tuple(found)


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
