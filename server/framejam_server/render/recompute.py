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

import numpy as np
import numpy.typing as npt
import PIL.Image

from framejam_protocol.events import Event
from framejam_protocol.fold.pairs import Pair, pairs
from framejam_protocol.fold.state import FIRST_TAKE, fold
from framejam_protocol.instructions import Paint, Settings
from framejam_server.render.environment import QUIET

if TYPE_CHECKING:
    from framejam_pipeline.models.contract import VideoModel

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


def default_settings(folder: Path | None = None, threads: int = 1, seed: int = 0) -> Settings:
    """The settings a new session begins with, of the model in ``folder`` (None: the shipped one).

    Loads the model to find out. Raises the pipeline's errors where that fails.
    """
    from framejam_server.render.process import load_model

    _, facts = load_model(folder, threads)
    return facts.settings(seed)


class Recomputer:
    """Computes takes of one session; equal mappings are computed once.

    ``load_blob`` returns the bytes of a reference image by its blob id. ``folder`` (None: the
    model that ships) and ``threads`` must be the server's own: another number of threads adds up
    in another order. Use it from one thread at a time.
    """

    def __init__(
        self,
        settings: Settings,
        load_blob: Callable[[str], bytes],
        folder: Path | None = None,
        threads: int = 1,
    ) -> None:
        self._settings = settings
        self._load_blob = load_blob
        self._folder = folder
        self._threads = threads
        self._model: VideoModel | None = None
        self._known: dict[tuple[tuple[int, Pair], ...], Recomputed] = {}

    def compute(self, mapping: Mapping[int, Pair]) -> Recomputed:
        """The finished take of ``mapping``; takes as long as denoising the clip once.

        Raises the pipeline's errors where the model is missing or an image cannot be read.
        """
        key = tuple(sorted(mapping.items(), key=lambda pair: pair[0]))
        if key not in self._known:
            self._known[key] = self._denoise(mapping)
        return self._known[key]

    def _denoise(self, mapping: Mapping[int, Pair]) -> Recomputed:
        from framejam_pipeline.checkpoint import CheckpointStore
        from framejam_pipeline.take import Entry, Take

        # It runs straight through: there is nothing to go back to.
        take = Take(self._loaded(), self._settings, self._open, CheckpointStore(budget=0))
        take.follow(
            {seq: Entry(pair.step, pair.instruction, pair.of) for seq, pair in mapping.items()}
        )
        while not take.done:
            take.step()
        return Recomputed(take.frames(), take.digest())

    def _loaded(self) -> VideoModel:
        os.environ.update(QUIET)
        import torch

        from framejam_pipeline.models.embedded import EmbeddedModel

        if self._model is None:
            torch.set_num_threads(self._threads)
            self._model = EmbeddedModel.load(self._folder)
        return self._model

    def _open(self, blob: str) -> PIL.Image.Image:
        return PIL.Image.open(io.BytesIO(self._load_blob(blob)))


def coverage(stroke: Paint, width: int, height: int) -> npt.NDArray[np.float64]:
    """The share of every pixel that a stroke covers: (height, width), 0 to 1."""
    from framejam_pipeline.paint import coverage as covered

    return covered(stroke, width, height)
