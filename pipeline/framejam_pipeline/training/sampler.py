"""Plain sampling with the trained parts: what the measurements and sample sheets use.

The product runs its own loop; this one is kept short and takes the same scheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from diffusers import UNetMotionModel

from framejam_pipeline.training.autoencoder import CHANNELS
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.text import Captions, encode_text
from framejam_pipeline.training.unet import LATENT_EDGE, new_scheduler

Edit = Callable[[torch.Tensor, int], torch.Tensor]
"""Changes the predicted clean latents (n, 4, 16, 16) of step ``int``; a late residual, say."""


@dataclass
class Conditions:
    """What a sample is steered by; ``None`` stands for text to image."""

    captions: Sequence[str]
    image: torch.Tensor | None = None  # (n, 4, 16, 16) scaled latents
    affinity: torch.Tensor | None = None  # (n,) in [0, 1]


@torch.no_grad()
def sample(
    parts: Parts,
    conditions: Conditions,
    seed: int = 0,
    steps: int = 8,
    guidance: float = 2.5,
    edit: Edit | None = None,
    motion: UNetMotionModel | None = None,
) -> torch.Tensor:
    """Denoise; returns scaled clean latents (n, 4, 16, 16).

    With ``motion``, the rows are the frames of one clip and see each other.
    """
    device = parts.unet.device
    count = len(conditions.captions)
    captions = Captions(parts.tokenizer)
    states = encode_text(parts.text, captions.ids(conditions.captions).to(device))
    empty = encode_text(parts.text, captions.ids([""] * count).to(device))
    extra = _extra_channels(conditions, device)
    scheduler = new_scheduler()
    scheduler.set_timesteps(steps, device=device)
    generator = torch.Generator().manual_seed(seed)
    shape = (count, CHANNELS, LATENT_EDGE, LATENT_EDGE)
    latents = torch.randn(shape, generator=generator).to(device)

    def velocity(text: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        image = torch.cat([latents, extra], dim=1)
        if motion is None:
            guess: torch.Tensor = parts.unet(image, time, encoder_hidden_states=text).sample
            return guess
        clip = image.transpose(0, 1)[None]
        guess = motion(clip, time, encoder_hidden_states=text).sample
        return guess[0].transpose(0, 1)

    for index, time in enumerate(scheduler.timesteps):
        out = velocity(states, time)
        if guidance != 1.0:
            without = velocity(empty, time)
            out = without + guidance * (out - without)
        if edit is not None:
            signal = float(scheduler.alphas_cumprod[int(time)]) ** 0.5
            spread = (1 - signal**2) ** 0.5
            clean = signal * latents - spread * out
            # Equal to replacing the clean estimate, kept as a change of the output because the
            # signal may be zero at the first step.
            out = out - (edit(clean, index) - clean) / spread
        latents = scheduler.step(out, time, latents).prev_sample
    return latents


def _extra_channels(conditions: Conditions, device: torch.device) -> torch.Tensor:
    """Affinity and condition, (n, 5, 16, 16)."""
    count = len(conditions.captions)
    extra = torch.zeros(count, 1 + CHANNELS, LATENT_EDGE, LATENT_EDGE, device=device)
    if conditions.image is not None:
        extra[:, 1:] = conditions.image
    if conditions.affinity is not None:
        extra[:, 0] = conditions.affinity.to(device).view(-1, 1, 1)
    return extra
