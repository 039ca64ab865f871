"""The pictures of a time-lapse: a frame of the clip, and below it who did what, and when."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SHORTEST_SIDE: Final = 512
"""Clips smaller than this are enlarged by a whole factor."""

_STRIP: Final = 124
"""Pixels below the clip."""
_MARGIN: Final = 24
_BACKGROUND: Final = "#16181d"
_TEXT: Final = "#f2f1ee"
_QUIET: Final = "#9a9fab"
_TRACK: Final = "#33373f"
_NOBODY: Final = "#6b7280"

_LETTERS: Final = frozenset(map(chr, range(32, 127))) | set("“”‘’…·–")
"""What Pillow's own font can draw: the same picture on every machine, but few letters."""


@dataclass(frozen=True)
class Caption:
    """Who did what: ``color`` is the person's (#rrggbb), ``swatch`` that of their stroke.

    ``note`` stands in the corner; ``place`` is that of the gesture on the line of all of them.
    """

    name: str
    color: str | None
    words: str
    note: str
    place: int
    swatch: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Line:
    """The history as a line: the colour of each gesture's author (None: nobody's), and which of
    them are named versions."""

    colors: Sequence[str | None]
    versions: frozenset[int]


class Stage:
    """Draws all frames of one film, for clips of ``width`` x ``height`` pixels."""

    def __init__(self, width: int, height: int, line: Line) -> None:
        scale = max(1, -(-SHORTEST_SIDE // min(width, height)))
        self._clip = (width * scale, height * scale)
        self._line = line
        # yuv420p wants even sides
        self.size = (self._clip[0] + self._clip[0] % 2, _even(self._clip[1]) + _STRIP)

    def strip(self, caption: Caption) -> Image.Image:
        """A picture of ``size`` with everything on it but the clip."""
        picture = Image.new("RGB", self.size, _BACKGROUND)
        draw = ImageDraw.Draw(picture)
        left, right, top = _MARGIN, self.size[0] - _MARGIN, self.size[1] - _STRIP
        middle = top + 28
        draw.text((right, middle), readable(caption.note), _QUIET, _font(14), anchor="rm")
        room = right - left - draw.textlength(readable(caption.note), _font(14)) - 40
        if caption.color is not None:
            draw.ellipse((left, middle - 7, left + 14, middle + 7), fill=caption.color)
            left += 24
            room -= 24
        name = shortened(readable(caption.name), lambda it: draw.textlength(it, _font(20)), room)
        draw.text((left, middle), name, _TEXT, _font(20), anchor="lm")
        if caption.version is not None:
            self._badge(draw, round(left + draw.textlength(name, _font(20))) + 14, middle, caption)
        self._words(draw, caption, top + 58)
        self._history(draw, caption.place)
        return picture

    def frame(self, strip: Image.Image, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The strip with a frame (H, W, 3) of a clip above it, fitted in where it has another
        shape than the others."""
        picture = strip.copy()
        height, width, _ = frame.shape
        scale = min(self._clip[0] / width, self._clip[1] / height)
        size = (round(width * scale), round(height * scale))
        scaled = Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC)
        picture.paste(scaled, ((self.size[0] - size[0]) // 2, (self._clip[1] - size[1]) // 2))
        return np.asarray(picture)

    def _badge(self, draw: ImageDraw.ImageDraw, x: int, middle: int, caption: Caption) -> None:
        """That this moment has a name."""
        text = shortened(
            readable(f"version “{caption.version}”"),
            lambda it: draw.textlength(it, _font(13)),
            max(self.size[0] - _MARGIN - 100 - x, 40),
        )
        width = draw.textlength(text, _font(13))
        draw.rounded_rectangle((x, middle - 11, x + width + 18, middle + 11), 11, fill=_TEXT)
        draw.text((x + 9, middle), text, _BACKGROUND, _font(13), anchor="lm")

    def _words(self, draw: ImageDraw.ImageDraw, caption: Caption, top: int) -> None:
        left, room = _MARGIN, self.size[0] - 2 * _MARGIN
        if caption.swatch is not None:
            draw.rounded_rectangle((left, top - 8, left + 26, top + 8), 4, fill=caption.swatch)
            left, room = left + 36, room - 36
        text = readable(caption.words)
        size = next((it for it in (19, 17) if draw.textlength(text, _font(it)) <= room), 15)
        text = shortened(text, lambda it: draw.textlength(it, _font(size)), room)
        draw.text((left, top), text, _TEXT, _font(size), anchor="lm")

    def _history(self, draw: ImageDraw.ImageDraw, place: int) -> None:
        """The line of all gestures; what is past is in its authors' colours."""
        left, right, middle = _MARGIN, self.size[0] - _MARGIN, self.size[1] - 30
        count = len(self._line.colors)
        each = (right - left) / count
        gap = 1 if each >= 4 else 0
        for number, color in enumerate(self._line.colors):
            start, end = left + number * each, left + (number + 1) * each - gap
            fill = _TRACK if number > place else color or _NOBODY
            draw.rectangle((start, middle - 3, max(end, start + 1), middle + 3), fill=fill)
        for number in self._line.versions:
            _diamond(draw, left + (number + 0.5) * each, middle - 13, 5, _TEXT)
        x = left + (place + 0.5) * each
        draw.ellipse((x - 8, middle - 8, x + 8, middle + 8), fill=_BACKGROUND)
        draw.ellipse((x - 6, middle - 6, x + 6, middle + 6), fill=_TEXT)


def readable(text: str) -> str:
    """As much of a text as the font can draw: accents go, letters of other scripts are dots."""
    text = unicodedata.normalize("NFD", " ".join(text.split()))
    letters = (one for one in text if not unicodedata.combining(one))
    return "".join(one if one in _LETTERS else "·" for one in letters)


def shortened(text: str, width: Callable[[str], float], room: float) -> str:
    """A text that fits, with an ellipsis where it was too long."""
    if width(text) <= room:
        return text
    while text and width(f"{text}…") > room:
        text = text[:-1].rstrip()
    return f"{text}…"


def _diamond(draw: ImageDraw.ImageDraw, x: float, y: float, size: int, fill: str) -> None:
    draw.polygon([(x, y - size), (x + size, y), (x, y + size), (x - size, y)], fill=fill)


def _even(side: int) -> int:
    return side + side % 2


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
