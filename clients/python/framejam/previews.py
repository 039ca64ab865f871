"""A preview as a program wants it: numbers, and the frames as pictures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from typing import TYPE_CHECKING

from framejam_protocol import preview as wire

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Preview:
    """The whole clip as the loop predicts it after ``step`` of ``steps`` steps of take ``take``.

    ``seq``: all live edits up to this event have entered (T13). ``done`` marks the finished clip,
    fully decoded. ``received`` is the time it arrived, in seconds of ``time.perf_counter``.
    """

    take: int
    step: int
    steps: int
    seq: int
    done: bool
    received: float
    sheet: wire.Preview

    @cached_property
    def images(self) -> list[Image]:
        """The frames as RGB pictures, in order; decoded when they are first asked for."""
        sheet = self.sheet
        return _cut(sheet.image, sheet.columns, sheet.frames, sheet.width, sheet.height)


@dataclass(frozen=True)
class Kept:
    """A picture of the take that was kept for the history (R1): all frames beside each other.

    It is what people saw of take ``take`` after ``step`` of ``steps`` steps, when all live edits up
    to event ``seq`` had entered (T13). ``exact`` tells whether it is the picture of the moment that
    was asked for, not of one before. ``jpeg`` are the bytes of the sheet, whose ``frames`` pictures
    of ``width`` x ``height`` pixels lie in ``columns``, row by row.
    """

    seq: int
    take: int
    step: int
    steps: int
    exact: bool
    columns: int
    frames: int
    width: int
    height: int
    jpeg: bytes

    @classmethod
    def of(cls, body: bytes, headers: Message) -> Kept:
        """From an answer of the server, whose headers tell what it is."""
        columns, _rows, frames, width, height = (
            int(number) for number in headers["X-Framejam-Grid"].split("x")
        )
        seq, take, step, steps, exact = (
            int(headers[f"X-Framejam-{fact}"]) for fact in ("Seq", "Take", "Step", "Steps", "Exact")
        )
        return cls(seq, take, step, steps, bool(exact), columns, frames, width, height, body)

    @cached_property
    def images(self) -> list[Image]:
        """The frames as RGB pictures, in order; decoded when they are first asked for."""
        return _cut(self.jpeg, self.columns, self.frames, self.width, self.height)


def read_preview(data: bytes, now: float) -> Preview:
    """The preview in a binary message. Raises ``ValueError`` where it is none of version 1."""
    sheet = wire.unpack_preview(data)
    return Preview(sheet.take, sheet.step, sheet.steps, sheet.seq, sheet.done, now, sheet)


def _cut(image: bytes, columns: int, frames: int, width: int, height: int) -> list[Image]:
    """The frames of a sheet."""
    from PIL import Image

    with Image.open(io.BytesIO(image)) as opened:
        picture = opened.convert("RGB")
    places = ((i % columns * width, i // columns * height) for i in range(frames))
    return [picture.crop((x, y, x + width, y + height)) for x, y in places]
