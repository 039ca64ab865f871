"""T11: the takes that locks hold run once, within a budget, and their faults are the take's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    Counting,
    cells_of,
    clip_settings,
    fresh,
    locked,
    nested,
    run,
)
from tiny import picture

from framejam_pipeline import references
from framejam_pipeline.checkpoint import CheckpointStore
from framejam_pipeline.entries import Entry
from framejam_pipeline.errors import ImageUnreadable, OutOfMemory
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Reference, Take
from framejam_protocol.instructions import (
    Image,
    Lock,
    Settings,
)


def test_T11_the_model_sees_what_is_locked_in_the_step_in_which_it_enters(
    model: EmbeddedModel,
) -> None:
    counting: Any = Counting(model)
    take, reference = (
        Take(counting, clip_settings(), picture),
        Take(model, clip_settings(), picture),
    )
    take.follow(locked(3), HELD)
    reference.follow(BEFORE)
    cells = cells_of(LOCK, model)
    for step in range(5):
        before = reference.latents()
        reference.step()
        take.step()
        assert torch.equal(counting.told[cells], before[cells]) == (step in (0, 3, 4))


def test_T11_locks_with_one_reference_run_it_once(model: EmbeddedModel) -> None:
    counting: Any = Counting(model)
    same = Reference(clip_settings(), dict(BEFORE))
    take = Take(counting, clip_settings(), picture)
    take.follow({**LATER, 10: Entry(0, LOCK), 14: Entry(0, SECOND)}, {10: HELD[10], 14: same})
    run(take)
    assert counting.runs == 2 * STEPS
    # And what it looked like is remembered: only the take itself goes back.
    take.follow({12: LATER[12], 10: Entry(0, LOCK), 14: Entry(0, SECOND)}, {10: HELD[10], 14: same})
    begun = take.position
    run(take)
    assert counting.runs == 2 * STEPS + STEPS - begun


def test_T11_a_lock_that_holds_what_is_there_anyway_costs_nothing(model: EmbeddedModel) -> None:
    counting: Any = Counting(model)
    take = Take(counting, clip_settings(), picture)
    take.follow(BEFORE)
    run(take)
    assert take.follow({**BEFORE, 10: Entry(0, LOCK)}, HELD) == STEPS
    again = {**HELD, 20: Reference(clip_settings(), {**BEFORE, 10: Entry(0, LOCK)})}
    assert take.follow({**BEFORE, 10: Entry(0, LOCK), 20: Entry(2, SECOND)}, again) == STEPS
    assert counting.runs == STEPS
    assert take.weights_at(0, (2 * CELL, 3 * UNIT // 8)) == {10: 1.0}
    # It is no longer so when anything changes.
    changed = {**BEFORE, 10: Entry(0, LOCK), 20: Entry(2, SECOND), 21: Entry(3, BLUE)}
    take.follow(changed, again)
    assert take.position == 3
    run(take)
    assert torch.equal(
        take.latents()[cells_of(SECOND, model)],
        fresh(model, BEFORE).latents()[cells_of(SECOND, model)],
    )
    assert take.digest() == fresh(model, changed, again).digest()


def test_T11_leaving_such_a_lock_out_gives_the_same_bits(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held beside a take in which every lock is pasted."""
    mapping = {**BEFORE, 10: Entry(2, LOCK)}
    short = fresh(model, mapping, HELD).digest()

    def pasted(self: Any, settings: Settings, mapping: Mapping[int, Entry]) -> Any:
        locks = {
            seq: self._of_lock(seq, settings)[1]
            for seq, entry in mapping.items()
            if isinstance(entry.instruction, Lock)
        }
        return references.Plan(settings, dict(mapping), locks)

    monkeypatch.setattr(references._Planner, "plan", pasted)
    counting: Any = Counting(model)
    assert fresh(counting, mapping, HELD).digest() == short
    assert counting.runs == STEPS + STEPS


def test_T11_another_reference_for_the_same_lock_is_another_take(model: EmbeddedModel) -> None:
    other = {10: Reference(clip_settings(), LATER)}
    take = fresh(model, locked(2), HELD)
    assert take.follow(locked(2), other) == 2
    assert run(take).digest() == fresh(model, locked(2), other).digest()
    assert take.follow(locked(2), HELD) == 2
    assert run(take).digest() == fresh(model, locked(2), HELD).digest()


@pytest.mark.parametrize("budget", [0, 30_000, 2**30])
def test_T7_T11_the_budget_decides_what_runs_again_and_never_what_comes_out(
    model: EmbeddedModel, budget: int
) -> None:
    mapping, held = nested()
    store = CheckpointStore(budget)
    take = Take(model, clip_settings(), picture, store)
    for route, until in ((mapping, 6), ({**mapping, 22: Entry(2, RED)}, 5), (mapping, 6)):
        take.follow(route, held)
        while take.position < until:
            take.step()
            assert store.nbytes <= budget
    assert take.digest() == fresh(model, mapping, held).digest()
    take.forget()
    assert store.nbytes == 0


def test_a_lock_without_its_reference_is_refused_and_changes_nothing(model: EmbeddedModel) -> None:
    take = Take(model, clip_settings(), picture)
    take.follow(BEFORE)
    with pytest.raises(ValueError, match="lock 10 needs its reference"):
        take.follow(locked(0))
    circular = {10: Reference(clip_settings(), {10: Entry(0, LOCK)})}
    with pytest.raises(ValueError, match="not earlier"):
        take.follow(locked(0), circular)
    with pytest.raises(ValueError, match="entry step"):
        take.follow(locked(0), {10: Reference(clip_settings(), {1: Entry(-1, RED)})})
    assert run(take).digest() == fresh(model, BEFORE).digest()


def test_an_error_in_the_reference_leaves_the_take_where_it_stood(model: EmbeddedModel) -> None:
    def broken(blob: str) -> Any:
        raise FileNotFoundError(blob)

    held = {10: Reference(clip_settings(), {1: Entry(1, Image("00000001" * 8))})}
    take = Take(model, clip_settings(), broken)
    take.follow({10: Entry(0, LOCK), 11: LATER[11]}, held)
    take.step()
    before = take.digest()
    with pytest.raises(ImageUnreadable):
        take.step()
    assert (take.position, take.digest()) == (1, before)
    take.follow({})
    assert run(take).digest() == fresh(model, {}).digest()


def test_T6_memory_that_runs_out_in_the_reference_frees_other_takes(model: EmbeddedModel) -> None:
    class Tight(Counting):
        fail: frozenset[int] = frozenset()

        def predict_video(self, *arguments: Any) -> torch.Tensor:
            output = super().predict_video(*arguments)
            if self.runs in self.fail:
                raise MemoryError
            return output

    tight: Any = Tight(model)
    store = CheckpointStore()
    other = run(Take(model, clip_settings(), picture, store))
    take = Take(tight, clip_settings(), picture, store)
    take.follow(locked(0), HELD)
    tight.fail = frozenset({3, 4})  # the reference's third step: both tries of it
    assert run(take, 3).position == 3
    assert store.steps(other) == ()
    tight.fail = frozenset(range(tight.runs + 1, tight.runs + 9))
    with pytest.raises(OutOfMemory):
        take.step()
    assert take.position == 3
    tight.fail = frozenset()
    assert run(take).digest() == fresh(model, locked(0), HELD).digest()
