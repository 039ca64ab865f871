"""An unedited loop of the embedded model equals stock diffusers bit for bit (max |d| = 0.0).

The stock pipeline is built from the same files by its own loaders, and is handed our initial
noise and, where a scheduler draws more, the same generator.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    HeunDiscreteScheduler,
    MotionAdapter,
    PIAPipeline,
    PNDMScheduler,
    UNet2DConditionModel,
)
from diffusers.pipelines.deprecated.pia import pipeline_pia
from stock_schedulers import STOCK
from tiny import picture, settings
from transformers import CLIPTextModel, CLIPTokenizer

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Entry, Fold
from framejam_pipeline.loop import DenoiseLoop, guide
from framejam_pipeline.models import schedulers
from framejam_pipeline.models.contract import Scheduler
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.noise import KeyedNoise
from framejam_pipeline.take import Take
from framejam_protocol.instructions import Content, Image, Motion

BLOB = "00c0ffee" * 8
SHAPE = (1, 4, 4, 8, 8)


class _StockAutoencoder(AutoencoderTiny):
    """PIA asks for a latent distribution; the tiny autoencoder has only its mode."""

    def encode(self, x: torch.Tensor, return_dict: bool = True) -> Any:
        latents = super().encode(x).latents
        return SimpleNamespace(latent_dist=SimpleNamespace(sample=lambda generator: latents))


class _OneGenerator:
    """Noise as stock pipelines draw it: one generator that runs through all steps."""

    def __init__(self, seed: int) -> None:
        self._running = torch.Generator().manual_seed(seed)

    def initial(self, shape: tuple[int, ...]) -> torch.Tensor:
        return KeyedNoise(11, "video").initial(shape)

    def generator(self, step: int) -> torch.Generator:
        return self._running


@pytest.fixture(scope="module")
def stock(folder: Path) -> PIAPipeline:
    pipeline = PIAPipeline(
        vae=_StockAutoencoder.from_pretrained(folder / "vae"),
        text_encoder=CLIPTextModel.from_pretrained(folder / "text_encoder"),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(folder / "unet"),
        scheduler=DDIMScheduler.from_pretrained(folder / "scheduler"),
        motion_adapter=MotionAdapter.from_pretrained(folder / "motion_adapter"),
    )
    pipeline.set_progress_bar_config(disable=True)
    pipeline.folder = folder
    return pipeline


@pytest.fixture(autouse=True)
def _same_affinity(model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stock pipeline's "small motion" be what our model makes of the prompts below."""
    affinity = model.affinity(4, "a fish", "left").tolist()
    monkeypatch.setattr(pipeline_pia, "RANGE_list", [affinity])


def _run_stock(pipeline: PIAPipeline, steps: int, guidance: float, output: str) -> Any:
    return pipeline(
        image=picture(BLOB),
        prompt="a fish left",
        num_frames=4,
        height=32,
        width=32,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=torch.Generator().manual_seed(5),
        latents=KeyedNoise(11, "video").initial(SHAPE),
        motion_scale=0,
        output_type=output,
    ).frames


@pytest.mark.parametrize("guidance", [100, 250])
def test_T_a_take_equals_the_stock_pipeline(
    model: EmbeddedModel, stock: PIAPipeline, guidance: int
) -> None:
    take = Take(model, settings(guidance=guidance), picture)
    take.follow(
        {
            1: Entry(0, Content("a fish")),
            2: Entry(0, Motion("left")),
            3: Entry(0, Image(BLOB)),
        }
    )
    while not take.done:
        take.step()
    latents = _run_stock(stock, 6, guidance / 100, "latent")
    assert float((take.latents() - latents).abs().max()) == 0.0
    frames = _run_stock(stock, 6, guidance / 100, "np")[0]
    assert np.array_equal(take.frames(), (frames * 255).round().astype(np.uint8))


def _ours(model: EmbeddedModel, scheduler: Scheduler) -> torch.Tensor:
    """The latents of five steps on the embedded model's conditions."""
    fold = Fold(content="a fish", motion="left", image=BLOB)
    conditions = Compiler(model, settings(guidance=200), picture).compile(fold, 0).conditions
    loop = DenoiseLoop(
        lambda x, t, c: guide(model.predict_video(x, t, c), 2.0), scheduler, _OneGenerator(5), SHAPE
    )
    while loop.index < loop.steps:
        loop.step(conditions)
    return loop.latents


@pytest.mark.parametrize("name", schedulers.NAMES)
def test_T_every_scheduler_offered_equals_the_stock_pipeline(
    model: EmbeddedModel, stock: PIAPipeline, name: str
) -> None:
    kind, options = STOCK[name]
    config = DDIMScheduler.from_pretrained(stock.folder / "scheduler").config
    stock.scheduler = kind.from_config(config, **options)
    latents = _run_stock(stock, 5, 2.0, "latent")
    assert name in model.spec.schedulers
    assert float((_ours(model, model.make_scheduler(5, name)) - latents).abs().max()) == 0.0


@pytest.mark.parametrize("kind", [HeunDiscreteScheduler, PNDMScheduler])
def test_T_the_loop_equals_the_stock_loop_with_two_stages(
    model: EmbeddedModel, stock: PIAPipeline, kind: Any
) -> None:
    options = {"skip_prk_steps": True} if kind is PNDMScheduler else {}
    ours = kind(beta_schedule="scaled_linear", **options)
    ours.set_timesteps(5)
    stock.scheduler = kind(beta_schedule="scaled_linear", **options)
    latents = _run_stock(stock, 5, 2.0, "latent")
    assert float((_ours(model, ours) - latents).abs().max()) == 0.0
