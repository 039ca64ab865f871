"""What a take does next: let edits enter, run a step, or wait (T1, T3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

QUIET_S: Final = 0.4
"""When nobody has edited for this long, late edits are polished by one rewind (T3)."""

PROGRESS_BETWEEN_REWINDS: Final = 2
"""Steps that must run between two rewinds, so that steady painters cannot starve the loop (T3)."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A take at a step boundary.

    ``position`` is the next step to run (``steps`` when all have run); ``decoded`` tells whether
    the clip of those steps was made. ``entries`` maps live edits to
    their entry steps, ``pending`` holds those that have none yet, and ``wanted`` the step each of
    both would best enter at. ``quiet`` tells that nobody has edited for ``QUIET_S``, ``alone`` that
    nobody had for that long before the newest edit. ``since_rewind`` counts the steps run since the
    last rewind.
    """

    position: int
    steps: int
    entries: Mapping[int, int]
    pending: tuple[int, ...]
    wanted: Mapping[int, int]
    quiet: bool
    alone: bool
    since_rewind: int
    decoded: bool


@dataclass(frozen=True, slots=True)
class Enter:
    """Give these edits these entry steps ({step: edits}) before anything runs (T7).

    ``rewinds`` tells whether the loop goes back for it.
    """

    steps: dict[int, tuple[int, ...]]
    rewinds: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Run the step at the present position, or decode the clip after the last one."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to run. ``for_quiet``: look again once the editors have paused."""

    for_quiet: bool


Plan = Enter | Step | Wait


def plan(now: Situation) -> Plan:
    """The next thing a take does.

    New edits enter at the present boundary (T1). Into a finished take, and where they come alone,
    they enter at their wanted step at once: steps run before a rewind that is sure to come would
    be thrown away. Edits above their wanted step are lowered to it by one rewind once it is quiet
    (T3).
    """
    finished = now.position >= now.steps
    may_rewind = finished or now.since_rewind >= PROGRESS_BETWEEN_REWINDS
    if now.pending:
        at_once = finished or (now.alone and may_rewind)
        return _enter(now, {edit: _boundary(now, edit, at_once) for edit in now.pending})
    late = {
        edit: _wanted(now, edit) for edit, step in now.entries.items() if step > _wanted(now, edit)
    }
    if late and now.quiet and may_rewind:
        return _enter(now, late)
    return Wait(for_quiet=bool(late)) if finished and now.decoded else Step()


def _boundary(now: Situation, edit: int, at_once: bool) -> int:
    return min(now.position, _wanted(now, edit)) if at_once else now.position


def _wanted(now: Situation, edit: int) -> int:
    # A depth of zero wants to enter after the last step, where it would never show.
    return min(now.wanted[edit], now.steps - 1)


def _enter(now: Situation, entries: Mapping[int, int]) -> Enter:
    steps: dict[int, list[int]] = {}
    for edit, step in sorted(entries.items()):
        steps.setdefault(step, []).append(edit)
    given = {step: tuple(edits) for step, edits in steps.items()}
    return Enter(given, rewinds=min(given) < now.position)
