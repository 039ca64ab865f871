"""T9: a changed prompt blends into P_video's text; P_img uses the newest reading at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import picture, settings

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Entry, Fold, Reading, fold_at
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Take
from framejam_pipeline.text import blend_steps, captions, negatives, without_faded
from framejam_protocol.instructions import Adjust, Content, Image, Motion, Negative

STEPS = 16
BLOB = "0000000b" * 8


def _texts(
    model: EmbeddedModel, mapping: dict[int, Entry], guidance: int = 100
) -> list[torch.Tensor]:
    """The text P_video is told at each step."""
    compiler = Compiler(model, settings(steps=STEPS, guidance=guidance), picture)
    return [compiler.compile(fold_at(mapping, step), step).conditions.text for step in range(STEPS)]


def test_T9_the_share_of_steps_that_a_prompt_blends_over() -> None:
    assert [blend_steps(steps) for steps in (1, 4, 8, 16, 50)] == [1, 1, 2, 4, 12]


def test_T9_a_prompt_blends_in_from_its_entry_step_on(model: EmbeddedModel) -> None:
    mapping = {1: Entry(0, Content("fish")), 2: Entry(5, Content("red"))}
    old, new = model.encode_text("fish"), model.encode_text("red")
    for step, text in enumerate(_texts(model, mapping)):
        share = min(1.0, max(0, step - 5 + 1) / 4)
        assert torch.allclose(text, old + share * (new - old), atol=1e-6)
    told = _texts(model, mapping)
    assert torch.equal(told[4], old)
    assert torch.equal(told[8], new)
    assert not torch.equal(told[5], new)


def test_T9_a_prompt_from_step_0_is_there_at_once(model: EmbeddedModel) -> None:
    mapping = {1: Entry(0, Content("fish")), 2: Entry(0, Content("red")), 3: Entry(0, Motion("up"))}
    expected = model.encode_text("red up")
    assert all(torch.equal(text, expected) for text in _texts(model, mapping))


def test_T9_the_first_prompt_blends_in_from_silence(model: EmbeddedModel) -> None:
    text = _texts(model, {1: Entry(2, Content("red"))})
    silence, said = model.encode_text(""), model.encode_text("red")
    assert torch.equal(text[1], silence)
    assert torch.allclose(text[2], torch.lerp(silence, said, 0.25), atol=1e-6)


def test_T9_readings_blend_in_a_chain(model: EmbeddedModel) -> None:
    mapping = {
        1: Entry(0, Content("fish")),
        2: Entry(4, Content("red")),
        3: Entry(6, Motion("left")),
    }
    states = [model.encode_text(text) for text in ("fish", "red", "red left")]
    at_six = torch.lerp(torch.lerp(states[0], states[1], 0.75), states[2], 0.25)
    texts = _texts(model, mapping)
    assert torch.allclose(texts[6], at_six, atol=1e-6)
    assert torch.allclose(texts[7], torch.lerp(states[1], states[2], 0.5), atol=1e-6)
    assert torch.equal(texts[9], states[2])


def test_T9_the_negative_prompt_blends_as_the_others_where_there_is_guidance(
    model: EmbeddedModel,
) -> None:
    mapping = {
        1: Entry(0, Content("fish")),
        2: Entry(0, Negative("left")),
        3: Entry(4, Negative("red")),
    }
    before, unwanted = model.encode_text("left"), model.encode_text("red")
    texts = _texts(model, mapping, guidance=250)
    assert torch.equal(texts[3][:1], before)
    assert torch.allclose(texts[5][:1], torch.lerp(before, unwanted, 0.5), atol=1e-6)
    assert torch.equal(texts[7][:1], unwanted)
    assert all(torch.equal(text[1:], model.encode_text("fish")) for text in texts)
    assert all(len(text) == 1 for text in _texts(model, mapping, guidance=100))


def test_T9_a_change_of_another_prompt_does_not_start_a_blend_again() -> None:
    readings = (Reading("a", "", "", 6), Reading("b", "", "", 3))
    fold = Fold(content="b", negative="x", fading=readings)
    assert list(captions(fold)) == [("a", 0), ("b", 6)]
    assert list(negatives(fold)) == [("", 0), ("x", 3)]


def test_T9_what_has_faded_makes_no_difference() -> None:
    readings = (Reading("a", "", "", 9), Reading("b", "", "", 4), Reading("c", "", "", 3))
    assert without_faded(Fold(content="d", fading=readings), 16).fading == readings[2:]


def test_T10_the_picture_is_made_of_the_newest_reading(model: EmbeddedModel) -> None:
    compiler = Compiler(model, settings(steps=STEPS), picture)
    mapping = {1: Entry(0, Content("fish")), 2: Entry(5, Content("red"))}
    images = [
        compiler.compile(fold_at(mapping, step), step).conditions.image for step in range(STEPS)
    ]
    fresh = Compiler(model, settings(steps=STEPS), picture)
    old, new = (fresh.compile(Fold(content=said), 0).conditions.image for said in ("fish", "red"))
    assert not torch.equal(old, new)
    assert all(torch.equal(image, old) for image in images[:5])
    assert all(torch.equal(image, new) for image in images[5:])


def test_the_negative_prompt_changes_p_img_whose_guidance_is_its_own(model: EmbeddedModel) -> None:
    compiler = Compiler(model, settings(), picture)
    plain = compiler.intermediate(Fold(content="fish")).pixels
    led_away = compiler.intermediate(Fold(content="fish", negative="red")).pixels
    assert not np.array_equal(plain, led_away)
    given = compiler.intermediate(Fold(content="fish", negative="red", image=BLOB)).pixels
    assert np.array_equal(given, compiler.intermediate(Fold(image=BLOB)).pixels)


@pytest.mark.parametrize(
    "late",
    [Content("red"), Motion("left"), Negative("sea"), Adjust(guidance=300), Adjust(align=50)],
)
def test_T4_T7_a_take_whose_blend_was_rewound_equals_one_run_straight(
    model: EmbeddedModel, late: Content | Motion | Negative | Adjust
) -> None:
    size = settings(steps=8, guidance=200)
    first = {1: Entry(0, Content("fish")), 2: Entry(0, Image(BLOB))}
    detour, straight, without = (Take(model, size, picture) for _ in range(3))
    detour.follow(first)
    while not detour.done:
        detour.step()
    alone = detour.digest()
    mapping = {**first, 3: Entry(4, late)}
    assert detour.follow(mapping) == 4
    straight.follow(mapping)
    for take in (detour, straight):
        while not take.done:
            take.step()
    assert detour.digest() == straight.digest() != alone
    assert detour.follow(first) == 4
    without.follow(first)
    for take in (detour, without):
        while not take.done:
            take.step()
    assert detour.digest() == without.digest() == alone
