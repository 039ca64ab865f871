"""Full-size steps on a GPU: ``python -m framejam_server.render.gpu``.

The networks have the shapes of Stable Diffusion 1.5 with PIA and random weights, in bf16; the take
around them is the real one. Texts are random states of the right shape, for no text encoder decides
how long a step takes. Prints a ``Measured`` as one line of JSON; without a GPU its ``device`` is
empty, and nothing was measured.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Final, NoReturn

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL, MotionAdapter, UNet2DConditionModel, UNetMotionModel

from framejam_pipeline.models import schedulers
from framejam_pipeline.models.contract import Loras, ModelSpec, Scheduler, VideoConditions
from framejam_pipeline.models.environment import describe
from framejam_pipeline.models.preview import fit
from framejam_pipeline.take import Entry, Take
from framejam_protocol.instructions import Content, Paint, Settings
from framejam_protocol.limits import UNIT
from framejam_server.render.measured import Measured
from framejam_server.render.sheet import contact_sheets

STEPS: Final = 25
FRAMES: Final = 16
EDITS: Final = 8
_GUIDANCE: Final = 7.5
_TOKENS: Final = 77
_NOISE_LEVELS: Final = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "steps_offset": 1,
    "clip_sample": False,
}


@dataclass(frozen=True)
class Shapes:
    """Configs of diffusers: what is not said is as Stable Diffusion 1.5 has it."""

    unet: dict[str, Any]
    adapter: dict[str, Any]
    vae: dict[str, Any]
    side: int
    frames: int = FRAMES


FULL: Final = Shapes(
    unet={"sample_size": 64, "cross_attention_dim": 768},
    adapter={"motion_max_seq_length": 32},
    vae={
        "block_out_channels": (128, 256, 512, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 2,
    },
    side=512,
)


class RandomModel:
    """A ``VideoModel`` that knows nothing and is as large as one that does."""

    name = "random"
    hash = "0" * 64

    def __init__(self, shapes: Shapes, device: str) -> None:
        self.device = torch.device(device)
        self.forward_ms: list[float] = []
        """How long each forward of P_video took."""
        with self.device:
            base = UNet2DConditionModel(**shapes.unet)
            adapter = MotionAdapter(conv_in_channels=9, **shapes.adapter)
            video = UNetMotionModel.from_unet2d(base, adapter)
            vae = AutoencoderKL(**shapes.vae)
        self._image, self._video, self._vae = (one.bfloat16().eval() for one in (base, video, vae))
        self._width = int(base.config.cross_attention_dim)
        factor = 2 ** (len(vae.config.block_out_channels) - 1)
        self.spec = ModelSpec(
            width=shapes.side,
            height=shapes.side,
            frames=shapes.frames,
            max_frames=shapes.frames,
            size_multiple=factor * 2 ** (len(base.config.block_out_channels) - 1),
            latent_factor=factor,
            latent_channels=4,
            image_steps=STEPS,
            image_guidance=_GUIDANCE,
            video_steps=STEPS,
            video_guidance=_GUIDANCE,
            vocabulary={},
            prediction="epsilon",
            schedulers=schedulers.offered(_NOISE_LEVELS),
            image_condition=True,
            loras=(),
            take_bytes_fixed=0,
            take_bytes_per_value=0,
            working_bytes_fixed=0,
            working_bytes_per_value=0,
        )
        self._preview = fit(self.encode_image, self.decode, factor)

    def make_scheduler(self, steps: int, scheduler: str) -> Scheduler:
        """As the contract says."""
        return schedulers.build(_NOISE_LEVELS, scheduler, steps, self.device)

    def encode_text(self, text: str, *, loras: Loras = ()) -> torch.Tensor:
        """Random states, the same for the same text."""
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        generator = torch.Generator().manual_seed(seed)
        return torch.randn((1, _TOKENS, self._width), generator=generator).to(self.device)

    @torch.no_grad()
    def encode_image(self, pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
        """As the contract says."""
        colours_first = torch.from_numpy(pixels[None].copy()).permute(0, 3, 1, 2).to(self.device)
        signed = (colours_first.float() / 127.5 - 1.0).to(torch.bfloat16)
        mode: torch.Tensor = self._vae.encode(signed).latent_dist.mode()
        scaled: torch.Tensor = mode.float() * self._vae.config.scaling_factor
        return scaled

    def encode_clip(self, frames: npt.NDArray[np.uint8]) -> torch.Tensor:
        """As the contract says."""
        return torch.cat([self.encode_image(frame) for frame in frames])

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """As the contract says."""
        unscaled = (latents / self._vae.config.scaling_factor).to(torch.bfloat16)
        signed: torch.Tensor = self._vae.decode(unscaled).sample.float()
        return signed / 2 + 0.5

    def project(self, latents: torch.Tensor) -> torch.Tensor:
        """As the contract says."""
        return self._preview.project(latents)

    def affinity(self, frames: int, content: str, motion: str) -> torch.Tensor:
        """As the contract says."""
        return torch.full((frames,), 0.85, device=self.device)

    @torch.no_grad()
    def predict_image(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        text: torch.Tensor,
        *,
        loras: Loras = (),
    ) -> torch.Tensor:
        """As the contract says."""
        sample = torch.cat([latents] * len(text)).to(torch.bfloat16)
        text = text.to(torch.bfloat16)
        output: torch.Tensor = self._image(sample, timestep, encoder_hidden_states=text).sample
        return output.float()

    @torch.no_grad()
    def predict_video(
        self, latents: torch.Tensor, timestep: torch.Tensor, conditions: VideoConditions
    ) -> torch.Tensor:
        """As the contract says."""
        frames, rows, columns = latents.shape[2:]
        affinity = conditions.affinity.view(1, 1, frames, 1, 1).expand(-1, -1, -1, rows, columns)
        image = conditions.image.expand(frames, -1, -1, -1).transpose(0, 1).unsqueeze(0)
        packed = torch.cat([latents, affinity, image], dim=1).to(torch.bfloat16)
        text = conditions.text.repeat_interleave(frames, dim=0).to(torch.bfloat16)
        sample = torch.cat([packed] * len(conditions.text))
        with _timed(self.device, self.forward_ms):
            output: torch.Tensor = self._video(sample, timestep, encoder_hidden_states=text).sample
        return output.float()

    def environment(self) -> dict[str, str]:
        """As the contract says."""
        return {**describe(self.device), "precision": "bfloat16 eager"}


def measure(model: RandomModel, steps: int = STEPS, edits: int = EDITS) -> Measured:
    """Run a take, and another that is edited at every second of its steps."""
    spec = model.spec
    settings = Settings(
        model=model.name,
        seed=7,
        steps=steps,
        frames=spec.frames,
        width=spec.width,
        height=spec.height,
        fps=8,
        guidance=round(_GUIDANCE * 100),
    )
    prompt = {1: Entry(0, Content("anything"))}
    step_ms: list[float] = []
    take = Take(model, settings, _no_image)
    take.follow(prompt)
    while not take.done:
        with _timed(model.device, step_ms):
            take.step()
    forward_ms = model.forward_ms.copy()
    edit_ms: list[float] = []
    edited, mapping = Take(model, settings, _no_image), prompt
    edited.follow(mapping)
    for number in range(edits):
        edited.step()
        mapping = {**mapping, 2 + number: Entry(edited.position, _stroke(number))}
        with _timed(model.device, edit_ms):
            edited.follow(mapping)
            contact_sheets(edited.step(), ("sheet",))
    # The first of each finds its memory and its kernels.
    return Measured(_name(model.device), step_ms[1:], forward_ms[1:], edit_ms[1:])


@contextmanager
def _timed(device: torch.device, milliseconds: list[float]) -> Iterator[None]:
    """Note how long the block takes, the GPU's work included."""
    _wait(device)
    begun = time.perf_counter()
    yield
    _wait(device)
    milliseconds.append((time.perf_counter() - begun) * 1000)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _stroke(number: int) -> Paint:
    y = UNIT * (number + 1) // (EDITS + 2)
    return Paint(((UNIT // 8, y), (UNIT // 2, y)), f"#{number * 0x1F1F1F % 2**24:06x}", UNIT // 20)


def _no_image(blob: str) -> NoReturn:
    raise ValueError(f"there are no reference images here, and so not {blob}")


def main() -> None:
    """Measure, where there is a GPU."""
    # Libraries print; the answer alone belongs to standard output.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    found = Measured("")
    if torch.cuda.is_available():
        torch.manual_seed(0)
        found = measure(RandomModel(FULL, "cuda"))
        print(f"median step {median(found.step_ms):.1f} ms on {found.device}", file=sys.stderr)
    answers.write(msgspec.json.encode(found) + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
