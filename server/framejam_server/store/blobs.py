"""Uploaded files by the SHA-256 of their bytes (A3): no name or path of a client is ever used."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path


class BlobFiles:
    """A folder of content-addressed files. All methods block: call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Keep the bytes; returns their id. Durable when it returns. Raises ``OSError``."""
        blob = hashlib.sha256(data).hexdigest()
        target = self.path(blob)
        if target.exists():
            return blob
        target.parent.mkdir(exist_ok=True)
        # Written beside its place and renamed: a crash leaves no half file under a true name.
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
        return blob

    def get(self, blob: str) -> bytes:
        """The bytes of an id. Raises ``FileNotFoundError``."""
        return self.path(blob).read_bytes()

    def remove(self, blob: str) -> None:
        """Delete a file; one that is not there is no error. Raises ``OSError``."""
        self.path(blob).unlink(missing_ok=True)

    def path(self, blob: str) -> Path:
        """Where a blob lies. Raises ``ValueError`` for anything that is no SHA-256."""
        if not re.fullmatch("[0-9a-f]{64}", blob):
            raise ValueError("a blob id is 64 lower-case hexadecimal digits")
        return self._folder / blob[:2] / blob


def sync_folder(folder: Path) -> None:
    """Make the rename itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
