"""Run as a process of its own: recompute a recorded take and print model hash and digest.

Reads JSON ``[settings, mapping, {seq of a lock: [settings, mapping]}]`` from stdin, where a mapping
is ``{seq: [entry step, instruction, of]}``; the argument is the model's folder.
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
Record = dict[int, tuple[int, TakeInstruction, int | None]]
settings, record, held = msgspec.json.decode(
    sys.stdin.buffer.read(),
    type=tuple[Settings, Record, dict[int, tuple[Settings, Record]]],
)


def entries(record: Record) -> dict[int, Entry]:
    """The mapping of a record."""
    return {seq: Entry(*entry) for seq, entry in record.items()}


model = EmbeddedModel.load(Path(sys.argv[1]))
take = Take(model, settings, picture)
take.follow(entries(record), {seq: (then, entries(of)) for seq, (then, of) in held.items()})
while not take.done:
    take.step()
print(model.hash, take.digest())
