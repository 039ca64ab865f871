"""The shipped weights still do what their card says: fixed seeds, few samples, honest margins.

``framejam bench steering`` measures with ten times as many; these bounds lie below its figures by
about two standard deviations of so few samples.
"""

from __future__ import annotations

import pytest
import torch

from framejam_pipeline.training.measure_drag import served_drag_scores
from framejam_pipeline.training.measure_motion import motion_scores
from framejam_pipeline.training.measure_paint import paint_scores
from framejam_pipeline.training.measure_photographs import photograph_scores
from framejam_pipeline.training.metrics import text_scores
from framejam_pipeline.training.parts import Parts, load_parts
from framejam_pipeline.training.probe import Probe, load_probe
from framejam_pipeline.training.run import SHIPPED
from framejam_pipeline.training.world import World

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def parts() -> Parts:
    torch.set_num_threads(1)
    return load_parts(SHIPPED)


@pytest.fixture(scope="module")
def probe() -> Probe:
    return load_probe(CPU)


@pytest.fixture(scope="module")
def world() -> World:
    return World(CPU)


def seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


@pytest.mark.parametrize("held_out", [False, True])
def test_prompts_are_obeyed(parts: Parts, world: World, probe: Probe, held_out: bool) -> None:
    scores = text_scores(parts, world, probe, seeded(11), 48, held_out=held_out)
    assert scores["subject"] >= 0.85
    assert scores["colour"] >= 0.85
    assert scores["background"] >= 0.95


def test_words_move_the_subject(parts: Parts, world: World, probe: Probe) -> None:
    assert motion_scores(parts, world, probe, seeded(12), 7)["direction"] >= 6 / 7 - 1e-3


def test_strokes_stay(parts: Parts, world: World) -> None:
    scores = paint_scores(parts, world, seeded(13), 16)["condition"]
    assert scores["colour_error"] <= 0.15
    assert scores["inside_to_outside"] >= 20


def test_drags_arrive(parts: Parts, world: World, probe: Probe) -> None:
    scores = served_drag_scores(parts, world, probe, seeded(14), 4)
    assert scores["error_px"] <= scores["error_px_of_truth"] + 1.0


def test_photographs_are_kept(parts: Parts) -> None:
    assert photograph_scores(parts, 4)["first_frame_psnr_db"] >= 22
