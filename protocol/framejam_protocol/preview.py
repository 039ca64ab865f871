"""The preview frame (C5): a fixed header of 40 bytes, then image bytes.

The first byte is 0xC1, the one byte that never occurs in MessagePack, so a client tells previews
from messages by looking at it. All integers are big-endian, as in MessagePack.

==== ==== =========================================================
 at  size  meaning
==== ==== =========================================================
  0   u8  0xC1
  1   u8  header version, 1
  2   u8  tier: 1 projected, 2 the finished clip, fully decoded, 3 decoded on the way (paused)
  3   u8  codec: 1 JPEG
  4   u8  columns of the contact sheet
  5   u8  rows
  6   u16 frames (the last cells of the grid may be empty)
  8   u16 width of one frame in the sheet, pixels
 10   u16 height of one frame, pixels
 12   u32 take
 16   u16 steps done (``step`` of the take after this preview)
 18   u16 steps of the take
 20   u32 look: number of the look it belongs to (T12), 0 for the take itself
 24   u64 seq: all live edits up to it have entered (T13)
 32   u64 server time, milliseconds since the Unix epoch
==== ==== =========================================================
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

MARK: Final = 0xC1
_HEADER: Final = struct.Struct(">BBBBBBHHHIHHIQQ")
HEADER_BYTES: Final = _HEADER.size

TIER_SHEET: Final = 1
TIER_DECODED: Final = 2
TIER_ESTIMATE: Final = 3
CODEC_JPEG: Final = 1


class Preview(msgspec.Struct, frozen=True):
    """One step's picture of the whole clip: a contact sheet, frames in reading order."""

    tier: int
    codec: int
    columns: int
    rows: int
    frames: int
    width: int
    height: int
    take: int
    step: int
    steps: int
    seq: int
    at: int
    image: bytes
    look: int = 0

    @property
    def done(self) -> bool:
        """Whether this is the finished clip, fully decoded."""
        return self.tier == TIER_DECODED


def pack_preview(preview: Preview) -> bytes:
    """Header and image bytes as one binary message. Raises ``struct.error`` out of range."""
    return (
        _HEADER.pack(
            MARK,
            1,
            preview.tier,
            preview.codec,
            preview.columns,
            preview.rows,
            preview.frames,
            preview.width,
            preview.height,
            preview.take,
            preview.step,
            preview.steps,
            preview.look,
            preview.seq,
            preview.at,
        )
        + preview.image
    )


def is_preview(data: bytes) -> bool:
    """Whether a binary message is a preview and not MessagePack."""
    return data[:1] == b"\xc1"


def unpack_preview(data: bytes) -> Preview:
    """The preview in a binary message. Raises ``ValueError`` where it is none of version 1."""
    if len(data) < HEADER_BYTES or not is_preview(data) or data[1] != 1:
        raise ValueError("not a preview of header version 1: check the first two bytes (C1 01)")
    (_, _, tier, codec, columns, rows, frames, width, height, take, step, steps, look, seq, at) = (
        _HEADER.unpack_from(data)
    )
    return Preview(
        tier=tier,
        codec=codec,
        columns=columns,
        rows=rows,
        frames=frames,
        width=width,
        height=height,
        take=take,
        step=step,
        steps=steps,
        seq=seq,
        at=at,
        image=data[HEADER_BYTES:],
        look=look,
    )
