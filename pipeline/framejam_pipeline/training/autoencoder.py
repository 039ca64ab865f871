"""The autoencoder: an ``AutoencoderTiny`` with factor 4 and 4 latent channels, 64 px frames."""

from __future__ import annotations

import copy
from typing import Any, Final

import torch
from diffusers import AutoencoderTiny
from torch import nn
from torch.nn import functional

from framejam_pipeline.training.backgrounds import EDGE
from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.strokes import paint, random_strokes
from framejam_pipeline.training.trainer import Trainer
from framejam_pipeline.training.vocabulary import PHOTOGRAPH
from framejam_pipeline.training.world import World

FACTOR: Final = 4
CHANNELS: Final = 4
CROP: Final = 32
"""Edge of the training crops in pixels."""

PHOTO_SHARE: Final = 0.33
"""With less (0.2), the decoder drew the city's lit windows into grass and other grey textures."""

DECODER_RATE: Final = 1e-3
DECODER_NOISE: Final = 0.04
"""Standard deviation of the noise on scaled latents while the decoder is trained alone."""


DECODER_BLOCKS: Final = (6, 5, 1)


def new_autoencoder(decoder_blocks: tuple[int, int, int] = DECODER_BLOCKS) -> AutoencoderTiny:
    """Untrained. Few blocks at full resolution: encoding is paid for in every training step."""
    return AutoencoderTiny(
        encoder_block_out_channels=(32, 32, 32),
        decoder_block_out_channels=(32, 32, 32),
        num_encoder_blocks=(0, 2, 3),
        num_decoder_blocks=decoder_blocks,
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
    """Frames (n, 3, 64, 64): scenes, a quarter of them with strokes, a third on photographs."""
    return _frames_and_centres(world, count, generator)[0]


def _frames_and_centres(
    world: World, count: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Frames, the subjects' centres in px and which frames show a photograph."""
    scenes = world.sample(count, generator)
    photos = torch.rand(count, generator=generator, device=world.device) < PHOTO_SHARE
    scenes.background = scenes.background.masked_fill(photos, PHOTOGRAPH)
    progress = torch.rand(count, generator=generator, device=world.device)
    frames, _ = world.draw(scenes, progress)
    painted = torch.randperm(count, generator=generator, device=world.device)[: count // 4]
    coverage, colour = random_strokes(len(painted), generator, world.device)
    frames[painted] = paint(frames[painted], coverage, colour)
    return frames, world.at(scenes, progress)[0], photos


def training_crops(world: World, count: int, generator: torch.Generator) -> torch.Tensor:
    """Crops (n, 3, 32, 32), most of them on the subject, where the detail is.

    Subjects fill a tenth of a frame, so whole frames would spend the time on backgrounds. Of
    photographs every part counts.
    """
    frames, centres, photos = _frames_and_centres(world, count, generator)
    jitter = torch.rand(count, 2, generator=generator, device=world.device)
    anywhere = torch.rand(count, 1, generator=generator, device=world.device) < 0.3
    anywhere = anywhere | photos[:, None]
    near = centres - CROP / 2 + (jitter - 0.5) * CROP * 0.75
    corner = torch.where(anywhere, jitter * (EDGE - CROP), near)
    corners = corner.round().long().clamp(0, EDGE - CROP).tolist()
    return torch.stack(
        [f[:, y : y + CROP, x : x + CROP] for f, (x, y) in zip(frames, corners, strict=True)]
    )


def loss(vae: AutoencoderTiny, frames: torch.Tensor, noise: float = 0.05) -> torch.Tensor:
    """L1 + MSE + 0.5 of the gradients' L1 + a small pull of the latents towards zero.

    ``noise`` on the latents makes the decoder forgive what the denoiser leaves.
    """
    latents = vae.encode(frames * 2 - 1).latents
    noisy = latents + noise * torch.randn_like(latents)
    output: torch.Tensor = vae.decode(noisy).sample * 0.5 + 0.5
    pull: torch.Tensor = 2e-3 * latents.square().mean()
    return difference(output, frames) + pull


def difference(output: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """L1 + MSE + 0.5 of the gradients' L1 of pictures in [0, 1]."""
    fit = functional.l1_loss(output, frames) + functional.mse_loss(output, frames)
    edges = torch.stack(
        [functional.l1_loss(torch.diff(output, dim=d), torch.diff(frames, dim=d)) for d in (2, 3)]
    )
    total: torch.Tensor = fit + 0.5 * edges.sum()
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
) -> float:
    """Train in place for ``seconds`` (or ``max_steps``), fix the scale; returns the PSNR in dB."""
    vae.to(world.device, memory_format=torch.channels_last).train()
    vae.requires_grad_(True)
    learnt = list(vae.parameters())
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
    fix_scale(vae, world, generator)
    return psnr(vae, world, generator)


def decoder_trainer(
    vae: AutoencoderTiny, world: World, seed: int, clock: Budget, batch: int = 40
) -> Trainer:
    """A trainer of the decoder alone, whose average goes to ``vae``.

    The latents stay as they are, so that a UNet trained on them stays valid.
    """
    live = copy.deepcopy(vae).to(world.device, memory_format=torch.channels_last)
    live.requires_grad_(False)
    live.decoder.requires_grad_(True)
    generator = torch.Generator(world.device).manual_seed(seed)
    noise = DECODER_NOISE / vae.config.scaling_factor

    def step_loss() -> torch.Tensor:
        frames = training_crops(world, batch, generator)
        latents = live.encode(frames * 2 - 1).latents
        spread = torch.randn(latents.shape, generator=generator, device=world.device)
        return difference(live.decode(latents + noise * spread).sample * 0.5 + 0.5, frames)

    return Trainer(
        live={"decoder": live.decoder},
        average={"decoder": vae.decoder},
        rates={"decoder": DECODER_RATE},
        loss=step_loss,
        generator=generator,
        clock=clock,
    )


@torch.no_grad()
def deepen(vae: AutoencoderTiny) -> AutoencoderTiny:
    """The same function with ``DECODER_BLOCKS`` decoder blocks, of which it may have fewer.

    A block more is the identity at first: its last convolution is zero, and what it adds that
    to went through the same ReLU already.
    """
    result = new_autoencoder()
    result.register_to_config(scaling_factor=vae.config.scaling_factor)
    result.encoder.load_state_dict(vae.encoder.state_dict())
    old, new = _stages(vae), _stages(result)
    for before, after in zip(old, new, strict=True):
        for layer, known in zip(after, before, strict=False):
            layer.load_state_dict(known.state_dict())
        for block in after[len(before) :]:
            nn.init.zeros_(block.conv[-1].weight)
            nn.init.zeros_(block.conv[-1].bias)
    return result


def _stages(vae: AutoencoderTiny) -> list[list[Any]]:
    """The decoder's layers, cut so that each list ends in a run of blocks or has none."""
    stages: list[list[Any]] = [[]]
    for layer in vae.decoder.layers:
        if stages[-1] and _is_block(stages[-1][-1]) and not _is_block(layer):
            stages.append([])
        stages[-1].append(layer)
    return stages


def _is_block(layer: nn.Module) -> bool:
    return hasattr(layer, "fuse")
