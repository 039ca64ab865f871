"""M1, M4: of what costs the renderer a picture for each, there may be so many at a time."""

import pytest
from people import TRIANGLE, Table

from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.instructions import Camera, Lock, Region
from framejam_protocol.limits import MAX_CAMERAS, MAX_LOCKS, MAX_REGIONS, UNIT
from framejam_protocol.messages import Refusal

KINDS = [
    pytest.param("region", Region(TRIANGLE, "gold"), MAX_REGIONS, "M4", id="region"),
    pytest.param("camera", Camera(pan=UNIT // 4), MAX_CAMERAS, "M4", id="camera"),
    pytest.param("lock", Lock(TRIANGLE), MAX_LOCKS, "T11", id="lock"),
]


@pytest.mark.parametrize(("name", "one", "most", "rule"), KINDS)
def test_M4_so_many_are_live_at_a_time_and_no_more(name, one, most, rule):
    table = Table("anna", "ben1")
    for _ in range(most):
        last = table.edit("anna", one)
    refusal = table.refused("ben1", one)
    assert (refusal.code, refusal.field, refusal.rule) == (Code.TOO_LARGE, "instruction", rule)
    assert f"{most} {name}s" in refusal.message
    assert "undo" in refusal.message
    table.revise("ben1", last, frames=(0, 3))
    table.paint("ben1")
    for _ in range(3):
        table.undo("anna")
        table.edit("ben1", one)
        assert table.refused("anna", one).code == Code.TOO_LARGE
    others = {Region, Camera, Lock} - {type(one)}
    for param in KINDS:
        if type(param.values[1]) in others:
            table.edit("ben1", param.values[1])


@pytest.mark.parametrize(("name", "one", "most", "rule"), KINDS)
def test_M4_a_redo_that_would_bring_back_too_many_is_refused(name, one, most, rule):
    table = Table("anna", "ben1")
    for _ in range(most - 2):
        table.edit("ben1", one)
    for _ in range(2):
        table.edit("anna", one, group="two")
    table.undo("anna")
    table.edit("ben1", one)
    before = table.hash
    refusal = table.redo("anna")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.rule, table.hash) == (Code.TOO_LARGE, rule, before)
    assert f"{most} {name}s" in refusal.message
    table.undo("ben1")
    assert isinstance(table.redo("anna"), Event)
    assert len(table.state.standing(type(one))) == most


def test_L5_how_many_there_are_is_looked_at_before_the_shape():
    """Else whoever may give no more could keep the server at work on shapes."""
    table = Table("anna")
    for _ in range(MAX_LOCKS):
        table.lock("anna")
    everything = ((0, 0), (UNIT, 0), (UNIT, UNIT), (0, UNIT))
    assert table.refused("anna", Lock(everything)).code == Code.TOO_LARGE
