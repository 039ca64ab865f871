"""Clips of the shipped model as they are served, and finding again what should have moved in them.

The measurements of trajectories, cameras and locks share this: a take of given instructions, with
the picture that they are about as its reference image.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import PIL.Image
import torch
from torch.nn import functional

from framejam_pipeline.entries import Entry
from framejam_pipeline.image import Pixels
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.take import Reference, Take
from framejam_protocol.instructions import Image, Settings, TakeInstruction, wanted_step

_PICTURE: Final = "0" * 64
_LEAST: Final = 0.6
"""The share of a thing that must be in the frame for it to be looked for there."""


def run(
    model: VideoModel,
    settings: Settings,
    mapping: Mapping[int, Entry],
    picture: Pixels | None = None,
    held: Mapping[int, Reference] | None = None,
) -> Take:
    """Return the finished take of ``mapping``; with ``picture`` (H, W, 3) as reference image."""
    entries = dict(mapping)
    if picture is not None:
        entries[0] = Entry(0, Image(_PICTURE))

    def load(blob: str) -> PIL.Image.Image:
        if picture is None:
            raise FileNotFoundError(blob)
        return PIL.Image.fromarray(picture)

    take = Take(model, settings, load)
    take.follow(entries, held or {})
    while not take.done:
        take.step()
    return take


def late(instruction: TakeInstruction, settings: Settings) -> Entry:
    """Return an edit that comes alone when the take has finished: it enters where it wants to."""
    return Entry(wanted_step(instruction, None, settings.steps), instruction)


def as_tensor(frames: Pixels) -> torch.Tensor:
    """Turn frames (F, H, W, 3) in bytes into (F, 3, H, W), 0 to 1."""
    return torch.from_numpy(frames / np.float32(255)).permute(0, 3, 1, 2)


def shifts(
    frames: torch.Tensor, thing: torch.Tensor, weight: torch.Tensor, reach: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Find a thing in frames (F, 3, H, W): by how far (x, y) it is shifted (F, 2), at most
    ``reach`` pixels, and how well it fits there (F,), as a mean squared distance.

    ``thing`` is (3, H, W) with a ``weight`` (H, W) for each of its pixels. The best fit over all
    whole shifts is refined by the parabola through it and its neighbours.
    """
    around = functional.pad(frames, (reach,) * 4)
    there = functional.pad(torch.ones_like(frames[:1, :1]), (reach,) * 4)
    whole = weight[None, None]
    squares = functional.conv2d(around.square(), whole.expand(1, 3, -1, -1))
    mixed = functional.conv2d(around, (weight * thing)[None])
    own = functional.conv2d(there, (weight * thing.square()).sum(dim=0)[None, None])
    covered = functional.conv2d(there, whole)
    cost = (squares - 2 * mixed + own) / covered.clamp_min(1e-6)
    cost = cost.masked_fill(covered < _LEAST * weight.sum(), torch.inf)[:, 0]
    best = cost.flatten(1).argmin(dim=1)
    rows, columns = best // cost.shape[2], best % cost.shape[2]
    each = torch.arange(len(cost))
    refined = [
        _refined(cost[each, rows], columns) - reach,
        _refined(cost[each, :, columns], rows) - reach,
    ]
    return torch.stack(refined, dim=1), cost[each, rows, columns]


def _refined(costs: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """The lowest point of the parabolas through ``costs`` (F, n) around ``at`` (F,)."""
    inner = at.clamp(1, costs.shape[1] - 2)
    each = torch.arange(len(costs))
    before, here, after = (costs[each, inner + way] for way in (-1, 0, 1))
    bend = before - 2 * here + after
    known = torch.isfinite(bend) & (bend > 0) & (inner == at)
    offset = torch.where(known, (before - after) / (2 * bend), torch.zeros_like(bend))
    return at + offset.clamp(-0.5, 0.5)
