"""Long walks of the state machine: Hypothesis finds short ways to break things, these go far.

Every walk is 400 steps of what busy people do, mostly writing; its seed is its name.
"""

import random
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
from test_session_machine import BLOB, WRITERS, SessionMachine

from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Comment,
    Drag,
    Erase,
    Image,
    Lock,
    Paint,
    Region,
    Trajectory,
)

STEPS = 400
WALKS = max(20, settings.default.max_examples // 10)
LETTERS = "ab é\u0301🦋\n"
GROUPS = (None, None, "g", "h")


def given(chance: random.Random) -> object:
    """Something to add that is no text."""
    point = (chance.randrange(65536), chance.randrange(65536))
    return chance.choice(
        [
            Paint((point,), "#ff0000", 900, 65536, chance.choice([None, (0, 3)])),
            Erase((point, point), 900),
            Drag(point, (9, 9), 500),
            Trajectory((point, (-1, -1)), 500, frames=chance.choice([None, (2, 9)])),
            Camera(pan=chance.randrange(-9, 9)),
            Region((point, (-9, 0), (0, -9)), "gold"),
            Lock((point, (-9, 0), (0, -9))),
            Comment("here", point, 3),
            Image(chance.choice([BLOB, None])),
            Adjust(guidance=chance.randrange(100, 103)),
            Adjust(seed=chance.randrange(2), fps=chance.randrange(8, 10)),
            Adjust(loras=(("ink", chance.randrange(9)),), mix=chance.randrange(2)),
        ]
    )


def step(machine: SessionMachine, chance: random.Random) -> None:
    who, writer = chance.randrange(WRITERS + 1), chance.randrange(WRITERS)
    group = chance.choice(GROUPS)
    new = "".join(chance.choices(LETTERS, k=chance.randrange(4)))
    prompt = chance.choice(["content"] * 8 + ["motion", "negative"])
    some = {
        "write": (30, (writer, prompt, chance.randrange(40), chance.randrange(4), new, group,
                       chance.randrange(6))),
        "write_on": (15, (writer, chance.randrange(40), chance.randrange(6), new, group)),
        "paste": (1, (writer, "long" * chance.randrange(40, 70), 0)),
        "add": (10, (who, given(chance), group)),
        "revise": (6, (who, chance.randrange(9), chance.randrange(1, 65537), None, group)),
        "undo": (8, (who, 1)),
        "redo": (6, (who, 1)),
        "undo_by_name": (2, (who, chance.randrange(20))),
        "an_owner_undoes_a_teammates": (2, (chance.choice([0, 2]), chance.randrange(20))),
        "mark": (1, (who, chance.randrange(20), chance.choice(["cut", None]))),
        "restore": (1, (who, chance.randrange(40))),
        "restore_a_version": (0.5, (who, chance.randrange(9))),
        "an_owner_gives_a_role": (
            0.5, (chance.choice(["ben1", "cleo", "vera"]), chance.choice(["editor", "viewer"])),
        ),
        "branch": (0.3, (chance.randrange(40), "anna")),
        "end_group": (2, (who,)),
        "time_passes": (4, (chance.choice([1, 900, 2000, 2001]),)),
        "the_server_hears": (20, (who, chance.randrange(1, 6))),
        "the_server_hears_everybody": (2, ()),
        "a_client_hears": (25, (who, [chance.randrange(4) for _ in range(12)])),
        "a_client_hears_all": (4, (who,)),
        "send_again": (3, (who, chance.randrange(20), chance.random() < 0.7)),
        "vanish": (2, (who,)),
        "come_back": (4, (set(),)),
        "lose_a_commit": (3, (who, chance.randrange(1, 5))),
        "restart": (0.5, (set(),)),
        "a_snapshot_is_kept": (0.5, ()),
        "the_session_moves": (0.1, ()),
        "undo_and_redo": (0.5, (chance.choice(["anna", "ben1", "cleo", "vera"]), 20)),
    }  # fmt: skip
    (name,) = chance.choices(list(some), [weight for weight, _ in some.values()])
    getattr(machine, name)(*some[name][1])
    if chance.random() < 0.03 and machine.server.state.pending():
        machine.enter(chance.randrange(25))


@pytest.mark.parametrize("seed", range(WALKS))
def test_M3_a_long_walk_ends_with_the_same_text_and_state_everywhere(seed):
    machine, chance = SessionMachine(), random.Random(seed)
    for _ in range(STEPS):
        step(machine, chance)
        machine.folding_what_is_stored_gives_the_state()
    machine.teardown()
    assert len(machine.server.rows) > STEPS / 8, "a walk on which something happened"
