"""P_img: the intermediate image (x~ in the paper) made from the content prompt."""

from __future__ import annotations

import torch

from framejam_pipeline.decode import to_pixels
from framejam_pipeline.image import Pixels
from framejam_pipeline.loop import DenoiseLoop, guide
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.noise import KeyedNoise
from framejam_pipeline.text import text_states
from framejam_protocol.instructions import Settings


def generate_image(model: VideoModel, settings: Settings, content: str) -> Pixels:
    """Return the picture P_img makes of ``content`` under the take's seed, (H, W, 3).

    Runs whole, with the model's own number of steps and guidance, and rounds to bytes: the
    intermediate image is what people see and paint on, so it holds nothing they cannot see.
    An empty prompt gives what the model imagines unasked.
    """
    guidance = model.spec.image_guidance

    def predict(latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        return guide(model.predict_image(latents, timestep, text), guidance)

    channels, _, rows, columns = model.spec.latent_shape(settings)
    text = text_states(model, content, guided=guidance > 1.0)
    loop = DenoiseLoop(
        predict,
        model.make_scheduler(model.spec.image_steps),
        KeyedNoise(settings.seed, "image"),
        (1, channels, rows, columns),
        device=model.device,
    )
    while loop.index < loop.steps:
        loop.step(text)
    picture: Pixels = to_pixels(model.decode(loop.latents))[0]
    return picture
