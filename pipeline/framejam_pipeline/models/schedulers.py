"""The schedulers a model may offer: names for people, and the diffusers classes behind them.

Each runs exactly as many timesteps as it is asked for, so that a step of the loop is a step of
the settings: schedulers that run two forwards for one (Heun, PNDM with its warm-up) are not here.
All of them are built from the model's own scheduler config by ``from_config``: noise levels and
prediction type stay those the model was trained with.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    UniPCMultistepScheduler,
)

from framejam_pipeline.errors import ModelInvalid, UnsupportedSettings
from framejam_pipeline.models.contract import PredictionKind, Scheduler

_SDE: Final = "sde-dpmsolver++"

_LCM_TABLE: Final = 50
"""LCM picks its timesteps from a table of this many (arXiv 2310.04378); from a longer one where
more steps are asked for."""

_KINDS: Final[dict[str, tuple[Any, dict[str, Any]]]] = {
    "ddim": (DDIMScheduler, {}),
    "euler": (EulerDiscreteScheduler, {}),
    "euler_a": (EulerAncestralDiscreteScheduler, {}),
    "dpm++2m": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++"}),
    "dpm++2m_sde": (DPMSolverMultistepScheduler, {"algorithm_type": _SDE}),
    "unipc": (UniPCMultistepScheduler, {}),
    "lcm": (LCMScheduler, {}),
}

NAMES: Final = tuple(_KINDS)
"""Every name there is."""

TENSORS_KEPT: Final = 4
"""Most tensors of the latents' size in a checkpoint: UniPC keeps two outputs and a sample beside
the latents."""

_KEPT_DEFAULTS = "_use_default_values"  # fields of a diffusers config that nobody has set


def offered(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The names a model with this scheduler config offers: its own first, "ddim" if it has none."""
    own = _own(config)
    return (own, *(name for name in NAMES if name != own))


def build(
    config: Mapping[str, Any], name: str, steps: int, device: torch.device | str = "cpu"
) -> Scheduler:
    """Return a fresh scheduler over a model's ``config`` with exactly ``steps`` timesteps.

    ``name`` is one of ``NAMES``, or "" for the first that is ``offered``. Raises
    ``UnsupportedSettings`` for any other and for steps that the config cannot give.
    """
    chosen = name or _own(config)
    if chosen not in _KINDS:
        raise UnsupportedSettings("scheduler", f"{name!r} is not one of {', '.join(NAMES)}")
    kind, options = _KINDS[chosen]
    if kind is LCMScheduler:
        options = {"original_inference_steps": max(steps, _LCM_TABLE)}
    if "clip_sample" in inspect.signature(kind).parameters and not _sets(config, "clip_sample"):
        options = {**options, "clip_sample": False}  # some classes would clip by default
    scheduler: Any = kind.from_config(dict(config), **options)
    scheduler.set_timesteps(steps, device=device)
    _cut(scheduler, steps)
    if len(scheduler.timesteps) != steps:
        raise UnsupportedSettings("steps", f"{chosen} cannot run exactly {steps} steps")
    made: Scheduler = scheduler
    return made


def prediction(config: Mapping[str, Any]) -> PredictionKind:
    """What a model with this config predicts; ``ModelInvalid`` if the loop cannot read it."""
    found = config.get("prediction_type", "epsilon")
    if found not in ("epsilon", "v_prediction"):
        raise ModelInvalid(f"scheduler: prediction type {found!r} is not supported")
    kind: PredictionKind = found
    return kind


def require_unclipped(config: Mapping[str, Any]) -> None:
    """Raise ``ModelInvalid`` if schedulers of this config clip the clean estimate.

    Latents are not pixels: clipped to [-1, 1] they are another picture, and a residual would miss
    its target.
    """
    for field in ("clip_sample", "thresholding"):
        if _sets(config, field) and config[field]:
            raise ModelInvalid(
                "scheduler: the scheduler must not clip, residuals would miss their targets: set "
                f"{field} to false in scheduler_config.json"
            )


def _own(config: Mapping[str, Any]) -> str:
    """The name of the class that the config was written by, "ddim" where it has none."""
    written = config.get("_class_name")
    if written == DPMSolverMultistepScheduler.__name__:
        return "dpm++2m_sde" if config.get("algorithm_type") == _SDE else "dpm++2m"
    found = [name for name, (kind, _) in _KINDS.items() if kind.__name__ == written]
    return found[0] if found else "ddim"


def _sets(config: Mapping[str, Any], field: str) -> bool:
    """Whether a config says something about a field, rather than showing a class's default."""
    return field in config and field not in config.get(_KEPT_DEFAULTS, ())


def _cut(scheduler: Any, steps: int) -> None:
    """Take off a timestep before the first that "trailing" spacing may append.

    It counts down from 1000 by 1000 / steps in floating point, which for 61, 103 or 121 steps
    ends a rounding error above 0 instead of at it: one step more than asked for, at timestep -1.
    """
    if len(scheduler.timesteps) == steps + 1 and int(scheduler.timesteps[-1]) < 0:
        scheduler.timesteps = scheduler.timesteps[:steps]
        sigmas = getattr(scheduler, "sigmas", None)
        if sigmas is not None:
            scheduler.sigmas = torch.cat([sigmas[:steps], sigmas[-1:]])
