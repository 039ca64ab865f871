"""T8: LoRA weights are edits; whoever denoises or encodes is told those in force."""

from __future__ import annotations

from typing import Any

import torch
from tiny import picture, settings

from framejam_pipeline.conditions import Compiler
from framejam_pipeline.entries import Entry, Fold, fold_at
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_protocol.instructions import Adjust, Paint, Region

UNIT = 65536
DOT = Paint(points=((20000, 20000),), color="#ff00ff", width=20000)
TOP = Region(outline=((0, 0), (UNIT, 0), (UNIT, 30000), (0, 30000)), text="red")


class _Told:
    """The tiny model, which has no LoRAs, noting those it is told by the method."""

    def __init__(self, model: EmbeddedModel) -> None:
        self._model = model
        self.told: dict[str, set[Any]] = {"text": set(), "image": set()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode_text(self, text: str, *, loras: Any = ()) -> torch.Tensor:
        self.told["text"].add(loras)
        return self._model.encode_text(text)

    def predict_image(self, *args: Any, loras: Any = ()) -> torch.Tensor:
        self.told["image"].add(loras)
        return self._model.predict_image(*args)


def test_T8_lora_weights_in_force_reach_everybody_in_one_order(model: EmbeddedModel) -> None:
    asked: Any = _Told(model)
    given = (("b", 50), ("none", 0), ("a", -20))
    fold = Fold(content="fish", paint=(DOT,), regions=(TOP,), harmonize=50, loras=given)
    inputs = Compiler(asked, settings(guidance=200), picture).compile(fold, 0)
    in_force = (("a", -20), ("b", 50))
    assert inputs.conditions.loras == in_force
    assert asked.told == {"text": {in_force}, "image": {in_force}}


def test_T8_lora_weights_are_the_takes_own_until_an_edit_enters(model: EmbeddedModel) -> None:
    asked: Any = _Told(model)
    compiler = Compiler(asked, settings(loras=(("a", 30),)), picture)
    mapping = {1: Entry(0, Adjust(guidance=100)), 2: Entry(3, Adjust(loras=(("b", 40),)))}
    told = [compiler.compile(fold_at(mapping, step), step).conditions.loras for step in (0, 2, 3)]
    assert told == [(("a", 30),), (("a", 30),), (("b", 40),)]
    assert asked.told["image"] == {(("a", 30),), (("b", 40),)}
