"""R5: a session moves to another server, over HTTP and by command, without loss."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from house import house_in
from PIL import Image as Picture
from running import RunningServer
from test_T2_verify import finished

from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold
from framejam_server.export.bundle import LOG, MANIFEST, TAKES
from framejam_server.export.unbundle import opened
from framejam_server.quotas import Quotas


def picture(shade: int = 7) -> bytes:
    data = io.BytesIO()
    Picture.new("RGB", (8, 6), (shade, 10, 20)).save(data, "PNG")
    return data.getvalue()


async def worked_on(house):
    """A session with an owner, an editor and a viewer, an image and edits."""
    room = await house.session(olga="owner", ed="editor", vera="viewer")
    answer = await room.call("POST", "blobs", "olga", picture())
    assert answer.status == 201, answer.body
    raw = await room.join("ed")
    await raw.content("a red ball")
    image = {"kind": "image", "blob": answer.json["blob"]}
    assert (await raw.command(type="edit", instruction=image))["type"] == "ack"
    await raw.paint()
    await raw.command(type="undo")
    await raw.command(type="mark", name="before lunch", of=None)
    await raw.close()
    return room


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


async def emptied(folder: Path) -> None:
    """Wait until no bundle is on its way; it is gone when it was sent, a moment later."""
    async with asyncio.timeout(5):
        while await asyncio.to_thread(os.listdir, folder):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("who", ["olga", "ed", "vera"])
async def test_R5_every_role_takes_a_bundle_along(tmp_path: Path, who: str):
    async with house_in(tmp_path) as house:
        room = await worked_on(house)
        answer = await room.call("GET", "bundle", who)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/zip"
        disposition = answer.headers["Content-Disposition"]
        assert disposition == f'attachment; filename="session-{room.id}.framejam"'
        assert json.loads(members(answer.body)[MANIFEST])["state_hash"] == room.live.state_hash
        await emptied(tmp_path / "moving")


async def test_R5_there_and_back_with_the_same_hashes(tmp_path: Path):
    async with house_in(tmp_path / "one") as here, house_in(tmp_path / "two") as there:
        room, other = await worked_on(here), await there.session(otto="owner")
        bundle = (await room.call("GET", "bundle", "vera")).body
        answer = await other.call("POST", "imports", "otto", bundle)
        assert answer.status == 201, answer.body
        assert set(answer.json) == {"session", "path"}
        moved = await there.running(answer.json["session"])
        assert moved.live.row.id not in (room.id, other.id)
        assert moved.live.row.epoch != room.live.row.epoch
        assert moved.live.state_hash == room.live.state_hash
        assert moved.live.state.versions == room.live.state.versions != {}
        await emptied(tmp_path / "two" / "moving")
        # Whoever has the link owns it.
        token = answer.json["path"].removeprefix(f"/s/{moved.live.row.id}#")
        other.id = moved.live.row.id
        raw = await other.join(token, name="Nia")
        assert raw.welcome["role"] == "owner"
        (invite,) = await there.store.invites(moved.live.row.id)
        assert invite.label == "import"
        again = await other.call("GET", "bundle", raw.token)
        first, second = members(bundle), members(again.body)
        # She joined: one more event, and everything before is byte for byte the same.
        assert second[LOG].startswith(first[LOG])
        assert len(second[LOG]) > len(first[LOG])
        assert second[TAKES][:1] == first[TAKES][:1]
        assert (
            {n: d for n, d in first.items() if n.startswith("blobs/")}
            == {n: d for n, d in second.items() if n.startswith("blobs/")}
            != {}
        )
        await raw.close()


async def test_R5_A1_only_owners_import_and_strangers_get_nothing(tmp_path: Path):
    async with house_in(tmp_path) as house:
        room = await worked_on(house)
        bundle = (await room.call("GET", "bundle", "olga")).body
        for who in ("ed", "vera"):
            answer = await room.call("POST", "imports", who, bundle)
            assert (answer.status, answer.json["error"]["code"]) == (403, "forbidden")
        for method, path in (("GET", "bundle"), ("POST", "imports")):
            answer = await room.call(method, path, "nobody", bundle if method == "POST" else None)
            assert answer.status == 401
        assert len(await house.store.sessions()) == 1


async def test_R5_what_is_refused_leaves_nothing(tmp_path: Path):
    async with house_in(tmp_path, quotas=Quotas(sessions=5, events=100)) as house:
        room = await worked_on(house)
        bundle = (await room.call("GET", "bundle", "olga")).body
        spoilt = bytearray(bundle)
        spoilt[bundle.index(LOG.encode()) + 40] ^= 1
        files = sorted((tmp_path / "blobs").rglob("*"))
        for data, field in ((bytes(spoilt), LOG), (b"", "bundle"), (bundle[:-1], "bundle")):
            answer = await room.call("POST", "imports", "olga", data)
            assert (answer.status, answer.json["error"]["code"]) == (400, "invalid")
            assert answer.json["error"]["field"] == field
        assert len(await house.store.sessions()) == 1
        assert sorted((tmp_path / "blobs").rglob("*")) == files
        assert list((tmp_path / "moving").iterdir()) == []


async def test_A4_an_import_keeps_within_the_quotas(tmp_path: Path):
    for quotas, words in (
        (Quotas(sessions=1), "max_sessions"),
        (Quotas(session_bytes=10), "session_mib"),
        (Quotas(images_bytes=10), "images_mib"),
        (Quotas(events=3), "max_events"),
    ):
        async with house_in(tmp_path / words / "a") as here:
            room = await worked_on(here)
            bundle = (await room.call("GET", "bundle", "olga")).body
        async with house_in(tmp_path / words / "b", quotas=quotas) as there:
            other = await there.session(otto="owner")
            answer = await other.call("POST", "imports", "otto", bundle)
            assert 400 <= answer.status < 500
            assert words in answer.json["error"]["message"]
            assert len(await there.store.sessions()) == 1
            assert list((tmp_path / words / "b" / "blobs").iterdir()) == []


async def test_R5_one_bundle_of_each_person_at_a_time(tmp_path: Path):
    async with house_in(tmp_path) as house:
        room = await worked_on(house)
        bundle = (await room.call("GET", "bundle", "olga")).body
        await emptied(tmp_path / "moving")
        gone_on = asyncio.Event()

        async def slowly():
            yield bundle[:100]
            await gone_on.wait()
            yield bundle[100:]

        where = f"{house.origin}/api/sessions/{room.id}/imports"
        headers = {"Authorization": f"Bearer {room.tokens['olga']}"}

        async def send() -> int:
            async with house.http.post(where, data=slowly(), headers=headers) as response:
                return response.status

        sending = asyncio.create_task(send())
        async with asyncio.timeout(10):
            while not list((tmp_path / "moving").glob("*")):
                await asyncio.sleep(0.01)
        answer = await room.call("GET", "bundle", "olga")
        assert (answer.status, answer.json["error"]["code"]) == (429, "rate_limited")
        assert int(answer.headers["Retry-After"]) > 0
        assert (await room.call("GET", "bundle", "vera")).status == 200
        gone_on.set()
        assert await sending == 201
        assert (await room.call("GET", "bundle", "olga")).status == 200


# -- the commands ------------------------------------------------------------------------------


def framejam(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "framejam_server", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.slow
async def test_R5_by_command_from_a_running_server_into_another_folder(
    launch, tmp_path: Path, tiny_model: Path
):
    server: RunningServer = launch()
    raw = await server.join()
    await raw.content("a red ball")
    await raw.paint()
    await finished(raw)
    await raw.close()
    file = tmp_path / "out.framejam"
    done = framejam("bundle", server.session, "--data", tmp_path / "data", "--out", file)
    assert done.returncode == 0, done.stderr
    with opened(file) as found:
        assert found.manifest.session == server.session
        assert found.takes
        events, digest = found.events, state_hash(found.state)
    running = framejam("import", file, "--data", tmp_path / "data")
    assert running.returncode == 2
    assert "open in another framejam" in running.stderr
    done = framejam("import", file, "--data", tmp_path / "other")
    assert done.returncode == 0, done.stderr
    path = done.stdout.strip()
    session = path.removeprefix("/s/").split("#")[0]
    again = tmp_path / "again.framejam"
    done = framejam("bundle", session, "--data", tmp_path / "other", "--out", again)
    assert done.returncode == 0, done.stderr
    first, second = members(file.read_bytes()), members(again.read_bytes())
    assert (first[LOG], first[TAKES]) == (second[LOG], second[TAKES])
    with opened(again) as found:
        assert (found.events, state_hash(found.state)) == (events, digest)
        assert digest == state_hash(fold(events))
    # A server on that folder opens it; the link is an owner's.
    other: RunningServer = launch(data="other")
    assert other.session == session
    owner = await other.join(path.split("#")[1], name="Nia")
    assert owner.welcome["role"] == "owner"
    await owner.close()


@pytest.mark.slow
def test_R5_a_damaged_bundle_is_one_line_and_no_session(tmp_path: Path):
    (tmp_path / "no.framejam").write_bytes(b"no")
    done = framejam("import", tmp_path / "no.framejam", "--data", tmp_path / "data")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "framejam: bundle: this is no framejam bundle"
    done = framejam("bundle", "nothing", "--data", tmp_path / "data")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no session 'nothing'" in done.stderr
