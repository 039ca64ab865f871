"""Rasterise the subject sprites once, from Fluent Emoji (flat), into ``sprites.npz``.

Run ``npm pack @iconify-json/fluent-emoji-flat@1.2.6``, unpack it, then
``python -m framejam_pipeline.training.sprites package/icons.json``. The result is package data,
so that training needs neither npm nor a rasteriser. Licence: LICENSES/fluent-emoji-MIT.txt.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framejam_pipeline.training.vocabulary import ICONS, SUBJECTS

SPRITE_PX = 32
"""Edge of a stored sprite. Subjects are drawn at 20 to 45 px, so bilinear sampling suffices."""

SPRITES_FILE = Path(__file__).with_name("sprites.npz")


def rasterise(body: str, edge: int = SPRITE_PX) -> NDArray[np.uint8]:
    """Draw one 32x32-unit SVG body; returns (edge, edge, 4) RGBA, straight alpha."""
    import resvg_py
    from PIL import Image

    big = edge * 4
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" '
        f'width="{big}" height="{big}">{body}</svg>'
    )
    picture = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg))))
    small = picture.convert("RGBA").resize((edge, edge), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.uint8)


def write_sprites(icons_json: Path, target: Path = SPRITES_FILE) -> None:
    """Rasterise every subject of the vocabulary and store them by subject name."""
    icons = json.loads(icons_json.read_text())["icons"]
    sprites = {name: rasterise(icons[ICONS[name]]["body"]) for name in SUBJECTS}
    np.savez_compressed(target, allow_pickle=False, **sprites)


def load_sprites(source: Path = SPRITES_FILE) -> NDArray[np.uint8]:
    """All sprites in vocabulary order: (subjects, 32, 32, 4) RGBA."""
    with np.load(source) as stored:
        return np.stack([stored[name] for name in SUBJECTS])


if __name__ == "__main__":
    write_sprites(Path(sys.argv[1]))
