"""The zip archive of a bundle, looked at before anything in it is believed (R5, A3).

Every byte of it must be what ``bundle.write_bundle`` writes for such members: no other names, no
links, nothing before, between or behind the members, headers that say the same twice. So nothing
hides in one, nobody unpacks more than was said, and no name in it is ever used as a path. Python's
``zipfile`` forgives too much for that; the numbers below are those of PKWARE's APPNOTE 6.3.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

import msgspec

from framejam_protocol.errors import Code
from framejam_protocol.limits import (
    MAX_BLOB_BYTES,
    MAX_BUNDLE_BYTES,
    MAX_BUNDLE_IMAGES,
    MAX_BUNDLE_LOG_BYTES,
    MAX_BUNDLE_RATIO,
)
from framejam_server.export.bundle import (
    BLOBS,
    CHUNK,
    FORMAT,
    LOG,
    MANIFEST,
    MODE,
    TAKES,
    BadBundle,
    Manifest,
    too_tight,
)

_LOCAL: Final = struct.Struct("<4s5H3L2H")
"""A member's header (4.3.7): signature, version needed, flags, method, time, date, CRC-32, packed
and unpacked size, lengths of name and extra field."""

_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
"""A line of the table of contents (4.3.12): signature, version made by, then as above, and length
of the comment, disk, internal and external attributes, and where the member is."""

_END: Final = struct.Struct("<4s4H2LH")
"""The end of the table (4.3.16): signature, two disks, entries here and in all, size and place of
the table, length of the comment."""

_HEADER_SIGN, _ENTRY_SIGN, _END_SIGN = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION: Final = 20
_UNIX: Final = 3 << 8
_DATE: Final = 1 << 5 | 1
_STORED, _DEFLATED = 0, 8

_MOST: Final = {
    MANIFEST: 8 * 2**20,  # room for a line for each image
    LOG: MAX_BUNDLE_LOG_BYTES,
    TAKES: 256 * 2**20,
}
_BLOB: Final = re.compile("blobs/[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class _Info:
    """A member: its data begin at ``place``, are ``packed`` bytes there and ``size`` unpacked."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    place: int


class _Head(msgspec.Struct):
    """What is read of the manifest of any format, older or newer."""

    format: int
    framejam: str = "unknown"


class Archive:
    """The members of a bundle, by name. Nothing of it is in memory but its manifest."""

    def __init__(self, file: IO[bytes]) -> None:
        """Look through the archive in ``file``, which stays open. Blocks. Raises ``BadBundle``."""
        self._file = file
        size = file.seek(0, os.SEEK_END)
        if size > MAX_BUNDLE_BYTES:
            raise _large("bundle", f"it has more than {MAX_BUNDLE_BYTES // 2**20} MiB")
        infos = _members(file, size)
        self._infos = {info.name: info for info in infos}
        self.manifest = self._read_manifest()
        self._check_members()

    def images(self) -> list[str]:
        """The ids of the images in it."""
        return [name.removeprefix(BLOBS) for name in self._infos if name.startswith(BLOBS)]

    def read(self, name: str) -> bytes:
        """A member's bytes, checked against the manifest. Raises ``BadBundle``."""
        data = b"".join(self._pieces(self._infos[name]))
        if hashlib.sha256(data).hexdigest() != self.manifest.members[name].sha256:
            raise _changed(name, "its SHA-256 is not the manifest's")
        return data

    def _pieces(self, info: _Info) -> Iterator[bytes]:
        """A member piece by piece, and never more of it than its header says."""
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        packed = info.packed
        left, crc, ended = info.size, 0, False
        self._file.seek(info.place)
        while not ended:
            data = unpacker.unconsumed_tail
            if not data:
                data = self._file.read(min(packed, CHUNK))
                packed -= len(data)
            if info.method == _STORED:
                piece, ended = data, not packed
            else:
                try:
                    piece = unpacker.decompress(data, CHUNK)
                except zlib.error as error:
                    raise _changed(info.name, f"it cannot be unpacked ({error})") from error
                ended = unpacker.eof or not (data or piece)
            left -= len(piece)
            if left < 0:
                break
            crc = zlib.crc32(piece, crc)
            yield piece
        whole = info.method == _STORED or (unpacker.eof and not unpacker.unused_data)
        if left or packed or not whole or crc != info.crc:
            raise _changed(info.name, "it does not unpack to what its header says")

    def _read_manifest(self) -> Manifest:
        data = b"".join(self._pieces(self._infos[MANIFEST]))
        try:
            head = msgspec.json.decode(data, type=_Head)
            if head.format > FORMAT:
                raise BadBundle(
                    MANIFEST,
                    f"its format is {head.format}, of a newer framejam ({head.framejam!r:.40}): "
                    f"this one reads up to {FORMAT}; update it",
                )
            return msgspec.json.decode(data, type=Manifest)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise _changed(MANIFEST, str(error)) from error

    def _check_members(self) -> None:
        """The members are those of the manifest, in its sizes."""
        told = self.manifest.members
        for name in told.keys() - self._infos.keys():
            raise _changed(_shown(name), "the manifest names it, and it is missing")
        for name, info in self._infos.items():
            if name == MANIFEST:
                continue
            if name not in told:
                raise _changed(name, "the manifest does not name it")
            if info.size != told[name].bytes:
                raise _changed(name, "its size is not the manifest's")
        if any(name != BLOBS + told[name].sha256 for name in told if name.startswith(BLOBS)):
            raise _changed(MANIFEST, "it gives an image another SHA-256 than its name")


def _members(file: IO[bytes], size: int) -> list[_Info]:
    """What the archive has, in its order: ours, one behind the other, small enough to unpack."""
    count, start, table = _table(file, size)
    if not (table[_ENTRY.size :].startswith(MANIFEST.encode()) or _begins(file)):
        raise _cut_off(file)
    infos: list[_Info] = []
    at = place = 0
    while at < len(table):
        info, entry = _entry(table[at : at + _ENTRY_BYTES], place)
        if info.name in (known.name for known in infos[:_FIXED]) or (
            len(infos) > _FIXED and info.name <= infos[-1].name
        ):
            raise _changed(info.name, "it comes twice, or out of order")
        _check_header(file, info, place, entry == table[at : at + len(entry)])
        infos.append(info)
        at, place = at + len(entry), info.place + info.packed
    names = [info.name for info in infos[:_FIXED]]
    for number, name in enumerate(_MOST):
        if names[number : number + 1] != [name]:
            raise _changed(name, "it is missing, or not in its place")
    if len(infos) != count or place != start:
        raise _changed("bundle", "its table of contents does not fit its members")
    if sum(info.size for info in infos) > MAX_BUNDLE_BYTES:
        raise _large("bundle", f"it unpacks to more than {MAX_BUNDLE_BYTES // 2**20} MiB")
    return infos


_FIXED: Final = len(_MOST)
_ENTRY_BYTES: Final = _ENTRY.size + len(BLOBS) + 64
"""Of the longest line of a table: that of an image."""


def _table(file: IO[bytes], size: int) -> tuple[int, int, bytes]:
    """How many members there are, where the table of contents begins, and the table."""
    file.seek(max(size - _END.size, 0))
    record = file.read(_END.size)
    if len(record) < _END.size or not record.startswith(_END_SIGN):
        raise _cut_off(file)
    _, *disks, here, count, length, start, comment = _END.unpack(record)
    if any(disks) or here != count or comment or start + length + _END.size != size:
        raise _cut_off(file)
    if length > (MAX_BUNDLE_IMAGES + _FIXED) * _ENTRY_BYTES:
        raise _large("bundle", f"it has more than {MAX_BUNDLE_IMAGES} images")
    file.seek(start)
    return count, start, file.read(length)


def _cut_off(file: IO[bytes]) -> BadBundle:
    """Why an archive is not read that does not end or begin as a bundle does."""
    if _begins(file):
        return _changed("bundle", "its end is missing or damaged: was it copied completely?")
    return BadBundle("bundle", "this is no framejam bundle")


def _begins(file: IO[bytes]) -> bool:
    file.seek(0)
    return file.read(_LOCAL.size + len(MANIFEST)).endswith(MANIFEST.encode())


def _entry(line: bytes, place: int) -> tuple[_Info, bytes]:
    """The member that a line of the table (or what follows it) is about, and the line that a bundle
    has for it when its header is at ``place``."""
    if len(line) < _ENTRY.size:
        raise _changed("bundle", "its table of contents is cut off")
    (_, _, _, _, method, _, _, crc, packed, size, length, *_) = _ENTRY.unpack(line[: _ENTRY.size])
    raw = line[_ENTRY.size : _ENTRY.size + length]
    name = raw.decode("ascii", "replace")
    if len(raw) < length or (name not in _MOST and not _BLOB.fullmatch(name)):
        raise _changed(_shown(name), "a bundle has no such member")
    ours = (_VERSION, 0, method, 0, _DATE, crc, packed, size, len(raw), 0)
    info = _Info(name, method, crc, packed, size, place + _LOCAL.size + len(raw))
    entry = _ENTRY.pack(_ENTRY_SIGN, _UNIX | _VERSION, *ours, 0, 0, 0, MODE << 16, place) + raw
    return info, entry


def _check_header(file: IO[bytes], info: _Info, place: int, listed: bool) -> None:
    """The member at ``place`` is told by both its headers as a bundle's is (no links, no folders),
    and is not too large."""
    raw = info.name.encode()
    ours = (_VERSION, 0, info.method, 0, _DATE, info.crc, info.packed, info.size, len(raw), 0)
    header = _LOCAL.pack(_HEADER_SIGN, *ours) + raw
    file.seek(place)
    methods = (_STORED,) if info.name.startswith(BLOBS) else (_STORED, _DEFLATED)
    if (
        not listed
        or file.read(len(header)) != header
        or info.method not in methods
        or (info.method == _STORED and info.packed != info.size)
    ):
        raise _changed(info.name, "its header is not that of a bundle's member")
    most = _MOST.get(info.name, MAX_BLOB_BYTES)
    if info.size > most:
        raise _large(info.name, f"it has more than {most // 2**20} MiB")
    if too_tight(info.size, info.packed):
        raise _large(info.name, f"it unpacks to more than {MAX_BUNDLE_RATIO} times its size")


def _changed(field: str, message: str) -> BadBundle:
    return BadBundle(field, message, changed=True)


def _large(field: str, message: str) -> BadBundle:
    return BadBundle(field, message, Code.TOO_LARGE)


def _shown(name: str) -> str:
    """A strange name as it may be repeated to people."""
    return ascii(name)[1:-1][:80]
