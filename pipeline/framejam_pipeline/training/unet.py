"""The UNet: nine input channels as in PIA (noise, affinity, image condition), v-prediction.

Channel order: 4 noisy latents, 1 affinity, 4 condition latents. Text to image is the case in
which affinity and condition are zero.
"""

from __future__ import annotations

from typing import Final

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

from framejam_pipeline.training.autoencoder import CHANNELS, FACTOR
from framejam_pipeline.training.backgrounds import EDGE
from framejam_pipeline.training.text import WIDTH

LATENT_EDGE: Final = EDGE // FACTOR
SIZES: Final[dict[str, tuple[int, ...]]] = {
    "XS": (32, 64, 96),
    "S": (48, 96, 128),
    "M": (64, 128, 192),
}


def new_unet(size: str = "XS") -> UNet2DConditionModel:
    """Untrained. ``attention_head_dim`` is, despite its name, the NUMBER of heads.

    Attention at full latent resolution would double the time of a step on a CPU; the two
    coarser levels suffice to place and shape a subject.
    """
    return UNet2DConditionModel(
        sample_size=LATENT_EDGE,
        in_channels=2 * CHANNELS + 1,
        out_channels=CHANNELS,
        block_out_channels=SIZES[size],
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=8,
    )


def new_scheduler() -> DDIMScheduler:
    """DDIM with zero terminal signal-to-noise ratio and trailing steps."""
    return DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=0,
    )


def random_timesteps(count: int, generator: torch.Generator, device: torch.device) -> torch.Tensor:
    """Timesteps (n,): half from 200 to 850, where subjects form, a quarter above 600.

    The high ones settle where things are, which is what motion words change; 4 % are the pure
    noise of 999, where every sample starts, and the rest lie anywhere.
    """

    def between(low: int, high: int) -> torch.Tensor:
        return torch.randint(low, high, (count,), generator=generator, device=device)

    kind = torch.rand(count, generator=generator, device=device)
    chosen = torch.where(kind < 0.5, between(200, 850), between(0, 1000))
    chosen = torch.where(kind > 0.71, between(600, 1000), chosen)
    return torch.where(kind > 0.96, torch.full_like(chosen, 999), chosen)


def add_noise(
    clean: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor, alphas: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy latents and the velocity to predict, for clean latents of any shape (n, ...)."""
    shape = (-1,) + (1,) * (clean.ndim - 1)
    signal = alphas[timesteps].sqrt().view(shape)
    spread = (1 - alphas[timesteps]).sqrt().view(shape)
    return signal * clean + spread * noise, signal * noise - spread * clean
