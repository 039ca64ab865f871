"""The model card, written from the measured numbers so that the two cannot disagree."""

from __future__ import annotations

import textwrap
from typing import Any, Final

from framejam_pipeline.training.vocabulary import BACKGROUND_NAMES, COLOURS, MOTIONS, SUBJECTS

_HEAD = """# framejam-embedded

A tiny text-to-image and image-to-video latent diffusion model, trained from nothing by the
scripts in `framejam_pipeline/training`. It exists so that the whole product runs for real on a
machine without a GPU and without a network. It is no stand-in for Stable Diffusion: it knows
one procedural world of 64x64 pixel frames and nothing else.

## What it can do

- draw one subject: {subjects};
- in one colour, or its own: {colours};
- before one background: {backgrounds};
- small, medium or big; on the left, on the right, at the top, at the bottom or in the centre;
- make a 16-frame clip of an image, in which the subject moves as the words say:
  {motions};
- keep painted strokes, and mend frames whose pixels were moved beforehand;
- keep a photograph that is given as the image condition, as far as the autoencoder can.

Say it in the words of its captions: "a big red butterfly over a meadow on the left moving to
the right". `model_index.json` lists the vocabulary, the default steps and guidance, and what
goes into each input channel.

## What it cannot do

Any other subject, word, size or length. Several subjects at once. Photographs as such: it has
seen crops of nine pictures as image conditions, so a photograph used as a reference stays
recognisable while nothing is asked to move, but its fine detail is lost in the autoencoder
(factor 4, 4 channels, 64 px), and words cannot move what it shows. Words that the model does not
know are read as bytes and mean nothing to it.

Moving subjects lose sharpness and small parts (a butterfly's antennae, a balloon's string) along
the clip, big ones most of all. Motion scores are measured from drawn first frames, not from the
model's own. A stroke that only a residual holds, without the image condition showing it, loses
colour once it is let go: compare `late residual` with `condition` below.

A drag is measured as it is served: each frame has its own pixel-warped condition, affinity 1, and
a residual towards it on the object and on the hole for 80 % of the steps.
{drag}
"""

_PARTS = """
## Parts

AutoencoderTiny (factor 4, 4 channels), a two-layer CLIP text model with its own byte-level BPE,
a nine-channel UNet (noise, affinity, image condition, as in PIA) with v-prediction and zero
terminal SNR, a motion adapter, and a linear preview map. All weights are fp16 safetensors but
the preview map. They load from this folder alone.

## Data and licences

Every training picture was drawn by `framejam_pipeline/training/world.py`, some of them over
crops of photographs. The subjects are Fluent Emoji (flat) by Microsoft, MIT licence; the
photographs are public domain, CC0 or CC BY 2.0. The notices are in the project's
`LICENSES/fluent-emoji-MIT.txt` and `LICENSES/photographs.md`. The weights are under the
project's own licence.
"""


_GROUPS: Final = (
    "truth",
    "text_to_image",
    "held_out",
    "motion",
    "drag",
    "served_drag",
    "photographs",
    "cost",
)


def model_card(metrics: dict[str, Any]) -> str:
    """README of the shipped folder."""
    head = _HEAD.format(
        subjects=", ".join(SUBJECTS),
        colours=", ".join(COLOURS),
        backgrounds=", ".join(BACKGROUND_NAMES),
        motions=", ".join(MOTIONS),
        drag=textwrap.fill(_drag(metrics.get("served_drag", {})), 98, break_on_hyphens=False),
    )
    return head + _gates(metrics.get("gates", {})) + _scores(metrics) + _PARTS + _training(metrics)


def _drag(scores: dict[str, Any]) -> str:
    if not scores:
        return ""
    model, warp = scores["l1_last_frame"], scores["l1_last_frame_of_raw_warp"]
    distances = (
        f"In the last frame, where the drag is 12 px long, the L1 distance to the truth is "
        f"{model:g}, that of the raw warp {warp:g} and that of the autoencoder alone "
        f"{scores['l1_last_frame_of_autoencoder']:g}; over all frames {scores['l1']:g}, "
        f"{scores['l1_of_raw_warp']:g} and {scores['l1_of_autoencoder']:g}. "
    )
    if model <= warp:
        return distances + "So the model adds something to a long drag; a short one the warp does."
    return distances + "So the warp does the moving, and the model only tidies up."


def _gates(gates: dict[str, Any]) -> str:
    if not gates:
        return "\n## Scores\n\nThis is a snapshot of an unfinished training; it was not measured.\n"
    rows = [
        f"| {name} | {gate['gate']} | {gate['score']:g} | {'yes' if gate['met'] else '**no**'} |"
        for name, gate in gates.items()
    ]
    lines = [
        "\n## Gates\n",
        "Measured on final decoded frames by a probe that was trained on ground truth alone.",
        "Strokes: painted into the image condition. Drag: as it is served; L1 of the last frame.",
        "Photograph: reference image in, no motion words; twelve crops of three pictures that no",
        "training saw, the autoencoder alone beside it below.\n",
        "| | gate | reached | met |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def _scores(metrics: dict[str, Any]) -> str:
    """All scores, group by group, as they stand in ``metrics.json``."""
    lines = []
    for group in _GROUPS:
        if group in metrics:
            lines.append(f"- {group.replace('_', ' ')}: {_list(metrics[group])}")
    for way, scores in metrics.get("paint", {}).items():
        lines.append(f"- paint, {way.replace('_', ' ')}: {_list(scores)}")
    if not lines:
        return ""
    return (
        "\n## All scores\n\nShares from 0 to 1, distances in pixels, colours and L1 in RGB from 0 "
        "to 1. `truth` is the probe on\ndrawn frames (`raw`) and on the same frames through the "
        "autoencoder: the ceiling. `held out`\nare combinations of subject, colour and background "
        "that no training target showed. `drag` is one\nframe without a residual; `held` under "
        "`served drag` holds both to the last step.\n\n" + "\n".join(lines) + "\n"
    )


def _list(scores: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in scores.items())


def _training(metrics: dict[str, Any]) -> str:
    record = metrics.get("training")
    if not record:
        return ""
    stages = ", ".join(
        f"{name} {stage['steps']} steps in {stage['seconds'] / 60:.0f} min"
        for name, stage in record["stages"].items()
    )
    text = (
        f"`{record['command']}`, seed {record['seed']}, size {record['size']}, on "
        f"{record['device']}: {stages}. {record.get('remarks', '')}"
    )
    return "\n## Training\n\n" + textwrap.fill(text, 98, break_on_hyphens=False) + "\n"
