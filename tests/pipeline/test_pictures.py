"""Reference images and paint: pixels in, pixels and masks out."""

from __future__ import annotations

import io
import itertools

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from framejam_pipeline.errors import ImageUnreadable
from framejam_pipeline.image import fit
from framejam_pipeline.paint import Canvas, Painting, coverage, pool, touched
from framejam_protocol.instructions import Paint

UNIT = 65536
WHITE = np.full((64, 64, 3), 255, dtype=np.uint8)


def _line(*points: tuple[float, float], width: float, color: str = "#000000") -> Paint:
    """A stroke through points given in pixels of a 64 x 64 frame."""
    wire = tuple((round(x / 64 * UNIT), round(y / 64 * UNIT)) for x, y in points)
    return Paint(points=wire, color=color, width=round(width / 64 * UNIT))


def _paint(*strokes: Paint) -> Painting:
    laid = [(stroke, coverage(stroke, 64, 64)) for stroke in strokes]
    return Canvas.of(WHITE).with_strokes(laid).painting()


def test_a_dot_covers_the_area_of_its_circle() -> None:
    for diameter in (3.0, 8.0, 21.0):
        area = coverage(_line((32.3, 31.6), width=diameter), 64, 64).sum()
        assert area == pytest.approx(np.pi * diameter**2 / 4, rel=0.04)


def test_a_line_has_round_caps_and_a_soft_edge() -> None:
    mask = coverage(_line((16, 32), (48, 32), width=8), 64, 64)
    assert mask.sum() == pytest.approx(32 * 8 + np.pi * 16, rel=0.02)
    assert (mask[28:36, 16:48] == 1.0).all()
    assert mask[32, 12] > 0.9
    assert 0.0 < mask[28, 13] < 0.3
    assert mask[28, 12] == mask[32, 11] == 0.0


def test_a_brush_is_round_in_pixels_on_a_wide_frame() -> None:
    mask = coverage(Paint(points=((UNIT // 2, UNIT // 2),), color="#000000", width=8192), 128, 32)
    rows, columns = np.nonzero(mask > 0.5)
    assert np.ptp(rows) == np.ptp(columns) == 15


def test_a_hair_fades_instead_of_vanishing_or_growing() -> None:
    thin = coverage(_line((10, 10.5), (50, 10.5), width=0.25), 64, 64)
    assert 0.0 < thin.max() < 0.3


@budget(max_examples=60, deadline=None)
@given(
    points=st.lists(
        st.tuples(st.integers(-UNIT, 2 * UNIT), st.integers(-UNIT, 2 * UNIT)),
        min_size=1,
        max_size=6,
    ),
    width=st.integers(1, UNIT),
)
def test_any_stroke_gives_a_mask_between_0_and_1(points: list[tuple[int, int]], width: int) -> None:
    mask = coverage(Paint(points=tuple(points), color="#123456", width=width), 48, 16)
    assert mask.shape == (16, 48)
    assert np.isfinite(mask).all()
    assert ((mask >= 0) & (mask <= 1)).all()
    backwards = coverage(Paint(points=tuple(points[::-1]), color="#123456", width=width), 48, 16)
    assert np.allclose(mask, backwards, atol=1e-9)


def test_a_long_stroke_is_the_union_of_its_segments() -> None:
    points = [(8 + 2 * i % 47, 10 + 7 * i % 41) for i in range(50)]
    whole = coverage(_line(*points, width=5), 64, 64)
    parts = [coverage(_line(*pair, width=5), 64, 64) for pair in itertools.pairwise(points)]
    assert np.array_equal(whole, np.maximum.reduce(parts))


def test_M4_later_strokes_lie_on_top() -> None:
    red = _line((8, 32), (56, 32), width=10, color="#ff0000")
    blue = _line((32, 8), (32, 56), width=10, color="#0000ff")
    assert _paint(red, blue).pixels[32, 32].tolist() == [0, 0, 255]
    assert _paint(blue, red).pixels[32, 32].tolist() == [255, 0, 0]


def test_strength_sets_the_weight_and_leaves_the_paint_opaque() -> None:
    weak = Paint(points=((UNIT // 2, UNIT // 2),), color="#00ff00", width=UNIT // 2, strength=16384)
    painting = _paint(weak)
    assert painting.pixels[32, 32].tolist() == [0, 255, 0]
    assert painting.weight[32, 32] == 0.25
    assert painting.weight[0, 0] == 0.0
    assert (painting.pixels[0, 0] == 255).all()


def test_painting_does_not_write_into_the_picture_it_paints_on() -> None:
    _paint(_line((32, 32), width=20))
    assert (WHITE == 255).all()


def test_a_thin_stroke_holds_every_cell_it_touches_whole() -> None:
    mask = np.zeros((8, 8))
    mask[1, :4] = 1.0  # a quarter of the first cell
    mask[5, 6] = 0.25
    assert touched(mask, 4).tolist() == [[1.0, 0.0], [0.0, 0.25]]


def test_pooling_averages_whole_cells() -> None:
    mask = np.zeros((8, 8))
    mask[0:4, 0:2] = 1.0
    assert pool(mask, 4).tolist() == [[0.5, 0.0], [0.0, 0.0]]


def test_a_picture_covers_the_frame_and_is_cropped_evenly() -> None:
    wide = PIL.Image.new("RGB", (200, 100), "#00ff00")
    wide.paste("#ff0000", (0, 0, 40, 100))
    wide.paste("#0000ff", (160, 0, 200, 100))
    fitted = fit(wide, 64, 64)
    assert fitted.shape == (64, 64, 3)
    assert (fitted == (0, 255, 0)).all()


def test_the_orientation_of_the_camera_is_respected() -> None:
    upright = PIL.Image.new("RGB", (64, 64), "#00ff00")
    upright.paste("#ff0000", (0, 0, 64, 32))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    upright.rotate(90).save(file, "PNG", exif=exif)
    file.seek(0)
    assert fit(PIL.Image.open(file), 64, 64)[8, 32].tolist() == [255, 0, 0]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_shows_white_paper(mode: str) -> None:
    picture = PIL.Image.new("RGBA", (16, 16), (0, 0, 0, 0)).convert(mode)
    if mode == "P":
        picture.info["transparency"] = picture.getpixel((0, 0))
    assert (fit(picture, 16, 16) == 255).all()


def test_sixteen_bit_greyscale_keeps_its_shades() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    fitted = fit(PIL.Image.fromarray(ramp), 64, 64)
    assert np.abs(fitted[..., 0].astype(int) - (ramp >> 8)).max() <= 1


@pytest.mark.parametrize("mode", ["1", "L", "CMYK", "YCbCr", "F", "HSV", "LAB"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    assert fit(PIL.Image.new(mode, (20, 10)), 32, 16).shape == (16, 32, 3)


def test_a_torn_file_is_a_typed_error() -> None:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).save(file, "PNG")
    torn = PIL.Image.open(io.BytesIO(file.getvalue()[:4000]))
    with pytest.raises(ImageUnreadable):
        fit(torn, 32, 32)
