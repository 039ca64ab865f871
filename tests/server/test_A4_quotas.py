"""A4: what a server keeps is bounded, and each refusal says which bound it is and what to do."""

import asyncio
import io

import pytest
from house import house_in
from PIL import Image

from framejam_protocol.errors import Code
from framejam_server.app import quotas_of
from framejam_server.config import Config
from framejam_server.quotas import Full, Quotas
from framejam_server.store.contract import Blob, SessionRow
from framejam_server.store.memory import MemoryStore


def png(color: str, side: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), color).save(buffer, "PNG")
    return buffer.getvalue()


async def test_A4_a_full_session_takes_no_more_edits_and_undo_still_works(tmp_path):
    async with house_in(tmp_path, quotas=Quotas(events=30)) as house:
        room = await house.session(olga="owner", edna="editor", vera="viewer")
        olga, edna, vera = [await room.join(name) for name in ("olga", "edna", "vera")]
        assert (await olga.content("first"))["type"] == "ack"
        answer = None
        for _ in range(30):
            answer = await edna.paint()
            if answer["type"] == "refusal":
                break
        assert (answer["code"], answer["field"], answer["rule"]) == (Code.TOO_LARGE, None, "A4")
        assert "the session is full" in answer["message"]
        assert "30 events" in answer["message"]
        assert room.live.state.seq >= 30
        for raw, command in (
            (olga, {"type": "edit", "instruction": {"kind": "content", "text": "more"}}),
            (olga, {"type": "mark", "name": "here"}),
            (olga, {"type": "restore", "to": 5}),
            (
                vera,
                {
                    "type": "edit",
                    "instruction": {"kind": "comment", "text": "x", "at": [1, 1], "frame": 0},
                },
            ),
        ):
            assert (await raw.command(**command))["code"] == Code.TOO_LARGE
        refusal = await vera.content("no")
        assert refusal["code"] == Code.FORBIDDEN, "a role is told first"
        assert (await edna.command(type="undo"))["type"] == "ack"
        assert (await olga.command(type="undo"))["type"] == "ack"
        assert (await edna.command(type="redo"))["code"] == Code.TOO_LARGE
        presses = 0
        while (await edna.command(type="undo"))["type"] == "ack":
            presses += 1
        assert 0 < presses < 30, "undo comes to an end, and so does the log"
        await room.invite()
        assert (
            await room.call("PATCH", f"people/{room.ids['vera']}", "olga", {"role": "editor"})
        ).status == 200


async def test_A4_images_of_a_session_have_room_for_so_many_bytes(tmp_path):
    one, two = png("red"), png("green")
    async with house_in(tmp_path, quotas=Quotas(session_bytes=len(one) + len(two) - 1)) as house:
        room, other = await house.session(olga="owner"), await house.session(otto="owner")
        assert (await room.call("POST", "blobs", "olga", one)).status == 201
        answer = await room.call("POST", "blobs", "olga", two)
        error = answer.json["error"]
        assert (answer.status, error["code"], error["field"]) == (413, Code.TOO_LARGE, "body")
        assert "session_mib" in error["message"]
        assert (await room.call("POST", "blobs", "olga", one)).status == 201, "it is there already"
        assert (await other.call("POST", "blobs", "otto", two)).status == 201
        assert [blob.bytes for blob in await house.store.blobs(room.id)] == [len(one)]


async def test_A4_images_of_all_sessions_have_room_for_so_many_bytes_each_file_once(tmp_path):
    one, two = png("red"), png("green")
    async with house_in(tmp_path, quotas=Quotas(images_bytes=len(one) + len(two))) as house:
        room, other = await house.session(olga="owner"), await house.session(otto="owner")
        assert (await room.call("POST", "blobs", "olga", one)).status == 201
        assert (await room.call("POST", "blobs", "olga", two)).status == 201
        answer = await other.call("POST", "blobs", "otto", png("blue"))
        error = answer.json["error"]
        assert (answer.status, error["code"], error["field"]) == (413, Code.TOO_LARGE, "body")
        assert "images_mib" in error["message"]
        await room.call("DELETE", "", "olga")
        assert (await other.call("POST", "blobs", "otto", png("blue"))).status == 201


async def test_A4_uploads_at_once_do_not_pass_the_bound_together(tmp_path):
    pictures = [png(color) for color in ("red", "green", "blue", "white", "black", "pink")]
    most = len(pictures[0]) + len(pictures[1])
    async with house_in(tmp_path, quotas=Quotas(session_bytes=most)) as house:
        room = await house.session(olga="owner")
        answers = await asyncio.gather(
            *(room.call("POST", "blobs", "olga", one) for one in pictures)
        )
        assert {answer.status for answer in answers} == {201, 413}
        assert (await house.store.size(room.id)).blob_bytes <= most


async def test_A4_the_newest_takes_are_recorded(tmp_path):
    async with house_in(tmp_path, quotas=Quotas(takes=3)) as house:
        room = await house.session(olga="owner")
        olga = await room.join("olga")
        for number in range(6):
            await olga.paint(f"#00000{number}")
            await olga.wait_for(
                lambda m, seq=room.live.state.seq: (
                    m["type"] == "take" and m["state"] == "finished" and m["seq"] >= seq
                )
            )
        records = await house.store.takes(room.id)
        assert len(records) == 3
        assert records[-1].seq == room.live.state.reflected
        assert [one.seq for one in records] == sorted({one.seq for one in records})


async def test_A4_a_server_keeps_so_many_sessions():
    store = MemoryStore()
    quotas = Quotas(sessions=2)
    for number in range(2):
        await quotas.room_for_session(store)
        await store.create_session(SessionRow(f"s{number}", "e", 0), [])
    with pytest.raises(Full, match=r"keeps 2 sessions at most.*max_sessions"):
        await quotas.room_for_session(store)
    await store.delete_session("s0")
    await quotas.room_for_session(store)


async def test_A4_a_new_session_of_images_is_held_against_both_bounds():
    store = MemoryStore()
    await store.create_session(SessionRow("s", "e", 0), [])
    await store.add_blob("s", Blob("ab" * 32, "image/png", 1, 1, 600))
    quotas = Quotas(session_bytes=1000, images_bytes=1500)
    await quotas.room_for_images(store, None, 900)
    with pytest.raises(Full, match="session_mib"):
        await quotas.room_for_images(store, None, 1001)
    with pytest.raises(Full, match="images_mib"):
        await quotas.room_for_images(store, None, 901)
    with pytest.raises(Full, match="session_mib"):
        await quotas.room_for_images(store, "s", 401)


def test_A4_the_settings_are_what_the_server_is_bound_by():
    config = Config(max_sessions=3, max_events=4000, max_takes=5, session_mib=6, images_mib=7)
    assert quotas_of(config) == Quotas(3, 4000, 5, 6 * 2**20, 7 * 2**20)
    assert config.retention_days is None, "nothing is deleted by itself unless somebody says so"
    assert Quotas() == Quotas(None, None, None, None, None)
