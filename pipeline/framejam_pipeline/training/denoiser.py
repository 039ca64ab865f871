"""Training of the per-frame UNet and, at a tenth of its rate, of the text encoder."""

from __future__ import annotations

from typing import Final

import torch

from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.samples import LATE_TIMESTEP, Pool, SampleMaker
from framejam_pipeline.training.text import encode_text
from framejam_pipeline.training.trainer import Trainer
from framejam_pipeline.training.unet import add_noise, new_scheduler, random_timesteps

RATE: Final = 1.5e-3
TEXT_RATE: Final = RATE / 10

MIX: Final = (0.3, 0.45, 0.18, 0.07)
"""Shares of text to image, static, warped and photograph samples.

Subjects are learnt quickly; with a third of static samples they blurred when words moved them.
"""


LATE_SHARE: Final = 0.5
"""Share of the samples with affinity 1 that are only seen below ``LATE_TIMESTEP``."""


class FrameLoss:
    """Weighted squared error of the velocity predicted for single frames."""

    def __init__(self, parts: Parts, pool: Pool, batch: int, fresh: int) -> None:
        self.parts, self.pool = parts, pool
        self.batch, self.fresh = batch, fresh
        self.generator = pool.maker.generator
        self.device = pool.maker.world.device
        self.alphas = new_scheduler().alphas_cumprod.to(self.device)

    def __call__(self) -> torch.Tensor:
        """The loss of one new batch."""
        samples = self.pool.batch(self.batch, self.fresh)
        times = random_timesteps(self.batch, self.generator, self.device)
        # Where nothing is to move, what counts is how exactly the condition is copied and mended,
        # which late steps decide.
        still = samples.affinity[:, 0, 0, 0] == 1
        coin = torch.rand(self.batch, generator=self.generator, device=self.device) < LATE_SHARE
        times = torch.where(still & coin, times * LATE_TIMESTEP // 999, times)
        times = times * samples.latest // 999
        noise = torch.randn(samples.clean.shape, generator=self.generator, device=self.device)
        noisy, velocity = add_noise(samples.clean, noise, times, self.alphas)
        image = torch.cat([noisy, samples.affinity, samples.condition], dim=1)
        states = encode_text(self.parts.text, samples.ids)
        fast = self.device.type == "cuda"  # on CPUs bf16 measured slower than fp32
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=fast):
            image = image.to(memory_format=torch.channels_last)
            guess = self.parts.unet(image, times, encoder_hidden_states=states).sample
        error = (guess.float() - velocity).square() * samples.weight
        mean: torch.Tensor = error.mean() / samples.weight.mean()
        return mean


def frame_trainer(
    parts: Parts,
    average: Parts,
    maker: SampleMaker,
    clock: Budget,
    batch: int = 32,
    fresh: int = 8,
    capacity: int = 8192,
) -> Trainer:
    """A trainer of ``parts.unet`` and ``parts.text`` whose average goes to ``average``."""
    device = maker.world.device
    parts.unet.to(device, memory_format=torch.channels_last).train()
    parts.text.to(device).train()
    loss = FrameLoss(parts, Pool(maker, capacity, MIX), batch, fresh)
    return Trainer(
        live={"unet": parts.unet, "text": parts.text},
        average={"unet": average.unet, "text": average.text},
        rates={"unet": RATE, "text": TEXT_RATE},
        loss=loss,
        generator=maker.generator,
        clock=clock,
    )
