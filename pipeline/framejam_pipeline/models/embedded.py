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
import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    MotionAdapter,
    UNet2DConditionModel,
    UNetMotionModel,
)
from safetensors import SafetensorError
from torch.nn import functional
from transformers import CLIPTextModel, CLIPTokenizer

from framejam_pipeline.errors import ModelInvalid, ModelNotFound
from framejam_pipeline.models.contract import ModelSpec, Scheduler, VideoConditions
from framejam_pipeline.models.environment import describe
from framejam_pipeline.models.index import Index

SHIPPED: Final = Path(__file__).parent / "embedded"
"""The folder of the weights that are part of the package."""

_PARTS: Final = ("unet", "motion_adapter", "vae", "text_encoder", "tokenizer", "scheduler")
_FILES: Final = ("model_index.json", "preview.safetensors")


class EmbeddedModel:
    """A ``VideoModel`` over one folder; make it with ``load``."""

    name: Final = "embedded"

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.hash = _hash(folder)
        self.device = device
        self._index = Index.read(folder / "model_index.json")
        self._tokenizer: Any = _part(CLIPTokenizer, folder, "tokenizer")
        text_encoder = _part(CLIPTextModel, folder, "text_encoder", use_safetensors=True)
        self._text_encoder = _ready(text_encoder.float(), device)
        self._vae = _ready(_network(AutoencoderTiny, folder, "vae"), device)
        self._unet = _ready(_network(UNet2DConditionModel, folder, "unet"), device)
        adapter = _network(MotionAdapter, folder, "motion_adapter")
        # from_unet2d can share modules with the adapter it is given: hand it one of its own.
        video: Any = UNetMotionModel.from_unet2d(self._unet, copy.deepcopy(adapter))
        self._video = _ready(video, device)
        self._scheduler: Any = _part(DDIMScheduler, folder, "scheduler")
        self._preview = _preview(folder / "preview.safetensors", device)
        self.spec = self._checked_spec()

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

    def make_scheduler(self, steps: int) -> Scheduler:
        """Return a fresh DDIM scheduler; ``steps`` is 1 to the number of training steps."""
        scheduler: Any = type(self._scheduler).from_config(self._scheduler.config)
        scheduler.set_timesteps(steps, device=self.device)
        made: Scheduler = scheduler
        return made

    @torch.no_grad()
    def encode_text(self, text: str) -> torch.Tensor:
        """Encode one text to (1, tokens, d): padded to the encoder's length, cut off beyond."""
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

    @torch.no_grad()
    def project(self, latents: torch.Tensor) -> torch.Tensor:
        """Project latents (n, c, h, w) to pictures (n, 3, H, W) by one convolution.

        Its 3 * factor^2 output channels are the pixels of one latent cell.
        """
        weight, bias = self._preview
        cells = functional.conv2d(latents, weight, bias, padding="same")
        return functional.pixel_shuffle(cells, self.spec.latent_factor)

    def affinity(self, frames: int, content: str, motion: str) -> torch.Tensor:
        """Return the affinity of each frame (F,): it falls along the clip if the prompts say move.

        The model was trained so: 1 where nothing has moved yet, less the further a frame may be
        from the condition image.
        """
        return self._index.affinity(frames, content, motion).to(self.device)

    @torch.no_grad()
    def predict_image(
        self, latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor
    ) -> torch.Tensor:
        """Run the 2D denoiser without an image condition."""
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
        spec = self._index.spec(
            max_frames=int(self._video.config.motion_max_seq_length),
            halvings=len(self._unet.config.block_out_channels) - 1,
        )
        wanted = 2 * spec.latent_channels + 1
        if self._unet.config.in_channels != wanted:
            raise ModelInvalid(f"the unet must take {wanted} channels: latents, affinity, image")
        # An empty tokenizer folder loads without a complaint and knows no words.
        if len(self._tokenizer) != self._text_encoder.config.vocab_size:
            raise ModelInvalid("tokenizer and text_encoder do not know the same tokens")
        if self._scheduler.config.clip_sample or self._scheduler.config.thresholding:
            raise ModelInvalid("the scheduler must not clip: residuals would miss their targets")
        if self._preview[0].shape[0] != 3 * spec.latent_factor**2:
            raise ModelInvalid("preview.safetensors does not fit the latent factor")
        return spec


def _part(kind: Any, folder: Path, part: str, **options: Any) -> Any:
    """Load one component from disk; a failure names the component."""
    try:
        return kind.from_pretrained(folder / part, local_files_only=True, **options)
    except Exception as error:  # the loaders of three libraries raise whatever they meet
        raise ModelInvalid(f"{part}: {error}") from error


def _network(kind: Any, folder: Path, part: str) -> Any:
    """Load one of the diffusers networks in fp32; the files may hold fp16."""
    return _part(kind, folder, part, use_safetensors=True, torch_dtype=torch.float32)


def _preview(file: Path, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Load the weight (3 * factor^2, c, 3, 3) and bias of the preview's convolution."""
    try:
        tensors = safetensors.torch.load_file(file, device=str(device))
        return tensors["weight"].float(), tensors["bias"].float()
    except (OSError, KeyError, SafetensorError) as error:
        raise ModelInvalid(f"{file.name}: {error}") from error


def _ready(network: Any, device: torch.device) -> Any:
    """Put a network on its device, in evaluation mode.

    Its weights keep ``requires_grad``, as in stock pipelines; every call runs under ``no_grad``.
    Freezing them makes torch choose other kernels on a CPU, which differ by 1e-6.
    """
    return network.to(device).eval()


def _hash(folder: Path) -> str:
    """Hash names and contents of the files the model consists of, in sorted order.

    Model cards, metrics and notices beside them may change without making it another model.
    """
    parts = [file for part in _PARTS for file in (folder / part).rglob("*") if file.is_file()]
    total = hashlib.sha256()
    for file in sorted([*parts, *(folder / name for name in _FILES)]):
        name = file.relative_to(folder).as_posix()
        total.update(f"{name}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
