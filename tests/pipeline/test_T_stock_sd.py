"""Takes of Stable Diffusion with motion modules equal stock diffusers bit for bit (max |d| = 0.0).

The stock pipeline is loaded by its own loader from the folder our model is loaded from, and the
noise of both is the same: one generator that runs through all steps. Stock pipelines draw a sample
of the image's latents where we take the mode; that alone is patched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    AnimateDiffPipeline,
    DDIMScheduler,
    PIAPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
)
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from stock_schedulers import STOCK
from tiny import picture, settings
from tiny_sd import Kind, write_base_and_adapter, write_pipeline

from framejam_pipeline.decode import to_pixels
from framejam_pipeline.entries import Entry
from framejam_pipeline.loop import DenoiseLoop, guide
from framejam_pipeline.models import schedulers
from framejam_pipeline.models.load import load_model
from framejam_pipeline.models.motion import MotionModel
from framejam_pipeline.noise import KeyedNoise
from framejam_pipeline.take import Take
from framejam_pipeline.text import text_states
from framejam_protocol.instructions import Content, Image, Motion, Negative

BLOB = "00c0ffee" * 8
STEPS = 6
FRAMES = 5
SEED = 11
NEGATIVE = "blurred"
WORDS = "a fish left"
RUNNING = 5
"""Seed of the generator that runs through all steps."""


class _OneGenerator:
    """Noise as stock pipelines draw it. Without ``latents`` the first draw is the start."""

    def __init__(self, latents: torch.Tensor | None = None) -> None:
        self._latents = latents
        self._running = torch.Generator().manual_seed(RUNNING)

    def initial(self, shape: tuple[int, ...]) -> torch.Tensor:
        if self._latents is None:
            self._latents = torch.randn(shape, generator=self._running)
        return self._latents

    def generator(self, step: int) -> torch.Generator:
        return self._running


@pytest.fixture(autouse=True)
def _mode(monkeypatch: pytest.MonkeyPatch) -> None:
    def mode(self: Any, generator: Any = None) -> torch.Tensor:
        return self.mode()

    monkeypatch.setattr(DiagonalGaussianDistribution, "sample", mode)


@pytest.fixture(scope="module", params=["pia", "animatediff"])
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture(scope="module")
def place(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pipeline(tmp_path_factory.mktemp("sd") / kind, kind)


@pytest.fixture(scope="module")
def ours(place: Path) -> MotionModel:
    model = load_model(place)
    assert isinstance(model, MotionModel)
    return model


@pytest.fixture(scope="module")
def stock(kind: Kind, place: Path) -> Any:
    pipeline = PIAPipeline if kind == "pia" else AnimateDiffPipeline
    return _quiet(pipeline.from_pretrained(place))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base_and_adapter(tmp_path_factory.mktemp("base") / "base", "pia")


@pytest.fixture(scope="module")
def ours_base(base: Path) -> MotionModel:
    model = load_model(base)
    assert isinstance(model, MotionModel)
    return model


def _quiet(pipeline: Any) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _schedule(pipeline: Any, folder: Path, name: str) -> None:
    """Give a stock pipeline the scheduler that people mean by ``name``."""
    kind, options = STOCK[name]
    own = DDIMScheduler.from_pretrained(folder / "scheduler")
    pipeline.scheduler = kind.from_config(own.config, **options)


def _noise(shape: tuple[int, ...]) -> torch.Tensor:
    return KeyedNoise(SEED, "video").initial(shape)


def _stock_clip(pipeline: Any, kind: Kind, guidance: float, output: str) -> Any:
    image = {"image": picture(BLOB)} if kind == "pia" else {}
    return pipeline(
        **image,
        prompt=WORDS,
        negative_prompt=NEGATIVE,
        num_frames=FRAMES,
        height=32,
        width=32,
        num_inference_steps=STEPS,
        guidance_scale=guidance,
        generator=torch.Generator().manual_seed(RUNNING),
        latents=_noise((1, 4, FRAMES, 8, 8)),
        output_type=output,
    ).frames


@pytest.mark.parametrize("guidance", [100, 750])
@pytest.mark.parametrize("name", schedulers.NAMES)
def test_T_a_take_equals_the_stock_video_pipeline(
    ours: MotionModel,
    stock: Any,
    place: Path,
    kind: Kind,
    name: str,
    guidance: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert name in ours.spec.schedulers
    running = torch.Generator().manual_seed(RUNNING)
    keyed = KeyedNoise.generator

    def generator(self: KeyedNoise, step: int) -> torch.Generator:
        return running if self._purpose == "video" else keyed(self, step)

    monkeypatch.setattr(KeyedNoise, "generator", generator)
    changes: dict[str, Any] = {"seed": SEED, "steps": STEPS, "frames": FRAMES}
    size = settings(model=ours.name, scheduler=name, guidance=guidance, **changes)
    take = Take(ours, size, picture)
    # The stock pipeline of AnimateDiff takes no picture; in ours a given one would lead the clip.
    given = {3: Entry(0, Image(BLOB))} if ours.spec.image_condition else {}
    take.follow(
        {
            1: Entry(0, Content("a fish")),
            2: Entry(0, Motion("left")),
            **given,
            4: Entry(0, Negative(NEGATIVE)),
        }
    )
    while not take.done:
        take.step()
    _schedule(stock, place, name)
    latents = _stock_clip(stock, kind, guidance / 100, "latent")
    assert float((take.latents() - latents).abs().max()) == 0.0
    frames = _stock_clip(stock, kind, guidance / 100, "np")[0]
    decoded = ours.decode(take.latents()[0].transpose(0, 1)).clamp(0, 1).permute(0, 2, 3, 1)
    assert np.array_equal(decoded.numpy(), frames)
    assert np.array_equal(take.frames(), (frames * 255).round().astype(np.uint8))


def _our_picture(
    model: MotionModel, name: str, noise: _OneGenerator, begin: tuple[int, torch.Tensor] | None
) -> torch.Tensor:
    """The latents of P_img, guided."""
    loop = DenoiseLoop(
        lambda x, t, text: guide(model.predict_image(x, t, text), 7.5),
        model.make_scheduler(STEPS, name),
        noise,
        (1, 4, 8, 8),
    )
    if begin is not None:
        loop.begin(*begin)
    text = text_states(model, WORDS, NEGATIVE, True, ())
    while loop.index < loop.steps:
        loop.step(text)
    return loop.latents


@pytest.mark.parametrize("name", schedulers.NAMES)
def test_T_the_image_loop_equals_the_stock_text_to_image_pipeline(
    ours_base: MotionModel, base: Path, name: str
) -> None:
    stock = _quiet(StableDiffusionPipeline.from_pretrained(base, safety_checker=None))
    _schedule(stock, base, name)
    start = _noise((1, 4, 8, 8))

    def run(output: str) -> Any:
        return stock(
            prompt=WORDS,
            negative_prompt=NEGATIVE,
            num_inference_steps=STEPS,
            guidance_scale=7.5,
            generator=torch.Generator().manual_seed(RUNNING),
            latents=start,
            output_type=output,
        ).images

    found = _our_picture(ours_base, name, _OneGenerator(start), None)
    assert float((found - run("latent")).abs().max()) == 0.0
    pixels = to_pixels(ours_base.decode(found))[0]
    assert np.array_equal(pixels, (run("np")[0] * 255).round().astype(np.uint8))


@pytest.mark.parametrize("name", schedulers.NAMES)
@pytest.mark.parametrize("strength", [0.5, 0.84])
def test_T_the_image_loop_equals_the_stock_image_to_image_pipeline(
    ours_base: MotionModel, base: Path, name: str, strength: float
) -> None:
    stock = _quiet(StableDiffusionImg2ImgPipeline.from_pretrained(base, safety_checker=None))
    _schedule(stock, base, name)
    known = ours_base.encode_image(np.asarray(picture(BLOB)))
    # The picture goes in as latents, which are the same numbers in both, but lie in another order
    # in memory where the stock pipeline has encoded them, and that changes the last bits later.
    pixels = stock.image_processor.preprocess(picture(BLOB))
    encoded = stock.vae.config.scaling_factor * stock.vae.encode(pixels).latent_dist.mode()
    assert float((known - encoded).abs().max()) == 0.0
    latents = stock(
        prompt=WORDS,
        negative_prompt=NEGATIVE,
        image=known,
        strength=strength,
        num_inference_steps=STEPS,
        guidance_scale=7.5,
        generator=torch.Generator().manual_seed(RUNNING),
        output_type="latent",
    ).images
    begin = STEPS - int(STEPS * strength)
    found = _our_picture(ours_base, name, _OneGenerator(), (begin, known))
    assert begin > 0
    assert float((found - latents).abs().max()) == 0.0
