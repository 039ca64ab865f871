"""Checkpoints of a denoising loop: latents, step index and all of the scheduler's state.

Latents and index alone are not enough. Multistep schedulers keep earlier outputs, the order they
have warmed up to and a step counter of their own; a loop that rewinds without them goes on
without any error and is wrong.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from framejam_pipeline.models.contract import Scheduler

_CONFIG = "_internal_dict"  # where diffusers keeps the frozen config; never written in a loop


@dataclass(frozen=True)
class Checkpoint:
    """A loop just before step ``index``; ``latents`` are fp32 whatever the model computes in.

    Rounding latents to 16 bits here would make a rewound take differ from one that never was.
    """

    index: int
    latents: torch.Tensor
    scheduler: Mapping[str, Any]


def capture(scheduler: Scheduler) -> dict[str, Any]:
    """Copy everything a scheduler object holds, except its frozen config.

    Which attributes are state and which are tables differs from class to class and changes
    between releases of diffusers, so nothing is left out: the tables are some ten kilobytes.
    """
    return {name: copy.deepcopy(value) for name, value in _state(scheduler).items()}


def reinstate(scheduler: Scheduler, state: Mapping[str, Any]) -> None:
    """Put a scheduler back to a captured state, which can be put back any number of times."""
    for name in _state(scheduler).keys() - state.keys():
        delattr(scheduler, name)
    for name, value in state.items():
        setattr(scheduler, name, copy.deepcopy(value))


def _state(scheduler: Scheduler) -> dict[str, Any]:
    return {name: value for name, value in vars(scheduler).items() if name != _CONFIG}
