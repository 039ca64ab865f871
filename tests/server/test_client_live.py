"""The Python client against a real server process with a tiny model."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from running import RunningServer

import framejam
from framejam import Refused, Unauthorised
from framejam_protocol.events import Edited, Undone
from framejam_protocol.instructions import Image as ReferenceImage

pytestmark = pytest.mark.slow

STROKE = [(0.2, 0.2), (0.8, 0.8)]


def people(session: framejam.Session) -> dict[str, str]:
    return {person.name: person.role for person in session.people}


async def arrived(session: framejam.Session, seq: int) -> None:
    """Wait until event ``seq`` has come."""
    async with asyncio.timeout(10):
        if len(session.log) < seq:
            async for event in session.events():
                if event.seq >= seq:
                    return


async def test_two_people_steer_one_clip(shared: RunningServer, tmp_path: Path) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as mira,
        framejam.connect(await mira.invite("editor"), "Jonas") as jonas,
    ):
        content, stroke = await asyncio.gather(
            mira.content("a red fish"), jonas.paint(STROKE, color="#00ff00")
        )
        assert {content.seq, stroke.seq} <= set(range(1, 10))
        undone = await jonas.undo()
        redone = await jonas.redo()
        await arrived(mira, redone.seq)
        assert mira.log[undone.seq - 1].body == Undone((stroke.seq,))
        assert mira.log[stroke.seq - 1].author == jonas.me
        async with asyncio.timeout(10):  # lists of people are coalesced
            while "Jonas" not in people(mira):
                await asyncio.sleep(0.01)
        assert people(mira)["Jonas"] == "editor"
        status = await mira.finished(redone.seq)
        assert status.digest
        clip = await mira.export(tmp_path / "clip.mp4")
        assert b"ftyp" in clip.read_bytes()[:12]
        preview = await anext(mira.previews())
        assert len(preview.images) == mira.settings.frames
        assert preview.images[0].size == (mira.settings.width, mira.settings.height)


async def test_A3_images_are_uploaded_from_anything_and_checked(
    shared: RunningServer, tmp_path: Path
) -> None:
    picture = Image.new("RGB", (40, 30), "#336699")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    (tmp_path / "text.png").write_text("not a picture")
    async with framejam.connect(shared.link, "Mira") as session:
        for source in (tmp_path / "a.png", str(tmp_path / "a.png"), buffer.getvalue(), picture):
            receipt = await session.image(source)
        await session.image(None)
        await arrived(session, receipt.seq)
        edited = session.log[receipt.seq - 1].body
        assert isinstance(edited, Edited)
        assert isinstance(edited.instruction, ReferenceImage)
        assert edited.instruction.blob
        fetched = await session.download(edited.instruction.blob)
        assert Image.open(io.BytesIO(fetched)).size == (40, 30)
        for bad in (tmp_path / "text.png", b""):
            with pytest.raises(Refused) as caught:
                await session.image(bad)
            assert caught.value.code in {"not_an_image", "invalid"}
        with pytest.raises(OSError, match="nowhere"):
            await session.image(tmp_path / "nowhere.png")


async def test_A1_roles_hold_for_commands_and_http(shared: RunningServer) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as owner,
        framejam.connect(await owner.invite("viewer"), "Vera") as viewer,
    ):
        before = len(owner.log)
        assert viewer.role == "viewer"
        for attempt in (
            viewer.content("x"),
            viewer.erase([(0.5, 0.5)]),
            viewer.invite(),
            viewer.image(Image.new("RGB", (8, 8))),
        ):
            with pytest.raises(Refused) as caught:
                await attempt
            assert caught.value.code == "forbidden"
        await owner.content("still here")
        assert all(event.author != viewer.me for event in owner.log[before:])


async def test_A2_a_wrong_token_is_unauthorised(shared: RunningServer) -> None:
    base, _, token = shared.link.partition("#")
    with pytest.raises(Unauthorised):
        async with framejam.connect(f"{base}#{'x' * len(token)}"):
            pass


async def test_L2_a_killed_server_loses_nothing_that_was_acked(
    launch: Callable[..., RunningServer],
) -> None:
    server = launch()
    async with framejam.connect(server.link, "Mira") as session:
        kept = [await session.content(f"take {n}") for n in range(5)]
        server.kill()
        waiting = asyncio.create_task(session.content("while it was down"))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(launch, port=server.port)
        last = await asyncio.wait_for(waiting, 60)
        await arrived(session, last.seq)
        texts = [
            event.body.instruction.splices[0].inserted
            for event in session.log
            if isinstance(event.body, Edited)
        ]
        assert texts == [*(f"take {n}" for n in range(5)), "while it was down"]
        assert [event.seq for event in session.log] == list(range(1, len(session.log) + 1))
        assert last.client_seq == kept[-1].client_seq + 1
