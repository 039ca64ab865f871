"""Sessions that move: into a bundle, out of one, and into a branch of their own (R4, R5)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import structlog

from framejam_protocol.events import Branched, Edited, Event, Joined
from framejam_protocol.fold.records import Participant
from framejam_protocol.instructions import Image
from framejam_server.export.bundle import SUFFIX, BadBundle, Contents, Manifest, write_bundle
from framejam_server.export.unbundle import Bundle, Progress, opened, silent
from framejam_server.net.auth import mint
from framejam_server.quotas import Full, Quotas
from framejam_server.records import BadRecord, of_log
from framejam_server.session.session import Session
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.contract import (
    Blob,
    SessionRow,
    Store,
    StoredSession,
    StoreError,
    TakeRecord,
)
from framejam_server.store.reading import read_session

__all__ = ["SUFFIX", "BadBundle", "Carrier", "Moved", "NoSession", "bundle_folder"]

log = structlog.get_logger("framejam.bundles")

IMPORT: Final = "import"
"""The label of the owner's invite that an import makes (A1)."""


class NoSession(Exception):
    """There is no such session (any more)."""


@dataclass(frozen=True)
class Moved:
    """A session that is new on this server, and a token of it that was just made: the text that
    belongs into the fragment of its link, and is kept nowhere."""

    row: SessionRow
    token: str

    @property
    def path(self) -> str:
        """The link without the host."""
        return f"/s/{self.row.id}#{self.token}"


@dataclass(frozen=True)
class Carrier:
    """Moves sessions of one store, whose images are in ``files``.

    ``images`` is held while rows of images come that are not theirs alone; ``new_id`` makes an
    unguessable id, ``now`` is in ms since the Unix epoch.
    """

    store: Store
    files: BlobFiles
    new_id: Callable[[], str]
    now: Callable[[], int]
    quotas: Quotas = field(default_factory=Quotas)
    images: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def bundle(self, session: str, target: Path) -> None:
        """Write a bundle of a session, which may be in use, to the new file ``target``.

        Raises ``NoSession``, ``StoreError``, ``BadBundle`` where it is too large for one, and
        ``OSError``.
        """
        # The takes first: all that a record names is in the log that is read after it.
        takes = await self.store.takes(session)
        stored = await self.store.load(session)
        if stored is None:
            raise NoSession
        contents = _contents(stored.row, stored.events, takes, stored.blobs)
        del stored
        await asyncio.to_thread(write_bundle, target, contents, self._open)

    async def bring(self, path: Path, progress: Progress = silent) -> Moved:
        """Make a session of the bundle at ``path`` (R5); the token is an owner's invite.

        Everything in the bundle is checked before anything is written, and it is there in one
        transaction or not at all. Raises ``BadBundle``, ``Full``, ``StoreError`` and ``OSError``.
        """
        with contextlib.ExitStack() as stack:
            bundle = await asyncio.to_thread(
                stack.enter_context, opened(path, progress, self._count)
            )
            await self._room(bundle)
            # Files that no session names do no harm, if it ends here.
            await asyncio.to_thread(self._put, bundle, [blob.id for blob in bundle.blobs])
            now = self.now()
            origin, origin_seq = bundle.state.origin or (None, None)
            row = SessionRow(
                self.new_id(), self.new_id(), now, bundle.manifest.name, origin, origin_seq
            )
            token, text = mint(row.id, "owner", label=IMPORT, created_at=now)
            takes = bundle.takes[-self.quotas.takes :] if self.quotas.takes else bundle.takes
            async with self.images:
                # Another session may have been the last that had one, and have been deleted.
                await asyncio.to_thread(lambda: self._put(bundle, self._missing(bundle)))
                await self.store.add_session(row, bundle.events, bundle.blobs, takes, [token])
        log.info("session imported", session=row.id, events=len(bundle.events))
        return Moved(row, text)

    async def branch(
        self, session: str, seq: int, person: Participant, name: str | None = None
    ) -> Moved:
        """Make a session of the first ``seq`` events of another (R4); the token is the participant
        token of ``person``, who owns it. Nothing but rows is copied.

        Raises ``NoSession``, ``ValueError`` where the log is shorter, ``Full`` and ``StoreError``.
        """
        await self.quotas.room_for_session(self.store)
        takes = await self.store.takes(session)
        stored = await self.store.load(session)
        if stored is None:
            raise NoSession
        if not 1 <= seq <= len(stored.events):
            raise ValueError(f"the log ends at {len(stored.events)}: name an event up to there")
        now = self.now()
        row = SessionRow(self.new_id(), self.new_id(), now, name, session, seq)
        token, text = mint(row.id, "owner", person.participant, created_at=now)
        events, blobs, kept = await asyncio.to_thread(
            _branched, stored, takes, Branched(session, seq, person.participant), person, now
        )
        async with self.images:
            # Where the session was deleted meanwhile its images are gone.
            if {one.id for one in blobs} - {one.id for one in await self.store.blobs(session)}:
                raise NoSession
            await self.store.add_session(row, events, blobs, kept, [token])
        log.info("session branched", session=row.id, origin=session, seq=seq)
        return Moved(row, text)

    async def _room(self, bundle: Bundle) -> None:
        await self.quotas.room_for_session(self.store)
        size = sum(blob.bytes or 0 for blob in bundle.blobs)
        await self.quotas.room_for_images(self.store, None, size)

    def _count(self, manifest: Manifest) -> None:
        """Before the log is read, which is as long as it says there. Raises ``Full``."""
        most = self.quotas.events
        if most is not None and manifest.seq > most:
            raise Full(
                f"a session has {most:,} events at most, and the bundle {manifest.seq:,}: "
                "ask whoever runs this server to raise max_events",
                "body",
            )

    def _open(self, image: str) -> IO[bytes]:
        return self.files.path(image).open("rb")

    def _put(self, bundle: Bundle, images: Iterable[str]) -> None:
        for image in images:
            self.files.put(bundle.image(image))

    def _missing(self, bundle: Bundle) -> list[str]:
        return [blob.id for blob in bundle.blobs if not self.files.path(blob.id).is_file()]


def bundle_folder(
    database: Path, images: Path, session: str, target: Path, address: str | None = None
) -> None:
    """Write a bundle of a session out of a data folder that a server may be using; nothing there is
    changed. ``target`` is replaced when the bundle is whole. Blocks.

    ``address`` is that of the PostgreSQL database that has the session instead. Raises
    ``NoSession``, ``StoreError``, ``BadBundle`` and ``OSError``.
    """
    kept = read_session(database, session, address)
    if kept is None:
        raise NoSession
    contents = _contents(kept.row, kept.events, kept.takes, kept.blobs)
    with written_beside(target) as partial:
        write_bundle(partial, contents, lambda image: (images / image[:2] / image).open("rb"))


@contextlib.contextmanager
def written_beside(target: Path) -> Iterator[Path]:
    """A file to write that takes the place of ``target`` when the block ends well."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".framejam-")
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def emptied(folder: Path) -> None:
    """Delete what a server that was killed has left of what was on its way."""
    shutil.rmtree(folder, ignore_errors=True)


def _contents(
    row: SessionRow, events: Sequence[Event], takes: Sequence[TakeRecord], blobs: Sequence[Blob]
) -> Contents:
    return Contents(row.id, row.epoch, row.name, events, takes, [blob.id for blob in blobs])


def _branched(
    stored: StoredSession,
    takes: Sequence[TakeRecord],
    branched: Branched,
    person: Participant,
    now: int,
) -> tuple[list[Event], list[Blob], list[TakeRecord]]:
    """The events of a branch, the images that they name, and the takes that they still tell of."""
    core = Session(stored.events[: branched.seq])
    try:
        kept = of_log(takes, core.log, core.durable)
    except BadRecord as error:
        raise StoreError(str(error)) from error
    named = _named(core.log)
    there = person.participant in core.state.participants
    core.branch(branched, now)
    if not there:  # they came later than what they branch
        joined = Joined(person.participant, person.name, person.color, "owner")
        core.join(joined, now)
    return core.log, [blob for blob in stored.blobs if blob.id in named], kept


def _named(events: Iterable[Event]) -> Collection[str | None]:
    """The images that edits name, undone ones, too: they may be redone."""
    return {
        event.body.instruction.blob
        for event in events
        if isinstance(event.body, Edited) and isinstance(event.body.instruction, Image)
    }
