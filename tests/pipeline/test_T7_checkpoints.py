"""T7: going back to a checkpoint and on again is exact, whatever state a scheduler keeps."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    HeunDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    UniPCMultistepScheduler,
)

from framejam_pipeline.errors import TakeFinished
from framejam_pipeline.loop import DenoiseLoop
from framejam_pipeline.noise import KeyedNoise

SCHEDULERS = [
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    HeunDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    UniPCMultistepScheduler,
]
STEPS = 10


def _predict(latents: torch.Tensor, timestep: torch.Tensor, strength: float) -> torch.Tensor:
    """A stand-in for a model: nonlinear, cheap, and different at every timestep."""
    return strength * torch.tanh(latents + 1e-3 * float(timestep))


def _loop(kind: Any) -> DenoiseLoop[float]:
    scheduler = kind()
    scheduler.set_timesteps(STEPS)
    return DenoiseLoop(_predict, scheduler, KeyedNoise(3, "test"), (1, 4, 2, 4, 4))


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_T7_a_rewound_loop_ends_where_it_ended_before(kind: Any) -> None:
    loop = _loop(kind)
    checkpoints = []
    seen = []
    while loop.index < loop.steps:
        checkpoints.append(loop.snapshot())
        loop.step(0.8)
        seen.append(loop.latents.clone())
    for start in (4, 7, 1, 4):
        loop.restore(checkpoints[start])
        while loop.index < loop.steps:
            loop.step(0.8)
            assert float((loop.latents - seen[loop.index - 1]).abs().max()) == 0.0


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_T7_steps_run_after_a_snapshot_leave_no_trace_in_it(kind: Any) -> None:
    straight = _loop(kind)
    for _ in range(4):
        straight.step(0.8)
    detour = _loop(kind)
    for _ in range(4):
        detour.step(0.8)
    checkpoint = detour.snapshot()
    for _ in range(3):
        detour.step(-2.0)
    detour.restore(checkpoint)
    while straight.index < straight.steps:
        straight.step(0.5)
        detour.step(0.5)
    assert torch.equal(straight.latents, detour.latents)


@pytest.mark.parametrize(
    "kind",
    [
        EulerDiscreteScheduler,
        DPMSolverMultistepScheduler,
        LCMScheduler,
        UniPCMultistepScheduler,
    ],
)
def test_T7_latents_and_index_alone_would_not_be_enough(kind: Any) -> None:
    """Why ``capture`` takes everything: the naive rewind is wrong and raises nothing."""
    loop = _loop(kind)
    for _ in range(4):
        loop.step(0.8)
    latents = loop.latents.clone()
    for _ in range(3):
        loop.step(0.8)
    right = loop.latents.clone()
    loop.latents, loop.index = latents, 4
    for _ in range(3):
        loop.step(0.8)
    assert float((loop.latents - right).abs().max()) > 1e-3


def test_T7_a_finished_loop_refuses_another_step() -> None:
    loop = _loop(DDIMScheduler)
    for _ in range(STEPS):
        loop.step(0.8)
    with pytest.raises(TakeFinished):
        loop.step(0.8)


def test_noise_depends_on_seed_step_and_purpose_and_on_nothing_else() -> None:
    def draw(seed: int, purpose: str, step: int) -> torch.Tensor:
        return torch.randn(8, generator=KeyedNoise(seed, purpose).generator(step))

    assert torch.equal(draw(1, "video", 2), draw(1, "video", 2))
    others = [draw(2, "video", 2), draw(1, "image", 2), draw(1, "video", 3)]
    assert not any(torch.equal(draw(1, "video", 2), other) for other in others)
    source = KeyedNoise(1, "video")
    first = source.initial((2, 3))
    source.generator(0)
    assert torch.equal(first, source.initial((2, 3)))
    assert not torch.equal(first, KeyedNoise(2, "video").initial((2, 3)))
