"""Frames to JPEG contact sheets, one for each size that somebody watches (C5)."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from PIL import Image

from framejam_protocol.messages import Tier
from framejam_server.render.pipe import Sheet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

JPEG_QUALITY: Final = 92

LONGER_SIDE: Final[dict[Tier, int]] = {"small": 64, "sheet": 128, "large": 256}
"""Pixels that the longer side of a frame has at most, by the tier."""


def tier_size(tier: Tier, width: int, height: int) -> tuple[int, int]:
    """Width and height of a frame in a sheet of ``tier``: never more than its own."""
    longer, most = max(width, height), LONGER_SIDE[tier]
    if longer <= most:
        return width, height
    # Rounded half up; integers, so that every size comes out the same everywhere.
    shrunk = [max(1, (2 * side * most + longer) // (2 * longer)) for side in (width, height)]
    return shrunk[0], shrunk[1]


def contact_sheets(frames: NDArray[np.uint8], tiers: Iterable[Tier]) -> dict[Tier, Sheet]:
    """One sheet of frames of shape (F, H, W, 3), RGB 0..255, for each tier.

    Tiers in which frames are equally large share one.
    """
    _, height, width, _ = frames.shape
    made: dict[tuple[int, int], Sheet] = {}
    sheets: dict[Tier, Sheet] = {}
    for tier in tiers:
        size = tier_size(tier, width, height)
        if size not in made:
            made[size] = contact_sheet(frames, size)
        sheets[tier] = made[size]
    return sheets


def contact_sheet(frames: NDArray[np.uint8], size: tuple[int, int]) -> Sheet:
    """Lay frames of shape (F, H, W, 3), RGB 0..255, out in a grid as square as possible.

    ``size`` is the width and height of each in it, not more than its own. Chroma is not subsampled:
    frames are small and strokes thin.
    """
    count, height, width, _ = frames.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = Image.new("RGB", (columns * size[0], rows * size[1]))
    for place in range(count):
        row, column = divmod(place, columns)
        picture = Image.fromarray(frames[place])
        if size != (width, height):
            # Every pixel is the mean of those it stands for: thin strokes stay, nothing rings.
            picture = picture.resize(size, Image.Resampling.BOX)
        sheet.paste(picture, (column * size[0], row * size[1]))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return Sheet(columns, rows, count, *size, out.getvalue())
