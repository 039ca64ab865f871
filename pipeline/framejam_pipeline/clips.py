"""What each frame is to look like: intermediate images set in motion, as latents and as pulls.

The latents are the image condition of P_video, and where it was painted or moved, frames are pulled
towards them as a residual: as a condition alone paint fades, as a residual alone it does not move
the rest along. Strokes and drags that are limited to some frames do the second only: those frames
are pulled towards a picture of their own (T10).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from framejam_pipeline.drag import Displacements
from framejam_pipeline.entries import Fold
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.paint import Mask, pool, touched
from framejam_pipeline.pictures import Depicted, Pictures, depicted
from framejam_pipeline.residual import Field, Residual, fold_fields
from framejam_pipeline.scenes import lasting, scenes
from framejam_pipeline.warp import Lifted, lift, warp
from framejam_protocol.instructions import Drag, Settings

Moved = tuple[Depicted, tuple[Drag, ...]]
"""All of a fold that the clip of its frames depends on."""


@dataclass(frozen=True)
class Clip:
    """What the picture looks like in some frames, and how strongly it is held there.

    ``latents`` (F, c, h, w) of the frames; the weights (F, h, w) are those of ``Warped`` by latent
    cells. F is 1 where all frames are alike.
    """

    latents: torch.Tensor
    place: torch.Tensor
    hole: torch.Tensor
    paint: torch.Tensor

    def of(self, frames: Sequence[int]) -> Clip:
        """Some of the frames, each for itself."""
        chosen = [0] * len(frames) if len(self.latents) == 1 else list(frames)
        parts = (self.latents, self.place, self.hole, self.paint)
        return Clip(*(part[chosen] for part in parts))


@dataclass(frozen=True)
class Target:
    """``image`` (F, c, h, w) is what P_video is conditioned on, F is 1 where nothing moves;
    ``pulls`` is what the frames are pulled towards."""

    image: torch.Tensor
    pulls: Clip

    @property
    def moves(self) -> bool:
        """Whether each frame has its own image: a drag beyond the frame catches nothing."""
        return len(self.image) > 1


class Clips:
    """The targets of one take's folds. Equal folds give equal targets.

    ``remember`` bounds the results kept; it changes speed, never results.
    """

    def __init__(
        self, model: VideoModel, settings: Settings, pictures: Pictures, remember: int
    ) -> None:
        self._model = model
        self._settings = settings
        self._pictures = pictures
        self._targets: Memo[Moved, Target] = Memo(remember)
        self._displacements = Displacements(settings.width, settings.height, min(remember, 4))
        self._lifts: Memo[tuple[Moved, int], Lifted | None] = Memo(min(remember, 1))

    def target(self, fold: Fold) -> Target:
        """Return what the frames of ``fold``, whose ranges are fitted, are to look like.

        Raises ``ImageUnreadable``.
        """
        return self._targets.get(_moved(fold), lambda: self._target(fold))

    def residual(self, clip: Clip, pulled: bool) -> Residual | None:
        """Pull every frame towards its picture, cell by cell as far as it is painted or moved.

        ``pulled`` tells whether what is moved has weight still. None where nothing has any.
        """
        weights = [clip.paint, *((clip.place, clip.hole) if pulled else ())]
        frames = clip.latents.transpose(0, 1)
        fields = [Field(weight=weight, target=frames) for weight in weights if weight.any()]
        if not fields:
            return None
        folded = fold_fields(fields, self._model.spec.latent_shape(self._settings))
        return folded.to(self._model.device)

    def lifted(self, fold: Fold, frame: int) -> Lifted | None:
        """Return what the drags of ``fold``, all of them in ``frame``, lift off the picture."""

        def find() -> Lifted | None:
            motion = self._displacements.motion(fold.drags, [frame], self._settings.frames)
            return lift(self._pictures.painting(fold).pixels, motion)

        return self._lifts.get((_moved(fold), frame), find) if fold.drags else None

    def _target(self, fold: Fold) -> Target:
        every = range(self._settings.frames)
        whole = lasting(fold)
        clip = self._clip(whole, every)
        if whole == fold:
            return Target(clip.latents, clip)
        parts: list[Clip] = []
        order: list[int] = []
        for scene, frames in scenes(fold, len(every)):
            here = range(len(frames))
            same = scene == whole
            parts.append(clip.of(frames) if same else self._clip(scene, frames).of(here))
            order += frames
        # Back from the order of the scenes to that of the frames.
        back = torch.argsort(torch.tensor(order))
        fields = [[part.latents, part.place, part.hole, part.paint] for part in parts]
        joined = (torch.cat(field)[back] for field in zip(*fields, strict=True))
        return Target(clip.latents, Clip(*joined))

    def _clip(self, fold: Fold, frames: Sequence[int]) -> Clip:
        """Return some frames in which all strokes and drags of ``fold`` are there."""
        painting = self._pictures.painting(fold)
        motion = self._displacements.motion(fold.drags, frames, self._settings.frames)
        if not motion.total.region.any():
            latents = self._model.encode_image(painting.pixels)
            nothing = torch.zeros((1, *latents.shape[2:]), dtype=torch.float64)
            return Clip(latents, nothing, nothing, self._cells(painting.weight[None], touched))
        warped = warp(painting.pixels, painting.weight, motion)
        return Clip(
            self._model.encode_clip(warped.clip),
            self._cells(warped.place, pool),
            self._cells(warped.hole, pool),
            self._cells(warped.paint, touched),
        )

    def _cells(
        self, weights: npt.NDArray[np.float64], gather: Callable[[Mask, int], Mask]
    ) -> torch.Tensor:
        """Gather weights (F, H, W) into latent cells: (F, h, w)."""
        factor = self._model.spec.latent_factor
        return torch.from_numpy(np.stack([gather(weight, factor) for weight in weights]))


def _moved(fold: Fold) -> Moved:
    """Return all of ``fold`` that its clip depends on, drags in one order whoever came first."""
    return depicted(fold), tuple(sorted(fold.drags, key=_by_content))


def _by_content(drag: Drag) -> tuple[int, ...]:
    return (*drag.start, *drag.end, drag.radius, drag.strength, *(drag.frames or ()))
