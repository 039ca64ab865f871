"""M4: residuals of several people fold into one field, in any order and without residue."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
)

from framejam_pipeline.loop import DenoiseLoop
from framejam_pipeline.noise import KeyedNoise
from framejam_pipeline.prediction import Kind, Prediction
from framejam_pipeline.residual import Field, Residual, ResidualSum, fold_fields

SHAPE = (4, 3, 8, 8)
KINDS: list[Kind] = ["epsilon", "v_prediction", "flow"]


def _people(count: int) -> list[Field]:
    generator = torch.Generator().manual_seed(1)
    return [
        Field(torch.rand((1, 8, 8), generator=generator), torch.randn(SHAPE, generator=generator))
        for _ in range(count)
    ]


def _prediction(kind: Kind) -> Prediction:
    return Prediction(kind, 0.6, 0.4 if kind == "flow" else 0.8)


def _random(seed: int) -> torch.Tensor:
    return torch.randn((1, *SHAPE), generator=torch.Generator().manual_seed(seed))


def test_M4_the_order_of_people_does_not_matter() -> None:
    people = _people(5)
    expected = fold_fields(people, SHAPE)
    for order in itertools.permutations(people):
        folded = fold_fields(order, SHAPE)
        assert torch.equal(folded.weight, expected.weight)
        assert torch.equal(folded.target, expected.target)


def test_M4_taking_one_person_out_leaves_no_residue() -> None:
    people = _people(5)
    for leaving in people:
        total = ResidualSum(SHAPE)
        for field in people:
            total.add(field)
        total.remove(leaving)
        without = fold_fields([field for field in people if field is not leaving], SHAPE)
        assert torch.equal(total.fold().weight, without.weight)
        assert torch.equal(total.fold().target, without.target)


def test_M4_weights_add_up_to_one_at_most_and_targets_average() -> None:
    red, blue = torch.full(SHAPE, 2.0), torch.full(SHAPE, -1.0)
    half, most = torch.full((1, 8, 8), 0.5), torch.full((1, 8, 8), 1.0)
    folded = fold_fields([Field(half, red), Field(most, blue)], SHAPE)
    assert torch.equal(folded.weight, torch.ones((1, 1, *SHAPE[1:])))
    assert torch.equal(folded.target, torch.zeros((1, *SHAPE)))
    assert torch.equal(
        fold_fields([Field(half, red)], SHAPE).weight, torch.full((1, 1, 3, 8, 8), 0.5)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_M4_equation_4_of_the_paper_is_a_special_case(kind: Kind) -> None:
    """lambda * out + (1 - lambda) * out2 is W = 1 - lambda, T = the clean estimate of out2."""
    scaled, old, new = _random(1), _random(2), _random(3)
    prediction = _prediction(kind)
    weight = torch.full((1, 1, *SHAPE[1:]), 0.7)
    steered = Residual(weight, prediction.clean(scaled, new)).steer(prediction, scaled, old)
    assert float((steered - (0.3 * old + 0.7 * new)).abs().max()) < 2e-6


@pytest.mark.parametrize("kind", KINDS)
def test_M4_the_clean_estimate_meets_the_target_in_the_mask_and_stays_outside(kind: Kind) -> None:
    scaled, output, target = _random(1), _random(2), _random(3)
    prediction = _prediction(kind)
    weight = torch.zeros((1, 1, *SHAPE[1:]))
    weight[..., 2:5, 2:5] = 1.0
    steered = Residual(weight, target).steer(prediction, scaled, output)
    reached = prediction.clean(scaled, steered)
    inside = weight.expand_as(reached) == 1.0
    assert float((reached - target)[inside].abs().max()) < 1e-5
    assert float((steered - output)[~inside].abs().max()) == 0.0


@pytest.mark.parametrize(
    ("kind", "predicts"),
    [
        (DDIMScheduler, "epsilon"),
        (DDIMScheduler, "v_prediction"),
        (EulerDiscreteScheduler, "epsilon"),
        (EulerDiscreteScheduler, "v_prediction"),
        (DPMSolverMultistepScheduler, "v_prediction"),
        (FlowMatchEulerDiscreteScheduler, None),
    ],
)
def test_M4_one_step_lands_in_the_mask_and_changes_nothing_outside(
    kind: Any, predicts: str | None
) -> None:
    """Through real schedulers: the last step ends on its clean estimate, so on the target."""
    options = {"prediction_type": predicts} if predicts else {}
    scheduler = kind(**options, **({"clip_sample": False} if kind is DDIMScheduler else {}))
    scheduler.set_timesteps(6)
    loop: DenoiseLoop[None] = DenoiseLoop(
        lambda x, t, c: torch.tanh(x), scheduler, KeyedNoise(2, "test"), (1, *SHAPE)
    )
    mask = torch.zeros((1, 8, 8))
    mask[:, 2:5, 2:5] = 1.0
    target = _random(9)[0]
    residual = fold_fields([Field(mask, target)], SHAPE)
    inside = (mask == 1.0).expand(1, *SHAPE)
    while loop.index < loop.steps:
        before = loop.snapshot()
        loop.step(None)
        plain = loop.latents
        loop.restore(before)
        prediction = Prediction.at(scheduler, loop.index)
        clean = loop.step(None, residual).clean
        # Reading noise as a clean estimate divides by the signal, and fp32's rounding with it.
        rounding = prediction.signal if prediction.kind == "epsilon" else 1.0
        assert float((loop.latents - plain)[~inside].abs().max()) == 0.0
        assert float((clean - target)[inside].abs().max()) < 1e-5 / rounding
    assert float((loop.latents - target)[inside].abs().max()) < 1e-4


@pytest.mark.parametrize(
    ("weight", "target"), [(math.nan, 0.0), (1.5, 0.0), (-0.1, 0.0), (1.0, math.nan), (1, math.inf)]
)
def test_M4_numbers_that_would_poison_the_sums_are_refused(weight: float, target: float) -> None:
    with pytest.raises(ValueError, match="residual"):
        ResidualSum(SHAPE).add(Field(torch.full((1, 8, 8), weight), torch.full(SHAPE, target)))


def test_an_unknown_prediction_type_is_refused() -> None:
    scheduler = DDIMScheduler(prediction_type="sample")
    scheduler.set_timesteps(4)
    with pytest.raises(ValueError, match="sample"):
        Prediction.at(scheduler, 0)
