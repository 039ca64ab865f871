"""The loop with nothing around it: ``python -m framejam_server.render.bare --threads N``.

What a served loop is measured beside: the same take on the same components in a process of its
own, no server, no pictures sent; or the components alone, without a take around them. Each line of
standard input is a ``Run`` as JSON; each is answered by a line with the seconds that every step
took.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from framejam_protocol.fold.pairs import Pair
from framejam_protocol.instructions import Settings
from framejam_server.render.environment import QUIET
from framejam_server.render.recompute import entries_of

if TYPE_CHECKING:
    import torch

    from framejam_pipeline.models.contract import VideoModel


class Run(msgspec.Struct, frozen=True):
    """Make a take of ``mapping`` and run its first ``steps`` steps.

    ``plain`` is diffusers and nothing else: the conditions are compiled once, then the model
    predicts and its scheduler steps, as in a stock pipeline. No edits, checkpoints or previews.
    """

    settings: Settings
    mapping: dict[int, Pair]
    steps: int
    plain: bool = False


def timed(model: VideoModel, run: Run) -> list[float]:
    """Seconds of each step of ``run``, its preview frames included."""
    from framejam_pipeline.take import Take

    take = Take(model, run.settings, _no_image)
    take.follow(entries_of(run.mapping))
    seconds = []
    for _ in range(run.steps):
        begun = time.perf_counter()
        take.step()
        seconds.append(time.perf_counter() - begun)
    return seconds


def timed_plain(model: VideoModel, run: Run) -> list[float]:
    """Seconds of each step of the components alone, under what ``run`` says at step 0."""
    seconds = []
    steps = plain(model, run)
    next(steps)
    begun = time.perf_counter()
    for _ in steps:
        seconds.append(time.perf_counter() - begun)
        begun = time.perf_counter()
    return seconds


def plain(model: VideoModel, run: Run) -> Iterator[torch.Tensor]:
    """The latents before the first step, and after each."""
    import torch

    from framejam_pipeline.conditions import Compiler
    from framejam_pipeline.entries import fold_at
    from framejam_pipeline.loop import guide
    from framejam_pipeline.noise import KeyedNoise

    compiler = Compiler(model, run.settings, _no_image)
    inputs = compiler.compile(fold_at(entries_of(run.mapping), 0), 0)
    scheduler: Any = model.make_scheduler(run.settings.steps, run.settings.scheduler)
    noise = KeyedNoise(run.settings.seed, "video")
    latents = noise.initial((1, *model.spec.latent_shape(run.settings))).to(model.device)
    latents = latents * scheduler.init_noise_sigma
    yield latents
    for timestep in scheduler.timesteps[: run.steps]:
        with torch.no_grad():
            scaled = scheduler.scale_model_input(latents, timestep)
            output = model.predict_video(scaled, timestep, inputs.conditions)
            guided = guide(output, inputs.guidance)
            latents = scheduler.step(guided, timestep, latents, return_dict=False)[0]
        yield latents


def _no_image(blob: str) -> NoReturn:
    raise ValueError(f"a bare loop has no reference images, and so not {blob}")


def main() -> None:
    """Answer until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    # As in the worker: libraries print, the pipe is ours alone, spinning threads slow everybody.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.environ.update({**QUIET, "OMP_WAIT_POLICY": "passive"})
    import torch

    torch.set_num_threads(arguments.threads)
    from framejam_pipeline.models.load import load_model

    model = load_model(arguments.model)
    for line in sys.stdin.buffer:
        run = msgspec.json.decode(line, type=Run)
        answers.write(msgspec.json.encode((timed_plain if run.plain else timed)(model, run)))
        answers.write(b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
