"""T11: what locks cost, and where a take goes back to when they come, go and hold other things."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from locked import (
    BEFORE,
    BLUE,
    HELD,
    LOCK,
    PULL,
    RED,
    SECOND,
    STEPS,
    Counting,
    box,
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
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Reference, Take
from framejam_protocol.instructions import Content, Lock, Paint

Mapping = dict[int, Entry]
Held = dict[int, Reference]


def chain(locks: int, **changes: Any) -> tuple[Mapping, Held]:
    """Words, a lock on what they made, other words, a lock, and so on; words at the end."""
    mapping: Mapping = {}
    held: Held = {}
    for number in range(locks):
        mapping[2 * number + 1] = Entry(0, Content(f"a fish {number}"))
        held[2 * number + 2] = Reference(clip_settings(**changes), dict(mapping))
        mapping[2 * number + 2] = Entry(0, LOCK)
    mapping[2 * locks + 1] = Entry(0, Content("a boat"))
    return mapping, held


@pytest.mark.parametrize("kept", [0, 30_000, 2**30])
def test_T11_every_reference_runs_once_whatever_the_budget(model: EmbeddedModel, kept: int) -> None:
    counting: Any = Counting(model)
    mapping, held = chain(4)
    take = Take(counting, clip_settings(), picture, CheckpointStore(kept))
    take.follow(mapping, held)
    run(take)
    assert counting.runs == 5 * STEPS
    # The take starts again: without memory each reference does, once.
    take.back(0)
    run(take)
    assert counting.runs <= 10 * STEPS
    assert take.digest() == fresh(model, mapping, held).digest()


def test_T11_in_a_step_one_catch_up_runs_one_step_of_one_reference(model: EmbeddedModel) -> None:
    """Within a budget of nothing, and after a lock has come late."""
    counting: Any = Counting(model)
    mapping, held = nested()
    take = Take(counting, clip_settings(), picture, CheckpointStore(0))
    take.follow({21: mapping[21]})
    assert not take.catch_up()
    run(take, 5)
    late = {21: mapping[21], 10: Entry(5, LOCK), 20: Entry(5, SECOND)}
    assert take.follow(late, held) == 5
    total = 0
    while not take.done:
        stood = (take.position, take.digest())
        while True:
            before = counting.runs
            went = take.catch_up()
            assert counting.runs == before + went
            if not went:
                break
            total += 1
            assert (take.position, take.digest()) == stood
        before = counting.runs
        take.step()
        assert counting.runs == before + 1
    assert not take.catch_up()
    # The reference of the second lock, and that of the first, which runs along with it.
    assert total == 2 * STEPS
    plain = Take(model, clip_settings(), picture)
    plain.follow(late, held)
    assert take.digest() == run(plain).digest()


def test_T11_the_same_mapping_again_is_not_planned_again(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    plan = references._Planner.plan

    def counted(self: Any, settings: Any, mapping: Any) -> Any:
        asked.append(len(mapping))
        return plan(self, settings, mapping)

    monkeypatch.setattr(references._Planner, "plan", counted)
    mapping, held = chain(8)
    take = Take(model, clip_settings(), picture)
    take.follow(mapping, held)
    first = len(asked)
    # Its own, and each lock's: those without a lock are not asked for where words differ.
    assert first <= 2 + len(held)
    take.follow(dict(mapping), {seq: Reference(*one) for seq, one in held.items()})
    assert len(asked) == first
    take.follow({**mapping, 99: Entry(3, BLUE)}, held)
    assert len(asked) == first + 1
    # Another reference for a lock is seen, by the lock and by those that hold it.
    other = {**held, 2: Reference(clip_settings(), {1: Entry(0, Content("a cat"))})}
    take.follow(mapping, other)
    assert run(take).digest() == fresh(model, mapping, other).digest()
    assert take.digest() != fresh(model, mapping, held).digest()


def test_T11_references_do_not_push_each_other_s_inputs_out(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[None] = []
    predict = model.predict_image

    def counted(*arguments: Any, **options: Any) -> torch.Tensor:
        runs.append(None)
        return predict(*arguments, **options)

    monkeypatch.setattr(model, "predict_image", counted)
    mapping, held = chain(17, steps=3)
    take = Take(model, clip_settings(steps=3), picture)
    take.follow(mapping, held)
    take.step()
    assert len(runs) >= 18  # one picture of each one's words
    before = len(runs)
    take.step()
    take.step()
    assert len(runs) == before


def test_T11_an_edit_after_a_lock_goes_back_to_where_it_enters(model: EmbeddedModel) -> None:
    mapping = {1: Entry(0, RED), 2: Entry(0, LOCK)}
    held = {2: Reference(clip_settings(steps=8), {1: mapping[1]})}
    take = Take(model, clip_settings(steps=8), picture)
    take.follow({1: mapping[1]})
    run(take, 8)
    assert take.follow(mapping, held) == 8
    edited = {**mapping, 3: Entry(6, BLUE)}
    assert take.follow(edited, held) == 6
    assert run(take, 8).digest() == run(_following(model, edited, held, steps=8), 8).digest()
    # Locked again; then what is held twice is gone from under it, and comes back.
    again = {**edited, 4: Entry(0, SECOND)}
    both = {**held, 4: Reference(clip_settings(steps=8), edited)}
    assert take.follow(again, both) == 8
    assert take.follow({2: mapping[2], 4: again[4]}, both) == 0
    run(take, 8)
    assert take.follow(again, both) == 0
    run(take, 8)
    assert take.follow({**again, 5: Entry(7, PULL)}, both) == 7
    last = _following(model, {**again, 5: Entry(7, PULL)}, both, steps=8)
    assert run(take, 8).digest() == run(last, 8).digest()


def test_T11_a_lock_under_another_seed_differs_from_where_it_enters(model: EmbeddedModel) -> None:
    take = Take(model, clip_settings(seed=99), picture)
    take.follow(BEFORE)
    run(take)
    assert take.follow({**BEFORE, 10: Entry(2, LOCK)}, HELD) == 2
    expected = fresh(model, {**BEFORE, 10: Entry(2, LOCK)}, HELD, seed=99)
    assert run(take).digest() == expected.digest()


def test_T11_what_a_lock_shows_is_what_the_model_saw_there(model: EmbeddedModel) -> None:
    """With what a lock within the reference pastes in the very step in which that one enters."""
    wide = box(0, 1, 8, 6)
    inner = locked(3)
    held = {**HELD, 20: Reference(clip_settings(), inner)}
    outer = {**inner, 20: Entry(1, wide)}
    assert fresh(model, outer, held).digest() == fresh(model, inner, HELD).digest()
    edited = {**outer, 21: Entry(5, RED)}
    direct = Take(model, clip_settings(), picture)
    direct.follow(edited, held)
    run(direct, 5)
    plain = Take(model, clip_settings(), picture, CheckpointStore(0))
    plain.follow(inner, HELD)
    assert run(plain, 5).digest() == direct.digest()
    take = Take(model, clip_settings(), picture)
    take.follow(outer, held)
    run(take)
    assert take.follow(edited, held) == 5
    assert run(take).digest() == run(direct).digest()


def _following(model: EmbeddedModel, mapping: Mapping, held: Held, **changes: Any) -> Take:
    take = Take(model, clip_settings(**changes), picture)
    take.follow(mapping, held)
    return take


_STROKES = [RED, BLUE, PULL, Paint(((20000, 20000),), "#00ff00", 30000)]
_OUTLINES = [LOCK, SECOND, box(0, 1, 8, 6), box(2, 3, 10, 7, frames=(1, 2))]


@st.composite
def _sessions(draw: st.DrawFn) -> tuple[list[tuple[Mapping, int]], Held]:
    """What a session goes through: its mappings, the steps run under each, what locks hold.

    A lock holds what was in force when it came; edits and locks are revised, undone, redone and
    enter again at other steps.
    """
    live: Mapping = {}
    gone: Mapping = {}
    held: Held = {}
    route: list[tuple[Mapping, int]] = []
    entering = st.integers(0, STEPS - 1)
    for seq in range(1, draw(st.integers(3, 9)) + 1):
        firsts = sorted(at for at, entry in live.items() if entry.of is None)
        act = draw(st.sampled_from(["edit", "edit", "lock", "lock", "revise", "undo", "redo"]))
        if act == "edit":
            live[seq] = Entry(draw(entering), draw(st.sampled_from(_STROKES)))
        elif act == "lock":
            seed = draw(st.sampled_from([11, 11, 11, 12]))
            held[seq] = Reference(clip_settings(seed=seed), dict(live))
            live[seq] = Entry(draw(entering), draw(st.sampled_from(_OUTLINES)))
        elif act == "revise" and firsts:
            of = draw(st.sampled_from(firsts))
            kind = _OUTLINES if isinstance(live[of].instruction, Lock) else _STROKES
            live[seq] = Entry(draw(entering), draw(st.sampled_from(kind)), of=of)
        elif act == "undo" and live:
            at = draw(st.sampled_from(sorted(live)))
            gone[at] = live.pop(at)
        elif act == "redo" and gone:
            at = draw(st.sampled_from(sorted(gone)))
            live[at] = Entry(draw(entering), gone[at].instruction, gone.pop(at).of)
        route.append((dict(live), draw(st.sampled_from([0, 2, STEPS]))))
    return route, held


@budget(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(session=_sessions(), kept=st.sampled_from([0, 60_000, 2**30]), eager=st.booleans())
def test_T4_T11_whatever_a_session_locks_it_is_as_if_the_last_mapping_had_always_been(
    model: EmbeddedModel, session: tuple[list[tuple[Mapping, int]], Held], kept: int, eager: bool
) -> None:
    route, held = session
    take = Take(model, clip_settings(), picture, CheckpointStore(kept))
    for mapping, steps in route:
        take.follow(mapping, held)
        for _ in range(min(steps, STEPS - take.position)):
            if eager:
                take.catch_up()
            take.advance()
    assert run(take).digest() == fresh(model, route[-1][0], held).digest()
