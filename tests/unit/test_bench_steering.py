"""What acts in places stands beside the unedited take, and names what a restart reaches."""

from __future__ import annotations

from framejam_server.bench.steering import places

SCORES = {
    "trajectory": {
        "error_px_late": 1.5,
        "error_px_unedited": 9.0,
        "error_px_restart": 1.25,
        "elsewhere_late": 0.01,
        "elsewhere_unedited": 0.0,
        "elsewhere_restart": 0.04,
    },
    "trajectories": {
        "error_px_late": 2.0,
        "error_px_unedited": 8.0,
        "error_px_restart": 2.5,
        "elsewhere_late": 0.02,
        "elsewhere_unedited": 0.0,
        "elsewhere_restart": 0.05,
    },
    "camera": {
        "error_px_late": 0.5,
        "error_px_unedited": 6.0,
        "error_px_restart": 0.75,
        "zoom_late": 0.03,
        "zoom_unedited": 0.2,
        "zoom_restart": 0.02,
    },
    "lock": {
        "latents_late": 0.0,
        "latents_restart": 0.5,
        "latents_unlocked": 3.0,
        "inside_late": 2.0,
        "inside_unlocked": 60.0,
    },
    "region_instead": {"subject": 0.9, "colour": 1.0, "outside": 0.0},
    "region_beside": {"subject": 0.5, "colour": 0.75, "outside": 0.25},
    "strokes": {
        "pasted": {"seam": 8.0, "surprise": 0.6, "colour_error": 0.1},
        "through_p_img": {"seam": 4.0, "surprise": 0.5, "colour_error": 0.2},
    },
}


def test_a_late_edit_stands_beside_the_unedited_take_and_a_restart() -> None:
    found = places(SCORES)
    error = found["trajectory_error_px"]
    assert (error.value, error.baseline, error.unit) == (1.5, 9.0, "px")
    assert "restart with it: 1.25" in error.note
    assert found["objects_error_px"].value == 2.0
    assert found["camera_zoom_error"].baseline == 0.2


def test_a_lock_that_leaks_in_a_restart_leaks() -> None:
    assert places(SCORES)["lock_leakage"].value == 0.5
    assert places(SCORES)["lock_leakage"].baseline == 3.0


def test_regions_and_strokes_through_p_img_are_there() -> None:
    found = places(SCORES)
    assert found["region_beside_subject"].value == 0.5
    assert found["region_beside_outside_bytes"].value == 0.25
    assert (found["p_img_stroke_seam"].value, found["p_img_stroke_seam"].baseline) == (4.0, 8.0)
