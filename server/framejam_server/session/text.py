"""The prompts as shared texts (M3): what a client sends becomes one ``Text`` of the log.

A Yjs update is checked by ``yjs.py``, tried on a copy of the document, and kept as the library
re-encodes it. Splices and whole texts are moved over what others typed since ``base_seq``, then
written by the server. Bytes in, bytes out; pycrdt merges.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence

from pycrdt import Doc, TextEvent, TransactionEvent
from pycrdt import Text as YText

from framejam_protocol.errors import Code
from framejam_protocol.events import Edited, Event, Redone, Undone
from framejam_protocol.fold.prose import add_splice, apply_splices
from framejam_protocol.instructions import (
    PROMPTS,
    Content,
    Motion,
    Prompt,
    Splice,
    Spliced,
    Text,
    Typed,
)
from framejam_protocol.limits import MAX_BASE_EDITS, MAX_PROMPT_CHARS
from framejam_server.session.yjs import SERVER, Id, NotYjs, Update, read_update

ROOT = "text"
"""The name of the text in a prompt's Yjs document."""

NOTHING = b"\x00\x00"
"""The Yjs update that changes nothing."""


class TextRefused(Exception):
    """Why a change of a text is not taken; nothing was changed. ``field`` is within ``edit``."""

    def __init__(self, code: Code, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class Texts:
    """The Yjs documents of a session's prompts, and the ways to change them."""

    def __init__(self, log: Iterable[Event]) -> None:
        """Rebuild the documents from the texts of a log."""
        self._documents = {prompt: _Document(prompt) for prompt in PROMPTS}
        for event in log:
            self.follow(event)

    def follow(self, event: Event) -> None:
        """Take over what an event of the log did."""
        for text in texts_of(event):
            self._documents[text.prompt].follow(event.seq, text)

    def typed(self, given: Typed, client: int) -> Text:
        """Merge a Yjs update of the Yjs client ``client``. Raises ``TextRefused``."""
        return self._documents[given.prompt].merge(given.update, client)

    def spliced(self, given: Spliced | Content | Motion, head: int) -> Text:
        """Change a text as it stood after ``base_seq``. Raises ``TextRefused``.

        ``head`` is the seq of the newest event.
        """
        prompt = given.prompt if isinstance(given, Spliced) else _PROMPT_OF[type(given)]
        document = self._documents[prompt]
        base = given.base_seq
        if base is None:
            # Not only where it differs: every letter is the author's own, as they meant it.
            assert not isinstance(given, Spliced)
            return document.write(_replacing(document.text, given.text))
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


_PROMPT_OF: dict[type, Prompt] = {Content: "content", Motion: "motion"}


def texts_of(event: Event) -> tuple[Text, ...]:
    """What an event did to the prompts."""
    match event.body:
        case Edited(instruction=Text() as text):
            return (text,)
        case Undone(texts=texts) | Redone(texts=texts):
            return texts
    return ()


class _Document:
    """One prompt: its document, a copy to try things on, and its history as splices."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._doc = Doc[YText](client_id=SERVER)
        self._trial: Doc[YText] | None = None
        self._clocks: dict[int, int] = {}
        self._halves: set[Id] = set()
        self._seqs: list[int] = []
        self._splices: list[tuple[Splice, ...]] = []
        self.text = ""
        """What people see."""

    def follow(self, seq: int, text: Text) -> None:
        """Take over a change of the log."""
        self._doc.apply_update(text.update)
        self._clocks = {}
        self._trial = None
        self.note(seq, text)

    def note(self, seq: int, text: Text) -> None:
        """Remember a change that the document has already."""
        self._seqs.append(seq)
        self._splices.append(text.splices)
        self.text = apply_splices(self.text, text.splices)
        if any(ord(letter) > 0xFFFF for splice in text.splices for letter in splice.inserted):
            self._halves.update(read_update(text.update).halves)

    def since(self, base: int) -> tuple[str, list[tuple[Splice, ...]]]:
        """The text after event ``base``, and what became of it since."""
        first = bisect.bisect_right(self._seqs, base)
        if len(self._seqs) - first > MAX_BASE_EDITS:
            raise TextRefused(
                Code.INVALID,
                "instruction.base_seq",
                f"more than {MAX_BASE_EDITS} edits of this prompt came since; use a newer base_seq",
            )
        text = self.text
        for splices in reversed(self._splices[first:]):
            for splice in reversed(splices):
                back = (Splice(splice.at, splice.inserted, splice.removed),)
                text = apply_splices(text, back)
        return text, self._splices[first:]

    def merge(self, data: bytes, client: int) -> Text:
        """Try a client's update, then take it over as the library re-encodes it."""
        try:
            update = read_update(data)
        except NotYjs as error:
            raise _refused(f"this is no Yjs update (v1) of a prompt: {error}") from error
        self._check(update, client)
        trial = self._trial or _copy(self._doc)
        self._trial = None
        made, splices = _watched(trial, self.text, lambda: trial.apply_update(data))
        self._bound(splices, "instruction.update")
        self._doc.apply_update(made)
        self._trial = trial
        for owner, clock, length in update.spans:
            self._clocks[owner] = max(self._clocks.get(owner, 0), clock + length)
        return Text(self._prompt, made, splices)

    def write(self, splices: Sequence[Splice], *, bounded: bool = True) -> Text:
        """Change the text as the server's own client."""
        if bounded:
            self._bound(splices, "instruction")
        root = self._doc.get(ROOT, type=YText)

        def change() -> None:
            text = self.text
            for splice in splices:
                start = len(text[: splice.at].encode())
                if splice.removed:
                    del root[start : start + len(splice.removed.encode())]
                if splice.inserted:
                    root.insert(start, splice.inserted)
                text = apply_splices(text, (splice,))

        made, _ = _watched(self._doc, self.text, change)
        self._clocks, self._trial = {}, None
        return Text(self._prompt, made, tuple(splices))

    def _bound(self, splices: Sequence[Splice], field: str) -> None:
        length = len(apply_splices(self.text, splices))
        # Undo may have made it longer; then it may only become shorter.
        if length > max(MAX_PROMPT_CHARS, len(self.text)):
            raise TextRefused(
                Code.TOO_LARGE,
                field,
                f"a prompt has at most {MAX_PROMPT_CHARS} characters; "
                f"with what others typed it would have {length}",
            )

    def _check(self, update: Update, client: int) -> None:
        """Refuse what is another's, builds on what is not there, or cuts a character in two."""
        clocks = self._clocks or _state_vector(self._doc)
        self._clocks = clocks
        known = clocks.get(client, 0)
        for owner, clock, length in update.spans:
            if owner != client:
                raise _refused(f"it writes as Yjs client {owner}; yours is {client}")
            if clock > known:
                raise _refused(_MISSING)
            known = max(known, clock + length)
        if update.roots - {ROOT}:
            raise _refused(f"it writes beside the text named {ROOT!r}")
        for owner, clock, length in [
            *update.deletions,
            *((owner, clock, 1) for owner, clock in update.lefts + update.rights),
        ]:
            if clock + length > (known if owner == client else clocks.get(owner, 0)):
                raise _refused(_MISSING)
        halves = self._halves | set(update.halves) if update.halves else self._halves
        cuts = [(owner, clock + 1) for owner, clock in update.lefts] + update.rights
        for owner, clock, length in update.deletions:
            cuts += [(owner, clock), (owner, clock + length)]
        if halves and not halves.isdisjoint(cuts):
            raise _refused("it cuts a character in two")


_MISSING = "it builds on changes the server does not have; build the text anew from the log"


def _refused(why: str) -> TextRefused:
    return TextRefused(Code.INVALID, "instruction.update", why)


def _copy(doc: Doc[YText]) -> Doc[YText]:
    copy = Doc[YText](client_id=SERVER)
    copy.apply_update(doc.get_update())
    return copy


def _state_vector(doc: Doc[YText]) -> dict[int, int]:
    data = iter(doc.get_state())

    def number() -> int:
        value, shift = 0, 0
        for byte in data:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        return value

    return {number(): number() for _ in range(number())}


def _watched(
    doc: Doc[YText], before: str, change: Callable[[], None]
) -> tuple[bytes, tuple[Splice, ...]]:
    """Make a change; returns it as an update and as splices of the text ``before``."""
    root = doc.get(ROOT, type=YText)
    updates: list[bytes] = []
    deltas: list[list[dict[str, object]]] = []

    def transacted(event: TransactionEvent) -> None:
        updates.append(event.update)

    def observed(event: TextEvent) -> None:
        deltas.append(event.delta)  # type: ignore[attr-defined]  # pycrdt's stubs lack it

    watching, reading = doc.observe(transacted), root.observe(observed)
    try:
        with doc.transaction():
            change()
    finally:
        doc.unobserve(watching)
        root.unobserve(reading)
    if not updates:
        return NOTHING, ()
    (update,) = updates
    return update, _splices(before, deltas[0] if deltas else [])


def _splices(before: str, delta: list[dict[str, object]]) -> tuple[Splice, ...]:
    """A delta of pycrdt, which counts bytes of UTF-8, as splices."""
    raw = before.encode()
    read, at = 0, 0
    splices: list[Splice] = []
    for step in delta:
        match step:
            case {"retain": int(size)}:
                at += len(raw[read : read + size].decode())
                read += size
            case {"delete": int(size)}:
                removed = raw[read : read + size].decode()
                read += size
                splices.append(Splice(at, removed, ""))
            case {"insert": str(inserted)}:
                splices.append(Splice(at, "", inserted))
                at += len(inserted)
    return tuple(splices)


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
