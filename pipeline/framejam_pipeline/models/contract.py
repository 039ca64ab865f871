"""What the pipeline asks of a video model.

A model is two denoisers that share an autoencoder and a text encoder: P_img makes one picture
from text, P_video animates a picture (InteractiveVideo, arXiv 2402.03040). How conditions are
packed into channels, how text is repeated over frames and how pixels map to latent cells is the
model's own business; the pipeline only sees the shapes below.

Shapes: ``c`` latent channels, ``F`` frames, ``h`` x ``w`` latent cells, ``H`` x ``W`` pixels.
Latents are fp32 and scaled to about unit variance; video latents are (1, c, F, h, w).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from framejam_pipeline.errors import UnsupportedSettings
from framejam_protocol.instructions import Settings


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

    def latent_shape(self, settings: Settings) -> tuple[int, int, int, int]:
        """Return (c, F, h, w) of a take under ``settings``."""
        rows, columns = settings.height // self.latent_factor, settings.width // self.latent_factor
        return self.latent_channels, settings.frames, rows, columns

    def require(self, settings: Settings) -> None:
        """Raise ``UnsupportedSettings``, naming the field, if no clip can be made that way."""
        for field, pixels in (("width", settings.width), ("height", settings.height)):
            if pixels % self.size_multiple:
                raise UnsupportedSettings(field, f"must be a multiple of {self.size_multiple}")
        if settings.frames > self.max_frames:
            raise UnsupportedSettings("frames", f"must be at most {self.max_frames}")


@dataclass(frozen=True)
class VideoConditions:
    """What P_video is conditioned on in one step; never written to once made.

    ``text`` is (1, tokens, d), or (2, tokens, d) as (unconditional, conditional) when guided.
    ``image`` is the intermediate image's latent, (1, c, h, w), or one for each frame, (F, c, h, w).
    ``affinity`` is (F,), 0 to 1: how much each frame should look like its image.
    """

    text: torch.Tensor
    image: torch.Tensor
    affinity: torch.Tensor


class VideoModel(Protocol):
    """One loaded model. All methods are pure: equal arguments give equal bits."""

    @property
    def name(self) -> str:
        """The name settings choose the model by."""
        ...

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over every weight and configuration file: part of a take's identity."""
        ...

    @property
    def spec(self) -> ModelSpec:
        """Sizes and defaults."""
        ...

    @property
    def device(self) -> torch.device:
        """Where latents and conditions live."""
        ...

    def make_scheduler(self, steps: int) -> Scheduler:
        """Return a fresh scheduler that runs exactly ``steps`` timesteps."""
        ...

    def encode_text(self, text: str) -> torch.Tensor:
        """Encode one text to (1, tokens, d). Words beyond the encoder's length are cut off."""
        ...

    def encode_image(self, pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Encode one picture (H, W, 3) to scaled latents (1, c, h, w)."""
        ...

    def encode_clip(self, frames: npt.NDArray[np.uint8]) -> torch.Tensor:
        """As ``encode_image`` for frames (F, H, W, 3), all in one batch: (F, c, h, w).

        A batch may differ from its frames encoded one by one in the last bits.
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
        self, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor
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
