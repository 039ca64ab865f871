"""What the pipeline asks of a video model.

A model is two denoisers that share an autoencoder and a text encoder: P_img makes one picture
from text, P_video animates a picture (InteractiveVideo, arXiv 2402.03040). How conditions are
packed into channels, how text is repeated over frames and how pixels map to latent cells is the
model's own business; the pipeline only sees the shapes below.

Shapes: ``c`` latent channels, ``F`` frames, ``h`` x ``w`` latent cells, ``H`` x ``W`` pixels.
Latents are fp32 and scaled to about unit variance; video latents are (1, c, F, h, w).

A family of models is one module with a class that has the methods of ``VideoModel`` and the two
class methods of ``Family``; ``load.py`` says how it is found. ``framejam_pipeline.testkit`` holds
a model against every clause of this contract.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import torch

from framejam_pipeline.errors import UnsupportedSettings
from framejam_protocol.instructions import Settings

PredictionKind = Literal["epsilon", "v_prediction", "flow_prediction"]
"""What denoisers predict, as schedulers' configs name it; ``prediction.py`` has the equations."""

Loras = tuple[tuple[str, int], ...]
"""Names of LoRA files with weights in hundredths, as settings have them. The order means nothing,
and 0 is as good as not named."""


class Scheduler(Protocol):
    """The part of a diffusers scheduler that the loop uses. Its timesteps are already set.

    Classes differ in the rest: ``scale_model_input``, ``init_noise_sigma``, ``sigmas`` and
    ``alphas_cumprod`` are asked for by name where they matter.
    """

    config: Any
    timesteps: torch.Tensor
    step: Callable[..., Any]


@dataclass(frozen=True)
class ModelSpec:
    """A model's sizes and defaults.

    ``width``, ``height`` (pixels) and ``frames`` are what it was trained on; ``size_multiple``
    divides every width and height it can run; ``max_frames`` is the longest clip. A latent cell
    is ``latent_factor`` x ``latent_factor`` pixels. ``image_steps`` and ``image_guidance`` are
    how P_img runs; ``video_steps`` and ``video_guidance`` are good values for a session's
    settings (a guidance of 1.0 is none). ``vocabulary`` holds the phrases the model has learnt,
    by what they describe ("subjects", "colours", ...); empty for models that know any word.

    ``prediction`` is what both denoisers predict; the config of every scheduler the model makes
    says the same. ``schedulers`` are the names it offers, its default first. ``loras`` are the
    names of the LoRA files it has. Without ``image_condition`` P_video does not take the
    intermediate image: that steers it as a target only.

    The first latent frame shows the first frame, every other one the next ``frame_stride``.

    Memory is linear in the size of a take: ``take_bytes_fixed``, ``take_bytes_per_value`` of its
    latents and ``take_bytes_per_pixel`` of every frame are what a take keeps besides the model's
    weights, ``working_bytes_fixed`` and
    ``working_bytes_per_value`` what one step or the decoding of the clip needs while it runs: once
    for all takes of a process. ``memory.py`` says how they are found.
    """

    width: int
    height: int
    frames: int
    max_frames: int
    size_multiple: int
    latent_factor: int
    latent_channels: int
    image_steps: int
    image_guidance: float
    video_steps: int
    video_guidance: float
    vocabulary: Mapping[str, tuple[str, ...]]
    prediction: PredictionKind
    schedulers: tuple[str, ...]
    image_condition: bool
    loras: tuple[str, ...]
    take_bytes_fixed: int
    take_bytes_per_value: int
    working_bytes_fixed: int
    working_bytes_per_value: int
    frame_stride: int = 1
    take_bytes_per_pixel: int = 0

    def latent_frames(self, frames: int) -> int:
        """Return how many latent frames a clip of ``frames`` frames has."""
        return 1 + math.ceil((frames - 1) / self.frame_stride)

    def latent_shape(self, settings: Settings) -> tuple[int, int, int, int]:
        """Return (c, F, h, w) of a take under ``settings``; F counts latent frames."""
        rows, columns = settings.height // self.latent_factor, settings.width // self.latent_factor
        return self.latent_channels, self.latent_frames(settings.frames), rows, columns

    def take_bytes(self, settings: Settings) -> int:
        """Return the memory in bytes that a take under ``settings`` keeps besides the weights."""
        values = math.prod(self.latent_shape(settings))
        pixels = settings.width * settings.height * settings.frames
        latents = self.take_bytes_per_value * values
        return self.take_bytes_fixed + latents + self.take_bytes_per_pixel * pixels

    def working_bytes(self, settings: Settings) -> int:
        """Return the memory in bytes that a step, or decoding, needs while it runs."""
        values = math.prod(self.latent_shape(settings))
        return self.working_bytes_fixed + self.working_bytes_per_value * values

    def require(self, settings: Settings) -> None:
        """Raise ``UnsupportedSettings``, naming the field, if no clip can be made that way."""
        for field, pixels in (("width", settings.width), ("height", settings.height)):
            if pixels % self.size_multiple:
                raise UnsupportedSettings(field, f"must be a multiple of {self.size_multiple}")
        if settings.frames > self.max_frames:
            raise UnsupportedSettings("frames", f"must be at most {self.max_frames}")
        if (settings.frames - 1) % self.frame_stride:
            raise UnsupportedSettings("frames", f"must be 1 and a multiple of {self.frame_stride}")
        if settings.scheduler and settings.scheduler not in self.schedulers:
            raise UnsupportedSettings("scheduler", f"must be one of {', '.join(self.schedulers)}")
        self.require_loras(settings.loras)

    def require_loras(self, loras: Loras) -> None:
        """Raise ``UnsupportedSettings`` for "loras" if one of them is not there."""
        for name, _ in loras:
            if name not in self.loras:
                has = ", ".join(self.loras) or "none"
                raise UnsupportedSettings("loras", f"there is no {name!r}; the model has {has}")


@dataclass(frozen=True)
class VideoConditions:
    """What P_video is conditioned on in one step; never written to once made.

    ``text`` is (1, tokens, d), or (2, tokens, d) as (unconditional, conditional) when guided.
    ``image`` is the intermediate image's latent, (1, c, h, w), or one for each frame, (F, c, h, w).
    ``affinity`` is (F,), 0 to 1: how much each frame should look like its image. Models without
    ``image_condition`` look at neither. ``loras`` are the LoRA weights in force.
    """

    text: torch.Tensor
    image: torch.Tensor
    affinity: torch.Tensor
    loras: Loras = ()


class VideoModel(Protocol):
    """One loaded model. All methods are pure: equal arguments give equal bits, whatever was asked
    before; what they return is fp32 and belongs to the caller.

    Where ``loras`` name a file that does not fit the model, or that is not there any more, they
    raise ``UnsupportedSettings`` for "loras", and the model goes on without it.
    """

    @property
    def name(self) -> str:
        """The name settings choose the model by."""
        ...

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over all weights, LoRAs and configurations: part of a take's identity."""
        ...

    @property
    def spec(self) -> ModelSpec:
        """Sizes and defaults."""
        ...

    @property
    def device(self) -> torch.device:
        """Where latents and conditions live."""
        ...

    def make_scheduler(self, steps: int, scheduler: str) -> Scheduler:
        """Return a fresh scheduler that runs exactly ``steps`` timesteps, 1 to 200.

        ``scheduler`` is one of ``spec.schedulers``, or "" for the first. Raises
        ``UnsupportedSettings`` for any other.
        """
        ...

    def encode_text(self, text: str, *, loras: Loras = ()) -> torch.Tensor:
        """Encode one text to (1, tokens, d). Words beyond the encoder's length are cut off."""
        ...

    def encode_image(self, pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Encode one picture (H, W, 3) to scaled latents (1, c, h, w)."""
        ...

    def encode_clip(self, frames: npt.NDArray[np.uint8]) -> torch.Tensor:
        """As ``encode_image`` for frames (F, H, W, 3): (F, c, h, w).

        Models that encode them in one batch may differ from one by one in the last bits.
        """
        ...

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Decode scaled latents (n, c, h, w) to pictures (n, 3, H, W), nominally 0 to 1."""
        ...

    def project(self, latents: torch.Tensor) -> torch.Tensor:
        """As ``decode``, by a linear map that costs almost nothing and shows less detail."""
        ...

    def affinity(self, frames: int, content: str, motion: str) -> torch.Tensor:
        """Return (F,), 0 to 1: how near each frame stays to the image under the two prompts."""
        ...

    def predict_image(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        text: torch.Tensor,
        *,
        loras: Loras = (),
    ) -> torch.Tensor:
        """Run P_img once: latents (1, c, h, w), text (b, tokens, d); returns (b, c, h, w)."""
        ...

    def predict_video(
        self, latents: torch.Tensor, timestep: torch.Tensor, conditions: VideoConditions
    ) -> torch.Tensor:
        """Run P_video once: latents (1, c, F, h, w); returns (b, c, F, h, w), b that of text."""
        ...

    def environment(self) -> dict[str, str]:
        """Return what besides the files decides the last bits: versions, device, threads."""
        ...


class Family(Protocol):
    """How a family of models is found: what its class offers besides ``VideoModel``."""

    def recognises(self, path: Path) -> bool:
        """Whether what lies at ``path``, a folder or a file, is a model of this family.

        Looks at names and configs; reads no weights and raises nothing.
        """
        ...

    def load(self, path: Path, device: str = "cpu") -> VideoModel:
        """Load it, from these files alone. Raises ``ModelNotFound`` and ``ModelInvalid``."""
        ...
