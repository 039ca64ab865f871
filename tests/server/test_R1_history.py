"""R1: what was shown of the past is shown again, by a real server, over HTTP."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Raw, RunningServer, preview_done, preview_seq

import framejam_pipeline

pytestmark = pytest.mark.slow

HEADER = 40


def get(server: RunningServer, token: str, path: str = "", **headers: str):
    """Status, headers and body of ``.../history{path}``."""
    request = urllib.request.Request(
        f"{server.origin}/api/sessions/{server.session}/history{path}",
        headers={"Authorization": f"Bearer {token}", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def kept(server: RunningServer, token: str) -> list[list[int]]:
    status, _, body = get(server, token)
    assert status == 200
    return json.loads(body)["kept"]


async def finished(raw: Raw, seq: int) -> bytes:
    """The preview of the finished clip that shows event ``seq``."""
    return await raw.preview(lambda data: preview_done(data) and preview_seq(data) >= seq)


SHIPPED = Path(framejam_pipeline.__path__[0]) / "models" / "embedded"
"""The tiny model's clips are nearly all alike: no picture could be told from another."""


async def painted(raw: Raw, *colors: str) -> list[bytes]:
    """Strokes, one finished before the next; what was broadcast of each in the end."""
    shown = []
    for color in colors:
        ack = await raw.paint(color, depth=65536)
        shown.append(await finished(raw, ack["seq"]))
    return shown


@pytest.fixture(scope="module")
def sharp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the model that ships."""
    server = RunningServer(tmp_path_factory.mktemp("sharp") / "data", SHIPPED)
    yield server
    if server.process.poll() is None:
        server.kill()


async def test_R1_the_kept_preview_is_what_was_broadcast_then_byte_for_byte(sharp):
    server = sharp
    raw = await server.join()
    first, second, third = await painted(raw, "#ff0000", "#00ff00", "#0000ff")
    images = {data[HEADER:] for data in (first, second, third)}
    assert len(images) == 3, "the strokes must be told apart"
    for data in (first, second, third):
        seq = preview_seq(data)
        status, headers, body = get(server, raw.token, f"/{seq}")
        assert status == 200
        assert body == data[HEADER:]
        assert headers["Content-Type"] == "image/jpeg"
        assert int(headers["X-Framejam-Seq"]) == seq
        assert int(headers["X-Framejam-Take"]) == int.from_bytes(data[12:16], "big")
        assert int(headers["X-Framejam-Step"]) == int.from_bytes(data[16:18], "big")
        assert int(headers["X-Framejam-Steps"]) == int.from_bytes(data[18:20], "big")
        grid = [data[4], data[5], *(int.from_bytes(data[at : at + 2], "big") for at in (6, 8, 10))]
        assert headers["X-Framejam-Grid"] == "x".join(map(str, grid))
        assert headers["X-Framejam-Exact"] == "1"
        assert [seq, 1, data[17], data[19]] in kept(server, raw.token)
    await raw.close()
    before = kept(server, raw.token)
    server.kill()
    again = RunningServer(server.log.with_suffix(""), SHIPPED)
    try:
        marks = kept(again, raw.token)
        assert [mark for mark in marks if mark in before] == before
        for data in (first, second, third):
            assert get(again, raw.token, f"/{preview_seq(data)}")[2] == data[HEADER:]
    finally:
        again.kill()


async def test_R1_in_between_the_nearest_before_and_whether_it_is_exact(shared):
    server = shared
    raw = await server.join()
    first, second = await painted(raw, "#ff0000", "#00ff00")
    stroke = max(m["seq"] for m in raw.messages if m["type"] == "ack")
    status, headers, body = get(server, raw.token, f"/{stroke}")
    assert (status, body) == (200, first[HEADER:])
    assert headers["X-Framejam-Exact"] == "0"  # the second stroke is not in it
    await raw.command(
        type="edit", instruction={"kind": "comment", "text": "nice", "at": [9, 9], "frame": 0}
    )
    mark = await raw.command(type="mark", name="first cut")
    status, headers, body = get(server, raw.token, f"/{mark['seq']}")
    assert (status, body) == (200, second[HEADER:])
    assert headers["X-Framejam-Exact"] == "1"
    status, headers, _ = get(server, raw.token, f"/{stroke + 10**6}")
    assert status == 404
    await raw.close()


async def test_R1_what_cannot_change_any_more_may_be_cached(shared):
    server = shared
    raw = await server.join()
    first, _ = await painted(raw, "#ff0000", "#00ff00")
    status, headers, body = get(server, raw.token, f"/{preview_seq(first)}")
    assert (status, body) == (200, first[HEADER:])
    assert "immutable" in headers["Cache-Control"]
    assert "private" in headers["Cache-Control"]
    status, headers, body = get(
        server, raw.token, f"/{preview_seq(first)}", **{"If-None-Match": headers["ETag"]}
    )
    assert (status, body) == (304, b"")
    other = {"If-None-Match": '"' + "0" * 64 + '"'}
    assert get(server, raw.token, f"/{preview_seq(first)}", **other)[2] == first[HEADER:]
    status, headers, _ = get(server, raw.token, f"/{preview_seq(first) + 1}")
    assert (headers["X-Framejam-Exact"], "immutable" in headers["Cache-Control"]) == ("0", False)
    await raw.close()


async def test_R1_a_clip_that_nobody_watched_is_kept_once_it_is_finished(shared):
    server = shared
    raw = await server.join()
    await raw.send({"type": "watch", "tier": "none"})
    ack = await raw.paint("#ff0000", depth=65536)
    await raw.wait_for(
        lambda m: m["type"] == "take" and m["state"] == "finished" and m["seq"] >= ack["seq"]
    )
    shown = [mark for mark in kept(server, raw.token) if mark[0] >= ack["seq"]]
    assert [mark[2] == mark[3] for mark in shown] == [True]
    status, _, body = get(server, raw.token, f"/{shown[0][0]}")
    assert status == 200
    assert body[:2] == b"\xff\xd8"
    await raw.close()


async def test_R1_every_role_may_look_back_and_nobody_else(shared):
    server = shared
    raw = await server.join()
    (shown,) = await painted(raw, "#ff0000")
    viewer = await server.join(server.invite(raw, "viewer"))
    path = f"/{preview_seq(shown)}"
    assert get(server, viewer.token, path)[2] == shown[HEADER:]
    for stranger in ("", "abc.def", server.token):
        assert get(server, stranger, path)[0] == 401
        assert get(server, stranger)[0] == 401
    await viewer.close()
    await raw.close()


async def test_R1_what_is_not_there_is_said_in_words(shared):
    server = shared
    raw = await server.join()
    (shown,) = await painted(raw, "#ff0000")
    status, _, body = get(server, raw.token, "/1")
    if kept(server, raw.token)[0][0] > 1:
        error = json.loads(body)["error"]
        assert (status, error["code"], error["field"]) == (404, "not_found", "seq")
        assert "look {at: 1}" in error["message"]
    for strange in ("/0", "/-1", "/abc", "/1.5", "/" + "9" * 40, "/٣"):
        status, _, body = get(server, raw.token, urllib.request.quote(strange))
        assert (status, json.loads(body)["error"]["code"]) == (400, "invalid"), strange
    status, _, body = get(server, raw.token, f"/{preview_seq(shown) + 1000}")
    assert (status, json.loads(body)["error"]["code"]) == (404, "not_found")
    await raw.close()


async def test_R1_the_bounds_of_the_settings_hold(launch, tmp_path, monkeypatch):
    server = launch()
    raw = await server.join()
    for _ in range(310):
        ack = await raw.content(f"a red ball {_}")
    await finished(raw, ack["seq"])
    await raw.close()
    server.kill()
    folder = tmp_path / "data" / "track" / server.session
    newest = max(folder.iterdir(), key=lambda path: int(path.name.split("-")[0]))
    tail = newest.name.split("-", 1)[1]
    for seq in range(1, 311):
        if not list(folder.glob(f"{seq}-*")):
            (folder / f"{seq}-{tail}").write_bytes(newest.read_bytes())
    assert len(list(folder.iterdir())) >= 310
    monkeypatch.setenv("FRAMEJAM_TRACK_PREVIEWS", "300")
    again = launch()
    assert len(kept(again, raw.token)) == 300
    assert 300 <= len(list(folder.iterdir())) <= 301  # one may be in the writing
    assert kept(again, raw.token)[-1][0] == int(newest.name.split("-")[0])
    again.kill()


async def test_R1_where_nothing_can_be_kept_takes_are_made_all_the_same(launch, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "track").write_text("no folder")
    server = launch()
    raw = await server.join()
    (shown,) = await painted(raw, "#ff0000")
    assert await _emptied(server, raw.token) == []
    assert get(server, raw.token, f"/{preview_seq(shown)}")[0] == 404
    assert server.log.read_text().count("previews are not kept") == 1
    await raw.close()


async def _emptied(server: RunningServer, token: str) -> list[list[int]]:
    """What is kept when what could not be written is forgotten."""
    end = time.monotonic() + 10
    while (marks := kept(server, token)) and time.monotonic() < end:
        time.sleep(0.05)  # noqa: ASYNC251
    return marks


async def test_R1_files_are_nobodys_but_the_sessions(launch, tmp_path):
    server = launch()
    raw = await server.join()
    await painted(raw, "#ff0000")
    server.stop()
    folder = tmp_path / "data" / "track"
    assert os.listdir(folder) == [server.session]
    assert all(Path(one.path).suffix == ".jpg" for one in os.scandir(folder / server.session))
