"""M4: P_img draws over the paint, then over regions in seq order; what lies outside stays."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from tiny import picture, settings
from torch.nn import functional

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Fold
from framejam_pipeline.image import Pixels
from framejam_pipeline.intermediate import Words, redraw
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.outline import inside
from framejam_pipeline.paint import coverage, widened
from framejam_pipeline.pictures import depicted
from framejam_pipeline.regions import completed
from framejam_protocol.instructions import Erase, Paint, Region

UNIT = 65536
EDGE = 32
BLOB = "00000005" * 8
DOT = Paint(points=((20000, 20000),), color="#ff00ff", width=16000)
OTHER = Paint(points=((50000, 50000),), color="#00ff20", width=9000)
LEFT = Region(outline=((0, 0), (30000, 0), (30000, UNIT), (0, UNIT)), text="a fish")
TOP = Region(outline=((0, 0), (UNIT, 0), (UNIT, 30000), (0, 30000)), text="red", strength=16384)


class _Visible:
    """The tiny model with a decoder that shows every latent: its own makes nearly all black.

    ``asked`` counts how often P_img is, ``drawn`` is what was decoded last.
    """

    def __init__(self, model: EmbeddedModel) -> None:
        self._model = model
        self.asked = 0
        self.drawn = torch.empty(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict_image(self, *args: Any, **named: Any) -> torch.Tensor:
        self.asked += 1
        return self._model.predict_image(*args, **named)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        self.drawn = latents
        return torch.sigmoid(functional.interpolate(latents[:, :3], scale_factor=4.0))


@pytest.fixture
def model(folder: Path) -> Any:
    """In place of the tiny model."""
    return _Visible(EmbeddedModel.load(folder))


def _shown(model: Any, **fields: Any) -> Pixels:
    fold = Fold(**{"image": BLOB, "content": "fish", **fields})
    return Compiler(model, settings(), picture).intermediate(fold).pixels


def test_M4_without_harmonize_paint_lies_as_it_was_painted(model: Any) -> None:
    shown = _shown(model, paint=(DOT,), harmonize=0)
    solid = coverage(DOT, EDGE, EDGE) == 1.0
    assert (shown[solid] == (255, 0, 255)).all()
    assert not model.asked


def test_M4_harmonized_paint_is_drawn_again_in_its_ring_and_nowhere_else(
    model: Any,
) -> None:
    pasted, drawn = (_shown(model, paint=(DOT,), harmonize=share) for share in (0, 50))
    near = widened(coverage(DOT, EDGE, EDGE), 4) > 0
    changed = (pasted != drawn).any(axis=2)
    assert changed[near].any()
    assert not changed[~near].any()
    assert (~near).any()


def test_M4_more_noise_changes_paint_more(model: Any) -> None:
    pasted = _shown(model, paint=(DOT,), harmonize=0).astype(float)
    off = [
        np.abs(_shown(model, paint=(DOT,), harmonize=share) - pasted).mean() for share in (10, 100)
    ]
    assert 0 < off[0] < off[1]


def test_M4_harmonizing_changes_what_is_seen_and_not_how_it_is_held(model: Any) -> None:
    compiler = Compiler(model, settings(), picture)
    pasted, drawn = (
        compiler.intermediate(Fold(image=BLOB, paint=(DOT,), harmonize=share)) for share in (0, 50)
    )
    assert np.array_equal(pasted.weight, drawn.weight)


def test_M4_where_all_paint_is_erased_nothing_is_drawn_again(model: Any) -> None:
    rubber = Erase(points=DOT.points, width=UNIT)
    shown = _shown(model, paint=(DOT, rubber), harmonize=50)
    assert not model.asked
    assert np.array_equal(shown, _shown(model))


def test_M4_weak_paint_is_drawn_again_as_strong_paint_is(model: Any) -> None:
    weak = msgspec.structs.replace(DOT, strength=0)
    assert np.array_equal(
        _shown(model, paint=(weak,), harmonize=50), _shown(model, paint=(DOT,), harmonize=50)
    )


def test_T10_a_stroke_more_costs_one_run_and_no_more(model: Any) -> None:
    compiler = Compiler(model, settings(harmonize=100), picture)
    compiler.intermediate(Fold(content="fish", paint=(DOT,)))
    # The picture of the words, and the paint on it.
    assert model.asked == 2 * model.spec.image_steps
    compiler.intermediate(Fold(content="fish", paint=(DOT, OTHER)))
    assert model.asked == 3 * model.spec.image_steps
    compiler.intermediate(Fold(content="fish", paint=(DOT,)))
    assert model.asked == 3 * model.spec.image_steps


def test_M4_a_region_changes_what_is_inside_and_no_bit_outside(model: Any) -> None:
    before, after = _shown(model), _shown(model, regions=(LEFT,))
    within = inside(LEFT.outline, EDGE, EDGE) > 0
    changed = (before != after).any(axis=2)
    assert changed[within].mean() > 0.5
    assert not changed[~within].any()


def test_M4_a_regions_text_decides_what_it_shows(model: Any) -> None:
    other = msgspec.structs.replace(LEFT, text="something else")
    assert not np.array_equal(_shown(model, regions=(LEFT,)), _shown(model, regions=(other,)))


def test_M4_a_region_is_held_as_strongly_as_it_says_on_top_of_paint(model: Any) -> None:
    strong = msgspec.structs.replace(DOT, points=((8000, 8000),))
    fold = Fold(image=BLOB, paint=(strong,), regions=(LEFT, TOP))
    weight = Compiler(model, settings(), picture).intermediate(fold).weight
    left, top = (inside(one.outline, EDGE, EDGE) for one in (LEFT, TOP))
    expected = coverage(strong, EDGE, EDGE)
    expected = expected + left * (1.0 - expected)
    expected = expected + top * (0.25 - expected)
    assert weight == pytest.approx(expected)
    assert weight[20, 4] == 1.0
    assert weight[4, 4] == weight[4, 28] == 0.25
    assert weight[28, 28] == 0.0


def test_M4_regions_lie_on_top_of_all_paint_in_seq_order(model: Any) -> None:
    """Regions have an order among each other, and paint of later edits lies under them, too."""
    one, other = (_shown(model, regions=order) for order in ((LEFT, TOP), (TOP, LEFT)))
    assert not np.array_equal(one, other)
    covered = msgspec.structs.replace(DOT, points=((8000, 30000),), width=9000)
    painted = _shown(model, paint=(covered,), regions=(LEFT,))
    solid = coverage(covered, EDGE, EDGE) == 1.0
    assert (_shown(model, paint=(covered,))[solid] == (255, 0, 255)).all()
    assert not (painted[solid] == (255, 0, 255)).all(axis=1).any()


def test_M4_a_region_is_drawn_over_harmonized_paint(model: Any) -> None:
    """Image to image over paint comes first: a region starts from its outcome."""
    both = _shown(model, paint=(DOT,), harmonize=50, regions=(LEFT,))
    outside = inside(LEFT.outline, EDGE, EDGE) == 0
    assert np.array_equal(both[outside], _shown(model, paint=(DOT,), harmonize=50)[outside])
    assert not np.array_equal(both, _shown(model, paint=(DOT,), harmonize=0, regions=(LEFT,)))


def test_T10_a_region_more_costs_one_run(model: Any) -> None:
    compiler = Compiler(model, settings(), picture)
    compiler.intermediate(Fold(image=BLOB, regions=(LEFT,)))
    one = model.asked
    compiler.intermediate(Fold(image=BLOB, regions=(LEFT, TOP)))
    assert model.asked == 2 * one > 0
    fresh = Compiler(model, settings(), picture, remember=0)
    for regions in ((LEFT, TOP), (TOP,), (TOP, LEFT), (LEFT,), ()):
        fold = Fold(image=BLOB, regions=regions)
        known, alone = compiler.intermediate(fold), fresh.intermediate(fold)
        assert np.array_equal(known.pixels, alone.pixels)
        assert np.array_equal(known.weight, alone.weight)


def test_a_region_without_area_does_nothing(model: Any) -> None:
    beyond = Region(outline=((-9000, 0), (-9000, 900), (-100, 0)), text="a fish")
    assert np.array_equal(_shown(model, regions=(beyond,)), _shown(model))
    assert not model.asked


def test_T10_a_region_of_some_frames_pulls_these_and_is_no_condition(model: Any) -> None:
    size = settings(frames=6)
    some = msgspec.structs.replace(LEFT, frames=(1, 3))
    compiler = Compiler(model, size, picture)
    plain = compiler.compile(Fold(image=BLOB), 0)
    limited = compiler.compile(Fold(image=BLOB, regions=(some,)), 0)
    whole = compiler.compile(Fold(image=BLOB, regions=(LEFT,)), 0)
    assert torch.equal(limited.conditions.image, plain.conditions.image)
    assert not torch.equal(whole.conditions.image, plain.conditions.image)
    assert limited.residual is not None
    weights = limited.residual.weight[0, 0].amax(dim=(1, 2))
    assert weights.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert torch.equal(limited.residual.target[0, :, 2], whole.residual.target[0, :, 2])


def test_M4_what_is_held_lands_on_the_picture_at_every_step(model: Any) -> None:
    """Outside the mask no bit changes, whatever the share of noise."""
    shown = _shown(model)
    mask = inside(TOP.outline, EDGE, EDGE)
    for share in (1, 13, 50, 99, 100):
        drawn = redraw(model, settings(), shown, mask, Words("red"), share, "region")
        assert np.array_equal(drawn[mask == 0], shown[mask == 0])
        assert not np.array_equal(drawn, shown)


def test_M4_p_img_sees_what_is_around_a_region_as_it_is(model: Any) -> None:
    """The latents outside are held to those of the picture, so that what is drawn fits there."""
    known = model.encode_image(_shown(model))
    _shown(model, regions=(LEFT,))
    within = torch.from_numpy(inside(LEFT.outline, EDGE, EDGE)[::4, ::4] > 0)
    # Cells at the border are held in part.
    within[:, 3:5] = True
    assert torch.allclose(model.drawn[..., ~within], known[..., ~within], atol=0.05)
    assert (model.drawn[..., within] - known[..., within]).abs().max() > 0.5


def test_M4_paint_is_kept_in_part_where_it_is_drawn_again(model: Any) -> None:
    """Without this P_img would draw it away from half of the noise on."""
    known = model.encode_image(_shown(model, paint=(DOT,), harmonize=0))
    _shown(model, paint=(DOT,), harmonize=100)
    solid = torch.from_numpy(coverage(DOT, EDGE, EDGE).reshape(8, 4, 8, 4).min(axis=(1, 3)) == 1)
    held = (model.drawn - known)[..., solid].abs().mean()
    redrawn = redraw(
        model,
        settings(),
        _shown(model, paint=(DOT,), harmonize=0),
        widened(coverage(DOT, EDGE, EDGE), 4),
        Words("fish"),
        100,
        "harmonize",
    )
    assert redrawn.shape == (EDGE, EDGE, 3)
    assert held < 0.75 * (model.drawn - known)[..., solid].abs().mean()


def test_noise_of_a_region_is_keyed_by_the_seed(model: Any) -> None:
    fold = Fold(image=BLOB, regions=(LEFT,))
    shown = [
        Compiler(model, settings(seed=seed), picture).intermediate(fold).pixels
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(shown[0], shown[1])
    assert not np.array_equal(shown[0], shown[2])


def test_T10_what_a_picture_depends_on_and_what_not() -> None:
    given = Fold(image=BLOB, content="a", negative="b", loras=(("x", 50), ("y", 0)))
    assert depicted(given) == depicted(Fold(image=BLOB, content="c", harmonize=40))
    painted = dataclasses.replace(given, paint=(DOT,), harmonize=40)
    for name, other in (("content", "c"), ("negative", "c"), ("loras", ()), ("harmonize", 41)):
        assert depicted(dataclasses.replace(painted, **{name: other})) != depicted(painted)
    same = dataclasses.replace(painted, loras=(("y", 0), ("x", 50)), motion="m", mix=3)
    assert depicted(same) == depicted(painted)


VOCABULARY = {
    "backgrounds": ("in the sky", "on the sea"),
    "places": ("on the left", "on the right", "at the top", "at the bottom", "in the centre"),
}


@pytest.mark.parametrize(
    ("text", "content", "at", "caption"),
    [
        ("a star", "a fish on the sea", (4, 16), "a star on the sea on the left"),
        ("a star", "a fish on the sea", (28, 17), "a star on the sea on the right"),
        ("a star", "A fish On The Sea", (16, 3), "a star on the sea at the top"),
        ("a star", "", (15, 30), "a star at the bottom"),
        ("a star in the sky", "on the sea", (17, 15), "a star in the sky in the centre"),
        ("a star on the left", "on the sea", (28, 16), "a star on the left on the sea"),
    ],
)
def test_a_regions_text_is_completed_for_models_of_few_words(
    text: str, content: str, at: tuple[int, int], caption: str
) -> None:
    covered = np.zeros((EDGE, EDGE))
    covered[at[1] - 2 : at[1] + 2, at[0] - 2 : at[0] + 2] = 1.0
    assert completed(text, content, covered, VOCABULARY) == caption
    assert completed(text, content, covered, {}) == text
