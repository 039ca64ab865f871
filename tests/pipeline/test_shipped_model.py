"""The weights that ship with the package, where they are there: they load and they do something.

How good they are is measured by the training's own metrics; here only gross faults would show,
such as latents scaled another way than the networks expect.
"""

from __future__ import annotations

import numpy as np
import pytest
from tiny import settings

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.decode import final_frames, preview_frames
from framejam_pipeline.displacement import Displacements, Motion
from framejam_pipeline.entries import Fold
from framejam_pipeline.image import Pixels
from framejam_pipeline.matte import cut_out, fill
from framejam_pipeline.models.embedded import SHIPPED, EmbeddedModel
from framejam_pipeline.take import Entry, Take
from framejam_pipeline.warp import warp
from framejam_protocol.instructions import Content, Drag, Paint

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (SHIPPED / "model_index.json").exists(), reason="no weights here"),
]

CAPTION = "a big red butterfly over a green meadow in the centre"
CORNER = Paint(points=((8000, 8000), (20000, 8000)), color="#ff00ff", width=12000)


@pytest.fixture(scope="module")
def shipped() -> EmbeddedModel:
    return EmbeddedModel.load()


def _picture(shipped: EmbeddedModel, caption: str) -> Pixels:
    size = settings(width=64, height=64)
    compiler = Compiler(shipped, size, lambda blob: pytest.fail("no image was given"))
    return compiler.intermediate(Fold(content=caption)).pixels


def _error(one: Pixels, other: Pixels) -> float:
    """Mean difference of two pictures, in bytes."""
    return float(np.abs(one.astype(float) - other).mean())


def test_every_word_of_its_vocabulary_is_one_token(shipped: EmbeddedModel) -> None:
    for phrases in shipped.spec.vocabulary.values():
        for phrase in phrases:
            ids = shipped._tokenizer(phrase, add_special_tokens=False).input_ids
            assert len(ids) == len(phrase.split())


def test_a_picture_survives_encoding_decoding_and_projection(shipped: EmbeddedModel) -> None:
    picture = _picture(shipped, CAPTION)
    latents = shipped.encode_image(picture).unsqueeze(2)
    decoded = final_frames(shipped, latents)[0]
    assert _error(decoded, picture) < 12
    assert _error(preview_frames(shipped, latents)[0], decoded) < 16


def test_words_decide_what_the_picture_shows(shipped: EmbeddedModel) -> None:
    meadow = _picture(shipped, CAPTION)
    night = _picture(shipped, CAPTION.replace("over a green meadow", "at night"))
    assert meadow.mean() > night.mean() + 20
    assert _error(meadow, _picture(shipped, CAPTION)) == 0.0


def test_a_clip_keeps_to_its_image_and_takes_paint(shipped: EmbeddedModel) -> None:
    size = settings(width=64, height=64, frames=8, steps=4)
    take = Take(shipped, size, lambda blob: pytest.fail("no image was given"))
    take.follow({1: Entry(0, Content(CAPTION))})
    while not take.done:
        take.step()
    plain = take.frames()
    assert _error(plain[0], _picture(shipped, CAPTION)) < 20
    take.follow({1: Entry(0, Content(CAPTION)), 2: Entry(1, CORNER)})
    while not take.done:
        take.step()
    painted = take.frames()
    assert _error(painted[:, 5:11, 8:20], np.array([255, 0, 255], dtype=np.uint8)) < 50
    assert _error(painted[:, 32:], plain[:, 32:]) < 12


STAR = "a medium purple star at night in the centre"
DRAG = Drag(start=(32768, 32768), end=(47104, 28672), radius=18432)  # by (14, -4) pixels


@pytest.mark.parametrize("entry", [0, 2])
def test_a_dragged_object_stands_where_it_was_dragged_and_nowhere_else(
    shipped: EmbeddedModel, entry: int
) -> None:
    size = settings(width=64, height=64, frames=16, steps=8, seed=12)
    take = Take(shipped, size, lambda blob: pytest.fail("no image was given"))

    def finished(mapping: dict[int, Entry]) -> Pixels:
        take.follow(mapping)
        while not take.done:
            take.step()
        return take.frames()

    plain = finished({1: Entry(0, Content(STAR))})
    moved = finished({1: Entry(0, Content(STAR)), 2: Entry(entry, DRAG)})
    field = Displacements.of_drags(64, 64).of([DRAG])
    empty = fill(plain[0].astype(float), cut_out(plain[0], field.region) > 0)

    def centre(frame: Pixels) -> np.ndarray:
        """Where what stands out from the empty sky is."""
        apart = np.abs(frame - empty).max(axis=-1)
        rows, columns = np.nonzero((apart > 60) & (plain[0].max(axis=-1) < 200))
        return np.array([columns.mean(), rows.mean()])

    assert np.abs(centre(moved[0]) - centre(plain[0])).max() < 1.0
    assert np.abs(centre(moved[-1]) - centre(plain[0]) - (14, -4)).max() < 1.5
    assert np.abs(centre(moved[6]) - centre(plain[0])).max() > 3.0
    warped = warp(plain[0], np.zeros((64, 64)), Motion.through(field, 16))
    assert _error(moved[-1][warped.hole[-1] > 0.5], empty[warped.hole[-1] > 0.5]) < 15
    still = (warped.hole[-1] == 0) & (warped.place[-1] == 0)
    assert _error(moved[-1][still], plain[-1][still]) < 5
