"""Strokes that P_img draws again, image to image, beside strokes that are only pasted.

Measured on the shipped model as it is served: intermediate images and finished clips, for several
shares of ``Settings.harmonize``. Colours are distances in RGB, 0 to 1; the seam is the jump across
a stroke's border over the mean gradient of the picture.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import mean
from typing import Final

import msgspec
import numpy as np
import PIL.Image
import torch

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Entry, Fold
from framejam_pipeline.image import Pixels
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.noise import KeyedNoise
from framejam_pipeline.paint import Mask, coverage
from framejam_pipeline.prediction import Prediction
from framejam_pipeline.take import Take
from framejam_pipeline.training.measure_paint import seam_score
from framejam_pipeline.training.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    PLACE_PHRASES,
    SUBJECTS,
)
from framejam_protocol.geometry import to_units
from framejam_protocol.instructions import Content, Paint, Settings

SHARES: Final = (0, 10, 20, 30, 40, 50, 60, 80, 100)

_LEVEL: Final = 0.5
"""How far down P_img's schedule its surprise is measured: half of the way."""


def random_stroke(chance: random.Random) -> Paint:
    """A vivid stroke of two segments, 6 to 10 px wide on a frame of 64."""
    points = tuple(
        (to_units(chance.uniform(0.12, 0.88)), to_units(chance.uniform(0.12, 0.88)))
        for _ in range(3)
    )
    colour = "".join(f"{chance.choice((16, 128, 240)):02x}" for _ in range(3))
    return Paint(points, f"#{colour}", to_units(chance.uniform(6, 10) / 64))


def random_caption(chance: random.Random) -> str:
    """What a picture shows: a subject, its colour, where, and at which place."""
    phrase = chance.choice(list(BACKGROUNDS.values()))[0]
    colour, subject = chance.choice(COLOURS), chance.choice(SUBJECTS)
    return f"a {colour} {subject} {phrase} {chance.choice(PLACE_PHRASES)}"


def harmonize_scores(
    model: VideoModel,
    settings: Settings,
    strokes: int,
    seed: int = 1,
    shares: Sequence[int] = SHARES,
) -> dict[int, dict[str, float]]:
    """Scores of ``strokes`` strokes, each on a picture of its own, by the share of noise.

    ``surprise`` is the mean squared error of P_img's clean estimate of the picture from half noise,
    around the stroke: how little the picture looks like what the model makes. Lower is more
    natural. ``clip_`` are of the last frames of finished clips.
    """
    chance = random.Random(seed)
    cases = [(random_caption(chance), random_stroke(chance)) for _ in range(strokes)]
    return {
        share: _averaged(
            [_case(model, settings, share, number, *case) for number, case in enumerate(cases)]
        )
        for share in shares
    }


def _case(
    model: VideoModel, settings: Settings, share: int, seed: int, caption: str, stroke: Paint
) -> dict[str, float]:
    given = _with(settings, harmonize=share, seed=seed)
    painted = Compiler(model, given, _no_image).intermediate(Fold(content=caption, paint=(stroke,)))
    take = Take(model, given, _no_image)
    take.follow({1: Entry(0, Content(caption)), 2: Entry(0, stroke)})
    while not take.done:
        take.step()
    covered = coverage(stroke, settings.width, settings.height)
    scores = _scores(painted.pixels, covered, stroke)
    scores["surprise"] = _surprise(model, painted.pixels, caption, covered)
    last = _scores(take.frames()[-1], covered, stroke)
    return scores | {f"clip_{name}": value for name, value in last.items()}


def _scores(picture: Pixels, covered: Mask, stroke: Paint) -> dict[str, float]:
    colour = np.array([int(stroke.color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    found = picture[covered > 0.9].mean(axis=0) / 255
    frame = torch.from_numpy(picture / 255.0).permute(2, 0, 1)[None]
    border = torch.from_numpy(covered)[None, None]
    return {
        "colour_error": float(np.linalg.norm(found - colour)),
        "seam": seam_score(frame, border),
    }


def _surprise(model: VideoModel, picture: Pixels, caption: str, covered: Mask) -> float:
    """How far P_img's clean estimate is off, in latent units squared, around a stroke."""
    clean = model.encode_image(picture)
    scheduler = model.make_scheduler(model.spec.image_steps, "")
    index = round(_LEVEL * model.spec.image_steps)
    timestep = scheduler.timesteps[index]
    prediction = Prediction.at(scheduler, index)
    factor = model.spec.latent_factor
    cells = covered.reshape(covered.shape[0] // factor, factor, -1, factor).max(axis=(1, 3)) > 0
    text = model.encode_text(caption)
    errors = []
    for seed in range(8):
        noise = KeyedNoise(seed, "surprise").initial(tuple(clean.shape))
        noisy = prediction.signal * clean + prediction.noise * noise
        estimate = prediction.clean(noisy, model.predict_image(noisy, timestep, text))
        errors.append(float((estimate - clean).square().mean(dim=1)[0].numpy()[cells].mean()))
    return mean(errors)


def _averaged(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(mean(one[name] for one in scores), 4) for name in scores[0]}


def _with(settings: Settings, **changes: int) -> Settings:
    return msgspec.structs.replace(settings, **changes)


def _no_image(blob: str) -> PIL.Image.Image:
    raise FileNotFoundError(blob)
