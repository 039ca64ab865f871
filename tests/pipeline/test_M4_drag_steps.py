"""M4: what the loop is told of drags: images, weights and targets, and what comes of it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from tiny import picture, settings

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.drag import held
from framejam_pipeline.entries import Fold
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Entry, Take
from framejam_protocol.instructions import Content, Drag, Image, Motion, Paint

UNIT = 65536
BLOB = "00000003" * 8
PEOPLE = [
    Drag(start=(30000, 30000), end=(50000, 31000), radius=14000),
    Drag(start=(34000, 33000), end=(20000, 60001), radius=12003, strength=30001),
    Drag(start=(20000, 20000), end=(20007, 3000), radius=9001, strength=12345),
    Drag(start=(40000, 40000), end=(70000, -5000), radius=20000, strength=65535),
    Drag(start=(60000, 10000), end=(1000, 1001), radius=30000, strength=1),
]
OBJECT = Paint(points=((30000, 30000),), color="#ff0000", width=16000)
MOVED = Drag(start=(30000, 30000), end=(50000, 30000), radius=13000)


def _compiled(model: EmbeddedModel, fold: Fold, step: int, **changes: Any) -> Any:
    return Compiler(model, settings(**changes), picture).compile(fold, step)


def test_what_is_dragged_is_held_until_80_percent_of_the_steps() -> None:
    assert [held(step, 10) for step in range(10)] == [True] * 8 + [False] * 2
    assert [held(step, 8) for step in range(8)] == [True] * 7 + [False]


def test_steps_pull_the_object_to_its_place_and_hold_the_hole(model: EmbeddedModel) -> None:
    fold = Fold(content="fish", drags=(MOVED,))
    early, end = (_compiled(model, fold, step, steps=10) for step in (7, 8))
    assert early.residual.weight.shape == (1, 1, 4, 8, 8)
    last, first = early.residual.weight[0, 0, -1], early.residual.weight[0, 0, 0]
    assert last.max() == 1.0
    left = first > 0.5  # where it stood: held in the last frame, too, though it has gone
    assert (last[left] >= first[left] - 1e-6).all()
    assert float(last.sum()) > float(first.sum())
    assert end.residual is None
    latents = early.conditions.image.transpose(0, 1).unsqueeze(0)
    pulled = early.residual.weight.expand_as(latents) > 0.01
    assert float((early.residual.target - latents)[pulled].abs().max()) < 1e-4


def test_strength_is_the_weight_of_object_and_hole(model: EmbeddedModel) -> None:
    weak = Drag(MOVED.start, MOVED.end, MOVED.radius, strength=UNIT // 4)
    residual = _compiled(model, Fold(drags=(weak,)), 5, steps=10).residual
    assert residual.weight.max() == 0.25


def test_paint_is_held_to_the_end_at_the_place_it_was_dragged_to(model: EmbeddedModel) -> None:
    painted = _compiled(model, Fold(paint=(OBJECT,)), 9, steps=10).residual.weight
    both = _compiled(model, Fold(paint=(OBJECT,), drags=(MOVED,)), 9, steps=10)
    weight = both.residual.weight
    assert torch.allclose(weight[0, 0, 0], painted[0, 0, 0], atol=1e-6)
    columns = torch.arange(8.0)
    centres = [float((frame * columns).sum() / frame.sum()) for frame in weight[0, 0]]
    assert centres[-1] - centres[0] == pytest.approx(20000 / UNIT * 8, abs=0.05)
    assert both.conditions.image.shape == (4, 4, 8, 8)


def test_each_frame_has_its_own_image_only_where_there_are_drags(model: EmbeddedModel) -> None:
    plain = _compiled(model, Fold(image=BLOB, motion="left"), 0)
    dragged = _compiled(model, Fold(image=BLOB, motion="left", drags=(MOVED,)), 0)
    assert plain.conditions.image.shape == (1, 4, 8, 8)
    assert plain.residual is None
    assert plain.conditions.affinity.tolist() == pytest.approx([1.0, 0.8, 0.6, 0.4])
    assert dragged.conditions.image.shape == (4, 4, 8, 8)
    assert dragged.conditions.affinity.tolist() == [1.0] * 4
    first = dragged.conditions.image[0] - plain.conditions.image[0]
    assert float(first.abs().max()) < 1e-5
    assert float((dragged.conditions.image[-1] - plain.conditions.image[0]).abs().max()) > 1e-3


def test_a_thin_stroke_is_not_weighed_by_how_thin_it_is(model: EmbeddedModel) -> None:
    thin = Paint(points=((0, 30000), (UNIT, 30000)), color="#ff0000", width=3 * UNIT // 32)
    weight = _compiled(model, Fold(paint=(thin,)), 0).residual.weight
    assert float(weight.max()) == 1.0


def test_a_drag_that_catches_nothing_changes_nothing(model: EmbeddedModel) -> None:
    beyond = Drag(start=(-60000, 32768), end=(0, 0), radius=1000)
    plain = _compiled(model, Fold(image=BLOB, motion="left"), 0)
    missed = _compiled(model, Fold(image=BLOB, motion="left", drags=(beyond,)), 0)
    assert torch.equal(plain.conditions.image, missed.conditions.image)
    assert torch.equal(plain.conditions.affinity, missed.conditions.affinity)
    assert missed.residual is None or not missed.residual.weight.any()


def test_one_image_for_all_frames_is_the_same_as_that_image_for_each(model: EmbeddedModel) -> None:
    given = _compiled(model, Fold(content="fish"), 0).conditions
    latents = torch.randn((1, 4, 4, 8, 8), generator=torch.Generator().manual_seed(4))
    each = type(given)(given.text, given.image.repeat(4, 1, 1, 1), given.affinity)
    timestep = torch.tensor(300)
    one = model.predict_video(latents, timestep, given)
    assert torch.equal(one, model.predict_video(latents, timestep, each))
    turned = type(given)(given.text, torch.randn_like(each.image), given.affinity)
    order = torch.tensor([0, 2, 1, 3])
    swapped = type(given)(given.text, turned.image[order], given.affinity)
    first = model.predict_video(latents, timestep, turned)
    assert not torch.equal(first, model.predict_video(latents, timestep, swapped))


def test_a_clip_is_encoded_as_its_frames_are(model: EmbeddedModel) -> None:
    clip = np.stack([np.asarray(picture(f"0000000{index}" * 8)) for index in range(1, 5)])
    latents = model.encode_clip(clip)
    assert latents.shape == (4, 4, 8, 8)
    assert torch.equal(model.encode_clip(clip[:1]), model.encode_image(clip[0]))
    for frame, latent in zip(clip, latents, strict=True):
        assert torch.allclose(model.encode_image(frame)[0], latent, atol=1e-4)


def test_M4_a_thousand_drags_are_compiled_once_and_remembered(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = Compiler(model, settings(steps=10), picture)
    crowd = tuple(Drag((64 * n, 64 * n), (UNIT, 0), 3000) for n in range(1000))
    compiled = compiler.compile(Fold(drags=crowd), 0)
    motions = compiler._clips._motions
    monkeypatch.setattr(motions._drags, "_count", lambda *arguments: pytest.fail("counted again"))
    monkeypatch.setattr(model._vae, "encode", lambda *arguments: pytest.fail("encoded again"))
    assert compiler.compile(Fold(drags=crowd), 7) is compiled
    later = compiler.compile(Fold(drags=crowd), 8)
    assert later is not compiled
    assert later.conditions.image is compiled.conditions.image
    compiler.compile(Fold(motion="left", drags=crowd), 5)


def _finished(model: EmbeddedModel, mapping: dict[int, Entry]) -> str:
    take = Take(model, settings(steps=10), picture)
    take.follow(mapping)
    while not take.done:
        take.step()
    return take.digest()


def test_T4_after_the_undo_of_a_drag_the_take_is_as_if_it_never_was(model: EmbeddedModel) -> None:
    others = {
        1: Entry(0, Content("a red fish")),
        2: Entry(0, Motion("left")),
        3: Entry(1, OBJECT),
        5: Entry(4, PEOPLE[1]),
    }
    take = Take(model, settings(steps=10), picture)
    take.follow({**others, 4: Entry(3, MOVED)})
    for _ in range(9):
        take.step()
    take.follow(others)
    assert take.position == 3
    while not take.done:
        take.step()
    assert take.digest() == _finished(model, others)
    assert take.digest() != _finished(model, {**others, 4: Entry(3, MOVED)})


def test_T7_a_drag_lowered_to_an_earlier_step_is_as_if_it_entered_there(
    model: EmbeddedModel,
) -> None:
    take = Take(model, settings(steps=10), picture)
    take.follow({1: Entry(0, Image(BLOB)), 2: Entry(7, MOVED)})
    for _ in range(10):
        take.step()
    lowered = {1: Entry(0, Image(BLOB)), 2: Entry(2, MOVED)}
    take.follow(lowered)
    while not take.done:
        take.step()
    assert take.digest() == _finished(model, lowered)


def test_M4_the_order_of_people_does_not_matter_for_the_finished_latents(
    model: EmbeddedModel,
) -> None:
    def finished(order: tuple[Drag, ...]) -> torch.Tensor:
        take = Take(model, settings(steps=2), picture)
        edits = [Image(BLOB), *order]
        take.follow({seq: Entry(0, edit) for seq, edit in enumerate(edits)})
        while not take.done:
            take.step()
        return take.latents()

    expected = finished(tuple(PEOPLE))
    for order in itertools.permutations(PEOPLE):
        assert float((finished(order) - expected).abs().max()) == 0.0
