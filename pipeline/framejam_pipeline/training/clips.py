"""Training of the motion modules: whole clips, all other weights frozen."""

from __future__ import annotations

from typing import Final

import torch
from diffusers import UNetMotionModel

from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.motion import motion_modules, motion_unet
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.samples import STROKE_SHARE, SampleMaker, warp_region
from framejam_pipeline.training.strokes import paint, random_strokes
from framejam_pipeline.training.text import encode_text
from framejam_pipeline.training.trainer import Trainer
from framejam_pipeline.training.unet import add_noise, new_scheduler, random_timesteps
from framejam_pipeline.training.vocabulary import caption
from framejam_pipeline.training.world import FRAMES, REACH_PX

RATE: Final = 1e-3
WARPED_SHARE: Final = 0.3
TEXT_SHARE: Final = 0.1
_MOVES: Final = 4  # the first four motions shift the subject; only those can be warped


class ClipMaker:
    """Draws clips with their conditions, as rows of frames: clip 0 frame 0, clip 0 frame 1 ..."""

    def __init__(self, maker: SampleMaker) -> None:
        self.maker = maker

    @torch.no_grad()
    def make(self, clips: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Clean latents (n, 4, 16, 16), affinity and condition (n, 5, 16, 16), ids (n, 32)."""
        maker, world = self.maker, self.maker.world
        scenes = maker.scenes(clips)
        rows = torch.arange(clips, device=world.device).repeat_interleave(FRAMES)
        every = scenes.pick(rows)
        progress = torch.linspace(0, 1, FRAMES, device=world.device).repeat(clips)
        target, _ = world.draw(every, progress)
        first, coverage = world.draw(every, torch.zeros_like(progress))
        travelled = world.displacement(every, progress)
        warped = (maker.chance(clips, WARPED_SHARE) & (scenes.motion < _MOVES))[rows]
        shift = (world.at(every, progress)[0] - every.centre).round()
        moved = warp_region(first, coverage, shift)
        condition = torch.where(warped.view(-1, 1, 1, 1), moved, first)
        affinity = torch.where(warped, torch.ones_like(travelled), 1 - travelled / REACH_PX)
        strokes, colour = random_strokes(clips, maker.generator, world.device)
        strokes = strokes * maker.chance(clips, STROKE_SHARE).view(-1, 1, 1, 1)
        target = paint(target, strokes[rows], colour[rows])
        condition = paint(condition, strokes[rows], colour[rows])
        clean, known = maker.encode_pair(target, condition)
        extra = torch.cat([affinity.view(-1, 1, 1, 1).expand(-1, 1, *known.shape[2:]), known], 1)
        blind = maker.chance(clips, TEXT_SHARE)[rows].view(-1, 1, 1, 1)
        extra = extra.masked_fill(blind, 0.0)
        said = [caption(f, maker.rng, motion_chance=1.0) for f in scenes.factors()]
        ids = maker.captions.ids(said).to(world.device)[rows]
        return clean, extra, ids


class ClipLoss:
    """Weighted squared error of the velocity predicted for whole clips."""

    def __init__(self, parts: Parts, unet: UNetMotionModel, maker: SampleMaker, clips: int) -> None:
        self.text, self.unet = parts.text, unet
        self.maker, self.clips = ClipMaker(maker), clips
        self.generator, self.device = maker.generator, maker.world.device
        self.alphas = new_scheduler().alphas_cumprod.to(self.device)

    def __call__(self) -> torch.Tensor:
        """The loss of one new batch of clips."""
        clean, extra, ids = self.maker.make(self.clips)
        times = random_timesteps(self.clips, self.generator, self.device)
        noise = torch.randn(clean.shape, generator=self.generator, device=self.device)
        noisy, velocity = add_noise(clean, noise, times.repeat_interleave(FRAMES), self.alphas)
        with torch.no_grad():
            states = encode_text(self.text, ids)
        image = torch.cat([noisy, extra], dim=1)
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
