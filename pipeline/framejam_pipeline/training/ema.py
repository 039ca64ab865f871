"""Exponential moving average of several modules' weights."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


class Average:
    """Keeps the average of ``live`` modules' parameters in ``shadow`` modules of equal shape."""

    def __init__(
        self, live: Iterable[nn.Module], shadow: Iterable[nn.Module], decay: float = 0.998
    ) -> None:
        self._live: list[torch.Tensor] = [p for module in live for p in module.parameters()]
        self._shadow: list[torch.Tensor] = [
            p.requires_grad_(False) for module in shadow for p in module.parameters()
        ]
        self.decay = decay

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take one step of the average; young runs forget faster."""
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._shadow, self._live, share)
