"""The prompts as shared texts (M3): what a client sends becomes one ``Text`` of the log.

Yjs updates are merged by the prompt's document (``document.py``). Splices and whole texts are moved
over what others typed since ``base_seq``, then written by the server.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

import msgspec

from framejam_protocol.errors import Code
from framejam_protocol.events import Edited, Event, Redone, Restored, Undone
from framejam_protocol.fold.prose import add_splice, apply_splices
from framejam_protocol.instructions import (
    PROMPTS,
    Content,
    Motion,
    Negative,
    Prompt,
    Splice,
    Spliced,
    Text,
    Typed,
)
from framejam_protocol.limits import MAX_PROMPT_CHARS
from framejam_server.session.document import Document, TextRefused


class Texts:
    """The Yjs documents of a session's prompts, and the ways to change them."""

    def __init__(self, log: Iterable[Event]) -> None:
        """The texts of a log; the documents are made when they are first needed."""
        self._documents = {prompt: Document(prompt) for prompt in PROMPTS}
        for event in log:
            self.follow(event)

    def prepare(self) -> None:
        """Make the documents now, so that no edit waits for it. Takes a while for a long log."""
        for document in self._documents.values():
            if document.begun:
                document.prepare()

    def rewind(self, seq: int) -> None:
        """As if nothing had come after event ``seq``."""
        for document in self._documents.values():
            document.rewind(seq)

    def follow(self, event: Event) -> None:
        """Take over what an event of the log did."""
        for text in texts_of(event):
            self._documents[text.prompt].follow(event.seq, text)

    def typed(self, given: Typed, client: int) -> Text:
        """Merge a Yjs update of the Yjs client ``client``. Raises ``TextRefused``."""
        return self._documents[given.prompt].merge(given.update, client)

    def spliced(self, given: Spliced | Content | Motion | Negative, head: int) -> Text:
        """Change a text as it stood after ``base_seq``. Raises ``TextRefused``.

        ``head`` is the seq of the newest event.
        """
        prompt = given.prompt if isinstance(given, Spliced) else _PROMPT_OF[type(given)]
        document = self._documents[prompt]
        base = given.base_seq
        if base is None:
            # Not only where it differs: every letter is the author's own, as they meant it.
            assert not isinstance(given, Spliced)
            written = document.write(_replacing(document.text, given.text))
            return msgspec.structs.replace(written, whole=True)
        if base > head:
            raise TextRefused(
                Code.INVALID,
                "instruction.base_seq",
                f"the log ends at {head}: give the seq of the newest event you have seen",
            )
        before, since = document.since(base)
        if isinstance(given, Spliced):
            _check(before, given.splices)
            splices: Sequence[Splice] = given.splices
        else:
            splices = _difference(before, given.text)
        return document.write(_moved(before, splices, since))

    def compensation(self, prompt: Prompt, splices: Sequence[Splice]) -> Text:
        """What an undo or redo does to a prompt, as its document takes it (U6)."""
        return self._documents[prompt].write(splices, bounded=False)

    def commit(self, seq: int, texts: Iterable[Text]) -> None:
        """These texts, just made here, are those of event ``seq``."""
        for text in texts:
            self._documents[text.prompt].note(seq, text)


_PROMPT_OF: dict[type, Prompt] = {
    Content: "content",
    Motion: "motion",
    Negative: "negative",
}


def texts_of(event: Event) -> tuple[Text, ...]:
    """What an event did to the prompts."""
    body = event.body
    if isinstance(body, Edited):
        return (body.instruction,) if isinstance(body.instruction, Text) else ()
    return body.texts if isinstance(body, Undone | Redone | Restored) else ()


def _difference(before: str, after: str) -> tuple[Splice, ...]:
    """One splice from a text to another: what their beginnings and ends share stays."""
    most = min(len(before), len(after))
    start = 0
    while start < most and before[start] == after[start]:
        start += 1
    end = 0
    while end < most - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return _replacing(before[start : len(before) - end], after[start : len(after) - end], start)


def _replacing(removed: str, inserted: str, at: int = 0) -> tuple[Splice, ...]:
    return (Splice(at, removed, inserted),) if removed or inserted else ()


def _check(before: str, splices: Iterable[Splice]) -> None:
    """Whether splices fit the text they are for: a client that counts wrongly hears of it."""
    text = before
    for place, splice in enumerate(splices):
        if splice.at > len(text) or not text.startswith(splice.removed, splice.at):
            raise TextRefused(
                Code.INVALID,
                f"instruction.splices[{place}]",
                f"{splice.removed[:40]!r} is not at {splice.at} of the text after base_seq; "
                "count Unicode code points from 0",
            )
        text = apply_splices(text, (splice,))
        if len(text) > len(before) + MAX_PROMPT_CHARS:
            raise TextRefused(
                Code.TOO_LARGE,
                f"instruction.splices[{place}].inserted",
                f"a prompt has at most {MAX_PROMPT_CHARS} characters; insert fewer",
            )


def _moved(
    before: str, splices: Iterable[Splice], since: Iterable[tuple[Splice, ...]]
) -> tuple[Splice, ...]:
    """Splices of the text ``before`` as they are to be applied after the changes ``since``.

    What they remove and is gone already stays gone. What they insert stands before the next
    character of ``before`` that is still there: behind what others typed at the same place.
    """
    # Characters of ``before`` by their place in it; those of others, or of ours, as themselves.
    theirs: list[int | str] = list(range(len(before)))
    for change in since:
        for splice in change:
            theirs[splice.at : splice.at + len(splice.removed)] = splice.inserted
    ours: list[int | str] = list(range(len(before)))
    for splice in splices:
        ours[splice.at : splice.at + len(splice.removed)] = splice.inserted
    kept = {one for one in ours if isinstance(one, int)}
    still_there = [one for one in theirs if isinstance(one, int)]
    end = len(before)
    inserted: dict[int, str] = {}
    behind = end
    for one in reversed(ours):
        if isinstance(one, int):
            behind = one
        else:
            place = bisect.bisect_left(still_there, behind)
            anchor = still_there[place] if place < len(still_there) else end
            inserted[anchor] = one + inserted.get(anchor, "")
    moved: list[Splice] = []
    at = 0
    for char in [*theirs, end]:
        if isinstance(char, int):
            mine = inserted.get(char, "")
            gone = before[char] if char < end and char not in kept else ""
            add_splice(moved, at, gone, mine)
            at += len(mine) + (char in kept)
        else:
            at += 1
    return tuple(moved)
