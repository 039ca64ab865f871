"""What the bench measures beside: the bare loop is the same denoising, the GPU's take is real."""

from __future__ import annotations

import msgspec
import pytest
import torch
from tiny import settings, write_tiny_model

from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Take
from framejam_protocol.fold.pairs import Pair
from framejam_protocol.instructions import Content, Paint
from framejam_server.render import gpu
from framejam_server.render.bare import Run, plain, timed_plain
from framejam_server.render.gpu import RandomModel, Shapes, measure
from framejam_server.render.recompute import entries_of

WIDTHS = (8, 16, 16)
TINY = Shapes(
    unet={
        "sample_size": 8,
        "block_out_channels": WIDTHS,
        "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        "layers_per_block": 1,
        "cross_attention_dim": 16,
        "attention_head_dim": 2,
        "norm_num_groups": 4,
    },
    adapter={
        "block_out_channels": WIDTHS,
        "motion_layers_per_block": 1,
        "motion_mid_block_layers_per_block": 1,
        "motion_num_attention_heads": 2,
        "motion_norm_num_groups": 4,
        "motion_max_seq_length": 16,
    },
    vae={
        "block_out_channels": (8, 8, 8),
        "down_block_types": ("DownEncoderBlock2D",) * 3,
        "up_block_types": ("UpDecoderBlock2D",) * 3,
        "layers_per_block": 1,
        "latent_channels": 4,
        "norm_num_groups": 4,
    },
    side=32,
    frames=4,
)


@pytest.mark.parametrize("guidance", [100, 300])
def test_the_plain_loop_is_a_take_without_edits(tmp_path, guidance):
    write_tiny_model(tmp_path)
    model = EmbeddedModel.load(tmp_path)
    made_with = msgspec.structs.replace(settings(), guidance=guidance)
    said = {1: Pair(0, Content("a red fish"))}
    take = Take(model, made_with, lambda blob: pytest.fail(blob))
    take.follow(entries_of(said))
    while not take.done:
        take.step()
    run = Run(made_with, said, made_with.steps, plain=True)
    *_, last = plain(model, run)
    assert torch.equal(last, take.latents())
    assert len(timed_plain(model, run)) == made_with.steps


def test_the_take_of_the_gpu_bench_runs_is_edited_and_is_timed(monkeypatch):
    strokes = []

    class Watched(Take):
        def step(self):
            strokes.append(sum(isinstance(e.instruction, Paint) for e in self._mapping.values()))
            return super().step()

    monkeypatch.setattr(gpu, "Take", Watched)
    torch.manual_seed(0)
    model = RandomModel(TINY, "cpu")
    found = measure(model, steps=7, edits=3)
    assert found.device == "cpu"
    assert len(found.step_ms) == len(found.forward_ms) == 6
    assert len(found.edit_ms) == 2
    for step, forward in zip(found.step_ms, found.forward_ms, strict=True):
        assert 0 < forward < step
    assert {one.dtype for one in model._video.parameters()} == {torch.bfloat16}
    assert next(iter(model._video.parameters())).shape[1] == 9
    assert strokes == [0] * 7 + [0, 1, 1, 2, 2, 3]
