"""Takes with locks in them: a frame of 16 x 8 latent cells, edits before a lock and after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from tiny import picture, settings

from framejam_pipeline.entries import Entry
from framejam_pipeline.locks import pins
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Reference, Take
from framejam_protocol.instructions import (
    Content,
    Drag,
    Image,
    Lock,
    Motion,
    Paint,
    Settings,
)

UNIT = 65536
CELL = UNIT // 16  # of a 64 x 32 frame: 16 x 8 latent cells
STEPS = 6


def clip_settings(**changes: Any) -> Settings:
    return settings(**{"width": 64, "steps": STEPS, **changes})


def box(left: int, top: int, right: int, bottom: int, **fields: Any) -> Lock:
    """A lock on whole latent cells of the frame, a sixteenth and an eighth of it each."""
    x, y = (UNIT * left // 16, UNIT * right // 16), (UNIT * top // 8, UNIT * bottom // 8)
    return Lock(((x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])), **fields)


LOCK = box(1, 2, 3, 4)
RED = Paint(((9000, 9000), (40000, 30000)), "#ff0000", 9000)
BLUE = Paint(((60000, 60000),), "#0000ff", 20000)
PULL = Drag((30000, 30000), (50000, 30000), 9000)
BEFORE = {1: Entry(0, Content("a red fish")), 2: Entry(1, RED), 3: Entry(0, Motion("left"))}
LATER = {11: Entry(2, BLUE), 12: Entry(0, PULL), 13: Entry(3, Content("a boat"))}
HELD = {10: Reference(clip_settings(), BEFORE)}


def cells_of(lock: Lock, model: EmbeddedModel, **changes: Any) -> torch.Tensor:
    found: torch.Tensor = torch.from_numpy(pins(lock, model.spec, clip_settings(**changes)))
    return found.expand(1, 4, -1, -1, -1)


def run(take: Take, until: int = STEPS) -> Take:
    while take.position < until:
        take.step()
    return take


def fresh(
    model: EmbeddedModel,
    mapping: Mapping[int, Entry],
    held: Mapping[int, Reference] | None = None,
    **changes: Any,
) -> Take:
    take = Take(model, clip_settings(**changes), picture)
    take.follow(mapping, held or {})
    return run(take, take.steps)


def locked(step: int, lock: Lock = LOCK) -> dict[int, Entry]:
    return {**BEFORE, 10: Entry(step, lock), **LATER}


SECOND = box(9, 3, 11, 5)


def nested() -> tuple[dict[int, Entry], dict[int, Reference]]:
    """A lock, edits, another lock that holds what the first left; then everything changes."""
    second = {**BEFORE, 10: Entry(0, LOCK), **LATER}
    last = {10: Entry(0, LOCK), 20: Entry(1, SECOND), 21: Entry(0, Image("00000001" * 8))}
    return last, {**HELD, 20: Reference(clip_settings(), second)}


class Counting:
    """The model, counting how often P_video runs."""

    def __init__(self, model: EmbeddedModel) -> None:
        self._model = model
        self.runs = 0
        self.told: torch.Tensor | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict_video(self, *arguments: Any) -> torch.Tensor:
        self.runs += 1
        self.told = arguments[0].clone()
        return self._model.predict_video(*arguments)
