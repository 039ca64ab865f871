"""Which family a model folder is of, and its model.

Families of other packages are found by the entry point group ``framejam.models``: each entry
names a class that offers what ``contract.Family`` says.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from framejam_pipeline.errors import ModelNotFound
from framejam_pipeline.models.contract import Family, VideoModel
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.models.motion import MotionModel

GROUP: Final = "framejam.models"
"""The entry point group of families that other packages bring."""

_OWN: Final[tuple[Family, ...]] = (EmbeddedModel, MotionModel)


def load_model(path: Path | None = None, device: str = "cpu") -> VideoModel:
    """Load the model in ``path``, a folder or a checkpoint file; None is the one that ships.

    No model hub is ever asked. Families of other packages are asked first. Raises
    ``ModelNotFound`` if nothing there is a model of any family or a part of it is missing, and
    ``ModelInvalid`` if a part cannot be used.
    """
    if path is None:
        return EmbeddedModel.load(None, device)
    for family in (*_brought(), *_OWN):
        if family.recognises(path):
            return family.load(path, device)
    raise ModelNotFound(
        f"{path} has no unet, no checkpoint in safetensors and no model_index.json: "
        "there is no model that can be loaded"
    )


def _brought() -> tuple[Family, ...]:
    """The families of other packages, in the order of their names."""
    found = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return tuple(entry.load() for entry in found)
