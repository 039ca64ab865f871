"""The eight backgrounds of the world, a few fixed variants each, and the photographs.

They are drawn once at start-up, so a training sample only has to pick one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from framejam_pipeline.training.vocabulary import BACKGROUND_NAMES

EDGE: Final = 64
"""Width and height of a frame in pixels."""

VARIANTS: Final = 3
"""Variants of each background: few, because captions cannot tell them apart."""

_SCALE: Final = 4  # drawn larger, then shrunk: antialiasing
_BIG: Final = EDGE * _SCALE

PHOTOGRAPHS_FILE = Path(__file__).with_name("photographs.npz")
HELD_OUT_FILE = Path(__file__).with_name("photographs-held-out.npz")

Rgb = tuple[int, int, int]


def _gradient(top: Rgb, bottom: Rgb) -> Image.Image:
    ramp = np.linspace(0.0, 1.0, _BIG)[:, None, None]
    column = np.array(top) * (1 - ramp) + np.array(bottom) * ramp
    return Image.fromarray(np.repeat(column, _BIG, axis=1).astype(np.uint8))


def _ellipse(draw: ImageDraw.ImageDraw, x: float, y: float, rx: float, ry: float, c: Rgb) -> None:
    box = [v * _SCALE for v in (x - rx, y - ry, x + rx, y + ry)]
    draw.ellipse(box, fill=c)


def _sky(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    for column, row in ((14, 14), (46, 24), (26, 48)):
        x, y = column + rng.uniform(-5, 5), row + rng.uniform(-4, 4)
        for dx, r in ((-6, 4.0), (0, 6.0), (6, 4.0)):
            _ellipse(draw, x + dx, y, r * 1.2, r * 0.8, (238, 245, 252))


def _meadow(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    draw.rectangle([0, 30 * _SCALE, _BIG, _BIG], fill=(112, 178, 82))
    _ellipse(draw, rng.uniform(5, 60), 42, 40, 14, (98, 165, 72))
    for _ in range(14):
        x, y = rng.uniform(0, 64), rng.uniform(38, 63)
        _ellipse(draw, x, y, 1.2, 1.0, (250, 240, 150))


def _sea(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    draw.rectangle([0, 26 * _SCALE, _BIG, _BIG], fill=(30, 110, 165))
    for y in range(30, 64, 6):
        x = rng.uniform(-8, 8)
        for k in range(5):
            left, top = (x + k * 16) * _SCALE, y * _SCALE
            draw.line([left, top, left + 8 * _SCALE, top], fill=(90, 165, 205), width=_SCALE)


def _night(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    for _ in range(22):
        _ellipse(draw, rng.uniform(0, 64), rng.uniform(0, 60), 0.8, 0.8, (215, 215, 190))
    _ellipse(draw, 52, 11, 6, 6, (240, 235, 200))


def _city(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    for k in range(7):
        top, tone = rng.uniform(14, 36), int(rng.uniform(95, 135))
        left = k * 9.4
        box = [left * _SCALE, top * _SCALE, (left + 8.6) * _SCALE, 56 * _SCALE]
        draw.rectangle(box, fill=(tone, tone, tone + 12))
        for row in range(int(top) + 3, 52, 5):
            for col in (2.0, 5.4):
                x, y = (left + col) * _SCALE, row * _SCALE
                draw.rectangle([x, y, x + 6, y + 8], fill=(226, 205, 130))
    draw.rectangle([0, 56 * _SCALE, _BIG, _BIG], fill=(82, 82, 88))


def _forest(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    for k in range(8):
        x = k * 9 + rng.uniform(-1.5, 1.5)
        box = [x * _SCALE, 8 * _SCALE, (x + 2.6) * _SCALE, 54 * _SCALE]
        draw.rectangle(box, fill=(88, 62, 42))
        _ellipse(draw, x + 1.3, 8, 7, 10, (34, 92, 50))
    draw.rectangle([0, 54 * _SCALE, _BIG, _BIG], fill=(60, 84, 44))


def _desert(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    draw.rectangle([0, 36 * _SCALE, _BIG, _BIG], fill=(226, 186, 118))
    _ellipse(draw, rng.uniform(8, 24), 44, 30, 14, (236, 200, 134))
    _ellipse(draw, rng.uniform(40, 60), 52, 34, 14, (214, 172, 104))


def _snow(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    draw.rectangle([0, 34 * _SCALE, _BIG, _BIG], fill=(226, 233, 242))
    _ellipse(draw, rng.uniform(10, 50), 42, 36, 12, (234, 240, 247))
    for _ in range(24):
        _ellipse(draw, rng.uniform(0, 64), rng.uniform(0, 64), 0.9, 0.9, (250, 252, 255))


_Painter = Callable[[ImageDraw.ImageDraw, np.random.Generator], None]
_PAINTERS: Final[dict[str, tuple[Rgb, Rgb, _Painter]]] = {
    "sky": ((96, 168, 236), (176, 216, 248), _sky),
    "meadow": ((150, 205, 245), (205, 230, 250), _meadow),
    "sea": ((170, 205, 232), (120, 178, 220), _sea),
    "night": ((28, 32, 78), (58, 62, 118), _night),
    "city": ((188, 196, 210), (206, 208, 214), _city),
    "forest": ((70, 122, 76), (52, 98, 60), _forest),
    "desert": ((238, 196, 148), (246, 222, 180), _desert),
    "snow": ((178, 194, 214), (204, 216, 230), _snow),
}


def draw_background(name: str, variant: int) -> Image.Image:
    """One background as a 64x64 RGB picture; the same call draws the same picture."""
    top, bottom, paint = _PAINTERS[name]
    picture = _gradient(top, bottom)
    seed = 100 * BACKGROUND_NAMES.index(name) + variant
    paint(ImageDraw.Draw(picture), np.random.default_rng(seed))
    soft = picture.filter(ImageFilter.GaussianBlur(_SCALE / 3))
    return soft.resize((EDGE, EDGE), Image.Resampling.BOX)


def background_table() -> torch.Tensor:
    """All backgrounds: (8 * VARIANTS, 3, 64, 64) in [0, 1], variants of one kind adjacent."""
    pictures = [draw_background(n, v) for n in BACKGROUND_NAMES for v in range(VARIANTS)]
    return torch.stack([_to_tensor(np.asarray(p, dtype=np.uint8)) for p in pictures])


def photograph_table(file: Path = PHOTOGRAPHS_FILE) -> torch.Tensor:
    """The photographs' crops: (crops, 3, 128, 128) in [0, 1]. See LICENSES/photographs.md."""
    with np.load(file) as stored:
        return torch.stack([_to_tensor(stored[name]) for name in sorted(stored.files)])


def _to_tensor(picture: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(picture.astype(np.float32) / 255.0).permute(2, 0, 1).contiguous()
