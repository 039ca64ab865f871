"""The model that ships with the project: small, trained here, run in fp32 from its folder.

The folder is laid out as diffusers does it, with three things of our own: the sizes and defaults
in ``model_index.json`` (``Index`` below), the motion modules as ``motion_adapter/``, and
``preview.safetensors``, the linear map behind previews.

The denoiser has the nine input channels of PIA (arXiv 2312.13964), in this order: 4 noisy
latents, 1 affinity, 4 latents of the condition image. P_img is its 2D form with affinity and
condition zero; P_video is the same weights with motion modules between the frames.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    MotionAdapter,
    UNet2DConditionModel,
    UNetMotionModel,
)
from transformers import CLIPTextModel, CLIPTokenizer

from framejam_pipeline.errors import ModelInvalid, ModelNotFound
from framejam_pipeline.models import schedulers
from framejam_pipeline.models.contract import Loras, ModelSpec, Scheduler, VideoConditions
from framejam_pipeline.models.environment import describe
from framejam_pipeline.models.index import Index
from framejam_pipeline.models.parts import component, digest, network, ready
from framejam_pipeline.models.preview import FILE, Preview

SHIPPED: Final = Path(__file__).parent / "embedded"
"""The folder of the weights that are part of the package."""

_PARTS: Final = ("unet", "motion_adapter", "vae", "text_encoder", "tokenizer", "scheduler")
_FILES: Final = ("model_index.json", FILE)


class EmbeddedModel:
    """A ``VideoModel`` over one folder; make it with ``load``."""

    name: Final = "embedded"

    def __init__(self, folder: Path, device: torch.device) -> None:
        # Model cards, metrics and notices beside these may change without making another model.
        parts = [file for part in _PARTS for file in (folder / part).rglob("*") if file.is_file()]
        self.hash = digest(folder, [*parts, *(folder / name for name in _FILES)])
        self.device = device
        self._index = Index.read(folder / "model_index.json")
        self._tokenizer: Any = component(CLIPTokenizer, folder, "tokenizer")
        self._text_encoder = ready(network(CLIPTextModel, folder, "text_encoder"), device)
        self._vae = ready(network(AutoencoderTiny, folder, "vae"), device)
        self._unet = ready(network(UNet2DConditionModel, folder, "unet"), device)
        adapter = network(MotionAdapter, folder, "motion_adapter")
        # from_unet2d can share modules with the adapter it is given: hand it one of its own.
        video: Any = UNetMotionModel.from_unet2d(self._unet, copy.deepcopy(adapter))
        self._video = ready(video, device)
        self._scheduler: Any = component(DDIMScheduler, folder, "scheduler")
        self.spec = self._checked_spec()
        self._preview = Preview.read(folder / FILE, device, self.spec.latent_factor)

    @classmethod
    def load(cls, folder: Path | None = None, device: str = "cpu") -> EmbeddedModel:
        """Load from ``folder``, by default the weights shipped with the package.

        Only this folder is read; no model hub is ever asked. Raises ``ModelNotFound`` if the
        folder or one of its parts is missing and ``ModelInvalid`` if a part cannot be used.
        """
        chosen = SHIPPED if folder is None else folder
        for part in (*_PARTS, *_FILES):
            if not (chosen / part).exists():
                raise ModelNotFound(f"{chosen} has no {part}: the embedded model is not there")
        return cls(chosen, torch.device(device))

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether ``path`` is a folder whose ``model_index.json`` is of this kind."""
        try:
            return "sizes" in json.loads((path / "model_index.json").read_text())
        except (OSError, ValueError):
            return False

    def make_scheduler(self, steps: int, scheduler: str) -> Scheduler:
        """Return a fresh scheduler of ``spec.schedulers``, or with "" of the first of them."""
        return schedulers.build(self._scheduler.config, scheduler, steps, self.device)

    @torch.no_grad()
    def encode_text(self, text: str, *, loras: Loras = ()) -> torch.Tensor:
        """Encode one text to (1, tokens, d): padded to the encoder's length, cut off beyond."""
        self.spec.require_loras(loras)
        tokens = self._tokenizer(
            text,
            padding="max_length",
            max_length=self._tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        states: torch.Tensor = self._text_encoder(tokens.input_ids.to(self.device))[0]
        return states

    def encode_image(self, pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Encode one picture (H, W, 3) to scaled latents (1, c, h, w)."""
        return self.encode_clip(pixels[None])

    @torch.no_grad()
    def encode_clip(self, frames: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Encode frames (F, H, W, 3) in one batch to scaled latents (F, c, h, w)."""
        # Kept in memory as pixels are, colours innermost: stock pipelines do so, and the layout
        # decides which convolution kernel runs and so the last bits.
        colours_first = torch.from_numpy(frames.copy()).permute(0, 3, 1, 2)
        signed = colours_first.to(self.device).float() / 255.0 * 2.0 - 1.0
        latents: torch.Tensor = self._vae.encode(signed).latents * self._vae.config.scaling_factor
        return latents.contiguous()

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Decode scaled latents (n, c, h, w) to pictures (n, 3, H, W), nominally 0 to 1."""
        # Multiplied by the inverse, as stock pipelines do: dividing rounds differently.
        unscaled = 1 / self._vae.config.scaling_factor * latents
        signed: torch.Tensor = self._vae.decode(unscaled).sample
        return signed / 2 + 0.5

    def project(self, latents: torch.Tensor) -> torch.Tensor:
        """Project latents (n, c, h, w) to pictures (n, 3, H, W) by one convolution."""
        return self._preview.project(latents)

    def affinity(self, frames: int, content: str, motion: str) -> torch.Tensor:
        """Return the affinity of each frame (F,): it falls along the clip if the prompts say move.

        The model was trained so: 1 where nothing has moved yet, less the further a frame may be
        from the condition image.
        """
        return self._index.affinity(frames, content, motion).to(self.device)

    @torch.no_grad()
    def predict_image(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        text: torch.Tensor,
        *,
        loras: Loras = (),
    ) -> torch.Tensor:
        """Run the 2D denoiser without an image condition. There are no LoRAs for it."""
        self.spec.require_loras(loras)
        channels = self.spec.latent_channels + 1
        nothing = latents.new_zeros((1, channels, *latents.shape[2:]))
        sample = torch.cat([torch.cat([latents, nothing], dim=1)] * text.shape[0])
        output: torch.Tensor = self._unet(sample, timestep, encoder_hidden_states=text).sample
        return output

    @torch.no_grad()
    def predict_video(
        self, latents: torch.Tensor, timestep: torch.Tensor, conditions: VideoConditions
    ) -> torch.Tensor:
        """Run the denoiser with motion modules; guidance makes it a batch of two."""
        self.spec.require_loras(conditions.loras)
        frames, rows, columns = latents.shape[2:]
        affinity = conditions.affinity.view(1, 1, frames, 1, 1).expand(-1, -1, -1, rows, columns)
        # One image stands for every frame; with drags each frame has its own.
        image = conditions.image.expand(frames, -1, -1, -1).transpose(0, 1).unsqueeze(0)
        packed = torch.cat([latents, affinity, image], dim=1)
        # The motion UNet folds frames into the batch and wants one text per frame beside them.
        text = conditions.text.repeat_interleave(frames, dim=0)
        sample = torch.cat([packed] * conditions.text.shape[0])
        output: torch.Tensor = self._video(sample, timestep, encoder_hidden_states=text).sample
        return output

    def environment(self) -> dict[str, str]:
        """Return what besides the files decides the last bits: versions, device, threads."""
        return describe(self.device)

    def _checked_spec(self) -> ModelSpec:
        """Hold the index against the networks, so that a bad folder fails here and not later."""
        schedulers.require_unclipped(self._scheduler.config)
        spec = self._index.spec(
            max_frames=int(self._video.config.motion_max_seq_length),
            halvings=len(self._unet.config.block_out_channels) - 1,
            prediction=schedulers.prediction(self._scheduler.config),
            schedulers=schedulers.offered(self._scheduler.config),
        )
        wanted = 2 * spec.latent_channels + 1
        if self._unet.config.in_channels != wanted:
            raise ModelInvalid(f"the unet must take {wanted} channels: latents, affinity, image")
        # An empty tokenizer folder loads without a complaint and knows no words.
        if len(self._tokenizer) != self._text_encoder.config.vocab_size:
            raise ModelInvalid("tokenizer and text_encoder do not know the same tokens")
        return spec
