"""The frozen inputs of a step, compiled from the fold of the edits entered by then.

The order is fixed (M4): the reference image, or P_img's picture of the content prompt, and the
paint on it (``pictures.py``); then all drags as one displacement, which makes a clip of the picture
(``clips.py``). The result conditions P_video, and pulls frames as a residual (``residual.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import PIL.Image
import torch

from framejam_pipeline.attribution import Placed, cell_box, drag_weights, paint_weights
from framejam_pipeline.clips import Clips, Target
from framejam_pipeline.drag import held
from framejam_pipeline.entries import Fold, fold_of
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import VideoConditions, VideoModel
from framejam_pipeline.paint import Painting
from framejam_pipeline.pictures import Pictures
from framejam_pipeline.residual import Residual
from framejam_pipeline.scenes import at_frame, fit_ranges, lasting, shows
from framejam_pipeline.text import caption, text_states
from framejam_pipeline.warp import origins
from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Drag, Erase, Paint, Settings


@dataclass(frozen=True)
class StepInputs:
    """Everything a step needs besides the latents. Shared between steps; never written to.

    ``guidance`` is the factor of classifier-free guidance; at 1.0 or less there is none.
    """

    conditions: VideoConditions
    residual: Residual | None
    guidance: float


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
        self._model = model
        self._settings = settings
        self._pictures = Pictures(model, settings, load_image, remember)
        self._clips = Clips(model, settings, self._pictures, remember)
        self._inputs: Memo[tuple[Fold, bool], StepInputs] = Memo(remember)
        self._texts: Memo[tuple[str, bool], torch.Tensor] = Memo(remember)

    def compile(self, fold: Fold, step: int) -> StepInputs:
        """Return the inputs of ``step`` (0 is the first) when ``fold`` is in force at it.

        Raises ``ImageUnreadable`` for a reference image that is not there or does not decode.
        """
        fold = fit_ranges(fold, self._settings.frames)
        # Drags are let go at one step; before it and after it nothing changes.
        pulled = bool(fold.drags) and held(step, self._settings.steps)
        return self._inputs.get((fold, pulled), lambda: self._compile(fold, pulled))

    def intermediate(self, fold: Fold) -> Painting:
        """Return the intermediate image with all strokes on it, and the weight they are held by.

        Drags do not show in it: they begin where it stands.
        """
        return self._pictures.painting(lasting(fit_ranges(fold, self._settings.frames)))

    def weights(self, placed: Placed, frame: int, at: Point) -> dict[int, float]:
        """Return how much each of some strokes and drags weighs on a point of a frame (M6).

        ``placed`` are the instructions in force, by seq and in its order; ``at`` is in 1/65536 of
        the frame's sides. What is not in the answer weighs nothing on the latent cell there. The
        paint of a cell is weighed together as much as its residual weighs, and shared by what
        stays visible of each stroke; drags are weighed as if they were still held. Raises
        ``ImageUnreadable``.
        """
        width, height, clip = self._settings.width, self._settings.height, self._settings.frames
        strokes = [
            (seq, one)
            for seq, one in placed
            if isinstance(one, Paint | Erase) and shows(one.frames, frame)
        ]
        drags = [
            (seq, one) for seq, one in placed if isinstance(one, Drag) and shows(one.frames, frame)
        ]
        fold = at_frame(fit_ranges(fold_of(one for _, one in placed), clip), frame)
        box = cell_box(at, width, height, self._model.spec.latent_factor)
        found = origins(self._clips.lifted(fold, frame), 0, box)
        painted = paint_weights(strokes, found, width, height)
        return painted | drag_weights(drags, found, width, height)

    def _compile(self, fold: Fold, pulled: bool) -> StepInputs:
        target = self._clips.target(fold)
        hundredths = self._settings.guidance if fold.guidance is None else fold.guidance
        spoken = (caption(fold.content, fold.motion), hundredths > 100)
        conditions = VideoConditions(
            text=self._texts.get(spoken, lambda: text_states(self._model, *spoken)),
            image=target.image,
            affinity=self._affinity(fold, target),
        )
        residual = self._clips.residual(target.pulls, pulled)
        return StepInputs(conditions, residual, hundredths / 100)

    def _affinity(self, fold: Fold, target: Target) -> torch.Tensor:
        """Return (F,): how near each frame stays to its image."""
        frames = self._settings.frames
        if target.moves:
            # Each frame's image shows already where things are. Under a lower affinity the words
            # move the dragged object a second time, and a ghost of it appears on the way.
            return torch.ones(frames, device=self._model.device)
        return self._model.affinity(frames, fold.content, fold.motion)
