"""T10: strokes and drags that are limited to some frames."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from tiny import picture, settings

from framejam_pipeline.conditions import Compiler, StepInputs
from framejam_pipeline.displacement import Displacements, Motion, Motions
from framejam_pipeline.drag import ramp
from framejam_pipeline.entries import Entry, Fold
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.scenes import at_frame, fit_ranges, scenes
from framejam_pipeline.take import Take
from framejam_pipeline.warp import warp
from framejam_protocol.instructions import Content, Drag, Erase, FrameRange, Paint

UNIT = 65536
BLOB = "00000003" * 8
FRAMES = 6
RED = Paint(points=((9000, 9000), (40000, 30000)), color="#ff0000", width=9000)
BLUE = Paint(points=((40000, 9000), (20000, 40000)), color="#0000ff", width=12000, strength=40000)
RUBBER = Erase(points=((9000, 30000), (50000, 9000)), width=9000)
RIGHT = Drag(start=(30000, 30000), end=(50000, 30000), radius=14000)
DOWN = Drag(start=(34000, 20000), end=(34000, 45000), radius=11000, strength=50000)
LOCAL = [RED, BLUE, RUBBER, RIGHT, DOWN]


def _in(one: Any, *frames: int) -> Any:
    return msgspec.structs.replace(one, frames=frames or None)


def _fold(*edits: Any, **fields: Any) -> Fold:
    return Fold(
        image=BLOB,
        paint=tuple(one for one in edits if isinstance(one, Paint | Erase)),
        drags=tuple(one for one in edits if isinstance(one, Drag)),
        **fields,
    )


def _compiled(model: EmbeddedModel, *edits: Any, step: int = 0) -> StepInputs:
    size = settings(frames=FRAMES, steps=10)
    return Compiler(model, size, picture, remember=0).compile(_fold(*edits), step)


def _pulls(inputs: StepInputs) -> tuple[torch.Tensor, torch.Tensor]:
    """W (F, h, w) and T (F, c, h, w), zero where nothing is pulled."""
    if inputs.residual is None:
        return torch.zeros(FRAMES, 8, 8), torch.zeros(FRAMES, 4, 8, 8)
    weight = inputs.residual.weight[0, 0]
    return weight, inputs.residual.target[0].transpose(0, 1) * (weight > 0).unsqueeze(1)


def _same(one: StepInputs, other: StepInputs) -> bool:
    if (one.residual is None) != (other.residual is None):
        return False
    told = torch.equal(one.conditions.image, other.conditions.image)
    told = told and torch.equal(one.conditions.affinity, other.conditions.affinity)
    if one.residual is None or other.residual is None:
        return told
    pulled = torch.equal(one.residual.weight, other.residual.weight)
    return told and pulled and torch.equal(one.residual.target, other.residual.target)


@pytest.mark.parametrize("one", LOCAL)
@pytest.mark.parametrize("whole", [(0, FRAMES - 1), (0, 4096)])
def test_T10_a_range_of_all_frames_is_none(
    model: EmbeddedModel, one: Any, whole: FrameRange
) -> None:
    for others in ([], [RED], [DOWN]):
        assert _same(_compiled(model, *others, _in(one, *whole)), _compiled(model, *others, one))


@pytest.mark.parametrize("one", LOCAL)
def test_T10_a_range_beyond_the_clip_does_nothing(model: EmbeddedModel, one: Any) -> None:
    for others in ([], [BLUE], [RED, DOWN]):
        beyond = _compiled(model, *others, _in(one, FRAMES, 99))
        assert _same(beyond, _compiled(model, *others))


@pytest.mark.parametrize("one", LOCAL)
def test_T10_a_range_is_cut_to_the_clip(model: EmbeddedModel, one: Any) -> None:
    cut = _compiled(model, RED, _in(one, 2, FRAMES - 1))
    assert _same(_compiled(model, RED, _in(one, 2, 4000)), cut)
    assert not _same(_compiled(model, RED), cut)


def test_T10_a_limited_stroke_weighs_in_its_frames_and_nowhere_else(model: EmbeddedModel) -> None:
    weight, target = _pulls(_compiled(model, _in(RED, 1, 3)))
    whole, expected = _pulls(_compiled(model, RED))
    assert [bool(frame.any()) for frame in weight] == [False, True, True, True, False, False]
    for frame in (1, 2, 3):
        assert torch.equal(weight[frame], whole[frame])
        assert torch.equal(target[frame], expected[frame])


def test_T10_the_image_P_video_is_told_shows_only_what_is_there_in_all_frames(
    model: EmbeddedModel,
) -> None:
    limited = _compiled(model, RED, _in(BLUE, 1, 3), _in(RUBBER, 0, 2), _in(RIGHT, 2, 5))
    assert torch.equal(limited.conditions.image, _compiled(model, RED).conditions.image)
    assert torch.equal(limited.conditions.affinity, _compiled(model, RED).conditions.affinity)
    assert limited.residual is not None
    moving = _compiled(model, DOWN, _in(RIGHT, 2, 5))
    assert torch.equal(moving.conditions.image, _compiled(model, DOWN).conditions.image)
    assert not torch.equal(moving.conditions.image, _compiled(model, DOWN, RIGHT).conditions.image)


@pytest.mark.parametrize("edits", [(RED, BLUE, RUBBER), (RUBBER, BLUE, RED), (RED, RUBBER, BLUE)])
def test_T10_each_frame_is_pulled_to_the_painting_of_the_strokes_there(
    model: EmbeddedModel, edits: tuple[Any, ...]
) -> None:
    first, second, third = edits
    weight, target = _pulls(_compiled(model, _in(first, 0, 3), second, _in(third, 2, 4)))
    for frame in range(FRAMES):
        there = [
            one
            for one, frames in zip(edits, ((0, 3), (0, 5), (2, 4)), strict=True)
            if frames[0] <= frame <= frames[1]
        ]
        expected, colours = _pulls(_compiled(model, *there))
        assert torch.equal(weight[frame], expected[frame])
        assert torch.allclose(target[frame], colours[frame], atol=2e-5)


def test_T10_a_limited_drag_holds_nothing_outside_its_frames(model: EmbeddedModel) -> None:
    weight, _ = _pulls(_compiled(model, _in(RIGHT, 2, 4)))
    assert [bool(frame.any()) for frame in weight] == [False, False, True, True, True, False]
    painted, _ = _pulls(_compiled(model, RED, _in(RIGHT, 2, 4)))
    still, _ = _pulls(_compiled(model, RED))
    assert torch.equal(painted[[0, 1, 5]], still[[0, 1, 5]])
    assert not torch.equal(painted[4], still[4])


def test_T10_the_other_frames_are_as_if_a_limited_stroke_were_not_there(
    model: EmbeddedModel,
) -> None:
    weight, target = _pulls(_compiled(model, RIGHT, BLUE, _in(RED, 1, 3)))
    plain, expected = _pulls(_compiled(model, RIGHT, BLUE))
    assert torch.equal(weight[[0, 4, 5]], plain[[0, 4, 5]])
    assert torch.equal(target[[0, 4, 5]], expected[[0, 4, 5]])
    assert not torch.equal(plain[0], plain[5])
    assert not torch.equal(weight[2], plain[2])


def test_T10_a_limited_drag_goes_from_its_first_frame_to_its_last() -> None:
    """An object on plain ground: it stands at ``start`` in frame 3 and at ``end`` in frame 12."""
    ground = np.full((64, 64, 3), 110, dtype=np.uint8)
    ground[26:38, 26:38] = (220, 30, 20)
    drag = Drag(
        (UNIT // 2, UNIT // 2), (UNIT // 2 + 16 * 1024, UNIT // 2), UNIT // 5, frames=(3, 12)
    )
    motion = Motions(64, 64, 16).motion([drag], [], range(3, 13))
    warped = warp(ground, np.zeros((64, 64)), motion)
    columns = np.arange(64)
    centres = [(place * columns).sum() / place.sum() for place in warped.place]
    assert np.array_equal(warped.clip[0], ground)
    assert centres[-1] - centres[0] == pytest.approx(16, abs=1e-3)
    assert np.allclose(np.array(centres) - centres[0], ramp(10) * 16, atol=1e-3)
    # In the same time as a whole clip of that length would take for it.
    whole = Motion.through(
        Displacements.of_drags(64, 64).of([msgspec.structs.replace(drag, frames=None)]), 10
    )
    assert np.array_equal(warp(ground, np.zeros((64, 64)), whole).clip, warped.clip)


def test_T10_drags_of_other_ranges_average_with_each_at_its_own_place_on_the_way() -> None:
    one = Drag((UNIT // 2, UNIT // 2), (UNIT // 2 + 8192, UNIT // 2), UNIT // 5)
    other = Drag((UNIT // 2, UNIT // 2), (UNIT // 2, UNIT // 2 + 16384), UNIT // 5, frames=(4, 7))
    field = Motions(64, 64, 8)
    motion = field.motion([one, other], [], range(4, 8))
    whole, part = ramp(8)[4:8], ramp(4)
    for frame in range(4):
        middle = motion.vectors(frame)[:, 32, 32]
        assert middle == pytest.approx([8 / 2 * whole[frame], 16 / 2 * part[frame]], abs=1e-4)


def test_M4_the_order_of_ranges_does_not_matter_to_the_last_bit() -> None:
    """Three displacements of several thirds: floats add up differently in another order."""
    people = [
        Drag((30000, 30000), (31000 + 777 * one, 30000 - 333 * one), 20000, frames=(one, 9))
        for one in range(4)
    ]
    field = Motions(64, 64, 10)
    expected = field.motion(people, [], range(3, 9))
    for order in itertools.permutations(people):
        turned = field.motion(order, [], range(3, 9))
        for frame in range(6):
            assert np.array_equal(turned.vectors(frame), expected.vectors(frame))


_RANGES = st.one_of(
    st.none(), st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda r: tuple(sorted(r)))
)
_EDITS = st.lists(
    st.builds(
        lambda one, r: msgspec.structs.replace(one, frames=r), st.sampled_from(LOCAL), _RANGES
    ),
    max_size=4,
)


@given(_EDITS, st.integers(1, 8))
def test_T10_scenes_hold_every_frame_once_with_what_is_there(edits: list[Any], clip: int) -> None:
    fold = fit_ranges(_fold(*edits), clip)
    found = scenes(fold, clip)
    assert sorted(frame for _, frames in found for frame in frames) == list(range(clip))
    for scene, frames in found:
        assert all(at_frame(fold, frame) == scene for frame in frames)
    assert len({scene for scene, _ in found}) <= len(found)


@budget(max_examples=25, deadline=None)
@given(_EDITS, st.permutations(range(4)))
def test_M4_the_order_of_limited_drags_does_not_matter(
    model: EmbeddedModel, edits: list[Any], order: list[int]
) -> None:
    layers = [one for one in edits if not isinstance(one, Drag)]
    drags = [one for one in edits if isinstance(one, Drag)]
    turned = [drags[place] for place in order if place < len(drags)]
    assert _same(_compiled(model, *layers, *drags), _compiled(model, *layers, *turned))


def test_T10_drags_of_some_frames_are_let_go_with_the_others(model: EmbeddedModel) -> None:
    assert _compiled(model, _in(RIGHT, 1, 3), step=7).residual is not None
    assert _compiled(model, _in(RIGHT, 1, 3), step=8).residual is None


def test_T10_a_step_outside_the_range_is_that_of_the_condition_alone(model: EmbeddedModel) -> None:
    """In one step nothing is pulled in the frames outside: there only attention carries over."""

    def first_step(*edits: Any) -> torch.Tensor:
        take = Take(model, settings(frames=FRAMES), picture)
        mapping = {seq: Entry(0, edit) for seq, edit in enumerate(edits, 2)}
        take.follow({1: Entry(0, Content("fish")), **mapping})
        take.step()
        return take.latents()

    plain, limited = first_step(), first_step(_in(RED, 1, 3))
    changed = [bool((plain[:, :, f] != limited[:, :, f]).any()) for f in range(FRAMES)]
    assert changed == [False, True, True, True, False, False]
