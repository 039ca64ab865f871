"""M4: trajectories: along a path at an even speed, several at once, in any order, no residue."""

from __future__ import annotations

import itertools
from collections import Counter
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from tiny import picture, settings

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.displacement import Displacements, Motions
from framejam_pipeline.drag import HELD
from framejam_pipeline.entries import Fold
from framejam_pipeline.image import Pixels
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Entry, Take
from framejam_pipeline.trajectory import count_trajectory, travelled
from framejam_pipeline.warp import Warped, warp
from framejam_protocol.instructions import Drag, Image, Paint, Trajectory

UNIT = 65536
EDGE = 64
BLOB = "00000003" * 8
GREY, RED, BLUE = (100, 110, 120), (220, 30, 20), (20, 40, 220)
PEOPLE = [
    Trajectory(((30000, 30000), (50000, 31000), (9000, 9000)), 14000),
    Trajectory(((34000, 33000), (20000, 60001)), 12003, 30001),
    Trajectory(((20000, 20000), (20007, 3000), (30000, 3001)), 9001, 12345, (2, 9)),
    Trajectory(((40000, 40000), (70000, -5000)), 20000, 65535),
    Trajectory(((40000, 40000), (100, 90), (40000, 40000)), 20000, 1, (0, 4)),
]


def _path(*points: tuple[float, float], radius: float = 11, **fields: Any) -> Trajectory:
    """A trajectory given in pixels of a 64 x 64 frame."""
    wire = tuple((round(x * UNIT / EDGE), round(y * UNIT / EDGE)) for x, y in points)
    return Trajectory(wire, round(radius * UNIT / EDGE), **fields)


def _scene(*squares: tuple[int, int, tuple[int, int, int]]) -> Pixels:
    """Squares of 12 x 12 pixels about their middles on grey."""
    image = np.full((EDGE, EDGE, 3), GREY, dtype=np.uint8)
    for x, y, color in squares:
        image[y - 6 : y + 6, x - 6 : x + 6] = color
    return image


def _warp(image: Pixels, moves: list[Trajectory], drags: Any = (), clip: int = 16) -> Warped:
    motion = Motions(EDGE, EDGE, clip).motion(drags, moves, range(clip))
    return warp(image, np.zeros((EDGE, EDGE)), motion)


def _centres(warped: Warped, color: tuple[int, int, int]) -> np.ndarray[Any, Any]:
    """The middle, (x, y), of what is more like ``color`` than grey, in each frame."""
    way = np.subtract(color, GREY)
    share = np.clip((warped.clip - np.array(GREY)) @ way / (way @ way), 0.0, 1.0)
    rows, columns = np.mgrid[0:EDGE, 0:EDGE] + 0.5
    total = share.sum(axis=(1, 2))
    middles = [(share * side).sum(axis=(1, 2)) / total for side in (columns, rows)]
    return np.stack(middles, axis=1)


def test_the_path_is_followed_at_an_even_speed_however_its_points_are_spread() -> None:
    right = [(20.0, 32.0), (44.0, 32.0)]
    crowded = [(20.0, 32.0), (20.5, 32.0), (21.0, 32.0), (21.0, 32.0), (30.0, 32.0), (44.0, 32.0)]
    for points in (right, crowded):
        way = travelled(_path(*points), EDGE, EDGE, 16)
        assert way[:, 0] == pytest.approx(np.arange(16) * 24 / 15, abs=1e-3)
        assert way[:, 1] == pytest.approx(np.zeros(16), abs=1e-9)


def test_corners_of_the_path_are_turned_and_its_length_is_in_pixels() -> None:
    # On a frame twice as wide as high, a way of equal units is twice as long across.
    bend = Trajectory(((0, 0), (UNIT // 4, 0), (UNIT // 4, UNIT // 2)), 1000)
    way = travelled(bend, 128, 64, 5)
    expected = [(0, 0), (16, 0), (32, 0), (32, 16), (32, 32)]
    assert np.abs(way - expected).max() < 1e-9


def test_a_path_that_goes_nowhere_and_one_in_a_single_frame_rest() -> None:
    assert not travelled(_path((20, 20), (20, 20), (20, 20)), EDGE, EDGE, 9).any()
    assert travelled(_path((20, 20), (40, 20)), EDGE, EDGE, 1).tolist() == [[0.0, 0.0]]


def test_there_and_back_ends_where_it_began() -> None:
    way = travelled(_path((20, 20), (40, 20), (20, 20)), EDGE, EDGE, 5)
    assert way[:, 0].tolist() == pytest.approx([0, 10, 20, 10, 0], abs=1e-3)


def test_the_object_is_in_each_frame_where_its_path_is() -> None:
    moved = _path((20, 20), (44, 20), (44, 44))
    warped = _warp(_scene((20, 20, RED)), [moved])
    expected = travelled(moved, EDGE, EDGE, 16) + 20.0
    assert np.abs(_centres(warped, RED) - expected).max() < 0.02
    assert np.array_equal(warped.clip[0], _scene((20, 20, RED)))
    # What it left is filled with what is around it.
    assert np.abs(warped.clip[-1][14:26, 14:26].astype(int) - GREY).max() == 0
    assert warped.hole[-1][14:26, 14:26].min() == 1.0
    assert warped.place[-1].sum() == pytest.approx(144, rel=1e-3)


def test_two_objects_each_follow_their_own_path_at_once() -> None:
    one, other = _path((16, 16), (48, 16)), _path((16, 48), (48, 48), (48, 44))
    image = _scene((16, 16, RED), (16, 48, BLUE))
    warped = _warp(image, [one, other])
    for color, moved, at in ((RED, one, (16, 16)), (BLUE, other, (16, 48))):
        expected = travelled(moved, EDGE, EDGE, 16) + at
        assert np.abs(_centres(warped, color) - expected).max() < 0.02
    alone = _warp(image, [one])
    assert np.array_equal(alone.clip[:, :30], warped.clip[:, :30])


def test_M4_drags_and_trajectories_of_one_place_are_averaged_as_vectors() -> None:
    along = _path((32, 32), (32, 52))
    across = Drag((UNIT // 2, UNIT // 2), (UNIT // 2 + 16 * 1024, UNIT // 2), along.radius)
    motion = Motions(EDGE, EDGE, 16).motion([across], [along], range(16))
    assert motion.vectors(15)[:, 32, 32] == pytest.approx([8.0, 10.0], abs=1e-3)
    assert motion.vectors(0)[:, 32, 32].tolist() == [0.0, 0.0]
    twice = Motions(EDGE, EDGE, 16).motion([], [along, along], range(16))
    assert twice.vectors(9)[:, 32, 32] == pytest.approx([0.0, 12.0], abs=1e-3)


def test_M4_strengths_are_averaged_as_the_vectors_are() -> None:
    strong = _path((32, 32), (40, 32))
    weak = msgspec.structs.replace(strong, strength=UNIT // 4)
    motion = Motions(EDGE, EDGE, 16).motion([], [strong, weak], range(16))
    assert motion.strength[32, 32] == 0.625
    assert motion.region[32, 32] == 1.0


def test_M4_the_order_of_people_does_not_matter() -> None:
    image = np.random.default_rng(1).integers(0, 256, (EDGE, EDGE, 3), dtype=np.uint8)
    people = [person for person in PEOPLE if person.frames is None]
    drags = [Drag((30000, 30000), (50000, 31000), 14000)]
    expected = _warp(image, people, drags)
    for order in itertools.permutations(people):
        warped = _warp(image, list(order), drags)
        for field in ("clip", "place", "hole"):
            assert np.array_equal(getattr(warped, field), getattr(expected, field))


def test_M4_taking_one_out_leaves_no_residue_in_any_frame() -> None:
    known = Displacements.of_trajectories(EDGE, EDGE, 10)
    everybody = known.of(PEOPLE)
    count = partial(count_trajectory, clip=10)
    for leaving in PEOPLE:
        others = [person for person in PEOPLE if person is not leaving]
        alone = Displacements.of_trajectories(EDGE, EDGE, 10).of(others)
        assert np.array_equal(everybody.towards(Counter(others), count).sums, alone.sums)
        assert not np.array_equal(everybody.sums, alone.sums)
    assert not everybody.towards(Counter(), count).sums.any()


def test_M4_one_more_or_less_costs_that_one_only(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    def watch(sums: Any, person: Trajectory, sign: int) -> None:
        counted.append(sign)
        count_trajectory(sums, person, sign, clip=16)

    known = Displacements.of_trajectories(EDGE, EDGE, 16)
    monkeypatch.setattr(known, "_count", watch)
    crowd = [_path((index % 60, index // 5), (3, 4), radius=4) for index in range(200)]
    known.of(crowd[:-1])
    counted.clear()
    known.of(crowd)
    assert counted == [1]
    known.of(crowd[1:])
    assert counted == [1, -1]


def test_a_trajectory_beyond_the_frame_moves_nothing() -> None:
    image = _scene((20, 20, RED))
    warped = _warp(image, [_path((-40, 20), (40, 20))])
    assert np.array_equal(warped.clip, np.repeat(image[None], 16, axis=0))
    assert not warped.place.any()
    out = _warp(image, [_path((20, 20), (20, -60))])
    assert np.array_equal(out.clip[-1], _scene())


def _compiled(model: EmbeddedModel, fold: Fold, step: int, **changes: Any) -> Any:
    return Compiler(model, settings(**changes), picture).compile(fold, step)


def test_steps_hold_what_moves_for_the_share_of_the_steps_that_drags_have(
    model: EmbeddedModel,
) -> None:
    moved = Trajectory(((20000, 20000), (50000, 20000)), 16000)
    last = HELD[0] - 1
    fold = Fold(image=BLOB, trajectories=(moved,))
    inside = _compiled(model, fold, last, steps=10)
    assert float(inside.residual.weight.max()) > 0.9
    assert inside.conditions.image.shape == (4, 4, 8, 8)
    assert inside.conditions.affinity.tolist() == [1.0] * 4
    assert _compiled(model, fold, last + 1, steps=10).residual is None


def test_T10_a_limited_trajectory_makes_its_way_in_its_frames_and_holds_nothing_outside(
    model: EmbeddedModel,
) -> None:
    moved = Trajectory(((20000, 20000), (50000, 20000)), 16000, frames=(1, 2))
    found = _compiled(model, Fold(image=BLOB, trajectories=(moved,)), 0)
    plain = _compiled(model, Fold(image=BLOB), 0)
    weights = found.residual.weight[0, 0]
    assert [bool(frame.any()) for frame in weights] == [False, True, True, False]
    assert torch.equal(found.conditions.image, plain.conditions.image)
    # It stands at its start in frame 1 and at its end in frame 2.
    there = Motions(32, 32, 4).motion([], [moved], [1, 2])
    assert there.vectors(0).any() == np.False_
    assert there.vectors(1)[0].max() == pytest.approx(30000 / UNIT * 32, abs=1e-3)


def test_paint_moves_along_the_path(model: EmbeddedModel) -> None:
    dot = Paint(((16000, 16000),), "#ff0000", 9000)
    moved = Trajectory(((16000, 16000), (48768, 16000), (48768, 48768)), 9000)
    found = _compiled(model, Fold(paint=(dot,), trajectories=(moved,)), 9, steps=10)
    weight = found.residual.weight[0, 0]
    cells = torch.arange(8.0) + 0.5
    across = [float((frame.sum(dim=0) * cells).sum() / frame.sum()) for frame in weight]
    down = [float((frame.sum(dim=1) * cells).sum() / frame.sum()) for frame in weight]
    assert across[-1] - across[0] == pytest.approx(4.0, abs=0.1)
    assert down[-1] - down[0] == pytest.approx(4.0, abs=0.1)


def test_M4_the_order_of_people_does_not_matter_for_the_finished_latents(
    model: EmbeddedModel,
) -> None:
    def finished(order: tuple[Trajectory, ...]) -> torch.Tensor:
        take = Take(model, settings(steps=2), picture)
        edits: list[Any] = [Image(BLOB), *order]
        take.follow({seq: Entry(0, edit) for seq, edit in enumerate(edits)})
        while not take.done:
            take.step()
        return take.latents()

    expected = finished(tuple(PEOPLE[:4]))
    for order in itertools.permutations(PEOPLE[:4]):
        assert float((finished(order) - expected).abs().max()) == 0.0
    assert not torch.equal(finished(tuple(PEOPLE[:3])), expected)
