"""A drag as it is served: every frame of the clip has its own, pixel-warped image condition.

Affinity is 1, and a residual pulls the clean estimate to the latents of the warped picture, on the
object and on the hole that it left, for a share of the steps: ``framejam_pipeline.drag.HELD``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from diffusers import UNetMotionModel
from torch.nn import functional

from framejam_pipeline.drag import HELD
from framejam_pipeline.training.autoencoder import decode, encode
from framejam_pipeline.training.motion import motion_unet
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.probe import Probe
from framejam_pipeline.training.sampler import Conditions, sample
from framejam_pipeline.training.samples import warp_region
from framejam_pipeline.training.unet import LATENT_EDGE
from framejam_pipeline.training.vocabulary import plain_caption
from framejam_pipeline.training.world import FRAMES, Scenes, World

STEPS: Final = 8
SHIFT_PX: Final = 12.0
"""Length of a measured drag, from the first frame to the last."""

SERVED_UNTIL: Final = HELD[0] / HELD[1]


@dataclass
class Drag:
    """One subject, dragged along a straight line over a clip; rows are frames."""

    caption: str
    target: torch.Tensor  # (16, 3, 64, 64) the subject drawn where it should be
    warped: torch.Tensor  # (16, 3, 64, 64) the first frame with its pixels moved there
    moved: torch.Tensor  # (16, 1, 64, 64) the subject's coverage in each frame
    left: torch.Tensor  # (16, 1, 64, 64) what it covered in the first one and no longer does
    goal: torch.Tensor  # (16, 2) px, where its centre should be


def random_shifts(scenes: Scenes, world: World, generator: torch.Generator) -> torch.Tensor:
    """Whole-pixel shifts (n, 2) of 12 px in any direction that keeps the subject inside."""
    turn = torch.rand(len(scenes), generator=generator, device=world.device)
    length = SHIFT_PX * torch.stack([(6.2832 * turn).cos(), (6.2832 * turn).sin()], dim=1)
    return torch.sign(32 - scenes.centre) * length.round().abs()


def make_drag(world: World, scenes: Scenes, shift: torch.Tensor) -> Drag:
    """The drag of ``scenes``, a batch of one, by ``shift`` (1, 2) px until the last frame."""
    rows = torch.zeros(FRAMES, dtype=torch.long, device=world.device)
    every = scenes.pick(rows)
    steps = (torch.linspace(0, 1, FRAMES, device=world.device)[:, None] * shift).round()
    backdrop = world.backdrop(every)
    before = world.subject_layer(every, every.centre, every.edge)
    after = world.subject_layer(every, every.centre + steps, every.edge)
    first = backdrop * (1 - before[:, 3:]) + before[:, :3]
    return Drag(
        caption=plain_caption(scenes.factors()[0]),
        target=backdrop * (1 - after[:, 3:]) + after[:, :3],
        warped=warp_region(first, before[:, 3:], steps),
        moved=after[:, 3:],
        left=(before[:, 3:] - after[:, 3:]).clamp_min(0),
        goal=every.centre + steps,
    )


@torch.no_grad()
def serve_drag(
    parts: Parts, unet: UNetMotionModel, drag: Drag, seed: int, until: float = SERVED_UNTIL
) -> torch.Tensor:
    """The finished clip (16, 3, 64, 64); object and hole are held for ``until`` of the steps."""
    latents = encode(parts.vae, drag.warped)
    weight = functional.adaptive_avg_pool2d((drag.moved + drag.left).clamp_max(1.0), LATENT_EDGE)

    def edit(clean: torch.Tensor, index: int) -> torch.Tensor:
        return clean + float(index < until * STEPS) * weight * (latents - clean)

    ones = torch.ones(FRAMES, device=latents.device)
    conditions = Conditions([drag.caption] * FRAMES, latents, ones)
    steered = sample(parts, conditions, seed, STEPS, guidance=1.0, edit=edit, motion=unet)
    return decode(parts.vae, steered)


@torch.no_grad()
def served_drag_scores(
    parts: Parts, world: World, probe: Probe, generator: torch.Generator, clips: int
) -> dict[str, float]:
    """Place error and L1 over the frames that moved, 1 to 15, beside those of the raw warp.

    ``held`` repeats both with object and hole held to the last step. ``l1_last_frame`` is that of
    frame 15, where the drag is 12 px long: the raw warp is nearly right while it is short.
    """
    scenes = world.sample(clips, generator)
    shifts = random_shifts(scenes, world, generator)
    unet = motion_unet(parts.unet, parts.adapter).eval()
    places: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    for row in range(clips):
        chosen = torch.tensor([row], device=world.device)
        drag = make_drag(world, scenes.pick(chosen), shifts[chosen])
        again = decode(parts.vae, encode(parts.vae, drag.target))
        clip = serve_drag(parts, unet, drag, seed=row)
        held = serve_drag(parts, unet, drag, seed=row, until=1.0)
        for name, frames in (("", clip), ("_held", held), ("_of_truth", drag.target)):
            missed = (probe(frames).centre - drag.goal)[1:].norm(dim=1).mean()
            places.setdefault(f"error_px{name}", []).append(float(missed))
        known = (("_of_raw_warp", drag.warped), ("_of_autoencoder", again))
        for name, frames in (("", clip), ("_held", held), *known):
            distance = (frames - drag.target).abs().mean(dim=(1, 2, 3))
            errors.setdefault(f"l1{name}", []).append(float(distance[1:].mean()))
            errors.setdefault(f"l1_last_frame{name}", []).append(float(distance[-1]))
    rounded = {name: round(sum(values) / clips, 2) for name, values in places.items()}
    return rounded | {name: round(sum(values) / clips, 4) for name, values in errors.items()}
