"""The frozen inputs of a step, compiled from the fold of the edits entered by then.

The order is fixed (M4): the reference image, or P_img's picture of the content prompt; then the
paint strokes in seq order; then all drags as one displacement, which makes a clip of the picture.
The result does two things. Its latents are the image condition of P_video, and where it was
painted or dragged, frames are pulled towards it as a residual: as a condition alone paint fades,
as a residual alone it does not move the rest along.

Interpretations of InteractiveVideo (arXiv 2402.03040), whose published code leaves these open:
paint lies on top of P_img's result instead of passing through it again, and a reference image
stands in for P_img's result, as the embedded P_img does not take an image.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch

from framejam_pipeline.drag import Displacements, held, warp
from framejam_pipeline.entries import Fold
from framejam_pipeline.errors import ImageUnreadable
from framejam_pipeline.image import UNDECODABLE, Pixels, fit
from framejam_pipeline.intermediate import generate_image
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import VideoConditions, VideoModel
from framejam_pipeline.paint import Canvas, Mask, Painting, coverage, pool, touched
from framejam_pipeline.residual import Field, Residual, fold_fields
from framejam_pipeline.text import caption, text_states
from framejam_protocol.instructions import Drag, Paint, Settings

Source = tuple[str | None, str]
"""What the picture under the paint is made from: a reference image's blob id, or a prompt."""

_STROKE_BYTES = 32 * 2**20
"""Memory for the masks of strokes: a thousand at 64 x 64 pixels."""


@dataclass(frozen=True)
class StepInputs:
    """Everything a step needs besides the latents. Shared between steps; never written to."""

    conditions: VideoConditions
    residual: Residual | None


@dataclass(frozen=True)
class _Target:
    """What the picture looks like in each frame, and how strongly it is held there.

    ``latents`` (F, c, h, w) of the frames; the weights (F, h, w) are those of ``Warped`` by latent
    cells. F is 1 where nothing moves.
    """

    latents: torch.Tensor
    place: torch.Tensor
    hole: torch.Tensor
    paint: torch.Tensor

    @property
    def moves(self) -> bool:
        """Whether each frame has its own picture: a drag beyond the frame catches nothing."""
        return len(self.latents) > 1


class Compiler:
    """Compiles folds to step inputs for one take, remembering what it compiled lately.

    Each stage remembers a few results by content, so that a step under an unchanged fold costs
    nothing here and a new motion prompt does not run P_img again. ``remember`` bounds the
    results kept per stage; it changes speed, never results.
    """

    def __init__(
        self,
        model: VideoModel,
        settings: Settings,
        load_image: Callable[[str], PIL.Image.Image],
        remember: int = 16,
    ) -> None:
        pixels = settings.width * settings.height
        self._model = model
        self._settings = settings
        self._load_image = load_image
        self._inputs: Memo[tuple[Fold, bool], StepInputs] = Memo(remember)
        self._targets: Memo[tuple[Source, tuple[Paint, ...], tuple[Drag, ...]], _Target]
        self._targets = Memo(remember)
        self._displacements = Displacements(settings.width, settings.height, min(remember, 4))
        self._texts: Memo[str, torch.Tensor] = Memo(remember)
        self._pictures: Memo[Source, Pixels] = Memo(remember)
        self._canvases: deque[tuple[Source, tuple[Paint, ...], Canvas]] = deque(maxlen=remember)
        # Sessions gather strokes by the hundred and every fold composites all of them.
        self._strokes: Memo[Paint, Mask] = Memo(min(remember, 1) * _STROKE_BYTES // pixels // 8)

    def compile(self, fold: Fold, step: int) -> StepInputs:
        """Return the inputs of ``step`` (0 is the first) when ``fold`` is in force at it.

        Raises ``ImageUnreadable`` for a reference image that is not there or does not decode.
        """
        # Drags are let go at one step; before it and after it nothing changes.
        pulled = bool(fold.drags) and held(step, self._settings.steps)
        return self._inputs.get((fold, pulled), lambda: self._compile(fold, pulled))

    def intermediate(self, fold: Fold) -> Painting:
        """Return the intermediate image with all strokes on it, and the weight they are held by.

        Drags do not show in it: they begin where it stands.
        """
        source = _source(fold)
        below, canvas = self._longest_beginning(source, fold.paint)
        canvas = canvas.with_strokes(
            (stroke, self._covered(stroke)) for stroke in fold.paint[below:]
        )
        self._canvases.append((source, fold.paint, canvas))
        return canvas.painting()

    def _longest_beginning(self, source: Source, strokes: tuple[Paint, ...]) -> tuple[int, Canvas]:
        """How many of ``strokes`` lie on a canvas remembered already, and that canvas.

        Most folds are the one before and a stroke more: a step then costs that stroke only.
        """
        known = [
            (len(laid), canvas)
            for picture, laid, canvas in self._canvases
            if picture == source and strokes[: len(laid)] == laid
        ]
        if known:
            return max(known, key=lambda found: found[0])
        return 0, Canvas.of(self._pictures.get(source, lambda: self._picture(*source)))

    def _compile(self, fold: Fold, pulled: bool) -> StepInputs:
        key = (_source(fold), fold.paint, tuple(sorted(fold.drags, key=_by_content)))
        target = self._targets.get(key, lambda: self._target(fold))
        text = caption(fold.content, fold.motion)
        conditions = VideoConditions(
            text=self._texts.get(text, lambda: self._encode(text)),
            image=target.latents,
            affinity=self._affinity(fold, target),
        )
        return StepInputs(conditions, self._residual(fold, target, pulled))

    def _affinity(self, fold: Fold, target: _Target) -> torch.Tensor:
        """Return (F,): how near each frame stays to its image."""
        frames = self._settings.frames
        if target.moves:
            # Each frame's image shows already where things are. Under a lower affinity the words
            # move the dragged object a second time, and a ghost of it appears on the way.
            return torch.ones(frames, device=self._model.device)
        return self._model.affinity(frames, fold.content, fold.motion)

    def _target(self, fold: Fold) -> _Target:
        painting = self.intermediate(fold)
        displacement = self._displacements.of(fold.drags)
        if not displacement.region.any():
            latents = self._model.encode_image(painting.pixels)
            nothing = torch.zeros((1, *latents.shape[2:]), dtype=torch.float64)
            return _Target(latents, nothing, nothing, self._cells(painting.weight[None], touched))
        warped = warp(painting.pixels, painting.weight, displacement, self._settings.frames)
        return _Target(
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

    def _residual(self, fold: Fold, target: _Target, pulled: bool) -> Residual | None:
        """Pull every frame towards its picture, cell by cell as far as it is painted or dragged."""
        weights = [target.paint] if fold.paint else []
        weights += [target.place, target.hole] if pulled else []
        if not weights:
            return None
        frames = target.latents.transpose(0, 1)
        fields = [Field(weight=weight, target=frames) for weight in weights]
        folded = fold_fields(fields, self._model.spec.latent_shape(self._settings))
        return folded.to(self._model.device)

    def _covered(self, stroke: Paint) -> Mask:
        width, height = self._settings.width, self._settings.height
        return self._strokes.get(stroke, lambda: coverage(stroke, width, height))

    def _picture(self, blob: str | None, content: str) -> Pixels:
        if blob is None:
            return generate_image(self._model, self._settings, content)
        try:
            image = self._load_image(blob)
        except UNDECODABLE as error:
            raise ImageUnreadable(
                f"the reference image {blob} cannot be opened: {error}"
            ) from error
        return fit(image, self._settings.width, self._settings.height)

    def _encode(self, text: str) -> torch.Tensor:
        return text_states(self._model, text, guided=self._settings.guidance > 100)


def _source(fold: Fold) -> Source:
    # A reference image makes the content prompt irrelevant to the picture, but not to text.
    return (fold.image, "" if fold.image is not None else fold.content.strip())


def _by_content(drag: Drag) -> tuple[int, ...]:
    """Drags in one order whoever came first: their sums are the same in any."""
    return (*drag.start, *drag.end, drag.radius, drag.strength)
