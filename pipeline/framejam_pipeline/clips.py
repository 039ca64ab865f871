"""What each frame is to look like: intermediate images set in motion, as latents and as pulls.

The latents are the image condition of P_video, and where it was painted or moved, frames are pulled
towards them as a residual: as a condition alone paint fades, as a residual alone it does not move
the rest along. What is limited to some frames does the second only: those frames are pulled towards
a picture of their own (T10).

The order is fixed (M4): objects are displaced in the picture, by drags and trajectories together,
and then the camera moves over what has come of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from framejam_pipeline import remembered
from framejam_pipeline.attribution import Cell
from framejam_pipeline.camera import View, hold, look, moving, view
from framejam_pipeline.displacement import Motions
from framejam_pipeline.entries import Fold
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.paint import Mask, pool, touched
from framejam_pipeline.pictures import Depicted, Pictures, depicted
from framejam_pipeline.residual import Field, Residual, fold_fields
from framejam_pipeline.scenes import lasting, scenes
from framejam_pipeline.warp import Lifted, Warped, Window, lift, warp
from framejam_protocol.instructions import Camera, Drag, Settings, Trajectory

Moved = tuple[Depicted, tuple[Drag, ...], tuple[Trajectory, ...], tuple[Camera, ...]]
"""All of a fold that the clip of its frames depends on."""


@dataclass(frozen=True)
class Clip:
    """What the picture looks like in some frames, and how strongly it is held there.

    ``latents`` (F, c, h, w) of the frames; the weights (F, h, w) are those of ``Warped`` by latent
    cells, and ``view`` is how strongly cameras hold what they see. F is 1 where all frames are
    alike.
    """

    latents: torch.Tensor
    place: torch.Tensor
    hole: torch.Tensor
    paint: torch.Tensor
    view: torch.Tensor

    def of(self, frames: Sequence[int]) -> Clip:
        """Some of the frames, each for itself."""
        chosen = [0] * len(frames) if len(self.latents) == 1 else list(frames)
        return Clip(*(part[chosen] for part in self.parts))

    @property
    def parts(self) -> tuple[torch.Tensor, ...]:
        """The latents and all weights, in the order of the fields."""
        return self.latents, self.place, self.hole, self.paint, self.view


@dataclass(frozen=True)
class Target:
    """``image`` (F, c, h, w) is what P_video is conditioned on, F is 1 where nothing moves;
    ``pulls`` is what the frames are pulled towards."""

    image: torch.Tensor
    pulls: Clip


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
        self._motions = Motions(settings.width, settings.height, settings.frames, remember)
        clip_pixels = settings.width * settings.height * settings.frames
        self._lifted_bytes = min(remember, 1) * remembered.LIFTED * clip_pixels
        self._lifted: tuple[tuple[Moved, int], Lifted | None] | None = None

    def target(self, fold: Fold) -> Target:
        """Return what the frames of ``fold``, whose ranges are fitted, are to look like.

        Raises ``ImageUnreadable``.
        """
        return self._targets.get(_moved(fold), lambda: self._target(fold))

    def residual(
        self, clip: Clip, pulled: bool, led: torch.Tensor | None = None
    ) -> Residual | None:
        """Pull every frame towards its picture, cell by cell as far as it is painted or moved.

        ``pulled`` tells whether what is moved has weight still; ``led`` (F,), 0 to 1,
        how each whole frame is. None where nothing has any weight.
        """
        weights = [clip.paint, *((clip.place, clip.hole, clip.view) if pulled else ())]
        if led is not None:
            weights.append(led[:, None, None].expand(-1, *clip.paint.shape[1:]))
        frames = clip.latents.transpose(0, 1)
        fields = [Field(weight=weight, target=frames) for weight in weights if weight.any()]
        if not fields:
            return None
        folded = fold_fields(fields, self._model.spec.latent_shape(self._settings))
        return folded.to(self._model.device)

    def cell(self, fold: Fold, frame: int, box: Window) -> Cell:
        """Return where some pixels of ``frame`` come from; all of ``fold`` is in force in it.

        Raises ``ImageUnreadable``.
        """
        lifted = self._lift(fold, frame) if fold.drags or fold.trajectories else None
        seen = self._view(fold, frame) if moving(fold.cameras) else None
        return Cell.of(box, lifted, seen, self._settings.width, self._settings.height)

    def _lift(self, fold: Fold, frame: int) -> Lifted | None:
        """What is displaced in ``frame``: whoever asks about a pixel asks about the next too."""
        asked = (_moved(fold), frame)
        if self._lifted is not None and self._lifted[0] == asked:
            return self._lifted[1]
        motion = self._motions.motion(fold.drags, fold.trajectories, [frame])
        found = lift(self._pictures.painting(fold).pixels, motion)
        if found is not None:
            found = replace(found, motion=found.motion.alone())
        nbytes = 0 if found is None else found.matte.nbytes + found.motion.nbytes
        self._lifted = (asked, found) if nbytes <= self._lifted_bytes else None
        return found

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
        joined = (
            torch.cat(field)[back] for field in zip(*(one.parts for one in parts), strict=True)
        )
        return Target(clip.latents, Clip(*joined))

    def _clip(self, fold: Fold, frames: Sequence[int]) -> Clip:
        """Return some frames in which everything of ``fold`` is there."""
        painting = self._pictures.painting(fold)
        motion = self._motions.motion(fold.drags, fold.trajectories, frames)
        if not motion.weight.any() and not moving(fold.cameras):
            latents = self._model.encode_image(painting.pixels)
            nothing = torch.zeros((1, *latents.shape[2:]), dtype=torch.float64)
            painted = self._cells(painting.weight[None], touched)
            return Clip(latents, nothing, nothing, painted, nothing)
        warped, seen = self._seen(warp(painting.pixels, painting.weight, motion), fold, frames)
        return Clip(
            self._model.encode_clip(warped.clip),
            self._cells(warped.place, pool),
            self._cells(warped.hole, pool),
            self._cells(warped.paint, touched),
            self._cells(seen, pool),
        )

    def _seen(self, warped: Warped, fold: Fold, frames: Sequence[int]) -> tuple[Warped, Mask]:
        """Return what the cameras of ``fold`` make of a clip, and how strongly they hold it."""
        if not moving(fold.cameras):
            return warped, np.zeros(warped.paint.shape)
        moved, within = look(warped, [self._view(fold, frame) for frame in frames])
        return moved, within * hold(fold.cameras)

    def _view(self, fold: Fold, frame: int) -> View:
        width, height, clip = self._settings.width, self._settings.height, self._settings.frames
        return view(fold.cameras, frame, clip, width, height)

    def _cells(
        self, weights: npt.NDArray[np.float64], gather: Callable[[Mask, int], Mask]
    ) -> torch.Tensor:
        """Gather weights (F, H, W) into latent cells: (F, h, w)."""
        factor = self._model.spec.latent_factor
        return torch.from_numpy(np.stack([gather(weight, factor) for weight in weights]))


def _moved(fold: Fold) -> Moved:
    """Return all of ``fold`` that its clip depends on, in one order whoever came first."""
    return (
        depicted(fold),
        tuple(sorted(fold.drags, key=_by_content)),
        tuple(sorted(fold.trajectories, key=_by_content)),
        tuple(sorted(fold.cameras, key=_by_content)),
    )


def _by_content(one: Drag | Trajectory | Camera) -> tuple[object, ...]:
    return tuple(() if value is None else value for value in msgspec.structs.astuple(one))
