"""Command line: ``python -m framejam_pipeline.training --budget 90m --run DIR``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

# Two threads on busy cores ran many times slower than one; must be set before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch

from framejam_pipeline.training.metrics import measure
from framejam_pipeline.training.parts import load_parts
from framejam_pipeline.training.probe import load_probe
from framejam_pipeline.training.run import SHIPPED, Plan, run
from framejam_pipeline.training.unet import SIZES
from framejam_pipeline.training.world import World

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Parse ``90m``, ``1.5h`` or ``600s``."""
    try:
        return float(text[:-1]) * _UNITS[text[-1]]
    except (KeyError, ValueError, IndexError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90m or 600s") from None


def device(name: str) -> torch.device:
    """``auto`` takes a GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def parser() -> argparse.ArgumentParser:
    """All options, with what they mean."""
    options = argparse.ArgumentParser(prog="python -m framejam_pipeline.training")
    options.add_argument("--budget", type=seconds, default=5400.0, help="time, such as 90m")
    options.add_argument("--device", type=device, default="auto", help="auto, cpu or cuda")
    options.add_argument("--run", type=Path, default=Path("training-runs/latest"))
    options.add_argument("--size", choices=sorted(SIZES), default="XS")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--steps", type=int, help="steps of each stage, instead of a time")
    options.add_argument("--quick", action="store_true", help="few samples: does it run at all?")
    options.add_argument(
        "--from-scratch", action="store_true", help="do not start from the shipped weights"
    )
    options.add_argument("--export", type=Path, help="folder to write (default: RUN/model)")
    options.add_argument(
        "--measure", action="store_true", help="only measure the shipped weights, print the scores"
    )
    return options


def main() -> None:
    """Run the command line."""
    options = parser().parse_args()
    where = options.device if isinstance(options.device, torch.device) else device("auto")
    if where.type == "cpu":
        torch.set_num_threads(1)
    if options.measure:
        world = World(where)
        count = 32 if options.quick else 256
        scores = measure(load_parts(SHIPPED).to(where), world, load_probe(where), count=count)
    else:
        scores = run(
            Plan(
                run=options.run,
                seconds=options.budget,
                device=where,
                size=options.size,
                seed=options.seed,
                steps=options.steps,
                quick=options.quick,
                from_scratch=options.from_scratch,
                target=options.export,
                command=" ".join(["python -m framejam_pipeline.training", *sys.argv[1:]]),
            )
        )
    print(json.dumps(scores, indent=2))


if __name__ == "__main__":
    main()
