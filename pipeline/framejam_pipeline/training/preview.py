"""The preview: a linear map from the predicted clean latents straight to pixels.

One 3x3 convolution to 48 channels and a pixel shuffle by 4. It replaces the decoder while a
loop runs, at a hundredth of its cost, and is fitted by least squares to what the decoder says.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderTiny
from torch.nn import functional

from framejam_pipeline.training.autoencoder import (
    CHANNELS,
    FACTOR,
    decode,
    encode,
    training_frames,
)
from framejam_pipeline.training.world import World

_RIDGE = 1e-3


@torch.no_grad()
def fit_preview(
    vae: AutoencoderTiny, world: World, generator: torch.Generator, frames: int = 512
) -> dict[str, torch.Tensor]:
    """``weight`` (48, 4, 3, 3) and ``bias`` (48,), fp32, from scaled latents to RGB in [0, 1]."""
    pictures = training_frames(world, frames, generator)
    latents = encode(vae, pictures)
    targets = functional.pixel_unshuffle(decode(vae, latents), FACTOR)
    inputs = functional.unfold(latents, 3, padding=1).transpose(1, 2).flatten(0, 1).double()
    wanted = targets.flatten(2).transpose(1, 2).flatten(0, 1).double()
    inputs = torch.cat([inputs, torch.ones_like(inputs[:, :1])], dim=1)
    normal = inputs.T @ inputs
    normal += _RIDGE * len(inputs) * torch.eye(len(normal), device=normal.device) * 1e-2
    solution = torch.linalg.solve(normal, inputs.T @ wanted).float()
    outputs = 3 * FACTOR**2
    return {
        "weight": solution[:-1].T.reshape(outputs, CHANNELS, 3, 3).contiguous().cpu(),
        "bias": solution[-1].contiguous().cpu(),
    }


def preview(fitted: dict[str, torch.Tensor], latents: torch.Tensor) -> torch.Tensor:
    """Frames (n, 3, 64, 64) in [0, 1] from scaled latents (n, 4, 16, 16)."""
    flat = functional.conv2d(latents, fitted["weight"], fitted["bias"], padding=1)
    return functional.pixel_shuffle(flat, FACTOR).clamp(0, 1)
