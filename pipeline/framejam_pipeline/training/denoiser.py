"""Training of the per-frame UNet and, at a tenth of its rate, of the text encoder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.ema import Average
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.samples import Pool, Samples
from framejam_pipeline.training.text import encode_text
from framejam_pipeline.training.unet import add_noise, new_scheduler, random_timesteps

RATE: Final = 1.5e-3
TEXT_RATE: Final = RATE / 10
CHECKPOINT_SECONDS: Final = 180.0


@dataclass
class Denoiser:
    """The live parts, their average and the optimiser; one object per run."""

    live: Parts
    average: Parts
    pool: Pool
    clock: Budget
    device: torch.device
    batch: int = 32
    fresh: int = 10

    def __post_init__(self) -> None:
        self.live.unet.to(self.device, memory_format=torch.channels_last).train()
        self.live.text.to(self.device).train()
        groups: list[dict[str, Any]] = [
            {"params": list(self.live.unet.parameters()), "lr": RATE, "full": RATE},
            {"params": list(self.live.text.parameters()), "lr": TEXT_RATE, "full": TEXT_RATE},
        ]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=1e-2, betas=(0.9, 0.99))
        self.ema = Average(
            (self.live.unet, self.live.text), (self.average.unet, self.average.text)
        )
        self.alphas = new_scheduler().alphas_cumprod.to(self.device)
        self.losses: list[tuple[int, float]] = []

    def loss(self, samples: Samples) -> torch.Tensor:
        """Weighted squared error of the predicted velocity."""
        generator = self.pool.maker.generator
        times = random_timesteps(len(samples.clean), generator, self.device)
        noise = torch.randn(samples.clean.shape, generator=generator, device=self.device)
        noisy, velocity = add_noise(samples.clean, noise, times, self.alphas)
        image = torch.cat([noisy, samples.affinity, samples.condition], dim=1)
        states = encode_text(self.live.text, samples.ids)
        fast = self.device.type == "cuda"  # on CPUs bf16 measured slower than fp32
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=fast):
            image = image.to(memory_format=torch.channels_last)
            guess = self.live.unet(image, times, encoder_hidden_states=states).sample
        error = (guess.float() - velocity).square() * samples.weight
        return error.mean() / samples.weight.mean()

    def step(self) -> float:
        """One optimiser step; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["full"] * self.clock.rate()
        value = self.loss(self.pool.batch(self.batch, self.fresh))
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.live.unet.parameters(), 1.0)
        self.optimiser.step()
        self.clock.tick()
        self.ema.update(self.clock.steps)
        return float(value.detach())

    def train(self, file: Path) -> None:
        """Step until the budget is spent, saving to ``file`` every few minutes."""
        recent: list[float] = []
        saved = time.monotonic()
        while not self.clock.spent():
            recent.append(self.step())
            if len(recent) == 100:
                self._report(recent)
                recent = []
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save(file)
                saved = time.monotonic()
        self.save(file)

    def _report(self, recent: list[float]) -> None:
        mean = sum(recent) / len(recent)
        self.losses.append((self.clock.steps, mean))
        speed = self.clock.steps * self.batch / max(self.clock.used, 1e-9)
        print(
            f"unet step {self.clock.steps} loss {mean:.4f} samples/s {speed:.0f} "
            f"budget {100 * self.clock.progress():.1f} %",
            flush=True,
        )

    def save(self, file: Path) -> None:
        """Write everything needed to go on, in one move."""
        state = {
            "steps": self.clock.steps,
            "used": self.clock.used,
            "losses": self.losses,
            "unet": self.live.unet.state_dict(),
            "text": self.live.text.state_dict(),
            "average_unet": self.average.unet.state_dict(),
            "average_text": self.average.text.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.pool.maker.generator.get_state(),
        }
        partial = file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(file)

    def resume(self, file: Path) -> None:
        """Go on from ``file``, if it exists."""
        if not file.is_file():
            return
        state = torch.load(file, map_location=self.device, weights_only=True)
        self.live.unet.load_state_dict(state["unet"])
        self.live.text.load_state_dict(state["text"])
        self.average.unet.load_state_dict(state["average_unet"])
        self.average.text.load_state_dict(state["average_text"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.pool.maker.generator.set_state(state["generator"].cpu())
        self.losses = [(int(step), float(value)) for step, value in state["losses"]]
        self.clock.resume(int(state["steps"]), float(state["used"]))
