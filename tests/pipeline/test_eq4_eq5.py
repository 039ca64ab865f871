"""Equations 4 and 5 of the paper, beside the residual field that is used otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
import torch
from tiny import picture, settings

from framejam_pipeline.align import Alignment
from framejam_pipeline.conditions import LEADING, Compiler, leads
from framejam_pipeline.entries import Entry, Fold
from framejam_pipeline.loop import DenoiseLoop
from framejam_pipeline.mixing import mix, predict
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.noise import KeyedNoise
from framejam_pipeline.prediction import Kind, Prediction
from framejam_pipeline.residual import Residual
from framejam_pipeline.take import Take
from framejam_protocol.instructions import Adjust, Content, Drag, Image, Paint, Region

UNIT = 65536
BLOB = "00000006" * 8
SHAPE = (1, 4, 3, 8, 8)
DOT = Paint(points=((20000, 20000),), color="#ff00ff", width=20000)
PULL = Drag(start=(30000, 30000), end=(50000, 30000), radius=14000)
LEFT = Region(outline=((0, 0), (30000, 0), (30000, UNIT), (0, UNIT)), text="a fish")


def _random(seed: int) -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "flow"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_M4_equation_4_is_the_field_with_an_even_weight(kind: Kind, share: float) -> None:
    prediction = Prediction(kind, 0.6, 0.4 if kind == "flow" else 0.8)
    scaled, before, after = (_random(seed) for seed in range(3))
    weight = torch.full((1, 1, 3, 8, 8), share)
    field = Residual(weight, prediction.clean(scaled, after))
    found = mix(before, after, share)
    assert (found - field.steer(prediction, scaled, before)).abs().max() < 1e-5
    if share:
        assert (found - before).abs().max() > 0.1


def _run(model: EmbeddedModel, mapping: dict[int, Any], **changes: Any) -> torch.Tensor:
    take = Take(model, settings(**changes), picture)
    take.follow({seq: Entry(0, one) for seq, one in mapping.items()})
    while not take.done:
        take.step()
    return take.latents()


def _under(model: EmbeddedModel, *folds: Fold, share: float = 1.0) -> torch.Tensor:
    """A loop of P_video on its own, its outputs under two folds mixed by hand."""
    told = [Compiler(model, settings(), picture).compile(fold, 0).conditions for fold in folds]

    def predicted(x: torch.Tensor, t: torch.Tensor, _: None) -> torch.Tensor:
        outputs = [model.predict_video(x, t, one) for one in told]
        return outputs[0] if len(told) == 1 else (1 - share) * outputs[0] + share * outputs[1]

    scheduler = model.make_scheduler(6, "")
    loop = DenoiseLoop(predicted, scheduler, KeyedNoise(11, "video"), (1, 4, 4, 8, 8))
    while loop.index < loop.steps:
        loop.step(None)
    return loop.latents


def test_M4_equation_4_mixes_the_predictions_before_and_after(model: EmbeddedModel) -> None:
    edits = {1: Content("fish"), 2: Image(BLOB), 3: DOT, 4: PULL, 5: LEFT}
    plain = Fold(content="fish", image=BLOB)
    edited = replace(plain, paint=(DOT,), drags=(PULL,), regions=(LEFT,))
    mixed = _run(model, edits, mix=30)
    assert torch.equal(mixed, _under(model, plain, edited, share=0.3))
    assert not torch.equal(mixed, _run(model, edits, mix=0))
    assert torch.equal(_run(model, edits, mix=100), _under(model, edited))


def test_M4_equation_4_without_anything_in_a_place_is_the_plain_prediction(
    model: EmbeddedModel,
) -> None:
    words = {1: Content("fish"), 2: Image(BLOB)}
    compiler = Compiler(model, settings(mix=30), picture)
    assert compiler.compile(Fold(content="fish", image=BLOB), 0).after is None
    assert torch.equal(_run(model, words, mix=30), _run(model, words))


def test_M4_equation_4_applies_no_residual(model: EmbeddedModel) -> None:
    compiler = Compiler(model, settings(), picture)
    fold = Fold(image=BLOB, paint=(DOT,))
    assert compiler.compile(fold, 0).residual is not None
    mixed = compiler.compile(replace(fold, mix=40), 0)
    assert mixed.residual is None
    assert mixed.mix == 0.4
    # Limited to some frames it is no part of the image; there these frames' images tell it.
    limited = msgspec.structs.replace(DOT, frames=(1, 2))
    after = compiler.compile(replace(fold, paint=(limited,), mix=40), 0).after
    assert after is not None
    plain = compiler.compile(Fold(image=BLOB), 0).conditions.image
    same = [bool((image == plain[0]).all()) for image in after.image]
    assert same == [True, False, False, True]
    # Each frame is near to its own image, as where things move; before it there is one for all.
    told = replace(fold, paint=(limited,), mix=40, motion="moving to the left")
    inputs = compiler.compile(told, 0)
    assert inputs.after is not None
    assert inputs.after.affinity.tolist() == [1.0] * 4
    expected = model.affinity(4, "", told.motion).tolist()
    assert inputs.conditions.affinity.tolist() == expected != [1.0] * 4


def test_T8_mix_and_align_enter_like_other_edits(model: EmbeddedModel) -> None:
    base: dict[int, Any] = {1: Entry(0, Content("fish")), 2: Entry(0, DOT)}
    for change in (Adjust(mix=50), Adjust(align=50), Adjust(harmonize=50)):
        plain, late = (Take(model, settings(), picture) for _ in range(2))
        plain.follow(base)
        late.follow({**base, 3: Entry(4, change)})
        for step in range(6):
            assert torch.equal(plain.latents(), late.latents()) == (step <= 4)
            plain.step()
            late.step()
        assert not torch.equal(plain.latents(), late.latents())


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "flow"])
def test_equation_5_moves_the_mean_of_each_channel_by_its_share(kind: Kind) -> None:
    prediction = Prediction(kind, 0.6, 0.4 if kind == "flow" else 0.8)
    scaled, output = _random(0), _random(1)
    image = _random(2)[0].transpose(0, 1)
    for one in (image, image[:1]):
        aligned = Alignment.to(one, 0.4).steer(prediction, scaled, output)
        before, after = prediction.clean(scaled, output), prediction.clean(scaled, aligned)
        wanted = one.mean(dim=(2, 3)).transpose(0, 1)
        was, now = before.mean(dim=(3, 4))[0], after.mean(dim=(3, 4))[0]
        assert torch.allclose(now, was + 0.4 * (wanted - was), atol=1e-5)
        shape = after - after.mean(dim=(3, 4), keepdim=True)
        assert torch.allclose(shape, before - before.mean(dim=(3, 4), keepdim=True), atol=1e-5)


def test_equation_5_aligns_the_finished_clip_to_its_picture(model: EmbeddedModel) -> None:
    words = {1: Content("fish"), 2: Image(BLOB)}
    fold = Fold(content="fish", image=BLOB)
    image = Compiler(model, settings(), picture).compile(fold, 0).conditions.image
    wanted = image.mean(dim=(2, 3))[0]

    def off(align: int) -> float:
        # Of 1000 training steps, 5 divide evenly: the last one then ends in the clean estimate.
        means = _run(model, words, align=align, steps=5).mean(dim=(3, 4))[0]
        return float((means - wanted[:, None]).abs().max())

    assert off(100) < 1e-4 < off(0)
    assert off(100) < off(50) < off(0)


def test_M4_a_residual_has_the_last_word_over_alignment(model: EmbeddedModel) -> None:
    inputs = Compiler(model, settings(align=100), picture).compile(
        Fold(image=BLOB, paint=(DOT,)), 0
    )
    assert inputs.steering == (inputs.alignment, inputs.residual)
    assert inputs.residual is not None
    prediction = Prediction("v_prediction", 0.6, 0.8)
    scaled, output = (torch.randn((1, 4, 4, 8, 8)) for _ in range(2))
    for one in inputs.steering:
        output = one.steer(prediction, scaled, output)
    held = (inputs.residual.weight == 1.0).expand(1, 4, 4, 8, 8)
    clean = prediction.clean(scaled, output)
    assert torch.allclose(clean[held], inputs.residual.target[held], atol=1e-4)
    assert held.any()


class _Blind:
    """The tiny model as one whose P_video takes no image."""

    def __init__(self, model: EmbeddedModel) -> None:
        self._model = model
        self.spec = replace(model.spec, image_condition=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def test_a_picture_leads_a_model_that_takes_none(model: EmbeddedModel) -> None:
    blind: Any = _Blind(model)
    compiler = Compiler(blind, settings(steps=8), picture)
    given = Fold(image=BLOB)
    residuals = [compiler.compile(given, step).residual for step in range(8)]
    assert [one is not None for one in residuals] == [leads(step, 8) for step in range(8)]
    assert sum(leads(step, 8) for step in range(8)) == 6
    assert residuals[0] is not None
    weights = residuals[0].weight[0, 0, :, 0, 0].tolist()
    assert weights == pytest.approx([LEADING, LEADING * 2 / 3, LEADING / 3, 0.0], abs=1e-5)
    image = compiler.compile(given, 0).conditions.image
    assert torch.allclose(residuals[0].target[0, :, 0], image[0], atol=1e-5)
    seeing = Compiler(model, settings(steps=8), picture)
    assert seeing.compile(given, 0).residual is None


def test_words_alone_leave_a_model_that_takes_no_picture_to_itself(model: EmbeddedModel) -> None:
    blind: Any = _Blind(model)
    compiler = Compiler(blind, settings(steps=8), picture)
    assert compiler.compile(Fold(content="fish", motion="left"), 0).residual is None
    painted = compiler.compile(Fold(content="fish", paint=(DOT,)), 0).residual
    assert painted is not None
    assert bool((painted.weight[0, 0, 0] >= LEADING - 1e-5).all())


def test_equation_4_cannot_mix_where_no_picture_is_taken(model: EmbeddedModel) -> None:
    blind: Any = _Blind(model)
    inputs = Compiler(blind, settings(mix=50), picture).compile(Fold(image=BLOB, paint=(DOT,)), 0)
    assert inputs.after is None
    assert inputs.residual is not None


def test_guidance_is_that_of_the_fold_and_both_predictions_are_guided(model: EmbeddedModel) -> None:
    compiler = Compiler(model, settings(mix=50), picture)
    inputs = compiler.compile(Fold(image=BLOB, paint=(DOT,), guidance=250), 0)
    assert inputs.after is not None
    assert len(inputs.conditions.text) == len(inputs.after.text) == 2
    latents = torch.randn((1, 4, 4, 8, 8))
    found = predict(model, latents, torch.tensor(500), inputs)
    sides = []
    for told in (inputs.conditions, inputs.after):
        low, high = model.predict_video(latents, torch.tensor(500), told).chunk(2)
        sides.append(low + 2.5 * (high - low))
    assert torch.allclose(found, 0.5 * sides[0] + 0.5 * sides[1], atol=1e-5)
