"""M4: cameras move everything in the picture, after its objects, averaged in whole numbers."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from tiny import picture, settings

from framejam_pipeline.camera import View, axes, hold, holds, look, moving, view
from framejam_pipeline.conditions import Compiler
from framejam_pipeline.drag import HELD
from framejam_pipeline.entries import Fold
from framejam_pipeline.image import Pixels
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Entry, Take
from framejam_pipeline.warp import Warped
from framejam_protocol.instructions import Camera, Drag, Image, Paint

UNIT = 65536
ONE = 2**20
BLOB = "00000003" * 8
PEOPLE = [
    Camera(pan=20001, strength=30001),
    Camera(tilt=-9999, zoom=2 * UNIT),
    Camera(pan=-7, tilt=12345, zoom=UNIT // 2, strength=7),
    Camera(zoom=3 * UNIT + 1, strength=50000),
]


def _picture(height: int = 24, width: int = 32) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _seen(image: Pixels, seen: View) -> tuple[Pixels, npt.NDArray[np.float64]]:
    nothing = np.zeros((1, *image.shape[:2]))
    warped, inside = look(Warped(image[None], nothing, nothing, nothing), [seen])
    return warped.clip[0], inside[0]


def _pan(by: float, down: float = 0.0, zoom: float = 1.0) -> View:
    return View(round(by * ONE), round(down * ONE), round(zoom * ONE))


def test_a_pan_to_the_right_moves_the_picture_left_and_a_tilt_down_moves_it_up() -> None:
    image = _picture()
    seen, inside = _seen(image, _pan(5, 3))
    assert np.array_equal(seen[:-3, :-5], image[3:, 5:])
    assert inside[:-3, :-5].min() == 1.0
    assert not inside[-3:].any()
    assert not inside[:, -5:].any()


def test_what_comes_in_from_outside_is_the_border_drawn_out() -> None:
    image = _picture()
    seen, _ = _seen(image, _pan(5))
    assert np.array_equal(seen[:, -5:], np.repeat(image[:, -1:], 5, axis=1))
    far, inside = _seen(image, _pan(-100, -100))
    assert not inside.any()
    assert (far == image[0, 0]).all()


def test_half_a_pixel_is_the_mean_of_two() -> None:
    image = _picture()
    seen, _ = _seen(image, _pan(0.5))
    expected = (image[:, :-1].astype(int) + image[:, 1:] + 1) // 2
    assert np.array_equal(seen[:, :-1], expected)


def _bilinear(image: Pixels, x: float, y: float) -> npt.NDArray[np.float64]:
    """One look-up, written another way; (x, y) from the picture's corner, well inside it."""
    column, row = int(np.floor(x - 0.5)), int(np.floor(y - 0.5))
    across, down = x - 0.5 - column, y - 0.5 - row
    part = image[row : row + 2, column : column + 2].astype(float)
    lines = part[:, 0] * (1 - across) + part[:, 1] * across
    return np.asarray(lines[0] * (1 - down) + lines[1] * down)


def test_a_zoom_magnifies_around_the_middle_of_the_view() -> None:
    image = _picture()
    seen, inside = _seen(image, _pan(4, -2, zoom=2))
    assert inside.min() == 1.0
    for row, column in itertools.product((0, 7, 12, 23), (0, 9, 16, 31)):
        x, y = 16 + 4 + (column + 0.5 - 16) / 2, 12 - 2 + (row + 0.5 - 12) / 2
        assert np.abs(seen[row, column] - _bilinear(image, x, y)).max() <= 0.51


def test_what_is_made_smaller_is_averaged_and_not_jumped_over() -> None:
    lines = np.zeros((24, 32, 3), dtype=np.uint8)
    lines[:, ::4] = 200  # looked up once for each pixel of the frame, none of them would be met
    seen, inside = _seen(lines, _pan(0, zoom=0.25))
    middle = inside == 1.0
    assert middle.sum() == 6 * 8
    assert np.abs(seen[middle].astype(int) - 50).max() <= 13
    assert inside.mean() == 1 / 16


def test_frame_0_is_the_picture_and_all_is_reached_in_the_last_frame() -> None:
    camera = Camera(pan=UNIT // 4, tilt=-UNIT // 8, zoom=3 * UNIT // 2)
    views = [view([camera], frame, 16, 64, 32) for frame in range(16)]
    assert views[0].still
    assert views[-1] == View(16 * ONE, -4 * ONE, 3 * ONE // 2)
    ways = np.array([one.pan for one in views]) / (16 * ONE)
    assert (np.diff(ways) > 0).all()
    assert np.allclose(ways + ways[::-1], 1.0, atol=1e-6)
    assert np.diff(ways)[0] < 0.3 * np.diff(ways)[7]  # it starts and stops softly
    image = _picture()
    assert np.array_equal(_seen(image, views[0])[0], image)


def test_M4_cameras_are_averaged_by_their_strength_in_any_order() -> None:
    right, up = Camera(pan=UNIT // 2), Camera(tilt=-UNIT // 4, strength=UNIT // 3)
    both = view([right, up], 15, 16, 64, 64)
    assert both.pan == pytest.approx(Fraction(3, 4) * 32 * ONE, rel=1e-4)
    assert both.tilt == pytest.approx(-Fraction(1, 4) * 16 * ONE, rel=1e-4)
    for frame in (3, 9, 15):
        found = {view(order, frame, 16, 64, 48) for order in itertools.permutations(PEOPLE)}
        assert len(found) == 1
    assert hold([right]) == 1.0
    assert holds([right, up]) == pytest.approx([3 / 4, 1 / 3 * 1 / 4], rel=1e-4)


def test_M4_the_order_of_people_does_not_matter_for_the_finished_latents(
    model: EmbeddedModel,
) -> None:
    def finished(order: tuple[Any, ...]) -> torch.Tensor:
        take = Take(model, settings(steps=2), picture)
        edits: list[Any] = [Image(BLOB), *order]
        take.follow({seq: Entry(0, edit) for seq, edit in enumerate(edits)})
        while not take.done:
            take.step()
        return take.latents()

    expected = finished(tuple(PEOPLE))
    for order in itertools.permutations(PEOPLE):
        assert float((finished(order) - expected).abs().max()) == 0.0
    assert not torch.equal(finished(tuple(PEOPLE[:3])), expected)


def test_cameras_that_stay_where_they_are_hold_nothing() -> None:
    assert not moving([])
    assert not moving([Camera(), Camera(zoom=UNIT, strength=9)])
    assert not moving([Camera(pan=9000, strength=0)])
    assert moving([Camera(), Camera(pan=-1)])


def _compiled(model: EmbeddedModel, fold: Fold, step: int = 0, **changes: Any) -> Any:
    return Compiler(model, settings(**changes), picture).compile(fold, step)


def test_a_camera_at_rest_and_none_are_the_same_to_the_loop(model: EmbeddedModel) -> None:
    plain, rest = (
        _compiled(model, Fold(image=BLOB, motion="left", cameras=cameras))
        for cameras in ((), (Camera(),))
    )
    assert torch.equal(plain.conditions.image, rest.conditions.image)
    assert torch.equal(plain.conditions.affinity, rest.conditions.affinity)
    assert rest.residual is None


def test_what_is_seen_is_held_by_the_strength_and_what_is_new_is_not(model: EmbeddedModel) -> None:
    pan = Camera(pan=UNIT // 4, strength=UNIT // 2)
    found = _compiled(model, Fold(image=BLOB, cameras=(pan,)), HELD[0] - 1, steps=10)
    weight = found.residual.weight[0, 0]
    assert weight[0].unique().tolist() == [0.5]
    assert weight[-1][:, :6].unique().tolist() == [0.5]
    assert not weight[-1][:, 6:].any()
    assert found.conditions.image.shape == (4, 4, 8, 8)
    assert found.conditions.affinity.tolist() == [1.0] * 4
    let_go = _compiled(model, Fold(image=BLOB, cameras=(pan,)), HELD[0], steps=10)
    assert let_go.residual is None
    assert let_go.conditions.image.shape == (4, 4, 8, 8)


def test_M4_a_pan_takes_a_drag_along_and_does_not_halve_it(model: EmbeddedModel) -> None:
    dot = Paint(((16384, 32768),), "#ff0000", 9000)
    drag = Drag((16384, 32768), (32768, 32768), 9000)
    pan = Camera(pan=-UNIT // 4)  # to the left: the picture moves a quarter to the right
    found = _compiled(model, Fold(paint=(dot,), drags=(drag,), cameras=(pan,)), 9, steps=10)
    weight = found.residual.weight[0, 0]
    cells = torch.arange(8.0) + 0.5
    across = [float((frame.sum(dim=0) * cells).sum() / frame.sum()) for frame in weight]
    assert across[0] == pytest.approx(2.0, abs=0.1)
    assert across[-1] == pytest.approx(2.0 + 2.0 + 2.0, abs=0.1)


def test_T10_a_limited_camera_holds_its_frames_and_leaves_the_rest_alone(
    model: EmbeddedModel,
) -> None:
    pan = Camera(pan=UNIT // 4, frames=(1, 2))
    found = _compiled(model, Fold(image=BLOB, motion="left", cameras=(pan,)))
    plain = _compiled(model, Fold(image=BLOB, motion="left"))
    weight = found.residual.weight[0, 0]
    assert [bool(frame.any()) for frame in weight] == [False, True, True, False]
    assert weight[1].min() == 1.0  # it begins its way there
    assert not weight[2][:, 6:].any()
    assert torch.equal(found.conditions.image, plain.conditions.image)
    assert torch.equal(found.conditions.affinity, plain.conditions.affinity)
    # All frames given one by one are the same as none given.
    whole = msgspec.structs.replace(pan, frames=(0, 3))
    assert torch.equal(
        _compiled(model, Fold(image=BLOB, cameras=(whole,))).conditions.image,
        _compiled(
            model, Fold(image=BLOB, cameras=(msgspec.structs.replace(pan, frames=None),))
        ).conditions.image,
    )


_TURNS, _ZOOMS = st.integers(-UNIT, UNIT), st.integers(UNIT // 4, 4 * UNIT)


@budget(max_examples=60, deadline=None)
@given(
    cameras=st.lists(
        st.builds(Camera, _TURNS, _TURNS, _ZOOMS, st.integers(0, UNIT)), min_size=1, max_size=3
    ),
    frame=st.integers(0, 7),
)
def test_any_cameras_show_the_picture_and_weigh_between_0_and_1(
    cameras: list[Camera], frame: int
) -> None:
    seen = view(cameras, frame, 8, 32, 24)
    rows, columns = axes(seen, 24, 32)
    for axis, size in ((rows, 24), (columns, 32)):
        assert ((axis.index >= 0) & (axis.index < size)).all()
        assert (axis.share >= 0).all()
        assert (axis.share.sum(axis=0) == axis.unit).all()
        assert ((axis.inside >= 0) & (axis.inside <= 1)).all()
    flat = np.full((24, 32, 3), 77, dtype=np.uint8)
    ones = np.ones((1, 24, 32))
    warped, inside = look(Warped(flat[None], ones, ones, ones), [seen])
    assert np.array_equal(warped.clip[0], flat)
    for weight in (warped.place, warped.hole, warped.paint):
        assert np.array_equal(weight, inside)
    assert 0 <= hold(cameras) <= 1
    assert sum(holds(cameras)) == pytest.approx(hold(cameras), abs=1e-9)


def test_M4_as_many_cameras_as_there_are_hold_what_they_see_and_no_more() -> None:
    """Float shares of nine add up to more than one, and a residual refuses that."""
    for count in range(1, 41):
        assert hold([Camera(pan=100)] * count) == 1.0
        weak = [Camera(pan=100, strength=UNIT // 3)] * count
        assert hold(weak) == UNIT // 3 / UNIT
    assert max(sum(holds([Camera(pan=100)] * count)) for count in range(1, 41)) > 1


@pytest.mark.parametrize("count", [6, 9, 40])
def test_M4_a_take_with_many_equal_cameras_is_that_with_one(
    model: EmbeddedModel, count: int
) -> None:
    def compiled(cameras: tuple[Camera, ...]) -> Any:
        fold = Fold(image=BLOB, cameras=cameras)
        return Compiler(model, settings(), picture).compile(fold, 0)

    one, many = compiled((Camera(pan=9000),)), compiled((Camera(pan=9000),) * count)
    assert torch.equal(one.residual.weight, many.residual.weight)
    assert torch.equal(one.residual.target, many.residual.target)
