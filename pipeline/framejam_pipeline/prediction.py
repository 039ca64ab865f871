"""What a model's output says about the clean latents, for every way models are trained.

A noisy latent is ``x = a * x0 + s * noise`` with signal level ``a`` and noise level ``s``
(``a^2 + s^2 = 1``; for flow matching ``a = 1 - s``). Models predict the noise, a velocity or a
flow; all three are linear in the clean latents, so each can be read as an estimate of ``x0`` and
pushed towards another one:

=============  ==================  ==============
prediction     clean estimate x0   slope k
=============  ==================  ==============
epsilon        (x - s * o) / a     -a / s
v_prediction   a * x - s * o       -1 / s
flow           x - s * o           -1 / s
=============  ==================  ==============

where ``o`` is the output and ``k`` is d(o) / d(x0). Schedulers that keep ``x`` unscaled (Euler
and its relatives: ``x = x0 + sigma * noise``) divide by ``sqrt(1 + sigma^2) = 1 / a`` in
``scale_model_input``; what they hand the model is the ``x`` above, so the formulas take that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch

from framejam_pipeline.models.contract import Scheduler

Kind = Literal["epsilon", "v_prediction", "flow"]

_KINDS: dict[str, Kind] = {
    "epsilon": "epsilon",
    "v_prediction": "v_prediction",
    "flow_prediction": "flow",
}


@dataclass(frozen=True)
class Prediction:
    """How to read the output of one step.

    ``signal`` and ``noise`` are ``a`` and ``s`` of the module's equations, 0 to 1; ``noise`` is
    above 0 at every step a scheduler runs.
    """

    kind: Kind
    signal: float
    noise: float

    @classmethod
    def at(cls, scheduler: Scheduler, index: int) -> Prediction:
        """Return the reading for timestep number ``index`` of ``scheduler``.

        Raises ``ValueError`` for prediction types that are not in the module's table.
        """
        # Flow-matching schedulers have no prediction_type: there is only one thing to predict.
        name = str(scheduler.config.get("prediction_type", "flow_prediction"))
        if name not in _KINDS:
            raise ValueError(f"prediction type {name!r} is not one of {sorted(_KINDS)}")
        kind = _KINDS[name]
        signal, noise = _levels(scheduler, index, kind)
        return cls(kind, signal, noise)

    @property
    def slope(self) -> float:
        """``k``: by how much the output changes when the clean estimate grows by one."""
        return -self.signal / self.noise if self.kind == "epsilon" else -1.0 / self.noise

    def clean(self, scaled: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        """Return the clean estimate x0; all three tensors have one shape.

        ``scaled`` is the latent as the model saw it, after ``scale_model_input``.
        """
        if self.kind == "epsilon":
            return (scaled - self.noise * output) / self.signal
        if self.kind == "v_prediction":
            return self.signal * scaled - self.noise * output
        return scaled - self.noise * output


def _levels(scheduler: Scheduler, index: int, kind: Kind) -> tuple[float, float]:
    """Return (a, s) of timestep ``index``."""
    sigmas = getattr(scheduler, "sigmas", None)
    if sigmas is None:
        table: Any = getattr(scheduler, "alphas_cumprod", None)
        cumulative = float(table[int(scheduler.timesteps[index])])
        return math.sqrt(cumulative), math.sqrt(1.0 - cumulative)
    sigma = float(sigmas[index])
    if kind == "flow":
        return 1.0 - sigma, sigma
    signal = 1.0 / math.sqrt(1.0 + sigma * sigma)
    return signal, sigma * signal
