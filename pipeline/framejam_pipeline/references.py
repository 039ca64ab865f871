"""The takes that locks hold regions of: how they are made, and what they look like at each step.

A reference is the take of the mapping that was in force when somebody locked something (T11). It
runs under the settings of the take that is locked, but from the seed of its own: under another seed
its region still shows what was locked. Where model, size, frames, steps or scheduler are not those
of then, its steps and pictures mean something else; it then runs under the present settings wholly,
the seed included, and all that it holds is there from step 0, as in any other take (T8).

References run on demand, a step ahead of the take that they are pasted into, and each runs once,
however many locks hold it. What they looked like is remembered in the ``CheckpointStore``, within
its budget, and the newest step of each beyond it: a reference whose memory was given up runs again
from its noise, to the same bits, but never twice for two who ask about the same step. They run a
step at a time: whoever waits for one may do something else in between.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple, Protocol

import torch

from framejam_pipeline.checkpoint import Checkpoint, CheckpointStore
from framejam_pipeline.entries import Entry, first_difference, in_force
from framejam_pipeline.locks import pins
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import ModelSpec
from framejam_protocol.instructions import Lock, Settings
from framejam_protocol.settings import held_under, same_meaning

_REMEMBERED_PINS: Final = 64

_NEVER: Final = sys.maxsize
"""The step at which takes first differ that do not."""


class Reference(NamedTuple):
    """What a lock holds: the settings and the mapping in force at its seq."""

    settings: Settings
    mapping: Mapping[int, Entry]


References = Mapping[int, Reference | tuple[Settings, Mapping[int, Entry]]]
"""What locks hold, by the seq of the edit that gave each; and what the locks of that hold, too."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A mapping and, by their seqs, the plans that its locks hold. Equal plans are one object.

    Locks that would paste what is there anyway are left out of ``mapping``.
    """

    settings: Settings
    mapping: Mapping[int, Entry]
    locks: Mapping[int, Plan]

    @cached_property
    def edits(self) -> Mapping[int, Entry]:
        """All of the mapping that is no lock."""
        return _edits(self.mapping)

    @cached_property
    def depth(self) -> int:
        """How deep locks hold locks: a plan's depth is above that of all that it needs."""
        return max((1 + plan.depth for plan in self.locks.values()), default=0)

    @cached_property
    def pastes(self) -> Mapping[int, Entry]:
        """The locks of the mapping."""
        return {seq: one for seq, one in self.mapping.items() if _is_lock(one)}

    def first_difference(self, other: Plan) -> int | None:
        """Return the lowest step at which takes of both may differ, None if they do not."""
        found = _apart(self, other, {})
        return None if found == _NEVER else found

    def holds(self, seq: int) -> Plan:
        """What the lock of ``pastes`` that ``seq`` gave holds."""
        return self.locks[creator(seq, self.mapping[seq])]


def _apart(one: Plan, other: Plan, known: dict[frozenset[Plan], int]) -> int:
    """The lowest step at which takes of two plans may differ; ``known`` are answers, and grows."""
    if one is other:
        return _NEVER
    if one.settings != other.settings:
        return 0
    pair = frozenset((one, other))
    if pair not in known:
        known[pair] = _compared(one, other, known)
    return known[pair]


def _compared(one: Plan, other: Plan, known: dict[frozenset[Plan], int]) -> int:
    """``_apart`` for two plans of the same settings."""
    first = first_difference(one.edits, other.edits)
    lowest = _NEVER if first is None else first
    # A lock that only one of them has makes no difference while it pastes what the other shows, and
    # one that both have makes none while what they hold looks the same.
    pasted = []
    for plan, beside in ((one, other), (other, one)):
        for seq, entry in plan.pastes.items():
            shared = beside.mapping.get(seq) == entry
            pasted.append((entry.step, plan.holds(seq), beside.holds(seq) if shared else beside))
    for step, shown, instead in sorted(pasted, key=lambda one: one[0]):
        if step >= lowest:
            break
        lowest = min(lowest, max(step, _apart(shown, instead, known)))
    return lowest


class Shown(NamedTuple):
    """What a take shows in a step: its latents and the clean ones predicted, (1, c, F, h, w).

    ``before`` are the latents as the model sees them: with what its own locks paste in this step.
    """

    before: torch.Tensor
    clean: torch.Tensor
    after: torch.Tensor


@dataclass(frozen=True)
class Pinned:
    """What one lock pins in a step: ``cells`` (1, 1, F, h, w), as ``shown``."""

    cells: torch.Tensor
    shown: Shown


class Run(Protocol):
    """A take, as far as a reference needs one."""

    @property
    def position(self) -> int:
        """The step that runs next."""
        ...

    def latents(self) -> torch.Tensor:
        """A copy of the latents before that step."""
        ...

    def advance(self) -> Shown:
        """Run it; return what it shows."""
        ...

    def back(self, step: int) -> None:
        """Stand before an earlier step again."""
        ...


class Course:
    """One reference: runs as far as it is asked about, and remembers what it looked like."""

    def __init__(self, begin: Callable[[], Run], store: CheckpointStore) -> None:
        self._run = begin()
        self._noise = self._run.latents()
        self._store = store
        self._newest: tuple[int, Shown] | None = None

    def shown(self, step: int) -> Shown | None:
        """What the reference shows in ``step``; None where it has to run to tell."""
        # The newest is kept here, too: within a step of the take many ask, the take itself and
        # every reference that holds this one, and the store may have given it up.
        if self._newest is None or self._newest[0] != step:
            remembered = self._remembered(step)
            if remembered is None:
                return None
            self._newest = (step, remembered)
        return self._newest[1]

    def towards(self, step: int) -> int:
        """Return the step that runs next on the way through ``step``, and stand before it."""
        if self._run.position > step:
            self._run.back(0)
        return self._run.position

    def advance(self) -> None:
        """Run that step. Raises what a step of a take raises."""
        at, stood = self._run.position, self._run.latents()
        shown = self._run.advance()
        kept = {"clean": shown.clean}
        # Mostly it is what the step before left, which is kept already.
        if not torch.equal(shown.before, stood):
            kept["before"] = shown.before
        self._store.keep(self, Checkpoint(at + 1, shown.after, kept))
        self._newest = (at, shown)

    def forget(self) -> None:
        """Give up what is remembered."""
        self._store.drop(self)

    def _remembered(self, step: int) -> Shown | None:
        """What ``step`` showed, where all of that is in the store."""
        now, earlier = self._kept(step + 1), self._kept(step)
        if now is None:
            return None
        before = now.scheduler.get("before")
        if before is None and step == 0:
            before = self._noise
        elif before is None and earlier is not None:
            before = earlier.latents
        return None if before is None else Shown(before, now.scheduler["clean"], now.latents)

    def _kept(self, index: int) -> Checkpoint | None:
        """What is remembered of the moment before step ``index``."""
        kept = self._store.newest(self, index)
        return kept if kept is not None and kept.index == index else None


class Courses:
    """All references of one take, and those that they need themselves."""

    def __init__(
        self, spec: ModelSpec, store: CheckpointStore, begin: Callable[[Plan], Run]
    ) -> None:
        """``begin`` makes the take of a plan, before its first step."""
        self._spec = spec
        self._store = store
        self._begin = begin
        self._planner = _Planner()
        self._courses: dict[Plan, Course] = {}
        self._pins: Memo[tuple[Lock, Settings], torch.Tensor] = Memo(_REMEMBERED_PINS)

    def plan(
        self, settings: Settings, mapping: Mapping[int, Entry], references: References
    ) -> Plan:
        """Return the plan of a take under ``settings``; ``keep_only`` makes it the one in force.

        Raises ``ValueError`` for a negative entry step, a lock without a reference, and one whose
        reference holds locks that are not earlier.
        """
        self._planner.told(references)
        return self._planner.plan(settings, mapping)

    def keep_only(self, plan: Plan) -> None:
        """Forget what ``plan`` does not need."""
        needed = set(_all_of(plan))
        for other in [other for other in self._courses if other not in needed]:
            self._courses.pop(other).forget()
        self._planner.keep_only(plan)

    def catch_up(self, plan: Plan, step: int, device: torch.device) -> bool:
        """Run one step of a reference if ``step`` of ``plan`` needs any; return whether it did.

        Raises what a step of a take raises.
        """
        needed = {held for held, _ in self._pasting(plan, step, device)}
        # The deepest first: those below run along with it, and stand where it does afterwards.
        for held in sorted(needed, key=lambda one: one.depth, reverse=True):
            course = self._course(held)
            if course.shown(step) is None:
                if not self.catch_up(held, course.towards(step), device):
                    course.advance()
                return True
        return False

    def pinned(self, plan: Plan, step: int, device: torch.device) -> list[Pinned]:
        """Return what the locks in force at ``step`` pin, those on top last.

        Runs the references as far as that. Raises what a step of a take raises.
        """
        while self.catch_up(plan, step, device):
            pass
        found = []
        for held, cells in self._pasting(plan, step, device):
            shown = self._course(held).shown(step)
            assert shown is not None
            found.append(Pinned(cells, shown))
        return found

    def _pasting(
        self, plan: Plan, step: int, device: torch.device
    ) -> list[tuple[Plan, torch.Tensor]]:
        """What the locks in force at ``step`` hold, and in which cells; those on top last."""
        found = []
        for seq, lock in in_force(plan.pastes, step):
            assert isinstance(lock, Lock)
            cells = self._cells(lock, plan.settings, device)
            if cells.any():
                found.append((plan.locks[seq], cells))
        return found

    def _course(self, plan: Plan) -> Course:
        if plan not in self._courses:
            self._courses[plan] = Course(lambda: self._begin(plan), self._store)
        return self._courses[plan]

    def _cells(self, lock: Lock, settings: Settings, device: torch.device) -> torch.Tensor:
        return self._pins.get(
            (lock, settings),
            lambda: torch.from_numpy(pins(lock, self._spec, settings))[None, None].to(device),
        )


class _Planner:
    """Makes plans out of what locks hold, and remembers those of what they hold."""

    def __init__(self) -> None:
        self._references: References = {}
        self._known: list[Plan] = []
        # By the lock's seq and the settings of the take it is in: what it runs there, and the plan.
        self._held: dict[tuple[int, Settings], tuple[Reference, Plan]] = {}

    def told(self, references: References) -> None:
        """Take up what the locks of the next plans hold; none of it is written to afterwards."""
        if any(references.get(seq) != one for seq, one in self._references.items()):
            self._held.clear()
        self._references = dict(references)

    def keep_only(self, plan: Plan) -> None:
        """Forget the plans that neither ``plan`` nor what is remembered of references needs."""
        self._known = list(_all_of(plan, *(held for _, held in self._held.values())))

    def plan(self, settings: Settings, mapping: Mapping[int, Entry]) -> Plan:
        if any(entry.step < 0 for entry in mapping.values()):
            raise ValueError("an entry step is 0 or more")
        held = {
            seq: self._of_lock(seq, settings)
            for seq in sorted({creator(seq, one) for seq, one in mapping.items() if _is_lock(one)})
        }
        if held:
            # The lock that came last pastes nothing new if its reference is the take without it.
            last = max(held)
            reference, shown = held[last]
            rest = {seq: one for seq, one in mapping.items() if creator(seq, one) != last}
            if reference == (settings, rest):
                return shown
            # Plans leave out nothing but locks: where edits differ, the plans do.
            alike = shown.settings == settings and shown.edits == _edits(rest)
            if alike and self.plan(settings, rest) is shown:
                return shown
        locks = {seq: shown for seq, (_, shown) in held.items()}
        for known in self._known:
            same = known.settings == settings and known.locks == locks
            if same and known.mapping == mapping:
                return known
        made = Plan(settings, dict(mapping), locks)
        self._known.append(made)
        return made

    def _of_lock(self, seq: int, settings: Settings) -> tuple[Reference, Plan]:
        """What the lock of edit ``seq`` holds in a take under ``settings``."""
        if (seq, settings) not in self._held:
            if seq not in self._references:
                raise ValueError(f"lock {seq} needs its reference")
            then, mapping = self._references[seq]
            if any(_is_lock(one) and creator(at, one) >= seq for at, one in mapping.items()):
                raise ValueError(f"the reference of lock {seq} holds a lock that is not earlier")
            reference = _under(settings, then, mapping)
            self._held[seq, settings] = (reference, self.plan(*reference))
        return self._held[seq, settings]


def creator(seq: int, entry: Entry) -> int:
    """Return the seq of the edit that gave an instruction first."""
    return seq if entry.of is None else entry.of


def _is_lock(entry: Entry) -> bool:
    return isinstance(entry.instruction, Lock)


def _edits(mapping: Mapping[int, Entry]) -> dict[int, Entry]:
    """All of a mapping that is no lock."""
    return {seq: one for seq, one in mapping.items() if not _is_lock(one)}


def _under(settings: Settings, then: Settings, mapping: Mapping[int, Entry]) -> Reference:
    """Return what a reference of ``then`` and ``mapping`` runs in a take of ``settings``."""
    if not same_meaning(settings, then):
        # Its entry steps mean nothing here: the last of them may never come.
        mapping = {seq: replace(one, step=0) for seq, one in mapping.items()}
    return Reference(held_under(settings, then), mapping)


def _all_of(*plans: Plan) -> Iterator[Plan]:
    """Yield plans and all that their locks need, each once."""
    seen, todo = set[Plan](), list(plans)
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            yield one
            todo += one.locks.values()
