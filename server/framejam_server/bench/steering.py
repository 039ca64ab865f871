"""Suite ``steering``: does the model do what it is told? Measured on final decoded frames, in
processes of their own: words, strokes and drags by the probe that judged its training
(``framejam_pipeline.training``), and what acts in places by finding it again (``render.steered``).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from framejam_server.bench.result import Metric

_TRAINING: Final = "framejam_pipeline.training"
_STEERED: Final = "framejam_server.render.steered"

_METRICS: Final[Mapping[str, tuple[str, str, str]]] = {
    "subject_accuracy": ("text_to_image.subject", "", "at least 0.92"),
    "colour_accuracy": ("text_to_image.colour", "", "at least 0.95"),
    "background_accuracy": ("text_to_image.background", "", "at least 0.99"),
    "heldout_accuracy": ("held_out.subject", "", "combinations that training never showed"),
    "motion_accuracy": ("motion.direction", "", "direction from words alone; at least 0.85"),
    "stroke_colour_error": ("paint.condition.colour_error", "", "0 to 1; at most 0.15"),
    "stroke_inside_outside": ("paint.condition.inside_to_outside", "", "change; at least 20"),
    "stroke_seam": ("paint.condition.seam", "", "border jump over mean gradient"),
    "photo_psnr": (
        "photographs.first_frame_psnr_db",
        "dB",
        "first frame of a clip against the reference photograph; at least 24",
    ),
    "drag_error_px": ("served_drag.error_px", "px", "at most 2.5"),
    "step_ms": ("cost.step_ms", "ms", "16 frames, one thread; at most 250"),
    "load_s": ("cost.load_s", "s", "at most 2"),
}
"""Name -> where the score is in the training's report, its unit, what it is or should be."""


_RUNS: Final = ("late", "unedited", "restart")

_PLACES: Final[Mapping[str, tuple[str, str, str]]] = {
    "trajectory_error_px": (
        "trajectory.error_px",
        "px",
        "of an object from its path, mean of the frames",
    ),
    "trajectory_elsewhere": (
        "trajectory.elsewhere",
        "",
        "change where no object is or was, 0 to 1",
    ),
    "objects_error_px": ("trajectories.error_px", "px", "two objects on paths of their own"),
    "objects_elsewhere": ("trajectories.elsewhere", "", "the same two: change elsewhere, 0 to 1"),
    "camera_error_px": (
        "camera.error_px",
        "px",
        "of the middle of the view from where it should be",
    ),
    "camera_zoom_error": ("camera.zoom", "", "of its magnification, as a share"),
}
"""Name -> the scores of late edits, unedited takes and restarts, their unit, what they are."""


class SteeringFailed(RuntimeError):
    """The measuring process ended with an error; its last words."""


async def steering() -> dict[str, Metric]:
    """Measure the shipped weights: some minutes on one core. Raises ``SteeringFailed``."""
    scores = json.loads(await _run(_TRAINING, "--measure"))
    found = {
        name: _metric(_at(scores, where), unit, note)
        for name, (where, unit, note) in _METRICS.items()
    }
    served = scores["served_drag"]
    found["drag_l1_over_raw_warp"] = _metric(
        served["l1_last_frame"] / served["l1_last_frame_of_raw_warp"],
        "",
        "distance of a dragged frame to the truth, over that of a raw pixel warp; below 1",
    )
    return found | places(json.loads(await _run(_STEERED)))


def places(scores: Mapping[str, Any]) -> dict[str, Metric]:
    """What acts in places, each beside the unedited take and a restart with the same edits."""
    found = {}
    for name, (where, unit, what) in _PLACES.items():
        late, unedited, restart = (_at(scores, f"{where}_{run}") for run in _RUNS)
        found[name] = _metric(
            late,
            unit,
            f"{what}; an edit of a finished take; a restart with it: {restart:g}",
            unedited,
        )
    for kind, what in (("instead", "in place of another"), ("beside", "beside another")):
        region = scores[f"region_{kind}"]
        for score in ("subject", "colour"):
            found[f"region_{kind}_{score}"] = _metric(
                region[score], "", f"the {score} a region asks for, {what}; intermediate images"
            )
        found[f"region_{kind}_outside_bytes"] = _metric(
            region["outside"], "", "mean change outside of a region, of 255; target: 0"
        )
    lock, strokes = scores["lock"], scores["strokes"]
    found["lock_leakage"] = _metric(
        max(lock["latents_late"], lock["latents_restart"]),
        "",
        "greatest change of a pinned latent when another prompt comes, or the take starts over "
        "with it; beside it without the lock; target: 0",
        lock["latents_unlocked"],
    )
    found["lock_inside_bytes"] = _metric(
        lock["inside_late"],
        "",
        "mean change of a decoded channel inside a lock, of 255; beside it without the lock",
        lock["inside_unlocked"],
    )
    for name, what in (
        ("seam", "border jump over mean gradient of the intermediate image"),
        ("surprise", "error of P_img's own estimate around the stroke: low looks natural"),
        ("colour_error", "of the intermediate image, 0 to 1"),
    ):
        found[f"p_img_stroke_{name}"] = _metric(
            strokes["through_p_img"][name],
            "",
            f"strokes through P_img (harmonize 0.4): {what}; beside it pasted as they are",
            strokes["pasted"][name],
        )
    return found


async def draw_sheets(folder: Path) -> None:
    """Draw contact sheets of prompts, strokes, drags, motions and photographs into ``folder``.

    Raises ``SteeringFailed``.
    """
    await _run(f"{_TRAINING}.contact_sheets", str(folder))


async def _run(*module: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *module,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    if process.returncode:
        raise SteeringFailed(" / ".join(errors.decode(errors="replace").splitlines()[-3:]))
    return out


def _at(scores: Mapping[str, Any], where: str) -> float:
    value: Any = scores
    for key in where.split("."):
        value = value[key]
    return float(value)


def _metric(value: float, unit: str, note: str, baseline: float | None = None) -> Metric:
    rounded = round(value, 3)
    beside = None if baseline is None else round(baseline, 3)
    return Metric(rounded, unit, rounded, rounded, beside, note)
