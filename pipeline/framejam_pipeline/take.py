"""A take: one run of the video model that people watch and steer.

A take is a pure function of (model hash, settings, seed, {live edit -> entry step}): at step s
it uses the fold of exactly those edits whose entry step is at most s. Whatever the route, by
rewinds, in pieces, in another process, equal mappings give equal bits on the same machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

import PIL.Image
import torch

from framejam_pipeline.checkpoint import CheckpointStore
from framejam_pipeline.conditions import Compiler, Recent, StepInputs
from framejam_pipeline.decode import final_frames, preview_frames
from framejam_pipeline.entries import Entry, fold_at, in_force
from framejam_pipeline.errors import (
    CheckpointInvalid,
    NothingPredicted,
    OutOfMemory,
    TakeFinished,
    TakeUnfinished,
    UnsupportedSettings,
)
from framejam_pipeline.image import Pixels
from framejam_pipeline.loop import DenoiseLoop
from framejam_pipeline.memo import Memo
from framejam_pipeline.mixing import predict
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.noise import KeyedNoise
from framejam_pipeline.references import Courses, Plan, Reference, References, Shown
from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Settings

__all__ = ["Entry", "Reference", "Take"]

_RECENT = 2
"""Step inputs that a reference remembers: what moves is let go once within an unchanged fold."""

R = TypeVar("R")


class Take:
    """The denoising of one clip under a mapping of edits that may change at any time.

    Call ``follow`` with the mapping in force, then ``step`` until ``done``; in between, as often
    as you like, ``follow`` another mapping.

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
        self._load_image = load_image
        self._recent: Recent | None = None
        self._mapping: Mapping[int, Entry] = {}
        self._references: References = {}
        self._checkpoints = CheckpointStore() if checkpoints is None else checkpoints
        self._courses = Courses(model.spec, self._checkpoints, self._beside)
        self._plan = self._courses.plan(settings, {}, {})
        self._predicted: torch.Tensor | None = None
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

    def follow(
        self, mapping: Mapping[int, Entry], references: References = MappingProxyType({})
    ) -> int:
        """Put ``mapping`` (seq of the edit -> entry) in force; return the position.

        ``references`` are what its locks hold, and what the locks of that hold, by the seqs of the
        locks (T11); none of these may be written to afterwards. If the loop is past the first step
        at which the new mapping can make a difference, it goes back, exactly: to that step, or to
        an earlier one where its checkpoint was given up. The steps between are then run again.
        Edits that enter at or after ``steps`` never show, and a lock makes no difference while it
        holds what is there anyway. Raises ``ValueError`` for a negative entry step and a lock
        without a reference, ``OutOfMemory``.
        """
        if mapping == self._mapping and references == self._references:
            return self.position
        plan = self._courses.plan(self._settings, mapping, references)
        changed = plan.first_difference(self._plan)
        if changed is not None and changed < self.position:
            self.back(changed)
        self._mapping, self._references, self._plan = dict(mapping), dict(references), plan
        self._courses.keep_only(plan)
        return self.position

    def back(self, step: int) -> None:
        """Stand before ``step`` again, which has run already, or before an earlier one.

        Raises ``OutOfMemory``.
        """
        self._with_memory("going back", lambda: self._rewind(step))

    def catch_up(self) -> bool:
        """Run one step of a take that a lock holds, if ``step`` needs any; return whether it did.

        ``step`` runs whatever it needs; whoever calls this before it, until it returns False, has
        the thread back after each. The take itself stands where it stood. Raises as ``step``.
        """
        if self.done:
            return False
        at, device = self.position, self._model.device
        return self._with_memory(
            f"step {at}", lambda: self._courses.catch_up(self._plan, at, device)
        )

    def step(self) -> Pixels:
        """Run step ``position``; return the preview, uint8 (F, H, W, 3), of what it predicts.

        Raises ``TakeFinished`` when done, ``NotFinite`` if the model produced NaN or infinity,
        ``ImageUnreadable`` if the reference image is missing or does not decode, ``OutOfMemory``.
        After any error the take stands where it stood, and can follow another mapping.
        """
        return self._advance(lambda shown: preview_frames(self._model, shown.clean))

    def advance(self) -> Shown:
        """As ``step``, without a preview; return what the step shows, copied."""
        return self._advance(lambda shown: Shown(*(one.clone() for one in shown)))

    def estimate(self) -> Pixels:
        """Decode what the last step predicted, with the whole decoder: uint8 (F, H, W, 3).

        The take stands where it stood. Raises ``NothingPredicted`` where no step has run since the
        take started or went back, ``OutOfMemory``.
        """
        predicted = self._predicted
        if predicted is None:
            raise NothingPredicted(f"no step has run yet at {self.position} of {self.steps}")
        return self._with_memory("decoding", lambda: final_frames(self._model, predicted))

    def weights_at(
        self, frame: int, at: Point, mapping: Mapping[int, Entry] | None = None
    ) -> dict[int, float]:
        """Return how much each instruction weighs on a point of a frame (M6), 0 to 1 each.

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
        self._courses.keep_only(self._courses.plan(self._settings, {}, {}))

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
        return predict(self._model, latents, timestep, inputs)

    def _start(self) -> DenoiseLoop[StepInputs]:
        """A loop before its first step."""
        return DenoiseLoop(
            self._predict,
            self._model.make_scheduler(self._settings.steps, self._settings.scheduler),
            KeyedNoise(self._settings.seed, "video"),
            (1, *self._model.spec.latent_shape(self._settings)),
            device=self._model.device,
        )

    def _beside(self, plan: Plan) -> Take:
        """A take of ``plan``, before its first step, that shares what it can with this one."""
        # What a reference looked like is remembered by its course; it keeps nothing itself.
        run = Take(self._model, plan.settings, self._load_image, CheckpointStore(0))
        run._courses, run._plan, run._mapping = self._courses, plan, plan.mapping
        if plan.settings == self._settings:
            run._compiler = self._compiler
        # More of them than the compiler remembers inputs of would push each other's out.
        run._recent = Memo(_RECENT)
        return run

    def _advance(self, finish: Callable[[Shown], R]) -> R:
        if self.done:
            raise TakeFinished(f"all {self.steps} steps have run")
        return self._with_memory(f"step {self.position}", lambda: self._step(finish))

    def _step(self, finish: Callable[[Shown], R]) -> R:
        """Run a step; return what ``finish`` makes of what it shows."""
        fold = fold_at(self._mapping, self.position)
        inputs = self._compiler.compile(fold, self.position, self._recent)
        pinned = self._courses.pinned(self._plan, self.position, self._model.device)
        # Without what enters now: the checkpoint is as good for a mapping that lacks it.
        before = self._loop.snapshot()
        try:
            for one in pinned:
                self._loop.latents = torch.where(one.cells, one.shown.before, self._loop.latents)
            seen = self._loop.latents
            clean = self._loop.step(inputs, *inputs.steering).clean
            for one in pinned:
                self._loop.latents = torch.where(one.cells, one.shown.after, self._loop.latents)
                clean = torch.where(one.cells, one.shown.clean, clean)
            finished = finish(Shown(seen, clean, self._loop.latents))
        except BaseException:
            self._loop.revert(before)
            raise
        self._checkpoints.keep(self, before)
        self._predicted = clean
        return finished

    def _rewind(self, step: int) -> None:
        """Go back to before ``step``, or as little further as there is a checkpoint of."""
        self._predicted = None
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
        except (MemoryError, RuntimeError, OutOfMemory) as error:
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


def _out_of_memory(error: Exception) -> bool:
    """Whether Python, numpy or torch, or a reference, ran out of memory, on the CPU or on a GPU."""
    # Torch's allocator for the CPU raises a plain RuntimeError that only its text tells.
    return isinstance(error, MemoryError | torch.OutOfMemoryError | OutOfMemory) or any(
        said in str(error) for said in ("DefaultCPUAllocator", "out of memory", "ALLOC_FAILED")
    )
