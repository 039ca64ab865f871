"""T4: every kind of instruction under every scheduler: any route to a mapping is as if direct."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from tiny import picture, settings

from framejam_pipeline.checkpoint import CheckpointStore
from framejam_pipeline.entries import Entry
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.models.schedulers import NAMES
from framejam_pipeline.take import Reference, Take
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Content,
    Drag,
    Erase,
    Image,
    Lock,
    Motion,
    Negative,
    Paint,
    Region,
    Trajectory,
)

STEPS = 5
UNIT = 65536
CORNER = ((5000, 5000), (30000, 6000), (28000, 30000))
MIDDLE = ((24000, 24000), (44000, 24000), (44000, 44000), (24000, 44000))
RED = Paint(((9000, 9000), (40000, 30000)), "#ff0000", 9000)
RIGHT = Drag((30000, 30000), (50000, 30000), 14000)
ALONG = Trajectory(((20000, 20000), (50000, 20000), (50000, 50000)), 12000)
PAN = Camera(pan=UNIT // 5)
HERE = Lock(MIDDLE)

KINDS: dict[str, list[Any]] = {
    "content": [Content("a red fish"), Content("")],
    "motion": [Motion("left"), Motion("still")],
    "negative": [Negative("big"), Negative("sea")],
    "image": [Image("00000001" * 8), Image(None)],
    "paint": [RED, Paint(RED.points, "#00ff00", 15000, 30000, (1, 2), "color")],
    "erase": [Erase(((30000, 9000), (9000, 40000)), 9000), Erase(RED.points, 9000, (2, 9))],
    "region": [Region(CORNER, "a fish"), Region(MIDDLE, "red", UNIT // 2, (0, 1))],
    "drag": [RIGHT, Drag((9000, 9000), (20000, 9000), 9000, UNIT // 2, (1, 3))],
    "trajectory": [ALONG, Trajectory(((40000, 40000), (9000, 40000)), 9000, frames=(0, 2))],
    "camera": [PAN, Camera(tilt=-9000, zoom=90000, strength=UNIT // 2, frames=(1, 3))],
    "settings": [Adjust(guidance=250), Adjust(mix=40), Adjust(align=30), Adjust(harmonize=50)],
}
ORDINARY = [one for several in KINDS.values() for one in several]
LOCKS = [HERE, Lock(CORNER), Lock(MIDDLE, (1, 2))]


def _mappings(first: int, last: int, some: list[Any]) -> st.SearchStrategy[dict[int, Entry]]:
    entries = st.builds(Entry, st.integers(0, STEPS - 1), st.sampled_from(some))
    return st.dictionaries(st.integers(first, last), entries, max_size=5)


@st.composite
def _other_words(draw: st.DrawFn, mapping: dict[int, Entry]) -> dict[int, Entry]:
    """The same edits at the same steps, but one says something else: so prompts do after undos."""
    seqs = [seq for seq, entry in mapping.items() if not isinstance(entry.instruction, Lock)]
    if not seqs:
        return mapping
    seq = draw(st.sampled_from(sorted(seqs)))
    kinds = [kind for kind in KINDS.values() if mapping[seq].instruction in kind]
    again = replace(mapping[seq], instruction=draw(st.sampled_from(kinds[0])))
    return {**mapping, seq: again}


@st.composite
def _routes(draw: st.DrawFn) -> tuple[list[tuple[dict[int, Entry], int]], dict[int, Reference]]:
    """Mappings, how many steps each of them runs, and what their locks hold.

    Edits 1 to 9 are there before any lock; 10 is a lock, 11 one that may hold it, too; 12 to 20
    come later.
    """
    seeds = st.sampled_from([11, 12])
    entering = st.integers(0, STEPS - 1)
    locks = {seq: Entry(draw(entering), draw(st.sampled_from(LOCKS))) for seq in (10, 11)}
    before = draw(_mappings(1, 9, ORDINARY))
    within = {10: locks[10]} if draw(st.booleans()) else {}
    held = {
        10: Reference(settings(steps=STEPS, seed=draw(seeds)), before),
        11: Reference(settings(steps=STEPS, seed=draw(seeds)), {**before, **within}),
    }
    route = []
    for _ in range(draw(st.integers(1, 4))):
        if route and draw(st.booleans()):
            mapping = draw(_other_words(route[-1][0]))
        else:
            mapping = draw(_mappings(1, 9, ORDINARY)) | draw(_mappings(12, 20, ORDINARY))
            mapping |= {seq: lock for seq, lock in locks.items() if draw(st.booleans())}
        for seq in draw(st.sets(st.sampled_from(sorted(mapping) or [1]), max_size=1)):
            if seq in mapping and not isinstance(mapping[seq].instruction, Lock):
                again = draw(st.sampled_from(ORDINARY))
                if type(again) is type(mapping[seq].instruction):
                    mapping[30] = Entry(draw(entering), again, of=seq)
        route.append((mapping, draw(st.integers(0, STEPS))))
    return route, held


def _finished(take: Take) -> torch.Tensor:
    while not take.done:
        take.step()
    return take.latents()


@pytest.mark.parametrize("name", NAMES)
@budget(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(given_route=_routes(), kept=st.sampled_from([0, 60_000, 2**30]))
def test_T4_any_route_is_as_if_the_last_mapping_had_always_been(
    model: EmbeddedModel, name: str, given_route: Any, kept: int
) -> None:
    route, held = given_route
    size = settings(steps=STEPS, guidance=150, scheduler=name)
    take = Take(model, size, picture, CheckpointStore(kept))
    for mapping, steps in route:
        take.follow(mapping, held)
        for _ in range(min(steps, STEPS - take.position)):
            take.step()
    fresh = Take(model, size, picture)
    fresh.follow(route[-1][0], held)
    assert torch.equal(_finished(take), _finished(fresh))


HELD = {10: Reference(settings(steps=STEPS), {1: Entry(0, Content("a fish"))})}
BEFORE = {
    1: Entry(0, Content("a boat")),
    2: Entry(0, RED),
    3: Entry(1, RIGHT),
    4: Entry(0, Motion("up")),
}


@pytest.mark.parametrize("kind", [*KINDS, "lock"])
def test_T4_after_the_undo_of_any_kind_the_take_is_as_if_it_never_was(
    model: EmbeddedModel, kind: str
) -> None:
    """Each of them changes the take, from the step it enters at, and leaves nothing behind."""
    for one in KINDS.get(kind, LOCKS):
        if one == Image(None):
            continue
        size = settings(steps=STEPS, guidance=150)
        never, ever = Take(model, size, picture), Take(model, size, picture)
        never.follow(BEFORE)
        ever.follow({**BEFORE, 10: Entry(2, one)}, HELD)
        without, with_it = _finished(never), _finished(ever)
        assert not torch.equal(without, with_it), one
        assert ever.follow(BEFORE) == 2
        assert torch.equal(_finished(ever), without), one
        assert never.follow({**BEFORE, 10: Entry(2, one)}, HELD) == 2
        assert torch.equal(_finished(never), with_it), one


@pytest.mark.parametrize("kind", ["content", "negative", "paint", "trajectory", "camera"])
def test_T4_an_edit_that_says_something_else_at_its_step_is_another_take(
    model: EmbeddedModel, kind: str
) -> None:
    """So prompts do: after an undo, what is left reads otherwise from the same step on."""
    size = settings(steps=STEPS, guidance=150)
    one, other = ({**BEFORE, 10: Entry(2, said)} for said in KINDS[kind])
    take, fresh = Take(model, size, picture), Take(model, size, picture)
    take.follow(one)
    before = _finished(take)
    assert take.follow(other) == 2
    fresh.follow(other)
    assert torch.equal(_finished(take), _finished(fresh))
    assert not torch.equal(take.latents(), before)
