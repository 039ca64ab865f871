"""The embedded model's folder: what loads, what is refused, and that no network is asked."""

from __future__ import annotations

import copy
import json
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import UNetMotionModel
from tiny import settings

from framejam_pipeline.errors import ModelInvalid, ModelNotFound
from framejam_pipeline.models.contract import VideoConditions, VideoModel
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.text import caption


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that a test may damage."""
    return Path(shutil.copytree(folder, tmp_path / "model"))


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize(
    "part", ["unet", "motion_adapter", "vae", "text_encoder", "tokenizer", "scheduler"]
)
def test_a_missing_part_is_named_and_no_hub_is_asked(own: Path, part: str) -> None:
    shutil.rmtree(own / part)
    with pytest.raises(ModelNotFound, match=part):
        EmbeddedModel.load(own)
    (own / part).mkdir()
    with pytest.raises(ModelInvalid, match=part):
        EmbeddedModel.load(own)


@pytest.mark.usefixtures("_no_network")
def test_a_missing_folder_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="nowhere"):
        EmbeddedModel.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("unet", "unet/diffusion_pytorch_model.safetensors"),
        ("text_encoder", "text_encoder/model.safetensors"),
        ("tokenizer", "tokenizer/tokenizer.json"),
        ("scheduler", "scheduler/scheduler_config.json"),
        ("preview", "preview.safetensors"),
        ("model_index", "model_index.json"),
    ],
)
def test_a_torn_file_is_a_typed_error_that_names_the_part(own: Path, part: str, name: str) -> None:
    content = (own / name).read_bytes()
    (own / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelInvalid, match=part):
        EmbeddedModel.load(own)


@pytest.mark.parametrize(
    ("field", "value"), [("latent_factor", 8), ("latent_channels", 3), ("frames", "many")]
)
def test_an_index_that_does_not_fit_is_refused(own: Path, field: str, value: Any) -> None:
    index = json.loads((own / "model_index.json").read_text())
    index["sizes"][field] = value
    (own / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelInvalid):
        EmbeddedModel.load(own)


def test_a_scheduler_that_clips_is_refused(own: Path) -> None:
    file = own / "scheduler" / "scheduler_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "clip_sample": True}))
    with pytest.raises(ModelInvalid, match="clip"):
        EmbeddedModel.load(own)


def test_the_hash_follows_every_weight_and_config_and_nothing_else(
    model: EmbeddedModel, own: Path
) -> None:
    (own / "MODEL_CARD.md").write_text("words about the model")
    assert EmbeddedModel.load(own).hash == model.hash
    preview = own / "preview.safetensors"
    content = bytearray(preview.read_bytes())
    content[-1] ^= 1
    preview.write_bytes(content)
    assert EmbeddedModel.load(own).hash != model.hash


def test_it_is_a_video_model(model: EmbeddedModel) -> None:
    promised: VideoModel = model
    assert promised.spec.latent_shape(settings(width=48, height=32)) == (4, 4, 8, 12)
    assert promised.environment()["threads"] == "1"
    assert promised.environment()["torch"] == torch.__version__


def test_make_scheduler_gives_a_fresh_one_with_the_asked_steps(model: EmbeddedModel) -> None:
    for steps in (1, 4, 7, 25, 61, 121, 200):
        assert len(model.make_scheduler(steps, "").timesteps) == steps
    assert model.make_scheduler(4, "") is not model.make_scheduler(4, "")


def test_video_frames_without_motion_modules_are_the_image_model_frame_by_frame(
    model: EmbeddedModel,
) -> None:
    """Channel order, text per frame and timestep mean the same to both denoisers."""
    still = copy.copy(model)
    video = UNetMotionModel.from_unet2d(model._unet)
    for name, module in video.named_modules():
        if name.endswith("proj_out") and "motion_modules" in name:
            torch.nn.init.zeros_(module.weight)
            torch.nn.init.zeros_(module.bias)
    still._video = video.eval()
    latents = torch.randn((1, 4, 3, 8, 8), generator=torch.Generator().manual_seed(1))
    text = torch.cat([model.encode_text(""), model.encode_text("a red fish")])
    nothing = VideoConditions(text, torch.zeros((1, 4, 8, 8)), torch.zeros(3))
    timestep = torch.tensor(500)
    clip = still.predict_video(latents, timestep, nothing)
    assert clip.shape == (2, 4, 3, 8, 8)
    for frame in range(3):
        alone = model.predict_image(latents[:, :, frame], timestep, text)
        assert torch.allclose(clip[:, :, frame], alone, atol=1e-5)


def test_loading_twice_gives_two_models_that_agree(folder: Path, model: EmbeddedModel) -> None:
    """Building the motion UNet shares no weights with another one."""
    again = EmbeddedModel.load(folder)
    latents = torch.ones((1, 4, 2, 8, 8))
    conditions = VideoConditions(model.encode_text("fish"), torch.ones((1, 4, 8, 8)), torch.ones(2))
    arguments = latents, torch.tensor(300), conditions
    assert torch.equal(again.predict_video(*arguments), model.predict_video(*arguments))


def test_pictures_go_to_latents_and_back_at_the_right_size(model: EmbeddedModel) -> None:
    latents = model.encode_image(np.zeros((32, 48, 3), dtype=np.uint8))
    assert latents.shape == (1, 4, 8, 12)
    assert model.decode(latents).shape == model.project(latents).shape == (1, 3, 32, 48)


def test_a_prompt_longer_than_the_encoder_is_cut_off(model: EmbeddedModel) -> None:
    assert model.encode_text("fish " * 300).shape == model.encode_text("").shape


@pytest.mark.parametrize(
    ("content", "motion", "expected"),
    [
        ("a fish", "moving up", "a fish moving up"),
        ("  a fish ", "", "a fish"),
        (" ", "moving up", "moving up"),
        ("", "", ""),
    ],
)
def test_a_caption_says_content_then_motion(content: str, motion: str, expected: str) -> None:
    assert caption(content, motion) == expected


@pytest.mark.parametrize(
    ("content", "motion", "last"),
    [
        ("a fish", "", 1.0),
        ("a fish on the left", "", 1.0),
        ("a fish Moving  to the left", "", 0.4),
        ("a fish", "to the LEFT", 0.4),
        ("a fish", "standing still", 1.0),
        ("a fish", "dancing", 1.0),
    ],
)
def test_affinity_falls_along_the_clip_as_far_as_the_prompts_say(
    model: EmbeddedModel, content: str, motion: str, last: float
) -> None:
    affinity = model.affinity(4, content, motion)
    assert torch.allclose(affinity, torch.linspace(1.0, last, 4))
    assert model.affinity(1, content, motion).tolist() == [1.0]
