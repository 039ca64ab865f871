"""What each deed did to the clip, by computing the take with it and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from framejam_protocol.events import Edited, Event, Redone, Undone
from framejam_protocol.fold.pairs import pairs
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Settings, TakeInstruction
from framejam_protocol.messages import Look
from framejam_server.demo.measure import Change, change, region_of
from framejam_server.demo.perform import Deed, Looked
from framejam_server.mapped import Mapped
from framejam_server.render.recompute import (
    Frames,
    Recomputed,
    Recomputer,
    mapping_of,
    references_of,
)
from framejam_server.variation import variation


@dataclass(frozen=True)
class Effect:
    """A deed and what it changed. ``action`` is edit, undo or redo; ``targets`` are the seqs of
    the edits it gave, took out or brought back, ``instruction`` the first of them, ``entry`` its
    entry step, None where it has none: settings that begin another take."""

    deed: Deed
    action: str
    targets: tuple[int, ...]
    instruction: TakeInstruction
    entry: int | None
    before: Frames
    after: Frames
    change: Change


@dataclass(frozen=True)
class Glance:
    """A look computed again: the clip as it is, and as the one who looked saw it."""

    looked: Looked
    before: Frames
    after: Frames
    digest: str


@dataclass(frozen=True)
class _Made:
    """A take at some time: all that it is a function of."""

    settings: Settings
    mapped: Mapped


def effect_of(deed: Deed, log: Sequence[Event], recomputer: Recomputer) -> Effect:
    """Recompute the take as it was after ``deed`` and as it would have been without it."""
    upto = log[: deed.cut]
    state = fold(upto)
    event = log[deed.receipt.seq - 1]
    action, targets, without = _without(event, log, upto)
    before, after = (_compute(recomputer, one).frames for one in (without, _in_force(upto)))
    instruction = pairs(state, {targets[0]: 0})[targets[0]].instruction
    _, height, width, _ = after.shape
    return Effect(
        deed,
        action,
        targets,
        instruction,
        state.entries[state.take].get(targets[0]),
        before,
        after,
        change(before, after, region_of(instruction, width, height)),
    )


def glance_of(looked: Looked, log: Sequence[Event], recomputer: Recomputer) -> Glance:
    """Recompute what a look showed, and what everybody else saw meanwhile."""
    upto = log[: looked.cut]
    state = fold(upto)
    (whom,) = (
        person.participant
        for person in state.participants.values()
        if person.name == looked.look.whom
    )
    varied = variation(state, Look(1, people=(whom,)))
    after = _compute(recomputer, _Made(varied.settings, varied.mapped))
    return Glance(looked, newest(upto, recomputer).frames, after.frames, after.digest)


def newest(log: Sequence[Event], recomputer: Recomputer) -> Recomputed:
    """The take in force at the end of ``log``, computed again."""
    return _compute(recomputer, _in_force(log))


def _without(
    event: Event, log: Sequence[Event], upto: Sequence[Event]
) -> tuple[str, tuple[int, ...], _Made]:
    """What was done, to which edits, and the take of ``upto`` as if it had not been."""
    earlier = log[: event.seq - 1]
    match event.body:
        case Edited() if fold(earlier).take != fold(log[: event.seq]).take:
            # It began another take (T8); the one before stands as it stood.
            return "edit", (event.seq,), _in_force(earlier)
        case Edited():
            return "edit", (event.seq,), _in_force(upto, without=(event.seq,))
        case Undone(groups=groups):
            return "undo", groups, _in_force(upto, revived=groups)
        case Redone(groups=groups):
            return "redo", groups, _in_force(upto, without=groups)
    raise ValueError(f"event {event.seq} is nobody's deed: {event.body}")


def _in_force(
    log: Sequence[Event], without: Sequence[int] = (), revived: Sequence[int] = ()
) -> _Made:
    state = fold(log)
    told = mapping_of(log, without=without, revived=revived, take=state.take)
    return _Made(state.take_settings, Mapped({}, told, references_of(log, told)))


def _compute(recomputer: Recomputer, made: _Made) -> Recomputed:
    mapped = made.mapped
    return recomputer.compute(mapped.pairs, mapped.references, settings=made.settings)
