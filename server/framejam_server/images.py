"""Look at an image from outside, uploaded or in a bundle, before anything decodes it (A3)."""

from __future__ import annotations

import io
import struct
import warnings

from PIL import Image, UnidentifiedImageError

from framejam_protocol.errors import Code
from framejam_protocol.limits import MAX_BLOB_PIXELS

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
# Phones write JPEGs that hold a second picture; Pillow calls these MPO.
TYPES = {**FORMATS, "MPO": "image/jpeg"}


class BadImage(ValueError):
    """The bytes are not an image we take; ``code`` says why, the text what to do."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


def inspect_image(data: bytes) -> tuple[str, int, int]:
    """Media type, width and height in pixels of an image that decodes completely.

    Blocks (decoding): call it in a thread. Size is read from the header before any pixel is
    decoded. Raises ``BadImage``.
    """
    try:
        # Pillow warns about large images by itself; our own limit below decides.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=list(FORMATS))
        width, height = image.size
        if width * height > MAX_BLOB_PIXELS:
            raise BadImage(
                Code.TOO_LARGE,
                f"the image has {width} x {height} pixels; make it "
                f"smaller than {MAX_BLOB_PIXELS:,} pixels in all",
            )
        image.load()
        return TYPES[image.format or ""], width, height
    except Image.DecompressionBombError as error:
        raise BadImage(
            Code.TOO_LARGE,
            "the image has too many pixels; make it smaller than "
            f"{MAX_BLOB_PIXELS:,} pixels in all",
        ) from error
    except UnidentifiedImageError as error:
        raise BadImage(
            Code.NOT_AN_IMAGE,
            "these bytes are no PNG, JPEG, WebP or GIF image, "
            "whatever the file is called; convert it and send it again",
        ) from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        LookupError,
        TypeError,
        struct.error,
    ) as error:
        if isinstance(error, BadImage):
            raise
        raise BadImage(
            Code.NOT_AN_IMAGE, f"the image is damaged ({error}); save it again and send it again"
        ) from error
