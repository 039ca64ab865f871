"""A finished take as an MP4 (PyAV)."""

from __future__ import annotations

import io
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHORTEST_SIDE: Final = 256
"""Clips smaller than this are enlarged by a whole factor, or players show a postage stamp."""


def encode_mp4(frames: NDArray[np.uint8], fps: int) -> bytes:
    """H.264 in MP4 from frames of shape (F, H, W, 3), RGB 0..255; ``fps`` in frames a second.

    Blocks: call it in a thread.
    """
    _, height, width, _ = frames.shape
    scale = max(1, -(-SHORTEST_SIDE // min(height, width)))
    size = (width * scale // 2 * 2, height * scale // 2 * 2)  # yuv420p wants even sides
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "16", "preset": "medium"}
        for frame in frames:
            picture = Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS)
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24"))
            )
        container.mux(stream.encode(None))
    return out.getvalue()
