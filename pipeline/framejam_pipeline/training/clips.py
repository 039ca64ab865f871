"""Training of the motion modules: whole clips, all other weights frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from diffusers import UNetMotionModel

from framejam_pipeline.training.backgrounds import EDGE
from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.denoiser import LATE_SHARE
from framejam_pipeline.training.motion import motion_modules, motion_unet
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.samples import (
    LATE_TIMESTEP,
    STROKE_SHARE,
    SampleMaker,
    warp_region,
)
from framejam_pipeline.training.strokes import paint, random_strokes
from framejam_pipeline.training.text import encode_text
from framejam_pipeline.training.trainer import Trainer
from framejam_pipeline.training.unet import add_noise, new_scheduler, random_timesteps
from framejam_pipeline.training.vocabulary import PHOTOGRAPH, caption
from framejam_pipeline.training.world import FRAMES, REACH_PX, Scenes

RATE: Final = 1e-3
DRAGGED_SHARE: Final = 0.35
PHOTOGRAPH_SHARE: Final = 0.08
TEXT_SHARE: Final = 0.05


@dataclass
class Clips:
    """Training clips as rows of frames: clip 0 frame 0, clip 0 frame 1 ..."""

    clean: torch.Tensor  # (n, 4, 16, 16) scaled latents
    extra: torch.Tensor  # (n, 5, 16, 16) affinity and condition
    ids: torch.Tensor  # (n, 32)
    settled: torch.Tensor  # (clips,) whether the condition already shows every frame's layout


class ClipMaker:
    """Draws clips of three kinds with their conditions.

    In most, words move the subject away from one condition. In ``dragged`` ones each frame has
    its own condition, in which the subject's pixels were moved along a curve. ``photographs``
    show no subject and stand still.
    """

    def __init__(self, maker: SampleMaker) -> None:
        self.maker = maker

    @torch.no_grad()
    def make(self, clips: int) -> Clips:
        """Draw new clips."""
        maker, world = self.maker, self.maker.world
        scenes = maker.scenes(clips)
        photographs = maker.chance(clips, PHOTOGRAPH_SHARE)
        dragged = maker.chance(clips, DRAGGED_SHARE) & ~photographs
        told = scenes.factors()
        scenes.background = scenes.background.masked_fill(photographs, PHOTOGRAPH)
        rows = torch.arange(clips, device=world.device).repeat_interleave(FRAMES)
        every, pulled, empty = scenes.pick(rows), dragged[rows], photographs[rows]
        progress = torch.linspace(0, 1, FRAMES, device=world.device).repeat(clips)
        shift = self._curves(scenes).flatten(0, 1).round()
        centre, edge = world.at(every, progress)
        centre = torch.where(pulled[:, None], every.centre + shift, centre)
        edge = torch.where(pulled, every.edge, edge)
        backdrop, shown = world.backdrop(every), (~empty).float().view(-1, 1, 1, 1)
        now = world.subject_layer(every, centre, edge) * shown
        before = world.subject_layer(every, every.centre, every.edge) * shown
        target = backdrop * (1 - now[:, 3:]) + now[:, :3]
        first = backdrop * (1 - before[:, 3:]) + before[:, :3]
        moved = warp_region(first, before[:, 3:], shift)
        condition = torch.where(pulled.view(-1, 1, 1, 1), moved, first)
        target, condition = self._paint(target, condition, rows)
        clean, known = maker.encode_pair(target, condition)
        affinity = 1 - world.displacement(every, progress) / REACH_PX
        affinity = affinity.masked_fill(pulled | empty, 1.0)
        extra = torch.cat([affinity.view(-1, 1, 1, 1).expand(-1, 1, *known.shape[2:]), known], 1)
        blind = maker.chance(clips, TEXT_SHARE)
        extra = extra.masked_fill(blind[rows].view(-1, 1, 1, 1), 0.0)
        settled = (dragged | photographs) & ~blind
        said = [
            caption(f, maker.rng, motion_chance=0.0 if quiet else 1.0)
            for f, quiet in zip(told, settled.tolist(), strict=True)
        ]
        ids = maker.captions.ids(said).to(world.device)[rows]
        return Clips(clean, extra, ids, settled)

    def _curves(self, scenes: Scenes) -> torch.Tensor:
        """Shifts (clips, 16, 2) px along quadratic curves from 0 to a goal inside the frame."""
        device, generator = self.maker.world.device, self.maker.generator
        place = torch.rand(len(scenes), 2, generator=generator, device=device)
        bend = torch.rand(len(scenes), 1, 2, generator=generator, device=device) - 0.5
        goal = ((10 + (EDGE - 20) * place - scenes.centre) * 0.75)[:, None]
        t = torch.linspace(0, 1, FRAMES, device=device)[None, :, None]
        return 2 * t * (1 - t) * (0.5 * goal + 12 * bend) + t**2 * goal

    def _paint(
        self, target: torch.Tensor, condition: torch.Tensor, rows: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Lay the same stroke over every frame of some clips."""
        maker, clips = self.maker, int(rows[-1]) + 1
        strokes, colour = random_strokes(clips, maker.generator, maker.world.device)
        strokes = strokes * maker.chance(clips, STROKE_SHARE).view(-1, 1, 1, 1)
        painted = [paint(frames, strokes[rows], colour[rows]) for frames in (target, condition)]
        return painted[0], painted[1]


class ClipLoss:
    """Weighted squared error of the velocity predicted for whole clips."""

    def __init__(self, parts: Parts, unet: UNetMotionModel, maker: SampleMaker, clips: int) -> None:
        self.text, self.unet = parts.text, unet
        self.maker, self.clips = ClipMaker(maker), clips
        self.generator, self.device = maker.generator, maker.world.device
        self.alphas = new_scheduler().alphas_cumprod.to(self.device)

    def __call__(self) -> torch.Tensor:
        """The loss of one new batch of clips."""
        drawn = self.maker.make(self.clips)
        clean = drawn.clean
        times = random_timesteps(self.clips, self.generator, self.device)
        # As for single frames: copying a settled layout exactly is the late steps' work.
        coin = torch.rand(self.clips, generator=self.generator, device=self.device) < LATE_SHARE
        times = torch.where(drawn.settled & coin, times * LATE_TIMESTEP // 999, times)
        noise = torch.randn(clean.shape, generator=self.generator, device=self.device)
        noisy, velocity = add_noise(clean, noise, times.repeat_interleave(FRAMES), self.alphas)
        with torch.no_grad():
            states = encode_text(self.text, drawn.ids)
        image = torch.cat([noisy, drawn.extra], dim=1)
        clip = image.view(self.clips, FRAMES, *image.shape[1:]).transpose(1, 2)
        fast = self.device.type == "cuda"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=fast):
            guess = self.unet(clip, times, encoder_hidden_states=states).sample
        guess = guess.transpose(1, 2).reshape(velocity.shape)
        # Where a clip changes is where the modules have something to learn.
        by_clip = clean.view(self.clips, FRAMES, *clean.shape[1:])
        moving = (by_clip - by_clip.mean(dim=1, keepdim=True)).abs().amax(dim=(1, 2)) > 0.3
        weight = (1 + 4 * moving.float()).repeat_interleave(FRAMES, dim=0)[:, None]
        error = (guess.float() - velocity).square() * weight
        mean: torch.Tensor = error.mean() / weight.mean()
        return mean


def clip_trainer(parts: Parts, maker: SampleMaker, clock: Budget, clips: int = 2) -> Trainer:
    """A trainer of the motion modules whose average goes to ``parts.adapter``."""
    unet = motion_unet(parts.unet, parts.adapter).to(maker.world.device)
    unet.requires_grad_(False)
    live = motion_modules(unet).requires_grad_(True)
    return Trainer(
        live={"motion": live},
        average={"motion": motion_modules(parts.adapter)},
        rates={"motion": RATE},
        loss=ClipLoss(parts, unet, maker, clips),
        generator=maker.generator,
        clock=clock,
    )
