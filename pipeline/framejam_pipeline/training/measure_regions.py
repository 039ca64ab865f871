"""Region prompts as they are served: does P_img draw what a region's text says, and only there?

Measured on the shipped model with the probe that judged its training: intermediate images, in which
a region asks for another subject of another colour, in place of the one that is there or beside it.
"""

from __future__ import annotations

import math
import random
from statistics import mean
from typing import Final, Literal

import msgspec
import numpy as np
import PIL.Image
import torch

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Fold
from framejam_pipeline.image import Pixels
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.training.backgrounds import EDGE
from framejam_pipeline.training.probe import Probe
from framejam_pipeline.training.vocabulary import (
    BACKGROUND_NAMES,
    BACKGROUNDS,
    COLOURS,
    SUBJECTS,
)
from framejam_protocol.geometry import Point, to_units
from framejam_protocol.instructions import Region, Settings

Kind = Literal["instead", "beside"]

_SEEN: Final = 6
"""Pixels around a region that the probe sees with it."""


def region_scores(
    model: VideoModel, probe: Probe, settings: Settings, count: int, kind: Kind, seed: int = 5
) -> dict[str, float]:
    """Shares, 0 to 1, of ``count`` regions whose subject, colour and background the probe names.

    ``outside`` is the mean change of what lies outside, in bytes: it must be 0.
    """
    chance = random.Random(seed)
    right: dict[str, list[float]] = {}
    for number in range(count):
        name = chance.choice(BACKGROUND_NAMES)
        phrase = BACKGROUNDS[name][0]
        there, wanted = chance.sample(SUBJECTS, 2)
        its_colour, colour = chance.sample(COLOURS, 2)
        if kind == "instead":
            content, middle, radius = f"a {its_colour} {there} {phrase} in the centre", 32, 24
        else:
            content, middle, radius = f"a small {its_colour} {there} {phrase} on the left", 46, 15
        region = Region(octagon(middle, 32, radius), f"a {colour} {wanted}")
        given = msgspec.structs.replace(settings, seed=number)
        compiler = Compiler(model, given, _no_image)
        before, after = (
            compiler.intermediate(Fold(content=content, regions=regions)).pixels
            for regions in ((), (region,))
        )
        reading = probe(_frame(_around(after, middle, radius)))
        found = {
            "subject": SUBJECTS[int(reading.subject.argmax())] == wanted,
            "colour": int(reading.colour.argmax()) == COLOURS.index(colour),
            "background": BACKGROUND_NAMES[int(reading.background.argmax())] == name,
            "outside": _outside(before, after, middle, radius),
        }
        for what, value in found.items():
            right.setdefault(what, []).append(float(value))
    return {what: round(mean(values), 4) for what, values in right.items()}


def octagon(x: float, y: float, radius: float) -> tuple[Point, ...]:
    """The outline of a regular octagon, given in pixels of a frame of 64."""
    turns = [math.pi / 8 + corner * math.pi / 4 for corner in range(8)]
    return tuple(
        (
            to_units((x + radius * math.cos(turn)) / EDGE),
            to_units((y + radius * math.sin(turn)) / EDGE),
        )
        for turn in turns
    )


def _around(picture: Pixels, middle: int, radius: int) -> Pixels:
    """What lies around a region, as large as a frame: the probe looks for one subject."""
    reach = radius + _SEEN
    left, right = max(middle - reach, 0), min(middle + reach, EDGE)
    top, bottom = max(32 - reach, 0), min(32 + reach, EDGE)
    seen = PIL.Image.fromarray(picture[top:bottom, left:right])
    return np.asarray(seen.resize((EDGE, EDGE), PIL.Image.Resampling.BILINEAR))


def _outside(before: Pixels, after: Pixels, middle: int, radius: int) -> float:
    rows, columns = np.mgrid[:EDGE, :EDGE]
    beyond = np.hypot(columns + 0.5 - middle, rows + 0.5 - 32) > radius + 1
    return float(np.abs(before.astype(float) - after)[beyond].mean())


def _frame(picture: Pixels) -> torch.Tensor:
    return torch.from_numpy(picture / 255.0).float().permute(2, 0, 1)[None]


def _no_image(blob: str) -> PIL.Image.Image:
    raise FileNotFoundError(blob)
