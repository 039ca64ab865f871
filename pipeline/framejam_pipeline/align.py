"""Frames re-aligned to the intermediate image: an interpretation of equation 5.

InteractiveVideo (arXiv 2402.03040) aligns frames by ``v_i' = Conv2D(SiLU(GroupNorm(v_i - x~)))``.
No weights of these layers were published, and the published code has no such step. What remains
without learnt weights is the centring that GroupNorm does, with a group for every channel, to the
difference of a frame and the intermediate image: taking its mean away. So each channel of a frame's
clean estimate is moved until its mean is that of the image, by a share ``g`` of the way:

    x0' = x0 + g * (mean(x~) - mean(x0))        out' = out + k * (x0' - x0)

with the slope ``k`` of ``prediction.py``. It takes away drift of colour and brightness along the
clip, and nothing of what is where.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from framejam_pipeline.prediction import Prediction


@dataclass(frozen=True)
class Alignment:
    """``mean`` (1, c, F, 1, 1) of each frame's image, F may be 1; ``share`` of the way, 0 to 1."""

    mean: torch.Tensor
    share: float

    @classmethod
    def to(cls, image: torch.Tensor, share: float) -> Alignment:
        """Align to ``image`` (F, c, h, w), F is 1 where all frames have one."""
        mean = image.mean(dim=(2, 3)).transpose(0, 1)
        return cls(mean[None, :, :, None, None], share)

    def steer(
        self, prediction: Prediction, scaled: torch.Tensor, output: torch.Tensor
    ) -> torch.Tensor:
        """Return the output whose clean estimate is re-centred; tensors are (1, c, F, h, w)."""
        mean = prediction.clean(scaled, output).mean(dim=(3, 4), keepdim=True)
        return output + prediction.slope * self.share * (self.mean - mean)
