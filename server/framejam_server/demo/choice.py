"""The demo's pictures for a closed choice: does somebody who was not there see what was done?

Each picture shows a few frames before (above) and after (below) one act. The order is random, and
no file but the key tells which is which.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from framejam_server.demo.sheet import Row, pair_picture

KEY: Final = "key.json"
CHOICES: Final = "choices.txt"


def write_choice(folder: Path, rows: Sequence[Row]) -> None:
    """Write ``NN.png`` for each act, ``choices.txt`` and ``key.json`` to ``folder``.

    The choices are in the order of the alphabet, the key is {picture: choice}. Raises ``OSError``.
    """
    shuffled = random.SystemRandom().sample(rows, len(rows))
    key = {}
    for number, row in enumerate(shuffled, 1):
        name = f"{number:02d}.png"
        pair_picture(row.before, row.after).save(folder / name)
        key[name] = choice_of(row)
    (folder / CHOICES).write_text(
        "".join(f"{choice}\n" for choice in sorted(key.values())), encoding="utf-8"
    )
    (folder / KEY).write_text(
        json.dumps(key, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def choice_of(row: Row) -> str:
    """What was done, in words, without who did it."""
    return f"{row.label} {row.note} {row.color}" if row.note else row.label
