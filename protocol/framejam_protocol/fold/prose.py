"""A prompt as the log tells it: every character ever typed, who typed it, who deleted it (M3).

A character shows iff the edit that inserted it is live and no live edit deletes it. So undo needs
nothing but the set of live edits (U6), and so does the text of a take at a step (T9). A new
character stands right behind the visible one it was typed after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from framejam_protocol.instructions import Splice

Live = Callable[[int], bool]
"""Whether the edit of this seq counts."""


class Char:
    """One character: the edit that inserted it, those that deleted it, its place in the text."""

    __slots__ = ("after", "before", "by", "gone", "shown", "text")

    def __init__(self, text: str, by: int) -> None:
        self.text = text
        self.by = by
        self.gone: tuple[int, ...] = ()
        self.shown = True
        self.before: Char | None = None
        self.after: Char | None = None

    def lives(self, live: Live) -> bool:
        """Whether it shows when exactly the ``live`` edits count."""
        return live(self.by) and not any(live(seq) for seq in self.gone)


class Prose:
    """The characters of one prompt. ``write`` and ``settle`` change it, all else only looks."""

    def __init__(self) -> None:
        self._head = Char("", 0)  # never shown: what stands first stands behind it
        self._visible: list[Char] = []
        self._touched: dict[int, tuple[Char, ...]] = {}
        self._count = 0

    @property
    def text(self) -> str:
        """What people see."""
        return "".join(char.text for char in self._visible)

    def __len__(self) -> int:
        """Code points people see."""
        return len(self._visible)

    def __iter__(self) -> Iterator[Char]:
        """All characters in the order of the text, hidden ones too."""
        char = self._head.after
        while char is not None:
            yield char
            char = char.after

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prose):
            return NotImplemented
        return self._told() == other._told()

    __hash__ = None  # type: ignore[assignment]  # it changes

    @property
    def writers(self) -> dict[int, int]:
        """How many visible characters each edit has inserted."""
        counts: dict[int, int] = {}
        for char in self._visible:
            counts[char.by] = counts.get(char.by, 0) + 1
        return counts

    def inserted(self, seq: int) -> list[Char]:
        """The characters an edit inserted, shown or not."""
        return [char for char in self._touched.get(seq, ()) if char.by == seq]

    def deleted(self, seq: int) -> list[Char]:
        """The characters an edit deleted, whatever became of them."""
        return [char for char in self._touched.get(seq, ()) if seq in char.gone]

    def write(self, seq: int, splices: Iterable[Splice]) -> None:
        """Apply an edit's splices, one after the other."""
        touched: list[Char] = []
        for at, removed, inserted in map(_parts, splices):
            for char in self._visible[at : at + len(removed)]:
                char.gone += (seq,)
                char.shown = False
                touched.append(char)
            before = self._visible[at - 1] if at else self._head
            new: list[Char] = []
            for letter in inserted:
                before = self._put(Char(letter, seq), before)
                new.append(before)
            self._visible[at : at + len(removed)] = new
            touched += new
        self._touched[seq] = tuple(touched)

    def outlook(self, edits: Iterable[int], live: Live) -> tuple[Splice, ...]:
        """What visible text would change if, of these edits, exactly the ``live`` ones counted."""
        return self._outcome(edits, live)[1]

    def settle(self, edits: Iterable[int], live: Live) -> None:
        """These edits were undone or redone: ``live`` tells which count now."""
        visible, _ = self._outcome(edits, live)
        for char in self._visible:
            char.shown = False
        for char in visible:
            char.shown = True
        self._visible = visible

    def _outcome(self, edits: Iterable[int], live: Live) -> tuple[list[Char], tuple[Splice, ...]]:
        """The visible characters after a change of ``live``, and the way there."""
        coming: list[Char] = []
        going: set[Char] = set()
        for char in dict.fromkeys(c for seq in edits for c in self._touched.get(seq, ())):
            lives = char.lives(live)
            if lives and not char.shown:
                coming.append(char)
            elif char.shown and not lives:
                going.add(char)
        arrivals = self._behind(coming)
        visible = list(arrivals.get(self._head, ()))
        splices = [Splice(0, "", _letters(visible))] if visible else []
        for char in self._visible:
            after = arrivals.get(char, ())
            if char in going:
                add_splice(splices, len(visible), char.text, _letters(after))
            else:
                visible.append(char)
                add_splice(splices, len(visible), "", _letters(after))
            visible += after
        return visible, tuple(splices)

    def _behind(self, coming: list[Char]) -> dict[Char, list[Char]]:
        """Hidden characters in the order of the text, by the visible one they stand behind.

        Walks back from each; where that takes longer than reading the whole text, reads it.
        """
        found: dict[Char, list[tuple[int, Char]]] = {}
        walked = 0
        for char in coming:
            before, steps = char.before, 1
            while before is not None and not before.shown and before is not self._head:
                before, steps = before.before, steps + 1
            assert before is not None  # every way back ends at the head
            found.setdefault(before, []).append((steps, char))
            walked += steps
            if walked > self._count:
                return self._read_behind(set(coming))
        return {
            anchor: [char for _, char in sorted(chars, key=lambda place: place[0])]
            for anchor, chars in found.items()
        }

    def _read_behind(self, coming: set[Char]) -> dict[Char, list[Char]]:
        found: dict[Char, list[Char]] = {}
        anchor = self._head
        for char in self:
            if char.shown:
                anchor = char
            elif char in coming:
                found.setdefault(anchor, []).append(char)
        return found

    def _put(self, char: Char, before: Char) -> Char:
        char.before, char.after = before, before.after
        if before.after is not None:
            before.after.before = char
        before.after = char
        self._count += 1
        return char

    def _told(self) -> list[tuple[str, int, tuple[int, ...], bool]]:
        return [(char.text, char.by, char.gone, char.shown) for char in self]


def apply_splices(text: str, splices: Iterable[Splice]) -> str:
    """The text after some splices (M3)."""
    for splice in splices:
        text = text[: splice.at] + splice.inserted + text[splice.at + len(splice.removed) :]
    return text


def _parts(splice: Splice) -> tuple[int, str, str]:
    return splice.at, splice.removed, splice.inserted


def _letters(chars: Iterable[Char]) -> str:
    return "".join(char.text for char in chars)


def add_splice(splices: list[Splice], at: int, removed: str, inserted: str) -> None:
    """Append a splice that lies behind all before it; joined with the last where they touch."""
    if not removed and not inserted:
        return
    if splices and splices[-1].at + len(splices[-1].inserted) == at:
        last = splices.pop()
        at, removed, inserted = last.at, last.removed + removed, last.inserted + inserted
    splices.append(Splice(at, removed, inserted))
