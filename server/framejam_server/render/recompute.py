"""A take computed again from the log (T2): with everything in it, or without some edits.

The same mapping {live edit -> entry step} gives the same bits as the server's own worker gave,
on the same machine and versions. The model is loaded when the first take is asked for; until
then torch is not imported.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt
import PIL.Image

from framejam_protocol.events import Event
from framejam_protocol.fold.pairs import Pair, Reference, pairs, references
from framejam_protocol.fold.state import FIRST_TAKE, fold
from framejam_protocol.instructions import Outline, Paint, Settings
from framejam_server.render.environment import QUIET

if TYPE_CHECKING:
    from framejam_pipeline.models.contract import VideoModel
    from framejam_pipeline.take import Entry

Frames = npt.NDArray[np.uint8]
"""A clip: (frames, height, width, 3), sRGB."""


@dataclass(frozen=True)
class Recomputed:
    """A finished take: its decoded frames and the SHA-256 of its final latents."""

    frames: Frames
    digest: str


def mapping_of(
    events: Iterable[Event],
    *,
    without: Collection[int] = (),
    revived: Collection[int] = (),
    take: int = FIRST_TAKE,
) -> dict[int, Pair]:
    """The mapping in force after ``events`` (a log from seq 1 on) in take number ``take``.

    Edits and groups named in ``without`` are left out as if they had never been given, undone
    groups named in ``revived`` are in it as if nobody had undone them. Raises ``ValueError``
    where the log has a gap.
    """
    state = fold(events)
    entries = state.entries.get(take, {})
    kept = {seq for seq in entries if state.live(seq) or state.edits[seq].group in revived}
    left_out = {seq for seq in kept if seq in without or state.edits[seq].group in without}
    return pairs(state, {seq: entries[seq] for seq in kept - left_out})


def references_of(events: Iterable[Event], mapping: Collection[int]) -> dict[int, Reference]:
    """What the locks hold that are among the edits of ``mapping``, by the seq of each (T11).

    ``events`` is a log from seq 1 on. Raises ``ValueError`` where it has a gap.
    """
    return references(fold(events), dict.fromkeys(mapping, 0))


def default_settings(folder: Path | None = None, threads: int = 1, seed: int = 0) -> Settings:
    """The settings a new session begins with, of the model in ``folder`` (None: the shipped one).

    Loads the model to find out. Raises the pipeline's errors where that fails.
    """
    from framejam_server.render.process import load_model

    _, facts = load_model(folder, threads)
    return facts.settings(seed)


def entries_of(mapping: Mapping[int, Pair]) -> dict[int, Entry]:
    """Pairs as the pipeline takes them."""
    from framejam_pipeline.take import Entry

    return {seq: Entry(pair.step, pair.instruction, pair.of) for seq, pair in mapping.items()}


def load(folder: Path | None, threads: int) -> VideoModel:
    """The model in ``folder`` (None: the one that ships); torch is imported here at last.

    Raises the pipeline's errors.
    """
    os.environ.update(QUIET)
    import torch

    from framejam_pipeline.models.load import load_model

    torch.set_num_threads(threads)
    return load_model(folder)


class Recomputer:
    """Computes takes of one session; equal ones are computed once.

    ``load_blob`` returns the bytes of a reference image by its blob id. ``model`` is loaded from
    ``folder`` (None: the one that ships) where it is not given; that and ``threads`` must be the
    server's own: another number of threads adds up in another order. Use it from one thread at a
    time.
    """

    def __init__(
        self,
        settings: Settings,
        load_blob: Callable[[str], bytes],
        folder: Path | None = None,
        threads: int = 1,
        model: VideoModel | None = None,
    ) -> None:
        self._settings = settings
        self._load_blob = load_blob
        self._folder = folder
        self._threads = threads
        self._model = model
        self._known: dict[bytes, Recomputed] = {}

    def compute(
        self,
        mapping: Mapping[int, Pair],
        references: Mapping[int, Reference] | None = None,
        *,
        settings: Settings | None = None,
        stepped: Callable[[int], None] | None = None,
    ) -> Recomputed:
        """The finished take of ``mapping``; takes as long as denoising the clip once.

        ``references`` are what the locks in it hold (T11). ``settings`` are those of another take
        of the session than the one the recomputer was made for. ``stepped`` is told after every
        step how many are done. Raises the pipeline's errors where the model is missing or an image
        cannot be read.
        """
        made_with = self._settings if settings is None else settings
        held = dict(references or {})
        key = msgspec.msgpack.encode((made_with, sorted(mapping.items()), sorted(held.items())))
        if key not in self._known:
            self._known[key] = self._denoise(made_with, mapping, held, stepped)
        return self._known[key]

    def _denoise(
        self,
        settings: Settings,
        mapping: Mapping[int, Pair],
        references: Mapping[int, Reference],
        stepped: Callable[[int], None] | None,
    ) -> Recomputed:
        from framejam_pipeline.checkpoint import CheckpointStore
        from framejam_pipeline.take import Take

        # It runs straight through: there is nothing to go back to.
        take = Take(self._loaded(), settings, self._open, CheckpointStore(budget=0))
        take.follow(
            entries_of(mapping),
            {seq: (held.settings, entries_of(held.pairs)) for seq, held in references.items()},
        )
        while not take.done:
            take.step()
            if stepped is not None:
                stepped(take.position)
        return Recomputed(take.frames(), take.digest())

    def _loaded(self) -> VideoModel:
        if self._model is None:
            self._model = load(self._folder, self._threads)
        return self._model

    def _open(self, blob: str) -> PIL.Image.Image:
        return PIL.Image.open(io.BytesIO(self._load_blob(blob)))


def coverage(stroke: Paint, width: int, height: int) -> npt.NDArray[np.float64]:
    """The share of every pixel that a stroke covers: (height, width), 0 to 1."""
    from framejam_pipeline.paint import coverage as covered

    return covered(stroke, width, height)


def outlined(outline: Outline, width: int, height: int) -> npt.NDArray[np.float64]:
    """The share of every pixel inside a closed line: (height, width), 0 to 1."""
    from framejam_pipeline.outline import inside

    return inside(outline, width, height)
