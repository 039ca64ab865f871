"""From latents to pictures: quick previews by projection, final frames by the autoencoder."""

from __future__ import annotations

import numpy as np
import torch

from framejam_pipeline.image import Pixels
from framejam_pipeline.models.contract import VideoModel

FRAMES_AT_ONCE = 16
"""Frames the autoencoder decodes in one batch. Fixed: another batch size can change last bits."""


@torch.no_grad()
def preview_frames(model: VideoModel, clean: torch.Tensor) -> Pixels:
    """Project predicted clean latents (1, c, F, h, w) to frames (F, H, W, 3).

    Give it the clean estimate, never the noisy latents. The projection is linear and takes well
    under a millisecond a frame; colours and places are right, fine detail is not.
    """
    return to_pixels(model.project(_by_frame(clean)))


@torch.no_grad()
def final_frames(model: VideoModel, latents: torch.Tensor) -> Pixels:
    """Decode finished latents (1, c, F, h, w) with the whole autoencoder to (F, H, W, 3)."""
    batches = torch.split(_by_frame(latents), FRAMES_AT_ONCE)
    return to_pixels(torch.cat([model.decode(batch) for batch in batches]))


def to_pixels(images: torch.Tensor) -> Pixels:
    """Turn images (n, 3, H, W), nominally 0 to 1, into sRGB bytes (n, H, W, 3)."""
    scaled = (images.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
    return np.ascontiguousarray(scaled.permute(0, 2, 3, 1).cpu().numpy())


def _by_frame(latents: torch.Tensor) -> torch.Tensor:
    """Turn (1, c, F, h, w) into a batch of frames (F, c, h, w)."""
    return latents.squeeze(0).transpose(0, 1).contiguous()
