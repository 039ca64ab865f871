"""Preview tracks (R1): of each session the contact sheets of its past, as files, within bounds.

A still's name says all that is known of it, so the index is a listing of the folder. Nothing here
is needed to go on: what is lost can be computed again from the log, so files are renamed into place
but not synced, and a full disk costs a warning.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from framejam_protocol.preview import Preview
from framejam_server.scrubbing import Still, still_of

log = structlog.get_logger("framejam.track")

NEWEST: Final = 50
"""So many of the newest stills are never thinned out: people scrub back a little most often."""

_WAITING: Final = 32
"""Stills that wait for a slow disk; what comes beyond is not kept."""

_NEW: Final = ".new-"
_NAME: Final = re.compile(
    r"(\d{1,16})-t(\d{1,10})-s(\d{1,5})of(\d{1,5})-p(\d{1,3})"
    r"-(\d{1,3})x(\d{1,3})x(\d{1,5})x(\d{1,5})x(\d{1,5})\.jpg",
    re.ASCII,
)

_PARTS: Final = (
    *("seq", "take", "step", "steps", "tier"),
    *("columns", "rows", "frames", "width", "height"),
)
"""What the numbers of a name are, in their order."""


def name_of(still: Still) -> str:
    """The file name of a still."""
    return f"{still.seq}-t{still.take}-s{still.step}of{still.steps}-p{still.tier}-{still.grid}.jpg"


def parse_name(name: str, size: int) -> Still | None:
    """The still that a file of this name and size is; None where it is none of ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    still = Still(**dict(zip(_PARTS, map(int, found.groups()), strict=True)), size=size)
    return still if name_of(still) == name else None  # no two names for one still


class Index:
    """Which stills of a session are kept: at most ``most`` of them, ``most_bytes`` in all. Pure.

    When it is full it thins out its older half: out goes the still there whose neighbours are
    closest to each other in the log, so what is left stays evenly spread over the older history,
    and no gap that thinning makes is longer than twice the average. The first still, the ``NEWEST``
    and those that show named versions stay. Where bounds are so tight that only such are left,
    unnamed ones of these go first, and the newest last.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.size = 0
        """Bytes of all of them."""
        self._most = most
        self._most_bytes = most_bytes
        self._stills: dict[int, Still] = {}
        self._seqs: list[int] = []  # sorted

    def __len__(self) -> int:
        return len(self._seqs)

    def __contains__(self, still: Still) -> bool:
        return self._stills.get(still.seq) == still

    def __iter__(self) -> Iterator[Still]:
        """By seq."""
        return iter([self._stills[seq] for seq in self._seqs])

    def add(self, still: Still, versions: Collection[int] = ()) -> list[Still]:
        """Keep a still; returns those whose files are of no more use, which may be this one.

        ``versions`` are the seqs of the named ones: the stills nearest at or before them show them.
        """
        old = self._stills.get(still.seq)
        if still.size > self._most_bytes or (old is not None and not still.replaces(old)):
            return [still]
        gone = []
        if old is not None:
            self.discard(old)
            gone.append(old)
        self._stills[still.seq] = still
        insort(self._seqs, still.seq)
        self.size += still.size
        while len(self) > self._most or self.size > self._most_bytes:
            victim = self._stills[self._dispensable(versions)]
            self.discard(victim)
            gone.append(victim)
        return gone

    def discard(self, still: Still) -> None:
        """Keep a still no longer, if it is kept."""
        if still in self:
            del self._stills[still.seq]
            del self._seqs[bisect_left(self._seqs, still.seq)]
            self.size -= still.size

    def nearest(self, seq: int) -> Still | None:
        """Of those that reflect no more than ``seq`` the one that reflects most."""
        place = bisect_right(self._seqs, seq)
        return self._stills[self._seqs[place - 1]] if place else None

    def _dispensable(self, versions: Collection[int]) -> int:
        """The seq of the still that is missed least."""
        seqs, count = self._seqs, len(self._seqs)
        named = {bisect_right(seqs, version) - 1 for version in versions}
        thinned = range(1, max(count - NEWEST, 1))
        for places in (range(1, min(count // 2, thinned.stop)), thinned, range(count - 1)):
            free = [place for place in places if place not in named]
            if free:
                return seqs[min(free, key=self._without)]
        return seqs[min(range(count - 1), key=self._without, default=0)]

    def _without(self, place: int) -> int:
        """How much of the log would be between the neighbours of a still if it were gone."""
        after = self._seqs[min(place + 1, len(self._seqs) - 1)]
        return after - (self._seqs[place - 1] if place else self._seqs[0])


class TrackFiles:
    """The tracks of all sessions, a folder each below ``folder``.

    Of each session at most ``most`` stills of ``most_bytes`` in all are kept.
    """

    def __init__(self, folder: Path, most: int, most_bytes: int) -> None:
        self._folder = folder
        self._most = most
        self._most_bytes = most_bytes

    def open(self, session: str, head: int, versions: Collection[int] = ()) -> SessionTrack:
        """What is kept of a session; see ``scrubbing.Tracks``."""
        index = Index(self._most, self._most_bytes)
        folder = self._of(session)
        try:
            _read(folder, index, head, versions)
        except OSError as error:
            log.warning("previews of the past cannot be read", session=session, error=str(error))
        return SessionTrack(session, folder, index)

    def forget(self, session: str) -> None:
        """Delete all that is kept of a session; that there is nothing is no error."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self._of(session))

    def _of(self, session: str) -> Path:
        if not re.fullmatch(r"[\w-]{1,64}", session, re.ASCII):
            raise ValueError("a session's id is letters, digits, _ and -")
        return self._folder / session


class SessionTrack:
    """The stills of one session; used on the event loop, which writes and reads in threads."""

    def __init__(self, session: str, folder: Path, index: Index) -> None:
        self._session = session
        self._folder = folder
        self._index = index
        self._waiting: dict[Still, bytes] = {}
        self._written: dict[Still, bytes] = {}  # right now
        self._leaving: list[Still] = []
        self._writing: asyncio.Task[None] | None = None
        self._failing = False
        self._closed = False

    def keep(self, preview: Preview, versions: Collection[int]) -> None:
        """Keep a preview, if it is further than the one of the same seq; see ``Index``."""
        if self._closed or len(self._waiting) >= _WAITING:
            return
        still = still_of(preview)
        for gone in self._index.add(still, versions):
            if self._waiting.pop(gone, None) is None and gone != still:
                self._leaving.append(gone)
        if still in self._index:
            self._waiting[still] = preview.image
        if self._writing is None and (self._waiting or self._leaving):
            self._writing = asyncio.create_task(self._write(), name=f"track of {self._session}")

    def nearest(self, seq: int) -> Still | None:
        """Of those that reflect no more than ``seq`` the one that reflects most."""
        return self._index.nearest(seq)

    def stills(self) -> Iterable[Still]:
        """All of them, by seq."""
        return iter(self._index)

    async def read(self, still: Still) -> bytes | None:
        """The JPEG of a still; None where it is gone or damaged, and then it is forgotten."""
        image = self._waiting.get(still) or self._written.get(still)
        if image is None:
            path = self._folder / name_of(still)
            image = await asyncio.to_thread(_whole, path)
        if image is None:
            self._index.discard(still)
        return image

    async def close(self) -> None:
        """Finish writing; nothing is kept from now on."""
        self._closed = True
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        """Until nothing waits."""
        try:
            while self._waiting or self._leaving:
                self._written, self._waiting = self._waiting, {}
                leaving, self._leaving = self._leaving, []
                lost, why = await asyncio.to_thread(_put, self._folder, self._written, leaving)
                for still in lost:
                    self._index.discard(still)
                if lost and not self._failing:  # once, not with every step of the take
                    log.warning("previews are not kept", session=self._session, error=why)
                self._failing = bool(lost)
        finally:
            self._written, self._writing = {}, None


def _read(folder: Path, index: Index, head: int, versions: Collection[int]) -> None:
    """Fill an index with what lies in a folder; delete what was half written, is too much, or of a
    log that went on otherwise: beyond the ``head`` of this one, which came from a backup."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    found = []
    for entry in entries:
        if not entry.is_file(follow_symlinks=False):
            continue
        if entry.name.startswith(_NEW):
            os.unlink(entry)
        elif still := parse_name(entry.name, entry.stat(follow_symlinks=False).st_size):
            if still.seq > head:
                os.unlink(entry)
            else:
                found.append(still)
    for still in sorted(found, key=lambda one: (one.seq, one.take, one.step, one.tier)):
        for gone in index.add(still, versions):
            (folder / name_of(gone)).unlink(missing_ok=True)


def _put(
    folder: Path, stills: dict[Still, bytes], leaving: Iterable[Still]
) -> tuple[list[Still], str]:
    """Write files, then delete others; those that could not be written, and why not."""
    left, why = list(stills), ""
    try:
        if stills:
            folder.mkdir(parents=True, exist_ok=True)
        while left:
            # Written beside its place and renamed: a crash leaves no half file under a true name.
            temporary = folder / f"{_NEW}{left[0].seq}"
            try:
                temporary.write_bytes(stills[left[0]])
                os.replace(temporary, folder / name_of(left[0]))
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            left.pop(0)
    except OSError as error:
        why = str(error)
    there = {name_of(still) for still in stills}
    for name in {name_of(still) for still in leaving} - there:
        with suppress(OSError):  # it is found again when the track is opened
            (folder / name).unlink()
    return left, why


def _whole(path: Path) -> bytes | None:
    """The bytes of a JPEG; None where it is not there, or is cut off."""
    try:
        image = path.read_bytes()
    except OSError:
        return None
    if image[:2] != b"\xff\xd8" or image[-2:] != b"\xff\xd9":
        return None
    return image
