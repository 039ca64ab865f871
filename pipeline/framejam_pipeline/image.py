"""The reference image (x in the paper): from any upload to one frame of pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageOps

from framejam_pipeline.errors import ImageUnreadable

Pixels = npt.NDArray[np.uint8]
"""sRGB bytes, (height, width, 3), or (frames, height, width, 3) for a clip."""


UNDECODABLE = (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError)
"""What Pillow raises for files that are missing, torn, too large or no image at all."""


def fit(image: PIL.Image.Image, width: int, height: int) -> Pixels:
    """Return ``image`` as one frame of ``width`` x ``height`` pixels, uint8 (height, width, 3).

    The frame is covered and the overhang is cropped evenly on both sides; resampling is Lanczos;
    the orientation the camera wrote (EXIF) is respected; transparency is laid over white. Of an
    animation the first picture counts. Raises ``ImageUnreadable`` for files that do not decode.
    """
    try:
        upright = PIL.ImageOps.exif_transpose(image)
        opaque = _opaque(upright)
    except UNDECODABLE as error:
        raise ImageUnreadable(f"the reference image cannot be decoded: {error}") from error
    fitted = PIL.ImageOps.fit(opaque, (width, height), PIL.Image.Resampling.LANCZOS)
    return np.array(fitted, dtype=np.uint8)


def _opaque(image: PIL.Image.Image) -> PIL.Image.Image:
    if image.mode.startswith("I"):
        # 16-bit greyscale: Pillow's own conversion clips everything above 255 to white.
        return PIL.Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    # Before resizing, so that colours hidden under full transparency cannot bleed into edges.
    layered = image.convert("RGBA")
    white = PIL.Image.new("RGBA", layered.size, "white")
    return PIL.Image.alpha_composite(white, layered).convert("RGB")
