"""The frozen inputs of a step, compiled from the fold of the edits entered by then.

The order is fixed (M4): the reference image, or P_img's picture of the content prompt; then the
paint strokes in seq order. The result, the intermediate image, does two things. Its latent is
the image condition of P_video, and where it was painted, all frames are pulled towards it as a
residual: as a condition alone paint fades, as a residual alone it does not move the rest along.

Interpretations of InteractiveVideo (arXiv 2402.03040), whose published code leaves these open:
paint lies on top of P_img's result instead of passing through it again, and a reference image
stands in for P_img's result, as the embedded P_img does not take an image.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import PIL.Image
import torch

from framejam_pipeline.entries import Fold
from framejam_pipeline.errors import ImageUnreadable
from framejam_pipeline.image import UNDECODABLE, Pixels, fit
from framejam_pipeline.intermediate import generate_image
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import VideoConditions, VideoModel
from framejam_pipeline.paint import Canvas, Mask, Painting, coverage, pool
from framejam_pipeline.residual import Field, Residual, fold_fields
from framejam_pipeline.text import caption, text_states
from framejam_protocol.instructions import Paint, Settings

Source = tuple[str | None, str]
"""What the picture under the paint is made from: a reference image's blob id, or a prompt."""

_STROKE_BYTES = 32 * 2**20
"""Memory for the masks of strokes: a thousand at 64 x 64 pixels."""


@dataclass(frozen=True)
class StepInputs:
    """Everything a step needs besides the latents. Shared between steps; never written to."""

    conditions: VideoConditions
    residual: Residual | None


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
        self._inputs: Memo[Fold, StepInputs] = Memo(remember)
        self._texts: Memo[str, torch.Tensor] = Memo(remember)
        self._pictures: Memo[Source, Pixels] = Memo(remember)
        self._canvases: deque[tuple[Source, tuple[Paint, ...], Canvas]] = deque(maxlen=remember)
        # Sessions gather strokes by the hundred and every fold composites all of them.
        self._strokes: Memo[Paint, Mask] = Memo(min(remember, 1) * _STROKE_BYTES // pixels // 8)

    def compile(self, fold: Fold) -> StepInputs:
        """Return the inputs of a step at which ``fold`` is in force.

        Raises ``ImageUnreadable`` for a reference image that is not there or does not decode.
        """
        return self._inputs.get(fold, lambda: self._compile(fold))

    def intermediate(self, fold: Fold) -> Painting:
        """Return the intermediate image with all strokes on it, and the weight they are held by."""
        # A reference image makes the content prompt irrelevant to the picture, but not to text.
        source = (fold.image, "" if fold.image is not None else fold.content.strip())
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

    def _compile(self, fold: Fold) -> StepInputs:
        painting = self.intermediate(fold)
        latents = self._model.encode_image(painting.pixels)
        text = caption(fold.content, fold.motion)
        conditions = VideoConditions(
            text=self._texts.get(text, lambda: self._encode(text)),
            image=latents,
            affinity=self._model.affinity(self._settings.frames, fold.content, fold.motion),
        )
        return StepInputs(conditions, self._residual(painting, latents) if fold.paint else None)

    def _residual(self, painting: Painting, latents: torch.Tensor) -> Residual:
        """Pull every frame towards the painted picture, cell by cell as far as it is painted."""
        cells = pool(painting.weight, self._model.spec.latent_factor)
        weight = torch.from_numpy(cells)
        field = Field(weight=weight.unsqueeze(0), target=latents[0].unsqueeze(1))
        folded = fold_fields([field], self._model.spec.latent_shape(self._settings))
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
