"""What each deed did to the clip, by computing the take with it and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from framejam_protocol.events import Edited, Event, Redone, Undone
from framejam_protocol.fold.pairs import Pair, pairs
from framejam_protocol.fold.state import FIRST_TAKE, fold
from framejam_protocol.instructions import TakeInstruction
from framejam_server.demo.measure import Change, change, region_of
from framejam_server.demo.perform import Deed
from framejam_server.render.recompute import Frames, Recomputer, mapping_of


@dataclass(frozen=True)
class Effect:
    """A deed and what it changed. ``action`` is edit, undo or redo; ``targets`` are the seqs of
    the edits it gave, took out or brought back, ``instruction`` the first of them, ``entry`` its
    entry step."""

    deed: Deed
    action: str
    targets: tuple[int, ...]
    instruction: TakeInstruction
    entry: int
    before: Frames
    after: Frames
    change: Change


@dataclass(frozen=True)
class _Pair:
    action: str
    targets: tuple[int, ...]
    before: dict[int, Pair]
    after: dict[int, Pair]


def effect_of(deed: Deed, log: Sequence[Event], recomputer: Recomputer) -> Effect:
    """Recompute the take as it was after ``deed`` and as it would have been without it."""
    upto = log[: deed.cut]
    pair = _mappings(log[deed.receipt.seq - 1], upto)
    before, after = (recomputer.compute(mapping).frames for mapping in (pair.before, pair.after))
    state = fold(upto)
    instruction = pairs(state, {pair.targets[0]: 0})[pair.targets[0]].instruction
    _, height, width, _ = after.shape
    return Effect(
        deed,
        pair.action,
        pair.targets,
        instruction,
        state.entries[FIRST_TAKE][pair.targets[0]],
        before,
        after,
        change(before, after, region_of(instruction, width, height)),
    )


def _mappings(event: Event, upto: Sequence[Event]) -> _Pair:
    now = mapping_of(upto)
    match event.body:
        case Edited():
            return _Pair("edit", (event.seq,), mapping_of(upto, without=(event.seq,)), now)
        case Undone(groups=groups):
            return _Pair("undo", groups, mapping_of(upto, revived=groups), now)
        case Redone(groups=groups):
            return _Pair("redo", groups, mapping_of(upto, without=groups), now)
    raise ValueError(f"event {event.seq} is nobody's deed: {event.body}")
