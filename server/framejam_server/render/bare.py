"""The loop with nothing around it: ``python -m framejam_server.render.bare --threads N``.

What a served loop is measured beside: the same take on the same components in a process of its
own, no server, no pictures sent. Each line of standard input is a ``Run`` as JSON; each is answered
by a line with the seconds that every step took.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from framejam_protocol.fold.pairs import Pair
from framejam_protocol.instructions import Settings
from framejam_server.render.environment import QUIET

if TYPE_CHECKING:
    from framejam_pipeline.models.contract import VideoModel


class Run(msgspec.Struct, frozen=True):
    """Make a take of ``mapping`` and run its first ``steps`` steps."""

    settings: Settings
    mapping: dict[int, Pair]
    steps: int


def timed(model: VideoModel, run: Run) -> list[float]:
    """Seconds of each step of ``run``, its preview frames included."""
    from framejam_pipeline.take import Entry, Take

    take = Take(model, run.settings, _no_image)
    take.follow(
        {seq: Entry(pair.step, pair.instruction, pair.of) for seq, pair in run.mapping.items()}
    )
    seconds = []
    for _ in range(run.steps):
        begun = time.perf_counter()
        take.step()
        seconds.append(time.perf_counter() - begun)
    return seconds


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
    from framejam_pipeline.models.embedded import EmbeddedModel

    model = EmbeddedModel.load(arguments.model)
    for line in sys.stdin.buffer:
        answers.write(msgspec.json.encode(timed(model, msgspec.json.decode(line, type=Run))))
        answers.write(b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
