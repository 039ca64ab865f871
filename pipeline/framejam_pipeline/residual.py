"""Denoising residuals: every spatial edit as one weight field and one target.

An edit that says "here it should look like this" is a pair of a weight ``w`` (0 to 1) and a
target ``T`` in latent space. All pairs fold into one field, and a step applies that field once:

    W = min(1, sum w)        T = sum(w * T) / sum w
    out' = out + k * W * (T - x0)

with the clean estimate ``x0`` and the slope ``k`` of ``prediction.py``. The new output's clean
estimate is then ``(1 - W) * x0 + W * T``: untouched where W is 0, the target where W is 1. It is
written as a delta so that outside the mask the change of the step is exactly 0, not about 0.

Equation 4 of InteractiveVideo (arXiv 2402.03040), ``eps' = lambda * eps + (1 - lambda) * eps2``
with ``eps2`` predicted from the new condition, is the special case ``W = 1 - lambda`` and
``T = x0`` of that second prediction: ``k * (x0_2 - x0) = eps2 - eps``. It needs a second forward
pass (``mixing.py``); a target made from the intermediate image, ``T = E(x~')`` with the encoder
``E``, needs none, which is the reading used here.

Sums run in int64 fixed point (2^-20), where addition is associative: the order of people does
not matter to the last bit and taking one edit away leaves no trace of it (M4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from framejam_pipeline.prediction import Prediction

FIXED_POINT = 2**20
"""Units of one in the sums. A displacement is exact to 5e-7, far below a visible change."""

_MOST_TARGET = 2.0**20  # beyond any latent; keeps sums of thousands of edits inside int64


@dataclass(frozen=True)
class Field:
    """One edit's pull: ``weight`` (F, h, w) in [0, 1] towards ``target`` (c, F, h, w).

    F may be 1 in either, which means every frame alike.
    """

    weight: torch.Tensor
    target: torch.Tensor


@dataclass(frozen=True)
class Residual:
    """All pulls folded: ``weight`` W (1, 1, F, h, w) in [0, 1], ``target`` T (1, c, F, h, w)."""

    weight: torch.Tensor
    target: torch.Tensor

    def to(self, device: torch.device) -> Residual:
        """Return the same residual on another device."""
        return Residual(self.weight.to(device), self.target.to(device))

    def steer(
        self, prediction: Prediction, scaled: torch.Tensor, output: torch.Tensor
    ) -> torch.Tensor:
        """Return ``out + k * W * (T - x0)``; tensors are (1, c, F, h, w)."""
        distance = self.target - prediction.clean(scaled, output)
        return output + prediction.slope * self.weight * distance


class ResidualSum:
    """The running sums of ``w`` and ``w * T`` over any number of fields, kept on the CPU."""

    def __init__(self, shape: tuple[int, int, int, int]) -> None:
        """Start empty, for latents of ``shape`` (c, F, h, w)."""
        self._weight = torch.zeros((1, *shape[1:]), dtype=torch.int64)
        self._moment = torch.zeros(shape, dtype=torch.int64)

    def add(self, field: Field) -> None:
        """Count a field in. Raises ``ValueError`` for NaN, infinity or weights beyond [0, 1]."""
        weight, moment = _fixed(field)
        self._weight += weight
        self._moment += moment

    def remove(self, field: Field) -> None:
        """Take a field out that was added before: the sums are then as if it never was."""
        weight, moment = _fixed(field)
        self._weight -= weight
        self._moment -= moment

    def fold(self) -> Residual:
        """Return W and T of the fields counted in; where no field weighs, both are 0."""
        weight = (self._weight.double() / FIXED_POINT).clamp(max=1.0)
        target = self._moment.double() / self._weight.clamp(min=1).double()
        return Residual(weight.float().unsqueeze(0), target.float().unsqueeze(0))


def fold_fields(fields: Iterable[Field], shape: tuple[int, int, int, int]) -> Residual:
    """Fold ``fields`` over latents of ``shape`` (c, F, h, w), whatever their order."""
    total = ResidualSum(shape)
    for field in fields:
        total.add(field)
    return total.fold()


def _fixed(field: Field) -> tuple[torch.Tensor, torch.Tensor]:
    """Return w (1, F, h, w) and w * T (c, F, h, w) as int64 multiples of 2^-20."""
    weight = field.weight.cpu().unsqueeze(0).double()
    target = field.target.cpu().double()
    # Comparisons with NaN are false, so these two lines refuse NaN as well.
    if not bool(((weight >= 0) & (weight <= 1)).all()):
        raise ValueError("a residual's weight must lie in [0, 1] everywhere")
    if not bool((target.abs() <= _MOST_TARGET).all()):
        raise ValueError("a residual's target must be finite and of the size of a latent")
    return _round(weight), _round(weight * target)


def _round(value: torch.Tensor) -> torch.Tensor:
    return (value * FIXED_POINT).round().to(torch.int64)
