"""Takes computed again in a process of their own: ``python -m framejam_server.render.rerun``.

The first line it prints says what it computes with: whether that is comparable is for whoever asked
to see. Then it reads one ``Asked`` after the other, each a line of JSON, answers each step by a
line, and the whole by another. Without a line to read it ends.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import numpy

from framejam_protocol.fold.pairs import Pair, Reference
from framejam_protocol.instructions import Settings
from framejam_server.render.environment import QUIET

if TYPE_CHECKING:
    from framejam_pipeline.models.contract import VideoModel


class Asked(msgspec.Struct, frozen=True):
    """A take to compute. ``blobs`` is the folder of the reference images; ``frames`` is where its
    decoded frames are written (NumPy's format, (frames, height, width, 3) of bytes), None for
    nowhere."""

    settings: Settings
    pairs: dict[int, Pair]
    references: dict[int, Reference]
    blobs: str
    frames: str | None = None


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """The model is loaded; what T2 records of it and of this process."""

    model_hash: str
    environment: dict[str, str]


class Stepped(msgspec.Struct, frozen=True, tag="stepped"):
    """So many steps are done."""

    position: int


class Computed(msgspec.Struct, frozen=True, tag="computed"):
    """The take is finished; the SHA-256 of its latents."""

    digest: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It cannot be computed; the message is for people."""

    message: str


Answer = Loaded | Stepped | Computed | Failed


def main() -> None:
    """Load, and answer what is asked until nobody asks any more."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    # As in the worker: libraries print, the pipe is ours alone, spinning threads slow everybody.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.environ.update({**QUIET, "OMP_WAIT_POLICY": "passive"})
    from framejam_pipeline.errors import PipelineError
    from framejam_server.render.recompute import load

    try:
        model = load(arguments.model, arguments.threads)
        _say(answers, Loaded(model.hash, model.environment()))
        while line := sys.stdin.buffer.readline():
            _compute(msgspec.json.decode(line, type=Asked), model, answers)
    except (PipelineError, MemoryError) as error:
        _say(answers, Failed(str(error) or "there is not enough free memory"))


def _compute(asked: Asked, model: VideoModel, answers: BinaryIO) -> None:
    from framejam_server.render.recompute import Recomputer

    blobs = Path(asked.blobs)
    # One for each: no take is remembered for the next.
    recomputer = Recomputer(asked.settings, lambda blob: _blob(blobs, blob), model=model)
    done = recomputer.compute(
        asked.pairs,
        asked.references,
        stepped=lambda position: _say(answers, Stepped(position)),
    )
    if asked.frames is not None:
        numpy.save(asked.frames, done.frames)
    _say(answers, Computed(done.digest))


def _blob(folder: Path, blob: str) -> bytes:
    return (folder / blob[:2] / blob).read_bytes()


def _say(answers: BinaryIO, answer: Answer) -> None:
    answers.write(msgspec.json.encode(answer) + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
