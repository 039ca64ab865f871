"""A take: one run of the video model that people watch and steer.

A take is a pure function of (model hash, settings, seed, {live edit -> entry step}): at step s
it uses the fold of exactly those edits whose entry step is at most s. Whatever the route, by
rewinds, in pieces, in another process, equal mappings give equal bits on the same machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TypeVar

import PIL.Image
import torch

from framejam_pipeline.checkpoint import CheckpointStore
from framejam_pipeline.conditions import Compiler, StepInputs
from framejam_pipeline.decode import final_frames, preview_frames
from framejam_pipeline.entries import Entry, first_difference, fold_at, in_force
from framejam_pipeline.errors import (
    CheckpointInvalid,
    OutOfMemory,
    TakeFinished,
    TakeUnfinished,
    UnsupportedSettings,
)
from framejam_pipeline.image import Pixels
from framejam_pipeline.loop import DenoiseLoop, guide
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.noise import KeyedNoise
from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Settings

__all__ = ["Entry", "Take"]

R = TypeVar("R")


class Take:
    """The denoising of one clip under a mapping of edits that may change at any time.

    Call ``follow`` with the mapping in force, then ``step`` until ``done``; in between, as often
    as you like, ``follow`` another mapping. A prompt takes effect at its entry step at once and
    whole; blending it in over several steps is not part of this version.

    Not safe for use from several threads at a time.
    """

    def __init__(
        self,
        model: VideoModel,
        settings: Settings,
        load_image: Callable[[str], PIL.Image.Image],
        checkpoints: CheckpointStore | None = None,
    ) -> None:
        """Start at step 0 with no edits.

        ``load_image`` opens the blob of a reference image by its id; it is called within
        ``step``. ``checkpoints`` is shared by the takes of a process; without it the take has one
        of its own. Raises ``UnsupportedSettings`` if the model cannot make the clip, and
        ``OutOfMemory``.
        """
        if settings.model != model.name:
            raise UnsupportedSettings("model", f"{model.name!r} is loaded, not {settings.model!r}")
        model.spec.require(settings)
        self._model = model
        self._settings = settings
        self._compiler = Compiler(model, settings, load_image)
        self._mapping: dict[int, Entry] = {}
        self._checkpoints = CheckpointStore() if checkpoints is None else checkpoints
        self._loop = self._with_memory("starting", self._start)

    @property
    def position(self) -> int:
        """The step that runs next, 0 to ``steps``; equal to ``steps`` when done."""
        return self._loop.index

    @property
    def steps(self) -> int:
        """Steps of the whole take."""
        return self._settings.steps

    @property
    def done(self) -> bool:
        """Whether every step has run under the mapping in force."""
        return self.position >= self.steps

    def follow(self, mapping: Mapping[int, Entry]) -> int:
        """Put ``mapping`` (seq of the edit -> entry) in force; return the position.

        If the loop is past the first step at which the new mapping can make a difference, it
        goes back, exactly: to that step, or to an earlier one where its checkpoint was given up.
        The steps between are then run again. Edits that enter at or after ``steps`` never show.
        Raises ``ValueError`` for a negative entry step, ``OutOfMemory``.
        """
        if any(entry.step < 0 for entry in mapping.values()):
            raise ValueError("an entry step is 0 or more")
        changed = first_difference(self._mapping, mapping)
        if changed is not None and changed < self.position:
            self._with_memory("going back", lambda: self._rewind(changed))
        self._mapping = dict(mapping)
        return self.position

    def step(self) -> Pixels:
        """Run step ``position``; return the preview, uint8 (F, H, W, 3), of what it predicts.

        Raises ``TakeFinished`` when done, ``NotFinite`` if the model produced NaN or infinity,
        ``ImageUnreadable`` if the reference image is missing or does not decode, ``OutOfMemory``.
        After any error the take stands where it stood, and can follow another mapping.
        """
        if self.done:
            raise TakeFinished(f"all {self.steps} steps have run")
        return self._with_memory(f"step {self.position}", self._step)

    def weights_at(
        self, frame: int, at: Point, mapping: Mapping[int, Entry] | None = None
    ) -> dict[int, float]:
        """Return how much each stroke and drag weighs on a point of a frame (M6), 0 to 1 each.

        By the seq of the edit that gave it; what weighs nothing is left out. ``at`` is in 1/65536
        of the frame's sides. ``mapping`` None is the one in force; whichever it is, the take
        stands where it stood. Raises ``ValueError`` for a frame that is not in the clip,
        ``ImageUnreadable``, ``OutOfMemory``.
        """
        if not 0 <= frame < self._settings.frames:
            raise ValueError(f"frame is 0 to {self._settings.frames - 1}")
        placed = in_force(self._mapping if mapping is None else mapping, self.steps - 1)
        return self._with_memory("weighing", lambda: self._compiler.weights(placed, frame, at))

    def forget(self) -> None:
        """Give up the take's checkpoints: do so before letting go of a take."""
        self._checkpoints.drop(self)

    def latents(self) -> torch.Tensor:
        """Return a copy of the latents before step ``position``: fp32 (1, c, F, h, w)."""
        return self._loop.latents.clone()

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the latents' fp32 bytes in C order, little-endian."""
        values = self._loop.latents.contiguous().cpu().numpy().astype("<f4")
        return hashlib.sha256(values.tobytes()).hexdigest()

    def frames(self) -> Pixels:
        """Decode the finished clip: uint8 (F, H, W, 3).

        Raises ``TakeUnfinished`` before, ``OutOfMemory``.
        """
        if not self.done:
            raise TakeUnfinished(f"step {self.position} of {self.steps}")
        return self._with_memory("decoding", lambda: final_frames(self._model, self._loop.latents))

    def _predict(
        self, latents: torch.Tensor, timestep: torch.Tensor, inputs: StepInputs
    ) -> torch.Tensor:
        output = self._model.predict_video(latents, timestep, inputs.conditions)
        return guide(output, inputs.guidance)

    def _start(self) -> DenoiseLoop[StepInputs]:
        """A loop before its first step."""
        return DenoiseLoop(
            self._predict,
            self._model.make_scheduler(self._settings.steps),
            KeyedNoise(self._settings.seed, "video"),
            (1, *self._model.spec.latent_shape(self._settings)),
            device=self._model.device,
        )

    def _step(self) -> Pixels:
        inputs = self._compiler.compile(fold_at(self._mapping, self.position), self.position)
        before = self._loop.snapshot()
        try:
            outcome = self._loop.step(inputs, inputs.residual)
            preview = preview_frames(self._model, outcome.clean)
        except BaseException:
            self._loop.revert(before)
            raise
        self._checkpoints.keep(self, before)
        return preview

    def _rewind(self, step: int) -> None:
        """Go back to before ``step``, or as little further as there is a checkpoint of."""
        kept = self._checkpoints.newest(self, step)
        try:
            if kept is None:
                self._loop = self._start()
            else:
                self._loop.restore(kept)
        except CheckpointInvalid:
            # Memory or code is at fault; whatever it was, the noise gives the same bits again.
            self._checkpoints.drop(self)
            self._loop = self._start()
        self._checkpoints.drop(self, self.position + 1)

    def _with_memory(self, doing: str, run: Callable[[], R]) -> R:
        """Run ``run``; where memory runs out, free other takes' checkpoints and run it again.

        ``run`` must leave everything as it was when it raises.
        """
        try:
            return run()
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
        # Here, where the error and all that its traceback held on to are gone.
        self._checkpoints.drop_others(self)
        try:
            return run()
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise
            raise OutOfMemory(doing) from error


def _out_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Whether Python, numpy or torch ran out of memory, on the CPU or on a GPU."""
    # Torch's allocator for the CPU raises a plain RuntimeError that only its text tells.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        said in str(error) for said in ("DefaultCPUAllocator", "out of memory", "ALLOC_FAILED")
    )
