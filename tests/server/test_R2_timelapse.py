"""R2: the time-lapse of a real session: every gesture of it is a beat, with its own clip."""

from __future__ import annotations

import asyncio
import json
import os
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from running import Raw, RunningServer

import framejam_pipeline
from framejam_protocol.events import Event
from framejam_server.export.timelapse import Filmed, render_timelapse
from framejam_server.recomputing import NothingToVerify
from framejam_server.store.reading import read_session

pytestmark = pytest.mark.slow

SHIPPED = Path(framejam_pipeline.__path__[0]) / "models" / "embedded"
CLIP = 512
"""Pixels of the clip in the film; below it is the caption."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """A data folder, and the log of the session in it."""
    server = RunningServer(tmp_path_factory.mktemp("film") / "data", SHIPPED)
    try:
        asyncio.run(_edit(server))
    finally:
        server.kill()
    folder = server.log.with_suffix("")
    kept = read_session(folder / "framejam.db", server.session)
    assert kept is not None
    return folder, list(kept.events)


async def _edit(server: RunningServer) -> None:
    """Five gestures, a comment that is none, and a named version."""
    picture = _photo()
    raw = await server.join(name="Mira", color="#e4572e")
    _, body = server.call("POST", f"/api/sessions/{server.session}/blobs", raw.token, picture)
    await raw.content("a big red fish in the centre")
    await raw.command(type="edit", instruction={"kind": "image", "blob": json.loads(body)["blob"]})
    await raw.command(type="mark", name="first cut")
    await raw.command(
        type="edit", instruction={"kind": "comment", "text": "nice", "at": [9, 9], "frame": 0}
    )
    await _settled(raw)
    await raw.paint("#ffd400", depth=65536)
    await _settled(raw)
    await raw.command(type="undo")
    await raw.command(type="restore", to=2)
    await _finished(raw)
    await raw.close()


async def _settled(raw: Raw) -> None:
    """Until the newest edit is in a finished take, and is where it wants to be (T3)."""
    await _finished(raw)
    await asyncio.sleep(0.6)
    await _finished(raw)


async def _finished(raw: Raw) -> None:
    newest = max(message["seq"] for message in raw.messages if message["type"] == "ack")
    await raw.wait_for(
        lambda m: m["type"] == "take" and m["state"] == "finished" and m["seq"] >= newest, 60
    )


def _photo() -> bytes:
    import framejam

    return (Path(framejam.__path__[0]) / "demo_photos" / "coffee.jpg").read_bytes()


def filmed(data: tuple[Path, list[Event]], out: Path, **options: object) -> Filmed:
    folder, events = data
    return render_timelapse(events, folder / "blobs", out, model=SHIPPED, **options)


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def beats(frames: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Frames in a row with the same caption."""
    found = [[frames[0]]]
    for before, frame in pairwise(frames):
        strips = (one[CLIP:].astype(int) for one in (before, frame))
        if np.abs(next(strips) - next(strips)).max() > 100:
            found.append([])
        found[-1].append(frame)
    return found


@pytest.fixture(scope="module")
def film(data, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Filmed, list[tuple]]:
    out = tmp_path_factory.mktemp("out") / "film.mp4"
    told: list[tuple] = []
    return out, filmed(data, out, progress=lambda *one: told.append(one)), told


def test_R2_every_gesture_is_a_beat_and_the_last_clip_plays_twice_more(film):
    out, said, _ = film
    shown = pictures(out)
    assert shown[0].shape == (636, CLIP, 3)
    found = beats(shown)
    assert said.shown == said.gestures == len(found) == 6  # one is the session as it began
    assert len(shown) == round(said.seconds * 24)
    lengths = [len(one) for one in found]
    assert max(lengths[:-1]) - min(lengths[:-1]) <= 1
    with av.open(str(out)) as container:
        assert container.streams.video[0].average_rate == 24
    assert lengths[-1] == pytest.approx(lengths[0] + 2 * 16 / 8 * 24, abs=2)


def clip_of(beat: list[np.ndarray]) -> np.ndarray:
    return np.stack([frame[:CLIP] for frame in beat]).astype(float)


def test_R2_each_beat_shows_its_own_clip(film):
    began, typed, photo, painted, undone, restored = (
        clip_of(one).mean(axis=0) for one in beats(pictures(film[0]))
    )

    def apart(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.abs(one - other).mean())

    for one, other in ((began, typed), (typed, photo), (photo, painted), (painted, undone)):
        assert apart(one, other) > 1, "the gesture must be seen"
    assert apart(photo, undone) < 1 < apart(photo, painted) / 3  # the undo brings it back
    assert apart(undone, restored) > 1
    assert apart(began, restored) < 1  # event 2 is before everything
    photo_itself = np.asarray(Image.open(_blob()).convert("RGB").resize((CLIP, CLIP)), float)
    assert apart(photo, photo_itself) < apart(typed, photo_itself)


def _blob() -> Path:
    import framejam

    return Path(framejam.__path__[0]) / "demo_photos" / "coffee.jpg"


def test_R2_a_clip_plays_within_its_beat(film):
    for beat in beats(pictures(film[0]))[1:3]:
        clip = clip_of(beat)
        moved = [np.abs(one - other).mean() for one, other in pairwise(clip)]
        assert sum(one > 0.3 for one in moved) >= 8, moved


def test_R2_equal_clips_are_computed_once_and_progress_goes_up_to_its_end(film):
    _, _, told = film
    done = [(done, of) for _, done, of in told]
    assert done == sorted(done)
    assert done[-1][0] == done[-1][1] == 4 * 8  # of six beats two are as others
    assert told[0][0] == "as it began"


def test_R2_no_more_seconds_than_asked_for_and_the_version_is_in_it(data, tmp_path):
    said = filmed(data, tmp_path / "short.mp4", seconds=3.0)
    assert (said.shown, said.gestures) == (2, 6)
    shown = beats(pictures(tmp_path / "short.mp4"))
    assert len(shown) == 2
    assert said.seconds <= 3.1
    warm = clip_of(shown[0]).mean(axis=(0, 1, 2))
    assert warm[0] > warm[2]  # coffee: the version was named when the photo was in


def test_R2_where_a_picture_is_missing_nothing_is_written(data, tmp_path):
    out = tmp_path / "film.mp4"
    out.write_text("the film before")
    with pytest.raises(NothingToVerify):
        render_timelapse(data[1], tmp_path / "nowhere", out, model=SHIPPED)
    assert out.read_text() == "the film before"
    assert os.listdir(tmp_path) == ["film.mp4"]


def test_R2_a_log_with_a_gap_is_no_film(data, tmp_path):
    with pytest.raises(NothingToVerify, match="damaged"):
        render_timelapse(data[1][1:], data[0], tmp_path / "film.mp4", model=SHIPPED)
    with pytest.raises(NothingToVerify, match="damaged"):
        render_timelapse([], data[0], tmp_path / "film.mp4", model=SHIPPED)
    assert os.listdir(tmp_path) == []
