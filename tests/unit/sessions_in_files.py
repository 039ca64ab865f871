"""A small session as a bundle, and archives that are nearly one."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import msgspec
from people import Table
from PIL import Image as Picture

from framejam_protocol.events import Event
from framejam_protocol.instructions import Content, Image, Paint
from framejam_server.export.bundle import LOG, MANIFEST, TAKES, Contents, headed, write_bundle
from framejam_server.records import Record
from framejam_server.store.contract import TakeRecord

STROKE = Paint(points=((9, 9), (99, 99)), color="#00ff00", width=7)


def picture(shade: int = 0) -> bytes:
    """A small image, another one for each shade."""
    data = io.BytesIO()
    Picture.new("RGB", (8, 6), (shade, 10, 20)).save(data, "PNG")
    return data.getvalue()


def log() -> tuple[list[Event], dict[str, bytes]]:
    """A session's events, with two images that they name; by id."""
    images = {_hash(data): data for data in (picture(1), picture(2))}
    table = Table("zoe1", "mo01")
    table.session.blobs |= set(images)
    table.edit("zoe1", Content("a red ball"))
    for image in sorted(images):
        table.edit("mo01", Image(image))
    first = table.edit("zoe1", STROKE)
    table.undo("zoe1")
    table.session.enter(1, {0: (first,)}, 5)
    table.mark("mo01", "the start", 3)
    return list(table.session.log), images


def record(events: list[Event], take: int = 1) -> TakeRecord:
    """A record that the log allows."""
    settings = events[0].body.settings
    made = Record(take, len(events), {}, settings, "model", {"threads": "1"}, 7)
    return TakeRecord(take, len(events), "0" * 64, msgspec.json.encode(made).decode())


def contents(events: list[Event], images: dict[str, bytes], takes=None) -> Contents:
    kept = [record(events)] if takes is None else takes
    return Contents("s1", "e1", "A name", events, kept, list(images))


def written(folder: Path, made: Contents | None = None, images=None) -> Path:
    """A bundle of the small session, or of ``made``."""
    events, own = log()
    images = own if images is None else images
    path = folder / "session.framejam"
    write_bundle(path, made or contents(events, images), lambda one: io.BytesIO(images[one]))
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def packed(path: Path, parts: dict[str, bytes], *, settled: bool = True, **changed) -> Path:
    """The members as an archive; with ``settled`` the manifest tells their sizes and hashes, and
    what is ``changed`` in it."""
    if settled:
        manifest = json.loads(parts[MANIFEST])
        manifest["members"] = {
            name: {"bytes": len(data), "sha256": _hash(data)}
            for name, data in parts.items()
            if name != MANIFEST
        }
        parts = {**parts, MANIFEST: json.dumps({**manifest, **changed}).encode()}
    with zipfile.ZipFile(path, "w") as bundle:
        for name, data in parts.items():
            small = name in (MANIFEST, LOG, TAKES)
            info = headed(name, zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED)
            bundle.writestr(info, data)
    return path


def rows(events: list[Event]) -> bytes:
    """A log as it lies in a bundle."""
    encoded = [msgspec.msgpack.encode(event) for event in events]
    return b"".join(len(row).to_bytes(4, "big") + row for row in encoded)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
