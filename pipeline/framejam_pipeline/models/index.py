"""``model_index.json`` of the embedded model: sizes, defaults, vocabulary and conventions."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import msgspec
import torch

from framejam_pipeline.errors import ModelInvalid
from framejam_pipeline.models import memory
from framejam_pipeline.models.contract import ModelSpec, PredictionKind

WORKING_BYTES: Final = (264, 2146)
"""What ``memory.working_line`` computes for the shipped networks: computed once, here."""


class Sizes(msgspec.Struct, frozen=True):
    """What the model was trained on; a latent cell is ``latent_factor`` pixels square."""

    width: int
    height: int
    frames: int
    latent_factor: int
    latent_channels: int


class Vocabulary(msgspec.Struct, frozen=True):
    """The phrases of the training captions; where a name stands before them, by that name."""

    subjects: tuple[str, ...]
    colours: tuple[str, ...]
    backgrounds: dict[str, tuple[str, ...]]
    sizes: tuple[str, ...]
    places: dict[str, str]
    motions: dict[str, str]

    def phrases(self) -> dict[str, tuple[str, ...]]:
        """Return all phrases by what they describe."""
        return {
            "subjects": self.subjects,
            "colours": self.colours,
            "backgrounds": tuple(p for several in self.backgrounds.values() for p in several),
            "sizes": self.sizes,
            "places": tuple(self.places.values()),
            "motions": tuple(self.motions.values()),
        }


class ImagePipeline(msgspec.Struct, frozen=True):
    """How P_img runs well: ``guidance`` 1.0 means none."""

    steps: int
    guidance: float


class Affinity(msgspec.Struct, frozen=True):
    """How affinity falls along a clip; ``reach`` is by the names of ``Vocabulary.motions``."""

    rule: Literal["1 - reach * frame / (frames - 1)"]
    reach: dict[str, float]
    reach_without_motion_words: float


class VideoPipeline(msgspec.Struct, frozen=True):
    """How P_video runs well."""

    steps: int
    guidance: float
    affinity: Affinity


class Pipelines(msgspec.Struct, frozen=True):
    """The two pipelines of the paper: P_img and P_video."""

    image: ImagePipeline
    video: VideoPipeline


class Index(msgspec.Struct, frozen=True):
    """The file. Fields that are not named here are notes for people and left alone."""

    sizes: Sizes
    vocabulary: Vocabulary
    pipelines: Pipelines

    @classmethod
    def read(cls, file: Path) -> Index:
        """Read the file. Raises ``ModelInvalid`` that names the first field that is wrong."""
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError) as error:
            raise ModelInvalid(f"{file.name}: {error}") from error

    def affinity(self, frames: int, content: str, motion: str) -> torch.Tensor:
        """Return the affinity of each of ``frames`` frames, fp32 (F,), 0 to 1."""
        reach = self._reach(content, motion)
        return (1.0 - reach * torch.linspace(0.0, 1.0, frames)).clamp(0.0, 1.0)

    def spec(
        self,
        max_frames: int,
        halvings: int,
        prediction: PredictionKind,
        schedulers: tuple[str, ...],
    ) -> ModelSpec:
        """Return the model's spec; its UNet halves the latent ``halvings`` times."""
        image, video = self.pipelines.image, self.pipelines.video
        return ModelSpec(
            width=self.sizes.width,
            height=self.sizes.height,
            frames=self.sizes.frames,
            max_frames=max_frames,
            size_multiple=self.sizes.latent_factor * 2**halvings,
            latent_factor=self.sizes.latent_factor,
            latent_channels=self.sizes.latent_channels,
            image_steps=image.steps,
            image_guidance=image.guidance,
            video_steps=video.steps,
            video_guidance=video.guidance,
            vocabulary=self.vocabulary.phrases(),
            prediction=prediction,
            schedulers=schedulers,
            image_condition=True,
            loras=(),
            take_bytes_fixed=memory.kept_fixed(),
            take_bytes_per_value=memory.kept_per_value(video.steps),
            take_bytes_per_pixel=memory.kept_per_pixel(),
            working_bytes_fixed=WORKING_BYTES[0],
            working_bytes_per_value=WORKING_BYTES[1],
        )

    def _reach(self, content: str, motion: str) -> float:
        """Return how far the subject may get in the clip, as a share of what affinity spans.

        In the motion prompt the last word of a phrase is enough ("left" of "moving to the
        left"); in the content prompt, where "left" is a place, it takes the whole phrase.
        """
        affinity = self.pipelines.video.affinity
        said = set(motion.lower().split())
        text = " ".join(content.lower().split())
        reaches = [
            affinity.reach[name]
            for name, phrase in self.vocabulary.motions.items()
            if phrase.split()[-1] in said or phrase in text
        ]
        return max(reaches, default=affinity.reach_without_motion_words)
