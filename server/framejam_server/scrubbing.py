"""Pictures of the past (R1): what is kept of a take's previews, and which of them shows what. Pure.

``store/track.py`` keeps the files, ``outcome.py`` hands the pictures in, ``net/history.py`` shows
them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from framejam_protocol.events import Edited, Entered, Event, Redone, Restored, Undone
from framejam_protocol.fold.records import Edit
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Adjust, given_fields
from framejam_protocol.messages import Tier
from framejam_protocol.preview import TIER_DECODED, TIER_ESTIMATE, TIER_SHEET, Preview

_QUALITY: Final = {TIER_SHEET: 0, TIER_ESTIMATE: 1, TIER_DECODED: 2}


@dataclass(frozen=True, slots=True)
class Still:
    """A kept contact sheet: what it shows, how it is laid out, and its bytes.

    ``seq`` is what of the log it reflects (T13), ``step`` of ``steps`` how far the take was, and
    ``tier`` that of the preview's header; ``width`` and ``height`` are those of one frame.
    """

    seq: int
    take: int
    step: int
    steps: int
    tier: int
    columns: int
    rows: int
    frames: int
    width: int
    height: int
    size: int

    @property
    def grid(self) -> str:
        """Columns, rows, frames, width and height, as the HTTP header has them."""
        return f"{self.columns}x{self.rows}x{self.frames}x{self.width}x{self.height}"

    @property
    def finished(self) -> bool:
        """Whether it is of the finished clip, fully decoded."""
        return self.tier == TIER_DECODED

    def replaces(self, other: Still) -> bool:
        """Whether this one is kept rather than an older one of the same seq: that of the take's
        furthest step, and of two of one step the one that was decoded better; else the newer."""
        if self.take != other.take:
            return True
        mine, theirs = _QUALITY.get(self.tier, 0), _QUALITY.get(other.tier, 0)
        return (self.step, mine) >= (other.step, theirs)


class Track(Protocol):
    """The stills of one session; all but ``read`` and ``close`` return at once."""

    def keep(self, preview: Preview, versions: Collection[int]) -> None:
        """Keep a preview of the take; ``versions`` are the seqs of the named ones."""

    def nearest(self, seq: int) -> Still | None:
        """Of those that reflect no more than ``seq`` the one that reflects most."""

    def stills(self) -> Iterable[Still]:
        """All of them, by seq."""

    async def read(self, still: Still) -> bytes | None:
        """The JPEG; None where it is gone or damaged, and then it is kept no longer."""

    async def close(self) -> None:
        """Finish writing; nothing is kept from now on."""


class Tracks(Protocol):
    """The tracks of all sessions. Both methods block: call them in a thread."""

    def open(self, session: str, head: int, versions: Collection[int]) -> Track:
        """What is kept of a session whose log ends at ``head`` and has named versions at
        ``versions``. Where that cannot be read there is nothing, and a warning."""

    def forget(self, session: str) -> None:
        """Delete all that is kept of a session, whose track must be closed. Raises ``OSError``."""


def still_of(preview: Preview) -> Still:
    """What a preview would be kept as."""
    return Still(
        preview.seq,
        preview.take,
        preview.step,
        preview.steps,
        preview.tier,
        preview.columns,
        preview.rows,
        preview.frames,
        preview.width,
        preview.height,
        len(preview.image),
    )


def smallest(previews: Mapping[Tier, Preview]) -> Preview | None:
    """Of a moment's pictures the one of the smallest frames: enough to find one's way by, and the
    bytes of a track last longest. None where none were made."""
    return min(
        previews.values(),
        key=lambda one: (one.width * one.height, len(one.image)),
        default=None,
    )


def turned_since(log: Sequence[Event], seq: int, upto: int) -> bool:
    """Whether something was undone, redone or restored in events ``seq + 1`` to ``upto``.

    A take reflects ``seq`` while a later edit waits, and an undo behind that one is in it already:
    it is not what the session was after ``seq``.
    """
    return any(
        isinstance(log[place].body, Undone | Redone | Restored) for place in range(seq, upto)
    )


def is_exact(state: State, log: Sequence[Event], seq: int, asked: int) -> bool:
    """Whether a still that reflects ``seq`` also shows the session after event ``asked``: nothing
    in between changed what the take is, or how it was made. ``state`` is of the whole ``log``."""
    return not any(_changes(state, log[place]) for place in range(seq, asked))


def _changes(state: State, event: Event) -> bool:
    match event.body:
        case Entered():
            return True
        case Edited():
            return _shows(state, state.edits[event.seq])
        case Undone(groups=groups) | Redone(groups=groups):
            return _turns(state, groups)
        case Restored():
            turned = state.restores[event.seq]
            return bool(turned.steps) or _turns(state, turned.out | turned.back)
    return False


def _turns(state: State, groups: Collection[int]) -> bool:
    return any(
        group in state.restores or any(_shows(state, state.edits[one]) for one in members)
        for group in groups
        for members in [state.members(group)]
    )


def _shows(state: State, edit: Edit) -> bool:
    """Whether an edit can be seen in pictures: comments cannot, nor how fast they are played."""
    if isinstance(edit.instruction, Adjust):
        return given_fields(edit.instruction).keys() != {"fps"}
    return state.steers(edit)
