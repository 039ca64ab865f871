"""Does the model do what it is told where? ``python -m framejam_server.render.steered``.

The measures of the pipeline's training (``framejam_pipeline.training.measure_*``) of instructions
that act in places, on the model that ships as it is served. Prints one line of JSON, {measure:
{score: number}}.
"""

from __future__ import annotations

import json
import os
from typing import Any, Final

import torch

from framejam_pipeline.training.measure_camera import camera_scores
from framejam_pipeline.training.measure_harmonize import harmonize_scores
from framejam_pipeline.training.measure_lock import lock_scores
from framejam_pipeline.training.measure_regions import region_scores
from framejam_pipeline.training.measure_trajectory import trajectory_scores
from framejam_pipeline.training.probe import load_probe
from framejam_pipeline.training.world import World
from framejam_server.render.recompute import default_settings, load

CASES: Final = 8
REGIONS: Final = 24
STROKES: Final = 12
SHARES: Final = {"pasted": 0, "through_p_img": 40}
"""The share of P_img's noise that a stroke is drawn anew from, in hundredths."""


def measured(cases: int = CASES, strokes: int = STROKES, regions: int = REGIONS) -> dict[str, Any]:
    """All scores, of so many cases each."""
    device = torch.device("cpu")
    settings, model, world = default_settings(), load(None, 1), World(device)
    probe = load_probe(device)
    drawn = harmonize_scores(model, settings, strokes, shares=tuple(SHARES.values()))
    return {
        "trajectory": trajectory_scores(model, world, settings, cases),
        "trajectories": trajectory_scores(model, world, settings, cases, objects=2),
        "camera": camera_scores(model, world, settings, cases),
        "lock": lock_scores(model, world, settings, cases),
        "region_instead": region_scores(model, probe, settings, regions, "instead"),
        "region_beside": region_scores(model, probe, settings, regions, "beside"),
        "strokes": {name: drawn[share] for name, share in SHARES.items()},
    }


def main() -> None:
    """Measure, and answer."""
    # Libraries print; the answer alone belongs to standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    json.dump(measured(), answers)
    answers.flush()


if __name__ == "__main__":
    main()
