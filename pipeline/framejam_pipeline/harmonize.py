"""Paint that P_img draws again, so that it looks like a part of the picture.

In InteractiveVideo (arXiv 2402.03040) painting changes x, which passes through P_img and so changes
x~. Here the painted picture passes through it image to image: strokes that are noised lightly take
on texture and edges of what the content prompt describes, and keep their place and colour.
"""

from __future__ import annotations

from typing import Final

from framejam_pipeline.image import Pixels
from framejam_pipeline.intermediate import Words, redraw
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.paint import Mask, widened
from framejam_protocol.instructions import Settings

KEPT: Final = 0.5
"""How strongly paint is held to what was painted while P_img draws it.

The words say nothing of it: let go whole, P_img takes it for a fault of the picture, and from half
of the noise on draws the picture without it (``training/measure_harmonize.py``)."""


def harmonized(
    model: VideoModel,
    settings: Settings,
    picture: Pixels,
    painted: Mask,
    words: Words,
    share: int,
) -> Pixels:
    """Return ``picture`` (H, W, 3) with its paint drawn again by P_img after ``words``.

    ``painted`` (H, W), 0 to 1, is where paint shows; ``share``, 1 to 100, is how much of P_img's
    noise it is drawn from. A ring of one latent cell around it is drawn again with it and fades
    into the picture; nothing else changes.
    """
    mask = widened(painted, model.spec.latent_factor)
    return redraw(model, settings, picture, mask, words, share, "harmonize", KEPT * painted)
