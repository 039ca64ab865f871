"""The trained parts as one value, and where a run keeps them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, MotionAdapter, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from framejam_pipeline.training.autoencoder import new_autoencoder
from framejam_pipeline.training.motion import new_adapter
from framejam_pipeline.training.text import new_text_encoder, new_tokenizer
from framejam_pipeline.training.unet import new_unet


@dataclass
class Parts:
    """Everything that is learnt, plus the tokenizer, which is derived from the vocabulary."""

    tokenizer: CLIPTokenizer
    vae: AutoencoderTiny
    text: CLIPTextModel
    unet: UNet2DConditionModel
    adapter: MotionAdapter

    def modules(self) -> dict[str, nn.Module]:
        """The learnt modules by the name of their folder in the shipped model."""
        return {
            "vae": self.vae,
            "text_encoder": self.text,
            "unet": self.unet,
            "motion_adapter": self.adapter,
        }

    def to(self, device: torch.device) -> Parts:
        """Move every module to ``device``; returns itself."""
        for module in self.modules().values():
            module.to(device)
        return self

    def clone(self) -> Parts:
        """An independent copy of the modules."""
        return Parts(self.tokenizer, *(copy.deepcopy(m) for m in self.modules().values()))


def new_parts(size: str) -> Parts:
    """Untrained parts, with a UNet of ``size`` (XS, S or M)."""
    tokenizer = new_tokenizer()
    return Parts(
        tokenizer=tokenizer,
        vae=new_autoencoder(),
        text=new_text_encoder(tokenizer),
        unet=new_unet(size),
        adapter=new_adapter(size),
    )


def load_parts(folder: Path) -> Parts:
    """The parts of a shipped folder, as fp32. Raises FileNotFoundError where it is missing."""
    if not (folder / "model_index.json").is_file():
        # Without this check the loaders would take the path for a name on a model hub.
        raise FileNotFoundError(f"no model in {folder}")
    return Parts(
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
        vae=AutoencoderTiny.from_pretrained(folder / "vae", local_files_only=True),
        text=CLIPTextModel.from_pretrained(
            folder / "text_encoder", local_files_only=True, dtype=torch.float32
        ),
        unet=UNet2DConditionModel.from_pretrained(folder / "unet", local_files_only=True),
        adapter=MotionAdapter.from_pretrained(folder / "motion_adapter", local_files_only=True),
    )
