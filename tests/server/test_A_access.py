"""A: roles and secrets, over real sockets and HTTP."""

import asyncio
import json
import sqlite3

import pytest
import websockets
from running import Raw, preview_done

from framejam_protocol.errors import Close, Code


async def call(server, *arguments):
    return await asyncio.to_thread(server.call, *arguments)


async def test_A1_invites_carry_their_role_and_a_viewer_changes_nothing(shared):
    owner = await shared.join(name="Olga")
    editor = await shared.join(await asyncio.to_thread(shared.invite, owner, "editor"))
    viewer = await shared.join(await asyncio.to_thread(shared.invite, owner, "viewer"))
    assert [raw.welcome["role"] for raw in (owner, editor, viewer)] == ["owner", "editor", "viewer"]
    ack = await editor.content("by the editor")
    assert ack["type"] == "ack"
    before = (await shared.join()).welcome["state_hash"]
    for command in (
        {"type": "edit", "instruction": {"kind": "content", "text": "no"}},
        {"type": "edit", "instruction": {"kind": "settings", "seed": 7}},
        {"type": "undo", "group": ack["seq"]},
    ):
        refusal = await viewer.command(**command)
        assert refusal["code"] == Code.FORBIDDEN
    assert (await shared.join()).welcome["state_hash"] == before
    # A viewer sees and points.
    await viewer.preview(lambda p: True)
    await viewer.send({"type": "presence", "cursor": [5, 5]})
    await owner.wait_for(lambda m: m["type"] == "presence" and m["cursor"] == [5, 5])
    path = f"/api/sessions/{shared.session}"
    for raw, action in ((viewer, "blobs"), (viewer, "invites"), (editor, "invites")):
        status, body = await call(shared, "POST", f"{path}/{action}", raw.token, b"{}")
        assert (status, json.loads(body)["error"]["code"]) == (403, Code.FORBIDDEN)


@pytest.mark.parametrize("token", ["", "nonsense", "a.b", "x" * 200, "0011223344556677.wrong"])
async def test_A2_a_wrong_token_is_refused(shared, token):
    raw = await Raw.open(shared)
    await raw.send(
        {
            "type": "hello",
            "versions": [1],
            "session": shared.session,
            "token": token,
            "client_id": "client-bad",
        }
    )
    assert await raw.close_code() == Close.UNAUTHORISED
    status, _ = await call(shared, "GET", f"/api/sessions/{shared.session}/clip.mp4", token)
    assert status == 401


async def test_A2_half_a_secret_opens_nothing(shared):
    half = shared.token[:-1] + ("A" if shared.token[-1] != "A" else "B")
    raw = await Raw.open(shared)
    await raw.send(
        {
            "type": "hello",
            "versions": [1],
            "session": shared.session,
            "token": half,
            "client_id": "client-bad",
        }
    )
    assert await raw.close_code() == Close.UNAUTHORISED


async def test_A2_a_token_of_another_session_is_refused(shared, launch):
    another = launch(data="another")
    raw = await Raw.open(shared)
    await raw.send(
        {
            "type": "hello",
            "versions": [1],
            "session": shared.session,
            "token": another.token,
            "client_id": "client-bad",
        }
    )
    assert await raw.close_code() == Close.UNAUTHORISED
    raw = await Raw.open(shared)
    await raw.send(
        {
            "type": "hello",
            "versions": [1],
            "session": another.session,
            "token": shared.token,
            "client_id": "client-bad",
        }
    )
    assert await raw.close_code() == Close.UNAUTHORISED


async def test_A2_http_is_authorised_like_the_socket_and_invites_are_no_login(shared):
    for method, path in (
        ("POST", "blobs"),
        ("POST", "invites"),
        ("GET", "clip.mp4"),
        ("GET", "blobs/" + "ab" * 32),
    ):
        for token in ("", shared.token):
            status, _ = await call(
                shared, method, f"/api/sessions/{shared.session}/{path}", token, None
            )
            assert status == 401, (method, path)


async def test_A2_a_client_id_of_somebody_else_is_refused(shared):
    one = await shared.join(client_id="client-of-one")
    await one.content("so that it is hers")
    raw = await Raw.open(shared)
    await raw.send(
        {
            "type": "hello",
            "versions": [1],
            "session": shared.session,
            "token": shared.token,
            "client_id": "client-of-one",
        }
    )
    assert await raw.close_code() == Close.CLIENT_TAKEN


async def test_A2_secrets_are_stored_hashed(launch, tmp_path):
    server = launch()
    raw = await server.join()
    await raw.close()
    server.stop()
    secrets = [token.split(".")[1] for token in (server.token, raw.token)]
    stored = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("framejam.db*"))
    assert raw.welcome["participant"].encode() in stored
    for secret in secrets:
        assert secret.encode() not in stored
        assert secret not in server.log.read_text()
    rows = sqlite3.connect(tmp_path / "data" / "framejam.db").execute("SELECT digest FROM tokens")
    assert all(len(digest) == 32 for (digest,) in rows)


async def test_A2_other_origins_are_refused_and_the_own_one_is_not(shared):
    with pytest.raises(websockets.InvalidStatus) as caught:
        await Raw.open(shared, origin="https://elsewhere.example")
    assert caught.value.response.status_code == 403
    raw = await Raw.open(shared, origin=shared.origin)
    await raw.hello(shared.session, shared.token)
    await raw.close()


async def test_A2_a_start_replaces_the_launch_link_and_people_keep_their_own(launch):
    server = launch()
    raw = await server.join()
    server.stop()
    again = launch()
    old = await Raw.open(again)
    await old.send(
        {
            "type": "hello",
            "versions": [1],
            "session": again.session,
            "token": server.token,
            "client_id": "client-old",
        }
    )
    assert await old.close_code() == Close.UNAUTHORISED
    assert (await again.join(raw.token)).welcome["participant"] == raw.welcome["participant"]


async def test_the_finished_clip_downloads_as_mp4_and_says_when_it_is_not_ready(shared):
    raw = await shared.join()
    await raw.preview(preview_done)
    path = f"/api/sessions/{shared.session}/clip.mp4"
    status, data = await call(shared, "GET", path, raw.token)
    if status == 409:  # another test's edit woke the take
        await asyncio.sleep(3)
        status, data = await call(shared, "GET", path, raw.token)
    assert status == 200
    assert data[4:8] == b"ftyp"
    import io

    import av

    with av.open(io.BytesIO(data)) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) == 4
    assert frames[0].shape == (256, 256, 3)
    await raw.close()
