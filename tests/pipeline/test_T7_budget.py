"""T7, T4: checkpoints within a budget of bytes. It decides how far a take goes back, never what
comes out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
)
from tiny import picture, settings

from framejam_pipeline import loop as loop_module
from framejam_pipeline.checkpoint import Checkpoint, CheckpointStore
from framejam_pipeline.errors import CheckpointInvalid
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Entry, Take
from framejam_protocol.instructions import Content, Drag, Image, Motion, Paint

SCHEDULERS = [DDIMScheduler, EulerDiscreteScheduler, DPMSolverMultistepScheduler, LCMScheduler]
KEEPS_STATE = [EulerDiscreteScheduler, DPMSolverMultistepScheduler, LCMScheduler]
BLOB = "00000001" * 8
RED = Paint(points=((9000, 9000), (40000, 30000)), color="#ff0000", width=9000)
DRAG = Drag(start=(30000, 30000), end=(50000, 20000), radius=13000)
STEPS = 10

BASE = {1: Entry(0, Content("a red fish")), 2: Entry(0, Image(BLOB))}
EDITED = {**BASE, 3: Entry(3, RED), 4: Entry(5, DRAG), 5: Entry(8, Motion("left"))}
ROUTE: list[tuple[Mapping[int, Entry], int]] = [
    (EDITED, 10),
    ({**BASE, 4: Entry(5, DRAG), 5: EDITED[5]}, 9),  # the stroke undone
    ({**BASE, 4: Entry(5, DRAG)}, 10),
    ({**EDITED, 6: Entry(9, RED)}, 10),
    ({**BASE, 6: Entry(9, RED)}, 7),
    ({**BASE, 3: Entry(1, RED)}, 10),  # brought back and lowered
]
"""Mappings and how far each of them runs. The last one runs to its end."""


class _Scheduled:
    """The tiny model under another scheduler."""

    def __init__(self, model: EmbeddedModel, kind: Any) -> None:
        self._model = model
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def make_scheduler(self, steps: int, scheduler: str) -> Any:
        options = {"clip_sample": False} if self._kind in (DDIMScheduler, LCMScheduler) else {}
        scheduler = self._kind(prediction_type="v_prediction", **options)
        scheduler.set_timesteps(steps)
        return scheduler


def _take(model: Any, budget: int | CheckpointStore = 2**30) -> Take:
    store = CheckpointStore(budget) if isinstance(budget, int) else budget
    return Take(model, settings(steps=STEPS), picture, store)


def _run(take: Take, until: int = STEPS) -> Take:
    while take.position < until:
        take.step()
    return take


def _routed(take: Take) -> Take:
    for mapping, until in ROUTE:
        take.follow(mapping)
        _run(take, until)
    return take


def _straight(model: Any) -> str:
    take = _take(model)
    take.follow(ROUTE[-1][0])
    return _run(take).digest()


def _one_checkpoint(model: Any) -> int:
    """Bytes of the largest checkpoint of a take."""
    take = _take(model, store := CheckpointStore())
    _run(take)
    kept = [store.newest(take, step) for step in range(1, STEPS)]
    return max(checkpoint.nbytes for checkpoint in kept if checkpoint is not None)


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_T4_T7_a_rewound_take_is_as_if_it_never_went_elsewhere(
    model: EmbeddedModel, kind: Any
) -> None:
    scheduled = _Scheduled(model, kind)
    assert _routed(_take(scheduled)).digest() == _straight(scheduled)


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_T7_a_budget_of_one_checkpoint_gives_the_same_bits(model: EmbeddedModel, kind: Any) -> None:
    scheduled = _Scheduled(model, kind)
    store = CheckpointStore(_one_checkpoint(scheduled))
    take = _take(scheduled, store)
    for mapping, until in ROUTE:
        take.follow(mapping)
        while take.position < until:
            take.step()
            assert len(store.steps(take)) <= 1
    assert take.digest() == _straight(scheduled)
    assert _routed(_take(scheduled, 0)).digest() == _straight(scheduled)


@pytest.mark.parametrize("kind", KEEPS_STATE)
def test_T7_a_take_that_kept_latents_and_index_only_would_be_caught(
    model: EmbeddedModel, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduled = _Scheduled(model, kind)
    right = _straight(scheduled)
    monkeypatch.setattr(loop_module, "reinstate", lambda scheduler, state: None)
    try:
        wrong = _routed(_take(scheduled)).digest()
    except (IndexError, AttributeError):  # some schedulers at least run off their tables
        return
    assert wrong != right


def test_T7_a_take_goes_back_to_the_step_itself_where_it_has_a_checkpoint(
    model: EmbeddedModel,
) -> None:
    take = _take(model)
    take.follow(EDITED)
    _run(take)
    for gone, step in ((5, 8), (4, 5), (3, 3)):
        kept = {seq: entry for seq, entry in EDITED.items() if seq < gone}
        assert take.follow(kept) == take.position == step
        _run(take)


def test_T7_without_the_checkpoint_it_goes_back_to_the_newest_before_or_to_the_start(
    model: EmbeddedModel,
) -> None:
    take = _take(model, store := CheckpointStore())
    take.follow(EDITED)
    _run(take)
    kept = store.newest(take, 2)
    assert kept is not None
    assert kept.index == 2
    store.drop(take, 3)
    assert take.follow(BASE) == 2
    store.drop(take)
    _run(take, 4)
    store.drop(take)
    assert take.follow({1: BASE[1]}) == 0


def test_T7_what_a_change_makes_wrong_is_dropped_and_what_stays_right_is_kept(
    model: EmbeddedModel,
) -> None:
    take = _take(model, store := CheckpointStore())
    take.follow(EDITED)
    _run(take)
    assert store.steps(take) == tuple(range(1, STEPS))
    take.follow({**EDITED, 4: Entry(5, RED)})
    assert store.steps(take) == (1, 2, 3, 4, 5)


def _checkpoint(index: int, size: int = 100) -> Checkpoint:
    return Checkpoint(index, torch.zeros(size // 4), {"order": 2})


def test_bytes_are_those_of_all_tensors_and_arrays() -> None:
    state = {
        "outputs": [torch.zeros(10), None, torch.zeros(3, dtype=torch.int64)],
        "sigmas": np.zeros(4),
        "cache": {"a": torch.zeros(2, dtype=torch.float16)},
        "order": 2,
    }
    assert Checkpoint(1, torch.zeros(2, 5), state).nbytes == 40 + 40 + 24 + 32 + 4


def test_the_budget_is_never_exceeded_and_what_stays_is_spread_evenly() -> None:
    store = CheckpointStore(450)
    for step in range(33):
        store.keep("take", _checkpoint(step))
        assert store.nbytes == 100 * len(store.steps("take")) <= 450
    steps = (0, *store.steps("take"))
    assert len(steps) == 5
    assert steps[-1] == 32
    assert max(b - a for a, b in itertools.pairwise(steps)) <= 16
    assert store.newest("take", 31).index == steps[-2]


def test_the_take_used_longest_ago_loses_its_checkpoints_first() -> None:
    store = CheckpointStore(600)
    for step in (1, 2, 3):
        store.keep("old", _checkpoint(step))
    for step in (1, 2, 3):
        store.keep("new", _checkpoint(step))
    store.keep("old", _checkpoint(4))
    assert (store.steps("old"), store.steps("new")) == ((1, 2, 3, 4), (2, 3))
    store.keep("new", _checkpoint(4))
    assert (store.steps("old"), store.steps("new")) == ((2, 3, 4), (2, 3, 4))
    store.keep("third", _checkpoint(1, size=400))
    assert (store.steps("old"), store.steps("new"), store.steps("third")) == ((), (2, 4), (1,))


def test_a_checkpoint_larger_than_the_budget_is_not_kept() -> None:
    store = CheckpointStore(50)
    store.keep("take", _checkpoint(3))
    assert (store.nbytes, store.steps("take")) == (0, ())
    assert store.newest("take", 9) is None


def test_the_start_is_not_kept_and_a_step_run_again_replaces_what_came_after() -> None:
    store = CheckpointStore()
    for step in (0, 1, 2, 3):
        store.keep("take", _checkpoint(step))
    assert store.steps("take") == (1, 2, 3)
    store.keep("take", _checkpoint(2, size=200))
    assert (store.steps("take"), store.nbytes) == ((1, 2), 300)
    store.keep("other", _checkpoint(1))
    store.drop_others("other")
    assert (store.nbytes, store.steps("take")) == (100, ())


def test_forgetting_a_take_frees_its_checkpoints(model: EmbeddedModel) -> None:
    store = CheckpointStore()
    one, two = _run(_take(model, store)), _run(_take(model, store), 4)
    two_alone = sum(store.newest(two, step).nbytes for step in (1, 2, 3))
    one.forget()
    assert (store.steps(one), store.nbytes) == ((), two_alone)


_CORRUPT: list[Callable[[Checkpoint], Checkpoint]] = [
    lambda kept: replace(kept, latents=kept.latents[:, :, :2]),
    lambda kept: replace(kept, latents=kept.latents.double()),
]


@pytest.mark.parametrize("corrupt", _CORRUPT)
def test_a_checkpoint_of_the_wrong_shape_is_refused_and_the_take_starts_over(
    model: EmbeddedModel, corrupt: Callable[[Checkpoint], Checkpoint]
) -> None:
    take = _take(model, store := CheckpointStore())
    take.follow(EDITED)
    _run(take)
    kept = store.newest(take, 3)
    assert kept is not None
    before = take.digest()
    with pytest.raises(CheckpointInvalid, match="step 3") as caught:
        take._loop.restore(corrupt(kept))
    assert caught.value.step == 3
    assert (take.position, take.digest()) == (STEPS, before)
    store.drop(take, 3)
    store.keep(take, corrupt(kept))
    assert take.follow(BASE) == 0
    assert store.steps(take) == ()
    fresh = _take(model)
    fresh.follow(BASE)
    assert _run(take).digest() == _run(fresh).digest()
