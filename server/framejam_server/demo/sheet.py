"""The demo's pictures: every clip before and after each edit, labelled, and pairs without words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from framejam_server.demo.script import COLORS
from framejam_server.render.recompute import Frames

_BACKGROUND: Final = "#16181d"
_PANEL: Final = "#1f2229"
_TEXT: Final = "#f2f1ee"
_QUIET: Final = "#9a9fab"

_CELL: Final = 88
"""Width of a frame in the contact sheet, pixels."""
_GAP: Final = 4
_MARGIN: Final = 28
_LABEL: Final = 70
_TITLE: Final = 84
_HEADING: Final = 50
_NARROWEST: Final = 1280
"""Pixels a heading needs, however few frames the clip has."""

_PAIR_CELL: Final = 128
_PAIR_FRAMES: Final = 6
"""Frames in a picture without words: enough to see motion, few enough to see them well."""


@dataclass(frozen=True)
class Row:
    """What one act did: who did it, in words, with the ``color`` of its stroke if it has one.

    ``note`` stands before that colour, ``fact`` is a short line for the right of the heading.
    """

    who: str
    label: str
    fact: str
    before: Frames
    after: Frames
    note: str = ""
    color: str | None = None


def contact_sheet(title: str, subtitle: str, rows: Sequence[Row]) -> Image.Image:
    """All frames before and after each act, under a heading with its author and instruction."""
    count, height, width, _ = rows[0].after.shape
    row = _CELL * height // width
    panel = _HEADING + 2 * row + 3 * _GAP + 10
    size = (
        max(_NARROWEST, 2 * _MARGIN + _LABEL + count * (_CELL + _GAP)),
        _TITLE + len(rows) * (panel + 12) + _MARGIN,
    )
    sheet = Image.new("RGB", size, _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, 18), title, fill=_TEXT, font=_font(28))
    draw.text((_MARGIN, 53), subtitle, fill=_QUIET, font=_font(16))
    for place, one in enumerate(rows):
        top = _TITLE + place * (panel + 12)
        draw.rounded_rectangle(
            (_MARGIN - 12, top, size[0] - _MARGIN + 12, top + panel), 10, fill=_PANEL
        )
        _heading(draw, one, top, size[0] - _MARGIN)
        for line, (word, clip) in enumerate((("before", one.before), ("after", one.after))):
            y = top + _HEADING + line * (row + _GAP)
            draw.text((_MARGIN, y + row // 2), word, fill=_QUIET, font=_font(15), anchor="lm")
            _strip(sheet, clip, (_MARGIN + _LABEL, y), (_CELL, row))
    return sheet


def pair_picture(before: Frames, after: Frames) -> Image.Image:
    """A few frames of two clips without any words: before above, after below."""
    count, height, width, _ = after.shape
    chosen = np.linspace(0, count - 1, min(count, _PAIR_FRAMES)).round().astype(int)
    row = _PAIR_CELL * height // width
    size = (len(chosen) * (_PAIR_CELL + _GAP) + _GAP, 2 * row + 5 * _GAP)
    picture = Image.new("RGB", size, _BACKGROUND)
    _strip(picture, before[chosen], (_GAP, _GAP), (_PAIR_CELL, row))
    _strip(picture, after[chosen], (_GAP, row + 4 * _GAP), (_PAIR_CELL, row))
    return picture


def _heading(draw: ImageDraw.ImageDraw, row: Row, top: int, right: int) -> None:
    middle = top + _HEADING // 2
    x = _MARGIN
    draw.ellipse((x, middle - 7, x + 14, middle + 7), fill=COLORS[row.who])
    x = _write(draw, (x + 24, middle), row.who, _TEXT, 19)
    x = _write(draw, (x + 16, middle), row.label, _TEXT, 17)
    if row.note:
        x = _write(draw, (x + 8, middle), row.note, _QUIET, 17)
    if row.color is not None:
        draw.rounded_rectangle((x + 10, middle - 8, x + 42, middle + 8), 4, fill=row.color)
    draw.text((right, middle), row.fact, fill=_QUIET, font=_font(15), anchor="rm")


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, fill: str, size: int
) -> int:
    """Write ``text`` centred on the height of ``place``; the x where it ends."""
    draw.text(place, text, fill=fill, font=_font(size), anchor="lm")
    return round(place[0] + draw.textlength(text, font=_font(size)))


def _strip(
    picture: Image.Image, clip: Iterable[Frames], start: tuple[int, int], cell: tuple[int, int]
) -> None:
    for place, frame in enumerate(clip):
        scaled = Image.fromarray(frame).resize(cell, Image.Resampling.LANCZOS)
        picture.paste(scaled, (start[0] + place * (cell[0] + _GAP), start[1]))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font: the same picture on every machine."""
    return ImageFont.load_default(size)
