"""C5: pictures in the sizes that people watch, made once a step, and not where nobody watches."""

from __future__ import annotations

import asyncio
import io

import numpy as np
import pytest
from PIL import Image
from stage import PAINT, STEPS, Box, command, edit, finish, run, sheets

from framejam_protocol.events import Joined
from framejam_protocol.messages import Control, Undo, Watch
from framejam_protocol.preview import (
    TIER_DECODED,
    TIER_ESTIMATE,
    TIER_SHEET,
    Preview,
    unpack_preview,
)
from framejam_server.gallery import Gallery
from framejam_server.member import PREVIEW, Member
from framejam_server.outcome import Moment, previews
from framejam_server.render import sheet as sheet_module
from framejam_server.render.sheet import contact_sheet, contact_sheets, tier_size
from framejam_server.render.turns import Standing


@pytest.mark.parametrize(
    ("tier", "of", "size"),
    [
        ("small", (512, 512), (64, 64)),
        ("sheet", (512, 512), (128, 128)),
        ("large", (512, 512), (256, 256)),
        ("large", (512, 256), (256, 128)),
        ("small", (256, 2048), (8, 64)),
        ("sheet", (100, 40), (100, 40)),
        ("small", (2048, 8), (64, 1)),
        ("large", (64, 64), (64, 64)),
        ("small", (96, 72), (64, 48)),
    ],
)
def test_C5_the_longer_side_of_a_tier_and_never_enlarged(tier, of, size):
    assert tier_size(tier, *of) == size
    frames = np.zeros((2, of[1], of[0], 3), np.uint8)
    (made,) = contact_sheets(frames, (tier,)).values()
    assert (made.width, made.height) == size
    picture = Image.open(io.BytesIO(made.jpeg))
    assert picture.size == (made.columns * size[0], made.rows * size[1])


def test_C5_frames_are_in_reading_order_and_shrunk_by_their_means():
    frames = np.zeros((3, 256, 256, 3), np.uint8)
    frames[1, :, :, 0] = 250
    frames[2, :128] = (0, 0, 240)
    made = contact_sheet(frames, (64, 64))
    picture = np.asarray(Image.open(io.BytesIO(made.jpeg)).convert("RGB")).astype(int)
    assert (made.columns, made.rows, made.frames) == (2, 2, 3)
    assert np.abs(picture[:64, :64] - 0).max() < 12
    assert np.abs(picture[8:56, 72:120] - (250, 0, 0)).max() < 12
    assert np.abs(picture[72:92, 8:56] - (0, 0, 240)).max() < 12
    assert np.abs(picture[100:120, 8:56] - 0).max() < 12


def test_C5_tiers_that_come_out_equal_share_one_encoding(monkeypatch):
    made = []
    encode = sheet_module.contact_sheet
    monkeypatch.setattr(
        sheet_module,
        "contact_sheet",
        lambda frames, size: (made.append(size), encode(frames, size))[1],
    )
    large = contact_sheets(np.zeros((4, 200, 100, 3), np.uint8), ("small", "sheet", "large"))
    assert made == [(32, 64), (64, 128), (100, 200)]
    assert len({sheet.jpeg for sheet in large.values()}) == 3
    made.clear()
    small = contact_sheets(np.zeros((4, 32, 32, 3), np.uint8), ("small", "sheet", "large"))
    assert made == [(32, 32)]
    assert small["small"] is small["large"]
    made.clear()
    assert contact_sheets(np.zeros((4, 32, 32, 3), np.uint8), ()) == {}
    assert made == []


# -- who is shown what --------------------------------------------------------------------------


def member(number, tier, rate=30):
    return Member(number, "anna", f"tab-{number}", Box(), watch=Watch(tier=tier, rate=rate))


def pictures(*tiers, step=3, tier=TIER_SHEET):
    return previews(sheets(tiers), Moment(1, step, 10, 5, tier), 0)


def sizes(one):
    return [unpack_preview(data).width for key, data in one.mailbox.offers if key == PREVIEW]


def test_C5_everybody_gets_the_tier_they_watch():
    people = [member(1, "small"), member(2, "sheet"), member(3, "large"), member(4, "none")]
    Gallery().show(pictures("small", "sheet", "large"), people, 0.0)
    assert [sizes(one) for one in people] == [[64], [128], [256], []]


@pytest.mark.parametrize(
    ("made", "asked", "width"),
    [
        (("small",), "large", 64),
        (("small", "large"), "sheet", 256),
        (("small", "sheet"), "large", 128),
        (("sheet", "large"), "small", 128),
        (("small", "sheet", "large"), "small", 64),
    ],
)
def test_C5_who_comes_gets_the_nearest_that_is_there(made, asked, width):
    gallery = Gallery()
    late = member(1, asked)
    gallery.offer_newest(late)
    assert sizes(late) == []
    gallery.show(pictures(*made), [], 0.0)
    gallery.show({}, [], 0.1)  # a step that nobody watched: the one before is still the newest
    gallery.offer_newest(late)
    assert sizes(late) == [width]


def test_C5_only_pictures_of_the_newest_moment_are_shown():
    gallery = Gallery()
    gallery.show(pictures("large", step=3), [], 0.0)
    gallery.show(pictures("small", step=4), [], 0.0)
    late = member(1, "large")
    gallery.offer_newest(late)
    assert [unpack_preview(data).step for _, data in late.mailbox.offers] == [4]


@pytest.mark.parametrize("last", [TIER_DECODED, TIER_ESTIMATE])
def test_C5_a_rate_bounds_all_but_what_may_be_the_last_for_long(last):
    slow = member(1, "sheet", rate=2)
    gallery = Gallery()
    for tenth in range(11):
        gallery.show(pictures("sheet", step=tenth), [slow], tenth / 10)
    gallery.show(pictures("sheet", step=11, tier=last), [slow], 1.05)
    shown = [unpack_preview(data) for _, data in slow.mailbox.offers]
    assert [one.step for one in shown] == [0, 5, 10, 11]
    assert shown[-1].tier == last


# -- what the renderer is asked for -------------------------------------------------------------


async def arrive(stage, tier):
    """Another connection, which watches in ``tier``."""
    number = len(stage.live.members) + 1
    one = Member(number, "anna", f"tab-{number}", Box(), sent_seq=stage.live.state.seq)
    stage.live.members[number] = one
    stage.live.watch(one, Watch(tier=tier))
    return one


async def test_C5_the_renderer_makes_each_watched_tier_once_a_step(stage):
    assert (await run(stage)).tiers == ("sheet",)
    await run(stage)
    for tier in ("large", "large", "small", "none"):
        await arrive(stage, tier)
    await run(stage)
    assert (await run(stage)).tiers == ("small", "sheet", "large")


async def test_C5_no_picture_is_made_where_nobody_watches(stage):
    await run(stage)
    stage.live.watch(stage.anna, Watch(tier="none"))
    await run(stage)
    before, hers = len(stage.previews), len(stage.anna.mailbox.offers)
    assert (await run(stage)).tiers == ()
    assert stage.renderer.standing["s1/1"] is Standing.UNWATCHED
    finished = await finish(stage)
    assert finished is not None
    assert len(stage.previews) == before
    # Who comes now is shown the clip, in the size they watch.
    late = await arrive(stage, "large")
    async with asyncio.timeout(5):
        while not late.mailbox.offers:
            await asyncio.sleep(0)
    (made,) = [unpack_preview(data) for _, data in late.mailbox.offers]
    assert (made.done, made.step, made.seq) == (True, STEPS, finished.seq)
    assert (made.width, made.height) == (1, 1), "the clip of this renderer is one pixel wide"
    assert len(stage.anna.mailbox.offers) == hers


async def test_C5_a_finished_clip_is_encoded_for_a_tier_that_is_asked_for_later(stage):
    await finish(stage)
    shown = len(stage.anna.mailbox.offers)
    late = await arrive(stage, "small")
    assert sizes(late) == [128], "at once what there is"
    async with asyncio.timeout(5):
        while len(late.mailbox.offers) < 2:
            await asyncio.sleep(0)
    assert sizes(late) == [128, 1]
    assert len(stage.anna.mailbox.offers) == shown
    # It is there for the next.
    another = await arrive(stage, "small")
    assert sizes(another) == [1]
    await asyncio.sleep(0.05)
    assert sizes(another) == [1]


async def test_T13_a_finished_take_that_reflects_more_says_so_in_every_size(stage):
    small = await arrive(stage, "small")
    await finish(stage)
    await stage.live.join(Joined(participant="ben1", name="B", color="#000000", role="viewer"))
    stage.live.changed.set()
    await asyncio.sleep(0.01)
    for one in (stage.anna, small):
        last = unpack_preview(one.mailbox.offers[-1][1])
        assert last.seq == stage.live.state.seq
    assert sizes(small)[-1] == 64
    assert stage.conductor.finished.seq == stage.live.state.seq
    shown = len(small.mailbox.offers)
    stage.live.changed.set()
    await asyncio.sleep(0.01)
    assert len(small.mailbox.offers) == shown, "and says so once"


# -- while it is paused -------------------------------------------------------------------------


async def pause(stage, step=3):
    await run(stage, step - 1)
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    stage.live.control(stage.anna, Control("pause"))
    stage.renderer.answers.put_nowait(None)
    async with asyncio.timeout(5):
        while stage.statuses[-1:] == [] or stage.statuses[-1].state != "paused":
            await asyncio.sleep(0)
    await asyncio.sleep(0.01)


def last(one) -> Preview:
    return unpack_preview(one.mailbox.offers[-1][1])


async def test_T5_a_paused_take_is_decoded_once(stage):
    await pause(stage)
    assert stage.renderer.estimates == (("sheet",),)
    shown = last(stage.anna)
    assert (shown.tier, shown.step, shown.image) == (TIER_ESTIMATE, 3, b"estimate")
    await edit(stage, PAINT)
    await asyncio.sleep(0.01)
    assert stage.renderer.estimates == (("sheet",),)
    stage.live.control(stage.anna, Control("resume"))
    stage.time.now = 1.0
    await run(stage)
    assert last(stage.anna).tier == TIER_SHEET
    await asyncio.wait_for(stage.renderer.requests.get(), 5)
    stage.live.control(stage.anna, Control("pause"))
    stage.renderer.answers.put_nowait(None)
    await asyncio.sleep(0.05)
    assert len(stage.renderer.estimates) == 2


async def test_T5_who_comes_to_a_paused_take_sees_it_in_their_size(stage):
    await pause(stage)
    late = await arrive(stage, "large")
    await asyncio.sleep(0.01)
    assert stage.renderer.estimates == (("sheet",), ("large",))
    assert (last(late).tier, last(late).width) == (TIER_ESTIMATE, 256)
    shown = len(stage.anna.mailbox.offers)
    await arrive(stage, "large")
    await asyncio.sleep(0.01)
    assert len(stage.renderer.estimates) == 2
    assert len(stage.anna.mailbox.offers) == shown


async def test_T5_nothing_is_decoded_where_nobody_watches_or_nothing_has_run(stage):
    stage.live.watch(stage.anna, Watch(tier="none"))
    await pause(stage)
    assert stage.renderer.estimates == ()
    stage.live.watch(stage.anna, Watch(tier="small"))
    await asyncio.sleep(0.01)
    assert stage.renderer.estimates == (("small",),)
    stage.live.control(stage.anna, Control("cancel"))
    await asyncio.sleep(0.01)
    stage.live.control(stage.anna, Control("pause"))
    await asyncio.sleep(0.01)
    assert len(stage.renderer.estimates) == 1


async def test_T5_what_was_undone_while_it_stands_still_is_not_shown(stage):
    """What the renderer predicted last is of the mapping before."""
    await run(stage, 2)
    await edit(stage, PAINT)
    stage.live.watch(stage.anna, Watch(tier="none"))
    await pause(stage, 5)
    assert set(stage.live.state.mapping(1).values()) == {3}
    await command(stage, Undo)
    await asyncio.sleep(0.01)
    stage.live.watch(stage.anna, Watch(tier="small"))
    await asyncio.sleep(0.01)
    assert (stage.statuses[-1].state, stage.statuses[-1].step) == ("paused", 3)
    assert stage.renderer.estimates == ()


async def test_T5_a_finished_clip_that_is_held_is_not_decoded_again(stage):
    await finish(stage)
    stage.live.control(stage.anna, Control("pause"))
    await asyncio.sleep(0.01)
    assert stage.renderer.estimates == ()


async def test_C5_a_finished_clip_that_is_held_is_shown_in_sizes_asked_for_later(stage):
    await finish(stage)
    stage.live.control(stage.anna, Control("pause"))
    await asyncio.sleep(0.01)
    late = await arrive(stage, "small")
    async with asyncio.timeout(5):
        while len(late.mailbox.offers) < 2:
            await asyncio.sleep(0)
    assert sizes(late) == [128, 1]
    assert last(late).done
    assert stage.renderer.estimates == ()


async def test_T13_an_estimate_reflects_the_log_as_it_was_when_it_was_asked_for(stage):
    asked, go_on = asyncio.Event(), asyncio.Event()
    estimate = stage.renderer.estimate

    async def slow(key, tiers):
        asked.set()
        await go_on.wait()
        return await estimate(key, tiers)

    stage.renderer.estimate = slow
    await pause(stage)
    await asyncio.wait_for(asked.wait(), 5)
    seq = stage.live.state.reflected
    await stage.live.join(Joined(participant="ben1", name="B", color="#000000", role="viewer"))
    assert stage.live.state.reflected > seq
    go_on.set()
    await asyncio.sleep(0.01)
    assert (last(stage.anna).tier, last(stage.anna).seq) == (TIER_ESTIMATE, seq)


async def test_T5_a_finished_take_that_goes_on_is_said_to_be_finished_again(stage):
    finished = await finish(stage)
    for action in ("pause", "resume"):
        stage.live.control(stage.anna, Control(action))
        await asyncio.sleep(0.01)
    assert "paused" in [status.state for status in stage.statuses]
    assert stage.statuses[-1].state == "finished"
    assert stage.statuses[-1].digest == finished.clip.digest
    said = len(stage.statuses)
    stage.live.changed.set()
    await asyncio.sleep(0.01)
    assert len(stage.statuses) == said
