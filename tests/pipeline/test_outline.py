"""Outlines: what is inside a closed polygon, by the even-odd rule, as shares of pixels."""

from __future__ import annotations

import hashlib
import itertools
import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from framejam_pipeline.outline import inside, inside_at
from framejam_protocol.geometry import Point

UNIT = 65536
EDGE = 64


def _wire(*corners: tuple[float, float]) -> tuple[Point, ...]:
    """Corners in pixels of a 64 x 64 frame."""
    return tuple((round(x * UNIT / EDGE), round(y * UNIT / EDGE)) for x, y in corners)


def _sampled(outline: tuple[Point, ...], width: int, height: int) -> npt.NDArray[np.float64]:
    """The same another way: of 24 x 24 points in each pixel, how many are gone around oddly."""
    times = 24
    x = (np.arange(width * times) + 0.5) / times * UNIT / width
    y = (np.arange(height * times)[:, None] + 0.5) / times * UNIT / height
    odd = np.zeros((height * times, width * times), dtype=bool)
    for (ax, ay), (bx, by) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if ay != by:
            between = (ay <= y) != (by <= y)
            odd ^= between & (ax + (y - ay) * (bx - ax) / (by - ay) <= x)
    return np.asarray(odd.reshape(height, times, width, times).mean(axis=(1, 3)))


def test_a_rectangle_covers_its_pixels_and_shares_of_those_at_its_border() -> None:
    mask = inside(_wire((10, 20), (30.5, 20), (30.5, 40.25), (10, 40.25)), EDGE, EDGE)
    expected = np.zeros((EDGE, EDGE))
    expected[20:41, 10:31] = 1.0
    expected[:, 30] *= 0.5
    expected[40] *= 0.25
    assert np.array_equal(mask, expected)


def test_the_whole_frame_and_more_is_all_of_it() -> None:
    assert inside(((0, 0), (UNIT, 0), (UNIT, UNIT), (0, UNIT)), 48, 16).min() == 1.0
    beyond = ((-UNIT, -UNIT), (2 * UNIT, -UNIT), (2 * UNIT, 2 * UNIT), (-UNIT, 2 * UNIT))
    assert inside(beyond, 48, 16).min() == 1.0


@pytest.mark.parametrize(
    "outline",
    [
        _wire((10, 10), (40, 40), (10, 10)),
        _wire((10, 10), (40, 10), (25, 10)),
        _wire((10, 10), (10, 10), (10, 10)),
        _wire((-30, -30), (-1, -30), (-1, 70)),
        _wire((65, 0), (90, 30), (65, 60)),
        _wire((0, 64.5), (64, 64.5), (32, 90)),
    ],
)
def test_without_area_or_beyond_the_frame_it_covers_nothing(outline: tuple[Point, ...]) -> None:
    assert not inside(outline, EDGE, EDGE).any()


def test_what_is_gone_around_twice_is_outside() -> None:
    """A star drawn in one go has a hole."""
    turns = np.arange(5) * 4 * np.pi / 5
    star = _wire(*zip(32 + 28 * np.sin(turns), 32 - 28 * np.cos(turns), strict=True))
    mask = inside(star, EDGE, EDGE)
    assert mask[30:34, 30:34].max() == 0.0
    assert mask[10:14, 31:33].min() > 0.5
    square = ((10, 10), (50, 10), (50, 50), (10, 50))
    assert not inside(_wire(*square, *square), EDGE, EDGE).any()


def test_where_it_begins_and_which_way_round_makes_no_difference() -> None:
    corners = _wire((9, 7), (50, 20), (40.3, 55), (22, 30), (3.7, 44))
    expected = inside(corners, EDGE, EDGE)
    for start in range(5):
        turned = (*corners[start:], *corners[:start])
        assert np.array_equal(inside(turned, EDGE, EDGE), expected)
        # The other way round a crossing is found from the other end: to one part in 65,536.
        assert np.abs(inside(turned[::-1], EDGE, EDGE) - expected).max() <= 2 / 65536


_PLACES = st.tuples(st.integers(-UNIT, 2 * UNIT), st.integers(-UNIT, 2 * UNIT))


@budget(max_examples=40, deadline=None)
@given(outline=st.lists(_PLACES, min_size=3, max_size=9).map(tuple))
def test_any_outline_covers_what_points_within_it_say(outline: tuple[Point, ...]) -> None:
    mask = inside(outline, 24, 16)
    assert mask.shape == (16, 24)
    assert ((mask >= 0) & (mask <= 1)).all()
    apart = np.abs(mask - _sampled(outline, 24, 16))
    assert apart.max() < 0.2
    assert apart.mean() < 0.02


def _all_at_once(outline: tuple[Point, ...], width: int, height: int) -> npt.NDArray[np.float64]:
    """The same arithmetic without bands, sorted by two keys."""
    lines, part = 16, 65536
    starts = np.array(outline, dtype=np.float64) * (width / UNIT, height / UNIT)
    ends = np.roll(starts, -1, axis=0)
    upper, lower = np.minimum(starts[:, 1], ends[:, 1]), np.maximum(starts[:, 1], ends[:, 1])
    crossed = [
        (edge, line)
        for edge in range(len(starts))
        for line in range(height * lines)
        if upper[edge] * lines <= line + 0.5 < lower[edge] * lines
    ]
    edge, line = np.array(crossed, dtype=np.int64).reshape(-1, 2).T
    (x, y), (across, down) = starts[edge].T, (ends - starts)[edge].T
    where = x + ((line + 0.5) / lines - y) * across / down
    crossing = np.rint(np.clip(where, 0, width) * part).astype(np.int64)
    order = np.lexsort((crossing, line))
    column, share = np.divmod(crossing[order], part)
    turn = np.where(np.arange(len(order)) % 2, -1, 1)
    changes = np.zeros((height, width + 2), dtype=np.int64)
    np.add.at(changes, (line[order] // lines, column), turn * (part - share))
    np.add.at(changes, (line[order] // lines, column + 1), turn * share)
    return np.asarray(changes.cumsum(axis=1)[:, :width] / (lines * part))


@budget(max_examples=30, deadline=None)
@given(outline=st.lists(_PLACES, min_size=3, max_size=12).map(tuple), crossings=st.integers(1, 99))
def test_in_bands_and_in_some_rows_it_is_the_same_to_the_bit(
    outline: tuple[Point, ...], crossings: int
) -> None:
    expected = _all_at_once(outline, 12, 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("framejam_pipeline.outline._CROSSINGS", crossings)
        assert np.array_equal(inside(outline, 12, 10), expected)
        rows, columns = np.array([7, 2, 3, 2, 9]), np.array([0, 11, 5, 6, 2])
        assert np.array_equal(inside_at(outline, 12, 10, rows, columns), expected[rows, columns])


ZIGZAG = (*((i * 64, 2 * UNIT if i % 2 == 0 else -UNIT) for i in range(1023)), (70000, 2 * UNIT))
"""As many corners as an outline may have: every scan line is crossed a thousand times."""


def test_a_zigzag_is_the_same_to_the_bit() -> None:
    assert np.array_equal(inside(ZIGZAG, 16, 8), _all_at_once(ZIGZAG, 16, 8))


def test_a_zigzag_takes_no_more_memory_than_its_mask_and_a_band() -> None:
    """At once its crossings were gigabytes."""
    tracemalloc.start()
    mask = inside(ZIGZAG, 512, 512)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert mask.mean() == pytest.approx(0.5, abs=0.05)
    assert most < mask.nbytes + 16 * 2**20


def test_every_machine_gets_the_same_bits() -> None:
    """Recorded once; whole numbers and IEEE arithmetic have no other answer."""
    chance = np.random.default_rng(7)
    digest = hashlib.sha256()
    for corners, (width, height) in itertools.product((3, 12, 200), ((64, 64), (48, 16))):
        outline = tuple(map(tuple, chance.integers(-9000, UNIT + 9000, (corners, 2)).tolist()))
        digest.update(inside(outline, width, height).astype("<f8").tobytes())
    assert digest.hexdigest() == "4433becc12ad0be9c7fd6f20b63ca660211327c45518bda2c504a1ac7ec85c92"
