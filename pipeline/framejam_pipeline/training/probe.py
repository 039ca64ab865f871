"""The probe: a small network that says what a frame shows. Trained on ground truth, then frozen.

It never sees an output of the model that it measures. Mild blur and noise are added to the
truth, so that it judges what is shown rather than how sharply.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from framejam_pipeline.training.backgrounds import EDGE
from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.strokes import paint, random_strokes
from framejam_pipeline.training.vocabulary import BACKGROUND_NAMES, COLOURS, SUBJECTS
from framejam_pipeline.training.world import World

PROBE_FILE: Final = Path(__file__).with_name("probe.safetensors")
_GRID: Final = 16


@dataclass
class Reading:
    """What the probe says about n frames."""

    subject: torch.Tensor  # (n, subjects) logits
    colour: torch.Tensor  # (n, colours + 1) logits
    background: torch.Tensor  # (n, backgrounds) logits
    centre: torch.Tensor  # (n, 2) px as (x, y)
    edge: torch.Tensor  # (n,) px


class Probe(nn.Module):
    """Convolutions to a 16x16 grid, a heat map for the place, features pooled under it."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding=1),
            nn.GroupNorm(8, 32),
            nn.SiLU(),
            nn.Conv2d(32, width, 3, stride=2, padding=1),
            nn.GroupNorm(8, width),
            nn.SiLU(),
            *_block(width, 1),
            *_block(width, 2),
            *_block(width, 4),
        )
        self.heat = nn.Conv2d(width, 1, 1)
        self.features = nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1), nn.SiLU())
        self.subject = nn.Linear(2 * width, len(SUBJECTS))
        self.colour = nn.Linear(2 * width, len(COLOURS) + 1)
        self.edge = nn.Linear(2 * width, 1)
        self.background = nn.Linear(width, len(BACKGROUND_NAMES))

    def forward(self, frames: torch.Tensor) -> Reading:
        """Read frames (n, 3, 64, 64) in [0, 1]."""
        grid = self.body(frames * 2 - 1)
        heat = self.heat(grid).flatten(1).softmax(dim=1).view(-1, 1, _GRID, _GRID)
        axis = (torch.arange(_GRID, device=frames.device) + 0.5) * (EDGE / _GRID)
        x = (heat.sum(dim=2) * axis).sum(dim=(1, 2))
        y = (heat.sum(dim=3) * axis).sum(dim=(1, 2))
        pooled = (self.features(grid) * heat).sum(dim=(2, 3))
        return Reading(
            subject=self.subject(pooled),
            colour=self.colour(pooled),
            background=self.background(grid.mean(dim=(2, 3))),
            centre=torch.stack([x, y], dim=1),
            edge=32 + 16 * self.edge(pooled)[:, 0],
        )


def _block(width: int, dilation: int) -> list[nn.Module]:
    return [
        nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation),
        nn.GroupNorm(8, width),
        nn.SiLU(),
    ]


def _degrade(frames: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Blur half of the frames a little and add noise."""
    blurred = functional.avg_pool2d(frames, 3, stride=1, padding=1, count_include_pad=False)
    amount = torch.rand(len(frames), 1, 1, 1, generator=generator, device=frames.device)
    noise = torch.randn(frames.shape, generator=generator, device=frames.device)
    return torch.lerp(frames, blurred, (2 * amount - 1).clamp_min(0.0)) + 0.02 * noise


def train(world: World, seed: int, seconds: float, max_steps: int | None = None) -> Probe:
    """A new probe, trained on drawn frames for ``seconds`` (or ``max_steps``)."""
    generator = torch.Generator(world.device).manual_seed(seed)
    torch.manual_seed(seed)
    probe = Probe().to(world.device)
    optimiser = torch.optim.AdamW(probe.parameters(), lr=2e-3, weight_decay=1e-3)
    clock = Budget(seconds, max_steps)
    while not clock.spent():
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * clock.rate()
        value = _loss(probe, world, generator)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        optimiser.step()
        clock.tick()
    return probe.eval().requires_grad_(False)


def _loss(probe: Probe, world: World, generator: torch.Generator) -> torch.Tensor:
    scenes = world.sample(48, generator)
    progress = torch.rand(len(scenes), generator=generator, device=world.device)
    frames, _ = world.draw(scenes, progress)
    coverage, colour = random_strokes(8, generator, world.device)
    frames[:8] = paint(frames[:8], coverage, colour)
    reading = probe(_degrade(frames, generator))
    centre, edge = world.at(scenes, progress)
    named = functional.cross_entropy(reading.subject, scenes.subject)
    named = named + functional.cross_entropy(reading.colour, scenes.colour)
    named = named + functional.cross_entropy(reading.background, scenes.background)
    placed = (reading.centre - centre).abs().mean() + 0.3 * (reading.edge - edge).abs().mean()
    total: torch.Tensor = named + 0.05 * placed
    return total


def save_probe(probe: Probe, file: Path = PROBE_FILE) -> None:
    """Write the probe's weights as fp16."""
    save_file({k: v.half().contiguous() for k, v in probe.state_dict().items()}, file)


def load_probe(device: torch.device, file: Path = PROBE_FILE) -> Probe:
    """The frozen probe."""
    probe = Probe()
    probe.load_state_dict({k: v.float() for k, v in load_file(file).items()})
    return probe.to(device).eval().requires_grad_(False)
