"""M4: strokes that recolour take part in the order of paint; the arithmetic is the W3C's."""

from __future__ import annotations

import colorsys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framejam_pipeline.paint import Canvas, Painting, coverage
from framejam_pipeline.recolour import recoloured
from framejam_protocol.instructions import Erase, Paint

UNIT = 65536
EDGE = 16
EVERYWHERE = (((UNIT // 2, UNIT // 2),), UNIT * 2)
NOISE = np.random.default_rng(4).integers(0, 256, (EDGE, EDGE, 3), dtype=np.uint8)

_BYTES = st.tuples(*[st.integers(0, 255)] * 3)


def _over(color: str, blend: str, strength: int = UNIT) -> Paint:
    points, width = EVERYWHERE
    return Paint(points, color, min(width, UNIT), strength, blend=blend)


def _painted(*strokes: Paint | Erase) -> Painting:
    laid = [(stroke, coverage(stroke, EDGE, EDGE)) for stroke in strokes]
    return Canvas.of(NOISE).with_strokes(laid).painting()


def _written_out(under: tuple[float, ...], colour: tuple[float, ...]) -> list[float]:
    """SetLum and ClipColor of the specification for one pixel, in shares of one."""

    def lum(c: list[float]) -> float:
        return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]

    wanted = lum([value / 255 for value in under])
    c = [value / 255 for value in colour]
    d = wanted - lum(c)
    c = [value + d for value in c]
    low, high, middle = min(c), max(c), lum(c)
    if low < 0:
        c = [middle + (value - middle) * middle / (middle - low) for value in c]
    if high > 1:
        c = [middle + (value - middle) * (1 - middle) / (high - middle) for value in c]
    return [255 * value for value in c]


@given(_BYTES, _BYTES)
def test_M4_recolouring_is_the_blend_mode_color_of_the_w3c(
    under: tuple[int, int, int], colour: tuple[int, int, int]
) -> None:
    found = recoloured(np.array([[under]], dtype=np.float64), np.array(colour, dtype=np.float64))
    assert found[0, 0] == pytest.approx(_written_out(under, colour), abs=1e-6)
    assert found.min() >= -1e-6
    assert found.max() <= 255 + 1e-6


def _light(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    return np.asarray(pixels @ np.array([0.3, 0.59, 0.11]))


def test_M4_lightness_stays_and_hue_changes() -> None:
    found = _painted(_over("#2060ff", "color")).pixels
    centre = (slice(6, 10), slice(6, 10))
    assert np.abs(_light(found) - _light(NOISE)).max() <= 1.0
    hues = [colorsys.rgb_to_hsv(*(pixel / 255))[0] for pixel in found[centre].reshape(-1, 3)]
    wanted = colorsys.rgb_to_hsv(0x20 / 255, 0x60 / 255, 1.0)[0]
    assert np.median(np.abs(np.array(hues) - wanted)) < 0.03
    assert not np.array_equal(found[centre], _painted(_over("#2060ff", "normal")).pixels[centre])


def test_M4_a_stroke_recolours_what_lies_under_it_only() -> None:
    paint, recolour = _over("#c0c0c0", "normal"), _over("#ff0000", "color")
    below = _painted(paint, recolour).pixels[8, 8]
    above = _painted(recolour, paint).pixels[8, 8]
    assert above.tolist() == [0xC0] * 3
    assert below[0] > below[1] == below[2]
    assert _light(below) == pytest.approx(0xC0, abs=1)


def test_M4_recoloured_strokes_follow_seq_order() -> None:
    red, blue = _over("#ff0000", "color"), _over("#0000ff", "color")
    assert not np.array_equal(_painted(red, blue).pixels, _painted(blue, red).pixels)
    assert (
        np.abs(_painted(red, blue).pixels[8, 8].astype(int) - _painted(blue).pixels[8, 8]).max()
        <= 1
    )


def test_M4_a_recolouring_holds_as_strongly_as_paint_and_is_erased_as_paint() -> None:
    weak = _painted(_over("#ff0000", "color", strength=UNIT // 4))
    assert weak.weight[8, 8] == 0.25
    points, _ = EVERYWHERE
    erased = _painted(_over("#ff0000", "color"), Erase(points, UNIT))
    assert np.array_equal(erased.pixels[4:12, 4:12], NOISE[4:12, 4:12])
    assert (erased.weight[4:12, 4:12] == 0).all()


def test_M4_half_a_coverage_recolours_half_of_the_way() -> None:
    covered = np.full((EDGE, EDGE), 0.5)
    whole = Canvas.of(NOISE).with_strokes([(_over("#ff0000", "color"), 2 * covered)])
    half = Canvas.of(NOISE).with_strokes([(_over("#ff0000", "color"), covered)])
    assert half.pixels == pytest.approx((NOISE + whole.pixels) / 2)
