"""T4, T2: revisions, erasures, ranges and guidance: undone they never were; all is recomputed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from tiny import picture, settings

from framejam_pipeline.entries import Entry, fold_at
from framejam_pipeline.models.embedded import SHIPPED, EmbeddedModel
from framejam_pipeline.take import Take
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Content,
    Drag,
    Erase,
    Lock,
    Paint,
    Region,
    Settings,
    Trajectory,
)

RED = Paint(points=((9000, 9000), (40000, 30000)), color="#ff0000", width=9000)
RIGHT = Drag(start=(30000, 30000), end=(50000, 30000), radius=14000)
ALONG = Trajectory(path=((20000, 20000), (50000, 20000), (50000, 50000)), radius=12000)
PAN = Camera(pan=13000, strength=40000)
BEFORE = {
    1: Entry(0, Content("a red fish")),
    2: Entry(1, RED),
    3: Entry(0, RIGHT),
    4: Entry(0, ALONG),
    5: Entry(1, PAN),
}
LATER: dict[str, Entry] = {
    "another colour": Entry(3, msgspec.structs.replace(RED, color="#00ff00"), of=2),
    "another strength": Entry(3, msgspec.structs.replace(RED, strength=9000), of=2),
    "some frames": Entry(3, msgspec.structs.replace(RED, frames=(1, 2)), of=2),
    "another way": Entry(3, msgspec.structs.replace(RIGHT, end=(9000, 9000)), of=3),
    "part of the way": Entry(3, msgspec.structs.replace(RIGHT, frames=(0, 2)), of=3),
    "an erasure": Entry(3, Erase(points=((30000, 9000), (9000, 40000)), width=9000)),
    "an erasure in some frames": Entry(3, Erase(points=RED.points, width=9000, frames=(2, 3))),
    "a stroke in some frames": Entry(3, Paint(RED.points, "#0000ff", 15000, frames=(2, 3))),
    "a drag in some frames": Entry(3, Drag((9000, 9000), (20000, 9000), 9000, frames=(1, 3))),
    "another path": Entry(3, msgspec.structs.replace(ALONG, path=((20000, 20000), (9, 9))), of=4),
    "another view": Entry(3, msgspec.structs.replace(PAN, zoom=131072), of=5),
    "a trajectory in some frames": Entry(3, Trajectory(ALONG.path, 9000, frames=(1, 2))),
    "a camera in some frames": Entry(3, Camera(tilt=9000, frames=(0, 2))),
    "a region": Entry(3, Region(((9000, 9000), (50000, 9000), (9000, 50000)), "a fish")),
    "guidance": Entry(3, Adjust(guidance=300)),
    "guidance of one": Entry(3, Adjust(guidance=100)),
}


def _run(take: Take) -> str:
    while not take.done:
        take.step()
    return take.digest()


def _fresh(model: EmbeddedModel, size: Settings, mapping: Mapping[int, Entry]) -> str:
    take = Take(model, size, picture)
    take.follow(mapping)
    return _run(take)


def _there_and_back(model: EmbeddedModel, size: Settings, later: Entry) -> None:
    never, ever = _fresh(model, size, BEFORE), _fresh(model, size, {**BEFORE, 9: later})
    assert ever != never
    take = Take(model, size, picture)
    take.follow(BEFORE)
    _run(take)
    take.follow({**BEFORE, 9: later})
    assert take.position == 3
    assert _run(take) == ever  # it came late and is as if it had entered there
    take.follow(BEFORE)
    assert take.position == 3
    assert _run(take) == never
    take.follow({**BEFORE, 9: later})
    assert _run(take) == ever


@pytest.mark.parametrize("name", LATER)
def test_T4_after_the_undo_the_take_is_as_if_it_never_was(model: EmbeddedModel, name: str) -> None:
    _there_and_back(model, settings(guidance=200), LATER[name])


@pytest.mark.slow
@pytest.mark.skipif(not (SHIPPED / "model_index.json").exists(), reason="no weights here")
def test_T4_so_it_is_with_the_shipped_model() -> None:
    shipped = EmbeddedModel.load()
    size = settings(width=64, height=64, frames=8, steps=4, guidance=250)
    for name in ("some frames", "part of the way", "an erasure", "guidance"):
        _there_and_back(shipped, size, LATER[name])


def test_T2_a_new_process_recomputes_all_of_it(model: EmbeddedModel, folder: Path) -> None:
    size = settings(guidance=200)
    mapping = {**BEFORE, **{10 + seq: entry for seq, entry in enumerate(LATER.values())}}
    mapping[50] = Entry(2, Lock(((9000, 9000), (40000, 9000), (40000, 30000))))
    held = {50: (settings(guidance=200, seed=12), BEFORE)}

    def record(mapping: Mapping[int, Entry]) -> dict[int, tuple[object, ...]]:
        return {seq: (one.step, one.instruction, one.of) for seq, one in mapping.items()}

    locks = {seq: (then, record(before)) for seq, (then, before) in held.items()}
    answer = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("recompute.py")), str(folder)],
        input=msgspec.json.encode((size, record(mapping), locks)),
        capture_output=True,
        check=True,
    )
    take = Take(model, size, picture)
    take.follow(mapping, held)
    digest = _run(take)
    assert answer.stdout.decode().split() == [model.hash, digest]
    assert digest != _fresh(model, size, {seq: mapping[seq] for seq in mapping if seq != 50})


def test_T8_guidance_given_as_an_edit_at_step_0_is_that_of_the_settings(
    model: EmbeddedModel,
) -> None:
    for usual, given in ((100, 250), (250, 100), (300, 50)):
        edited = _fresh(model, settings(guidance=usual), {1: Entry(0, Adjust(guidance=given))})
        assert edited == _fresh(model, settings(guidance=given), {})
        assert edited != _fresh(model, settings(guidance=usual), {})


def test_T8_guidance_holds_from_its_entry_step_on(model: EmbeddedModel) -> None:
    plain, guided = (Take(model, settings(), picture) for _ in range(2))
    guided.follow({1: Entry(2, Adjust(guidance=300)), 2: Entry(4, Adjust(guidance=100))})
    factors = []
    while not plain.done:
        assert (plain.digest() == guided.digest()) == (plain.position <= 2)
        plain.step()
        guided.step()
        ran = guided.position - 1
        factors.append(guided._compiler.compile(fold_at(guided._mapping, ran), ran).guidance)
    assert factors == [1.0, 1.0, 3.0, 3.0, 1.0, 1.0]


def test_T8_the_texts_of_a_step_are_encoded_for_its_guidance(model: EmbeddedModel) -> None:
    take = Take(model, settings(guidance=100), picture)
    take.follow({1: Entry(0, Content("fish")), 2: Entry(1, Adjust(guidance=101))})
    take.step()
    shapes = []
    for step in (0, 1):
        inputs = take._compiler.compile(fold_at(take._mapping, step), step)
        shapes.append(inputs.conditions.text.shape[0])
    assert shapes == [1, 2]
