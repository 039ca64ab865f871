"""T11: a lock shows what its own mapping shows, bit for bit, whatever happens around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from tiny import picture, settings

from framejam_pipeline import references
from framejam_pipeline.checkpoint import CheckpointStore
from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Entry, fold_at
from framejam_pipeline.errors import ImageUnreadable, NothingPredicted, OutOfMemory
from framejam_pipeline.locks import RING, pins
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Reference, Take
from framejam_protocol.instructions import (
    Camera,
    Content,
    Drag,
    Image,
    Lock,
    Motion,
    Paint,
    Settings,
)

UNIT = 65536
CELL = UNIT // 16  # of a 64 x 32 frame: 16 x 8 latent cells
STEPS = 6


def _settings(**changes: Any) -> Settings:
    return settings(**{"width": 64, "steps": STEPS, **changes})


def _box(left: int, top: int, right: int, bottom: int, **fields: Any) -> Lock:
    """A lock on whole latent cells of the frame, a sixteenth and an eighth of it each."""
    x, y = (UNIT * left // 16, UNIT * right // 16), (UNIT * top // 8, UNIT * bottom // 8)
    return Lock(((x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])), **fields)


LOCK = _box(1, 2, 3, 4)
RED = Paint(((9000, 9000), (40000, 30000)), "#ff0000", 9000)
BLUE = Paint(((60000, 60000),), "#0000ff", 20000)
PULL = Drag((30000, 30000), (50000, 30000), 9000)
BEFORE = {1: Entry(0, Content("a red fish")), 2: Entry(1, RED), 3: Entry(0, Motion("left"))}
LATER = {11: Entry(2, BLUE), 12: Entry(0, PULL), 13: Entry(3, Content("a boat"))}
HELD = {10: Reference(_settings(), BEFORE)}


def _cells(lock: Lock, model: EmbeddedModel, **changes: Any) -> torch.Tensor:
    found: torch.Tensor = torch.from_numpy(pins(lock, model.spec, _settings(**changes)))
    return found.expand(1, 4, -1, -1, -1)


def _run(take: Take, until: int = STEPS) -> Take:
    while take.position < until:
        take.step()
    return take


def _fresh(
    model: EmbeddedModel,
    mapping: Mapping[int, Entry],
    held: Mapping[int, Reference] | None = None,
    **changes: Any,
) -> Take:
    take = Take(model, _settings(**changes), picture)
    take.follow(mapping, held or {})
    return _run(take)


def _locked(step: int, lock: Lock = LOCK) -> dict[int, Entry]:
    return {**BEFORE, 10: Entry(step, lock), **LATER}


def test_the_cells_an_outline_touches_and_a_ring_around_them_are_pinned(
    model: EmbeddedModel,
) -> None:
    found = pins(_box(5, 3, 7, 4), model.spec, _settings())
    expected = np.zeros((4, 8, 16), dtype=bool)
    expected[:, 3 - RING : 4 + RING, 5 - RING : 7 + RING] = True
    assert np.array_equal(found, expected)
    some = pins(_box(5, 3, 7, 4, frames=(1, 2)), model.spec, _settings())
    assert np.array_equal(some, expected & np.array([0, 1, 1, 0], dtype=bool)[:, None, None])
    # A sliver of a cell is that cell.
    sliver = Lock(((0, 0), (CELL // 50, 0), (0, CELL // 50)))
    assert pins(sliver, model.spec, _settings())[0].sum() == (1 + RING) ** 2


@pytest.mark.parametrize(
    "lock",
    [
        Lock(((-9000, -9000), (-1, -9000), (-1, -1))),  # beyond the frame
        Lock(((9000, 9000), (40000, 40000), (9000, 9000))),  # no area
        _box(1, 1, 5, 5, frames=(4, 9)),  # beyond the clip
    ],
)
def test_an_outline_that_touches_nothing_pins_nothing(model: EmbeddedModel, lock: Lock) -> None:
    assert not pins(lock, model.spec, _settings()).any()
    without = {**BEFORE, **LATER}
    found = _fresh(model, {**without, 10: Entry(0, lock)}, HELD)
    assert found.digest() == _fresh(model, without).digest()


@pytest.mark.parametrize("name", ["ddim", "euler", "euler_a", "dpm++2m", "unipc", "lcm"])
@pytest.mark.parametrize("step", [0, 3])
def test_T11_the_finished_latents_there_are_the_reference_s(
    model: EmbeddedModel, name: str, step: int
) -> None:
    held = {10: Reference(_settings(scheduler=name), BEFORE)}
    take = _fresh(model, _locked(step), held, scheduler=name)
    reference = _fresh(model, BEFORE, scheduler=name)
    cells = _cells(LOCK, model)
    difference = (take.latents() - reference.latents()).abs()
    assert float(difference[cells].max()) == 0.0
    assert float(difference[~cells].max()) > 0.1


def test_T11_previews_and_estimates_show_it_too(model: EmbeddedModel) -> None:
    take, reference = (Take(model, _settings(), picture) for _ in range(2))
    take.follow(_locked(2), HELD)
    reference.follow(BEFORE)
    cells = _cells(LOCK, model)
    inner = (slice(None), slice(8, 16), slice(4, 12))  # a cell away from the ring's border
    for step in range(STEPS):
        seen = take.step()
        expected = reference.step()
        difference = (take._predicted - reference._predicted).abs()
        assert (float(difference[cells].max()) == 0.0) == (step >= 2)
        assert np.array_equal(seen[inner], expected[inner]) == (step >= 2)


def test_T11_a_lock_of_some_frames_pins_these(model: EmbeddedModel) -> None:
    lock = msgspec.structs.replace(LOCK, frames=(1, 2))
    take = _fresh(model, _locked(0, lock), HELD)
    difference = (take.latents() - _fresh(model, BEFORE).latents()).abs()
    cells = _cells(LOCK, model)
    by_frame = [float(difference[:, :, frame][cells[:, :, frame]].max()) for frame in range(4)]
    assert by_frame[1] == by_frame[2] == 0.0
    assert min(by_frame[0], by_frame[3]) > 0.0


def test_T11_undoing_what_was_there_before_does_not_move_it(model: EmbeddedModel) -> None:
    take = Take(model, _settings(), picture)
    take.follow(BEFORE)
    _run(take)
    kept = take.latents()[_cells(LOCK, model)]
    take.follow({**BEFORE, 10: Entry(0, LOCK)}, HELD)
    for gone in ({1: BEFORE[1]}, {}, {**BEFORE, **LATER}, LATER):
        take.follow({**gone, 10: Entry(0, LOCK)}, HELD)
        assert torch.equal(_run(take).latents()[_cells(LOCK, model)], kept)
    without = take.latents()
    take.follow(LATER)
    assert not torch.equal(_run(take).latents()[_cells(LOCK, model)], kept)
    assert not torch.equal(take.latents(), without)


def test_T4_T11_taking_the_lock_out_is_as_if_it_never_was(model: EmbeddedModel) -> None:
    for step in (0, 3):
        take = _fresh(model, _locked(step), HELD)
        assert take.follow({**BEFORE, **LATER}) == step
        assert _run(take).digest() == _fresh(model, {**BEFORE, **LATER}).digest()
        take.follow(_locked(step), HELD)
        assert _run(take).digest() == _fresh(model, _locked(step), HELD).digest()


def test_T1_T11_a_lock_leaves_the_steps_before_its_entry_untouched(model: EmbeddedModel) -> None:
    plain, locked = (Take(model, _settings(), picture) for _ in range(2))
    plain.follow({**BEFORE, **LATER})
    locked.follow(_locked(3), HELD)
    while not plain.done:
        assert (plain.digest() == locked.digest()) == (plain.position <= 3)
        plain.step()
        locked.step()


def test_T11_a_lock_holds_its_own_seed_under_another(model: EmbeddedModel) -> None:
    take = _fresh(model, _locked(0), HELD, seed=99)
    cells = _cells(LOCK, model)
    assert torch.equal(take.latents()[cells], _fresh(model, BEFORE).latents()[cells])
    assert not torch.equal(take.latents()[cells], _fresh(model, BEFORE, seed=99).latents()[cells])


@pytest.mark.parametrize("field", ["steps", "frames", "height", "scheduler"])
def test_T11_where_settings_differ_the_reference_is_made_under_the_present_ones(
    model: EmbeddedModel, field: str
) -> None:
    other = {"steps": 9, "frames": 3, "height": 64, "scheduler": "euler"}[field]
    held = {10: Reference(_settings(**{field: other}, seed=5), BEFORE)}
    take = _fresh(model, _locked(0), held)
    cells = _cells(LOCK, model)
    assert torch.equal(take.latents()[cells], _fresh(model, BEFORE).latents()[cells])


def test_T11_guidance_of_now_counts_in_the_reference(model: EmbeddedModel) -> None:
    held = {10: Reference(_settings(guidance=300), BEFORE)}
    take = _fresh(model, _locked(0), held, guidance=180)
    cells = _cells(LOCK, model)
    reference = _fresh(model, BEFORE, guidance=180)
    assert torch.equal(take.latents()[cells], reference.latents()[cells])


SECOND = _box(9, 3, 11, 5)


def _nested() -> tuple[dict[int, Entry], dict[int, Reference]]:
    """A lock, edits, another lock that holds what the first left; then everything changes."""
    second = {**BEFORE, 10: Entry(0, LOCK), **LATER}
    last = {10: Entry(0, LOCK), 20: Entry(1, SECOND), 21: Entry(0, Image("00000001" * 8))}
    return last, {**HELD, 20: Reference(_settings(), second)}


def test_T11_a_lock_within_a_reference_holds_there_too(model: EmbeddedModel) -> None:
    mapping, held = _nested()
    take = _fresh(model, mapping, held)
    one, other = _cells(LOCK, model), _cells(SECOND, model)
    first = _fresh(model, BEFORE)
    second = _fresh(model, dict(held[20].mapping), HELD)
    assert torch.equal(take.latents()[other], second.latents()[other])
    assert torch.equal(take.latents()[one], first.latents()[one])
    assert not torch.equal(second.latents()[other], _fresh(model, BEFORE | LATER).latents()[other])


def test_T11_of_locks_that_overlap_the_later_is_on_top(model: EmbeddedModel) -> None:
    over = _box(4, 4, 6, 6)
    held = {**HELD, 20: Reference(_settings(), LATER)}
    mapping = {10: Entry(0, LOCK), 20: Entry(0, over)}
    take = _fresh(model, mapping, held)
    top = _cells(over, model)
    rest = _cells(LOCK, model) & ~top
    assert rest.any()
    assert torch.equal(take.latents()[top], _fresh(model, LATER).latents()[top])
    assert torch.equal(take.latents()[rest], _fresh(model, BEFORE).latents()[rest])


class _Counting:
    """The model, counting how often P_video runs."""

    def __init__(self, model: EmbeddedModel) -> None:
        self._model = model
        self.runs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict_video(self, *arguments: Any) -> torch.Tensor:
        self.runs += 1
        return self._model.predict_video(*arguments)


def test_T11_locks_with_one_reference_run_it_once(model: EmbeddedModel) -> None:
    counting: Any = _Counting(model)
    same = Reference(_settings(), dict(BEFORE))
    take = Take(counting, _settings(), picture)
    take.follow({**LATER, 10: Entry(0, LOCK), 14: Entry(0, SECOND)}, {10: HELD[10], 14: same})
    _run(take)
    assert counting.runs == 2 * STEPS
    # And what it looked like is remembered: only the take itself goes back.
    take.follow({12: LATER[12], 10: Entry(0, LOCK), 14: Entry(0, SECOND)}, {10: HELD[10], 14: same})
    begun = take.position
    _run(take)
    assert counting.runs == 2 * STEPS + STEPS - begun


def test_T11_a_lock_that_holds_what_is_there_anyway_costs_nothing(model: EmbeddedModel) -> None:
    counting: Any = _Counting(model)
    take = Take(counting, _settings(), picture)
    take.follow(BEFORE)
    _run(take)
    assert take.follow({**BEFORE, 10: Entry(0, LOCK)}, HELD) == STEPS
    again = {**HELD, 20: Reference(_settings(), {**BEFORE, 10: Entry(0, LOCK)})}
    assert take.follow({**BEFORE, 10: Entry(0, LOCK), 20: Entry(2, SECOND)}, again) == STEPS
    assert counting.runs == STEPS
    assert take.weights_at(0, (2 * CELL, 3 * UNIT // 8)) == {10: 1.0}
    # It is no longer so when anything changes.
    changed = {**BEFORE, 10: Entry(0, LOCK), 20: Entry(2, SECOND), 21: Entry(3, BLUE)}
    take.follow(changed, again)
    assert take.position == 0
    _run(take)
    assert torch.equal(
        take.latents()[_cells(SECOND, model)],
        _fresh(model, BEFORE).latents()[_cells(SECOND, model)],
    )
    assert take.digest() == _fresh(model, changed, again).digest()


def test_T11_leaving_such_a_lock_out_gives_the_same_bits(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held beside a take in which every lock is pasted."""
    mapping = {**BEFORE, 10: Entry(2, LOCK)}
    short = _fresh(model, mapping, HELD).digest()

    def pasted(self: Any, settings: Settings, mapping: Mapping[int, Entry]) -> Any:
        locks = {
            seq: self._of_lock(seq, settings)
            for seq, entry in mapping.items()
            if isinstance(entry.instruction, Lock)
        }
        return references.Plan(settings, dict(mapping), locks)

    monkeypatch.setattr(references._Planner, "plan", pasted)
    counting: Any = _Counting(model)
    assert _fresh(counting, mapping, HELD).digest() == short
    assert counting.runs == STEPS + STEPS


@pytest.mark.parametrize("budget", [0, 30_000, 2**30])
def test_T7_T11_the_budget_decides_what_runs_again_and_never_what_comes_out(
    model: EmbeddedModel, budget: int
) -> None:
    mapping, held = _nested()
    store = CheckpointStore(budget)
    take = Take(model, _settings(), picture, store)
    for route, until in ((mapping, 6), ({**mapping, 22: Entry(2, RED)}, 5), (mapping, 6)):
        take.follow(route, held)
        while take.position < until:
            take.step()
            assert store.nbytes <= budget
    assert take.digest() == _fresh(model, mapping, held).digest()
    take.forget()
    assert store.nbytes == 0


def test_T11_a_revised_lock_holds_the_same_reference(model: EmbeddedModel) -> None:
    some = msgspec.structs.replace(LOCK, frames=(0, 0))
    mapping = {**LATER, 10: Entry(0, LOCK), 15: Entry(3, some, of=10)}
    take = _fresh(model, mapping, HELD)
    cells = _cells(some, model)
    assert torch.equal(take.latents()[cells], _fresh(model, BEFORE).latents()[cells])
    never = {**mapping, 10: Entry(0, some)}
    assert take.digest() != _fresh(model, {**LATER, 10: never[10]}, HELD).digest()


def test_T11_locks_never_reach_the_intermediate_image(model: EmbeddedModel) -> None:
    compiler = Compiler(model, _settings(), picture)
    with_it = compiler.intermediate(fold_at(_locked(0), 5))
    without = compiler.intermediate(fold_at({**BEFORE, **LATER}, 5))
    assert np.array_equal(with_it.pixels, without.pixels)
    assert np.array_equal(with_it.weight, without.weight)


def test_a_lock_over_everything_shows_the_reference(model: EmbeddedModel) -> None:
    everything = Lock(((-1, -1), (UNIT + 1, -1), (UNIT + 1, UNIT + 1), (-1, UNIT + 1)))
    take = _fresh(model, _locked(1, everything), HELD)
    assert take.digest() == _fresh(model, BEFORE).digest()


def test_a_lock_without_its_reference_is_refused_and_changes_nothing(model: EmbeddedModel) -> None:
    take = Take(model, _settings(), picture)
    take.follow(BEFORE)
    with pytest.raises(ValueError, match="lock 10 needs its reference"):
        take.follow(_locked(0))
    circular = {10: Reference(_settings(), {10: Entry(0, LOCK)})}
    with pytest.raises(ValueError, match="not earlier"):
        take.follow(_locked(0), circular)
    with pytest.raises(ValueError, match="entry step"):
        take.follow(_locked(0), {10: Reference(_settings(), {1: Entry(-1, RED)})})
    assert _run(take).digest() == _fresh(model, BEFORE).digest()


def test_an_error_in_the_reference_leaves_the_take_where_it_stood(model: EmbeddedModel) -> None:
    def broken(blob: str) -> Any:
        raise FileNotFoundError(blob)

    held = {10: Reference(_settings(), {1: Entry(1, Image("00000001" * 8))})}
    take = Take(model, _settings(), broken)
    take.follow({10: Entry(0, LOCK), 11: LATER[11]}, held)
    take.step()
    before = take.digest()
    with pytest.raises(ImageUnreadable):
        take.step()
    assert (take.position, take.digest()) == (1, before)
    take.follow({})
    assert _run(take).digest() == _fresh(model, {}).digest()


def test_T6_memory_that_runs_out_in_the_reference_frees_other_takes(model: EmbeddedModel) -> None:
    class Tight(_Counting):
        fail: frozenset[int] = frozenset()

        def predict_video(self, *arguments: Any) -> torch.Tensor:
            output = super().predict_video(*arguments)
            if self.runs in self.fail:
                raise MemoryError
            return output

    tight: Any = Tight(model)
    store = CheckpointStore()
    other = _run(Take(model, _settings(), picture, store))
    take = Take(tight, _settings(), picture, store)
    take.follow(_locked(0), HELD)
    tight.fail = frozenset({3, 4})  # the reference's third step: both tries of it
    assert _run(take, 3).position == 3
    assert store.steps(other) == ()
    tight.fail = frozenset(range(tight.runs + 1, tight.runs + 9))
    with pytest.raises(OutOfMemory):
        take.step()
    assert take.position == 3
    tight.fail = frozenset()
    assert _run(take).digest() == _fresh(model, _locked(0), HELD).digest()


def test_M6_what_a_lock_pins_is_nobody_else_s(model: EmbeddedModel) -> None:
    take = Take(model, _settings(), picture)
    take.follow({**_locked(0), 14: Entry(0, Camera(pan=9000))}, HELD)
    at = (2 * CELL + CELL // 2, 3 * UNIT // 8 + 100)
    assert take.weights_at(1, at) == {10: 1.0}
    assert 10 not in take.weights_at(1, (15 * CELL, 7 * UNIT // 8))
    over = {**_locked(0), 20: Entry(0, _box(1, 2, 2, 3))}
    held = {**HELD, 20: Reference(_settings(), BEFORE)}
    take.follow(over, held)
    assert take.weights_at(1, at) == {20: 1.0}


def test_an_estimate_is_what_the_last_step_predicted_decoded(model: EmbeddedModel) -> None:
    take = Take(model, _settings(), picture)
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
    _run(take)
    take.follow({})
    with pytest.raises(NothingPredicted):
        take.estimate()
    silent = Take(model, _settings(), picture)
    silent.follow(BEFORE)
    assert _fresh(model, BEFORE).digest() == _run(silent).digest()
