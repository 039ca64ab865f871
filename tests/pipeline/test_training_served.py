"""What measures trajectories, cameras and locks: it finds what is there, and the model obeys."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from framejam_pipeline.camera import View, look
from framejam_pipeline.models.embedded import SHIPPED, EmbeddedModel
from framejam_pipeline.residual import FIXED_POINT
from framejam_pipeline.training.measure_camera import camera_scores, find_view
from framejam_pipeline.training.measure_lock import lock_scores
from framejam_pipeline.training.measure_trajectory import make_case, trajectory_scores
from framejam_pipeline.training.served import shifts
from framejam_pipeline.training.world import World
from framejam_pipeline.warp import Warped
from framejam_protocol.instructions import Settings

CLIP = Settings(
    model="embedded", seed=1, steps=8, frames=16, width=64, height=64, fps=8, guidance=100
)


def _noise(seed: int) -> torch.Tensor:
    frames = torch.rand((3, 64, 64), generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.avg_pool2d(frames[None], 5, 1, 2)[0]


@pytest.mark.parametrize("by", [(0, 0), (7, -4), (-20, 13)])
def test_a_thing_is_found_where_it_was_put(by: tuple[int, int]) -> None:
    thing, weight = _noise(1), torch.zeros((64, 64))
    weight[24:40, 26:38] = 1.0
    frame = _noise(2)
    rows, columns = slice(24 + by[1], 40 + by[1]), slice(26 + by[0], 38 + by[0])
    frame[:, rows, columns] = thing[:, 24:40, 26:38]
    where, cost = shifts(frame[None], thing, weight, 24)
    assert where[0].tolist() == pytest.approx(by, abs=0.2)
    assert float(cost[0]) == pytest.approx(0.0, abs=1e-4)
    _, misfit = shifts(_noise(3)[None], thing, weight, 24)
    assert float(misfit[0]) > 1e-3


@pytest.mark.parametrize(("pan", "tilt", "zoom"), [(0, 0, 1.0), (9, -6, 1.0), (-5, 4, 1.4)])
def test_a_view_is_found_by_what_it_shows(pan: int, tilt: int, zoom: float) -> None:
    picture = (_noise(4) * 255).byte().permute(1, 2, 0).numpy()
    nothing = np.zeros((1, 64, 64))
    seen = View(pan * FIXED_POINT, tilt * FIXED_POINT, round(zoom * FIXED_POINT))
    moved, _ = look(Warped(picture[None], nothing, nothing, nothing), [seen])
    middle, found = find_view(moved.clip[0], picture)
    assert middle.tolist() == pytest.approx([pan, tilt], abs=0.4)
    assert found == pytest.approx(zoom, rel=0.03)


def test_the_paths_of_a_case_stay_in_the_frame_and_its_objects_are_drawn() -> None:
    world = World(torch.device("cpu"))
    case = make_case(world, 2, torch.Generator().manual_seed(5))
    assert len(case.moves) == 2
    for move in case.moves:
        assert all(0 < value < 65536 for point in move.path for value in point)
    alone = (case.layers[:, 3] > 0.9).any(dim=0)
    apart = np.abs(case.picture / 255 - case.backdrop.permute(1, 2, 0).numpy()).max(axis=-1)
    assert alone.sum() > 100
    assert apart[alone.numpy()].mean() > 0.05


@pytest.fixture(scope="module")
def shipped() -> EmbeddedModel:
    if not (SHIPPED / "model_index.json").exists():
        pytest.skip("no weights here")
    return EmbeddedModel.load()


@pytest.mark.slow
def test_objects_follow_their_paths_and_the_rest_stays(shipped: EmbeddedModel) -> None:
    world = World(torch.device("cpu"))
    for objects in (1, 2):
        scores = trajectory_scores(shipped, world, CLIP, 1, objects)
        assert scores["error_px_late"] <= scores["error_px_truth"] + 1.0
        assert scores["error_px_late"] < 0.5 * scores["error_px_unedited"]
        assert scores["elsewhere_late"] <= 0.03


@pytest.mark.slow
def test_the_view_is_where_the_camera_is(shipped: EmbeddedModel) -> None:
    scores = camera_scores(shipped, World(torch.device("cpu")), CLIP, 1)
    assert scores["error_px_late"] <= scores["error_px_truth"] + 1.0
    assert scores["zoom_late"] <= scores["zoom_truth"] + 0.05
    assert scores["error_px_late"] < 0.5 * scores["error_px_unedited"]


@pytest.mark.slow
def test_T11_what_is_locked_stays_in_the_decoded_frames(shipped: EmbeddedModel) -> None:
    scores = lock_scores(shipped, World(torch.device("cpu")), CLIP, 1)
    assert scores["latents_late"] == scores["latents_restart"] == 0.0
    assert scores["inside_late"] <= 2.0
    assert scores["inside_unlocked"] > 20.0
