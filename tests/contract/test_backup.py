"""Online backup of SQLite: of one moment, while somebody writes, and nothing is changed there."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import typer
from rows import CREATED, ROW, edited, receipt

from framejam_server import keeping
from framejam_server.store.backup import backup, images
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.contract import Blob, StoredSession, StoreError
from framejam_server.store.opening import open_store

WRITER = Path(__file__).with_name("writing.py")
DATABASE = "framejam.db"


async def begin(file: Path, events: int = 1) -> None:
    store = await open_store(file, None)
    await store.create_session(ROW, [CREATED])
    if events > 1:
        more = range(2, events + 1)
        await store.append("session1", [edited(n) for n in more], [receipt(n) for n in more])
    await store.close()


async def session(file: Path) -> StoredSession:
    store = await open_store(file, None)
    found = await store.load("session1")
    await store.close()
    assert found is not None
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(one.relative_to(folder)): one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file()
    }


async def test_a_backup_of_a_database_that_is_written_to_is_of_one_moment(tmp_path):
    file = tmp_path / DATABASE
    await begin(file, 20_000)  # a copy takes long enough for many commits
    writer = await asyncio.create_subprocess_exec(
        sys.executable, str(WRITER), str(file), stdout=asyncio.subprocess.PIPE
    )
    seen: list[int] = []

    async def follow() -> None:
        assert writer.stdout is not None
        async for line in writer.stdout:
            seen.append(int(line))

    following = asyncio.create_task(follow())
    committed = 0
    try:
        for number in range(5):
            while not seen or seen[-1] < committed + 20:
                await asyncio.sleep(0.01)
            before = seen[-1]
            copy = tmp_path / f"copy{number}.db"
            parts: list[float] = []
            await asyncio.to_thread(backup, file, copy, parts.append)
            await asyncio.sleep(0.05)
            committed = seen[-1]
            assert parts[-1] == 1.0
            assert parts == sorted(parts), "it never began again"
            with closing(sqlite3.connect(copy)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            stored = await session(copy)  # its seqs are 1, 2, 3 ... without a gap
            assert before <= len(stored.events), "what was acknowledged before it began is there"
            assert len(stored.events) - 1 == len(stored.receipts), "whole transactions"
            assert committed > before, "somebody wrote meanwhile"
    finally:
        writer.kill()
        await writer.wait()
        await following


async def test_a_backup_changes_nothing_where_it_copies_from(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    await begin(folder / DATABASE, 100)
    before = files(folder)
    await asyncio.to_thread(backup, folder / DATABASE, tmp_path / "copy.db", lambda _part: None)
    assert files(folder) == before
    assert await session(tmp_path / "copy.db") == await session(folder / DATABASE)


def test_a_backup_of_nothing_or_onto_something_is_refused(tmp_path):
    with pytest.raises(StoreError, match="there is no database"):
        backup(tmp_path / "no.db", tmp_path / "copy.db", lambda _part: None)
    (tmp_path / "is.db").write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreError, match="could not be copied"):
        backup(tmp_path / "is.db", tmp_path / "copy.db", lambda _part: None)
    (tmp_path / "there.db").write_bytes(b"dear")
    with pytest.raises(StoreError, match="overwrites nothing"):
        backup(tmp_path / "is.db", tmp_path / "there.db", lambda _part: None)
    assert (tmp_path / "there.db").read_bytes() == b"dear"
    with pytest.raises(StoreError, match="no database of framejam"):
        images(tmp_path / "is.db")


@pytest.fixture
async def data(tmp_path, monkeypatch):
    """A server's folder with a session of two images, one of which another session has, too."""
    monkeypatch.chdir(tmp_path)  # no framejam.toml of whoever runs this
    monkeypatch.delenv("FRAMEJAM_DATABASE", raising=False)
    folder = tmp_path / "data"
    blobs = BlobFiles(folder / "blobs")
    store = await open_store(folder / DATABASE, None)
    await store.create_session(ROW, [CREATED])
    for content in (b"one image", b"another" * 1000):
        blob = blobs.put(content)
        await store.add_blob("session1", Blob(blob, "image/png", 1, 1, len(content)))
    blobs.put(b"of a session that is no more")
    await store.close()
    return folder


def test_the_command_copies_sessions_and_images_into_a_folder_that_can_be_served(data, tmp_path):
    keeping.backup(tmp_path / "kept" / "today", data)
    copy = tmp_path / "kept" / "today"
    assert asyncio.run(session(copy / DATABASE)) == asyncio.run(session(data / DATABASE))
    blobs = {name: content for name, content in files(copy).items() if name.startswith("blobs/")}
    assert sorted(blobs.values()) == [b"another" * 1000, b"one image"]
    for name, content in blobs.items():
        assert hashlib.sha256(content).hexdigest() == Path(name).name
        assert (data / name).read_bytes() == content
    assert set(files(copy)) == {DATABASE, *blobs}


def image(folder: Path, content: bytes) -> Path:
    return BlobFiles(folder / "blobs").path(hashlib.sha256(content).hexdigest())


def refused(capsys, to: Path, data: Path | None) -> str:
    with pytest.raises(typer.Exit) as end:
        keeping.backup(to, data)
    assert end.value.exit_code == 2
    return capsys.readouterr().err


def test_the_command_says_why_it_cannot(data, tmp_path, capsys, monkeypatch):
    assert "there is no database" in refused(capsys, tmp_path / "new", tmp_path / "elsewhere")
    assert "is not empty" in refused(capsys, data, data)
    image(data, b"one image").write_bytes(b"bad sector")
    assert "is damaged" in refused(capsys, tmp_path / "half", data)
    assert not (tmp_path / "half" / DATABASE).exists(), "half a backup is not one"
    monkeypatch.setenv("FRAMEJAM_DATABASE", "postgresql://u:secret@h/d")
    said = refused(capsys, tmp_path / "other", data)
    assert "pg_dump" in said
    assert "secret" not in said


def test_an_image_whose_session_is_deleted_meanwhile_is_no_trouble(data, tmp_path):
    image(data, b"one image").unlink()
    count = keeping.copied(data, tmp_path / "to", DATABASE, lambda _what, _part: None)
    assert count == 1
    assert (tmp_path / "to" / DATABASE).is_file()


def test_a_killed_backup_leaves_nothing_that_can_be_mistaken_for_one(data, tmp_path):
    """Killed wherever it reports progress: a folder without a database, or the whole one."""
    program = (
        "import os, sys; from pathlib import Path; from framejam_server import keeping\n"
        "left = [int(sys.argv[3])]\n"
        "def progress(_what, _part):\n"
        "    left[0] -= 1\n"
        "    if left[0] == 0: os.kill(os.getpid(), 9)\n"
        f"keeping.copied(Path(sys.argv[1]), Path(sys.argv[2]), {DATABASE!r}, progress)\n"
    )
    killed = 0
    for number in range(1, 20):
        to = tmp_path / f"to{number}"
        done = subprocess.run(
            [sys.executable, "-c", program, str(data), str(to), str(number)], env=dict(os.environ)
        )
        if done.returncode == 0:
            break
        killed += 1
        assert not (to / DATABASE).exists()
    assert killed >= 3, "the database, and each of two images"
    assert asyncio.run(session(to / DATABASE)) == asyncio.run(session(data / DATABASE))
