"""Run as a process of its own: recompute a recorded take and print model hash and digest.

Reads JSON ``[settings, {seq: [entry step, instruction, of]}]`` from stdin; the argument is the
model's folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import torch
from tiny import picture

from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Entry, Take
from framejam_protocol.instructions import Settings, TakeInstruction

torch.set_num_threads(1)
settings, record = msgspec.json.decode(
    sys.stdin.buffer.read(),
    type=tuple[Settings, dict[int, tuple[int, TakeInstruction, int | None]]],
)
model = EmbeddedModel.load(Path(sys.argv[1]))
take = Take(model, settings, picture)
take.follow({seq: Entry(*entry) for seq, entry in record.items()})
while not take.done:
    take.step()
print(model.hash, take.digest())
