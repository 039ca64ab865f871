"""The schedulers on offer: exactly the steps asked for, from the model's own config."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
)
from stock_schedulers import STOCK
from tiny import scheduler as embedded
from tiny_sd import scheduler as stable

from framejam_pipeline.errors import ModelInvalid, UnsupportedSettings
from framejam_pipeline.loop import DenoiseLoop
from framejam_pipeline.models import schedulers
from framejam_pipeline.noise import KeyedNoise

CONFIGS: dict[str, Any] = {
    "embedded": embedded().config,
    "stable diffusion": stable().config,
    "as published": PNDMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        skip_prk_steps=True,
        steps_offset=1,
    ).config,
    "animatediff": stable(beta_schedule="linear", timestep_spacing="linspace").config,
}


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("name", schedulers.NAMES)
def test_T8_every_number_of_steps_is_run_exactly(name: str, config: str) -> None:
    """Also 61, 103, 121 and 122, to which "trailing" spacing in diffusers 0.42 adds one."""
    for steps in range(1, 201):
        made = schedulers.build(CONFIGS[config], name, steps)
        assert len(made.timesteps) == steps
        assert made.timesteps.unique().numel() == steps
        assert float(made.timesteps.min()) >= 0
        sigmas = getattr(made, "sigmas", None)
        assert sigmas is None or len(sigmas) == steps + 1 or name == "lcm"


@pytest.mark.parametrize("name", schedulers.NAMES)
def test_T8_a_loop_of_61_steps_comes_to_an_end(name: str) -> None:
    """With a model that knows the answer, the last step gives it."""
    made = schedulers.build(CONFIGS["embedded"], name, 61)
    noise = KeyedNoise(3, "video")
    answer = torch.full((1, 4, 2, 4, 4), 0.5)

    def predict(latents: torch.Tensor, timestep: torch.Tensor, conditions: None) -> torch.Tensor:
        signal = float(made.alphas_cumprod[round(float(timestep))]) ** 0.5
        return (signal * latents - answer) / (1 - signal**2) ** 0.5

    loop: DenoiseLoop[None] = DenoiseLoop(predict, made, noise, (1, 4, 2, 4, 4))
    while loop.index < loop.steps:
        loop.step(None)
    assert loop.index == 61
    assert torch.allclose(loop.latents, answer, atol=0.02)


@pytest.mark.parametrize("name", schedulers.NAMES)
def test_T8_a_scheduler_is_what_its_name_says(name: str) -> None:
    kind, options = STOCK[name]
    made: Any = schedulers.build(CONFIGS["stable diffusion"], name, 10)
    assert type(made) is kind
    assert all(made.config[field] == value for field, value in options.items())
    assert (made.config.beta_start, made.config.beta_end) == (0.00085, 0.012)
    assert made is not schedulers.build(CONFIGS["stable diffusion"], name, 10)


@pytest.mark.parametrize(
    ("kind", "options", "own"),
    [
        (DDIMScheduler, {}, "ddim"),
        (PNDMScheduler, {"skip_prk_steps": True}, "ddim"),
        (EulerDiscreteScheduler, {}, "euler"),
        (DPMSolverMultistepScheduler, {}, "dpm++2m"),
        (DPMSolverMultistepScheduler, {"algorithm_type": "sde-dpmsolver++"}, "dpm++2m_sde"),
    ],
)
def test_T8_the_models_own_scheduler_is_the_default(
    kind: Any, options: dict[str, Any], own: str, tmp_path: Path
) -> None:
    kind(**options, beta_schedule="scaled_linear").save_pretrained(tmp_path)
    config = json.loads((tmp_path / "scheduler_config.json").read_text())
    offered = schedulers.offered(config)
    assert offered[0] == own
    assert sorted(offered) == sorted(schedulers.NAMES)
    made, named = (schedulers.build(config, name, 7) for name in ("", own))
    assert type(made) is type(named)
    assert torch.equal(made.timesteps, named.timesteps)


def test_T8_an_unknown_scheduler_is_refused_by_its_field() -> None:
    with pytest.raises(UnsupportedSettings) as raised:
        schedulers.build(CONFIGS["embedded"], "heun", 7)
    assert raised.value.field == "scheduler"


@pytest.mark.parametrize("name", schedulers.NAMES)
def test_T8_nothing_is_clipped_where_nobody_says_so(name: str) -> None:
    """Some classes of diffusers clip by default, for models of pixels."""
    made: Any = schedulers.build(DDIMScheduler().config, name, 7)
    assert not made.config.get("clip_sample", False)
    assert not made.config.get("thresholding", False)
    schedulers.require_unclipped(DDIMScheduler().config)
    with pytest.raises(ModelInvalid, match="must not clip"):
        schedulers.require_unclipped(DDIMScheduler(clip_sample=True).config)


def test_the_prediction_is_read_from_the_config() -> None:
    assert schedulers.prediction({}) == "epsilon"
    assert schedulers.prediction(CONFIGS["embedded"]) == "v_prediction"
    with pytest.raises(ModelInvalid, match="sample"):
        schedulers.prediction({"prediction_type": "sample"})
