"""T5, T11: what a lock holds runs a step at a time, and the renderer is free in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from locked import BEFORE, LATER, LOCK, STEPS, Counting, clip_settings, fresh

from framejam_pipeline.entries import Entry
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Reference as Held
from framejam_protocol.fold.pairs import Pair, Reference
from framejam_server.render.pipe import Advance
from framejam_server.render.process import Takes


def _pairs(mapping: dict[int, Entry]) -> dict[int, Pair]:
    return {seq: Pair(entry.step, entry.instruction, entry.of) for seq, entry in mapping.items()}


def test_T5_T11_a_turn_of_the_renderer_runs_one_step_of_one_take(
    model: EmbeddedModel, tmp_path: Path
) -> None:
    counting: Any = Counting(model)
    takes = Takes(counting, tmp_path, 0)
    on = Advance("a", clip_settings(), fresh=False, add={}, remove=())
    answers = [takes.advance(msgspec.structs.replace(on, fresh=True, add=_pairs(LATER)))]
    while answers[-1].position < 4:
        answers.append(takes.advance(on))
    held = {10: Reference(clip_settings(), _pairs(BEFORE))}
    request = msgspec.structs.replace(on, add=_pairs({10: Entry(4, LOCK)}), references=held)
    caught_up = 0
    while answers[-1].clip is None:
        before, stood = counting.runs, answers[-1].position
        answers.append(takes.advance(request))
        request = on
        if answers[-1].clip is None:
            assert counting.runs == before + 1
            assert bool(answers[-1].sheets) == (answers[-1].position > stood)
            caught_up += not answers[-1].sheets
    assert caught_up == STEPS
    mapping = {**LATER, 10: Entry(4, LOCK)}
    expected = fresh(model, mapping, {10: Held(clip_settings(), BEFORE)}).digest()
    assert answers[-1].clip.digest == expected
