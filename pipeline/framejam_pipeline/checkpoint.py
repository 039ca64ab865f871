"""Checkpoints of a denoising loop: latents, step index and all of the scheduler's state.

Latents and index alone are not enough. Multistep schedulers keep earlier outputs, the order they
have warmed up to and a step counter of their own; a loop that rewinds without them goes on
without any error and is wrong.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import torch

from framejam_pipeline.models.contract import Scheduler

DEFAULT_BUDGET: Final = 512 * 2**20
"""Bytes of checkpoints kept where nobody says otherwise."""

_CONFIG = "_internal_dict"  # where diffusers keeps the frozen config; never written in a loop


@dataclass(frozen=True)
class Checkpoint:
    """A loop just before step ``index``; ``latents`` are fp32 whatever the model computes in.

    Rounding latents to 16 bits here would make a rewound take differ from one that never was.
    """

    index: int
    latents: torch.Tensor
    scheduler: Mapping[str, Any]

    @cached_property
    def nbytes(self) -> int:
        """Bytes of all tensors and arrays in it; what else it holds is next to nothing."""
        return _nbytes(self.latents) + _nbytes(self.scheduler)


class CheckpointStore:
    """The checkpoints of all takes of a process, within one budget of bytes.

    Over the budget, the take that was used longest ago loses checkpoints first. Within a take
    those go first whose neighbours are near, so that evenly spread ones stay; the newest, which
    most rewinds need, goes last. Not safe for use from several threads at a time.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        """``budget`` is in bytes; 0 keeps nothing."""
        self._budget = budget
        self._bytes = 0
        # Least recently used take first; a take's checkpoints are in the order of their steps.
        self._shelves: OrderedDict[object, dict[int, Checkpoint]] = OrderedDict()

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def steps(self, take: object) -> tuple[int, ...]:
        """The steps that ``take`` has checkpoints of, in order."""
        return tuple(self._shelves.get(take, ()))

    def keep(self, take: object, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint of ``take`` (any object, by identity) that is newer than its others.

        A take's start is not kept: it comes from the noise.
        """
        self.drop(take, checkpoint.index)
        if checkpoint.index > 0:
            self._shelves.setdefault(take, {})[checkpoint.index] = checkpoint
            self._shelves.move_to_end(take)
            self._bytes += checkpoint.nbytes
        while self._bytes > self._budget:
            self._thin(next(iter(self._shelves)))

    def newest(self, take: object, step: int) -> Checkpoint | None:
        """The newest checkpoint of ``take`` at or before ``step``; None means: from the start."""
        at = max((index for index in self.steps(take) if index <= step), default=None)
        return None if at is None else self._shelves[take][at]

    def drop(self, take: object, step: int = 0) -> None:
        """Drop the checkpoints of ``take`` from ``step`` on."""
        for index in self.steps(take):
            if index >= step:
                self._take_out(take, index)

    def drop_others(self, take: object) -> None:
        """Drop the checkpoints of every take but ``take``."""
        for other in [other for other in self._shelves if other is not take]:
            self.drop(other)

    def _thin(self, take: object) -> None:
        """Drop the checkpoint of ``take`` that is missed least."""
        steps = (0, *self.steps(take))
        gaps = [(steps[i + 1] - steps[i - 1], steps[i]) for i in range(1, len(steps) - 1)]
        self._take_out(take, min(gaps)[1] if gaps else steps[-1])

    def _take_out(self, take: object, step: int) -> None:
        shelf = self._shelves[take]
        self._bytes -= shelf.pop(step).nbytes
        if not shelf:
            del self._shelves[take]


def capture(scheduler: Scheduler) -> dict[str, Any]:
    """Copy everything a scheduler object holds, except its frozen config.

    Which attributes are state and which are tables differs from class to class and changes
    between releases of diffusers, so nothing is left out: the tables are some ten kilobytes.
    """
    return {name: copy.deepcopy(value) for name, value in _state(scheduler).items()}


def reinstate(scheduler: Scheduler, state: Mapping[str, Any]) -> None:
    """Put a scheduler back to a captured state, and hand it that state's tensors themselves.

    To put the same state back more than once, give a deep copy of it.
    """
    for name in _state(scheduler).keys() - state.keys():
        delattr(scheduler, name)
    for name, value in state.items():
        setattr(scheduler, name, value)


def _state(scheduler: Scheduler) -> dict[str, Any]:
    return {name: value for name, value in vars(scheduler).items() if name != _CONFIG}


def _nbytes(value: Any) -> int:
    """Bytes of the tensors and arrays in ``value``, however nested."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return int(value.nbytes)
    if isinstance(value, Mapping):
        return sum(_nbytes(item) for item in value.values())
    if isinstance(value, list | tuple):
        return sum(_nbytes(item) for item in value)
    return 0
