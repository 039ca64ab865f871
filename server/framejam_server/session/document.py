"""One prompt's Yjs document (M3): merges what clients typed, writes what the server types for them.

A Yjs update is checked by ``yjs.py``, merged by pycrdt, and kept as pycrdt re-encodes it. Bytes in,
bytes out.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from pycrdt import Doc, TextEvent, TransactionEvent
from pycrdt import Text as YText

from framejam_protocol.errors import Code
from framejam_protocol.fold.prose import apply_splices
from framejam_protocol.instructions import Prompt, Splice, Text
from framejam_protocol.limits import MAX_BASE_EDITS, MAX_PROMPT_CHARS, MAX_QUEUED_COMMANDS
from framejam_server.session.yjs import SERVER, Id, NotYjs, Update, read_update

ROOT: Final = "text"
"""The name of the text in a prompt's Yjs document."""

_BASE_BEHIND: Final = MAX_QUEUED_COMMANDS + 1
"""Changes that may be taken back at once: those of one commit."""

_NOTHING: Final = b"\x00\x00"
"""The Yjs update that changes nothing."""


class TextRefused(Exception):
    """Why a change of a text is not taken; nothing was changed. ``field`` is within ``edit``."""

    def __init__(self, code: Code, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class Document:
    """One prompt: its history, and the Yjs document that the history makes.

    The document is made when it is first needed, and only ever gets what the log keeps, as
    everybody's does. A client's update is tried on a second one; what pycrdt makes of it must give
    the first the same text. Where that fails, or a commit failed, they are made again from
    ``_base``, a document that stays far enough behind to be right whatever is taken back.
    """

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._seqs: list[int] = []
        self._history: list[Text] = []
        self._halves: dict[Id, int] = {}
        """Second units of characters beyond U+FFFF, and the place in the history of each."""
        self._base: Doc[YText] | None = None
        self._base_length = 0
        self._made: Doc[YText] | None = None
        self._trial: Doc[YText] | None = None
        self._text = ""
        self._clocks: dict[int, int] = {}

    @property
    def begun(self) -> bool:
        """Whether anybody has written in it."""
        return bool(self._history)

    @property
    def text(self) -> str:
        """What people see."""
        self.prepare()
        return self._text

    @property
    def _doc(self) -> Doc[YText]:
        self.prepare()
        assert self._made is not None
        return self._made

    def prepare(self) -> None:
        """Make the document, if it is not there."""
        if self._made is not None:
            return
        self._advance_base()
        self._made = self._replayed()
        self._text = str(self._made.get(ROOT, type=YText))
        self._trial = None

    def _replayed(self) -> Doc[YText]:
        """The document as everybody has it who reads the history."""
        doc = Doc[YText](client_id=SERVER) if self._base is None else _copy(self._base)
        _apply_all(doc, self._history[self._base_length :])
        return doc

    def follow(self, seq: int, text: Text) -> None:
        """Take over a change of the log."""
        if self._made is not None:
            self._made.apply_update(text.update)
            self._trial, self._clocks = None, {}
        self.note(seq, text)

    def note(self, seq: int, text: Text) -> None:
        """Remember a change that the document has already."""
        self._seqs.append(seq)
        self._history.append(text)
        for splice in text.splices:
            if not splice.inserted.isascii() and max(splice.inserted) > "\uffff":
                place = len(self._history)
                self._halves.update(dict.fromkeys(read_update(text.update).halves, place))
                break
        if self._made is not None:
            self._text = apply_splices(self._text, text.splices)
            self._advance_base()

    def rewind(self, seq: int) -> None:
        """Forget what came after event ``seq``."""
        kept = bisect.bisect_right(self._seqs, seq)
        if kept == len(self._seqs):
            return
        del self._seqs[kept:], self._history[kept:]
        self._halves = {one: place for one, place in self._halves.items() if place <= kept}
        if self._base_length > kept:
            self._base, self._base_length = None, 0
        self._drop()

    def _drop(self) -> None:
        """The document has something in it that is not in the history."""
        self._made, self._trial, self._clocks = None, None, {}

    def _advance_base(self) -> None:
        if len(self._history) - self._base_length <= 2 * _BASE_BEHIND:
            return
        self._base = self._base or Doc[YText](client_id=SERVER)
        length = len(self._history) - _BASE_BEHIND
        _apply_all(self._base, self._history[self._base_length : length])
        self._base_length = length

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
        since = [one.splices for one in self._history[first:]]
        for splices in reversed(since):
            for splice in reversed(splices):
                back = (Splice(splice.at, splice.inserted, splice.removed),)
                text = apply_splices(text, back)
        return text, since

    def merge(self, data: bytes, client: int) -> Text:
        """Take over a client's update as the library re-encodes it."""
        try:
            update = read_update(data)
        except NotYjs as error:
            raise _refused(f"this is no Yjs update (v1) of a prompt: {error}") from error
        self._check(update, client)
        # As short as it can get: then there is nothing to try.
        deleted = sum(length for _, _, length in update.deletions)
        self._bound(len(self.text) + update.letters - deleted, "instruction.update")
        trial = self._trial or self._replayed()
        self._trial = None
        try:
            made, splices = _watched(trial, self.text, lambda: trial.apply_update(data))
        except ValueError as error:
            raise _refused(f"this is no Yjs update (v1) of a prompt: {error}") from error
        self._bound(self._length_after(splices), "instruction.update")
        doc = self._doc
        doc.apply_update(made)
        if str(doc.get(ROOT, type=YText)) != apply_splices(self.text, splices):
            self._drop()
            raise _refused("its pieces do not stand where it says; build the text anew")
        self._trial = trial
        for owner, clock, length in update.spans:
            self._clocks[owner] = max(self._clocks.get(owner, 0), clock + length)
        return Text(self._prompt, made, splices)

    def write(self, splices: Sequence[Splice], *, bounded: bool = True) -> Text:
        """Change the text as the server's own client."""
        if bounded:
            self._bound(self._length_after(splices), "instruction")
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
        self._clocks = {}
        if self._trial is not None:
            self._trial.apply_update(made)
        return Text(self._prompt, made, tuple(splices))

    def _length_after(self, splices: Sequence[Splice]) -> int:
        return len(apply_splices(self.text, splices))

    def _bound(self, length: int, field: str) -> None:
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
            if clock < known:
                # The library would cut what is new off, and trust the rest to be the same.
                raise _refused("it repeats what the server has; send each change once")
            known = clock + length
        if update.roots - {ROOT}:
            raise _refused(f"it writes beside the text named {ROOT!r}")
        for owner, clock, length in [
            *update.deletions,
            *((owner, clock, 1) for owner, clock in update.lefts + update.rights),
        ]:
            if clock + length > (known if owner == client else clocks.get(owner, 0)):
                raise _refused(_MISSING)
        halves = self._halves.keys() | update.halves if update.halves else self._halves.keys()
        cuts = [(owner, clock + 1) for owner, clock in update.lefts] + update.rights
        for owner, clock, length in update.deletions:
            cuts += [(owner, clock), (owner, clock + length)]
        if halves and not halves.isdisjoint(cuts):
            raise _refused("it cuts a character in two")


_MISSING = "it builds on changes the server does not have; build the text anew from the log"


def _refused(why: str) -> TextRefused:
    return TextRefused(Code.INVALID, "instruction.update", why)


def _apply_all(doc: Doc[YText], texts: Iterable[Text]) -> None:
    # Each in a transaction of its own, as they came: together strange ones may be read otherwise.
    for text in texts:
        doc.apply_update(text.update)


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
        return _NOTHING, ()
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
