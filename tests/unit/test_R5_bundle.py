"""R5: a bundle holds a whole session, and what is not one is refused before anything is written."""

import hashlib
import io
import json
import random
import stat
import struct
import time
import zipfile
import zlib

import msgspec
import pytest
from PIL import Image as Picture
from sessions_in_files import (
    contents,
    log,
    members,
    packed,
    picture,
    record,
    rows,
    written,
)

from framejam_protocol.errors import Code
from framejam_protocol.events import Edited, Entered, Event, Redone
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Paint
from framejam_protocol.limits import MAX_BUNDLE_RATIO
from framejam_server.export import archive, bundle
from framejam_server.export.bundle import BLOBS, LOG, MANIFEST, TAKES, BadBundle, write_bundle
from framejam_server.export.unbundle import opened


def read(path):
    with opened(path) as found:
        return found


def refused(path, field=None, words="", *, changed=True, code=None) -> BadBundle:
    with pytest.raises(BadBundle) as caught:
        read(path)
    error = caught.value
    assert field is None or error.field == field, error
    assert words in str(error)
    assert error.changed == changed, error
    assert code is None or error.code == code
    return error


# -- there and back ----------------------------------------------------------------------------


def test_R5_everything_comes_back(tmp_path):
    events, images = log()
    with opened(written(tmp_path)) as found:
        assert found.events == events
        assert state_hash(found.state) == state_hash(fold(events)) == found.manifest.state_hash
        assert found.state.versions == fold(events).versions != {}
        assert found.takes == [record(events)]
        assert {blob.id: found.image(blob.id) for blob in found.blobs} == images
        assert {(b.media_type, b.width, b.height) for b in found.blobs} == {("image/png", 8, 6)}
        assert [blob.bytes for blob in found.blobs] == [len(images[b.id]) for b in found.blobs]
        assert (found.manifest.session, found.manifest.epoch) == ("s1", "e1")
        assert (found.manifest.name, found.manifest.seq) == ("A name", len(events))


def test_R5_the_same_session_is_the_same_bytes(tmp_path):
    first = written(tmp_path).read_bytes()
    time.sleep(2.1)  # zip tells times in steps of 2 s
    assert written(tmp_path).read_bytes() == first


def test_R5_any_unzip_reads_it_and_its_manifest_comes_first(tmp_path):
    events, images = log()
    path = written(tmp_path)
    with zipfile.ZipFile(path) as plain:
        assert plain.testzip() is None
        names = plain.namelist()
    assert names == [MANIFEST, LOG, TAKES, *(BLOBS + one for one in sorted(images))]
    assert members(path)[LOG] == rows(events)
    assert b"token" not in members(path)[MANIFEST]


def test_R5_what_packs_too_well_is_written_so_that_it_is_taken(tmp_path):
    events, images = log()
    line = Paint(points=tuple((n, n) for n in range(2000)), color="#00ff00", width=7)
    many = [Event(len(events) + n, 0, "zoe1", Edited(line)) for n in range(1, 300)]
    made = contents([*events, *many], images, takes=[])
    path = written(tmp_path, made, images)
    with zipfile.ZipFile(path) as plain:
        info = plain.getinfo(LOG)
    assert len(zlib.compress(rows(made.events))) * MAX_BUNDLE_RATIO < info.file_size
    assert info.compress_type == zipfile.ZIP_STORED
    assert read(path).manifest.seq == len(made.events)


def test_R5_a_session_that_no_bundle_holds_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "MAX_BUNDLE_LOG_BYTES", 100)
    with pytest.raises(BadBundle, match="a log of more than") as caught:
        written(tmp_path)
    assert caught.value.code is Code.TOO_LARGE
    monkeypatch.setattr(bundle, "MAX_BUNDLE_IMAGES", 1)
    with pytest.raises(BadBundle, match="2 images"):
        written(tmp_path)


def test_R5_images_are_copied_in_pieces(tmp_path):
    """Nobody holds the whole of an image: what is read at once is small."""
    events, _ = log()
    asked = []

    class Counted(io.BytesIO):
        def read(self, size=-1):
            asked.append(size)
            return super().read(size)

        def readinto(self, into):
            asked.append(len(into))
            return super().readinto(into)

    images = {"a" * 64: bytes(3_000_000)}
    made = contents(events, images, takes=[])
    write_bundle(tmp_path / "b", made, lambda image: Counted(images[image]))
    assert asked
    assert all(0 < size <= bundle.CHUNK for size in asked)


# -- not what was written ----------------------------------------------------------------------


def test_R5_cut_off_at_every_kilobyte(tmp_path):
    events, images = log()
    images |= {_hash(data): data for data in (noise(20_000),)}
    whole = written(tmp_path, contents(events, images), images).read_bytes()
    assert len(whole) > 20_000
    path = tmp_path / "cut"
    for length in range(0, len(whole), 1024):
        path.write_bytes(whole[:length])
        refused(path, "bundle", changed=length > 0)
    path.write_bytes(whole[:-1])
    refused(path, "bundle", "copied completely")
    path.write_bytes(whole + b"\0")
    refused(path, "bundle")
    path.write_bytes(whole)
    read(path)


def test_R5_every_changed_byte_is_noticed(tmp_path):
    """Headers, table of contents, members: nothing in a bundle is without meaning. Only the unused
    bits behind a packed member (RFC 1951, 3.2.3) may differ: what is read is the same then."""
    path = written(tmp_path)
    whole = path.read_bytes()
    good = read(path)
    unnoticed = []
    for place in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0x10
        path.write_bytes(spoilt)
        try:
            found = read(path)
        except BadBundle as error:
            assert error.changed or "newer" in str(error), (place, error)
        else:
            assert (found.manifest, found.events) == (good.manifest, good.events)
            unnoticed.append(place)
    assert len(unnoticed) <= 3


def test_R5_a_wrong_hash_names_its_member(tmp_path):
    path = written(tmp_path)
    for name in members(path):
        if name == MANIFEST:
            continue
        parts = members(path)
        manifest = json.loads(parts[MANIFEST])
        manifest["members"][name]["sha256"] = "0" * 64
        parts[MANIFEST] = json.dumps(manifest).encode()
        copy = packed(tmp_path / "b", parts, settled=False)
        refused(copy, MANIFEST if name.startswith(BLOBS) else name, "SHA-256")
    refused(packed(tmp_path / "b", members(path), state_hash="0" * 64), LOG, "state hash")


def test_R5_an_image_under_another_name(tmp_path):
    parts = members(written(tmp_path))
    first, second = (name for name in parts if name.startswith(BLOBS))
    swapped = {**parts, first: parts[second]}
    manifest = json.loads(parts[MANIFEST])
    manifest["members"][first] = {
        "bytes": len(parts[second]),
        "sha256": first.removeprefix(BLOBS),
    }
    swapped[MANIFEST] = json.dumps(manifest).encode()
    refused(packed(tmp_path / "b", swapped, settled=False), first, "SHA-256")


def test_R5_a_newer_format_says_so(tmp_path):
    parts = members(written(tmp_path))
    parts[MANIFEST] = json.dumps({"format": 2, "framejam": "9.1", "unheard": ["of"]}).encode()
    error = refused(packed(tmp_path / "b", parts, settled=False), MANIFEST, changed=False)
    assert "newer framejam ('9.1')" in str(error)
    assert "update" in str(error)


def test_R5_a_newer_event_says_so(tmp_path):
    events, _ = log()
    loose = msgspec.msgpack.decode(msgspec.msgpack.encode(events[-1]))
    loose["body"]["v"] = 99
    newest = msgspec.msgpack.encode(loose)
    parts = members(written(tmp_path))
    parts[LOG] = rows(events[:-1]) + len(newest).to_bytes(4, "big") + newest
    refused(packed(tmp_path / "b", parts), LOG, "of a newer server")


@pytest.mark.parametrize("name", [LOG, TAKES, "image"])
def test_R5_a_missing_member(tmp_path, name):
    parts = members(written(tmp_path))
    name = next(one for one in parts if one.startswith(BLOBS)) if name == "image" else name
    del parts[name]
    refused(packed(tmp_path / "b", parts, settled=False), name, "missing")
    # The image is named by the log, and the manifest agrees that there is none.
    refused(packed(tmp_path / "b", parts), name, "missing")


def test_R5_a_member_that_the_manifest_does_not_name(tmp_path):
    parts = members(written(tmp_path))
    parts[BLOBS + "f" * 64] = b"stowaway"
    refused(packed(tmp_path / "b", parts, settled=False), BLOBS + "f" * 64, "does not name")


# -- hostile archives --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../outside",
        "/etc/passwd",
        "blobs/../../outside",
        "blobs/" + "A" * 64,
        "blobs/" + "a" * 63,
        "blobs/",
        "C:\\outside",
        "log.msgpack/",
        "blobs/" + "a" * 64 + "\n",
    ],
)
def test_R5_A3_no_other_name_is_taken(tmp_path, name):
    parts = members(written(tmp_path))
    parts[name] = b"outside"
    refused(packed(tmp_path / "b", parts), words="a bundle has no such member")
    assert not (tmp_path.parent / "outside").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "session.framejam"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [MANIFEST, LOG, TAKES])
def test_R5_no_name_comes_twice(tmp_path, name):
    path = written(tmp_path)
    data = members(path)[name]
    with zipfile.ZipFile(path, "a") as plain:
        plain.writestr(bundle.headed(name, zipfile.ZIP_DEFLATED), data)
    refused(path, name, "comes twice")


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755, 0o644])
def test_R5_no_link_and_no_folder_is_taken(tmp_path, mode):
    parts = members(written(tmp_path))
    path = tmp_path / "b"
    with zipfile.ZipFile(path, "w") as plain:
        for name, data in parts.items():
            info = bundle.headed(name, zipfile.ZIP_STORED)
            if name.startswith(BLOBS):
                info.external_attr = mode << 16
            plain.writestr(info, data)
    refused(path, next(name for name in parts if name.startswith(BLOBS)), "header")


def test_R5_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    parts = members(written(tmp_path))
    begun = time.perf_counter()
    parts[LOG] = bytes(400 * 2**20)
    path = packed(tmp_path / "b", parts)
    assert path.stat().st_size < 2**20
    packing, begun = time.perf_counter() - begun, time.perf_counter()
    refused(path, LOG, "times its size", changed=False, code=Code.TOO_LARGE)
    assert time.perf_counter() - begun < packing / 10


def test_R5_a_bomb_that_lies_about_its_size_unpacks_no_further(tmp_path, monkeypatch):
    """Both headers and the manifest say 100 bytes, and there are 4 million of them."""
    parts = {**members(written(tmp_path)), LOG: bytes(4_000_000)}
    manifest = json.loads(parts[MANIFEST])
    manifest["members"][LOG]["bytes"] = 100
    parts[MANIFEST] = json.dumps(manifest).encode()
    whole = bytearray(packed(tmp_path / "b", parts, settled=False).read_bytes())
    real, said = struct.pack("<L", 4_000_000), struct.pack("<L", 100)
    assert whole.count(real) == 2
    (tmp_path / "b").write_bytes(whole.replace(real, said))
    held = []
    taken = archive.Archive._pieces

    def counted(self, name):
        for piece in taken(self, name):
            held.append(len(piece))
            yield piece

    monkeypatch.setattr(archive.Archive, "_pieces", counted)
    refused(tmp_path / "b", LOG, "does not unpack to what its header says")
    assert sum(held) < 10_000


def test_R5_together_and_alone_members_are_bounded(tmp_path, monkeypatch):
    path = written(tmp_path)
    monkeypatch.setattr(archive, "MAX_BUNDLE_BYTES", 1000)
    refused(path, "bundle", "MiB", changed=False, code=Code.TOO_LARGE)
    monkeypatch.setattr(archive, "MAX_BUNDLE_BYTES", path.stat().st_size)
    refused(path, "bundle", "unpacks to more", changed=False, code=Code.TOO_LARGE)
    monkeypatch.undo()
    monkeypatch.setitem(archive._MOST, LOG, 10)
    refused(path, LOG, "it has more than", changed=False, code=Code.TOO_LARGE)
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MAX_BLOB_BYTES", 10)
    refused(path, words="it has more than", changed=False, code=Code.TOO_LARGE)


def test_R5_a_table_of_contents_is_bounded_before_it_is_read(tmp_path, monkeypatch):
    path = written(tmp_path)
    monkeypatch.setattr(archive, "MAX_BUNDLE_IMAGES", 0)
    monkeypatch.setattr(archive, "_entry", lambda *_: pytest.fail("it was read"))
    refused(path, "bundle", "more than 0 images", changed=False, code=Code.TOO_LARGE)


def test_R5_nothing_hides_before_between_or_behind_the_members(tmp_path):
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(b"#!/bin/sh\n" + whole)
    refused(path, changed=False)
    parts = members(written(tmp_path))
    with zipfile.ZipFile(tmp_path / "b", "w") as plain:
        for name, data in parts.items():
            plain.writestr(bundle.headed(name, zipfile.ZIP_STORED), data)
            plain.fp.write(b"hidden")
            plain.start_dir = plain.fp.tell()
    refused(tmp_path / "b")
    with zipfile.ZipFile(path, "w") as plain:
        for name, data in parts.items():
            plain.writestr(bundle.headed(name, zipfile.ZIP_STORED), data)
        plain.comment = b"hidden"
    refused(path, "bundle")


def test_R5_nothing_hides_behind_what_is_packed(tmp_path, monkeypatch):
    parts = members(written(tmp_path))
    found = zipfile._get_compressor

    class Longer:
        def __init__(self, *settings):
            self.packer = found(*settings)
            self.compress = self.packer.compress

        def flush(self):
            return self.packer.flush() + b"hidden"

    deflated = zipfile.ZIP_DEFLATED
    monkeypatch.setattr(
        zipfile, "_get_compressor", lambda kind, *a: Longer(kind, *a) if kind == deflated else None
    )
    path = packed(tmp_path / "b", parts)
    monkeypatch.undo()
    assert path.read_bytes().count(b"hidden") == 3
    refused(path, MANIFEST, "does not unpack to what its header says")


def test_R5_what_is_no_bundle_is_told_from_a_damaged_one(tmp_path):
    path = tmp_path / "b"
    for data in (b"", b"PK", picture(), bytes(5000), b"PK\x05\x06" + bytes(18)):
        path.write_bytes(data)
        refused(path, "bundle", "no framejam bundle", changed=False)
    with zipfile.ZipFile(path, "w") as plain:
        plain.writestr("holiday.jpg", picture())
    refused(path, "bundle", "no framejam bundle", changed=False)


# -- logs, takes and images that are none ------------------------------------------------------


def spoilt(tmp_path, **parts):
    """The bundle with members of other bytes, whose sizes and hashes the manifest tells."""
    names = {"log": LOG, "takes": TAKES}
    whole = members(written(tmp_path))
    seq = parts.pop("seq", json.loads(whole[MANIFEST])["seq"])
    whole |= {names[name]: data for name, data in parts.items()}
    return packed(tmp_path / "b", whole, seq=seq)


def test_R5_a_log_with_a_gap_or_another_order(tmp_path):
    events, _ = log()
    missing = rows([*events[:3], *events[4:]])
    refused(spoilt(tmp_path, log=missing, seq=len(events) - 1), LOG, "event 4 is damaged")
    refused(spoilt(tmp_path, log=missing), LOG, f"not the {len(events)} events")
    swapped = [events[0], events[2], events[1], *events[3:]]
    refused(spoilt(tmp_path, log=rows(swapped)), LOG, "event 2 is damaged")
    refused(spoilt(tmp_path, log=b"", seq=1), LOG)
    refused(spoilt(tmp_path, log=rows(events)[:-1]), LOG, f"event {len(events)} is cut off")
    refused(spoilt(tmp_path, log=rows(events) + b"\xff"), LOG, "cut off")


def test_R5_a_log_that_no_server_wrote(tmp_path):
    events, _ = log()
    at = len(events)

    def ending(body, author="zoe1", seq=None):
        return rows([*events, Event(seq or at + 1, 0, author, body)])

    stranger = ending(events[4].body, author="nobody1")
    refused(spoilt(tmp_path, log=stranger, seq=at + 1), LOG, "never joined")
    again = ending(events[0].body, author="")
    refused(spoilt(tmp_path, log=again, seq=at + 1), LOG, "only the first event is")
    headless = rows([msgspec.structs.replace(one, seq=one.seq - 1) for one in events[1:]])
    refused(spoilt(tmp_path, log=headless, seq=at - 1), LOG, "begins with `created`")
    for body in (Redone(groups=(3,)), Entered(take=1, step=0, edits=(999,))):
        # Mo never undid anything, and there is no event 999.
        refused(spoilt(tmp_path, log=ending(body, "mo01"), seq=at + 1), LOG, "adds up to no")


def test_R5_takes_that_are_not_of_the_log(tmp_path):
    events, _ = log()
    good = record(events)

    def told(**changed):
        return json.dumps([{**msgspec.to_builtins(good), **changed}]).encode()

    assert read(spoilt(tmp_path, takes=told())).takes == [good]
    first = f"{TAKES}[0]"
    refused(spoilt(tmp_path, takes=told(digest="0" * 63)), first)
    refused(spoilt(tmp_path, takes=told(digest="../" * 21 + "x")), first)
    refused(spoilt(tmp_path, takes=told(record="{}")), first, "damaged")
    refused(spoilt(tmp_path, takes=told(record=good.record.replace('"seq":', '"s":'))), first)
    refused(spoilt(tmp_path, takes=told(seq=2)), first, "another take")
    beyond = json.loads(good.record) | {"seq": 999}
    late = told(seq=999, record=json.dumps(beyond))
    refused(spoilt(tmp_path, takes=late), first, "not of this log")
    other = json.loads(good.record) | {"entries": {"998": 0}}
    refused(spoilt(tmp_path, takes=told(record=json.dumps(other))), first, "does not fit")
    refused(spoilt(tmp_path, takes=b"[{}]"), TAKES)
    refused(spoilt(tmp_path, takes=b"\xff"), TAKES)
    refused(spoilt(tmp_path, takes=b"[" * 100_000), TAKES, changed=False)
    refused(spoilt(tmp_path, takes=b"[" * 5000 + noise(5000)), TAKES)


def test_R5_A3_every_image_is_one(tmp_path):
    events, images = log()
    for data, words in ((b"<svg/>", "no PNG"), (picture(3)[:-30], "damaged")):
        both = {**images, _hash(data): data}
        path = written(tmp_path, contents(events, both), both)
        refused(path, BLOBS + _hash(data), words)


def noise(size):
    """An image that does not pack."""
    side = int((size / 3) ** 0.5) + 1
    made = Picture.frombytes("RGB", (side, side), random.Random(5).randbytes(side * side * 3))
    data = io.BytesIO()
    made.save(data, "PNG")
    return data.getvalue()


def _hash(data):
    return hashlib.sha256(data).hexdigest()
