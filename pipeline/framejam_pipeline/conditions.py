"""The frozen inputs of a step, compiled from the fold of the edits entered by then.

``{v_1..v_F} = P_video(P_img(x, y), y', r)`` of InteractiveVideo (arXiv 2402.03040): what P_video is
told. The order is fixed (M4): the intermediate image ``x~ = P_img(x, y)`` with what is painted on
it and its regions (``pictures.py``); then what ``r`` displaces and the camera, which make a clip of
the picture (``clips.py``). The result conditions P_video, beside the text of ``y`` and ``y'``, and
pulls frames as a residual (``residual.py``), or is mixed in by equation 4 (``mixing.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import PIL.Image
import torch

from framejam_pipeline.align import Alignment
from framejam_pipeline.attribution import Placed, cell_box, weigh
from framejam_pipeline.clips import Clips
from framejam_pipeline.drag import held
from framejam_pipeline.entries import Fold, fold_of, settled
from framejam_pipeline.locks import holder
from framejam_pipeline.loop import Steering
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import Loras, VideoConditions, VideoModel
from framejam_pipeline.paint import Painting
from framejam_pipeline.pictures import Pictures, in_one_order
from framejam_pipeline.residual import Residual
from framejam_pipeline.scenes import at_frame, fit_ranges, lasting
from framejam_pipeline.text import (
    Said,
    blend_steps,
    blended,
    captions,
    negatives,
    without_faded,
)
from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Settings

LEADING: Final = 0.8
"""The weight by which models without an image condition are pulled towards the picture.

They cannot be told what it shows. The first frame is drawn to it so strongly, later ones less and
less and the last one not at all, so that words can still move what is there. A picture that nobody
gave or worked on leads nothing: a clip of words alone is then the model's own."""

LED: Final = (3, 4)
"""The share of the steps, as a fraction, in which the picture is pulled to."""


@dataclass(frozen=True)
class StepInputs:
    """Everything a step needs besides the latents. Shared between steps; never written to.

    ``guidance`` is the factor of classifier-free guidance; at 1.0 or less there is none. ``after``
    are the conditions with what people put in places, of which equation 4 mixes ``mix``, 0 to 1,
    into the prediction under ``conditions``; None where it is not asked for or nothing is put
    anywhere.
    """

    conditions: VideoConditions
    residual: Residual | None
    guidance: float
    alignment: Alignment | None = None
    after: VideoConditions | None = None
    mix: float = 0.0

    @property
    def steering(self) -> tuple[Steering, ...]:
        """What changes the model's output, in this order: what is pulled lands where it should."""
        return tuple(one for one in (self.alignment, self.residual) if one is not None)


Recent = Memo[tuple[Fold, bool, bool], StepInputs]
"""Step inputs compiled lately, by all that they depend on."""


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
        self._inputs: Recent = Memo(remember)
        self._texts: Memo[tuple[str, Loras], torch.Tensor] = Memo(2 * remember)

    def compile(self, fold: Fold, step: int, recent: Recent | None = None) -> StepInputs:
        """Return the inputs of ``step`` (0 is the first) when ``fold`` is in force at it.

        They are remembered in ``recent`` where that is given: so the many takes that share a
        compiler each keep their own. Raises ``ImageUnreadable`` for a reference image that is not
        there or does not decode.
        """
        fold = self._fitted(without_faded(fold, self._settings.steps))
        # What moves is let go at one step; before it and after it nothing changes.
        moves = bool(fold.drags or fold.trajectories or fold.cameras)
        pulled = moves and held(step, self._settings.steps)
        led = (
            not self._model.spec.image_condition
            and (fold.image is not None or without_places(fold) != fold)
            and leads(step, self._settings.steps)
        )
        memo = self._inputs if recent is None else recent
        return memo.get((fold, pulled, led), lambda: self._compile(fold, pulled, led))

    def intermediate(self, fold: Fold) -> Painting:
        """Return the intermediate image with strokes and regions, and the weight of these.

        Drags do not show in it: they begin where it stands.
        """
        return self._pictures.painting(lasting(self._fitted(fold)))

    def weights(self, placed: Placed, frame: int, at: Point) -> dict[int, float]:
        """Return how much each of some instructions weighs on a point of a frame (M6).

        ``placed`` are the instructions in force, by seq and in its order; ``at`` is in 1/65536 of
        the frame's sides. What is not in the answer weighs nothing on the latent cell there. What
        a lock pins is its own. The paint and the regions of a cell are weighed together as much as
        its residual weighs, and shared by what stays visible of each; what moves is weighed as if
        it were still held. Under ``mix`` nothing is pulled: the weights then tell whose it is that
        the mixed-in prediction is told to show there, not how much of it is mixed in. Raises
        ``ImageUnreadable``.
        """
        box = cell_box(
            at, self._settings.width, self._settings.height, self._model.spec.latent_factor
        )
        pinning = holder(placed, frame, box, self._model.spec, self._settings)
        if pinning is not None:
            return {pinning: 1.0}
        fold = at_frame(self._fitted(fold_of(one for _, one in placed)), frame)
        return weigh(placed, frame, self._clips.cell(fold, frame, box))

    def _fitted(self, fold: Fold) -> Fold:
        return fit_ranges(settled(fold, self._settings), self._settings.frames)

    def _compile(self, fold: Fold, pulled: bool, led: bool) -> StepInputs:
        target = self._clips.target(fold)
        edited = self._conditions(fold, target.image)
        alignment = Alignment.to(target.image, fold.align / 100) if fold.align else None
        guidance = (fold.guidance or 0) / 100
        if not fold.mix or not self._model.spec.image_condition:
            frames = self._model.spec.latent_frames(self._settings.frames)
            leading = LEADING * torch.linspace(1.0, 0.0, frames) if led else None
            residual = self._clips.residual(target.pulls, pulled, leading)
            return StepInputs(edited, residual, guidance, alignment)
        plain = without_places(fold)
        if plain == fold:
            return StepInputs(edited, None, guidance, alignment)
        picture = self._clips.target(plain)
        before = self._conditions(plain, picture.image)
        # Nothing is pulled here: what is limited to some frames is told by these frames' images.
        after = self._conditions(fold, target.pulls.latents)
        return StepInputs(before, None, guidance, alignment, after, fold.mix / 100)

    def _conditions(self, fold: Fold, image: torch.Tensor) -> VideoConditions:
        loras = in_one_order(fold.loras or ())
        text = self._text(captions(fold), loras)
        if (fold.guidance or 0) > 100:
            text = torch.cat([self._text(negatives(fold), loras), text])
        return VideoConditions(text, image, self._affinity(fold, image), loras)

    def _text(self, said: Said, loras: Loras) -> torch.Tensor:
        def encode(text: str) -> torch.Tensor:
            return self._texts.get(
                (text, loras), lambda: self._model.encode_text(text, loras=loras)
            )

        return blended(said, blend_steps(self._settings.steps), encode)

    def _affinity(self, fold: Fold, image: torch.Tensor) -> torch.Tensor:
        """Return (F,): how near each frame stays to its ``image`` (F or 1, c, h, w)."""
        frames = self._settings.frames
        if len(image) > 1:
            # Each frame's image shows already where things are. Under a lower affinity the words
            # move the dragged object a second time, and a ghost of it appears on the way.
            return torch.ones(frames, device=self._model.device)
        return self._model.affinity(frames, fold.content, fold.motion)


def leads(step: int, steps: int) -> bool:
    """Whether the picture leads a model without an image condition in ``step`` of ``steps``."""
    share, whole = LED
    return step * whole < steps * share


def without_places(fold: Fold) -> Fold:
    """Return ``fold`` without what people put in some place of the picture."""
    return replace(fold, paint=(), regions=(), drags=(), trajectories=(), cameras=())
