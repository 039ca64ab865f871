"""One run from nothing, or from the shipped weights, to a measured and exported model.

The stages leave their results in the run's folder (``vae.pt``, ``text.pt``, ``unet.pt``,
``motion.pt``, ``decoder.pt``); a run that is started again skips or resumes what it finds there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from framejam_pipeline.training import autoencoder, text
from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.clips import clip_trainer
from framejam_pipeline.training.denoiser import frame_trainer
from framejam_pipeline.training.export import export
from framejam_pipeline.training.metrics import measure
from framejam_pipeline.training.parts import Parts, load_parts, new_parts
from framejam_pipeline.training.probe import load_probe
from framejam_pipeline.training.samples import SampleMaker
from framejam_pipeline.training.sheets import (
    clip_sheet,
    loss_curve,
    reconstruction_sheet,
    text_sheet,
)
from framejam_pipeline.training.text import Captions
from framejam_pipeline.training.world import World

SHIPPED: Final = Path(__file__).resolve().parent.parent / "models" / "embedded"

FROM_SCRATCH: Final = {"vae": 0.13, "text": 0.01, "unet": 0.5, "motion": 0.24, "decoder": 0.12}
FROM_SHIPPED: Final = {"vae": 0.0, "text": 0.01, "unet": 0.54, "motion": 0.3, "decoder": 0.15}
"""Shares of the budget that each stage gets."""


@dataclass(frozen=True)
class Plan:
    """What to do; see the command line for the meaning of each field."""

    run: Path
    seconds: float
    device: torch.device
    size: str = "XS"
    seed: int = 1
    steps: int | None = None
    quick: bool = False
    from_scratch: bool = False
    target: Path | None = None
    command: str = ""

    def share(self, stage: str) -> float:
        """Seconds that ``stage`` may take."""
        shares = FROM_SCRATCH if self.from_scratch else FROM_SHIPPED
        return self.seconds * shares[stage]

    def clock(self, stage: str) -> Budget:
        """The budget of ``stage``."""
        return Budget(self.share(stage), self.steps)


def run(plan: Plan) -> dict[str, Any]:
    """Train, measure and export; returns the metrics."""
    plan.run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    world = World(plan.device)
    parts, known = _start(plan)
    parts.to(plan.device)
    if plan.from_scratch:
        _stage(plan.run / "vae.pt", parts, lambda: _train_autoencoder(plan, parts, world))
    if plan.from_scratch or known is not None:
        _stage(plan.run / "text.pt", parts, lambda: _train_text(plan, parts, known))
    parts.vae.eval().requires_grad_(False)
    parts = _train_frames(plan, parts, world)
    _train_clips(plan, parts, world)
    _train_decoder(plan, parts, world)
    return finish(plan, parts, world)


def finish(plan: Plan, parts: Parts, world: World) -> dict[str, Any]:
    """Measure the parts, draw their sheets and export them."""
    for module in parts.modules().values():
        module.eval().requires_grad_(False)
    scores = measure(
        parts, world, load_probe(plan.device), plan.seed, count=8 if plan.quick else 256
    )
    scores["training"] = _training_record(plan)
    (plan.run / "metrics.json").write_text(json.dumps(scores, indent=2) + "\n")
    reconstruction_sheet(parts, world).save(plan.run / "reconstructions.png")
    text_sheet(parts).save(plan.run / "samples.png")
    clip_sheet(parts).save(plan.run / "clips.png")
    target = plan.target or plan.run / "model"
    export(parts, world, target, scores, plan.seed)
    print(f"exported to {target}", flush=True)
    return scores


def _start(plan: Plan) -> tuple[Parts, text.Known | None]:
    """The parts to train and, where the vocabulary has grown, what their old text encoder knew."""
    if plan.from_scratch:
        return new_parts(plan.size), None
    parts = load_parts(SHIPPED)
    parts.vae = autoencoder.deepen(parts.vae)
    if parts.tokenizer.get_vocab() == text.new_tokenizer().get_vocab():
        return parts, None
    known = text.Known(parts.text.to(plan.device), parts.tokenizer)
    parts.text, parts.tokenizer = text.with_new_words(parts.text, parts.tokenizer)
    return parts, known


def _stage(file: Path, parts: Parts, train: Callable[[], None]) -> None:
    """Run a short stage, or take its result from an earlier start of the same run."""
    if file.is_file():
        state = torch.load(file, weights_only=True)
        parts.vae.load_state_dict(state["vae"])
        parts.vae.register_to_config(scaling_factor=state["scaling_factor"])
        parts.text.load_state_dict(state["text"])
        return
    train()
    state = {
        "vae": parts.vae.state_dict(),
        "scaling_factor": parts.vae.config.scaling_factor,
        "text": parts.text.state_dict(),
    }
    torch.save(state, file)


def _train_autoencoder(plan: Plan, parts: Parts, world: World) -> None:
    generator = torch.Generator(plan.device).manual_seed(plan.seed)
    psnr = autoencoder.train(parts.vae, world, generator, plan.share("vae"), max_steps=plan.steps)
    print(f"autoencoder {psnr:.2f} dB", flush=True)


def _train_text(plan: Plan, parts: Parts, known: text.Known | None) -> None:
    right = text.train(
        parts.text,
        Captions(parts.tokenizer),
        plan.device,
        plan.seed,
        plan.share("text"),
        plan.steps,
        known,
    )
    print(f"text: {right:.3f} of the factors told right", flush=True)


def _train_frames(plan: Plan, parts: Parts, world: World) -> Parts:
    """Train UNet and text encoder; returns the parts with the averaged weights."""
    average = parts.clone()
    maker = SampleMaker(world, average.vae, Captions(parts.tokenizer), plan.seed)
    batch = 256 if plan.device.type == "cuda" else (8 if plan.quick else 32)
    # A GPU trains faster than it pays to reuse samples.
    fresh = batch if plan.device.type == "cuda" else batch // 4
    capacity = 2 * batch if plan.quick else 256 * batch
    trainer = frame_trainer(parts, average, maker, plan.clock("unet"), batch, fresh, capacity)
    trainer.resume(plan.run / "unet.pt")
    trainer.train(plan.run / "unet.pt")
    loss_curve(trainer.losses, plan.run / "loss-unet.png")
    return average


def _train_clips(plan: Plan, parts: Parts, world: World) -> None:
    """Train the motion modules of ``parts`` in place."""
    maker = SampleMaker(world, parts.vae, Captions(parts.tokenizer), plan.seed + 1)
    clips = 16 if plan.device.type == "cuda" else (1 if plan.quick else 2)
    trainer = clip_trainer(parts, maker, plan.clock("motion"), clips)
    trainer.resume(plan.run / "motion.pt")
    trainer.train(plan.run / "motion.pt")
    loss_curve(trainer.losses, plan.run / "loss-motion.png")


def _train_decoder(plan: Plan, parts: Parts, world: World) -> None:
    """Train the decoder of ``parts.vae`` in place; its latents stay as they are."""
    batch = 8 if plan.quick else 40
    trainer = autoencoder.decoder_trainer(
        parts.vae, world, plan.seed + 2, plan.clock("decoder"), batch
    )
    trainer.resume(plan.run / "decoder.pt")
    trainer.train(plan.run / "decoder.pt")
    loss_curve(trainer.losses, plan.run / "loss-decoder.png")


def _training_record(plan: Plan) -> dict[str, Any]:
    """How the weights came about: command, seed, size, and the steps and seconds of each stage."""
    stages = {}
    for stage in ("unet", "motion", "decoder"):
        state = torch.load(plan.run / f"{stage}.pt", map_location="cpu", weights_only=True)
        stages[stage] = {"steps": int(state["steps"]), "seconds": round(float(state["used"]))}
    return {
        "command": plan.command,
        "seed": plan.seed,
        "size": plan.size,
        "device": plan.device.type,
        "from_scratch": plan.from_scratch,
        "stages": stages,
    }
