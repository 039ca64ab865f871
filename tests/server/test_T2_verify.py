"""``framejam take SESSION --verify``: the take in force, computed again from the log (T2, R2)."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from running import Raw, RunningServer

from framejam_protocol.events import Edited, Event, Undone
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Lock, Paint
from framejam_server.store.reading import read_session

pytestmark = pytest.mark.slow

EQUAL, DIFFERENT, NOTHING, INCOMPARABLE = 0, 1, 2, 3
SECRET = "Very-Secret"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[RunningServer]:
    """A server whose session has a finished take of every sort of trouble: a reference image, a
    lock, and edits that were undone before and after it."""
    server = RunningServer(tmp_path_factory.mktemp("take") / "data", tiny_model)
    asyncio.run(_edit(server))
    yield server
    server.kill()


async def _edit(server: RunningServer) -> None:
    picture = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(picture, "PNG")
    raw = await server.join()
    status, body = server.call(
        "POST", f"/api/sessions/{server.session}/blobs", raw.token, picture.getvalue()
    )
    assert status in (200, 201), body
    await raw.content("a red ball")
    await raw.command(type="edit", instruction={"kind": "image", "blob": json.loads(body)["blob"]})
    await raw.paint("#ff0000")
    await finished(raw)
    outline = [[0, 0], [40000, 0], [40000, 40000], [0, 40000]]
    await raw.command(type="edit", instruction={"kind": "lock", "outline": outline})
    await raw.paint("#00ff00")
    await raw.command(type="undo")
    await raw.paint("#0000ff", depth=65536)
    await raw.command(
        type="edit",
        instruction={
            "kind": "drag",
            "start": [30000, 30000],
            "end": [50000, 30000],
            "radius": 12000,
        },
    )
    await finished(raw)
    await raw.close()


async def finished(raw: Raw) -> None:
    """Wait until the newest edit is in a finished take."""
    newest = max(message["seq"] for message in raw.messages if message["type"] == "ack")
    await raw.wait_for(
        lambda m: m["type"] == "take" and m["state"] == "finished" and m["seq"] >= newest, 90
    )
    await asyncio.sleep(0.5)  # the record is written right after it was said


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, served: RunningServer) -> Path:
    """The data folder as it lies there when the server has been stopped."""
    original = served.log.with_suffix("")
    copy = tmp_path_factory.mktemp("stored") / "data"
    copy.mkdir()
    shutil.copytree(original / "blobs", copy / "blobs")
    with (
        sqlite3.connect(original / "framejam.db") as source,
        sqlite3.connect(copy / "framejam.db") as target,
    ):
        source.backup(target)
    source.close()
    target.close()
    return copy


@pytest.fixture
def folder(tmp_path: Path, stored: Path) -> Path:
    """A copy of it, to be spoilt."""
    return Path(shutil.copytree(stored, tmp_path / "data"))


Take = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def take(served: RunningServer, tiny_model: Path) -> Take:
    """Runs ``framejam take``."""

    def run(data: Path, *options: str, session: str = served.session) -> object:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "framejam_server", "take", session),
                *("--data", str(data), *options),
            ],
            env={**os.environ, "FRAMEJAM_MODEL": str(tiny_model)},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def change(folder: Path, statement: str, *values: object) -> None:
    """One statement on the database; it must change exactly one row."""
    database = sqlite3.connect(folder / "framejam.db")
    with database:
        assert database.execute(statement, values).rowcount == 1
    database.close()


def newest_record(folder: Path) -> tuple[int, dict[str, object]]:
    database = sqlite3.connect(folder / "framejam.db")
    row, text = database.execute("SELECT id, record FROM takes ORDER BY id DESC").fetchone()
    database.close()
    return row, json.loads(text)


def change_record(folder: Path, **fields: object) -> None:
    row, record = newest_record(folder)
    change(
        folder, "UPDATE takes SET record = ? WHERE id = ?", json.dumps({**record, **fields}), row
    )


def log_of(folder: Path, session: str) -> list[Event]:
    kept = read_session(folder / "framejam.db", session)
    assert kept is not None
    return kept.events


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_T2_the_take_comes_out_equal_while_its_server_runs(served: RunningServer, take: Take):
    data = served.log.with_suffix("")
    done = take(data, "--verify", session=served.link)
    assert done.returncode == EQUAL, done.stdout + done.stderr
    assert "\nequal\n" in done.stdout
    assert served.token not in done.stdout + done.stderr
    status, _ = served.call("GET", "/healthz")
    assert status == 200
    # What is verified is worth it: a lock holds something, and an undone edit is not in it.
    events = log_of(data, served.session)
    state = fold(events)
    _, record = newest_record(data)
    entries = {int(seq) for seq in record["entries"]}
    (lock,) = (one.seq for one in state.edits.values() if isinstance(one.instruction, Lock))
    (undone,) = (one.body.groups[0] for one in events if isinstance(one.body, Undone))
    assert lock in entries
    assert state.held(lock)
    assert undone not in entries


def test_T2_reading_leaves_the_folder_as_it_was(take: Take, folder: Path):
    before = contents(folder)
    done = take(folder, "--verify")
    assert done.returncode == EQUAL, done.stdout + done.stderr
    assert contents(folder) == before


def test_T2_without_verify_the_take_is_described(served: RunningServer, take: Take, folder: Path):
    done = take(folder)
    _, record = newest_record(folder)
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert lines["take"] == f"take 1 of session {served.session}"
    assert f"{len(record['entries'])} edits" in lines["mapping"]
    assert "seed 5" in lines["settings"]
    assert str(record["model_hash"]) in lines["model"]
    assert "torch " in lines["environment"]
    assert len(lines["digest"].split()[1]) == 64
    assert f"event {record['seq']} of " in lines["shows"]
    moment = datetime.strptime(lines["finished"][15:], "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    assert 0 <= time.time() - moment.timestamp() < 3600


def test_T2_one_changed_digit_of_the_digest_is_different(take: Take, folder: Path):
    row, _ = newest_record(folder)
    change(
        folder,
        "UPDATE takes SET digest = substr(digest, 1, 63) || "
        "(CASE substr(digest, 64) WHEN '0' THEN '1' ELSE '0' END) WHERE id = ?",
        row,
    )
    done = take(folder, "--verify")
    assert done.returncode == DIFFERENT, done.stdout + done.stderr
    recorded, recomputed = (line.split()[-1] for line in done.stdout.splitlines()[-2:])
    assert len(recorded) == len(recomputed) == 64
    assert recorded[:63] == recomputed[:63]
    assert recorded != recomputed


def test_T2_one_changed_byte_of_an_event_is_different(
    served: RunningServer, take: Take, folder: Path
):
    seq, stroke = next(
        (event.seq, event)
        for event in log_of(folder, served.session)
        if isinstance(event.body, Edited)
        and isinstance(event.body.instruction, Paint)
        and event.body.instruction.color == "#0000ff"
    )
    data = msgspec.msgpack.encode(stroke)
    assert data.count(b"#0000ff") == 1
    spoilt = data.replace(b"#0000ff", b"#0000fd")
    change(folder, "UPDATE events SET event = ? WHERE seq = ?", spoilt, seq)
    done = take(folder, "--verify")
    assert done.returncode == DIFFERENT, done.stdout + done.stderr
    assert "recomputed digest" in done.stdout


@pytest.mark.parametrize("name", ["torch", "machine", "device"])
def test_T2_another_environment_is_not_comparable(take: Take, folder: Path, name: str):
    _, record = newest_record(folder)
    environment = {**record["environment"], name: "something else"}
    change_record(folder, environment=environment)
    done = take(folder, "--verify")
    assert done.returncode == INCOMPARABLE, done.stdout + done.stderr
    first, *rest = done.stdout.splitlines()[-2:]
    assert first == "not comparable"
    assert rest[0].startswith(f"  {name}: something else then, ")


def test_T2_other_threads_or_another_model_are_not_comparable(take: Take, folder: Path):
    done = take(folder, "--verify", "--threads", "2")
    assert done.returncode == INCOMPARABLE
    assert done.stdout.splitlines()[-1] == "  threads: 1 then, 2 here"
    change_record(folder, model_hash="0" * 64)
    done = take(folder, "--verify")
    assert done.returncode == INCOMPARABLE
    assert f"model hash: {'0' * 64} then, " in done.stdout


def test_T2_what_the_log_did_since_is_said_and_does_not_count(
    served: RunningServer, take: Take, folder: Path
):
    events = log_of(folder, served.session)
    newest = max(event.seq for event in events if isinstance(event.body, Edited))
    author = events[newest - 1].author
    later = Event(len(events) + 1, events[-1].at + 1, author, Undone((newest,)))
    change(
        folder,
        "INSERT INTO events (session, seq, event, kind, author) VALUES (?, ?, ?, 'undone', ?)",
        served.session,
        later.seq,
        msgspec.msgpack.encode(later),
        author,
    )
    done = take(folder, "--verify")
    assert done.returncode == EQUAL, done.stdout + done.stderr
    assert "since then   1 edit came in, went out or moved" in done.stdout


def test_T2_a_record_whose_mapping_never_was_in_force_is_different(take: Take, folder: Path):
    _, record = newest_record(folder)
    entries = dict(record["entries"])
    seq = max(entries, key=int)
    change_record(folder, entries={**entries, seq: entries[seq] + 1})
    done = take(folder, "--verify")
    assert done.returncode == DIFFERENT
    assert "never in force" in done.stdout


def test_T2_a_record_with_other_settings_is_different(take: Take, folder: Path):
    _, record = newest_record(folder)
    change_record(folder, settings={**record["settings"], "seed": 6})
    done = take(folder, "--verify")
    assert done.returncode == DIFFERENT
    assert "settings are not those of the log" in done.stdout


def test_T2_a_reference_image_changed_on_the_disk_is_different(take: Take, folder: Path):
    (image,) = (file for file in (folder / "blobs").rglob("*") if file.is_file())
    data = bytearray(image.read_bytes())
    data[-1] ^= 1
    image.write_bytes(data)
    done = take(folder, "--verify")
    assert done.returncode == DIFFERENT
    assert f"the reference image {image.name} was changed" in done.stdout
    image.unlink()
    done = take(folder, "--verify")
    assert done.returncode == NOTHING
    assert "put it back" in done.stderr


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE events SET event = substr(event, 1, length(event) - 1) WHERE seq = 3",
        "UPDATE events SET event = zeroblob(20) WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
        "DELETE FROM events WHERE seq = 1",
    ],
)
def test_T2_a_damaged_log_is_refused(take: Take, folder: Path, spoil: str):
    change(folder, spoil)
    done = take(folder, "--verify")
    assert done.returncode == NOTHING
    assert "damaged" in one_line(done)


def test_T2_a_log_that_adds_up_to_nothing_is_refused(
    served: RunningServer, take: Take, folder: Path
):
    _, joined, *_ = log_of(folder, served.session)
    first = Event(1, joined.at, "", joined.body)
    change(folder, "UPDATE events SET event = ? WHERE seq = 1", msgspec.msgpack.encode(first))
    done = take(folder, "--verify")
    assert done.returncode == NOTHING
    assert "the session's log is damaged" in one_line(done)


def test_T2_a_damaged_record_is_refused(take: Take, folder: Path):
    row, _ = newest_record(folder)
    change(folder, "UPDATE takes SET record = substr(record, 2) WHERE id = ?", row)
    done = take(folder, "--verify")
    assert done.returncode == NOTHING
    assert "damaged" in one_line(done)


def test_T2_where_there_is_no_take_it_says_what_to_do(
    served: RunningServer, take: Take, folder: Path, tmp_path: Path
):
    done = take(folder, session="nobody")
    assert done.returncode == NOTHING
    assert "there is no session 'nobody'" in one_line(done)
    assert "--data" in one_line(done)
    done = take(tmp_path / "nowhere")
    assert done.returncode == NOTHING
    assert "there is no database" in one_line(done)
    assert not (tmp_path / "nowhere").exists()
    database = sqlite3.connect(folder / "framejam.db")
    with database:
        database.execute("DELETE FROM takes")
    database.close()
    done = take(folder, "--verify")
    assert done.returncode == NOTHING
    assert "never finished" in one_line(done)
    (folder / "framejam.db").write_bytes(b"this is no database at all" * 50)
    done = take(folder)
    assert done.returncode == NOTHING
    assert "cannot be read" in one_line(done)


def test_A2_the_secret_of_a_link_is_repeated_nowhere(take: Take, folder: Path):
    for link in (f"http://host/#{SECRET}", f"nonsense/{SECRET}", f"http://host/s/none#{SECRET}"):
        done = take(folder, session=link)
        assert done.returncode == NOTHING
        assert done.stderr.startswith("framejam: ")
        assert SECRET not in done.stdout + done.stderr


def test_what_is_only_described_does_not_load_torch(
    served: RunningServer, tiny_model: Path, folder: Path
):
    program = (
        "import sys; from framejam.cli import build\n"
        "try: build()()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "take", served.session, "--data", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "mapping" in done.stdout


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The line that says why, and nothing else."""
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("framejam: ")
    return line
