"""The frozen inputs of a step, compiled from the fold of the edits entered by then.

The order is fixed (M4): the reference image, or P_img's picture of the content prompt; then the
paint strokes in seq order; then all drags as one displacement, which makes a clip of the picture.
The result does two things. Its latents are the image condition of P_video, and where it was
painted or dragged, frames are pulled towards it as a residual: as a condition alone paint fades,
as a residual alone it does not move the rest along. Strokes and drags that are limited to some
frames do the second only: those frames are pulled towards a picture of their own (T10).

Interpretations of InteractiveVideo (arXiv 2402.03040), whose published code leaves these open:
paint lies on top of P_img's result instead of passing through it again, and a reference image
stands in for P_img's result, as the embedded P_img does not take an image.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch

from framejam_pipeline.attribution import Placed, cell_box, drag_weights, paint_weights
from framejam_pipeline.drag import Displacements, held
from framejam_pipeline.entries import Fold, Layer, fold_of
from framejam_pipeline.errors import ImageUnreadable
from framejam_pipeline.image import UNDECODABLE, Pixels, fit
from framejam_pipeline.intermediate import generate_image
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import VideoConditions, VideoModel
from framejam_pipeline.paint import Canvas, Mask, Painting, coverage, pool, touched
from framejam_pipeline.residual import Field, Residual, fold_fields
from framejam_pipeline.scenes import at_frame, fit_ranges, lasting, scenes, shows
from framejam_pipeline.text import caption, text_states
from framejam_pipeline.warp import Lifted, lift, origins, warp
from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Drag, Erase, Paint, Settings

Points = tuple[Point, ...]

Source = tuple[str | None, str]
"""What the picture under the paint is made from: a reference image's blob id, or a prompt."""

_STROKE_BYTES = 32 * 2**20
"""Memory for the masks of strokes: a thousand at 64 x 64 pixels."""


@dataclass(frozen=True)
class StepInputs:
    """Everything a step needs besides the latents. Shared between steps; never written to.

    ``guidance`` is the factor of classifier-free guidance; at 1.0 or less there is none.
    """

    conditions: VideoConditions
    residual: Residual | None
    guidance: float


@dataclass(frozen=True)
class _Clip:
    """What the picture looks like in some frames, and how strongly it is held there.

    ``latents`` (F, c, h, w) of the frames; the weights (F, h, w) are those of ``Warped`` by latent
    cells. F is 1 where all frames are alike.
    """

    latents: torch.Tensor
    place: torch.Tensor
    hole: torch.Tensor
    paint: torch.Tensor

    def of(self, frames: Sequence[int]) -> _Clip:
        """Some of the frames, each for itself."""
        chosen = [0] * len(frames) if len(self.latents) == 1 else list(frames)
        parts = (self.latents, self.place, self.hole, self.paint)
        return _Clip(*(part[chosen] for part in parts))


@dataclass(frozen=True)
class _Target:
    """``image`` (F, c, h, w) is what P_video is conditioned on, F is 1 where nothing moves;
    ``pulls`` is what the frames are pulled towards."""

    image: torch.Tensor
    pulls: _Clip

    @property
    def moves(self) -> bool:
        """Whether each frame has its own image: a drag beyond the frame catches nothing."""
        return len(self.image) > 1


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
        self._targets: Memo[tuple[Source, tuple[Layer, ...], tuple[Drag, ...]], _Target]
        self._targets = Memo(remember)
        self._displacements = Displacements(settings.width, settings.height, min(remember, 4))
        self._lifts: Memo[tuple[Source, tuple[Layer, ...], tuple[Drag, ...], int], Lifted | None]
        self._lifts = Memo(min(remember, 1))
        self._texts: Memo[tuple[str, bool], torch.Tensor] = Memo(remember)
        self._pictures: Memo[Source, Pixels] = Memo(remember)
        self._canvases: deque[tuple[Source, tuple[Layer, ...], Canvas]] = deque(maxlen=remember)
        # Sessions gather strokes by the hundred and every fold composites all of them.
        self._strokes: Memo[tuple[Points, int], Mask]
        self._strokes = Memo(min(remember, 1) * _STROKE_BYTES // pixels // 8)

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
        return self._painting(lasting(fit_ranges(fold, self._settings.frames)))

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
        key = (_source(fold), fold.paint, _sorted(fold.drags), frame)
        lifted = self._lifts.get(key, lambda: self._lifted(fold, frame)) if drags else None
        box = cell_box(at, width, height, self._model.spec.latent_factor)
        found = origins(lifted, 0, box)
        painted = paint_weights(strokes, found, width, height)
        return painted | drag_weights(drags, found, width, height)

    def _lifted(self, fold: Fold, frame: int) -> Lifted | None:
        motion = self._displacements.motion(fold.drags, [frame], self._settings.frames)
        return lift(self._painting(fold).pixels, motion)

    def _painting(self, fold: Fold) -> Painting:
        """Return the picture with all strokes of ``fold``, whatever frames they are limited to."""
        source = _source(fold)
        below, canvas = self._longest_beginning(source, fold.paint)
        canvas = canvas.with_strokes(
            (stroke, self._covered(stroke)) for stroke in fold.paint[below:]
        )
        self._canvases.append((source, fold.paint, canvas))
        return canvas.painting()

    def _longest_beginning(self, source: Source, strokes: tuple[Layer, ...]) -> tuple[int, Canvas]:
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
        key = (_source(fold), fold.paint, _sorted(fold.drags))
        target = self._targets.get(key, lambda: self._target(fold))
        hundredths = self._settings.guidance if fold.guidance is None else fold.guidance
        spoken = (caption(fold.content, fold.motion), hundredths > 100)
        conditions = VideoConditions(
            text=self._texts.get(spoken, lambda: text_states(self._model, *spoken)),
            image=target.image,
            affinity=self._affinity(fold, target),
        )
        residual = self._residual(fold, target.pulls, pulled)
        return StepInputs(conditions, residual, hundredths / 100)

    def _affinity(self, fold: Fold, target: _Target) -> torch.Tensor:
        """Return (F,): how near each frame stays to its image."""
        frames = self._settings.frames
        if target.moves:
            # Each frame's image shows already where things are. Under a lower affinity the words
            # move the dragged object a second time, and a ghost of it appears on the way.
            return torch.ones(frames, device=self._model.device)
        return self._model.affinity(frames, fold.content, fold.motion)

    def _target(self, fold: Fold) -> _Target:
        every = range(self._settings.frames)
        whole = lasting(fold)
        clip = self._clip(whole, every)
        if whole == fold:
            return _Target(clip.latents, clip)
        parts: list[_Clip] = []
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
        return _Target(clip.latents, _Clip(*joined))

    def _clip(self, fold: Fold, frames: Sequence[int]) -> _Clip:
        """Return some frames in which all strokes and drags of ``fold`` are there."""
        painting = self._painting(fold)
        motion = self._displacements.motion(fold.drags, frames, self._settings.frames)
        if not motion.total.region.any():
            latents = self._model.encode_image(painting.pixels)
            nothing = torch.zeros((1, *latents.shape[2:]), dtype=torch.float64)
            return _Clip(latents, nothing, nothing, self._cells(painting.weight[None], touched))
        warped = warp(painting.pixels, painting.weight, motion)
        return _Clip(
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

    def _residual(self, fold: Fold, clip: _Clip, pulled: bool) -> Residual | None:
        """Pull every frame towards its picture, cell by cell as far as it is painted or dragged."""
        painted = any(isinstance(layer, Paint) for layer in fold.paint)
        weights = [clip.paint] if painted else []
        weights += [clip.place, clip.hole] if pulled else []
        if not weights:
            return None
        frames = clip.latents.transpose(0, 1)
        fields = [Field(weight=weight, target=frames) for weight in weights]
        folded = fold_fields(fields, self._model.spec.latent_shape(self._settings))
        return folded.to(self._model.device)

    def _covered(self, stroke: Layer) -> Mask:
        width, height = self._settings.width, self._settings.height
        shape = (stroke.points, stroke.width)
        return self._strokes.get(shape, lambda: coverage(stroke, width, height))

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


def _source(fold: Fold) -> Source:
    # A reference image makes the content prompt irrelevant to the picture, but not to text.
    return (fold.image, "" if fold.image is not None else fold.content.strip())


def _sorted(drags: tuple[Drag, ...]) -> tuple[Drag, ...]:
    """Drags in one order whoever came first: their sums are the same in any."""
    return tuple(sorted(drags, key=_by_content))


def _by_content(drag: Drag) -> tuple[int, ...]:
    return (*drag.start, *drag.end, drag.radius, drag.strength, *(drag.frames or ()))
