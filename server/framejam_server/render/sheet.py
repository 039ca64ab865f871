"""Frames to one JPEG contact sheet (pipeline.md's measurement: about a millisecond)."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from PIL import Image

from framejam_server.render.pipe import Sheet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def contact_sheet(frames: NDArray[np.uint8], quality: int) -> Sheet:
    """Lay frames of shape (F, H, W, 3), RGB 0..255, out in a grid as square as possible.

    ``quality`` is JPEG's, 1 to 95. Chroma is not subsampled: frames are small and strokes thin.
    """
    count, height, width, _ = frames.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for place in range(count):
        row, column = divmod(place, columns)
        sheet.paste(Image.fromarray(frames[place]), (column * width, row * height))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=quality, subsampling=0)
    return Sheet(columns, rows, count, width, height, out.getvalue())
