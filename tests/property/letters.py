"""The rule for prompts (M3, U6), told once more in the plainest way: a list of letters.

A letter shows iff the edit that wrote it is live and no live edit has deleted it; who gives the
whole text anew deletes all letters there are, hidden ones too. A new one stands right behind the
visible one it was typed after. Nothing is remembered but that list.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from framejam_protocol.events import Edited, Event, Redone, Restored, Undone
from framejam_protocol.instructions import PROMPTS, Prompt, Spliced, Text


@dataclass(eq=False)
class Letter:
    """``by`` is the edit that wrote it, ``gone`` are those that deleted it."""

    text: str
    by: int
    gone: set[int] = field(default_factory=set)


class Letters:
    """Both prompts, edit by edit."""

    def __init__(self) -> None:
        self.lists: dict[Prompt, list[Letter]] = {prompt: [] for prompt in PROMPTS}
        self._group: dict[int, int] = {}
        self._deads: list[set[int]] = [set()]  # after each event
        self._restores: dict[int, tuple[set[int], set[int]]] = {}
        self.history: list[dict[Prompt, list[Letter]]] = [{prompt: [] for prompt in PROMPTS}]
        """The visible letters after each event, before the first at place 0."""

    def apply(self, event: Event) -> None:
        self._deads.append(set(self._dead))
        match event.body:
            case Edited(instruction=instruction, group=group):
                self._group[event.seq] = group or event.seq
                if isinstance(instruction, Text):
                    self._write(event.seq, instruction)
            case Undone(groups=groups):
                self._turn(groups, dying=True)
            case Redone(groups=groups):
                self._turn(groups, dying=False)
            case Restored(to=to):
                groups = {*self._group.values(), *self._restores}
                alive = {one for one in groups if one <= to} - self._deads[to]
                out, back = groups - self._dead - alive, alive & self._dead
                self._restores[event.seq] = out, back
                self._deads[-1] = (self._dead | out) - back
        self.history.append({prompt: self._visible(prompt) for prompt in PROMPTS})

    @property
    def _dead(self) -> set[int]:
        return self._deads[-1]

    def _turn(self, groups: tuple[int, ...], dying: bool) -> None:
        """A group goes or comes, and with a restore all that it turned (R3)."""
        for group in groups if dying else reversed(groups):
            if (group in self._dead) != dying:
                out, back = self._restores.get(group, (set(), set()))
                out, back = (
                    (out & self._dead, back - self._dead)
                    if dying
                    else (out - self._dead, back & self._dead)
                )
                if group in self._restores:  # what it turned now is what the next turn turns
                    self._restores[group] = out, back
                gone, there = ({group} | back, out) if dying else (out, {group} | back)
                self._deads[-1] = (self._dead | gone) - there

    def text(self, prompt: Prompt) -> str:
        return "".join(letter.text for letter in self.history[-1][prompt])

    def check_place(self, seq: int, given: Spliced) -> None:
        """What was typed stands between the letters it was typed between, as far as they stayed;
        what was deleted is gone, and nothing else is."""
        (splice,) = given.splices
        texts = [texts[given.prompt] for texts in self.history[given.base_seq : seq + 1]]
        base, before, now = texts[0], texts[-2], texts[-1]
        end = splice.at + len(splice.removed)
        left, removed = set(base[: splice.at]), set(base[splice.at : end])
        # A letter that went and came back (undo, redo) is no guide: it came back as another's.
        stayed = set(base).intersection(*texts)
        assert stayed.isdisjoint(removed)
        assert set(before) - set(now) <= removed
        mine = [place for place, letter in enumerate(now) if letter.by == seq]
        assert "".join(now[place].text for place in mine) == splice.inserted
        for place, letter in enumerate(now):
            if letter in stayed and mine:
                assert (place < mine[0]) == (letter in left)

    def _write(self, seq: int, text: Text) -> None:
        letters = self.lists[text.prompt]
        before = [*letters] if text.whole else []
        for splice in text.splices:
            visible = self._visible(text.prompt)
            removed = visible[splice.at : splice.at + len(splice.removed)]
            assert "".join(letter.text for letter in removed) == splice.removed
            for letter in removed:
                letter.gone.add(seq)
            place = letters.index(visible[splice.at - 1]) + 1 if splice.at else 0
            letters[place:place] = [Letter(one, seq) for one in splice.inserted]
        for letter in before:
            letter.gone.add(seq)

    def _visible(self, prompt: Prompt) -> list[Letter]:
        return [
            letter
            for letter in self.lists[prompt]
            if self._live(letter.by) and not any(map(self._live, letter.gone))
        ]

    def _live(self, seq: int) -> bool:
        return self._group[seq] not in self._dead
