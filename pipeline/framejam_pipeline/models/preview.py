"""The preview of a model: one convolution from clean latents to pixels, read or fitted.

A 3x3 convolution has ``3 * factor^2`` outputs for each latent cell, which a pixel shuffle spreads
over the cell's pixels. Where a model brings no ``preview.safetensors`` it is fitted by least
squares to what the model's own decoder says of some pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from framejam_pipeline.errors import ModelInvalid
from framejam_pipeline.models.parts import tensors

FILE: Final = "preview.safetensors"

_PICTURES: Final = 6
_CELLS: Final = 8  # cells on each side of a picture that is fitted to
_RIDGE: Final = 1e-2


@dataclass(frozen=True)
class Preview:
    """``weight`` (3 * factor^2, c, 3, 3) and ``bias`` (3 * factor^2,), fp32."""

    weight: torch.Tensor
    bias: torch.Tensor

    @classmethod
    def read(cls, file: Path, device: torch.device, factor: int) -> Preview:
        """Read the tensors ``weight`` and ``bias``. Raises ``ModelInvalid`` if they do not fit."""
        found = tensors(file, file.name, device)
        try:
            preview = cls(found["weight"].float(), found["bias"].float())
        except KeyError as error:
            raise ModelInvalid(f"{file.name}: has no {error}") from error
        if preview.weight.shape[0] != 3 * factor**2:
            raise ModelInvalid(f"{file.name} does not fit the latent factor")
        return preview

    @torch.no_grad()
    def project(self, latents: torch.Tensor) -> torch.Tensor:
        """Turn scaled latents (n, c, h, w) into pictures (n, 3, H, W), nominally 0 to 1."""
        cells = functional.conv2d(latents, self.weight, self.bias, padding="same")
        factor = round((self.weight.shape[0] / 3) ** 0.5)
        return functional.pixel_shuffle(cells, factor)


@torch.no_grad()
def fit(
    encode: Callable[[npt.NDArray[np.uint8]], torch.Tensor],
    decode: Callable[[torch.Tensor], torch.Tensor],
    factor: int,
) -> Preview:
    """Fit a preview to an autoencoder whose latent cells are ``factor`` pixels wide.

    ``encode`` takes a picture (H, W, 3), ``decode`` latents (1, c, h, w), as in ``VideoModel``.
    The same autoencoder gives the same preview on the same machine.
    """
    latents = torch.cat([encode(picture) for picture in _pictures(_CELLS * factor)])
    decoded = torch.cat([decode(one) for one in torch.split(latents, 1)])
    around = functional.unfold(latents, 3, padding=1).transpose(1, 2).flatten(0, 1).double()
    inputs = torch.cat([around, torch.ones_like(around[:, :1])], dim=1)
    cells = functional.pixel_unshuffle(decoded, factor)
    wanted = cells.flatten(2).transpose(1, 2).flatten(0, 1).double()
    # Neighbouring latents are much alike: without the ridge their weights would be huge and cancel.
    normal = inputs.T @ inputs / len(inputs)
    size = float(normal.diagonal()[:-1].mean())
    penalty = torch.full_like(normal.diagonal(), _RIDGE * size)
    penalty[-1] = 0.0
    solution = torch.linalg.solve(normal + torch.diag(penalty), inputs.T @ wanted / len(inputs))
    channels = latents.shape[1]
    weight = solution[:-1].T.reshape(-1, channels, 3, 3).float().contiguous()
    return Preview(weight, solution[-1].float().contiguous())


def _pictures(size: int) -> list[npt.NDArray[np.uint8]]:
    """Some pictures (size, size, 3): soft colours with a few hard-edged shapes on them."""
    generator = np.random.default_rng(20240205)
    rows, columns = np.mgrid[0:size, 0:size] / size
    made = []
    for _ in range(_PICTURES):
        corners = generator.uniform(0, 255, (2, 2, 3))
        across = corners[:, :1] * (1 - columns[0])[None, :, None] + (
            corners[:, 1:] * columns[0][None, :, None]
        )
        picture = across[0] * (1 - rows)[..., None] + across[1] * rows[..., None]
        for _ in range(3):
            top, left = generator.uniform(-0.2, 0.9, 2)
            height, width = generator.uniform(0.1, 0.5, 2)
            inside = (abs(rows - top - height / 2) < height / 2) & (
                abs(columns - left - width / 2) < width / 2
            )
            picture[inside] = generator.uniform(0, 255, 3)
        made.append(picture.round().astype(np.uint8))
    return made
