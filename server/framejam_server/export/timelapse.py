"""A session's history as a film: the clip after each gesture, and who did what (R2).

Every clip is computed again from the log, in a process of its own (``recomputing``).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import av
import msgspec
import numpy as np
from numpy.typing import NDArray

from framejam_protocol.events import Entered, Event
from framejam_protocol.fold.pairs import Pair, Reference, pairs, references, wanted
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Settings
from framejam_server.export.captions import Caption, Line, Stage
from framejam_server.export.gestures import Gesture, color_of, gestures_of, words_of
from framejam_server.recomputing import NothingToVerify, Process

Frames = NDArray[np.uint8]

SECONDS: Final = 60.0
SPEED: Final = 1.5
FPS: Final = 24

LONGEST_BEAT: Final = 3.0
SHORTEST_BEAT: Final = 0.8
"""Seconds that a gesture is shown: less cannot be read. Where there are more gestures than that
leaves time for, some are left out."""

_LEAST_BEAT: Final = 0.25
"""Where so many versions have names, and all of them are shown."""

_ENDING: Final = 1 / 3
"""The share of the film that its last clip may take."""

Progress = Callable[[str, int, int], None]
"""Told what is being made, and how many steps of how many are done."""


@dataclass(frozen=True)
class Filmed:
    """What a film shows: ``shown`` of the ``gestures`` there were, in ``seconds``."""

    shown: int
    gestures: int
    seconds: float


@dataclass(frozen=True)
class Beat:
    """One gesture of the film, and all that its clip is a function of."""

    caption: Caption
    settings: Settings
    fps: int
    pairs: Mapping[int, Pair]
    references: Mapping[int, Reference]

    @property
    def key(self) -> str:
        """Equal for equal clips."""
        made = (self.settings, sorted(self.pairs.items()), sorted(self.references.items()))
        return hashlib.sha256(msgspec.msgpack.encode(made)).hexdigest()


def render_timelapse(
    events: Sequence[Event],
    blobs: Path,
    out: Path,
    *,
    model: Path | None = None,
    threads: int = 1,
    seconds: float = SECONDS,
    speed: float = SPEED,
    fps: int = FPS,
    progress: Progress = lambda _what, _done, _of: None,
) -> Filmed:
    """Write an MP4 of the history of ``events``, a log from seq 1 on, to ``out``.

    ``blobs`` is the folder of its reference images, as a server keeps them; ``model`` None is the
    one that ships. The film is at most ``seconds`` long (and a frame or two): where there are more
    gestures than fit, they are sampled evenly, but named versions and the last are shown in any
    case. Clips play ``speed`` times as fast as they are, the last one twice as it is. ``fps`` are
    the frames a second of the film. Blocks. Raises ``NothingToVerify`` where a clip cannot be
    computed or the log is none, and ``OSError`` where the file cannot be written; ``out`` is
    written as a whole or not at all.
    """
    try:
        gestures = gestures_of(events)
        times = _times(events, seconds, speed)
        chosen, beat_s = sampled(gestures, seconds - times.ending, times.beat)
        beats, line = planned(events, gestures, chosen)
    except (ValueError, KeyError, IndexError) as error:
        raise NothingToVerify(f"the log is damaged: {error}") from error
    with (
        tempfile.TemporaryDirectory(prefix="framejam-film-") as folder,
        Process(model, threads) as process,
        _beside(out) as partial,
    ):
        clips = _Clips(process, blobs, Path(folder), beats, progress)
        pictures = _pictures(beats, clips, line, _Pace(beat_s, times.ending, fps))
        count = _encoded(pictures, partial, fps)
    return Filmed(len(beats), len(gestures), count / fps)


def sampled(
    gestures: Sequence[Gesture], seconds: float, wanted_beat: float
) -> tuple[list[int], float]:
    """The places of the gestures that are shown in ``seconds``, and how long each is."""
    count = len(gestures)
    if count * SHORTEST_BEAT <= seconds:
        return list(range(count)), min(wanted_beat, seconds / count)
    room = min(max(int(seconds / SHORTEST_BEAT), 1), count)
    always = [place for place, one in enumerate(gestures) if one.version is not None]
    always = sorted({*always, count - 1})
    if len(always) < room:
        others = sorted(set(range(count)) - set(always))
        return sorted([*always, *_evenly(others, room - len(always))]), seconds / room
    most = max(int(seconds / _LEAST_BEAT), 1)
    shown = always if len(always) <= most else [*_evenly(always[:-1], most - 1), always[-1]]
    return shown, seconds / len(shown)


def planned(
    events: Sequence[Event], gestures: Sequence[Gesture], chosen: Sequence[int]
) -> tuple[list[Beat], Line]:
    """The beats of the gestures that are shown, and the line of all of them.

    A clip has all edits up to its gesture in it: one that had not entered when the next gesture
    came enters where it did later (T7), or else where it wants to (T3). Raises ``ValueError`` where
    the log has a gap.
    """
    said: dict[int, tuple[str, str | None]] = {}
    made: dict[int, tuple[Settings, int, Mapping[int, Pair], Mapping[int, Reference]]] = {}
    lasts = {gestures[place].last for place in chosen}
    settled = {gestures[place].settled for place in chosen}
    entered = _first_entries(events)
    known: Mapping[int, Reference] = {}
    state = State()
    for event in events:
        state.apply(event)
        if event.seq in lasts:
            said[event.seq] = (words_of(state, event), color_of(state, event))
        if event.seq in settled:
            mapping = state.mapping(state.take)
            steps = entered.get(state.take, {})
            for edit in state.pending():
                late = wanted(state, edit, state.take_settings.steps)
                mapping[edit.seq] = steps.get(edit.seq, late)
            known = references(state, mapping, known)
            assert state.settings is not None
            fps = state.settings.fps
            made[event.seq] = (state.take_settings, fps, pairs(state, mapping), known)
    beats = []
    for place in chosen:
        one = gestures[place]
        words, swatch = said[one.last]
        person = state.participants.get(one.author)
        caption = Caption(
            name=person.name if person else "The session",
            color=person.color if person else None,
            words=words,
            note=f"event {one.last}" if place else "",
            place=place,
            swatch=swatch,
            version=one.version,
        )
        beats.append(Beat(caption, *made[one.settled]))
    return beats, _line(state, gestures)


def _line(state: State, gestures: Sequence[Gesture]) -> Line:
    colors = [
        state.participants[one.author].color if one.author in state.participants else None
        for one in gestures
    ]
    versions = (place for place, one in enumerate(gestures) if one.version is not None)
    return Line(colors, frozenset(versions))


def _first_entries(events: Sequence[Event]) -> dict[int, dict[int, int]]:
    """Take -> edit -> the step at which it entered first."""
    found: dict[int, dict[int, int]] = {}
    for event in events:
        if isinstance(event.body, Entered):
            steps = found.setdefault(event.body.take, {})
            for edit in event.body.edits:
                steps.setdefault(edit, event.body.step)
    return found


def _evenly(places: Sequence[int], count: int) -> list[int]:
    """So many of some places, as far from each other as they can be."""
    return [places[(2 * number + 1) * len(places) // (2 * count)] for number in range(count)]


@dataclass(frozen=True)
class _Times:
    """Seconds of a gesture where there is room enough, and of the last clip at the end."""

    beat: float
    ending: float


def _times(events: Sequence[Event], seconds: float, speed: float) -> _Times:
    state = State()
    for event in events:
        state.apply(event)
    if state.settings is None:
        raise ValueError("it has no settings")
    clip_s = state.settings.frames / state.settings.fps
    beat = min(max(clip_s / speed, SHORTEST_BEAT), LONGEST_BEAT)
    return _Times(beat, min(2 * clip_s, seconds * _ENDING))


class _Clips:
    """The clips of a film; equal ones are computed once, and lie on the disk meanwhile."""

    def __init__(
        self, process: Process, blobs: Path, folder: Path, beats: Sequence[Beat], progress: Progress
    ) -> None:
        self._process = process
        self._blobs = blobs
        self._folder = folder
        self._progress = progress
        self._of = sum({beat.key: beat.settings.steps for beat in beats}.values())
        self._done = 0

    def of(self, beat: Beat) -> Frames:
        """The decoded frames (F, H, W, 3). Raises ``NothingToVerify``."""
        target = self._folder / f"{beat.key}.npy"
        if not target.exists():
            begun = self._done
            self._progress(beat.caption.words, begun, self._of)
            self._process.decode(
                beat.settings,
                beat.pairs,
                beat.references,
                self._blobs,
                target,
                lambda step: self._progress(beat.caption.words, begun + step, self._of),
            )
            self._done += beat.settings.steps
        frames: Frames = np.load(target)
        return frames


@dataclass(frozen=True)
class _Pace:
    beat: float
    ending: float
    fps: int


def _pictures(
    beats: Sequence[Beat], clips: _Clips, line: Line, pace: _Pace
) -> Iterator[NDArray[np.uint8]]:
    """Every picture of the film, in order."""
    last = beats[-1]
    stage = Stage(last.settings.width, last.settings.height, line)
    for number, beat in enumerate(beats):
        # Counted from the start: rounding must not add up.
        start, end = (round(at * pace.beat * pace.fps) for at in (number, number + 1))
        frames = clips.of(beat)
        drawn = _drawn(stage, beat, frames)
        for picture in range(end - start):
            yield drawn(picture * len(frames) // (end - start))
    for picture in range(round(pace.ending * pace.fps)):
        yield drawn(picture * last.fps // pace.fps % len(frames))


def _drawn(stage: Stage, beat: Beat, frames: Frames) -> Callable[[int], NDArray[np.uint8]]:
    """The picture of a frame of a beat; each is drawn once."""
    strip = stage.strip(beat.caption)
    return cache(lambda number: stage.frame(strip, frames[number]))


def _encoded(pictures: Iterator[NDArray[np.uint8]], target: Path, fps: int) -> int:
    """Write pictures as H.264 in MP4; how many there were."""
    count = 0
    with av.open(str(target), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "18", "preset": "fast"}
        for picture in pictures:
            if not count:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            count += 1
        container.mux(stream.encode(None))
    return count


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A file to write that takes the place of ``target`` when the block ends well."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".framejam-", suffix=".mp4")
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)
