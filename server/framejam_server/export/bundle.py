"""A session as one file people can keep: ``session.framejam`` (R5). What it is, and writing it.

A zip archive (PKWARE APPNOTE 6.3, no zip64) of these members, in this order and nothing between:

- ``manifest.json``: a ``Manifest``, with the SHA-256 and size of all others;
- ``log.msgpack``: the events from seq 1 on in the present version, each as its length (4 bytes,
  big-endian) and its MessagePack;
- ``takes.json``: the records of the finished takes, oldest first;
- ``blobs/<sha256>``: every image of the session, by its id, as it was uploaded.

No token is in it, nor what was uploaded to another session. ``unbundle.py`` reads it.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated, Final

import msgspec

from framejam_protocol.errors import Code
from framejam_protocol.events import Event, VersionName
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold
from framejam_protocol.limits import (
    MAX_BUNDLE_BYTES,
    MAX_BUNDLE_IMAGES,
    MAX_BUNDLE_LOG_BYTES,
    MAX_BUNDLE_RATIO,
)
from framejam_server.store.contract import TakeRecord

FORMAT: Final = 1
"""Of the bundles that are written here; those of a higher one are refused."""

SUFFIX: Final = ".framejam"

MANIFEST: Final = "manifest.json"
LOG: Final = "log.msgpack"
TAKES: Final = "takes.json"
BLOBS: Final = "blobs/"

LENGTH_BYTES: Final = 4
CHUNK: Final = 256 * 1024

MODE: Final = stat.S_IFREG | 0o644

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The same session is the same bytes whenever it is bundled; zip knows no earlier date."""


class BadBundle(Exception):
    """A bundle that is not taken. ``field`` names the member, or "bundle"; the text is for people.

    ``code`` is that of the answer over HTTP. ``changed`` tells that it is a bundle, and not what
    was written: its parts do not fit each other or their hashes.
    """

    def __init__(
        self, field: str, message: str, code: Code = Code.INVALID, *, changed: bool = False
    ) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.code = code
        self.changed = changed


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member has: ``bytes`` as unpacked, and their SHA-256 in lower-case hexadecimal."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle holds: session and epoch as they were where it was written, the seq of the last
    event, the state hash there (L3), and every other member. ``framejam`` is the version that wrote
    it, ``name`` what people called the session."""

    format: int
    framejam: Annotated[str, msgspec.Meta(max_length=64)]
    session: Annotated[str, msgspec.Meta(max_length=64)]
    epoch: Annotated[str, msgspec.Meta(max_length=64)]
    name: VersionName | None
    seq: Annotated[int, msgspec.Meta(ge=1)]
    state_hash: str
    members: dict[str, Member]


@dataclass(frozen=True)
class Contents:
    """What goes into a bundle: a whole log, takes of it (oldest first), and the ids of the
    session's images."""

    session: str
    epoch: str
    name: str | None
    events: Sequence[Event]
    takes: Sequence[TakeRecord]
    images: Sequence[str]


def write_bundle(target: Path, contents: Contents, open_image: Callable[[str], IO[bytes]]) -> None:
    """Write a bundle to ``target``, a new file in a folder with room for it twice.

    ``open_image`` gives the bytes of an image by its id. Blocks: call it in a thread. Images are
    copied piece by piece. Raises ``BadBundle`` where the session is too large for one, ``OSError``,
    and ``ValueError`` where the log has a gap; ``target`` is of no use then.
    """
    images = sorted(contents.images)
    if len(images) > MAX_BUNDLE_IMAGES:
        raise _too_large(f"{len(images)} images; a bundle holds {MAX_BUNDLE_IMAGES}")
    takes = msgspec.json.encode(contents.takes)
    with tempfile.TemporaryFile(dir=target.parent) as log:
        members = {LOG: _write_log(log, contents.events), TAKES: _member(takes)}
        for image in images:
            members[BLOBS + image] = Member(_size(open_image, image), image)
        if members[LOG].bytes > MAX_BUNDLE_LOG_BYTES:
            raise _too_large(f"a log of more than {MAX_BUNDLE_LOG_BYTES // 2**20} MiB")
        if sum(member.bytes for member in members.values()) > MAX_BUNDLE_BYTES - _HEADERS:
            raise _too_large(f"more than {MAX_BUNDLE_BYTES // 2**20} MiB")
        manifest = msgspec.json.encode(_manifest(contents, members))
        # What is packed more tightly than readers allow is not packed at all.
        for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
            with zipfile.ZipFile(target, "w") as bundle:
                _add(bundle, MANIFEST, manifest, method)
                log.seek(0)
                _add(bundle, LOG, log, method)
                _add(bundle, TAKES, takes, method)
                if any(too_tight(one.file_size, one.compress_size) for one in bundle.infolist()):
                    continue
                for image in images:
                    with open_image(image) as source:
                        _add(bundle, BLOBS + image, source, zipfile.ZIP_STORED)
            return


_HEADERS: Final = 16 * 2**20
"""More than the manifest and the headers of as many members as there may be."""


def too_tight(size: int, packed: int) -> bool:
    """Whether a member unpacks to so much more than it takes that it is refused."""
    return size > MAX_BUNDLE_RATIO * packed


def headed(name: str, method: int) -> zipfile.ZipInfo:
    """The header of a member: nothing in it that a reader would have to guess."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = method
    info.create_system = 3  # Unix: the mode counts
    info.external_attr = MODE << 16
    return info


def _manifest(contents: Contents, members: Mapping[str, Member]) -> Manifest:
    state = fold(contents.events)
    return Manifest(
        format=FORMAT,
        framejam=version("framejam"),
        session=contents.session,
        epoch=contents.epoch,
        name=contents.name,
        seq=state.seq,
        state_hash=state_hash(state),
        members=dict(members),
    )


def _write_log(target: IO[bytes], events: Sequence[Event]) -> Member:
    digest, size = hashlib.sha256(), 0
    for event in events:
        row = msgspec.msgpack.encode(event)
        data = len(row).to_bytes(LENGTH_BYTES, "big") + row
        target.write(data)
        digest.update(data)
        size += len(data)
    return Member(size, digest.hexdigest())


def _member(data: bytes) -> Member:
    return Member(len(data), hashlib.sha256(data).hexdigest())


def _size(open_image: Callable[[str], IO[bytes]], image: str) -> int:
    with open_image(image) as file:
        return file.seek(0, 2)


def _add(bundle: zipfile.ZipFile, name: str, source: bytes | IO[bytes], method: int) -> None:
    info = headed(name, method)
    with bundle.open(info, "w") as target:
        if isinstance(source, bytes):
            target.write(source)
        else:
            shutil.copyfileobj(source, target, CHUNK)


def _too_large(what: str) -> BadBundle:
    return BadBundle("bundle", f"the session has {what}", Code.TOO_LARGE)
