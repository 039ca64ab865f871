"""The takes that locks hold regions of: how they are made, and what they look like at each step.

A reference is the take of the mapping that was in force when somebody locked something (T11). It
runs under the settings of the take that is locked, but from the seed of its own: under another seed
its region still shows what was locked. Where model, size, frames, steps or scheduler are not those
of then, its steps and pictures mean something else; it then runs under the present settings wholly,
the seed included.

References run on demand, a step ahead of the take that they are pasted into, and each runs once,
however many locks hold it. What they looked like is remembered in the ``CheckpointStore``, within
its budget; a reference whose memory was given up runs again from its noise, to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import msgspec
import torch

from framejam_pipeline.checkpoint import Checkpoint, CheckpointStore
from framejam_pipeline.entries import Entry, first_difference, in_force
from framejam_pipeline.locks import pins
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import ModelSpec
from framejam_protocol.instructions import Lock, Settings

_SAME: Final = ("model", "width", "height", "frames", "steps", "scheduler")
"""The settings under which a reference's entry steps and outlines mean what they meant."""

_REMEMBERED_PINS: Final = 64


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

    def first_difference(self, other: Plan) -> int | None:
        """Return the lowest step at which takes of both may differ, None if they do not."""
        lowest = first_difference(self.mapping, other.mapping)
        # A lock that is in both may hold another reference than before.
        others = [
            entry.step
            for seq, entry in self.mapping.items()
            if seq in other.mapping and _is_lock(entry) and self._holds(seq) != other._holds(seq)
        ]
        return min([*others, *([] if lowest is None else [lowest])], default=None)

    def _holds(self, seq: int) -> Plan | None:
        """What the lock of an edit holds; None where that is no lock."""
        return self.locks.get(creator(seq, self.mapping[seq]))


@dataclass(frozen=True)
class Shown:
    """Latents of a reference before and after a step, and the clean ones predicted in it."""

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

    def advance(self) -> torch.Tensor:
        """Run it; return the clean latents predicted in it."""
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

    def at(self, step: int) -> Shown:
        """Return what the reference looks like before, in and after ``step``.

        Raises what a step of a take raises.
        """
        earlier, now = self._kept(step), self._kept(step + 1)
        if now is None or (earlier is None and step > 0):
            return self._ran(step)
        before = self._noise if earlier is None else earlier.latents
        return Shown(before, now.scheduler["clean"], now.latents)

    def forget(self) -> None:
        """Give up what is remembered."""
        self._store.drop(self)

    def _kept(self, index: int) -> Checkpoint | None:
        """What is remembered of the moment before step ``index``."""
        kept = self._store.newest(self, index)
        return kept if kept is not None and kept.index == index else None

    def _ran(self, step: int) -> Shown:
        """Run up to ``step`` and on through it."""
        if self._run.position > step:
            self._run.back(0)
        while True:
            at, before = self._run.position, self._run.latents()
            shown = Shown(before, self._run.advance(), self._run.latents())
            self._store.keep(self, Checkpoint(at + 1, shown.after, {"clean": shown.clean}))
            if at == step:
                return shown


class Courses:
    """All references of one take, and those that they need themselves."""

    def __init__(
        self, spec: ModelSpec, store: CheckpointStore, begin: Callable[[Plan], Run]
    ) -> None:
        """``begin`` makes the take of a plan, before its first step."""
        self._spec = spec
        self._store = store
        self._begin = begin
        self._plans: list[Plan] = []
        self._courses: dict[Plan, Course] = {}
        self._pins: Memo[tuple[Lock, Settings], torch.Tensor] = Memo(_REMEMBERED_PINS)

    def plan(
        self, settings: Settings, mapping: Mapping[int, Entry], references: References
    ) -> Plan:
        """Return the plan of a take under ``settings``; ``keep_only`` makes it the one in force.

        Raises ``ValueError`` for a negative entry step, a lock without a reference, and one whose
        reference holds locks that are not earlier.
        """
        return _Planner(references, self._plans).plan(settings, mapping)

    def keep_only(self, plan: Plan) -> None:
        """Forget what ``plan`` does not need."""
        needed = dict.fromkeys(_all_of(plan))
        for other in [other for other in self._courses if other not in needed]:
            self._courses.pop(other).forget()
        self._plans = list(needed)

    def pinned(self, plan: Plan, step: int, device: torch.device) -> list[Pinned]:
        """Return what the locks in force at ``step`` pin, those on top last.

        Runs the references as far as that. Raises what a step of a take raises.
        """
        if not plan.locks:
            return []
        locks = {seq: one for seq, one in plan.mapping.items() if isinstance(one.instruction, Lock)}
        found = []
        for seq, lock in in_force(locks, step):
            assert isinstance(lock, Lock)
            cells = self._cells(lock, plan.settings, device)
            if cells.any():
                found.append(Pinned(cells, self._course(plan.locks[seq]).at(step)))
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
    """Makes plans out of what locks hold; ``known`` are those there are, and grows."""

    def __init__(self, references: References, known: list[Plan]) -> None:
        self._references = references
        self._known = list(known)
        self._held: dict[tuple[int, Settings], Plan] = {}

    def plan(self, settings: Settings, mapping: Mapping[int, Entry]) -> Plan:
        if any(entry.step < 0 for entry in mapping.values()):
            raise ValueError("an entry step is 0 or more")
        locks = {
            seq: self._of_lock(seq, settings)
            for seq in sorted({creator(seq, one) for seq, one in mapping.items() if _is_lock(one)})
        }
        if locks:
            # The lock that came last pastes nothing new if its reference is the take without it.
            last = max(locks)
            rest = {seq: one for seq, one in mapping.items() if creator(seq, one) != last}
            without = self.plan(settings, rest)
            if locks[last] is without:
                return without
        for known in self._known:
            same = known.settings == settings and known.locks == locks
            if same and known.mapping == mapping:
                return known
        made = Plan(settings, dict(mapping), locks)
        self._known.append(made)
        return made

    def _of_lock(self, seq: int, settings: Settings) -> Plan:
        """The plan that the lock of edit ``seq`` holds in a take under ``settings``."""
        if (seq, settings) not in self._held:
            if seq not in self._references:
                raise ValueError(f"lock {seq} needs its reference")
            then, mapping = self._references[seq]
            if any(_is_lock(one) and creator(at, one) >= seq for at, one in mapping.items()):
                raise ValueError(f"the reference of lock {seq} holds a lock that is not earlier")
            self._held[seq, settings] = self.plan(_under(settings, then), mapping)
        return self._held[seq, settings]


def creator(seq: int, entry: Entry) -> int:
    """Return the seq of the edit that gave an instruction first."""
    return seq if entry.of is None else entry.of


def _is_lock(entry: Entry) -> bool:
    return isinstance(entry.instruction, Lock)


def _under(settings: Settings, then: Settings) -> Settings:
    """Return the settings that a reference of ``then`` runs under in a take of ``settings``."""
    if all(getattr(settings, name) == getattr(then, name) for name in _SAME):
        return msgspec.structs.replace(settings, seed=then.seed)
    return settings


def _all_of(plan: Plan) -> Iterator[Plan]:
    """Yield a plan and all that its locks need, each once."""
    seen, todo = set[Plan](), [plan]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            yield one
            todo += one.locks.values()
