"""Locks as they are served: what changes inside of one when everything around it does.

A clip of one caption is locked in a random outline and then gets another caption altogether.
Differences are in bytes of the channel that differs most, 0 to 255, of finished decoded frames.
"""

from __future__ import annotations

import math
from statistics import mean

import msgspec
import numpy as np
import torch

from framejam_pipeline.entries import Entry
from framejam_pipeline.image import Pixels
from framejam_pipeline.locks import pins
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.outline import inside
from framejam_pipeline.take import Reference, Take
from framejam_pipeline.training.served import late, run
from framejam_pipeline.training.vocabulary import plain_caption
from framejam_pipeline.training.world import World
from framejam_protocol.geometry import to_units
from framejam_protocol.instructions import Content, Lock, Settings


def random_lock(generator: torch.Generator) -> Lock:
    """A lasso of twelve corners, 18 to 34 pixels across on a frame of 64, inside of it."""
    across, down, *sizes = torch.rand(14, generator=generator).tolist()
    corners = []
    for corner, size in enumerate(sizes):
        turn = 2 * math.pi * corner / len(sizes)
        away = 0.14 + 0.13 * size
        corners.append(
            (
                to_units(0.3 + 0.4 * across + away * math.cos(turn)),
                to_units(0.3 + 0.4 * down + away * math.sin(turn)),
            )
        )
    return Lock(tuple(corners))


def lock_scores(
    model: VideoModel, world: World, settings: Settings, cases: int, seed: int = 1
) -> dict[str, float]:
    """What changed, by the run: locked (the caption comes late), restarted with the same (all
    enters at step 0), and without the lock.

    ``latents_`` is the greatest change of a pinned latent; ``inside_`` the mean change of pixels
    wholly inside the outline, ``inside_most_`` the greatest of a case; ``outside_`` the mean
    difference to the same run without the lock, of pixels wholly outside.
    """
    generator = torch.Generator().manual_seed(seed)
    drawing = torch.Generator(world.device).manual_seed(seed)
    found: list[dict[str, float]] = []
    for number in range(cases):
        before, after = (plain_caption(one) for one in world.sample(2, drawing).factors())
        given = msgspec.structs.replace(settings, seed=number)
        found.append(_scores(model, given, before, after, random_lock(generator)))
    return {name: round(mean(one[name] for one in found), 4) for name in found[0]}


def takes(
    model: VideoModel, settings: Settings, before: str, after: str, lock: Lock
) -> dict[str, Take]:
    """The finished takes: what was locked, and what came of it in each run."""
    said = {1: Entry(0, Content(before))}
    held = {2: Reference(settings, said)}
    entries = {
        "reference": said,
        "late": {**said, 2: Entry(0, lock), 3: late(Content(after), settings)},
        "unlocked": {**said, 3: late(Content(after), settings)},
        "restart": {**said, 2: Entry(0, lock), 3: Entry(0, Content(after))},
        "unlocked_restart": {**said, 3: Entry(0, Content(after))},
    }
    return {name: run(model, settings, those, held=held) for name, those in entries.items()}


def _scores(
    model: VideoModel, settings: Settings, before: str, after: str, lock: Lock
) -> dict[str, float]:
    made = takes(model, settings, before, after, lock)
    frames = {name: take.frames() for name, take in made.items()}
    covered = inside(lock.outline, settings.width, settings.height)
    cells = torch.from_numpy(pins(lock, model.spec, settings))
    scores: dict[str, float] = {}
    for name, free in (("late", "unlocked"), ("restart", "unlocked_restart")):
        for run_of, shown in ((name, name), (free, free)):
            moved = (made[shown].latents() - made["reference"].latents()).abs()
            change = _change(frames[shown], frames["reference"])[:, covered == 1.0]
            scores[f"latents_{run_of}"] = float(moved[:, :, cells].max())
            scores[f"inside_{run_of}"] = float(change.mean())
            scores[f"inside_most_{run_of}"] = float(change.max())
        apart = _change(frames[name], frames[free])[:, covered == 0.0]
        scores[f"outside_{name}"] = float(apart.mean())
    return scores


def _change(one: Pixels, other: Pixels) -> np.ndarray:
    """How far two clips are apart, (F, H, W), in bytes."""
    return np.asarray(np.abs(one.astype(int) - other).max(axis=-1))
