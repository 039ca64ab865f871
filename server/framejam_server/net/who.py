"""The query of ``GET .../who``: a point of a frame, in integers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from framejam_protocol.limits import UNIT

_INTEGER: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)


class BadQuery(Exception):
    """A parameter that is missing or not in its range; ``field`` names it."""

    def __init__(self, field: str, most: int, given: str | None) -> None:
        fault = "is missing" if given is None else f"is {given[:20]!r}"
        super().__init__(f"{field} {fault}; give an integer from 0 to {most}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Spot:
    """A point, in 1/65536 of the frame's sides, of a frame (the first is 0)."""

    x: int
    y: int
    frame: int


def parse_spot(query: Mapping[str, str], frames: int) -> Spot:
    """The point that a query asks about, in a clip of ``frames`` frames. Raises ``BadQuery``."""
    return Spot(
        _integer(query, "x", UNIT), _integer(query, "y", UNIT), _integer(query, "frame", frames - 1)
    )


def _integer(query: Mapping[str, str], field: str, most: int) -> int:
    given = query.get(field)
    if given is None or not _INTEGER.fullmatch(given) or not 0 <= int(given) <= most:
        raise BadQuery(field, most, given)
    return int(given)
