"""The demo's numbers, on clips and previews whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from framejam_protocol.events import Created, Edited, Entered, Event, Redone, Undone
from framejam_protocol.instructions import (
    Camera,
    Content,
    Erase,
    Lock,
    Paint,
    Region,
    Settings,
    Trajectory,
)
from framejam_protocol.limits import UNIT
from framejam_server.demo.measure import change, first_shown, region_of, steps_per_second
from framejam_server.demo.perform import Sighting
from framejam_server.render.recompute import mapping_of

SETTINGS = Settings(model="m", seed=1, steps=4, frames=2, width=32, height=32, fps=8, guidance=100)
STROKE = Paint(points=((UNIT // 4, 0), (UNIT // 4, UNIT)), color="#ffffff", width=UNIT // 8)
SEEN = [
    Sighting(1.0, 1, 3, False),
    Sighting(1.1, 2, 3, False),
    Sighting(1.2, 3, 4, False),
    Sighting(1.4, 4, 5, False),
    Sighting(1.45, 4, 5, True),
]


def log(*bodies: Edited | Undone | Redone | Entered) -> list[Event]:
    created = Event(1, 0, "", Created(SETTINGS))
    return [created, *(Event(seq, 0, "p1", body) for seq, body in enumerate(bodies, 2))]


def test_a_stroke_has_an_inside_a_guard_ring_and_an_outside() -> None:
    region = region_of(STROKE, 32, 32)
    row = [
        "inside" if inside else "outside" if outside else "guard"
        for inside, outside in zip(region.inside[16], region.outside[16], strict=True)
    ]
    assert row[6:10] == ["inside"] * 4
    assert row[3] == row[12] == "guard"
    assert set(row[:1] + row[16:]) == {"outside"}


@pytest.mark.parametrize("kind", [lambda outline: Region(outline, "a fish"), Lock])
def test_an_outline_has_an_inside_a_guard_ring_and_an_outside(kind) -> None:
    corner = (UNIT // 2, UNIT // 2)
    square = ((0, 0), (corner[0], 0), corner, (0, corner[1]))
    region = region_of(kind(square), 32, 32)
    assert region.inside[:16, :16].all()
    assert region.inside.sum() == 16 * 16
    assert not region.outside[:16, :16].any()
    assert not region.outside[8, 16:20].any()
    assert region.outside[8, 21:].all()
    assert region.outside[21:, 8].all()


def test_a_trajectory_acts_along_its_way_an_eraser_under_its_brush() -> None:
    way = ((UNIT // 4, UNIT // 4), (3 * UNIT // 4, UNIT // 4), (3 * UNIT // 4, 3 * UNIT // 4))
    region = region_of(Trajectory(way, UNIT // 8), 32, 32)
    assert region.inside[8, 8]
    assert region.inside[8, 24]
    assert region.inside[24, 24]
    assert region.outside[24, 8]
    erased = region_of(Erase(STROKE.points, STROKE.width), 32, 32)
    painted = region_of(STROKE, 32, 32)
    assert (erased.inside == painted.inside).all()
    assert (erased.outside == painted.outside).all()


def test_a_camera_is_meant_for_the_whole_frame() -> None:
    assert region_of(Camera(pan=9000), 32, 32).inside.all()


def test_change_is_told_apart_inside_and_outside() -> None:
    region = region_of(STROKE, 32, 32)
    before = np.zeros((2, 32, 32, 3), np.uint8)
    after = before.copy()
    after[:, region.inside] = 51
    after[0, region.outside] = 7
    found = change(before, after, region)
    assert found.share_inside == 1.0
    assert found.share_outside == 0.0
    assert found.mean_inside == pytest.approx(0.2)
    assert found.mean_outside == pytest.approx(3.5 / 255)
    assert found.shows
    assert not change(before, before, region).shows
    assert not change(before, before + np.uint8(51), region).shows


def test_a_prompt_is_meant_for_the_whole_frame() -> None:
    clip = np.zeros((2, 32, 32, 3), np.uint8)
    found = change(clip, clip + np.uint8(8), region_of(Content("x"), 32, 32))
    assert (found.share_inside, found.share_outside, found.mean_outside) == (1.0, None, None)


def test_T13_first_shown_counts_previews_from_the_moment_of_sending() -> None:
    assert first_shown(SEEN, sent=1.05, seq=4) == (2, pytest.approx(150))
    assert first_shown(SEEN, sent=1.42, seq=5) == (0, pytest.approx(30))
    assert first_shown(SEEN, sent=1.05, seq=6) is None


def test_pace_is_taken_from_steps_that_follow_one_another() -> None:
    assert steps_per_second(SEEN) == pytest.approx(10)
    assert steps_per_second(SEEN[:1]) is None
    assert steps_per_second([SEEN[3], SEEN[0]]) is None


def test_T2_the_mapping_without_an_edit_and_with_one_revived() -> None:
    events = log(
        Edited(Content("a")),
        Edited(STROKE),
        Entered(1, 3, (2, 3)),
        Entered(1, 1, (3,)),
        Undone((3,)),
    )
    steps = {seq: pair.step for seq, pair in mapping_of(events).items()}
    assert steps == {2: 3}
    assert mapping_of(events, without=(2,)) == {}
    revived = mapping_of(events, revived=(3,))
    assert {seq: pair.step for seq, pair in revived.items()} == {2: 3, 3: 1}
    assert revived[3].instruction == STROKE
    assert mapping_of(events, take=2) == {}
