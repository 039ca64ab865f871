"""``model_index.json`` of the embedded model: sizes, defaults and conventions."""

from __future__ import annotations

from pathlib import Path

import msgspec

from framejam_pipeline.errors import ModelInvalid
from framejam_pipeline.models.contract import ModelSpec


class Run(msgspec.Struct, frozen=True):
    """How one of the two pipelines runs well: ``guidance`` 1.0 means none."""

    steps: int
    guidance: float


class Index(msgspec.Struct, frozen=True):
    """The file's fields; fields this version does not know are left alone.

    ``affinity`` is one number for all frames or one per frame (a longer clip repeats the last).
    """

    width: int
    height: int
    frames: int
    latent_factor: int
    latent_channels: int
    image: Run
    video: Run
    vocabulary: tuple[str, ...] = ()
    affinity: float | tuple[float, ...] = 1.0

    @classmethod
    def read(cls, file: Path) -> Index:
        """Read the file. Raises ``ModelInvalid`` that names the first field that is wrong."""
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError) as error:
            raise ModelInvalid(f"{file.name}: {error}") from error

    def affinity_of(self, frames: int) -> list[float]:
        """Return the affinity of each of ``frames`` frames, 0 to 1."""
        if isinstance(self.affinity, float):
            return [self.affinity] * frames
        known = list(self.affinity[:frames])
        return known + [known[-1]] * (frames - len(known))

    def spec(self, max_frames: int, halvings: int) -> ModelSpec:
        """Return the model's spec; its UNet halves the latent ``halvings`` times."""
        return ModelSpec(
            width=self.width,
            height=self.height,
            frames=self.frames,
            max_frames=max_frames,
            size_multiple=self.latent_factor * 2**halvings,
            latent_factor=self.latent_factor,
            latent_channels=self.latent_channels,
            image_steps=self.image.steps,
            image_guidance=self.image.guidance,
            video_steps=self.video.steps,
            video_guidance=self.video.guidance,
            vocabulary=self.vocabulary,
        )
