"""The intermediate image (x~ in the paper) with all that people did to it: what they steer by.

``x~ = P_img(x, y)`` of InteractiveVideo (arXiv 2402.03040), with the order of M4: the reference
image ``x``, or P_img's picture of the content prompt ``y``; then the paint strokes in seq order;
then P_img again, image to image: over the paint (``harmonize.py``), and over each region with a
text of its own, in seq order (``regions.py``).

Interpretations of the paper, whose published code leaves these open: a reference image stands in
for P_img's picture of the words instead of passing through P_img itself; of what is painted on it
passes through P_img what was painted, and as much as the setting ``harmonize`` says; what lies
around is held to the bit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import PIL.Image

from framejam_pipeline import remembered
from framejam_pipeline.entries import Fold, Layer
from framejam_pipeline.errors import ImageUnreadable
from framejam_pipeline.harmonize import harmonized
from framejam_pipeline.image import UNDECODABLE, Pixels, fit
from framejam_pipeline.intermediate import Words, generate_image
from framejam_pipeline.memo import Memo
from framejam_pipeline.models.contract import Loras, VideoModel
from framejam_pipeline.paint import CANVAS_BYTES, PAINTING_BYTES, Canvas, Mask, Painting, coverage
from framejam_pipeline.regions import with_region
from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Region, Settings

Points = tuple[Point, ...]

Source = str | Words
"""What the picture under the paint is: a reference image's blob id, or made from words."""


@dataclass(frozen=True)
class Depicted:
    """All of a fold that its intermediate image depends on. Equal ones give equal pictures.

    ``harmonize`` is 0 where nothing is painted. ``words`` are what P_img is told when it draws over
    the picture, and what a region's text stands beside; None where it does not.
    """

    source: Source
    paint: tuple[Layer, ...]
    harmonize: int
    regions: tuple[Region, ...]
    words: Words | None

    def under(self, count: int) -> Depicted:
        """Return the picture with the first ``count`` regions only."""
        draws = bool(count or self.harmonize)
        return replace(self, regions=self.regions[:count], words=self.words if draws else None)


class Pictures:
    """The intermediate images of one take. Equal folds give equal pictures.

    Each stage remembers at most ``remember`` results by content, and regions and strokes as many
    as fit; it changes speed, never results.
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
        pixels = settings.width * settings.height
        clip, anything = pixels * settings.frames, min(remember, 1)
        self._sources: Memo[Source, Pixels]
        self._sources = Memo(remembered.fit(remembered.SOURCES, clip, pixels * 3, remember))
        fit = remembered.fit(remembered.CANVASES, clip, pixels * CANVAS_BYTES, remember)
        self._canvases: deque[tuple[Source, tuple[Layer, ...], Canvas]] = deque(maxlen=fit)
        # Every scene of a fold has its own picture, and each region of it one below.
        self._redrawn: Memo[Depicted, Painting]
        self._redrawn = Memo(anything * remembered.REDRAWN // (pixels * PAINTING_BYTES))
        # Sessions gather strokes by the hundred and every fold composites all of them.
        self._strokes: Memo[tuple[Points, int], Mask]
        self._strokes = Memo(anything * remembered.STROKES // (pixels * 8))

    def painting(self, fold: Fold) -> Painting:
        """Return the picture with all strokes and regions of ``fold``, whatever their frames.

        ``fold`` is ``settled``. Raises ``ImageUnreadable`` for a reference image that is not there
        or does not decode.
        """
        wanted = depicted(fold)
        # Most folds are the one before and a region more: P_img then draws that region only.
        drawn = len(wanted.regions)
        while drawn and wanted.under(drawn) not in self._redrawn:
            drawn -= 1
        painting = self._redrawn_at(wanted.under(drawn), None)
        for count in range(drawn + 1, len(wanted.regions) + 1):
            painting = self._redrawn_at(wanted.under(count), painting)
        return painting

    def _redrawn_at(self, wanted: Depicted, below: Painting | None) -> Painting:
        """``wanted``, remembered if P_img drew it, with what it looks like ``below`` its region."""
        if wanted.words is None:
            return self._painted(wanted)
        return self._redrawn.get(
            wanted,
            lambda: self._painted(wanted) if below is None else self._with_region(wanted, below),
        )

    def _with_region(self, wanted: Depicted, below: Painting) -> Painting:
        region = wanted.regions[-1]
        words = wanted.words or Words()
        return with_region(self._model, self._settings, below, region, words)

    def _painted(self, wanted: Depicted) -> Painting:
        """The picture with its strokes, before any region."""
        canvas = self._canvas(wanted.source, wanted.paint)
        painting = canvas.painting()
        if wanted.words is None or not wanted.harmonize or not canvas.painted.any():
            return painting
        pixels = harmonized(
            self._model,
            self._settings,
            painting.pixels,
            canvas.painted,
            wanted.words,
            wanted.harmonize,
        )
        return Painting(pixels, painting.weight)

    def _canvas(self, source: Source, strokes: tuple[Layer, ...]) -> Canvas:
        """The picture with strokes on it, from the one remembered that has most of them.

        Most folds are the one before and a stroke more: a step then costs that stroke only.
        """
        known = [
            one for one in self._canvases if one[0] == source and strokes[: len(one[1])] == one[1]
        ]
        if known:
            _, laid, canvas = max(known, key=lambda one: len(one[1]))
            if laid == strokes:
                return canvas  # kept already: asked for again it pushes no other out
        else:
            laid, canvas = (), Canvas.of(self._sources.get(source, lambda: self._source(source)))
        rest = strokes[len(laid) :]
        canvas = canvas.with_strokes((stroke, self._covered(stroke)) for stroke in rest)
        self._canvases.append((source, strokes, canvas))
        return canvas

    def _covered(self, stroke: Layer) -> Mask:
        width, height = self._settings.width, self._settings.height
        shape = (stroke.points, stroke.width)
        return self._strokes.get(shape, lambda: coverage(stroke, width, height))

    def _source(self, source: Source) -> Pixels:
        if isinstance(source, Words):
            return generate_image(self._model, self._settings, source)
        try:
            image = self._load_image(source)
        except UNDECODABLE as error:
            raise ImageUnreadable(
                f"the reference image {source} cannot be opened: {error}"
            ) from error
        return fit(image, self._settings.width, self._settings.height)


def depicted(fold: Fold) -> Depicted:
    """Return all of ``fold``, which is ``settled``, that its intermediate image depends on."""
    told = Words(fold.content.strip(), fold.negative.strip(), in_one_order(fold.loras or ()))
    harmonize = (fold.harmonize or 0) if fold.paint else 0
    return Depicted(
        # A reference image makes the content prompt irrelevant to it, but not to what is drawn on.
        source=told if fold.image is None else fold.image,
        paint=fold.paint,
        harmonize=harmonize,
        regions=fold.regions,
        words=told if harmonize or fold.regions else None,
    )


def in_one_order(loras: Loras) -> Loras:
    """Return LoRA weights so that those which mean the same are equal."""
    return tuple(sorted((name, weight) for name, weight in loras if weight))
