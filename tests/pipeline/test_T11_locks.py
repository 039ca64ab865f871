"""T11: a lock shows what its own mapping shows, bit for bit, whatever happens around it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch
from locked import (
    BEFORE,
    BLUE,
    CELL,
    HELD,
    LATER,
    LOCK,
    RED,
    SECOND,
    STEPS,
    UNIT,
    box,
    cells_of,
    clip_settings,
    fresh,
    locked,
    nested,
    run,
)
from tiny import picture

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Entry, fold_at
from framejam_pipeline.errors import NothingPredicted
from framejam_pipeline.locks import RING, pins
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Reference, Take
from framejam_protocol.instructions import (
    Camera,
    Lock,
)


def test_the_cells_an_outline_touches_and_a_ring_around_them_are_pinned(
    model: EmbeddedModel,
) -> None:
    found = pins(box(5, 3, 7, 4), model.spec, clip_settings())
    expected = np.zeros((4, 8, 16), dtype=bool)
    expected[:, 3 - RING : 4 + RING, 5 - RING : 7 + RING] = True
    assert np.array_equal(found, expected)
    some = pins(box(5, 3, 7, 4, frames=(1, 2)), model.spec, clip_settings())
    assert np.array_equal(some, expected & np.array([0, 1, 1, 0], dtype=bool)[:, None, None])
    # A sliver of a cell is that cell.
    sliver = Lock(((0, 0), (CELL // 50, 0), (0, CELL // 50)))
    assert pins(sliver, model.spec, clip_settings())[0].sum() == (1 + RING) ** 2


@pytest.mark.parametrize(
    "lock",
    [
        Lock(((-9000, -9000), (-1, -9000), (-1, -1))),  # beyond the frame
        Lock(((9000, 9000), (40000, 40000), (9000, 9000))),  # no area
        box(1, 1, 5, 5, frames=(4, 9)),  # beyond the clip
    ],
)
def test_an_outline_that_touches_nothing_pins_nothing(model: EmbeddedModel, lock: Lock) -> None:
    assert not pins(lock, model.spec, clip_settings()).any()
    without = {**BEFORE, **LATER}
    found = fresh(model, {**without, 10: Entry(0, lock)}, HELD)
    assert found.digest() == fresh(model, without).digest()


@pytest.mark.parametrize("name", ["ddim", "euler", "euler_a", "dpm++2m", "unipc", "lcm"])
@pytest.mark.parametrize("step", [0, 3])
def test_T11_the_finished_latents_there_are_the_reference_s(
    model: EmbeddedModel, name: str, step: int
) -> None:
    held = {10: Reference(clip_settings(scheduler=name), BEFORE)}
    take = fresh(model, locked(step), held, scheduler=name)
    reference = fresh(model, BEFORE, scheduler=name)
    cells = cells_of(LOCK, model)
    difference = (take.latents() - reference.latents()).abs()
    assert float(difference[cells].max()) == 0.0
    assert float(difference[~cells].max()) > 0.1


def test_T11_previews_and_estimates_show_it_too(model: EmbeddedModel) -> None:
    take, reference = (Take(model, clip_settings(), picture) for _ in range(2))
    take.follow(locked(2), HELD)
    reference.follow(BEFORE)
    cells = cells_of(LOCK, model)
    inner = (slice(None), slice(8, 16), slice(4, 12))  # a cell away from the ring's border
    for step in range(STEPS):
        seen = take.step()
        expected = reference.step()
        difference = (take._predicted - reference._predicted).abs()
        assert (float(difference[cells].max()) == 0.0) == (step >= 2)
        assert np.array_equal(seen[inner], expected[inner]) == (step >= 2)


def test_T11_a_lock_of_some_frames_pins_these(model: EmbeddedModel) -> None:
    lock = msgspec.structs.replace(LOCK, frames=(1, 2))
    take = fresh(model, locked(0, lock), HELD)
    difference = (take.latents() - fresh(model, BEFORE).latents()).abs()
    cells = cells_of(LOCK, model)
    by_frame = [float(difference[:, :, frame][cells[:, :, frame]].max()) for frame in range(4)]
    assert by_frame[1] == by_frame[2] == 0.0
    assert min(by_frame[0], by_frame[3]) > 0.0


def test_T11_undoing_what_was_there_before_does_not_move_it(model: EmbeddedModel) -> None:
    take = Take(model, clip_settings(), picture)
    take.follow(BEFORE)
    run(take)
    kept = take.latents()[cells_of(LOCK, model)]
    take.follow({**BEFORE, 10: Entry(0, LOCK)}, HELD)
    for gone in ({1: BEFORE[1]}, {}, {**BEFORE, **LATER}, LATER):
        take.follow({**gone, 10: Entry(0, LOCK)}, HELD)
        assert torch.equal(run(take).latents()[cells_of(LOCK, model)], kept)
    without = take.latents()
    take.follow(LATER)
    assert not torch.equal(run(take).latents()[cells_of(LOCK, model)], kept)
    assert not torch.equal(take.latents(), without)


def test_T4_T11_taking_the_lock_out_is_as_if_it_never_was(model: EmbeddedModel) -> None:
    for step in (0, 3):
        take = fresh(model, locked(step), HELD)
        assert take.follow({**BEFORE, **LATER}) == step
        assert run(take).digest() == fresh(model, {**BEFORE, **LATER}).digest()
        take.follow(locked(step), HELD)
        assert run(take).digest() == fresh(model, locked(step), HELD).digest()


def test_T1_T11_a_lock_leaves_the_steps_before_its_entry_untouched(model: EmbeddedModel) -> None:
    plain, pinned = (Take(model, clip_settings(), picture) for _ in range(2))
    plain.follow({**BEFORE, **LATER})
    pinned.follow(locked(3), HELD)
    while not plain.done:
        assert (plain.digest() == pinned.digest()) == (plain.position <= 3)
        plain.step()
        pinned.step()


def test_T11_a_lock_holds_its_own_seed_under_another(model: EmbeddedModel) -> None:
    take = fresh(model, locked(0), HELD, seed=99)
    cells = cells_of(LOCK, model)
    assert torch.equal(take.latents()[cells], fresh(model, BEFORE).latents()[cells])
    assert not torch.equal(take.latents()[cells], fresh(model, BEFORE, seed=99).latents()[cells])


@pytest.mark.parametrize("field", ["steps", "frames", "height", "scheduler"])
def test_T11_where_settings_differ_the_reference_is_made_under_the_present_ones(
    model: EmbeddedModel, field: str
) -> None:
    other = {"steps": 9, "frames": 3, "height": 64, "scheduler": "euler"}[field]
    held = {10: Reference(clip_settings(**{field: other}, seed=5), BEFORE)}
    take = fresh(model, locked(0), held)
    cells = cells_of(LOCK, model)
    at_once = {seq: replace(entry, step=0) for seq, entry in BEFORE.items()}
    assert torch.equal(take.latents()[cells], fresh(model, at_once).latents()[cells])
    assert not torch.equal(take.latents()[cells], fresh(model, BEFORE).latents()[cells])


def test_T11_what_was_locked_is_there_in_a_take_of_fewer_steps(model: EmbeddedModel) -> None:
    late = {1: Entry(5, RED), 2: Entry(4, SECOND), 3: Entry(5, SECOND, of=2)}
    held = {2: Reference(clip_settings(), {}), 10: Reference(clip_settings(), late)}
    take = fresh(model, {10: Entry(0, LOCK), 11: Entry(0, BLUE)}, held, steps=4)
    at_once = {seq: replace(entry, step=0) for seq, entry in late.items()}
    expected = fresh(model, at_once, held, steps=4).latents()[cells_of(LOCK, model)]
    assert torch.equal(take.latents()[cells_of(LOCK, model)], expected)
    assert not torch.equal(expected, fresh(model, {}, steps=4).latents()[cells_of(LOCK, model)])


def test_T11_guidance_of_now_counts_in_the_reference(model: EmbeddedModel) -> None:
    held = {10: Reference(clip_settings(guidance=300), BEFORE)}
    take = fresh(model, locked(0), held, guidance=180)
    cells = cells_of(LOCK, model)
    reference = fresh(model, BEFORE, guidance=180)
    assert torch.equal(take.latents()[cells], reference.latents()[cells])


def test_T11_a_lock_within_a_reference_holds_there_too(model: EmbeddedModel) -> None:
    mapping, held = nested()
    take = fresh(model, mapping, held)
    one, other = cells_of(LOCK, model), cells_of(SECOND, model)
    first = fresh(model, BEFORE)
    second = fresh(model, dict(held[20].mapping), HELD)
    assert torch.equal(take.latents()[other], second.latents()[other])
    assert torch.equal(take.latents()[one], first.latents()[one])
    assert not torch.equal(second.latents()[other], fresh(model, BEFORE | LATER).latents()[other])


def test_T11_of_locks_that_overlap_the_later_is_on_top(model: EmbeddedModel) -> None:
    over = box(4, 4, 6, 6)
    held = {**HELD, 20: Reference(clip_settings(), LATER)}
    mapping = {10: Entry(0, LOCK), 20: Entry(0, over)}
    take = fresh(model, mapping, held)
    top = cells_of(over, model)
    rest = cells_of(LOCK, model) & ~top
    assert rest.any()
    assert torch.equal(take.latents()[top], fresh(model, LATER).latents()[top])
    assert torch.equal(take.latents()[rest], fresh(model, BEFORE).latents()[rest])


def test_T11_a_revised_lock_holds_the_same_reference(model: EmbeddedModel) -> None:
    some = msgspec.structs.replace(LOCK, frames=(0, 0))
    mapping = {**LATER, 10: Entry(0, LOCK), 15: Entry(3, some, of=10)}
    take = fresh(model, mapping, HELD)
    cells = cells_of(some, model)
    assert torch.equal(take.latents()[cells], fresh(model, BEFORE).latents()[cells])
    never = {**mapping, 10: Entry(0, some)}
    assert take.digest() != fresh(model, {**LATER, 10: never[10]}, HELD).digest()


def test_T11_locks_never_reach_the_intermediate_image(model: EmbeddedModel) -> None:
    compiler = Compiler(model, clip_settings(), picture)
    with_it = compiler.intermediate(fold_at(locked(0), 5))
    without = compiler.intermediate(fold_at({**BEFORE, **LATER}, 5))
    assert np.array_equal(with_it.pixels, without.pixels)
    assert np.array_equal(with_it.weight, without.weight)


def test_a_lock_over_everything_shows_the_reference(model: EmbeddedModel) -> None:
    everything = Lock(((-1, -1), (UNIT + 1, -1), (UNIT + 1, UNIT + 1), (-1, UNIT + 1)))
    take = fresh(model, locked(1, everything), HELD)
    assert take.digest() == fresh(model, BEFORE).digest()


def test_M6_what_a_lock_pins_is_nobody_else_s(model: EmbeddedModel) -> None:
    take = Take(model, clip_settings(), picture)
    take.follow({**locked(0), 14: Entry(0, Camera(pan=9000))}, HELD)
    at = (2 * CELL + CELL // 2, 3 * UNIT // 8 + 100)
    assert take.weights_at(1, at) == {10: 1.0}
    assert 10 not in take.weights_at(1, (15 * CELL, 7 * UNIT // 8))
    over = {**locked(0), 20: Entry(0, box(1, 2, 2, 3))}
    held = {**HELD, 20: Reference(clip_settings(), BEFORE)}
    take.follow(over, held)
    assert take.weights_at(1, at) == {20: 1.0}


def test_an_estimate_is_what_the_last_step_predicted_decoded(model: EmbeddedModel) -> None:
    take = Take(model, clip_settings(), picture)
    with pytest.raises(NothingPredicted):
        take.estimate()
    take.follow(BEFORE)
    preview = take.step()
    before = take.digest()
    estimate = take.estimate()
    assert (estimate.shape, estimate.dtype.name) == (preview.shape, "uint8")
    assert (take.position, take.digest()) == (1, before)
    decoded = model.decode(take._predicted[0].transpose(0, 1).contiguous())
    expected = (decoded.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(estimate, expected)
    run(take)
    take.follow({})
    with pytest.raises(NothingPredicted):
        take.estimate()
    silent = Take(model, clip_settings(), picture)
    silent.follow(BEFORE)
    assert fresh(model, BEFORE).digest() == run(silent).digest()
