"""Integer geometry (L3): the wire carries 1/65536 of width and height, never floats."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

from framejam_protocol.limits import COORDINATE_MAX, COORDINATE_MIN, UNIT

Coordinate = Annotated[int, msgspec.Meta(ge=COORDINATE_MIN, le=COORDINATE_MAX)]
"""One coordinate in units of 1/65536 of the frame's width (x) or height (y)."""

Point = tuple[Coordinate, Coordinate]
"""(x, y); (0, 0) is the upper left corner, (65536, 65536) the lower right."""

Share = Annotated[int, msgspec.Meta(ge=0, le=UNIT)]
"""A share of one in units of 1/65536: 65536 is 1.0."""


def to_units(value: float) -> int:
    """Turn a share of the frame (0.0 to 1.0, a little beyond is allowed) into wire units.

    Rounds half up, as JavaScript's ``Math.round`` does, so that clients in several languages send
    the same integers. Raises ``ValueError`` for NaN and infinities.
    """
    if not math.isfinite(value):
        raise ValueError(f"a coordinate must be a finite number, not {value!r}")
    return math.floor(value * UNIT + 0.5)


def from_units(value: int) -> float:
    """Turn wire units back into a share of the frame."""
    return value / UNIT
