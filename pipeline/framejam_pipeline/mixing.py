"""Equation 4 of InteractiveVideo (arXiv 2402.03040) as it stands, for those who choose it.

After an operation the paper's noise is ``eps^ = lambda * eps + (1 - lambda) * eps'``, with ``eps``
predicted from the condition before the operation and ``eps'`` from the one after it. Here the
condition before is the picture without anything that people put in some place of it: paint,
regions, displacements. It takes a second prediction in every step; ``residual.py`` has the reading
that needs none and is used otherwise.

Outputs of any prediction type mix alike: all are linear in the clean estimate, so this is the
residual field with weight ``1 - lambda`` everywhere and the second clean estimate as its target.
"""

from __future__ import annotations

import torch

from framejam_pipeline.conditions import StepInputs
from framejam_pipeline.loop import guide
from framejam_pipeline.models.contract import VideoConditions, VideoModel


def predict(
    model: VideoModel, latents: torch.Tensor, timestep: torch.Tensor, inputs: StepInputs
) -> torch.Tensor:
    """Return P_video's guided output under ``inputs``, (1, c, F, h, w)."""

    def under(conditions: VideoConditions) -> torch.Tensor:
        return guide(model.predict_video(latents, timestep, conditions), inputs.guidance)

    before = under(inputs.conditions)
    if inputs.after is None:
        return before
    return mix(before, under(inputs.after), inputs.mix)


def mix(before: torch.Tensor, after: torch.Tensor, share: float) -> torch.Tensor:
    """Return ``lambda * before + (1 - lambda) * after`` with ``1 - lambda = share``, 0 to 1."""
    return (1.0 - share) * before + share * after
