"""The autoencoder: an ``AutoencoderTiny`` with factor 4 and 4 latent channels, 64 px frames."""

from __future__ import annotations

from typing import Final

import torch
from diffusers import AutoencoderTiny
from torch.nn import functional

from framejam_pipeline.training.backgrounds import EDGE
from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.strokes import paint, random_strokes
from framejam_pipeline.training.vocabulary import PHOTOGRAPH
from framejam_pipeline.training.world import World

FACTOR: Final = 4
CHANNELS: Final = 4
CROP: Final = 32
"""Edge of the training crops in pixels."""


def new_autoencoder() -> AutoencoderTiny:
    """Untrained. Few blocks at full resolution: encoding is paid for in every training step."""
    return AutoencoderTiny(
        encoder_block_out_channels=(32, 32, 32),
        decoder_block_out_channels=(32, 32, 32),
        num_encoder_blocks=(0, 2, 3),
        num_decoder_blocks=(4, 3, 1),
        latent_channels=CHANNELS,
        upsampling_scaling_factor=2,
        scaling_factor=1.0,
        latent_magnitude=3,
        latent_shift=0.5,
    )


def encode(vae: AutoencoderTiny, frames: torch.Tensor) -> torch.Tensor:
    """Frames (n, 3, 64, 64) in [0, 1] to scaled latents (n, 4, 16, 16) of about unit variance."""
    latents: torch.Tensor = vae.encode(frames * 2 - 1).latents * vae.config.scaling_factor
    return latents


def decode(vae: AutoencoderTiny, latents: torch.Tensor) -> torch.Tensor:
    """Scaled latents (n, 4, 16, 16) to frames (n, 3, 64, 64) in [0, 1]."""
    output: torch.Tensor = vae.decode(latents / vae.config.scaling_factor).sample
    return (output * 0.5 + 0.5).clamp(0, 1)


def training_frames(world: World, count: int, generator: torch.Generator) -> torch.Tensor:
    """Frames (n, 3, 64, 64): scenes, a quarter of them with strokes, a fifth on photographs."""
    return _frames_and_centres(world, count, generator)[0]


def _frames_and_centres(
    world: World, count: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    scenes = world.sample(count, generator)
    photos = torch.rand(count, generator=generator, device=world.device) < 0.2
    scenes.background = scenes.background.masked_fill(photos, PHOTOGRAPH)
    progress = torch.rand(count, generator=generator, device=world.device)
    frames, _ = world.draw(scenes, progress)
    painted = torch.randperm(count, generator=generator, device=world.device)[: count // 4]
    coverage, colour = random_strokes(len(painted), generator, world.device)
    frames[painted] = paint(frames[painted], coverage, colour)
    return frames, world.at(scenes, progress)[0]


def training_crops(world: World, count: int, generator: torch.Generator) -> torch.Tensor:
    """Crops (n, 3, 32, 32), most of them on the subject, where the detail is.

    Subjects fill a tenth of a frame, so whole frames would spend the time on backgrounds.
    """
    frames, centres = _frames_and_centres(world, count, generator)
    jitter = torch.rand(count, 2, generator=generator, device=world.device)
    anywhere = torch.rand(count, 1, generator=generator, device=world.device) < 0.3
    near = centres - CROP / 2 + (jitter - 0.5) * CROP * 0.75
    corner = torch.where(anywhere, jitter * (EDGE - CROP), near)
    corners = corner.round().long().clamp(0, EDGE - CROP).tolist()
    return torch.stack(
        [f[:, y : y + CROP, x : x + CROP] for f, (x, y) in zip(frames, corners, strict=True)]
    )


def loss(vae: AutoencoderTiny, frames: torch.Tensor) -> torch.Tensor:
    """L1 + MSE + 0.5 of the gradients' L1 + a small pull of the latents towards zero.

    Noise of 0.05 on the latents makes the decoder forgive what the denoiser leaves.
    """
    latents = vae.encode(frames * 2 - 1).latents
    noisy = latents + 0.05 * torch.randn_like(latents)
    output = vae.decode(noisy).sample * 0.5 + 0.5
    fit = functional.l1_loss(output, frames) + functional.mse_loss(output, frames)
    edges = sum(
        functional.l1_loss(torch.diff(output, dim=d), torch.diff(frames, dim=d)) for d in (2, 3)
    )
    total: torch.Tensor = fit + 0.5 * edges + 2e-3 * latents.square().mean()
    return total


@torch.no_grad()
def fix_scale(vae: AutoencoderTiny, world: World, generator: torch.Generator) -> None:
    """Set ``scaling_factor`` so that scaled latents have unit variance."""
    latents = vae.encode(training_frames(world, 256, generator) * 2 - 1).latents
    vae.register_to_config(scaling_factor=round(1.0 / float(latents.std()), 4))


@torch.no_grad()
def psnr(vae: AutoencoderTiny, world: World, generator: torch.Generator) -> float:
    """Peak signal-to-noise ratio in dB over frames with photographs and strokes among them."""
    frames = training_frames(world, 256, generator)
    error = (decode(vae, encode(vae, frames)) - frames).square().mean()
    return float(-10.0 * torch.log10(error))


def train(
    vae: AutoencoderTiny,
    world: World,
    generator: torch.Generator,
    seconds: float,
    batch: int = 40,
    max_steps: int | None = None,
    decoder_only: bool = False,
) -> float:
    """Train in place for ``seconds`` (or ``max_steps``), fix the scale; returns the PSNR in dB.

    ``decoder_only`` leaves the latents as they are, so that a UNet trained on them stays valid.
    """
    vae.to(world.device, memory_format=torch.channels_last).train()
    vae.requires_grad_(True)
    vae.encoder.requires_grad_(not decoder_only)
    learnt = [p for p in vae.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=2e-3, weight_decay=1e-3)
    clock = Budget(seconds, max_steps)
    while not clock.spent():
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * clock.rate()
        value = loss(vae, training_crops(world, batch, generator))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        clock.tick()
        if clock.steps % 200 == 0:
            print(f"autoencoder step {clock.steps} loss {float(value.detach()):.4f}", flush=True)
    vae.eval().requires_grad_(False)
    if not decoder_only:
        fix_scale(vae, world, generator)
    return psnr(vae, world, generator)
