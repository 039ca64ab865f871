"""A family of models in one file, as another package would bring it: flow matching on pixels.

A latent cell is 2 x 2 pixels with all their colours, so nothing needs to be encoded; both
denoisers are a few convolutions with random weights. It keeps every clause of the contract with
nothing of Stable Diffusion in it, and is found by an entry point.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch.nn import functional

from framejam_pipeline.errors import ModelNotFound, UnsupportedSettings
from framejam_pipeline.models.contract import Loras, ModelSpec, Scheduler, VideoConditions
from framejam_pipeline.models.environment import describe
from framejam_pipeline.models.parts import digest, tensors

FILE = "pixel-flow.safetensors"
TOKENS, WIDTH, CHANNELS = 6, 5, 12


class PixelFlow:
    """A ``VideoModel`` over one file."""

    name = "pixel-flow"

    def __init__(self, folder: Path) -> None:
        self.hash = digest(folder, [folder / FILE])
        self.device = torch.device("cpu")
        self._weights = tensors(folder / FILE, FILE)
        self.spec = ModelSpec(
            width=16,
            height=16,
            frames=4,
            max_frames=8,
            size_multiple=2,
            latent_factor=2,
            latent_channels=CHANNELS,
            image_steps=2,
            image_guidance=1.0,
            video_steps=4,
            video_guidance=2.0,
            vocabulary={},
            prediction="flow_prediction",
            schedulers=("flow",),
            image_condition=True,
            loras=(),
            take_bytes_fixed=2**20,
            take_bytes_per_value=16 * 4,
            working_bytes_fixed=2**20,
            working_bytes_per_value=40,
        )

    @classmethod
    def recognises(cls, path: Path) -> bool:
        return (path / FILE).is_file()

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> PixelFlow:
        if not cls.recognises(path):
            raise ModelNotFound(f"{path} has no {FILE}")
        return cls(path)

    def make_scheduler(self, steps: int, scheduler: str) -> Scheduler:
        if scheduler not in ("", "flow"):
            raise UnsupportedSettings("scheduler", f"{scheduler!r} is not flow")
        made: Any = FlowMatchEulerDiscreteScheduler()
        made.set_timesteps(steps)
        return made

    def encode_text(self, text: str, *, loras: Loras = ()) -> torch.Tensor:
        self.spec.require_loras(loras)
        codes = [ord(letter) % 97 for letter in text[:TOKENS].ljust(TOKENS)]
        return torch.sin(torch.tensor(codes).float()[None, :, None] * torch.arange(1.0, WIDTH + 1))

    def encode_image(self, pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
        return self.encode_clip(pixels[None])

    def encode_clip(self, frames: npt.NDArray[np.uint8]) -> torch.Tensor:
        colours = torch.from_numpy(frames.copy()).permute(0, 3, 1, 2).float()
        return functional.pixel_unshuffle(colours / 127.5 - 1.0, 2)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return functional.pixel_shuffle(latents, 2) / 2 + 0.5

    def project(self, latents: torch.Tensor) -> torch.Tensor:
        return self.decode(latents)

    def affinity(self, frames: int, content: str, motion: str) -> torch.Tensor:
        return torch.ones(frames)

    def predict_image(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        text: torch.Tensor,
        *,
        loras: Loras = (),
    ) -> torch.Tensor:
        self.spec.require_loras(loras)
        return self._denoised(latents, timestep, text)

    def predict_video(
        self, latents: torch.Tensor, timestep: torch.Tensor, conditions: VideoConditions
    ) -> torch.Tensor:
        self.spec.require_loras(conditions.loras)
        images = conditions.image.expand(latents.shape[2], -1, -1, -1)
        near = conditions.affinity[:, None, None, None]
        frames = latents[0].transpose(0, 1) + near * images
        found = [
            self._denoised(frames, timestep, said[None]).transpose(0, 1) for said in conditions.text
        ]
        return torch.stack(found)

    def environment(self) -> dict[str, str]:
        return describe(self.device)

    def _denoised(
        self, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor
    ) -> torch.Tensor:
        words = (text.mean(dim=1) @ self._weights["text"])[:, :, None, None]
        hidden = functional.conv2d(latents, self._weights["in"], padding=1)
        hidden = torch.tanh(hidden + words + math.sin(float(timestep) / 1000))
        return functional.conv2d(hidden, self._weights["out"], padding=1)


def write(folder: Path) -> Path:
    """Seeded random weights."""
    generator = torch.Generator().manual_seed(2)
    shapes = {"text": (WIDTH, 8), "in": (8, CHANNELS, 3, 3), "out": (CHANNELS, 8, 3, 3)}
    weights = {name: torch.randn(s, generator=generator) * 0.2 for name, s in shapes.items()}
    safetensors.torch.save_file(weights, folder / FILE)
    return folder
