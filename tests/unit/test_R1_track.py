"""R1: which previews of the past are kept, within bounds, and what becomes of their files."""

from __future__ import annotations

import asyncio
import errno
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from framejam_protocol.events import (
    Created,
    Edited,
    Entered,
    Event,
    Joined,
    Marked,
    Redone,
    Restored,
    Undone,
)
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Adjust, Comment, Paint, Settings
from framejam_protocol.preview import (
    CODEC_JPEG,
    TIER_DECODED,
    TIER_ESTIMATE,
    TIER_SHEET,
    Preview,
)
from framejam_server.scrubbing import Still, is_exact, smallest, still_of, turned_since
from framejam_server.store import track as module
from framejam_server.store.track import NEWEST, Index, TrackFiles, name_of, parse_name


def still(seq: int, step: int = 8, size: int = 100, **fields: int) -> Still:
    given = {"take": 1, "steps": 8, "tier": TIER_SHEET, **fields}
    return Still(
        seq=seq, step=step, size=size, columns=4, rows=4, frames=16, width=64, height=64, **given
    )


def jpeg(text: str = "") -> bytes:
    return b"\xff\xd8" + text.encode() + b"\xff\xd9"


def preview(seq: int, image: bytes = jpeg(), step: int = 8, **fields: int) -> Preview:
    given = {"take": 1, "steps": 8, "tier": TIER_SHEET, "width": 64, "height": 64, **fields}
    return Preview(
        codec=CODEC_JPEG,
        columns=4,
        rows=4,
        frames=16,
        seq=seq,
        step=step,
        at=0,
        image=image,
        **given,
    )


# -- the index ------------------------------------------------------------------------------------


def test_R1_of_one_seq_the_furthest_step_is_kept():
    index = Index(10, 10_000)
    assert index.add(still(5, step=3)) == []
    assert index.add(still(5, step=4)) == [still(5, step=3)]
    assert index.add(still(5, step=2)) == [still(5, step=2)]
    assert list(index) == [still(5, step=4)]


def test_R1_of_one_step_the_better_picture_is_kept():
    index = Index(10, 10_000)
    projected, decoded = still(5), still(5, tier=TIER_DECODED)
    estimate = still(5, tier=TIER_ESTIMATE)
    index.add(projected)
    index.add(decoded)
    assert index.add(projected) == [projected]
    assert index.add(estimate) == [estimate]
    assert list(index) == [decoded]


def test_R1_another_take_of_the_same_seq_is_what_people_see_now():
    index = Index(10, 10_000)
    index.add(still(5, step=8, tier=TIER_DECODED))
    index.add(still(5, step=1, take=2))
    assert [(one.take, one.step) for one in index] == [(2, 1)]


def test_R1_nearest_is_at_or_before():
    index = Index(10, 10_000)
    for seq in (4, 9, 7):
        index.add(still(seq))
    assert [index.nearest(seq) and index.nearest(seq).seq for seq in (3, 4, 6, 7, 8, 9, 99)] == [
        None,
        4,
        4,
        7,
        7,
        9,
        9,
    ]


def test_R1_one_that_is_larger_than_all_the_room_leaves_the_others():
    index = Index(10, 1000)
    index.add(still(1))
    assert index.add(still(2, size=1001)) == [still(2, size=1001)]
    assert list(index) == [still(1)]


MOST = 3 * NEWEST


@given(
    st.lists(st.integers(1, 40), min_size=2 * NEWEST, max_size=400),
    st.integers(NEWEST + 20, MOST),
    st.sets(st.integers(1, 12_000), max_size=8),
)
def test_R1_within_bounds_with_the_newest_the_named_and_the_first(gaps, most, versions):
    index = Index(most, 10**9)
    seq, seen, kept = 0, [], set()
    for gap in gaps:
        seq += gap
        seen.append(seq)
        there = {one for one in versions if one <= seq}
        gone = index.add(still(seq), there)
        kept.add(seq)
        kept -= {one.seq for one in gone}
        assert len(index) == min(most, len(seen))
        assert [one.seq for one in index] == sorted(kept)
    assert kept >= set(seen[-NEWEST:]) | {seen[0]}
    for version in versions:
        shown = [one for one in seen if one <= version]
        if version <= seq and shown:
            assert index.nearest(version).seq == shown[-1]


@given(st.lists(st.integers(1, 30), min_size=4 * NEWEST, max_size=600))
def test_R1_thinning_leaves_no_gap_longer_than_twice_the_average(gaps):
    most = MOST
    index = Index(most, 10**9)
    seq, seen = 0, []
    for gap in gaps:
        seq += gap
        seen.append(seq)
        index.add(still(seq))
    kept = [one.seq for one in index]
    places = {seq: place for place, seq in enumerate(seen)}
    older = kept[: most // 2 + 1]
    longest = 2 * (older[-1] - older[0] + 1) / (most // 2 - 2)
    for one, later in pairwise(kept):
        if places[later] - places[one] > 1:  # something between them was thinned out
            assert later - one <= longest, (one, later, longest)


def test_R1_the_newer_half_stays_whole_while_the_older_thins_out():
    index = Index(MOST, 10**9)
    for seq in range(1, 1001):
        index.add(still(seq))
    kept = [one.seq for one in index]
    assert kept[-MOST // 2 :] == list(range(1001 - MOST // 2, 1001))
    assert kept[0] == 1


def test_R1_where_the_older_half_is_named_others_give_way_but_not_the_newest():
    index = Index(MOST, 10**9)
    versions = range(2, MOST // 2 + 10)
    for seq in range(1, 2 * MOST):
        index.add(still(seq), versions)
    kept = {one.seq for one in index}
    assert kept >= {1, *versions, *range(2 * MOST - NEWEST, 2 * MOST)}
    assert len(kept) == MOST


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 400)), min_size=1, max_size=300),
    st.integers(400, 20_000),
)
def test_R1_within_the_bytes_with_the_newest(steps, most_bytes):
    index = Index(10**6, most_bytes)
    seq = 0
    for gap, size in steps:
        seq += gap
        index.add(still(seq, size=size))
        assert index.size == sum(one.size for one in index) <= most_bytes
        assert index.nearest(seq) == still(seq, size=size)


def test_R1_bounds_hold_where_everything_is_named():
    index = Index(NEWEST, 10**9)
    for seq in range(1, 3 * NEWEST):
        index.add(still(seq), range(1, 3 * NEWEST))
        assert len(index) <= NEWEST
    assert index.nearest(10**6).seq == 3 * NEWEST - 1


# -- names ----------------------------------------------------------------------------------------


@given(
    st.integers(1, 2**53 - 1),
    st.integers(1, 2**32 - 1),
    st.integers(0, 2**16 - 1),
    st.sampled_from([TIER_SHEET, TIER_ESTIMATE, TIER_DECODED]),
)
def test_R1_a_name_says_all_that_the_header_does(seq, take, step, tier):
    one = still(seq, step=step, take=take, tier=tier)
    assert parse_name(name_of(one), one.size) == one


@pytest.mark.parametrize(
    "name",
    [
        "",
        "notes.txt",
        "5-t1-s8of8-p1-4x4x16x64x64.jpg.bak",
        "05-t1-s8of8-p1-4x4x16x64x64.jpg",
        "5-t1-s8of8-p1-4x4x16x64.jpg",
        "٥-t1-s8of8-p1-4x4x16x64x64.jpg",
        f"{'9' * 30}-t1-s8of8-p1-4x4x16x64x64.jpg",
        "-5-t1-s8of8-p1-4x4x16x64x64.jpg",
    ],
)
def test_R1_foreign_names_are_none_of_ours(name):
    assert parse_name(name, 100) is None
    assert parse_name("5-t1-s8of8-p1-4x4x16x64x64.jpg", 100) == still(5)


# -- files ----------------------------------------------------------------------------------------


def tracks(folder: Path, most: int = 1000, most_bytes: int = 10**9) -> TrackFiles:
    return TrackFiles(folder, most, most_bytes)


async def kept(folder: Path, *previews: Preview) -> None:
    track = tracks(folder).open("s1", 10**6)
    for one in previews:
        track.keep(one, ())
    await track.close()


async def test_R1_what_was_kept_is_there_after_a_restart(tmp_path):
    await kept(tmp_path, preview(3, jpeg("three")), preview(9, jpeg("nine"), tier=TIER_DECODED))
    again = tracks(tmp_path).open("s1", 10**6)
    assert [one.seq for one in again.stills()] == [3, 9]
    assert await again.read(again.nearest(8)) == jpeg("three")
    assert await again.read(again.nearest(9)) == jpeg("nine")
    assert again.nearest(9).finished


async def test_R1_at_once_and_not_only_when_it_is_on_the_disk(tmp_path):
    track = tracks(tmp_path).open("s1", 10**6)
    track.keep(preview(3, jpeg("three")), ())
    assert not (tmp_path / "s1").exists()
    assert await track.read(track.nearest(3)) == jpeg("three")
    await track.close()
    assert len(os.listdir(tmp_path / "s1")) == 1


async def test_R1_steps_of_one_seq_leave_one_file(tmp_path):
    track = tracks(tmp_path).open("s1", 10**6)
    for step in range(1, 9):
        track.keep(preview(3, jpeg(str(step)), step=step), ())
        await asyncio.sleep(0.01 * (step % 3))
    await track.close()
    (name,) = os.listdir(tmp_path / "s1")
    assert (tmp_path / "s1" / name).read_bytes() == jpeg("8")
    assert "s8of8" in name


async def test_R1_the_same_step_made_again_is_the_newer_picture(tmp_path):
    track = tracks(tmp_path).open("s1", 10**6)
    for text in ("first", "again", "once more"):
        track.keep(preview(3, jpeg(text)), ())
        await asyncio.sleep(0.02)
    await track.close()
    again = tracks(tmp_path).open("s1", 10**6)
    assert await again.read(again.nearest(3)) == jpeg("once more")
    assert len(os.listdir(tmp_path / "s1")) == 1


async def test_R1_the_folder_stays_within_the_bounds(tmp_path):
    bounds = tracks(tmp_path, most=NEWEST + 10, most_bytes=NEWEST * 30)
    track = bounds.open("s1", 10**6)
    for seq in range(1, 200):
        track.keep(preview(seq, jpeg("x" * (seq % 30))), ())
        if seq % 7 == 0:
            await asyncio.sleep(0.005)
    await track.close()
    files = [entry.stat().st_size for entry in os.scandir(tmp_path / "s1")]
    assert NEWEST // 2 < len(files) <= NEWEST + 10
    assert sum(files) <= NEWEST * 30
    assert len(list(bounds.open("s1", 10**6).stills())) == len(files)


async def test_R1_lower_bounds_hold_from_the_next_start(tmp_path):
    await kept(tmp_path, *(preview(seq) for seq in range(1, 30)))
    track = tracks(tmp_path, most=10).open("s1", 10**6, versions=(7,))
    assert len(list(track.stills())) == len(os.listdir(tmp_path / "s1")) == 10
    assert track.nearest(7).seq == 7
    assert track.nearest(99).seq == 29


async def test_R1_foreign_damaged_and_half_written_files_do_no_harm(tmp_path):
    await kept(tmp_path, preview(3, jpeg("three")), preview(9, jpeg("nine")))
    folder = tmp_path / "s1"
    (folder / "notes.txt").write_text("mine")
    (folder / ".new-17").write_bytes(b"\xff\xd8half")
    (folder / name_of(still(20))).mkdir()
    (folder / name_of(still(21))).symlink_to(folder / "notes.txt")
    cut = folder / name_of(still_of(preview(9)))
    cut.write_bytes(cut.read_bytes()[:-3])
    track = tracks(tmp_path).open("s1", 10**6)
    assert [one.seq for one in track.stills()] == [3, 9]
    assert await track.read(track.nearest(9)) is None
    assert await track.read(track.nearest(9)) == jpeg("three")  # the damaged one is forgotten
    assert (folder / "notes.txt").read_text() == "mine"
    assert not (folder / ".new-17").exists()


async def test_R1_pictures_of_a_log_that_went_on_otherwise_are_not_shown(tmp_path):
    """The database came from a backup: what was event 9 then may be another now."""
    await kept(tmp_path, preview(3), preview(8), preview(9))
    assert [one.seq for one in tracks(tmp_path).open("s1", 8).stills()] == [3, 8]
    assert len(os.listdir(tmp_path / "s1")) == 2


async def test_R1_of_two_files_of_one_seq_the_further_counts(tmp_path):
    await kept(tmp_path, preview(3, jpeg("far"), step=6))
    near = still_of(preview(3, jpeg("near"), step=2))
    (tmp_path / "s1" / name_of(near)).write_bytes(jpeg("near"))
    track = tracks(tmp_path).open("s1", 10**6)
    assert await track.read(track.nearest(3)) == jpeg("far")
    assert len(os.listdir(tmp_path / "s1")) == 1


async def test_R1_a_full_disk_is_one_warning_and_then_it_goes_on(tmp_path, monkeypatch):
    track = tracks(tmp_path).open("s1", 10**6)
    track.keep(preview(1), ())
    await asyncio.sleep(0.05)
    replace = os.replace

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "replace", full)
    with capture_logs() as logs:
        for seq in range(2, 6):
            track.keep(preview(seq), ())
            await asyncio.sleep(0.03)
    assert [one["log_level"] for one in logs] == ["warning"]
    assert [one.seq for one in track.stills()] == [1]
    monkeypatch.setattr(module.os, "replace", replace)
    track.keep(preview(6), ())
    await track.close()
    assert [one.seq for one in tracks(tmp_path).open("s1", 10**6).stills()] == [1, 6]
    assert not [name for name in os.listdir(tmp_path / "s1") if name.startswith(".")]


async def test_R1_a_disk_that_hangs_costs_bounded_memory(tmp_path, monkeypatch):
    track = tracks(tmp_path).open("s1", 10**6)
    for seq in range(1, 500):  # nothing can be written: the event loop has no turn
        track.keep(preview(seq), ())
    assert len(list(track.stills())) == module._WAITING
    await track.close()


async def test_R1_a_closed_track_keeps_nothing_and_forgetting_deletes_all(tmp_path):
    everything = tracks(tmp_path)
    track, other = everything.open("s1", 10**6), everything.open("s2", 10**6)
    track.keep(preview(1), ())
    other.keep(preview(1), ())
    await track.close()
    await other.close()
    track.keep(preview(2), ())
    await asyncio.sleep(0.05)
    assert len(os.listdir(tmp_path / "s1")) == 1
    everything.forget("s1")
    everything.forget("s1")  # there is nothing any more
    assert os.listdir(tmp_path) == ["s2"]


@pytest.mark.parametrize("session", ["..", "a/b", "", "x" * 65, "a\n"])
def test_R1_a_strange_id_is_no_folder(tmp_path, session):
    with pytest.raises(ValueError, match="id"):
        tracks(tmp_path).open(session, 1)
    with pytest.raises(ValueError, match="id"):
        tracks(tmp_path).forget(session)


# -- what shows what ------------------------------------------------------------------------------

SETTINGS = Settings("embedded", 1, 8, 4, 32, 32, 8, 100)
STROKE = Paint(((0, 0),), "#000000", 1)


def events(*bodies: object) -> list[Event]:
    first = (Created(SETTINGS), Joined("anna", "Anna", "#000000", "owner"))
    return [
        Event(seq, 0, "" if isinstance(body, Created | Entered) else "anna", body)
        for seq, body in enumerate((*first, *bodies), 1)
    ]


def exact(log: list[Event], seq: int, asked: int) -> bool:
    return is_exact(fold(log), log, seq, asked)


def test_R1_exact_while_nothing_in_between_steers():
    log = events(
        Edited(STROKE),
        Entered(1, 0, (3,)),
        Edited(Comment("nice", (5, 5), 0)),
        Edited(Adjust(fps=12)),
        Joined("ben", "Ben", "#000000", "editor"),
        Marked(4, "first cut"),
        Undone((5,)),
        Redone((5,)),
        Undone((6,)),
    )
    assert exact(log, 4, 4)
    assert exact(log, 4, 11)
    assert not exact(log, 2, 3)
    assert not exact(log, 3, 4)


@pytest.mark.parametrize(
    "last",
    [
        Edited(STROKE),
        Edited(Adjust(seed=2)),
        Edited(Adjust(guidance=500)),
        Undone((3,)),
        Entered(1, 2, (3,)),
        Restored(2),
    ],
)
def test_R1_not_exact_once_something_steers(last):
    log = events(Edited(STROKE), Entered(1, 4, (3,)), last)
    assert exact(log, 4, 4)
    assert not exact(log, 4, 5)


def test_R1_redone_restored_and_undone_restores_steer():
    log = events(
        Edited(STROKE),
        Entered(1, 0, (3,)),
        Undone((3,)),
        Redone((3,)),
        Restored(2),
        Undone((7,)),
    )
    for seq in (4, 5, 6, 7):
        assert not exact(log, seq, seq + 1), seq


def test_R1_a_restore_of_comments_alone_steers_nothing():
    log = events(
        Edited(STROKE), Entered(1, 0, (3,)), Edited(Comment("nice", (5, 5), 0)), Restored(4)
    )
    assert fold(log).restores[6].out == {5}
    assert exact(log, 4, 6)


def test_R1_a_picture_with_later_undos_in_it_is_not_what_the_session_was():
    log = events(Edited(STROKE), Entered(1, 0, (3,)), Edited(STROKE), Undone((3,)), Edited(STROKE))
    assert turned_since(log, 4, 6)
    assert not turned_since(log, 6, 7)
    assert not turned_since(log, 4, 5)


def test_R1_the_smallest_frames_are_kept():
    small, large = preview(1, width=64), preview(1, jpeg("more"), width=256, height=256)
    assert smallest({"large": large, "small": small}) is small
    assert smallest({"large": large}) is large
    assert smallest({}) is None
