"""The procedural world: scenes of one subject on one background, drawn in batches.

A scene is a row of a ``Scenes`` batch. ``World`` holds the tables of pictures on one device and
draws any number of rows at once with a gather and one ``grid_sample``; it runs the same on a
CPU and a GPU. Positions are pixels of a 64x64 frame, colours lie in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import torch
from torch.nn import functional

from framejam_pipeline.training.backgrounds import (
    EDGE,
    VARIANTS,
    background_table,
    photograph_table,
)
from framejam_pipeline.training.sprites import SPRITE_PX, load_sprites
from framejam_pipeline.training.vocabulary import (
    BACKGROUND_NAMES,
    COLOURS,
    MOTIONS,
    NATURAL,
    PALETTE,
    PHOTOGRAPH,
    PLACES,
    SIZES,
    SUBJECTS,
    Factors,
    is_held_out,
)

FRAMES: Final = 16
"""Frames of a clip."""

SIZE_PX: Final = (23.0, 31.0, 41.0)
"""Edge of a small, medium and big subject."""

PLACE_OFFSET: Final = 12.0
"""Distance of a named place from the centre of the frame, in pixels."""

REACH_PX: Final = 32.0
"""A displacement of this many pixels brings the affinity of a frame from 1 down to 0."""

PLACE_AXES: Final = ((-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (0.0, 0.0))
"""Where each named place lies from the centre of the frame, as (x, y)."""

_MOTION_AXES: Final = (
    (-1.0, 0.0),
    (1.0, 0.0),
    (0.0, -1.0),
    (0.0, 1.0),
    (0.0, 0.0),
    (0.0, 0.0),
    (0.0, 0.0),
)
_GROW, _SHRINK = MOTIONS.index("grow"), MOTIONS.index("shrink")


@dataclass
class Scenes:
    """A batch of scenes; every field is a tensor whose first dimension is the batch."""

    subject: torch.Tensor
    colour: torch.Tensor
    background: torch.Tensor
    variant: torch.Tensor
    size: torch.Tensor
    place: torch.Tensor
    motion: torch.Tensor
    centre: torch.Tensor  # (n, 2) px, of frame 0
    edge: torch.Tensor  # (n,) px, of frame 0
    reach: torch.Tensor  # (n,) total displacement over the clip, px (or px-equivalent of growth)
    crop: torch.Tensor  # (n, 3) photograph crop: scale and offset in [0, 1]

    def __len__(self) -> int:
        return int(self.subject.shape[0])

    def pick(self, rows: torch.Tensor) -> Scenes:
        """The scenes at ``rows`` (an index or mask tensor)."""
        return Scenes(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def factors(self) -> list[Factors]:
        """What a caption may say about each scene."""
        names = ("subject", "colour", "background", "size", "place", "motion")
        columns = [getattr(self, name).tolist() for name in names]
        return [Factors(*row) for row in zip(*columns, strict=True)]


class World:
    """Tables of pictures on a device, and the drawing of scenes from them."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.atlas = coloured_sprites().to(device)
        self.backgrounds = background_table().to(device)
        self.photographs = photograph_table().to(device)
        self._allowed = _combinations(held_out=False).to(device)
        self._held_out = _combinations(held_out=True).to(device)

    def sample(self, count: int, generator: torch.Generator, held_out: bool = False) -> Scenes:
        """Draw ``count`` random scenes, none of them (or all of them) of held-out combinations."""

        def integers(high: int) -> torch.Tensor:
            return torch.randint(high, (count,), generator=generator, device=self.device)

        def uniform(*shape: int) -> torch.Tensor:
            return torch.rand(count, *shape, generator=generator, device=self.device)

        table = self._held_out if held_out else self._allowed
        subject, colour, background = table[integers(len(table))].unbind(1)
        size, place = integers(len(SIZES)), integers(len(PLACES))
        centre = EDGE / 2 + self._axes(PLACE_AXES)[place] * PLACE_OFFSET
        scenes = Scenes(
            subject=subject,
            colour=colour,
            background=background,
            variant=integers(VARIANTS),
            size=size,
            place=place,
            motion=integers(len(MOTIONS)),
            centre=centre + 3.0 * (uniform(2) - 0.5),
            edge=self._axes(SIZE_PX)[size] * (0.95 + 0.1 * uniform()),
            reach=10.0 + 14.0 * uniform(),
            crop=uniform(3),
        )
        self.keep_inside(scenes)
        return scenes

    def _axes(self, values: tuple[object, ...]) -> torch.Tensor:
        return torch.tensor(values, device=self.device, dtype=torch.float32)

    def keep_inside(self, scenes: Scenes) -> None:
        """Turn round, in place, motions that would leave the frame or grow past any size."""
        axis = self._axes(_MOTION_AXES)[scenes.motion]
        end = scenes.centre + axis * scenes.reach[:, None]
        leaves = ((end < 8) | (end > EDGE - 8)).any(dim=1)
        opposite = torch.tensor([1, 0, 3, 2, 4, 5, 6], device=self.device)
        scenes.motion = torch.where(leaves, opposite[scenes.motion], scenes.motion)
        big, small = scenes.size == len(SIZES) - 1, scenes.size == 0
        scenes.motion = scenes.motion.masked_fill(big & (scenes.motion == _GROW), _SHRINK)
        scenes.motion = scenes.motion.masked_fill(small & (scenes.motion == _SHRINK), _GROW)

    def at(self, scenes: Scenes, progress: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Centre (n, 2) and edge (n,) in px at ``progress`` (n,) of the clip, in [0, 1]."""
        travelled = self.displacement(scenes, progress)
        centre = scenes.centre + self._axes(_MOTION_AXES)[scenes.motion] * travelled[:, None]
        growth = torch.zeros_like(travelled)
        growth = torch.where(scenes.motion == _GROW, travelled, growth)
        growth = torch.where(scenes.motion == _SHRINK, -travelled, growth)
        return centre, scenes.edge * torch.exp2(growth / REACH_PX)

    def displacement(self, scenes: Scenes, progress: torch.Tensor) -> torch.Tensor:
        """Pixels travelled since frame 0, (n,); growth by a factor of two counts as 32 px."""
        moving = scenes.motion != MOTIONS.index("still")
        return scenes.reach * progress * moving

    def backdrop(self, scenes: Scenes) -> torch.Tensor:
        """The backgrounds alone: (n, 3, 64, 64) in [0, 1]."""
        index = scenes.background.clamp_max(PHOTOGRAPH - 1) * VARIANTS + scenes.variant
        pictures = self.backgrounds[index]
        photos = scenes.background == PHOTOGRAPH
        if bool(photos.any()):
            pictures[photos] = self._crop_photographs(scenes.crop[photos])
        return pictures

    def _crop_photographs(self, crop: torch.Tensor) -> torch.Tensor:
        """Square crops, half to all of a photograph wide, at a random offset.

        Half of them are mirrored and a fifth are grey: the photographs are few.
        """
        which = (crop[:, 0] * 9973).long() % len(self.photographs)
        scale = 0.5 + 0.5 * crop[:, 0]
        shift = (2 * crop[:, 1:] - 1) * (1 - scale[:, None])
        cut = self._transform(self.photographs[which], scale, shift)
        mirrored = (crop[:, 0] * 99991).long() % 2 == 1
        cut = torch.where(mirrored[:, None, None, None], cut.flip(3), cut)
        grey = (crop[:, 0] * 77773).long() % 5 == 0
        return torch.where(grey[:, None, None, None], cut.mean(dim=1, keepdim=True), cut)

    def _transform(
        self, pictures: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor
    ) -> torch.Tensor:
        theta = torch.zeros(len(pictures), 2, 3, device=self.device)
        theta[:, 0, 0] = theta[:, 1, 1] = scale
        theta[:, :, 2] = shift
        grid = functional.affine_grid(theta, [len(pictures), 3, EDGE, EDGE], align_corners=False)
        return functional.grid_sample(pictures, grid, align_corners=False)

    def subject_layer(
        self, scenes: Scenes, centre: torch.Tensor, edge: torch.Tensor
    ) -> torch.Tensor:
        """The subject alone, premultiplied RGBA: (n, 4, 64, 64)."""
        sprites = self.atlas[scenes.subject, scenes.colour]
        scale = EDGE / edge
        shift = (1 - 2 * centre / EDGE) * scale[:, None]
        return self._transform(sprites, scale, shift)

    def draw(self, scenes: Scenes, progress: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames (n, 3, 64, 64) at ``progress`` (n,) and the subject's coverage (n, 1, 64, 64)."""
        layer = self.subject_layer(scenes, *self.at(scenes, progress))
        coverage = layer[:, 3:]
        return self.backdrop(scenes) * (1 - coverage) + layer[:, :3], coverage

    def draw_clips(self, scenes: Scenes, frames: int = FRAMES) -> torch.Tensor:
        """Whole clips: (n, frames, 3, 64, 64) in [0, 1]."""
        steps = torch.linspace(0.0, 1.0, frames, device=self.device)
        drawn = [self.draw(scenes, step.expand(len(scenes)))[0] for step in steps]
        return torch.stack(drawn, dim=1)


def coloured_sprites() -> torch.Tensor:
    """Every sprite in every colour: (subjects, colours + 1, 4, 32, 32), premultiplied RGBA.

    A sprite is recoloured by its luminance: dark parts become a darker shade of the colour,
    light parts a lighter one, so that its drawing stays readable.
    """
    rgba = torch.from_numpy(load_sprites().astype("float32")).permute(0, 3, 1, 2) / 255.0
    rgb, alpha = rgba[:, :3], rgba[:, 3:]
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    light = (rgb * weights).sum(dim=1, keepdim=True)
    # Spread each sprite's own range of luminance (2nd to 98th percentile) over [0, 1].
    inside = [light[i][alpha[i] > 0.5] for i in range(len(light))]
    low = torch.stack([v.quantile(0.02) for v in inside])[:, None, None, None]
    high = torch.stack([v.quantile(0.98) for v in inside])[:, None, None, None]
    flat = (high - low) < 0.05
    light = torch.where(flat, torch.full_like(light, 0.6), (light - low) / (high - low + 1e-6))
    light = light.clamp(0.0, 1.0)
    layers = [_shade(light, torch.tensor(PALETTE[name]) / 255.0) for name in COLOURS] + [rgb]
    assert len(layers) == NATURAL + 1
    layers = [torch.cat([layer * alpha, alpha], dim=1) for layer in layers]
    atlas = torch.stack(layers, dim=1)
    assert atlas.shape[-1] == SPRITE_PX
    return atlas


def _shade(light: torch.Tensor, colour: torch.Tensor) -> torch.Tensor:
    """Colour (3,) shaded by ``light`` (n, 1, h, w): from darker to lighter."""
    base = colour[:, None, None]
    dark = base * (0.45 + 1.1 * light.clamp_max(0.5))
    bright = base + (1 - base) * 0.3 * (light - 0.5).clamp_min(0.0)
    return torch.where(light < 0.5, dark, bright)


def _combinations(held_out: bool) -> torch.Tensor:
    rows = [
        (subject, colour, background)
        for subject in range(len(SUBJECTS))
        for colour in range(len(COLOURS) + 1)
        for background in range(len(BACKGROUND_NAMES))
        if is_held_out(subject, colour, background) == held_out
    ]
    return torch.tensor(rows)
