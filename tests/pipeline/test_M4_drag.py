"""M4: drags of several people make one displacement, in any order and without residue."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from framejam_pipeline.displacement import Displacements, Motion
from framejam_pipeline.drag import count_drag, disc
from framejam_pipeline.image import Pixels
from framejam_pipeline.matte import cut_out, fill
from framejam_pipeline.warp import Warped, warp
from framejam_protocol.instructions import Drag

UNIT = 65536
EDGE = 64
GREY = (100, 110, 120)
PEOPLE = [
    Drag(start=(30000, 30000), end=(50000, 31000), radius=14000),
    Drag(start=(34000, 33000), end=(20000, 60001), radius=12003, strength=30001),
    Drag(start=(20000, 20000), end=(20007, 3000), radius=9001, strength=12345),
    Drag(start=(40000, 40000), end=(70000, -5000), radius=20000, strength=65535),
    Drag(start=(60000, 10000), end=(1000, 1001), radius=30000, strength=1),
]


def _drag(
    start: tuple[float, float],
    by: tuple[float, float],
    radius: float = 12.0,
    strength: int = UNIT,
) -> Drag:
    """A drag given in pixels of a 64 x 64 frame."""
    end = (start[0] + by[0], start[1] + by[1])
    wire = [tuple(round(value / EDGE * UNIT) for value in point) for point in (start, end)]
    return Drag(wire[0], wire[1], round(radius / EDGE * UNIT), strength)


def _plain() -> Pixels:
    return np.full((EDGE, EDGE, 3), GREY, dtype=np.uint8)


def _square() -> Pixels:
    """A red square of 12 x 12 pixels about (32, 32) on grey."""
    image = _plain()
    image[26:38, 26:38] = (220, 30, 20)
    return image


def _noise() -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (EDGE, EDGE, 3), dtype=np.uint8)


def _warp(image: Pixels, *people: Drag, paint: Any = None, frames: int = 16) -> Warped:
    weight = np.zeros((EDGE, EDGE)) if paint is None else paint
    return warp(
        image, weight, Motion.through(Displacements.of_drags(EDGE, EDGE).of(people), frames)
    )


def _shifted(layer: npt.NDArray[np.float64], dx: float, dy: float) -> npt.NDArray[np.float64]:
    """A bilinear shift written another way: four whole shifts, mixed."""
    left, top = int(np.floor(dx)), int(np.floor(dy))
    x, y = dx - left, dy - top
    mixed = np.zeros_like(layer)
    for right, across in ((0, 1 - x), (1, x)):
        for below, down in ((0, 1 - y), (1, y)):
            mixed += across * down * np.roll(layer, (top + below, left + right), axis=(0, 1))
    return mixed


def test_M4_the_order_of_people_does_not_matter_for_what_is_warped() -> None:
    image, paint = _noise(), np.random.default_rng(2).random((EDGE, EDGE))
    expected = _warp(image, *PEOPLE, paint=paint)
    for order in itertools.permutations(PEOPLE):
        warped = _warp(image, *order, paint=paint)
        for field in ("clip", "place", "hole", "paint"):
            assert np.array_equal(getattr(warped, field), getattr(expected, field))


def test_M4_taking_one_person_out_leaves_no_residue() -> None:
    everybody = Displacements.of_drags(EDGE, EDGE).of(PEOPLE)
    for leaving in PEOPLE:
        others = [person for person in PEOPLE if person is not leaving]
        without = everybody.towards(Counter(others), count_drag)
        assert np.array_equal(without.sums, Displacements.of_drags(EDGE, EDGE).of(others).sums)
    assert not everybody.towards(Counter(), count_drag).sums.any()


def test_M4_overlapping_drags_are_averaged_as_vectors_and_strengths_too() -> None:
    one = _drag((32, 32), (10, 4), strength=UNIT)
    other = _drag((32, 32), (-2, 6), strength=UNIT // 4)
    field = Displacements.of_drags(EDGE, EDGE).of([one, other])
    assert field.vectors[0, :, 32, 32].tolist() == [4.0, 5.0]
    assert field.strength[32, 32] == 0.625
    assert field.region.max() == 1.0
    soft = Displacements.of_drags(EDGE, EDGE).of([one]).region
    assert np.allclose(field.region, np.minimum(2 * soft, 1.0), atol=1e-5)


def test_M4_a_vector_is_exact_to_a_thousandth_of_a_pixel_up_to_the_disc_s_edge() -> None:
    field = Displacements.of_drags(EDGE, EDGE).of([_drag((30.3, 31.1), (7.8125, -3.4375))])
    inside = field.region > 0.01
    assert np.abs(field.vectors[0, 0][inside] - 7.8125).max() < 1e-3
    assert np.abs(field.vectors[0, 1][inside] + 3.4375).max() < 1e-3


def test_M4_a_drag_more_or_less_costs_that_drag_only(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    def watch(sums: Any, person: Drag, sign: int) -> None:
        counted.append(sign)
        count_drag(sums, person, sign)

    crowd = [_drag((index % 60, index // 20), (3, 4), radius=4) for index in range(1000)]
    known = Displacements.of_drags(EDGE, EDGE)
    monkeypatch.setattr(known, "_count", watch)
    known.of(crowd[:-1])
    counted.clear()
    known.of(crowd)
    assert counted == [1]
    known.of(crowd[1:])
    assert counted == [1, -1]
    for person in crowd[:50]:
        known.of([person])
    assert len(known._known) <= 4


def test_M4_the_disc_is_a_circle_in_pixels_on_a_wide_frame() -> None:
    rows, columns, share = disc((UNIT // 2, UNIT // 2), UNIT // 16, 128, 32)
    whole = np.zeros((32, 128))
    whole[rows, columns] = share
    assert whole.sum() == pytest.approx(np.pi * 8**2, rel=0.02)
    inside = np.nonzero(whole > 0.5)
    assert np.ptp(inside[0]) == np.ptp(inside[1]) == 15
    assert {*np.unique(whole[:, 64])} > {0.0, 1.0}


@pytest.mark.parametrize("by", [(9.0, 0.0), (3.25, -1.5), (-7.125, 6.9375), (0.5, 0.0)])
def test_one_translation_is_an_exact_bilinear_shift(by: tuple[float, float]) -> None:
    image = _square()
    moved = _drag((32, 32), by)
    warped = _warp(image, moved)
    matte = cut_out(image, Displacements.of_drags(EDGE, EDGE).of([moved]).region)
    shown = image - (1 - matte)[..., None] * np.array(GREY)
    there = _shifted(matte, *by)
    expected = np.dstack([_shifted(shown[..., c], *by) for c in range(3)])
    expected += (1 - there)[..., None] * np.array(GREY)
    assert np.abs(warped.place[-1] - there).max() < 1e-5
    assert np.abs(warped.clip[-1] - expected).max() <= 0.51


@pytest.mark.parametrize("image", [_plain(), _square(), _noise()])
def test_frame_0_is_the_picture_and_the_rest_of_it_stays(image: Pixels) -> None:
    warped = _warp(image, *PEOPLE[:2])
    assert np.array_equal(warped.clip[0], image)
    for frame, place, hole in zip(warped.clip, warped.place, warped.hole, strict=True):
        still = (place == 0) & (hole == 0)
        assert still.sum() > 500
        assert np.array_equal(frame[still], image[still])


def test_the_object_starts_softly_and_rests_for_the_last_quarter() -> None:
    warped = _warp(_square(), _drag((32, 32), (12, 0)))
    columns = np.arange(EDGE)
    centres = np.array([(place * columns).sum() / place.sum() for place in warped.place])
    steps = np.diff(centres)
    assert (steps[:11] > 0).all()
    assert steps[0] < 0.5 * steps[5]
    assert np.array_equal(warped.clip[12], warped.clip[-1])
    assert centres[-1] - centres[0] == pytest.approx(12, abs=1e-3)


def test_only_the_object_moves_and_its_place_is_filled_from_around() -> None:
    warped = _warp(_square(), _drag((32, 32), (18, 0), radius=13))
    expected = _plain()
    expected[26:38, 44:56] = (220, 30, 20)
    assert np.array_equal(warped.clip[-1], expected)
    assert warped.hole[-1][26:38, 26:38].min() == 1.0
    assert warped.place[-1].sum() == pytest.approx(144, rel=1e-4)


def test_gaps_inside_an_object_move_with_it() -> None:
    image = _square()
    image[30:33, 30:33] = GREY
    moved = _warp(image, _drag((32, 32), (18, 0), radius=13))
    assert moved.place[-1][30:33, 48:51].min() == 1.0


@pytest.mark.parametrize("image", [_plain(), _noise()])
def test_where_there_is_no_telling_the_whole_disc_moves(image: Pixels) -> None:
    region = Displacements.of_drags(EDGE, EDGE).of([_drag((32, 32), (9, 0))]).region
    assert np.array_equal(cut_out(image, region), region)


def test_apart_from_each_other_regions_are_judged_by_themselves() -> None:
    image = _square()
    image[:, 50:] = _noise()[:, 50:]
    image[:20, :20] = GREY
    square = _drag((32, 32), (5, 5), radius=13)
    alone = cut_out(image, Displacements.of_drags(EDGE, EDGE).of([square]).region)
    assert alone.sum() < 160
    others = [_drag((57, 8), (-3, 0), radius=5), _drag((8, 8), (3, 0), radius=7)]
    both = cut_out(image, Displacements.of_drags(EDGE, EDGE).of([square, *others]).region)
    assert np.array_equal(both[20:46, 18:46], alone[20:46, 18:46])
    assert both[8, 57] == both[8, 8] == 1.0


def test_a_hole_as_wide_as_the_frame_is_filled_to_its_middle() -> None:
    colours = np.full((16, 16, 3), 200.0)
    hole = np.ones((16, 16), dtype=bool)
    hole[0, :3] = False  # all that is known: the middle sees none of it
    colours[hole] = 7.0
    assert fill(colours, hole).min() == pytest.approx(200.0)
    assert fill(colours, np.ones_like(hole)) == pytest.approx(colours)


@pytest.mark.parametrize("by", [(40, 0), (-40, 0), (0, 40), (0, -40)])
def test_a_hole_is_filled_from_all_four_sides(by: tuple[float, float]) -> None:
    image, moved = _noise(), _drag((32, 32), by, radius=6)
    warped = _warp(image, moved)
    region = Displacements.of_drags(EDGE, EDGE).of([moved]).region
    behind = fill(image.astype(float), region > 0)
    assert np.array_equal(warped.clip[-1][region > 0], np.rint(behind[region > 0]))
    middle = behind[32, 32]
    sides = [image[32, 24], image[32, 39], image[24, 32], image[39, 32]]
    inverse = 1 / np.array([8.0, 7.0, 8.0, 7.0])
    assert np.allclose(middle, inverse @ np.array(sides, dtype=float) / inverse.sum())


def test_a_disc_beyond_the_frame_moves_nothing() -> None:
    warped = _warp(_square(), _drag((-40, 32), (50, 0)))
    assert np.array_equal(warped.clip, np.repeat(_square()[None], 16, axis=0))
    assert warped.place.max() == warped.hole.max() == 0.0


def test_what_leaves_the_frame_is_gone() -> None:
    warped = _warp(_square(), _drag((32, 32), (100, 0)))
    assert np.array_equal(warped.clip[-1], _plain())
    assert warped.place[-1].max() == 0.0


def test_M4_paint_lies_under_displacements_and_moves_along() -> None:
    image, paint = _square(), np.zeros((EDGE, EDGE))
    paint[26:38, 26:38] = 0.75  # the square is what was painted
    paint[2:6, 2:6] = 0.5  # and something else, elsewhere
    warped = _warp(image, _drag((32, 32), (16, 0)), paint=paint)
    assert np.array_equal(warped.paint[0], paint)
    last = warped.paint[-1]
    assert np.allclose(last[26:38, 42:54], 0.75)
    assert last[26:38, 26:38].max() == 0.0
    assert np.array_equal(last[:20], paint[:20])


def test_a_drag_covers_paint_it_comes_to_lie_on() -> None:
    paint = np.zeros((EDGE, EDGE))
    paint[26:38, 42:54] = 1.0
    warped = _warp(_square(), _drag((32, 32), (16, 0)), paint=paint)
    assert np.abs(warped.paint[-1][26:38, 42:54]).max() < 1e-9


@pytest.mark.parametrize("frames", [1, 2, 16])
def test_an_arrow_without_length_moves_nothing(frames: int) -> None:
    image = _square()
    for by in [(0.0, 0.0)] if frames > 1 else [(0.0, 0.0), (9.0, 0.0)]:
        warped = _warp(image, _drag((32, 32), by), frames=frames)
        assert np.array_equal(warped.clip, np.repeat(image[None], frames, axis=0))


_points = st.tuples(st.integers(-UNIT, 2 * UNIT), st.integers(-UNIT, 2 * UNIT))


@budget(max_examples=40, deadline=None)
@given(
    people=st.lists(
        st.builds(Drag, _points, _points, st.integers(1, UNIT), st.integers(0, UNIT)), max_size=4
    )
)
def test_any_drags_give_weights_between_0_and_1(people: list[Drag]) -> None:
    field = Displacements.of_drags(48, 16).of(people)
    image = _noise()[:16, :48]
    warped = warp(image, np.full((16, 48), 0.5), Motion.through(field, 3))
    assert np.array_equal(warped.clip[0], image)
    for weight in (warped.place, warped.hole, warped.paint):
        assert np.isfinite(weight).all()
        assert ((weight >= 0) & (weight <= 1)).all()
