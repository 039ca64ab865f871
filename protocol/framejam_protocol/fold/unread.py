"""Edits that are read where somebody asks for them: of a long log hardly anybody asks for all."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from framejam_protocol.fold.records import Edit

AT_ONCE: Final = 256
"""Edits that are read together: a millisecond's worth."""

Read = Callable[[int], Iterable[Edit]]
"""The edits of a block of ``AT_ONCE``, by its number from 0 on: the same each time."""


class Unread(Mapping[int, Edit]):
    """{seq: edit} as ``State.edits`` holds it, in seq order; what ``read`` reads is kept.

    ``seqs`` are those that can be read, in order and never changed. An edit never changes either,
    so copies share what there is to read.
    """

    __slots__ = ("_added", "_known", "_read", "_seqs")

    def __init__(self, seqs: Sequence[int], read: Read) -> None:
        self._seqs = seqs
        self._read = read
        self._known: dict[int, Edit] = {}
        self._added: list[int] = []

    def copy(self) -> Unread:
        """Another one that is equal; what is added to one does not show in the other."""
        other = Unread(self._seqs, self._read)
        other._known = self._known.copy()
        other._added = self._added.copy()
        return other

    def read_all(self) -> None:
        """Read now what would be read later: for who is about to look at all of them."""
        for number in range(-(-len(self._seqs) // AT_ONCE)):
            self._known.update((one.seq, one) for one in self._read(number))

    def __getitem__(self, seq: int) -> Edit:
        edit = self._known.get(seq)
        if edit is None:
            place = bisect_left(self._seqs, seq)
            if place == len(self._seqs) or self._seqs[place] != seq:
                raise KeyError(seq)
            self._known.update((one.seq, one) for one in self._read(place // AT_ONCE))
            edit = self._known[seq]
        return edit

    def __setitem__(self, seq: int, edit: Edit) -> None:
        """Add the newest edit: its seq is above all others."""
        self._known[seq] = edit
        self._added.append(seq)

    def __contains__(self, seq: object) -> bool:
        if seq in self._known:
            return True
        if not isinstance(seq, int):
            return False
        place = bisect_left(self._seqs, seq)
        return place < len(self._seqs) and self._seqs[place] == seq

    def __iter__(self) -> Iterator[int]:
        yield from self._seqs
        yield from self._added

    def __len__(self) -> int:
        return len(self._seqs) + len(self._added)
