"""The denoising loop: latents, a scheduler and a step index, advanced one step at a time.

Stock pipelines run all steps in one call. Here the caller owns the loop: it may look between two
steps, hand every step other conditions, and go back. With constant conditions and no residual
the latents equal those of the stock diffusers pipelines bit for bit.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import torch

from framejam_pipeline.checkpoint import Checkpoint, capture, reinstate
from framejam_pipeline.errors import CheckpointInvalid, NotFinite, TakeFinished
from framejam_pipeline.models.contract import Scheduler
from framejam_pipeline.noise import NoiseSource
from framejam_pipeline.prediction import Prediction

C = TypeVar("C")

Predict = Callable[[torch.Tensor, torch.Tensor, C], torch.Tensor]
"""(scaled latents, timestep, conditions) -> the model's guided output, shaped as the latents."""


class Steering(Protocol):
    """What changes a model's output before the scheduler sees it, as a residual does."""

    def steer(
        self, prediction: Prediction, scaled: torch.Tensor, output: torch.Tensor
    ) -> torch.Tensor:
        """Return the changed output; ``scaled`` is the latents as the model saw them."""
        ...


@dataclass(frozen=True)
class StepOutcome:
    """What a step makes visible: the clean latents predicted in it, shaped as the latents."""

    clean: torch.Tensor


class DenoiseLoop(Generic[C]):
    """One run of a scheduler over one latent tensor.

    Works with any diffusers scheduler whose timesteps are set. Conditions are opaque here: they
    go to ``predict`` as they come. One scheduler object belongs to one loop.
    """

    def __init__(
        self,
        predict: Predict[C],
        scheduler: Scheduler,
        noise: NoiseSource,
        shape: tuple[int, ...],
        device: torch.device | str = "cpu",
    ) -> None:
        self._predict = predict
        self._scheduler = scheduler
        self._noise = noise
        self._draws = "generator" in inspect.signature(scheduler.step).parameters
        self.latents = noise.initial(shape).to(device) * getattr(scheduler, "init_noise_sigma", 1.0)
        self.index = 0

    @property
    def steps(self) -> int:
        """Steps of the whole run (two-stage schedulers count each stage)."""
        return len(self._scheduler.timesteps)

    @torch.no_grad()
    def begin(self, index: int, clean: torch.Tensor) -> None:
        """Stand before step ``index`` with ``clean`` latents, noised as they would be there.

        That is how image to image begins (SDEdit, arXiv 2108.01073). Only a loop that has not run
        yet can; the noise is the one that it would have started from.
        """
        scheduler: Any = self._scheduler
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(index)
        noise = self._noise.initial(tuple(clean.shape)).to(clean.device)
        timestep = scheduler.timesteps[index : index + 1]
        if hasattr(scheduler, "scale_noise"):  # flow matching
            self.latents = scheduler.scale_noise(clean, timestep, noise)
        else:
            self.latents = scheduler.add_noise(clean, noise, timestep)
        self.index = index

    @torch.no_grad()
    def step(self, conditions: C, *steering: Steering) -> StepOutcome:
        """Run step ``index`` under ``conditions``, steered by ``steering`` in turn, and advance.

        Raises ``TakeFinished`` after the last step and ``NotFinite`` if the output or the new
        latents hold NaN or infinity; after ``NotFinite`` the scheduler may have moved, so
        restore a snapshot before going on.
        """
        if self.index >= self.steps:
            raise TakeFinished(f"all {self.steps} steps have run")
        timestep = self._scheduler.timesteps[self.index]
        scaled = self._scaled(timestep)
        output = self._predict(scaled, timestep, conditions)
        self._require_finite(output, "model's output")
        prediction = Prediction.at(self._scheduler, self.index)
        for one in steering:
            output = one.steer(prediction, scaled, output)
        clean = prediction.clean(scaled, output)
        latents = self._advance(output, timestep)
        self._require_finite(latents, "latents")
        self.latents = latents
        self.index += 1
        return StepOutcome(clean)

    def snapshot(self) -> Checkpoint:
        """Copy the loop's whole state; the copy stays valid however the loop goes on."""
        return Checkpoint(self.index, self.latents.clone(), capture(self._scheduler))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back (or forward) to a snapshot of this loop, exactly.

        Raises ``CheckpointInvalid``, and changes nothing, if it cannot be one of this loop.
        """
        latents = checkpoint.latents
        if latents.shape != self.latents.shape or latents.dtype != self.latents.dtype:
            raise CheckpointInvalid(
                checkpoint.index,
                f"holds {latents.dtype} of {tuple(latents.shape)}, "
                f"not {self.latents.dtype} of {tuple(self.latents.shape)}",
            )
        self.revert(
            Checkpoint(checkpoint.index, latents.clone(), copy.deepcopy(checkpoint.scheduler))
        )

    def revert(self, snapshot: Checkpoint) -> None:
        """Go back to a snapshot of this loop that nobody needs afterwards.

        The loop goes on with the snapshot's own tensors, so this works where no memory is left.
        """
        reinstate(self._scheduler, snapshot.scheduler)
        self.latents = snapshot.latents
        self.index = snapshot.index

    def _scaled(self, timestep: torch.Tensor) -> torch.Tensor:
        """Return the latents as the model wants to see them."""
        scale = getattr(self._scheduler, "scale_model_input", None)  # flow matching has none
        scaled: torch.Tensor = self.latents if scale is None else scale(self.latents, timestep)
        return scaled

    def _advance(self, output: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        drawn = {"generator": self._noise.generator(self.index)} if self._draws else {}
        result = self._scheduler.step(output, timestep, self.latents, return_dict=False, **drawn)
        latents: torch.Tensor = result[0]
        return latents

    def _require_finite(self, value: torch.Tensor, what: str) -> None:
        if not bool(torch.isfinite(value).all()):
            raise NotFinite(self.index, what)


def guide(output: torch.Tensor, guidance: float) -> torch.Tensor:
    """Classifier-free guidance: mix a batch of (unconditional, conditional) into one output.

    ``u + guidance * (c - u)`` (arXiv 2207.12598); a batch of one passes through unchanged.
    """
    if output.shape[0] == 1:
        return output
    unconditional, conditional = output.chunk(2)
    return unconditional + guidance * (conditional - unconditional)
