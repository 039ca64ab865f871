"""How well painted strokes hold: as a painted image condition and as a late residual."""

from __future__ import annotations

from typing import Final

import torch
from torch.nn import functional

from framejam_pipeline.training.autoencoder import decode, encode
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.sampler import Conditions, sample
from framejam_pipeline.training.strokes import paint, random_strokes
from framejam_pipeline.training.unet import LATENT_EDGE
from framejam_pipeline.training.vocabulary import plain_caption
from framejam_pipeline.training.world import World

STEPS: Final = 8
GUARD_PX: Final = 4
"""Ring around a stroke that counts neither as inside nor as outside."""


@torch.no_grad()
def paint_scores(
    parts: Parts, world: World, generator: torch.Generator, count: int
) -> dict[str, dict[str, float]]:
    """Scores of both ways to paint, each against the same run without the stroke.

    ``colour_error`` is the distance of the stroke's mean colour from the painted one,
    ``inside_to_outside`` the ratio of mean changes, ``seam`` the border's jump over the frame's
    mean gradient, with ``seam_of_target`` what the stroke itself brings.
    """
    scenes = world.sample(count, generator)
    frames, _ = world.draw(scenes, torch.zeros(count, device=world.device))
    coverage, colour = random_strokes(count, generator, world.device)
    painted = paint(frames, coverage, colour)
    known, target = encode(parts.vae, frames), encode(parts.vae, painted)
    ones = torch.ones(count, device=world.device)
    captions = [plain_caption(f) for f in scenes.factors()]

    def run(image: torch.Tensor, hold: torch.Tensor | None = None) -> torch.Tensor:
        def edit(clean: torch.Tensor, index: int) -> torch.Tensor:
            # Enters after 40 % of the steps and is released after 80 %.
            active = hold is not None and 0.4 * STEPS <= index + 0.5 < 0.8 * STEPS
            return clean + hold * (target - clean) if active and hold is not None else clean

        conditions = Conditions(captions, image, ones)
        return decode(parts.vae, sample(parts, conditions, steps=STEPS, guidance=1.0, edit=edit))

    before = run(known)
    hold = functional.adaptive_max_pool2d((coverage > 0.5).float(), LATENT_EDGE)
    return {
        "condition": _scores(before, run(target), painted, coverage, colour),
        "late_residual": _scores(before, run(known, hold), painted, coverage, colour),
    }


def _scores(
    before: torch.Tensor,
    after: torch.Tensor,
    painted: torch.Tensor,
    coverage: torch.Tensor,
    colour: torch.Tensor,
) -> dict[str, float]:
    inside = (coverage > 0.9).float()
    reach = 2 * GUARD_PX + 1
    near = functional.max_pool2d((coverage > 0).float(), reach, stride=1, padding=GUARD_PX)
    outside = 1 - near
    change = (after - before).abs().mean(dim=1, keepdim=True)
    mean_colour = (after * inside).sum(dim=(2, 3)) / inside.sum(dim=(2, 3)).clamp_min(1)
    ratio = _mean(change, inside) / _mean(change, outside).clamp_min(1e-6)
    return {
        "colour_error": round(float((mean_colour - colour[:, :, 0, 0]).norm(dim=1).mean()), 4),
        "inside_to_outside": round(float(ratio), 2),
        "seam": round(seam_score(after, coverage), 3),
        "seam_of_target": round(seam_score(painted, coverage), 3),
    }


def _mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (values * mask).sum() / mask.sum().clamp_min(1)


def seam_score(frames: torch.Tensor, region: torch.Tensor) -> float:
    """Mean jump across the region's border over the mean gradient of the whole frames."""
    inside = (region > 0.5).float()
    jumps, borders = [], []
    for dim in (2, 3):
        jumps.append(torch.diff(frames, dim=dim).abs().mean(dim=1, keepdim=True))
        borders.append(torch.diff(inside, dim=dim).abs())
    across = torch.stack([(j * b).sum() for j, b in zip(jumps, borders, strict=True)]).sum()
    length = torch.stack([b.sum() for b in borders]).sum().clamp_min(1)
    typical = torch.stack([j.mean() for j in jumps]).mean()
    return float(across / length / typical)
