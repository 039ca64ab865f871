"""The files of deleted sessions (A4): gone with them, also where the server dies in between.

A note of what a session has is written before its rows go, and taken away when its files are gone.
A note that a start finds is of a server that died: the rows tell what is left to be done.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from framejam_server.store.blobs import BlobFiles, sync_folder
from framejam_server.store.contract import Store

_SESSION: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Leavings:
    """Notes in a folder. ``others`` delete what else is kept of a session outside the store.

    All methods but ``settle`` block: call them in a thread. They raise ``OSError``.
    """

    def __init__(
        self, folder: Path, files: BlobFiles, others: Sequence[Callable[[str], None]] = ()
    ) -> None:
        self._folder = folder
        self._files = files
        self._others = others
        folder.mkdir(parents=True, exist_ok=True)

    def note(self, session: str, blobs: Iterable[str]) -> None:
        """The session is about to be deleted; it has these images. Durable when it returns."""
        with self._path(session).open("w") as file:
            json.dump(sorted(blobs), file)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._folder)

    def clear(self, session: str, unused: Iterable[str]) -> None:
        """Its rows are gone: delete its files, and the images that no session has any more."""
        note = self._path(session)
        for blob in unused:
            self._files.remove(blob)
        for delete in self._others:
            delete(session)
        note.unlink(missing_ok=True)

    def forget(self, session: str) -> None:
        """Its rows stay after all."""
        self._path(session).unlink(missing_ok=True)

    async def settle(self, store: Store) -> None:
        """Do what a server that died has left; before anybody uploads.

        Raises ``StoreError`` and ``OSError``. Few notes, small files: it does not matter that it
        blocks at the start.
        """
        notes = [path for path in self._folder.iterdir() if _SESSION.fullmatch(path.name)]
        if not notes:
            return
        known = {row.id for row in await store.sessions()}
        for path in notes:
            if path.name in known:
                self.forget(path.name)
            else:
                self.clear(path.name, await store.unused(_blobs(path)))

    def _path(self, session: str) -> Path:
        if not _SESSION.fullmatch(session):
            raise ValueError("a session's id is made of letters, digits, _ and -")
        return self._folder / session


def _blobs(note: Path) -> list[str]:
    """What a note says; nothing where it was cut off, for then no row was deleted yet."""
    try:
        return [str(blob) for blob in json.loads(note.read_text())]
    except ValueError:
        return []
