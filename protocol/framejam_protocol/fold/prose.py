"""A prompt as the log tells it: every character ever typed, who typed it, who deleted it (M3).

A character shows iff the edit that inserted it is live and no live edit deletes it; who gives a
whole text anew deletes all that stood before, hidden letters too. So undo needs nothing but the
set of live edits (U6), and so does the text of a take at a step (T9). A new character stands right
behind the visible one it was typed after.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from framejam_protocol.fold.columns import (
    Lists,
    pack,
    pack_lists,
    unpack,
    unpack_column,
    unpack_lists,
)
from framejam_protocol.instructions import Splice

Live = Callable[[int], bool]
"""Whether the edit of this seq counts."""

_HEAD = 0
_NONE = -1


class Char(NamedTuple):
    """One character: the edit that inserted it, those that deleted it, whether it is visible."""

    text: str
    by: int
    gone: tuple[int, ...]
    shown: bool


class ProseColumns(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A ``Prose`` as it stands in a snapshot."""

    letters: str
    by: bytes
    gone: bytes
    gone_again: Lists
    shown: bytes
    before: bytes
    after: bytes
    visible: bytes
    struck: Lists
    wholes: bytes


class Prose:
    """The characters of one prompt. ``write`` and ``settle`` change it, all else only looks.

    Characters are numbered as they come, and what is known of them stands in columns: hundreds of
    thousands are copied in no time, and none of them is an object of its own.
    """

    __slots__ = (
        "_after",
        "_before",
        "_by",
        "_gone",
        "_gone_again",
        "_letters",
        "_shown",
        "_struck",
        "_visible",
        "_wholes",
    )

    def __init__(self) -> None:
        # Number 0 is the head, never shown: what stands first stands behind it.
        self._letters = [""]
        self._by = array("i", [0])
        self._gone = array("i", [0])  # the first edit that deleted it, 0 for none
        self._gone_again: dict[int, tuple[int, ...]] = {}  # all of them, where there are several
        self._shown = bytearray(1)
        self._before = array("i", [_NONE])
        self._after = array("i", [_NONE])
        self._visible: list[int] = []
        self._struck: dict[int, tuple[int, ...]] = {}
        self._wholes: list[int] = []

    def copy(self) -> Prose:
        """Another one with the same characters."""
        other = Prose()
        other._letters = self._letters.copy()
        other._by = self._by[:]
        other._gone = self._gone[:]
        other._gone_again = self._gone_again.copy()
        other._shown = self._shown.copy()
        other._before = self._before[:]
        other._after = self._after[:]
        other._visible = self._visible.copy()
        other._struck = self._struck.copy()
        other._wholes = self._wholes.copy()
        return other

    def columns(self) -> ProseColumns:
        """All there is to know of it, for ``of``."""
        return ProseColumns(
            letters="".join(self._letters),
            by=pack(self._by),
            gone=pack(self._gone),
            gone_again=pack_lists(self._gone_again),
            shown=bytes(self._shown),
            before=pack(self._before),
            after=pack(self._after),
            visible=pack(self._visible),
            struck=pack_lists(self._struck),
            wholes=pack(self._wholes),
        )

    @classmethod
    def of(cls, columns: ProseColumns) -> Prose:
        """The one that has these columns. Raises ``ValueError`` where they do not fit together."""
        self = cls()
        self._letters += columns.letters
        self._by = unpack_column(columns.by)
        self._gone = unpack_column(columns.gone)
        self._gone_again = {char: tuple(gone) for char, gone in unpack_lists(columns.gone_again)}
        self._shown = bytearray(columns.shown)
        self._before = unpack_column(columns.before)
        self._after = unpack_column(columns.after)
        self._visible = unpack(columns.visible)
        self._struck = {seq: tuple(chars) for seq, chars in unpack_lists(columns.struck)}
        self._wholes = unpack(columns.wholes)
        long = (self._letters, self._by, self._gone, self._shown, self._before, self._after)
        if len({len(column) for column in long}) != 1:
            raise ValueError("the columns of a prompt are not equally long")
        return self

    @property
    def text(self) -> str:
        """What people see."""
        return self._text_of(self._visible)

    def __len__(self) -> int:
        """Code points people see."""
        return len(self._visible)

    def __iter__(self) -> Iterator[Char]:
        """All characters in the order of the text, hidden ones too."""
        return map(self._char, self._in_order())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prose):
            return NotImplemented
        return self._wholes == other._wholes and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    @property
    def writers(self) -> dict[int, int]:
        """How many visible characters each edit has inserted."""
        counts: dict[int, int] = {}
        for char in self._visible:
            counts[self._by[char]] = counts.get(self._by[char], 0) + 1
        return counts

    def inserted(self, seq: int) -> list[Char]:
        """The characters an edit inserted, shown or not."""
        return [self._char(one) for one in self._inserted(seq)]

    def deleted(self, seq: int) -> list[Char]:
        """The characters an edit deleted, whatever became of them."""
        return [self._char(one) for one in self._struck.get(seq, ())]

    @property
    def wholes(self) -> tuple[int, ...]:
        """The edits that gave the whole text anew, in seq order."""
        return tuple(self._wholes)

    def floor(self, live: Live) -> int:
        """The newest ``live`` edit that gave the whole text anew: what was typed before it does
        not show. 0 without one."""
        return next(filter(live, reversed(self._wholes)), 0)

    def write(self, seq: int, splices: Iterable[Splice], whole: bool = False) -> None:
        """Apply an edit's splices, one after the other; ``whole`` as in ``Text``."""
        if whole:
            self._wholes.append(seq)
        visible = self._visible
        struck: list[int] = []
        for splice in splices:
            at, inserted = splice.at, splice.inserted
            end = at + len(splice.removed)
            for char in visible[at:end]:
                if self._gone[char]:
                    self._gone_again[char] = (*self._deleters(char), seq)
                else:
                    self._gone[char] = seq
                self._shown[char] = False
                struck.append(char)
            new: list[int] = []
            before = visible[at - 1] if at else _HEAD
            for letter in inserted:
                before = self._put(letter, seq, before)
                new.append(before)
            visible[at:end] = new
        if struck:
            self._struck[seq] = tuple(struck)

    def lasting(self, steps: Mapping[int, int]) -> list[tuple[int, int, str]]:
        """The characters that show at some step when edits have entry ``steps`` by seq (T9).

        Each as (first step at which it shows, first at which it does not any more, letter), in
        the order of the text. Edits that are not in ``steps`` do not count.
        """
        never = max(steps.values(), default=0) + 1
        ends = [never]  # by the number of whole texts that came before a character
        for whole in reversed(self._wholes):
            ends.append(min(ends[-1], steps.get(whole, never)))
        ends.reverse()
        found: list[tuple[int, int, str]] = []
        for char in self._in_order():
            by = self._by[char]
            start = steps.get(by, never)
            end = ends[bisect_right(self._wholes, by)]
            if start < end:
                for seq in self._deleters(char):
                    end = min(end, steps.get(seq, never))
                if start < end:
                    found.append((start, end, self._letters[char]))
        return found

    def outlook(self, edits: Iterable[int], live: Live) -> tuple[Splice, ...]:
        """What visible text would change if, of these edits, exactly the ``live`` ones counted."""
        return self._outcome(edits, live)[1]

    def settle(self, edits: Iterable[int], live: Live) -> None:
        """These edits were undone or redone: ``live`` tells which count now."""
        visible, _ = self._outcome(edits, live)
        for char in self._visible:
            self._shown[char] = False
        for char in visible:
            self._shown[char] = True
        self._visible = visible

    def _outcome(self, edits: Iterable[int], live: Live) -> tuple[list[int], tuple[Splice, ...]]:
        """The visible characters after a change of ``live``, and the way there."""
        coming: list[int] = []
        going: set[int] = set()
        floor = self.floor(live)
        for char in self._concerned(tuple(edits), floor):
            by = self._by[char]
            lives = by >= floor and live(by) and not any(map(live, self._deleters(char)))
            if lives and not self._shown[char]:
                coming.append(char)
            elif self._shown[char] and not lives:
                going.add(char)
        arrivals = self._behind(coming)
        visible = list(arrivals.get(_HEAD, ()))
        splices = [Splice(0, "", self._text_of(visible))] if visible else []
        for char in self._visible:
            after = arrivals.get(char, ())
            if char in going:
                add_splice(splices, len(visible), self._letters[char], self._text_of(after))
            else:
                visible.append(char)
                add_splice(splices, len(visible), "", self._text_of(after))
            visible += after
        return visible, tuple(splices)

    def _concerned(self, edits: tuple[int, ...], floor: int) -> Iterable[int]:
        """The characters whose showing depends on some edits, of those that do now or may then."""
        if not set(edits).isdisjoint(self._wholes):
            first = max(bisect_left(self._by, floor), _HEAD + 1)
            return dict.fromkeys((*self._visible, *range(first, len(self._letters))))
        return dict.fromkeys(
            char
            for seq in edits
            for chars in (self._struck.get(seq, ()), self._inserted(seq))
            for char in chars
        )

    def _inserted(self, seq: int) -> range:
        """The characters an edit inserted: they are numbered in the order of the log."""
        return range(bisect_left(self._by, seq), bisect_right(self._by, seq))

    def _behind(self, coming: list[int]) -> dict[int, list[int]]:
        """Hidden characters in the order of the text, by the visible one they stand behind.

        Walks back from each; where that takes longer than reading the whole text, reads it.
        """
        found: dict[int, list[tuple[int, int]]] = {}
        walked = 0
        for char in coming:
            before, steps = self._before[char], 1
            while before != _HEAD and not self._shown[before]:
                before, steps = self._before[before], steps + 1
            found.setdefault(before, []).append((steps, char))
            walked += steps
            if walked > len(self._letters):
                return self._read_behind(set(coming))
        return {anchor: [char for _, char in sorted(chars)] for anchor, chars in found.items()}

    def _read_behind(self, coming: set[int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        anchor = _HEAD
        for char in self._in_order():
            if self._shown[char]:
                anchor = char
            elif char in coming:
                found.setdefault(anchor, []).append(char)
        return found

    def _in_order(self) -> Iterator[int]:
        char = self._after[_HEAD]
        while char != _NONE:
            yield char
            char = self._after[char]

    def _put(self, letter: str, by: int, before: int) -> int:
        """A new character right behind ``before``; its number."""
        new, after = len(self._letters), self._after
        behind = after[before]
        self._letters.append(letter)
        self._by.append(by)
        self._gone.append(0)
        self._shown.append(True)
        self._before.append(before)
        after.append(behind)
        after[before] = new
        if behind != _NONE:
            self._before[behind] = new
        return new

    def _deleters(self, char: int) -> tuple[int, ...]:
        first = self._gone[char]
        return (self._gone_again.get(char) or (first,)) if first else ()

    def _char(self, number: int) -> Char:
        return Char(
            self._letters[number],
            self._by[number],
            self._deleters(number),
            bool(self._shown[number]),
        )

    def _text_of(self, chars: Iterable[int]) -> str:
        return "".join([self._letters[char] for char in chars])


def apply_splices(text: str, splices: Iterable[Splice]) -> str:
    """The text after some splices (M3)."""
    for splice in splices:
        text = text[: splice.at] + splice.inserted + text[splice.at + len(splice.removed) :]
    return text


def add_splice(splices: list[Splice], at: int, removed: str, inserted: str) -> None:
    """Append a splice that lies behind all before it; joined with the last where they touch."""
    if not removed and not inserted:
        return
    if splices and splices[-1].at + len(splices[-1].inserted) == at:
        last = splices.pop()
        at, removed, inserted = last.at, last.removed + removed, last.inserted + inserted
    splices.append(Splice(at, removed, inserted))
