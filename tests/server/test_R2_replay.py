"""R2: ``framejam replay BUNDLE`` in real processes: what happened, and whether it comes out so."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from running import RunningServer
from test_T2_verify import _edit, finished

from framejam_server.bundles import bundle_folder
from framejam_server.export.bundle import BLOBS, LOG, MANIFEST, TAKES, headed

pytestmark = pytest.mark.slow

EQUAL, DIFFERENT, NOTHING, INCOMPARABLE = 0, 1, 2, 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A bundle of a session with two takes, the first with an image, a lock and undone edits."""
    folder = tmp_path_factory.mktemp("replay")
    server = RunningServer(folder / "data", tiny_model)
    asyncio.run(_edit(server))
    asyncio.run(_second_take(server))
    path = folder / "session.framejam"
    bundle_folder(folder / "data" / "framejam.db", folder / "data" / "blobs", server.session, path)
    server.kill()
    return path


async def _second_take(server: RunningServer) -> None:
    raw = await server.join(name="Zo\u202ee\x1b[31m")
    await raw.command(type="edit", instruction={"kind": "settings", "seed": 6})
    await raw.command(type="mark", of=None, name="another seed")
    await raw.command(
        type="edit",
        instruction={"kind": "comment", "text": "better so", "at": [9, 9], "frame": 0},
    )
    await finished(raw)
    await raw.close()


Replay = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def replay(tiny_model: Path) -> Replay:
    def run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "framejam_server", "replay", str(path), *options],
            env={**os.environ, "FRAMEJAM_MODEL": str(tiny_model)},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_R2_every_take_comes_out_equal(made: Path, replay: Replay):
    done = replay(made, "--verify")
    assert done.returncode == EQUAL, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "equal"
    newest = {one["take"]: one for one in json.loads(members(made)[TAKES])}
    assert set(newest) == {1, 2}
    for take, record in newest.items():
        at = lines.index(f"take {take} up to event {record['seq']}: equal")
        assert lines[at + 1] == f"  digest {record['digest']}"


def test_R2_all_are_all_records(made: Path, replay: Replay):
    records = json.loads(members(made)[TAKES])
    assert len(records) > 2
    done = replay(made, "--verify", "--all")
    assert done.returncode == EQUAL, done.stdout + done.stderr
    assert done.stdout.count(": equal\n") == len(records)


@pytest.mark.parametrize("where", [LOG, TAKES, BLOBS])
def test_R2_one_changed_byte_of_the_file_is_different(
    made: Path, replay: Replay, tmp_path: Path, where: str
):
    data = bytearray(made.read_bytes())
    with zipfile.ZipFile(made) as bundle:
        info = next(one for one in bundle.infolist() if one.filename.startswith(where))
        end = info.header_offset + 30 + len(info.filename) + info.compress_size
    data[end - info.compress_size // 2] ^= 1
    path = tmp_path / "spoilt.framejam"
    path.write_bytes(data)
    done = replay(path, "--verify")
    assert done.returncode == DIFFERENT, done.stdout + done.stderr
    assert done.stdout.startswith(where)
    assert done.stdout.splitlines()[-1] == "different"


def test_R2_a_changed_digest_that_hides_well_is_different(
    made: Path, replay: Replay, tmp_path: Path
):
    """All hashes of the bundle fit: only computing the take again tells."""
    parts = members(made)
    takes = json.loads(parts[TAKES])
    last = takes[-1]["digest"]
    takes[-1]["digest"] = last[:-1] + ("1" if last[-1] == "0" else "0")
    parts[TAKES] = json.dumps(takes).encode()
    manifest = json.loads(parts[MANIFEST])
    told = {"bytes": len(parts[TAKES]), "sha256": hashlib.sha256(parts[TAKES]).hexdigest()}
    manifest["members"][TAKES] = told
    parts[MANIFEST] = json.dumps(manifest).encode()
    path = tmp_path / "hidden.framejam"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, data in parts.items():
            bundle.writestr(headed(name, zipfile.ZIP_STORED), data)
    done = replay(path, "--verify")
    assert done.returncode == DIFFERENT, done.stdout + done.stderr
    assert f"recomputed digest  {last}" in done.stdout
    assert done.stdout.splitlines()[-1] == "different"


def test_R2_other_threads_are_not_comparable(made: Path, replay: Replay):
    done = replay(made, "--verify", "--threads", "2")
    assert done.returncode == INCOMPARABLE, done.stdout + done.stderr
    assert "  threads: 1 then, 2 here" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "not comparable"


def test_R2_what_cannot_be_done(replay: Replay, tmp_path: Path):
    done = replay(tmp_path / "nowhere", "--verify")
    assert (done.returncode, done.stdout) == (NOTHING, "")
    (tmp_path / "no").write_bytes(b"no bundle")
    done = replay(tmp_path / "no", "--verify")
    assert (done.returncode, done.stdout) == (NOTHING, "")
    assert done.stderr == "framejam: bundle: this is no framejam bundle\n"


def test_R2_the_history_can_be_read(made: Path, replay: Replay):
    done = replay(made)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("session ")
    assert "  version      “another seed” as of event" in done.stdout
    told = [line.split(": ", 1)[1] for line in lines if line[:6].strip().isdigit()]
    assert told[0].startswith("began a session: ")
    assert "joined as owner" in told
    assert "typed “a red ball”" in told
    assert "put in a reference image" in told
    assert "set the seed to 6" in told
    assert "commented “better so”" in told
    assert any(line.startswith("named event") and "“another seed”" in line for line in told)
    # Somebody's name is no command to a terminal.
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    seqs = [int(line[:6]) for line in lines if line[:6].strip().isdigit()]
    assert seqs == sorted(seqs)
