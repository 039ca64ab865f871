"""Every family keeps the contract, and the test kit says which clause one breaks."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import one_file_family
import pytest
import torch
from diffusers import HeunDiscreteScheduler
from one_file_family import PixelFlow
from tiny import settings
from tiny_sd import write_lora, write_pipeline

import framejam_pipeline
from framejam_pipeline import testkit
from framejam_pipeline.errors import UnsupportedSettings
from framejam_pipeline.models import load
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.models.load import load_model
from framejam_pipeline.models.memory import working_line
from framejam_pipeline.models.preview import fit
from framejam_pipeline.testkit import CLAUSES, Clause, ContractBroken

TRAINING = Path(framejam_pipeline.__file__).parent / "training"


@pytest.fixture(scope="module", params=["pia", "animatediff", "embedded", "one file"])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VideoModel:
    folder = tmp_path_factory.mktemp("family") / "model"
    if request.param == "embedded":
        return load_model()
    if request.param == "one file":
        folder.mkdir()
        return PixelFlow.load(one_file_family.write(folder))
    write_pipeline(folder, request.param)
    write_lora(folder / "loras" / "one.safetensors")
    write_lora(folder / "loras" / "two.of.kohya.safetensors", kohya=True, seed=10)
    write_lora(folder / "loras" / "moving.safetensors", motion=True, seed=11)
    write_lora(folder / "loras" / "elsewhere.safetensors", width=24)
    return load_model(folder)


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__)
def test_every_family_keeps_the_contract(family: VideoModel, clause: Clause) -> None:
    clause(family)


def test_a_family_of_another_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_file_family.write(tmp_path)
    asked: list[str] = []

    def entry_points(group: str) -> list[EntryPoint]:
        asked.append(group)
        return [EntryPoint("pixel-flow", "one_file_family:PixelFlow", group)]

    monkeypatch.setattr(load, "entry_points", entry_points)
    assert load_model(tmp_path).name == "pixel-flow"
    assert asked == ["framejam.models"]
    assert isinstance(load_model(), EmbeddedModel)


class _Broken:
    """A model that keeps the contract but for what is handed in."""

    def __init__(self, model: VideoModel, **parts: Any) -> None:
        self._model = model
        self._parts = parts

    def __getattr__(self, name: str) -> Any:
        if name in self._parts:
            part = self._parts[name]
            return (lambda *a, **k: part(self._model, *a, **k)) if callable(part) else part
        return getattr(self._model, name)


def _with_spec(**fields: Any) -> Callable[[VideoModel], Any]:
    """The model with another spec."""

    def broken(model: VideoModel) -> Any:
        return _Broken(model, spec=type(model.spec)(**{**vars(model.spec), **fields}))

    return broken


def _with(**parts: Any) -> Callable[[VideoModel], Any]:
    return lambda model: _Broken(model, **parts)


def _heun(model: VideoModel, steps: int, scheduler: str) -> Any:
    made = HeunDiscreteScheduler()
    made.set_timesteps(steps)
    return made


class _Remembering:
    """Adds a little more at every call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, model: VideoModel, *arguments: Any, **named: Any) -> torch.Tensor:
        self.calls += 1
        return model.predict_video(*arguments, **named) + self.calls * 1e-3


def _writing(model: VideoModel, latents: torch.Tensor, *arguments: Any) -> torch.Tensor:
    found = model.predict_video(latents, *arguments)
    latents.zero_()
    return found


def _same_scheduler() -> Any:
    kept: dict[tuple[int, str], Any] = {}

    def make(model: VideoModel, steps: int, name: str) -> Any:
        return kept.setdefault((steps, name), model.make_scheduler(steps, name))

    return make


FAULTS: dict[str, tuple[str, Callable[[VideoModel], Any]]] = {
    "width is no multiple": ("spec", _with_spec(width=17)),
    "several frames a latent frame": ("spec", _with_spec(frame_stride=4)),
    "no scheduler": ("spec", _with_spec(schedulers=())),
    "hash is a word": ("spec", _with(hash="weights")),
    "longer texts are longer": (
        "text",
        _with(
            encode_text=lambda m, text, **k: m.encode_text(text, **k).repeat(1, 1 + len(text), 1)
        ),
    ),
    "texts in half precision": (
        "text",
        _with(encode_text=lambda m, t, **k: m.encode_text(t).half()),
    ),
    "clip is not its frames": ("pictures", _with(encode_clip=lambda m, f: m.encode_clip(f[::-1]))),
    "decodes to rows first": ("pictures", _with(decode=lambda m, x: m.decode(x).mT)),
    "preview is grey": ("preview", _with(project=lambda m, x: torch.full_like(m.decode(x), 0.5))),
    "preview is upside down": ("preview", _with(project=lambda m, x: m.project(x).flip(2))),
    "guidance forgets a text": (
        "denoisers",
        _with(predict_video=lambda m, x, t, c: m.predict_video(x, t, c)[:1]),
    ),
    "texts change places": (
        "denoisers",
        _with(predict_video=lambda m, x, t, c: m.predict_video(x, t, c).flip(0)),
    ),
    "image condition is not looked at": ("denoisers", _with_spec(image_condition=False)),
    "infinite": ("denoisers", _with(predict_image=lambda m, *a, **k: m.predict_image(*a, **k) / 0)),
    "remembers": ("pure", lambda model: _Broken(model, predict_video=_Remembering())),
    "writes into latents": ("pure", _with(predict_video=_writing)),
    "affinity beyond 1": ("pure", _with(affinity=lambda m, *a: m.affinity(*a) * 2)),
    "two forwards a step": ("schedulers", _with(make_scheduler=_heun)),
    "reads another prediction": ("schedulers", _with_spec(prediction="epsilon")),
    "one scheduler for all": ("schedulers", lambda m: _Broken(m, make_scheduler=_same_scheduler())),
    "any name will do": (
        "schedulers",
        _with(make_scheduler=lambda m, steps, name: m.make_scheduler(steps, "")),
    ),
    "a take forgets": ("rewinds", lambda model: _Broken(model, predict_video=_Remembering())),
    "a take keeps more": ("memory", _with_spec(take_bytes_fixed=0, take_bytes_per_value=4)),
    "a long take keeps more": (
        "memory",
        _with_spec(take_bytes_fixed=2**40, take_bytes_per_value=8),
    ),
    "a step needs more": ("memory", _with_spec(working_bytes_fixed=0, working_bytes_per_value=1)),
    "any lora will do": (
        "loras",
        _with(
            encode_text=lambda m, text, loras=(): m.encode_text(text),
            predict_image=lambda m, *a, loras=(): m.predict_image(*a),
            predict_video=lambda m, x, t, c: m.predict_video(
                x, t, type(c)(c.text, c.image, c.affinity)
            ),
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_test_kit_names_the_clause_that_is_broken(fault: str, tmp_path: Path) -> None:
    model = PixelFlow.load(one_file_family.write(tmp_path))
    clause, broken = FAULTS[fault]
    with pytest.raises(ContractBroken, match=f"^{clause}: ") as raised:
        getattr(testkit, clause)(broken(model))
    assert raised.value.clause == clause


@pytest.mark.parametrize(
    ("field", "value"),
    [("scheduler", "heun"), ("loras", (("gone", 50),)), ("frames", 17), ("height", 33)],
)
def test_settings_the_model_does_not_have_are_refused_by_their_field(
    model: EmbeddedModel, field: str, value: Any
) -> None:
    limited = type(model.spec)(**{**vars(model.spec), "max_frames": 16})
    with pytest.raises(UnsupportedSettings) as raised:
        limited.require(settings(**{field: value}))
    assert raised.value.field == field
    limited.require(settings(scheduler=""))
    limited.require(settings(scheduler="euler"))


@pytest.mark.parametrize(
    ("stride", "frames", "latent"), [(1, 1, 1), (1, 16, 16), (4, 1, 1), (4, 17, 5), (8, 41, 6)]
)
def test_the_spec_says_how_frames_map_to_latent_frames(
    model: EmbeddedModel, stride: int, frames: int, latent: int
) -> None:
    """As in Wan (stride 4) and LTX (stride 8): the first frame has a latent frame of its own."""
    spec = type(model.spec)(**{**vars(model.spec), "frame_stride": stride, "max_frames": 64})
    assert spec.latent_frames(frames) == latent
    assert spec.latent_shape(settings(frames=frames))[1] == latent
    spec.require(settings(frames=frames))
    if stride > 1:
        with pytest.raises(UnsupportedSettings, match="frames"):
            spec.require(settings(frames=frames + 1))


def test_the_memory_of_the_shipped_model_is_what_its_networks_need() -> None:
    shipped = load_model()
    assert isinstance(shipped, EmbeddedModel)
    line = working_line(shipped._video, shipped._vae, shipped._tokenizer.model_max_length)
    spec = shipped.spec
    assert (spec.working_bytes_fixed, spec.working_bytes_per_value) == line


def test_pictures_of_the_kit_are_not_flat() -> None:
    """A preview clause on pictures of one colour would hold for every projection."""
    for picture in testkit._pictures(settings(), 6):
        assert np.ptp(picture, axis=(0, 1)).min() > 60


def test_a_preview_fitted_to_a_real_autoencoder_shows_photographs() -> None:
    """On photographs it was not fitted to: a third of what a flat colour misses, or less."""
    shipped = load_model()
    file = np.load(TRAINING / "photographs-held-out.npz")
    photographs = np.stack([file[name][:64, :64] for name in file])
    latents = shipped.encode_clip(photographs)
    decoded = shipped.decode(latents)
    flat = decoded.mean(dim=(2, 3), keepdim=True)
    fitted = fit(shipped.encode_image, shipped.decode, shipped.spec.latent_factor)
    missed = (fitted.project(latents) - decoded).square().mean()
    assert float(missed) < float((flat - decoded).square().mean()) / 3
