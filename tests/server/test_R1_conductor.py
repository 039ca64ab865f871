"""R1: which pictures of a take are handed to its track, and that it costs the take nothing."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress

import pytest
from stage import PAINT, STEPS, Box, command, edit, finish, run

from framejam_protocol.events import Joined
from framejam_protocol.instructions import Comment
from framejam_protocol.limits import UNIT
from framejam_protocol.messages import Edit, Mark, Undo, Watch
from framejam_protocol.preview import TIER_DECODED, TIER_SHEET, Preview
from framejam_server.member import Member
from framejam_server.store import track as module
from framejam_server.store.track import TrackFiles


class Shelf:
    """A track that notes what it was handed."""

    def __init__(self) -> None:
        self.kept: list[Preview] = []
        self.versions: list[set[int]] = []
        self.closed = False

    def keep(self, preview: Preview, versions) -> None:
        self.kept.append(preview)
        self.versions.append(set(versions))

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def shelf(stage) -> Shelf:
    return put(stage, Shelf())


def put(stage, track):
    stage.conductor.track = stage.conductor._outcome._track = track
    return track


async def test_R1_every_step_that_is_shown_is_handed_on_and_the_finished_clip(stage, shelf):
    await finish(stage)
    assert [(one.step, one.tier) for one in shelf.kept] == [
        *((step, TIER_SHEET) for step in range(1, STEPS + 1)),
        (STEPS, TIER_DECODED),
    ]
    assert shelf.kept == stage.previews
    assert shelf.versions[0] == set()


async def test_R1_the_track_hears_which_moments_have_names(stage, shelf):
    await finish(stage)
    await command(stage, lambda number: Mark(number, 1, "first"))
    await edit(stage, PAINT, depth=UNIT)
    await finish(stage)
    assert shelf.versions[-1] == {1}


async def test_R1_nothing_is_made_for_the_track_while_nobody_watches_but_the_end(stage, shelf):
    stage.live.watch(stage.anna, Watch(tier="none", rate=1))
    asked = []
    advance = stage.renderer.advance

    async def noted(request, generation, watched=None):
        asked.append(request.tiers)
        return await advance(request, generation, watched)

    stage.renderer.advance = noted
    await edit(stage, PAINT, depth=UNIT)
    shelf.kept.clear()
    await finish(stage)
    assert set(asked[1:]) == {()}
    (kept,) = [one for one in shelf.kept if one.seq >= 3]
    assert (kept.step, kept.steps, kept.tier) == (STEPS, STEPS, TIER_DECODED)
    assert kept.image[:2] == b"\xff\xd8"
    assert stage.live.gallery.newest == {}  # it is shown to nobody


async def test_R1_a_clip_that_reflects_more_is_kept_for_that_too(stage, shelf):
    finished = await finish(stage)
    image = shelf.kept[-1].image
    seq = await edit(stage, Comment("nice", (5, 5), 0))
    await asyncio.sleep(0.05)
    assert finished.seq < seq
    assert (shelf.kept[-1].seq, shelf.kept[-1].image) == (seq, image)


async def test_R1_a_picture_with_a_later_undo_in_it_is_shown_and_not_kept(stage, shelf):
    """Between an edit and its entering somebody undoes another one: the picture lacks that, too,
    and is not what the session was before either."""
    ben = Member(2, "ben", "tab-of-ben", Box(), sent_seq=stage.live.state.seq)
    await stage.live.join(Joined(participant="ben", name="B", color="#000000", role="editor"))
    stage.live.core.bind("tab-of-ben", "ben")
    painted = await edit(stage, PAINT, depth=UNIT)
    await finish(stage)
    shelf.kept.clear()
    stage.previews.clear()
    current = stage.renderer.current
    meddled = []

    async def meddling():
        """The undo comes when the step is about to be asked for."""
        if not meddled:
            meddled.append(stage.live.state.seq)
            stage.live.submit(ben, Edit(2, PAINT, UNIT))
            await command(stage, lambda number: Undo(number))
            await asyncio.sleep(0.01)
        return await current()

    stage.renderer.current = meddling
    stage.live.submit(ben, Edit(1, PAINT, UNIT))
    first = await asyncio.wait_for(stage.renderer.requests.get(), 5)
    assert painted not in first.mapping, "the undo is in it"
    assert stage.live.state.reflected <= meddled[0] + 1, "and the newest edit is not"
    stage.renderer.answers.put_nowait(None)
    await asyncio.sleep(0.01)
    assert stage.previews, "it is shown"
    assert shelf.kept == []
    await finish(stage)
    assert shelf.kept[-1].tier == TIER_DECODED
    assert shelf.kept[-1].seq == stage.live.state.seq


@pytest.mark.parametrize("watched", [True, False])
async def test_R1_so_is_a_finished_clip(stage, shelf, watched):
    """Two edits come before the last step, and one of them is undone at once: what is finished then
    reflects the seq of the undone one, and never had it."""
    if not watched:
        stage.live.watch(stage.anna, Watch(tier="none", rate=1))
    ben = Member(2, "ben", "tab-of-ben", Box(), sent_seq=stage.live.state.seq)
    await stage.live.join(Joined(participant="ben", name="B", color="#000000", role="editor"))
    stage.live.core.bind("tab-of-ben", "ben")
    current = stage.renderer.current
    undone = []

    async def meddling():
        if not undone and len(stage.renderer.history) == STEPS:
            undone.append(await edit(stage, PAINT, depth=UNIT))
            stage.live.submit(ben, Edit(1, PAINT, UNIT))
            await asyncio.sleep(0.01)
            await command(stage, lambda number: Undo(number))
            await asyncio.sleep(0.01)
            assert stage.live.state.reflected == undone[0]
        return await current()

    stage.renderer.current = meddling
    await finish(stage)
    assert undone
    if watched:
        assert undone[0] in [one.seq for one in stage.previews if one.done]
    assert undone[0] not in [one.seq for one in shelf.kept]
    assert shelf.kept[-1].tier == TIER_DECODED


async def test_R1_the_track_is_closed_with_the_take(stage, shelf):
    await run(stage)
    for task in asyncio.all_tasks():
        if task.get_coro().__qualname__ == "Conductor.run":
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert shelf.closed


async def test_R1_a_full_disk_holds_no_take_up(stage, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "replace", full)
    track = put(stage, TrackFiles(tmp_path, 300, 10**6).open("s1", 10**6))
    finished = await finish(stage)
    assert finished.clip is not None
    await track.close()
    assert list(track.stills()) == []
