"""A preview as a program wants it: numbers, and the frames as pictures."""

from __future__ import annotations

import io
from dataclasses import dataclass
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
        from PIL import Image

        width, height = self.sheet.width, self.sheet.height
        with Image.open(io.BytesIO(self.sheet.image)) as opened:
            picture = opened.convert("RGB")
        places = (
            (i % self.sheet.columns * width, i // self.sheet.columns * height)
            for i in range(self.sheet.frames)
        )
        return [picture.crop((x, y, x + width, y + height)) for x, y in places]


def read_preview(data: bytes, now: float) -> Preview:
    """The preview in a binary message. Raises ``ValueError`` where it is none of version 1."""
    sheet = wire.unpack_preview(data)
    return Preview(sheet.take, sheet.step, sheet.steps, sheet.seq, sheet.done, now, sheet)
