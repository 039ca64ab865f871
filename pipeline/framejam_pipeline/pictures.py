"""The intermediate image (x~ in the paper) with all paint on it: what people see and steer by.

The order is fixed (M4): the reference image, or P_img's picture of the content prompt; then the
paint strokes in seq order.

Interpretations of InteractiveVideo (arXiv 2402.03040), whose published code leaves these open:
paint lies on top of P_img's result instead of passing through it again, and a reference image
stands in for P_img's result, as the embedded P_img does not take an image.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import PIL.Image

from framejam_pipeline.entries import Fold, Layer
from framejam_pipeline.errors import ImageUnreadable
from framejam_pipeline.image import UNDECODABLE, Pixels, fit
from framejam_pipeline.intermediate import generate_image
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.paint import Canvas, Mask, Painting, coverage
from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Settings

Points = tuple[Point, ...]

Source = tuple[str | None, str]
"""What the picture under the paint is made from: a reference image's blob id, or a prompt."""

Depicted = tuple[Source, tuple[Layer, ...]]
"""All of a fold that its intermediate image depends on. Equal ones give equal pictures."""

_STROKE_BYTES = 32 * 2**20
"""Memory for the masks of strokes: a thousand at 64 x 64 pixels."""


class Pictures:
    """The intermediate images of one take. Equal folds give equal pictures.

    Each stage remembers ``remember`` results by content; it changes speed, never results.
    """

    def __init__(
        self,
        model: VideoModel,
        settings: Settings,
        load_image: Callable[[str], PIL.Image.Image],
        remember: int,
    ) -> None:
        self._model = model
        self._settings = settings
        self._load_image = load_image
        self._sources: Memo[Source, Pixels] = Memo(remember)
        self._canvases: deque[tuple[Source, tuple[Layer, ...], Canvas]] = deque(maxlen=remember)
        # Sessions gather strokes by the hundred and every fold composites all of them.
        pixels = settings.width * settings.height
        self._strokes: Memo[tuple[Points, int], Mask]
        self._strokes = Memo(min(remember, 1) * _STROKE_BYTES // pixels // 8)

    def painting(self, fold: Fold) -> Painting:
        """Return the picture with all strokes of ``fold``, whatever frames they are limited to.

        Raises ``ImageUnreadable`` for a reference image that is not there or does not decode.
        """
        source, _ = depicted(fold)
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
        return 0, Canvas.of(self._sources.get(source, lambda: self._source(*source)))

    def _covered(self, stroke: Layer) -> Mask:
        width, height = self._settings.width, self._settings.height
        shape = (stroke.points, stroke.width)
        return self._strokes.get(shape, lambda: coverage(stroke, width, height))

    def _source(self, blob: str | None, content: str) -> Pixels:
        if blob is None:
            return generate_image(self._model, self._settings, content)
        try:
            image = self._load_image(blob)
        except UNDECODABLE as error:
            raise ImageUnreadable(
                f"the reference image {blob} cannot be opened: {error}"
            ) from error
        return fit(image, self._settings.width, self._settings.height)


def depicted(fold: Fold) -> Depicted:
    """Return all of ``fold`` that its intermediate image depends on."""
    # A reference image makes the content prompt irrelevant to the picture, but not to text.
    source = (fold.image, "" if fold.image is not None else fold.content.strip())
    return source, fold.paint
