"""The rule for prompts (M3, U6), told once more in the plainest way: a list of letters.

A letter shows iff the edit that wrote it is live and no live edit has deleted it; who gives the
whole text anew deletes all letters there are, hidden ones too. A new one stands right behind the
visible one it was typed after. Nothing is remembered but that list.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from framejam_protocol.events import Edited, Event, Redone, Undone
from framejam_protocol.instructions import PROMPTS, Prompt, Text


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
        self._dead: set[int] = set()

    def apply(self, event: Event) -> None:
        match event.body:
            case Edited(instruction=instruction, group=group):
                self._group[event.seq] = group or event.seq
                if isinstance(instruction, Text):
                    self._write(event.seq, instruction)
            case Undone(groups=groups):
                self._dead |= set(groups)
            case Redone(groups=groups):
                self._dead -= set(groups)

    def text(self, prompt: Prompt) -> str:
        return "".join(letter.text for letter in self._visible(prompt))

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
