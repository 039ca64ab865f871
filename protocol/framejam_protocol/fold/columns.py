"""Columns of integers as bytes, and back: what a snapshot is mostly made of."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

_CODES: Final = {b"\1": "b", b"\2": "h", b"\4": "i"}
_LONGEST: Final = 4


def pack(numbers: Iterable[int]) -> bytes:
    """Integers of 32 bits with sign: one byte says how long each is, 1, 2 or 4; then all of them,
    little-endian. Raises ``OverflowError`` for longer ones."""
    column = array("i", numbers)
    least, most = min(column, default=0), max(column, default=0)
    if least >= -(2**7) and most < 2**7:
        column = array("b", column)
    elif least >= -(2**15) and most < 2**15:
        column = array("h", column)
    if sys.byteorder == "big":
        column.byteswap()
    return bytes([column.itemsize]) + column.tobytes()


def unpack_column(data: bytes) -> array[int]:
    """What ``pack`` packed. Raises ``ValueError`` where these are not whole integers."""
    return array("i", column) if (column := _read(data)).itemsize < _LONGEST else column


def unpack(data: bytes) -> list[int]:
    """The same as a list."""
    return _read(data).tolist()


def _read(data: bytes) -> array[int]:
    if data[:1] not in _CODES:
        raise ValueError("a column that does not say how long its integers are")
    column = array(_CODES[data[:1]])
    column.frombytes(memoryview(data)[1:])
    if sys.byteorder == "big":
        column.byteswap()
    return column


class Lists(msgspec.Struct, frozen=True, array_like=True):
    """{key: integers}: the keys, how many each has, and all of them one after the other."""

    keys: bytes
    lengths: bytes
    values: bytes


def pack_lists(lists: Mapping[int, Sequence[int]]) -> Lists:
    """Raises ``OverflowError`` as ``pack`` does."""
    return Lists(
        pack(lists),
        pack(map(len, lists.values())),
        pack(one for values in lists.values() for one in values),
    )


def unpack_lists(lists: Lists) -> Iterator[tuple[int, list[int]]]:
    """Each key with its integers. Raises ``ValueError`` where there are not as many as it says."""
    values = unpack(lists.values)
    start = 0
    for key, length in zip(unpack(lists.keys), unpack(lists.lengths), strict=True):
        end = start + length
        yield key, values[start:end]
        start = end
    if start != len(values):
        raise ValueError(f"{len(values)} integers in lists of {start}")
