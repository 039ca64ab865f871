"""The Python client about the history: versions, restores, branches, bundles, kept previews (R)."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image
from running import RunningServer

import framejam
from framejam import Kept, Refused
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Image as Given

pytestmark = pytest.mark.slow


def hash_at(session: framejam.Session, seq: int) -> str:
    """The state hash after event ``seq``, folded from the log that is here."""
    state = State()
    for event in session.log[:seq]:
        state.apply(event)
    return state_hash(state)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def finished_picture(session: framejam.Session, seq: int) -> Kept:
    """The picture of the finished take that reflects ``seq``: kept a moment after people saw it."""
    async with asyncio.timeout(20):
        while True:
            with suppress(Refused):
                kept = await session.preview_at(seq)
                if (kept.seq, kept.step) == (seq, kept.steps):
                    return kept
            await asyncio.sleep(0.05)


async def test_R3_versions_are_named_renamed_restored_and_undone(shared: RunningServer) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        start = await mira.content("a cat")
        marked = await mira.mark("first cut", of=start)
        assert {of: one.name for of, one in mira.versions.items()} == {start.seq: "first cut"}
        assert mira.versions[start.seq].author == mira.me
        before = mira.state_hash
        stroke = await noor.paint([(0.1, 0.1), (0.9, 0.9)])
        await noor.mark("with a stroke", of=stroke)
        await until(lambda: stroke.seq in mira.versions)
        with_stroke = mira.state_hash
        await mira.restore("first cut")
        assert mira.state_hash == before
        assert not mira.state.live(stroke.seq)
        await mira.undo()
        assert mira.state_hash == with_stroke
        await mira.restore(start)  # the seq of a receipt
        await mira.restore(stroke.seq)
        assert mira.state_hash == with_stroke
        await mira.mark("first cut", of=stroke)  # two of one name: the one named last counts
        with suppress(Refused):  # all is as it was then, unless edits have entered meanwhile
            await mira.restore("first cut")
        assert mira.state_hash == with_stroke
        await mira.mark("with a stroke", of=stroke)
        await mira.mark("cut", of="first cut")
        assert mira.versions[start.seq].name == "cut"
        await mira.mark(None, of="cut")
        assert list(mira.versions) == [stroke.seq]
        assert marked.seq > start.seq


async def test_R3_what_is_no_version_is_told_by_its_name(shared: RunningServer) -> None:
    async with framejam.connect(shared.link, "Mira") as mira:
        kept = await mira.mark("kept")
        with pytest.raises(ValueError, match=r"'lost'.*'kept'"):
            await mira.restore("lost")
        with pytest.raises(Refused) as caught:
            await mira.restore(10**6)
        assert (caught.value.code, caught.value.field) == ("not_found", "to")
        with pytest.raises(Refused) as caught:
            await mira.mark(None, of=kept.seq)
        assert (caught.value.code, caught.value.rule) == ("not_found", "R3")
        with pytest.raises(Refused) as caught:
            await mira.mark("x" * 81)
        assert (caught.value.code, caught.value.field) == ("too_large", "name")
        async with framejam.connect(await mira.invite("viewer"), "Vera") as vera:
            with pytest.raises(Refused) as caught:
                await vera.mark("mine")
            assert caught.value.code == "forbidden"


async def test_R1_a_kept_picture_says_what_it_shows(shared: RunningServer) -> None:
    async with framejam.connect(shared.link, "Mira") as mira:
        stroke = await mira.paint([(0.1, 0.1), (0.9, 0.9)], color="#00ff00", width=0.5)
        kept = await finished_picture(mira, (await mira.finished(stroke.seq)).seq)
        assert (kept.exact, kept.take) == (True, mira.state.take)
        assert kept.frames == len(kept.images) == mira.settings.frames
        assert {one.size for one in kept.images} == {(kept.width, kept.height)}
        assert kept.width / kept.height == mira.settings.width / mira.settings.height
        assert len({one.tobytes() for one in kept.images}) > 1, "each frame is cut out by itself"
        later = await mira.content("a house")
        now = await mira.preview_at(later)
        assert now.seq <= later.seq
        await mira.mark("now")
        assert (await mira.preview_at("now")).seq <= later.seq
        with pytest.raises(Refused) as caught:
            await mira.preview_at(10**6)
        assert (caught.value.code, caught.value.field) == ("not_found", "seq")


async def test_R4_a_branch_begins_as_the_session_stood(
    shared: RunningServer, tmp_path: Path
) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        start = await mira.content("a cat")
        await mira.mark("first cut", of=start)
        stroke = await mira.paint([(0.1, 0.1)])
        await until(lambda: len(noor.log) >= stroke.seq)
        early, late = await noor.branch("first cut", name="another try"), await noor.branch()
        async with (
            framejam.connect(early) as branched,
            framejam.connect(late) as copy,
        ):
            assert branched.log[: start.seq] == mira.log[: start.seq]
            assert branched.state_hash == hash_at(mira, start.seq)
            assert branched.state.origin == (shared.session, start.seq)
            assert (branched.me, branched.role) == (noor.me, "owner")
            with zipfile.ZipFile(await branched.bundle(tmp_path / "branch.framejam")) as bundle:
                assert b'"another try"' in bundle.read("manifest.json")
            assert branched.state.participants[mira.me].role == "none"
            assert copy.state.origin is not None
            assert copy.state_hash == hash_at(mira, copy.state.origin[1])
            assert copy.state.live(stroke.seq)
            await branched.content("a dog")
        assert mira.text("content") == "a cat"
        with pytest.raises(Refused) as caught:
            await mira.branch(10**6)
        assert caught.value.field == "seq"
        async with framejam.connect(await mira.invite("viewer"), "Vera") as vera:
            with pytest.raises(Refused) as caught:
                await vera.branch()
            assert caught.value.code == "forbidden"


async def test_R5_a_bundle_becomes_the_same_session_on_another_server(
    launch: Callable[..., RunningServer], tmp_path: Path
) -> None:
    here, there = launch(), launch(data="elsewhere")
    picture = Image.new("RGB", (40, 30), "#336699")
    async with framejam.connect(here.link, "Mira") as mira:
        await mira.image(picture)
        await mira.content("a cat")
        await mira.mark("first cut")
        last = await mira.paint([(0.1, 0.1), (0.5, 0.5)])
        await mira.finished(last.seq)
        bundle = await mira.bundle(tmp_path / "session.framejam")
        given = mira.state.edits[min(mira.state.edits)].instruction
        assert isinstance(given, Given)
        assert given.blob is not None
        kept, log = await mira.download(given.blob), mira.log
    async with framejam.connect(there.link, "Jonas") as jonas:
        with pytest.raises(OSError, match="nowhere"):
            await jonas.import_bundle(tmp_path / "nowhere.framejam")
        link = await jonas.import_bundle(bundle)
        async with framejam.connect(link, "Jonas") as imported:
            common = imported.log[: last.seq]
            assert common == log[: last.seq]
            assert hash_at(imported, last.seq) == hash_at(mira, last.seq)
            assert [one.name for one in imported.versions.values()] == ["first cut"]
            assert await imported.download(given.blob) == kept
        damaged = tmp_path / "damaged.framejam"
        with zipfile.ZipFile(bundle) as whole, zipfile.ZipFile(damaged, "w") as other:
            for member in whole.namelist():
                data = whole.read(member)
                other.writestr(member, data[:-1] + b"\x00" if member == "log.msgpack" else data)
        with pytest.raises(Refused) as caught:
            await jonas.import_bundle(damaged)
        assert caught.value.code == "invalid"
        async with framejam.connect(await jonas.invite(), "Noor") as noor:
            with pytest.raises(Refused) as caught:
                await noor.import_bundle(bundle)
            assert caught.value.code == "forbidden"
