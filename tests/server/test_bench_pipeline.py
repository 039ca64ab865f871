"""Suite ``pipeline`` measures what it says. No test looks at a time: machines differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from framejam_protocol.instructions import TakeInstruction
from framejam_server.bench import gpu as gpu_bench
from framejam_server.bench import pace, response
from framejam_server.bench.command import SUITES
from framejam_server.bench.gpu import gpu, metrics
from framejam_server.bench.pace import INSTRUCTIONS, thousand
from framejam_server.bench.run import _SUITES
from framejam_server.render.measured import Measured

pytestmark = pytest.mark.slow


def test_the_suite_is_one_that_can_be_asked_for():
    assert "pipeline" in SUITES
    assert set(_SUITES) == set(SUITES)


def test_a_thousand_instructions_are_a_thousand_and_of_every_kind_that_acts_in_places():
    pairs = thousand()
    assert len(pairs) == INSTRUCTIONS == 1000
    kinds = {pair.instruction.__struct_config__.tag for pair in pairs.values()}
    every = {one.__struct_config__.tag for one in TakeInstruction.__args__}
    assert kinds == every - {"image", "lock", "negative", "settings"}
    assert {pair.step for pair in pairs.values()} == {0}


async def test_the_pace_is_measured_with_one_and_with_all_watchers(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FRAMEJAM_MODEL", str(tiny_model))
    monkeypatch.setattr(pace, "CROWD", 4)
    monkeypatch.setattr(pace, "ROUNDS", 1)
    monkeypatch.setattr(pace, "PAIRS", 1)
    monkeypatch.setattr(pace, "INSTRUCTIONS", 60)
    found = await pace.pace()
    assert set(found) == {"loop_efficiency_1", "loop_efficiency_4", "step_cost_ratio_60"}
    assert all(metric.value > 0 for metric in found.values())


async def test_a_prompt_shows_and_a_new_session_is_admitted(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FRAMEJAM_MODEL", str(tiny_model))
    monkeypatch.setattr(response, "STEPS", 200)
    monkeypatch.setattr(response, "CHANGES", 2)
    monkeypatch.setattr(response, "NEW_SESSIONS", 2)
    found = await response.response()
    change, admission = found["prompt_change_ms"], found["admission_steps"]
    assert change.baseline is not None
    assert change.value > 0
    assert admission.low >= 0


async def test_without_a_gpu_its_figures_are_left_out_and_it_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert await gpu() == {}
    said = capsys.readouterr().err
    for name in gpu_bench.NAMES:
        assert f"pipeline.{name}" in said
    assert "no GPU" in said


def test_with_one_a_step_stands_beside_its_forward_and_an_edit_beside_a_step():
    found = metrics(Measured("a GPU", [60.0, 62.0, 61.0], [55.0, 56.0, 57.0], [70.0, 75.0]))
    step, edit = (found[name] for name in gpu_bench.NAMES)
    assert (step.value, step.low, step.high, step.baseline) == (61.0, 60.0, 62.0, 56.0)
    assert (edit.value, edit.baseline) == (72.5, 61.0)
    assert "a GPU" in step.note
    assert "50.5" in step.note
