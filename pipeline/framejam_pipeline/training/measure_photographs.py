"""A photograph as reference image: how much of it is left in a finished clip."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from diffusers import UNetMotionModel
from PIL import Image

from framejam_pipeline.image import fit
from framejam_pipeline.training.autoencoder import decode, encode
from framejam_pipeline.training.backgrounds import EDGE, HELD_OUT_FILE
from framejam_pipeline.training.motion import motion_unet
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.sampler import Conditions, sample
from framejam_pipeline.training.world import FRAMES

CAPTION: Final = "a photograph"


def held_out_photographs(device: torch.device) -> torch.Tensor:
    """Crops (n, 3, 64, 64) in [0, 1] of pictures that no training saw, fitted as uploads are."""
    with np.load(HELD_OUT_FILE) as stored:
        crops = [fit(Image.fromarray(stored[name]), EDGE, EDGE) for name in sorted(stored.files)]
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float().div(255).to(device)


@torch.no_grad()
def photograph_clip(
    parts: Parts, unet: UNetMotionModel, photograph: torch.Tensor, seed: int
) -> torch.Tensor:
    """The finished clip (16, 3, 64, 64) of ``photograph`` (1, 3, 64, 64) and no motion words."""
    image = encode(parts.vae, photograph).expand(FRAMES, -1, -1, -1)
    ones = torch.ones(FRAMES, device=photograph.device)
    conditions = Conditions([CAPTION] * FRAMES, image, ones)
    return decode(parts.vae, sample(parts, conditions, seed, guidance=1.0, motion=unet))


@torch.no_grad()
def photograph_scores(parts: Parts, count: int) -> dict[str, float]:
    """Mean PSNR in dB of the first and the last frame, and of the autoencoder alone."""
    photographs = held_out_photographs(parts.unet.device)[:count]
    again = decode(parts.vae, encode(parts.vae, photographs))
    unet = motion_unet(parts.unet, parts.adapter).eval()
    clips = [photograph_clip(parts, unet, p[None], row) for row, p in enumerate(photographs)]
    scores = {
        "first_frame": torch.stack([clip[0] for clip in clips]),
        "last_frame": torch.stack([clip[-1] for clip in clips]),
        "autoencoder": again,
    }
    return {
        f"{name}_psnr_db": round(_psnr(frames, photographs), 2) for name, frames in scores.items()
    }


def _psnr(frames: torch.Tensor, truth: torch.Tensor) -> float:
    """Mean over pictures of each one's PSNR in dB."""
    errors = (frames - truth).square().mean(dim=(1, 2, 3))
    return float((-10 * torch.log10(errors)).mean())
