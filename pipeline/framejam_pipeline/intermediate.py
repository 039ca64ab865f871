"""P_img: the intermediate image (x~ in the paper) made from words, or made again from a picture.

The inner half of ``{v_1..v_F} = P_video(P_img(x, y), y', r)``, the two pipelines of
InteractiveVideo (arXiv 2402.03040): here ``y`` is the content prompt and ``x`` a picture that
people have worked on. P_img is a denoising loop like P_video's, of one picture; it runs whole
whenever what it depends on has changed (T10).

P_img keeps the model's own steps, guidance and scheduler, whatever a take's settings say: those are
the video's, and the picture that people steer by does not change with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from framejam_pipeline.decode import to_pixels
from framejam_pipeline.image import Pixels
from framejam_pipeline.loop import DenoiseLoop, guide
from framejam_pipeline.models.contract import Loras, VideoModel
from framejam_pipeline.noise import KeyedNoise
from framejam_pipeline.paint import Mask, pool, touched
from framejam_pipeline.residual import Residual
from framejam_pipeline.text import text_states
from framejam_protocol.instructions import Settings

_MOST_STEPS: Final = 200
"""As many as a scheduler of the contract runs."""


@dataclass(frozen=True)
class Words:
    """What P_img is told: a caption, what should not be there, and the LoRA weights in force."""

    caption: str = ""
    negative: str = ""
    loras: Loras = ()


def generate_image(model: VideoModel, settings: Settings, words: Words) -> Pixels:
    """Return the picture P_img makes of ``words`` under the take's seed, (H, W, 3).

    Runs whole and rounds to bytes: the intermediate image is what people see and paint on, so it
    holds nothing they cannot see. An empty caption gives what the model imagines unasked.
    """
    loop = _loop(model, settings, words, model.spec.image_steps, "image")
    text = _text(model, words)
    while loop.index < loop.steps:
        loop.step(text)
    picture: Pixels = to_pixels(model.decode(loop.latents))[0]
    return picture


def redraw(
    model: VideoModel,
    settings: Settings,
    picture: Pixels,
    mask: Mask,
    words: Words,
    share: int,
    purpose: str,
    kept: Mask | None = None,
) -> Pixels:
    """Return ``picture`` (H, W, 3) drawn again by P_img after ``words`` where ``mask`` is above 0.

    Image to image: the picture is noised to ``share`` hundredths, 1 to 100, of P_img's noise and
    denoised again, with the latents around the mask (H, W), 0 to 1, held to those of the picture
    at every step, and those under it as strongly as ``kept`` (H, W) says. By the mask the outcome
    is then laid on the picture: where it is 0 no bit changes. Noise is keyed by seed and
    ``purpose``.
    """
    # As many steps as the share of the way costs, spread so that it starts at just that noise.
    runs = math.ceil(share * model.spec.image_steps / 100)
    steps = min(round(100 * runs / share), _MOST_STEPS)
    loop = _loop(model, settings, words, steps, purpose)
    text, known = _text(model, words), model.encode_image(picture)
    held = 1.0 - touched(mask, model.spec.latent_factor)
    if kept is not None:
        held = np.maximum(held, pool(kept, model.spec.latent_factor))
    weight = torch.from_numpy(held).float().to(model.device)
    around = Residual(weight[None, None], known)
    # Two-stage schedulers count each stage.
    loop.begin(loop.steps - loop.steps * runs // steps, known)
    while loop.index < loop.steps:
        loop.step(text, around)
    drawn = to_pixels(model.decode(loop.latents))[0].astype(np.float64)
    return np.asarray(np.rint(picture + mask[..., None] * (drawn - picture)).astype(np.uint8))


def _loop(
    model: VideoModel, settings: Settings, words: Words, steps: int, purpose: str
) -> DenoiseLoop[torch.Tensor]:
    """P_img before its first step; its conditions are text states."""
    guidance = model.spec.image_guidance

    def predict(latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        output = model.predict_image(latents, timestep, text, loras=words.loras)
        return guide(output, guidance)

    channels, _, rows, columns = model.spec.latent_shape(settings)
    return DenoiseLoop(
        predict,
        model.make_scheduler(steps, ""),
        KeyedNoise(settings.seed, purpose),
        (1, channels, rows, columns),
        device=model.device,
    )


def _text(model: VideoModel, words: Words) -> torch.Tensor:
    guided = model.spec.image_guidance > 1.0
    return text_states(model, words.caption, words.negative, guided, words.loras)
