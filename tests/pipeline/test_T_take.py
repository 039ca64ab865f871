"""T: a take is a pure function of its mapping, whatever the route that led there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from tiny import picture, settings

from framejam_pipeline.checkpoint import CheckpointStore
from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import fold_at
from framejam_pipeline.errors import (
    ImageUnreadable,
    NotFinite,
    TakeFinished,
    TakeUnfinished,
    UnsupportedSettings,
)
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Entry, Take
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Content,
    Drag,
    Erase,
    Image,
    Motion,
    Paint,
    TakeInstruction,
    Trajectory,
)

RED = Paint(points=((9000, 9000), (40000, 30000)), color="#ff0000", width=9000)
BLUE = Paint(points=((20000, 60000),), color="#0000ff", width=20000, strength=40000)
RIGHT = Drag(start=(30000, 30000), end=(50000, 30000), radius=14000)
DOWN = Drag(start=(34000, 20000), end=(34000, 45000), radius=11000, strength=50000)
BLUE_NOW = Paint(points=RED.points, color="#0000ff", width=5000, frames=(1, 2))
ERASED = Erase(points=((30000, 9000), (30000, 40000)), width=12000)
SOON = Drag(start=(30000, 30000), end=(9000, 30000), radius=14000, frames=(2, 9))
ALONG = Trajectory(((20000, 20000), (50000, 20000), (50000, 50000)), 12000)
PAN = Camera(pan=13000, zoom=90000)
ROCKET, COFFEE = "00000001" * 8, "00000002" * 8


def _run(take: Take, until: int | None = None) -> Take:
    while take.position < (take.steps if until is None else until):
        take.step()
    return take


def _fresh(model: EmbeddedModel, mapping: Mapping[int, Entry], **changes: Any) -> Take:
    take = Take(model, settings(**changes), picture)
    take.follow(mapping)
    return _run(take)


def test_T1_an_edit_leaves_the_steps_before_its_entry_untouched(model: EmbeddedModel) -> None:
    plain = Take(model, settings(), picture)
    edited = Take(model, settings(), picture)
    edited.follow({1: Entry(3, RED), 2: Entry(4, Content("a red fish"))})
    while not plain.done:
        same = plain.digest() == edited.digest()
        assert same == (plain.position <= 3)
        plain.step()
        edited.step()


def test_T2_a_new_process_recomputes_the_recorded_mapping(
    model: EmbeddedModel, folder: Path
) -> None:
    mapping = {
        1: Entry(0, Content("a red fish")),
        2: Entry(1, Image(ROCKET)),
        3: Entry(2, RED),
        5: Entry(4, Motion("left")),
        6: Entry(3, BLUE_NOW, of=3),
        7: Entry(2, ERASED),
        8: Entry(1, Adjust(guidance=180)),
        9: Entry(0, SOON),
    }
    route = Take(model, settings(guidance=250), picture)
    _run(route, 5)
    route.follow({1: mapping[1], 2: mapping[2], 4: Entry(0, BLUE)})
    _run(route, 4)
    route.follow(mapping)
    record = {seq: (entry.step, entry.instruction, entry.of) for seq, entry in mapping.items()}
    recompute = Path(__file__).with_name("recompute.py")
    answer = subprocess.run(
        [sys.executable, str(recompute), str(folder)],
        input=msgspec.json.encode((settings(guidance=250), record, {})),
        capture_output=True,
        check=True,
    )
    assert answer.stdout.decode().split() == [model.hash, _run(route).digest()]


def test_T4_after_an_undo_the_take_is_as_if_the_edit_never_was(model: EmbeddedModel) -> None:
    take = Take(model, settings(steps=10), picture)
    others = {1: Entry(0, Content("a red fish")), 4: Entry(5, BLUE)}
    take.follow({**others, 3: Entry(2, RED)})
    _run(take, 8)
    assert take.follow(others) == 2
    never = _fresh(model, others, steps=10)
    with_it = _fresh(model, {**others, 3: Entry(2, RED)}, steps=10)
    assert _run(take).digest() == never.digest()
    assert torch.equal(take.latents(), never.latents())
    assert with_it.digest() != never.digest()


def test_T7_follow_goes_back_no_further_than_it_must(model: EmbeddedModel) -> None:
    take = Take(model, settings(), picture)
    mapping = {1: Entry(0, Content("fish")), 2: Entry(3, RED)}
    take.follow(mapping)
    _run(take, 5)
    assert take.follow(dict(reversed(mapping.items()))) == 5
    assert take.follow({**mapping, 3: Entry(5, BLUE)}) == 5
    assert take.follow({**mapping, 3: Entry(4, BLUE)}) == 4
    assert take.follow({**mapping, 2: Entry(4, RED)}) == 3
    assert take.follow({2: Entry(4, RED)}) == 0


def test_T7_a_finished_take_wakes_where_the_new_edit_enters(model: EmbeddedModel) -> None:
    take = _fresh(model, {})
    assert take.done
    assert take.follow({1: Entry(take.steps, RED)}) == take.steps
    assert take.done
    assert take.follow({1: Entry(2, RED)}) == 2
    assert _run(take).digest() == _fresh(model, {1: Entry(2, RED)}).digest()


_KINDS: st.SearchStrategy[TakeInstruction] = st.one_of(
    st.sampled_from([RED, BLUE, BLUE_NOW, ERASED, RIGHT, DOWN, SOON, ALONG, PAN]),
    st.sampled_from([Content("a red fish"), Content(""), Motion("up"), Image(ROCKET)]),
    st.sampled_from([Adjust(guidance=100), Adjust(guidance=250)]),
)
_MAPPINGS = st.dictionaries(
    st.integers(1, 6), st.builds(Entry, st.integers(0, 5), _KINDS), max_size=4
)
_ACTIONS = st.lists(st.one_of(_MAPPINGS, st.integers(1, 4)), min_size=1, max_size=6)


@budget(max_examples=20, deadline=None)
@given(actions=_ACTIONS, kept=st.sampled_from([0, 40_000, 2**30]))
def test_T_any_route_to_a_mapping_gives_the_take_of_that_mapping(
    model: EmbeddedModel, actions: list[dict[int, Entry] | int], kept: int
) -> None:
    take = Take(model, settings(steps=5), picture, CheckpointStore(kept))
    mapping: dict[int, Entry] = {}
    for action in actions:
        if isinstance(action, int):
            _run(take, min(take.position + action, take.steps))
        else:
            mapping = action
            take.follow(mapping)
    assert _run(take).digest() == _fresh(model, mapping, steps=5).digest()


def test_T_remembering_changes_nothing_but_time(model: EmbeddedModel) -> None:
    folds = [
        {1: Entry(0, Content("fish"))},
        {1: Entry(0, Content("fish")), 2: Entry(0, RED)},
        {1: Entry(0, Content("fish")), 2: Entry(0, Motion("up"))},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RED), 3: Entry(0, BLUE)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RED), 3: Entry(0, RIGHT)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RED), 3: Entry(0, DOWN)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, DOWN), 3: Entry(0, RIGHT)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, Motion("left")), 3: Entry(0, RIGHT)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RED), 3: Entry(0, ERASED)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RED), 3: Entry(0, BLUE_NOW)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RED), 3: Entry(0, SOON)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RIGHT), 3: Entry(0, SOON)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RED), 3: Entry(0, Adjust(guidance=200))},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RIGHT), 3: Entry(0, ALONG)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, ALONG), 3: Entry(0, PAN)},
        {1: Entry(0, Image(COFFEE)), 2: Entry(0, RED), 3: Entry(0, PAN)},
    ]
    remembering = Compiler(model, settings(), picture)
    everywhere = [(mapping, step) for mapping in folds for step in (0, 3, 5)]
    for mapping, step in [*everywhere, *reversed(everywhere)]:
        fold = fold_at(mapping, 0)
        kept = remembering.compile(fold, step)
        anew = Compiler(model, settings(), picture, remember=0).compile(fold, step)
        assert torch.equal(kept.conditions.image, anew.conditions.image)
        assert torch.equal(kept.conditions.text, anew.conditions.text)
        assert kept.guidance == anew.guidance
        assert torch.equal(kept.conditions.affinity, anew.conditions.affinity)
        if kept.residual is not None and anew.residual is not None:
            assert torch.equal(kept.residual.target, anew.residual.target)
            assert torch.equal(kept.residual.weight, anew.residual.weight)
        assert (kept.residual is None) == (anew.residual is None)


def test_T_two_takes_side_by_side_do_not_touch_each_other(model: EmbeddedModel) -> None:
    one, two = Take(model, settings(), picture), Take(model, settings(), picture)
    one.follow({1: Entry(0, Content("fish")), 2: Entry(1, RED)})
    two.follow({1: Entry(0, Content("a boat"))})
    while not one.done:
        one.step()
        two.step()
    assert one.digest() == _fresh(model, {1: Entry(0, Content("fish")), 2: Entry(1, RED)}).digest()
    assert two.digest() == _fresh(model, {1: Entry(0, Content("a boat"))}).digest()


def test_M2_the_last_writer_wins_whatever_the_order_of_the_mapping(model: EmbeddedModel) -> None:
    early, late = Entry(0, Content("a boat")), Entry(0, Content("a red fish"))
    both = _fresh(model, {2: late, 1: early})
    assert both.digest() == _fresh(model, {7: late}).digest()
    assert both.digest() != _fresh(model, {1: late, 2: early}).digest()


def test_T_seed_guidance_and_picture_are_part_of_the_take(model: EmbeddedModel) -> None:
    mapping = {1: Entry(0, Image(ROCKET)), 2: Entry(0, Content("fish"))}
    takes = [
        _fresh(model, mapping),
        _fresh(model, mapping, seed=12),
        _fresh(model, mapping, guidance=300),
        _fresh(model, {**mapping, 1: Entry(0, Image(COFFEE))}),
        _fresh(model, {**mapping, 1: Entry(0, Image(None))}),
        _fresh(model, {}),
    ]
    assert len({take.digest() for take in takes}) == len(takes)


def test_T_guidance_of_one_or_less_runs_no_unconditional_pass(model: EmbeddedModel) -> None:
    digests = {_fresh(model, {}, guidance=hundredths).digest() for hundredths in (0, 50, 100)}
    assert len(digests) == 1


def test_pictures_have_the_shape_and_type_of_a_clip(model: EmbeddedModel) -> None:
    take = Take(model, settings(width=48), picture)
    assert (take.position, take.steps, take.done) == (0, 6, False)
    preview = take.step()
    assert (preview.shape, preview.dtype.name) == ((4, 32, 48, 3), "uint8")
    with pytest.raises(TakeUnfinished):
        take.frames()
    frames = _run(take).frames()
    assert (frames.shape, frames.dtype.name) == ((4, 32, 48, 3), "uint8")
    with pytest.raises(TakeFinished):
        take.step()


class _Sick:
    """The model, but in one call its output holds one NaN."""

    def __init__(self, model: EmbeddedModel, call: int) -> None:
        self._model = model
        self._calls_left = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict_video(self, *arguments: Any) -> torch.Tensor:
        output = self._model.predict_video(*arguments)
        self._calls_left -= 1
        if self._calls_left == 0:
            output[0, 0, 0, 0, 0] = float("nan")
        return output


def test_T_not_a_number_is_an_error_and_the_take_stands_where_it_stood(
    model: EmbeddedModel,
) -> None:
    sick: Any = _Sick(model, call=3)
    take = Take(sick, settings(), picture)
    _run(take, 2)
    before = take.digest()
    with pytest.raises(NotFinite, match="step 2") as caught:
        take.step()
    assert caught.value.step == 2
    assert (take.position, take.digest()) == (2, before)
    assert _run(take).digest() == _fresh(model, {}).digest()


@pytest.mark.parametrize("failure", [FileNotFoundError, PIL.UnidentifiedImageError])
def test_T_an_unreadable_image_is_an_error_and_the_take_goes_on_without(
    model: EmbeddedModel, failure: type[Exception]
) -> None:
    def broken(blob: str) -> PIL.Image.Image:
        raise failure(blob)

    take = Take(model, settings(), broken)
    take.follow({1: Entry(2, Image(ROCKET))})
    _run(take, 2)
    with pytest.raises(ImageUnreadable):
        take.step()
    take.follow({})
    assert _run(take).digest() == _fresh(model, {}).digest()


@pytest.mark.parametrize(
    ("field", "value"), [("width", 40), ("height", 24), ("frames", 17), ("model", "another")]
)
def test_settings_the_model_cannot_run_are_refused_by_name(
    model: EmbeddedModel, field: str, value: Any
) -> None:
    with pytest.raises(UnsupportedSettings) as caught:
        Take(model, settings(**{field: value}), picture)
    assert caught.value.field == field


def test_a_negative_entry_step_is_refused_and_changes_nothing(model: EmbeddedModel) -> None:
    take = Take(model, settings(), picture)
    with pytest.raises(ValueError, match="entry step"):
        take.follow({1: Entry(-1, RED)})
    assert _run(take).digest() == _fresh(model, {}).digest()
