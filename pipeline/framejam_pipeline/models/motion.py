"""Stable Diffusion 1.5 with motion modules: PIA (arXiv 2312.13964) and AnimateDiff (2307.04725).

P_img is the base, a ``UNet2DConditionModel``; P_video is the same base with motion modules between
its layers, a ``UNetMotionModel``. Where that takes nine channels it is PIA: 4 noisy latents, 1
affinity, 4 latents of the condition image. Where it takes four it is AnimateDiff, which has no
image condition.

Without edits and with stock noise handed in, takes equal diffusers' own pipelines bit for bit
(eager fp32), but for one choice: the condition image's latents are the mode of the autoencoder's
distribution, where stock pipelines draw a sample.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from framejam_pipeline.errors import ModelInvalid, ModelNotFound
from framejam_pipeline.models import memory, schedulers
from framejam_pipeline.models import stable_diffusion as files
from framejam_pipeline.models.contract import Loras, ModelSpec, Scheduler, VideoConditions
from framejam_pipeline.models.environment import describe
from framejam_pipeline.models.lora import FOLDER, LoraFiles
from framejam_pipeline.models.parts import PICKLES, digest, ready
from framejam_pipeline.models.preview import FILE, Preview, fit

_FRAMES: Final = 16
_STEPS: Final = 25
_GUIDANCE: Final = 7.5

_AFFINITY: Final = (1.0, 0.9, 0.85, 0.85, 0.85, 0.8)
"""PIA's "small motion": by the distance to the condition frame, the last for all beyond."""


class MotionModel:
    """A ``VideoModel`` over Stable Diffusion 1.5; make it with ``load``."""

    def __init__(self, path: Path, device: torch.device) -> None:
        where = files.Files.at(path)
        self.name = _name(path)
        self.hash = digest(where.folder, where.all())
        self.device = device
        parts = files.load(where)
        self._tokenizer = parts.tokenizer
        self._vae = ready(parts.vae, device)
        image, video = ready(parts.image, device), ready(parts.video, device)
        files.share(image, video)
        text_encoder = ready(parts.text_encoder, device)
        self._scheduler = parts.scheduler
        self._factor = 2 ** (len(self._vae.config.block_out_channels) - 1)
        self._channels = int(self._vae.config.latent_channels)
        self._takes_image = video.config.in_channels == 2 * self._channels + 1
        self._require(image, video, text_encoder)
        self._loras = LoraFiles(
            where.folder / FOLDER, {"image": image, "video": video, "text": text_encoder}
        )
        self.spec = self._spec(image, video)
        preview = where.folder / FILE
        self._preview = (
            Preview.read(preview, device, self._factor)
            if preview.exists()
            else fit(self.encode_image, self.decode, self._factor)
        )

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether ``path`` is a checkpoint file, or a folder that looks like diffusers' own."""
        if path.is_file():
            return path.suffix in (".safetensors", *PICKLES)
        try:
            index = json.loads((path / "model_index.json").read_text())
            return index.get("_class_name") in files.PIPELINES
        except (OSError, ValueError, AttributeError):
            return (path / "unet").is_dir() or any(
                file.suffix in (".safetensors", *PICKLES) for file in path.glob("*")
            )

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> MotionModel:
        """Load from a folder, or from a checkpoint file in a folder with the other parts.

        Only these files are read; no model hub is ever asked. Raises ``ModelNotFound`` if
        a part is missing and ``ModelInvalid`` if one cannot be used.
        """
        if not path.exists():
            raise ModelNotFound(f"{path} is not there")
        return cls(path, torch.device(device))

    def make_scheduler(self, steps: int, scheduler: str) -> Scheduler:
        """Return a fresh scheduler of ``spec.schedulers``, or with "" of the first of them."""
        return schedulers.build(self._scheduler, scheduler, steps, self.device)

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
        encoder = self._loras.use("text", loras)
        states: torch.Tensor = encoder(tokens.input_ids.to(self.device))[0]
        return states

    @torch.no_grad()
    def encode_image(self, pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Encode one picture (H, W, 3) to scaled latents (1, c, h, w): the distribution's mode."""
        # Kept in memory as pixels are, colours innermost: stock pipelines do so, and the layout
        # decides which convolution kernel runs and so the last bits.
        colours_first = torch.from_numpy(pixels[None].copy()).permute(0, 3, 1, 2)
        signed = colours_first.to(self.device).float() / 255.0 * 2.0 - 1.0
        mode: torch.Tensor = self._vae.encode(signed).latent_dist.mode()
        scaled: torch.Tensor = mode * self._vae.config.scaling_factor
        return scaled.contiguous()

    def encode_clip(self, frames: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Encode frames (F, H, W, 3) one by one to scaled latents (F, c, h, w)."""
        return torch.cat([self.encode_image(frame) for frame in frames])

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Decode scaled latents (n, c, h, w) to pictures (n, 3, H, W), nominally 0 to 1."""
        # Multiplied by the inverse, as stock video pipelines do: dividing rounds differently.
        unscaled = 1 / self._vae.config.scaling_factor * latents
        signed: torch.Tensor = self._vae.decode(unscaled).sample
        return signed / 2 + 0.5

    def project(self, latents: torch.Tensor) -> torch.Tensor:
        """Project latents (n, c, h, w) to pictures (n, 3, H, W) by one convolution."""
        return self._preview.project(latents)

    def affinity(self, frames: int, content: str, motion: str) -> torch.Tensor:
        """Return PIA's "small motion" whatever is said, as stock pipelines do if not told."""
        table = [_AFFINITY[min(frame, len(_AFFINITY) - 1)] for frame in range(frames)]
        return torch.tensor(table, device=self.device)

    @torch.no_grad()
    def predict_image(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        text: torch.Tensor,
        *,
        loras: Loras = (),
    ) -> torch.Tensor:
        """Run the base; guidance makes it a batch of two."""
        self.spec.require_loras(loras)
        unet = self._loras.use("image", loras)
        sample = torch.cat([latents] * text.shape[0])
        output: torch.Tensor = unet(sample, timestep, encoder_hidden_states=text).sample
        return output

    @torch.no_grad()
    def predict_video(
        self, latents: torch.Tensor, timestep: torch.Tensor, conditions: VideoConditions
    ) -> torch.Tensor:
        """Run the base with motion modules; guidance makes it a batch of two."""
        self.spec.require_loras(conditions.loras)
        unet = self._loras.use("video", conditions.loras)
        frames, rows, columns = latents.shape[2:]
        packed = latents
        if self._takes_image:
            affinity = conditions.affinity.view(1, 1, frames, 1, 1)
            affinity = affinity.expand(-1, -1, -1, rows, columns)
            # One image stands for every frame; where things move each frame has its own.
            image = conditions.image.expand(frames, -1, -1, -1).transpose(0, 1).unsqueeze(0)
            packed = torch.cat([latents, affinity, image], dim=1)
        # The motion UNet folds frames into the batch and wants one text per frame beside them.
        text = conditions.text.repeat_interleave(frames, dim=0)
        sample = torch.cat([packed] * conditions.text.shape[0])
        output: torch.Tensor = unet(sample, timestep, encoder_hidden_states=text).sample
        return output

    def environment(self) -> dict[str, str]:
        """Return what besides the files decides the last bits: versions, device, threads."""
        return describe(self.device)

    def _require(self, image: Any, video: Any, text_encoder: Any) -> None:
        """Hold the parts against each other, so that a bad folder fails here and not later."""
        channels, width = self._channels, int(text_encoder.config.hidden_size)
        if image.config.in_channels != channels or image.config.out_channels != channels:
            raise ModelInvalid(f"unet: must take and give the {channels} channels of the vae")
        if video.config.in_channels not in (channels, 2 * channels + 1):
            raise ModelInvalid(
                f"motion_adapter: takes {video.config.in_channels} channels; "
                f"PIA takes {2 * channels + 1}, AnimateDiff {channels}"
            )
        if image.config.cross_attention_dim != width:
            raise ModelInvalid(
                f"text_encoder: gives texts of width {width}, the unet was made for "
                f"{image.config.cross_attention_dim}: they are of different models"
            )
        # An empty tokenizer folder loads without a complaint and knows no words.
        if len(self._tokenizer) != text_encoder.config.vocab_size:
            raise ModelInvalid("tokenizer: it and text_encoder do not know the same tokens")
        schedulers.require_unclipped(self._scheduler)
        for name in schedulers.offered(self._scheduler):
            try:
                schedulers.build(self._scheduler, name, _STEPS)
            except Exception as error:  # whatever a field of the wrong kind leads to
                raise ModelInvalid(f"scheduler: {name}: {error}") from error

    def _spec(self, image: Any, video: Any) -> ModelSpec:
        """Sizes and defaults, from the configs alone."""
        longest = int(video.config.motion_max_seq_length)
        side = int(image.config.sample_size) * self._factor
        tokens = int(self._tokenizer.model_max_length)
        fixed, per_value = memory.working_line(video, self._vae, tokens)
        return ModelSpec(
            width=side,
            height=side,
            frames=min(_FRAMES, longest),
            max_frames=longest,
            size_multiple=self._factor * 2 ** (len(image.config.block_out_channels) - 1),
            latent_factor=self._factor,
            latent_channels=self._channels,
            image_steps=_STEPS,
            image_guidance=_GUIDANCE,
            video_steps=_STEPS,
            video_guidance=_GUIDANCE,
            vocabulary={},
            prediction=schedulers.prediction(self._scheduler),
            schedulers=schedulers.offered(self._scheduler),
            image_condition=self._takes_image,
            loras=self._loras.names,
            take_bytes_fixed=memory.kept_fixed(),
            take_bytes_per_value=memory.kept_per_value(_STEPS),
            take_bytes_per_pixel=memory.kept_per_pixel(),
            working_bytes_fixed=fixed,
            working_bytes_per_value=per_value,
        )


def _name(path: Path) -> str:
    """What settings call the model: the folder's or the file's name, as plain letters."""
    given = path.stem if path.is_file() else path.resolve().name
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", given).strip("-")[:80] or "model"
