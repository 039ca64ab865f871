"""One tiny model for all tests of the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import write_tiny_model

from framejam_pipeline.models.embedded import EmbeddedModel


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model's folder; tests that change files must copy it."""
    path = tmp_path_factory.mktemp("tiny-model")
    write_tiny_model(path)
    return path


@pytest.fixture(scope="session")
def model(folder: Path) -> EmbeddedModel:
    """The tiny model, loaded as the embedded one is."""
    return EmbeddedModel.load(folder)
