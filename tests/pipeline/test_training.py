"""The training runs from nothing to a folder that loads, and the shipped weights keep their gates.

Twenty steps train nothing worth seeing; what is tested is that the command works as the model
card says it was used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from framejam_pipeline.models.embedded import SHIPPED, EmbeddedModel
from framejam_pipeline.training.metrics import measure
from framejam_pipeline.training.parts import load_parts
from framejam_pipeline.training.probe import load_probe
from framejam_pipeline.training.world import World

pytestmark = pytest.mark.slow


def test_a_run_from_nothing_ends_in_a_model_that_loads(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "framejam_pipeline.training",
        "--steps",
        "20",
        "--quick",
        "--from-scratch",
        "--device",
        "cpu",
        "--run",
        str(tmp_path),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
    model = EmbeddedModel.load(tmp_path / "model")
    assert model.spec.frames == 16
    assert json.loads((tmp_path / "metrics.json").read_text())["gates"]
    for sheet in ("samples.png", "clips.png", "loss-unet.png"):
        assert (tmp_path / sheet).stat().st_size > 1000


def test_the_shipped_weights_score_as_the_model_card_says() -> None:
    """Fewer samples than the card's, so with room: three standard errors of a share, and more."""
    torch.set_num_threads(1)
    card = json.loads((SHIPPED / "metrics.json").read_text())
    scores = measure(
        load_parts(SHIPPED),
        World(torch.device("cpu")),
        load_probe(torch.device("cpu")),
        seed=5,
        count=32,
    )
    for kind in ("subject", "colour", "background"):
        claimed = card["text_to_image"][kind]
        assert scores["text_to_image"][kind] >= claimed - 0.15, kind
    paint = scores["paint"]["condition"]
    assert paint["colour_error"] <= card["paint"]["condition"]["colour_error"] + 0.08
    assert paint["inside_to_outside"] >= 10
