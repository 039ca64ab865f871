"""Training samples of the UNet: target, image condition, affinity, caption, loss weight.

Four kinds: text to image (condition and affinity zero); ``static``, where the condition is
frame 0 and the target a later frame, with affinity ``1 - displacement / 32 px``; ``warped``,
where the subject's pixels were crudely moved already and the affinity is 1; and ``photographs``,
which stay as they are whatever the caption says, as reference images do.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from typing import Final

import torch
from diffusers import AutoencoderTiny
from torch.nn import functional

from framejam_pipeline.training.autoencoder import encode
from framejam_pipeline.training.backgrounds import EDGE
from framejam_pipeline.training.strokes import paint, random_strokes
from framejam_pipeline.training.text import Captions
from framejam_pipeline.training.unet import LATENT_EDGE
from framejam_pipeline.training.vocabulary import COLOURS, PHOTOGRAPH, Factors, caption
from framejam_pipeline.training.world import FRAMES, REACH_PX, Scenes, World

STROKE_SHARE: Final = 0.35
LATE_SHARE: Final = 0.5
"""Share of the strokes that the condition lacks."""

TEXT_STROKES: Final = 0.08
PHOTO_SHARE: Final = 0.15
RECOLOUR_SHARE: Final = 0.12
CAPTION_DROPOUT: Final = 0.1

LATE_TIMESTEP: Final = 400
"""Strokes that the condition lacks are only seen below this timestep, where noise leaves them
visible. The model then keeps what somebody painted mid-loop and never invents a stroke."""


@dataclass
class Samples:
    """Rows of training data; latents are scaled to unit variance."""

    clean: torch.Tensor  # (n, 4, 16, 16)
    condition: torch.Tensor  # (n, 4, 16, 16)
    affinity: torch.Tensor  # (n, 1, 16, 16) in [0, 1]
    weight: torch.Tensor  # (n, 1, 16, 16) of the loss
    ids: torch.Tensor  # (n, 32)
    latest: torch.Tensor  # (n,) highest timestep at which the row may be used

    def pick(self, rows: torch.Tensor) -> Samples:
        """The samples at ``rows``."""
        return Samples(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def put(self, rows: torch.Tensor, new: Samples) -> None:
        """Overwrite ``rows`` in place."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(new, field.name)


def concatenate(parts: list[Samples]) -> Samples:
    """All rows of ``parts``, in order."""
    names = [f.name for f in fields(Samples)]
    return Samples(**{n: torch.cat([getattr(part, n) for part in parts]) for n in names})


class SampleMaker:
    """Draws fresh samples on the world's device."""

    def __init__(self, world: World, vae: AutoencoderTiny, captions: Captions, seed: int) -> None:
        self.world = world
        self.vae = vae
        self.captions = captions
        self.rng = random.Random(seed)
        self.generator = torch.Generator(world.device).manual_seed(seed)

    @torch.no_grad()
    def make(self, text: int, static: int, warped: int, photographs: int) -> Samples:
        """The given numbers of each kind, in this order."""
        parts = []
        if text:
            parts.append(self._text(text))
        if static:
            parts.append(self._static(static))
        if warped:
            parts.append(self._warped(warped))
        if photographs:
            parts.append(self._photographs(photographs))
        return concatenate(parts)

    def chance(self, count: int, share: float) -> torch.Tensor:
        """True in about ``share`` of ``count`` rows."""
        device = self.world.device
        return torch.rand(count, generator=self.generator, device=device) < share

    def _text(self, count: int) -> Samples:
        scenes = self.world.sample(count, self.generator)
        target, coverage = self.world.draw(scenes, self._zeros(count))
        target, _, coverage, late = self._with_strokes(target, target, coverage, TEXT_STROKES)
        texts = [caption(f, self.rng) for f in scenes.factors()]
        latest = torch.where(late, LATE_TIMESTEP, 999)
        return self._finish(target, None, self._zeros(count), coverage, latest, texts)

    def _static(self, count: int) -> Samples:
        scenes = self.scenes(count)
        spread = torch.rand(count, generator=self.generator, device=self.world.device)
        # Late frames, where words matter most, are drawn more often than early ones.
        later = (FRAMES * spread.pow(0.7)).long().clamp_max(FRAMES - 1)
        silent = self.chance(count, 0.15)  # no motion in words: nothing moves
        progress = (later / (FRAMES - 1)).masked_fill(silent, 0.0)
        condition, left = self.world.draw(self._recoloured(scenes), self._zeros(count))
        target, coverage = self.world.draw(scenes, progress)
        coverage = torch.maximum(coverage, left)  # where the subject was counts as much
        target, condition, coverage, late = self._with_strokes(target, condition, coverage)
        latest = torch.where(late, LATE_TIMESTEP, 999)
        affinity = 1 - self.world.displacement(scenes, progress) / REACH_PX
        texts = [
            caption(f, self.rng, motion_chance=0.0 if quiet else 1.0)
            for f, quiet in zip(scenes.factors(), silent.tolist(), strict=True)
        ]
        return self._finish(target, condition, affinity, coverage, latest, texts)

    def _warped(self, count: int) -> Samples:
        scenes = self.scenes(count)
        goal = 10 + (EDGE - 20) * torch.rand(
            count, 2, generator=self.generator, device=self.world.device
        )
        shift = ((goal - scenes.centre) * 0.75).round()
        backdrop = self.world.backdrop(scenes)
        before = self.world.subject_layer(scenes, scenes.centre, scenes.edge)
        after = self.world.subject_layer(scenes, scenes.centre + shift, scenes.edge)
        source = backdrop * (1 - before[:, 3:]) + before[:, :3]
        target = backdrop * (1 - after[:, 3:]) + after[:, :3]
        condition = warp_region(source, before[:, 3:], shift)
        # What the crude warp got wrong lies on the old place and on the rim of the new one.
        worth = functional.max_pool2d(torch.maximum(before, after)[:, 3:], 5, stride=1, padding=2)
        target, condition, coverage, late = self._with_strokes(target, condition, worth)
        latest = torch.where(late, LATE_TIMESTEP, 999)
        ones = torch.ones(count, device=self.world.device)
        texts = [caption(f, self.rng) for f in scenes.factors()]
        return self._finish(target, condition, ones, coverage, latest, texts)

    def _photographs(self, count: int) -> Samples:
        """Photographs without a subject. They come with no words, with their own, or with wrong
        ones: a reference image overrides what the words say it shows."""
        scenes = self.world.sample(count, self.generator)
        named = scenes.factors()
        photos = replace(scenes, background=torch.full_like(scenes.background, PHOTOGRAPH))
        target = self.world.backdrop(photos)
        # Nothing in particular is worth learning, so all of it is, at half a subject's weight.
        coverage = torch.full_like(target[:, :1], 0.5)
        target, condition, coverage, late = self._with_strokes(target, target.clone(), coverage)
        latest = torch.where(late, LATE_TIMESTEP, 999)
        wordings = (lambda _: "", lambda _: "a photograph", self._motionless)
        texts = [self.rng.choice(wordings)(factors) for factors in named]
        ones = torch.ones(count, device=self.world.device)
        return self._finish(target, condition, ones, coverage, latest, texts)

    def _motionless(self, factors: Factors) -> str:
        return caption(factors, self.rng, motion_chance=0.0)

    def scenes(self, count: int) -> Scenes:
        """Scenes for image conditions: some of them stand before a photograph."""
        scenes = self.world.sample(count, self.generator)
        photos = self.chance(count, PHOTO_SHARE)
        return replace(scenes, background=scenes.background.masked_fill(photos, PHOTOGRAPH))

    def _recoloured(self, scenes: Scenes) -> Scenes:
        """The scenes in another colour here and there, so that words can change an image."""
        other = torch.randint(
            len(COLOURS), (len(scenes),), generator=self.generator, device=self.world.device
        )
        changed = self.chance(len(scenes), RECOLOUR_SHARE) & (scenes.colour < len(COLOURS))
        return replace(scenes, colour=torch.where(changed, other, scenes.colour))

    def _with_strokes(
        self,
        target: torch.Tensor,
        condition: torch.Tensor,
        coverage: torch.Tensor,
        share: float = STROKE_SHARE,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Paint strokes on a share of the rows; the condition lacks some of them.

        Returns target, condition, coverage of what is worth learning, and which rows (n,) have
        a stroke that the condition does not show.
        """
        count = len(target)
        strokes, colour = random_strokes(count, self.generator, self.world.device)
        chosen = self.chance(count, share)
        strokes = strokes * chosen.view(-1, 1, 1, 1)
        late = self.chance(count, LATE_SHARE) & chosen
        if condition is target:
            late = chosen
        known = paint(condition, strokes, colour)
        known = torch.where(late.view(-1, 1, 1, 1), condition, known)
        return paint(target, strokes, colour), known, torch.maximum(coverage, strokes), late

    def encode_pair(
        self, target: torch.Tensor, condition: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents of both; a missing condition is zero, as in text to image.

        A condition gets a little noise, as decoded and encoded again ones have. With more of it
        (0.05) the model blurred conditions that had none.
        """
        if condition is None:
            clean = encode(self.vae, target)
            return clean, torch.zeros_like(clean)
        clean, known = encode(self.vae, torch.cat([target, condition])).chunk(2)
        noise = torch.randn(known.shape, generator=self.generator, device=known.device)
        return clean, known + 0.02 * noise

    def _zeros(self, count: int) -> torch.Tensor:
        return torch.zeros(count, device=self.world.device)

    def _finish(
        self,
        target: torch.Tensor,
        condition: torch.Tensor | None,
        affinity: torch.Tensor,
        coverage: torch.Tensor,
        latest: torch.Tensor,
        texts: list[str],
    ) -> Samples:
        count = len(target)
        clean, known = self.encode_pair(target, condition)
        spoken = ["" if self.rng.random() < CAPTION_DROPOUT else text for text in texts]
        return Samples(
            clean=clean,
            condition=known,
            affinity=affinity.view(-1, 1, 1, 1).expand(count, 1, LATENT_EDGE, LATENT_EDGE),
            weight=1 + 5 * functional.adaptive_avg_pool2d(coverage, LATENT_EDGE),
            ids=self.captions.ids(spoken).to(self.world.device),
            latest=latest,
        )


def warp_region(frames: torch.Tensor, region: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """Move a region's pixels by whole pixels and fill the hole from around it.

    frames (n, 3, 64, 64) in [0, 1], region (n, 1, 64, 64) in [0, 1], shift (n, 2) as (x, y) px.
    Crude on purpose: the cut takes a rim of the old background along.
    """
    mask = (functional.max_pool2d(region, 5, stride=1, padding=2) > 0.1).float()
    keep = 1 - mask
    blurred = _blur(frames * keep) / _blur(keep).clamp_min(1e-3)
    filled = frames * keep + blurred * mask
    theta = torch.eye(2, 3, device=frames.device).repeat(len(frames), 1, 1)
    theta[:, :, 2] = -2 * shift / EDGE
    both = torch.cat([frames, mask], dim=1)
    grid = functional.affine_grid(theta, list(both.shape), align_corners=False)
    moved = functional.grid_sample(both, grid, mode="nearest", align_corners=False)
    return filled * (1 - moved[:, 3:]) + moved[:, :3] * moved[:, 3:]


def _blur(pictures: torch.Tensor) -> torch.Tensor:
    small = functional.avg_pool2d(pictures, 4)
    for _ in range(2):
        small = functional.avg_pool2d(small, 5, stride=1, padding=2)
    return functional.interpolate(small, scale_factor=4, mode="bilinear")


class Pool:
    """A ring of samples; every batch refreshes a part of it and draws from the whole.

    Drawing and encoding a sample costs about a fifth of a training step on a CPU, and a sample
    is a new problem with every noise and timestep, so using each a few times is nearly free.
    """

    def __init__(self, maker: SampleMaker, capacity: int, mix: tuple[float, ...]) -> None:
        self.maker = maker
        self.capacity = capacity
        self.mix = mix
        self._rows: Samples | None = None
        self._held = 0
        self._next = 0

    def batch(self, size: int, fresh: int) -> Samples:
        """``size`` samples, after ``fresh`` new ones have replaced the oldest."""
        if self._rows is None:
            self._rows = _spread(self._new(fresh), self.capacity)
            for _ in range(self.capacity // (4 * fresh)):
                self._add(self._rows, fresh)
        self._add(self._rows, fresh)
        generator, device = self.maker.generator, self.maker.world.device
        return self._rows.pick(
            torch.randint(self._held, (size,), generator=generator, device=device)
        )

    def _add(self, rows: Samples, count: int) -> None:
        new = self._new(count)
        where = torch.arange(self._next, self._next + count) % self.capacity
        rows.put(where.to(new.clean.device), new)
        self._next = (self._next + count) % self.capacity
        self._held = min(self.capacity, self._held + count)

    def _new(self, count: int) -> Samples:
        """``count`` samples in the proportions of the mix; remainders are settled by lot."""
        numbers = [int(share * count) for share in self.mix]
        while sum(numbers) < count:
            kind = self.maker.rng.choices(range(len(self.mix)), weights=self.mix)[0]
            numbers[kind] += 1
        return self.maker.make(*numbers)


def _spread(like: Samples, capacity: int) -> Samples:
    """Room for ``capacity`` rows shaped as those of ``like``."""
    room = {}
    for field in fields(Samples):
        value: torch.Tensor = getattr(like, field.name)
        room[field.name] = value.new_zeros(capacity, *value.shape[1:])
    return Samples(**room)
