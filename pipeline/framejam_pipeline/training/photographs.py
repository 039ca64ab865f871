"""Cut the photographs' crops once into ``photographs.npz``, which is package data.

Those of ``HELD_OUT`` go to ``photographs-held-out.npz``: training never sees their pictures.

Unpack the wheels of scikit-image 0.26.0 and scikit-learn 1.9.1 into one folder, then run
``python -m framejam_pipeline.training.photographs FOLDER``. Authors and licences of the
pictures: LICENSES/photographs.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from framejam_pipeline.training.backgrounds import HELD_OUT_FILE, PHOTOGRAPHS_FILE

EDGE_PX: Final = 128
"""Edge of a stored crop: twice a frame, so that a frame can be cut from it in many ways."""

CROPS: Final[dict[str, tuple[tuple[int, int, int], ...]]] = {
    "skimage/data/rocket.jpg": ((0, 0, 427), (200, 0, 427), (220, 150, 200)),
    "skimage/data/coffee.png": ((0, 0, 400), (200, 0, 400), (180, 60, 220)),
    "skimage/data/chelsea.png": ((0, 0, 300), (120, 0, 300), (90, 20, 160)),
    "skimage/data/hubble_deep_field.jpg": ((0, 0, 436), (500, 400, 436)),
    "skimage/data/brick.png": ((0, 0, 300),),
    "skimage/data/grass.png": ((0, 0, 400),),
    "skimage/data/gravel.png": ((0, 0, 300),),
    "sklearn/datasets/images/china.jpg": ((0, 0, 427), (213, 0, 427), (100, 150, 220)),
    "sklearn/datasets/images/flower.jpg": ((0, 0, 427), (213, 0, 427)),
}
"""Picture -> squares to cut from it, as (left, top, edge) in its own pixels."""


HELD_OUT: Final[dict[str, tuple[tuple[int, int, int], ...]]] = {
    "skimage/data/astronaut.png": (
        (0, 0, 512),
        (128, 0, 256),
        (0, 128, 256),
        (256, 0, 256),
        (64, 128, 384),
    ),
    "skimage/data/camera.png": ((0, 0, 512), (128, 0, 256), (256, 128, 256), (64, 64, 384)),
    "skimage/data/coins.png": ((0, 0, 303), (192, 0, 192), (40, 100, 192)),
}
"""The same for the pictures that only measurements use."""


def write_photographs(folder: Path) -> None:
    """Cut and scale every crop; they are stored by the picture's name and a number."""
    for crops, target in ((CROPS, PHOTOGRAPHS_FILE), (HELD_OUT, HELD_OUT_FILE)):
        np.savez_compressed(target, allow_pickle=False, **_cut(folder, crops))


def _cut(
    folder: Path, crops: dict[str, tuple[tuple[int, int, int], ...]]
) -> dict[str, NDArray[np.uint8]]:
    cut = {}
    for path, squares in crops.items():
        picture = Image.open(folder / path).convert("RGB")
        for index, (left, top, edge) in enumerate(squares):
            square = picture.crop((left, top, left + edge, top + edge))
            small = square.resize((EDGE_PX, EDGE_PX), Image.Resampling.LANCZOS)
            cut[f"{Path(path).stem}{index}"] = np.asarray(small, dtype=np.uint8)
    return cut


if __name__ == "__main__":
    write_photographs(Path(sys.argv[1]))
