"""What a new session begins with."""

import pytest

from framejam_server.app import FINE, first_settings
from framejam_server.config import Config
from framejam_server.render.pipe import Ready

READY = Ready("m", "hash", 64, 64, 16, 8, 100, {}, {}, 8, 16)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, 8),
        ({"quality": "fine"}, 8 * FINE),
        ({"steps": 5}, 5),
        ({"steps": 5, "quality": "fine"}, 5),
    ],
)
def test_quality_chooses_the_steps_unless_they_are_said(options, steps):
    assert first_settings(Config(**options), READY).steps == steps


def test_a_seed_is_taken_or_drawn():
    assert first_settings(Config(seed=7), READY).seed == 7
    drawn = {first_settings(Config(), READY).seed for _ in range(3)}
    assert len(drawn) > 1
