"""Region prompts: what lies inside an outline, drawn again by P_img after a text of its own.

Fine-grained editing of regions as InteractiveVideo (arXiv 2402.03040) shows it. The paper does not
say how a region is told to its P_img; here it is image to image with everything outside held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from framejam_pipeline.intermediate import Words, redraw
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.outline import inside
from framejam_pipeline.paint import Mask, Painting
from framejam_protocol.geometry import from_units
from framejam_protocol.instructions import Region, Settings

NOISE: Final = 90
"""How much of P_img's noise a region is drawn from, in hundredths.

Of 60, 75, 90 and 100 the one at which the shipped model drew subjects right most often that a text
of few words asked for; what such words leave open is then made up anew, not from what was there."""


_CENTRAL: Final = 1 / 8
"""What is nearer than this to the middle, in frames, is in the centre."""


def with_region(
    model: VideoModel, settings: Settings, painting: Painting, region: Region, words: Words
) -> Painting:
    """Return ``painting`` with ``region`` on top of it, drawn after its own text.

    ``words`` are those of the whole picture. The region is held as strongly as it says, where it
    covers what was held before: as a stroke.
    """
    covered = inside(region.outline, settings.width, settings.height)
    if not covered.any():
        return painting
    caption = completed(region.text.strip(), words.caption, covered, model.spec.vocabulary)
    told = replace(words, caption=caption)
    pixels = redraw(model, settings, painting.pixels, covered, told, NOISE, "region")
    weight = painting.weight + covered * (from_units(region.strength) - painting.weight)
    return Painting(pixels, weight)


def completed(
    text: str, content: str, covered: Mask, vocabulary: Mapping[str, tuple[str, ...]]
) -> str:
    """Return a region's ``text`` as a caption that a model of few words has learnt to draw.

    Such a model knows captions that say what is around the subject and at which place it is. Where
    ``text`` does not say so, the phrase for the one is taken from the ``content`` prompt and the
    other is seen from ``covered`` (H, W). Models that know any word, whose ``vocabulary`` is empty,
    are told the text alone.
    """

    def lacks(phrases: Sequence[str]) -> bool:
        return not any(phrase in text.lower() for phrase in phrases)

    around, places = vocabulary.get("backgrounds", ()), vocabulary.get("places", ())
    said = [phrase for phrase in around if lacks(around) and phrase in content.lower()]
    word = _place(covered)
    there = [phrase for phrase in places if lacks(places) and phrase.split()[-1] == word]
    return " ".join([text, *said[:1], *there[:1]])


def _place(covered: Mask) -> str:
    """The word for where in the frame the middle of a mask lies."""
    height, width = covered.shape
    across = float(covered.sum(axis=0) @ (np.arange(width) + 0.5)) / width / covered.sum() - 0.5
    down = float(covered.sum(axis=1) @ (np.arange(height) + 0.5)) / height / covered.sum() - 0.5
    if max(abs(across), abs(down)) < _CENTRAL:
        return "centre"
    if abs(across) >= abs(down):
        return "left" if across < 0 else "right"
    return "top" if down < 0 else "bottom"
