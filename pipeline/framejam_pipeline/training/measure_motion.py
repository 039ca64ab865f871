"""Motion from words over a clip, flicker, and motion from a pixel warp (a drag)."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.nn import functional

from framejam_pipeline.training.autoencoder import decode, encode
from framejam_pipeline.training.motion import motion_unet
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.probe import Probe, Reading
from framejam_pipeline.training.sampler import Conditions, sample
from framejam_pipeline.training.samples import warp_region
from framejam_pipeline.training.vocabulary import MOTIONS, plain_caption
from framejam_pipeline.training.world import FRAMES, REACH_PX, World

_AXES = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_MOVED_PX = 4.0
_GROWN = 1.12


@torch.no_grad()
def motion_scores(
    parts: Parts, world: World, probe: Probe, generator: torch.Generator, clips: int
) -> dict[str, float]:
    """Clips from a static image condition, with motion modules, 8 steps, no guidance.

    ``direction`` is the share of clips that do what the words say; ``flicker`` the mean change
    between frames on pixels that the truth leaves unchanged; ``moving`` and ``resizing`` and
    ``still`` split the direction by kind; ``subject_at_end`` is the share of last frames in
    which the probe still knows the subject.
    """
    scenes = world.sample(clips, generator)
    every = torch.arange(clips, device=world.device) % len(MOTIONS)
    scenes = replace(scenes, motion=every)
    scenes.reach[:] = 17.0
    world.keep_inside(scenes)
    unet = motion_unet(parts.unet, parts.adapter).eval()
    truth = world.draw_clips(scenes)
    right: dict[str, list[float]] = {"moving": [], "resizing": [], "still": []}
    flicker, error, known = [], [], []
    for row, factors in enumerate(scenes.factors()):
        name = MOTIONS[factors.motion]
        image = encode(parts.vae, truth[row, :1]).expand(FRAMES, -1, -1, -1)
        reach = 0.0 if name == "still" else 17.0 / REACH_PX
        affinity = 1 - reach * torch.linspace(0, 1, FRAMES, device=world.device)
        conditions = Conditions([plain_caption(factors, motion=True)] * FRAMES, image, affinity)
        latents = sample(parts, conditions, seed=row, guidance=1.0, motion=unet)
        frames = decode(parts.vae, latents)
        reading = probe(frames)
        kind = "still" if name == "still" else ("moving" if name in _AXES else "resizing")
        right[kind].append(float(moved_as_said(reading, name)))
        quiet = (truth[row].amax(dim=0) - truth[row].amin(dim=0)).amax(dim=0) < 0.02
        flicker.append(float(torch.diff(frames, dim=0).abs().mean(dim=(0, 1))[quiet].mean()))
        error.append(float((frames - truth[row]).abs().mean()))
        known.append(float(reading.subject[-1].argmax() == factors.subject))
    every_one = [value for values in right.values() for value in values]
    return {
        "direction": _mean(every_one),
        **{kind: _mean(values) for kind, values in right.items()},
        "subject_at_end": _mean(known),
        "flicker": _mean(flicker),
        "l1_to_truth": _mean(error),
    }


def moved_as_said(reading: Reading, motion: str) -> bool:
    """Whether the last quarter of a clip differs from its first frame as ``motion`` says."""
    late = slice(-4, None)
    moved = reading.centre[late].mean(dim=0) - reading.centre[:2].mean(dim=0)
    dx, dy = float(moved[0]), float(moved[1])
    growth = float(reading.edge[late].mean() / reading.edge[:2].mean())
    if motion in _AXES:
        ax, ay = _AXES[motion]
        along, across = dx * ax + dy * ay, abs(dx * ay) + abs(dy * ax)
        return along > _MOVED_PX and along > 1.5 * across
    if motion == "grow":
        return growth > _GROWN
    if motion == "shrink":
        return growth < 1 / _GROWN
    return abs(dx) + abs(dy) < _MOVED_PX and 1 / _GROWN < growth < _GROWN


@torch.no_grad()
def drag_scores(
    parts: Parts, world: World, probe: Probe, generator: torch.Generator, count: int
) -> dict[str, float]:
    """Frames from a pixel-warped condition: place error, and L1 beside the raw warp's."""
    scenes = world.sample(count, generator)
    angle = 6.2832 * torch.rand(count, generator=generator, device=world.device)
    shift = (12 * torch.stack([angle.cos(), angle.sin()], dim=1)).round()
    towards = torch.sign(32 - scenes.centre) * shift.abs()  # keep the subject inside
    backdrop = world.backdrop(scenes)
    before = world.subject_layer(scenes, scenes.centre, scenes.edge)
    after = world.subject_layer(scenes, scenes.centre + towards, scenes.edge)
    source = backdrop * (1 - before[:, 3:]) + before[:, :3]
    target = backdrop * (1 - after[:, 3:]) + after[:, :3]
    warped = warp_region(source, before[:, 3:], towards)
    captions = [plain_caption(f) for f in scenes.factors()]
    ones = torch.ones(count, device=world.device)
    conditions = Conditions(captions, encode(parts.vae, warped), ones)
    frames = decode(parts.vae, sample(parts, conditions, guidance=1.0))
    goal = scenes.centre + towards

    def place(pictures: torch.Tensor) -> float:
        return round(float((probe(pictures).centre - goal).norm(dim=1).mean()), 2)

    return {
        "error_px": place(frames),
        "error_px_of_truth": place(target),
        "l1": round(float(functional.l1_loss(frames, target)), 4),
        "l1_of_raw_warp": round(float(functional.l1_loss(warped, target)), 4),
        "l1_of_autoencoder": round(
            float(functional.l1_loss(decode(parts.vae, encode(parts.vae, target)), target)), 4
        ),
    }


def _mean(values: list[float]) -> float:
    return round(sum(values) / max(1, len(values)), 4)
