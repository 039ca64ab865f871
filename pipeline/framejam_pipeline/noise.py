"""Noise keyed by (seed, step): there is no generator state to keep, save or rewind.

A locked seed gives the same noise in every take and after every rewind (T: "noise is keyed by
(seed, step)"). Numbers are always drawn on the CPU, so that a GPU denoises the same noise.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

import torch

_SEED_MASK = 2**63 - 1  # torch generators take signed 64-bit seeds


class NoiseSource(Protocol):
    """Where a denoising loop gets its randomness from."""

    def initial(self, shape: tuple[int, ...]) -> torch.Tensor:
        """Return the unit-variance fp32 noise the loop starts from."""
        ...

    def generator(self, step: int) -> torch.Generator:
        """Return the generator a stochastic scheduler draws from in ``step`` (0 is the first)."""
        ...


class KeyedNoise:
    """The noise of one take: a pure function of (seed, step, purpose).

    ``purpose`` keeps the loops of one take apart: the intermediate image and the video must not
    start from the same numbers.
    """

    def __init__(self, seed: int, purpose: str) -> None:
        self._seed = seed
        self._purpose = purpose

    def initial(self, shape: tuple[int, ...]) -> torch.Tensor:
        """Return standard normal fp32 noise of ``shape`` on the CPU; the same at every call."""
        return torch.randn(shape, generator=self._keyed("initial", 0), dtype=torch.float32)

    def generator(self, step: int) -> torch.Generator:
        """Return a fresh CPU generator for ``step``; the same state at every call."""
        return self._keyed("step", step)

    def _keyed(self, what: str, step: int) -> torch.Generator:
        key = f"framejam noise 1|{self._purpose}|{what}|{self._seed}|{step}"
        digest = hashlib.sha256(key.encode()).digest()
        generator = torch.Generator(device="cpu")
        generator.manual_seed(int.from_bytes(digest[:8], "big") & _SEED_MASK)
        return generator
