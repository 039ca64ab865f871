"""What somebody points at and draws reaches the others whole, and only the newest of it."""

import msgspec

from framejam_protocol.messages import (
    Caret,
    LiveDrag,
    LiveLine,
    LiveStroke,
    Presence,
    PresenceUpdate,
)
from framejam_server.session.presence import Roster

STROKE = LiveStroke(((0, 0), (9, 9)), "#ffffff", 100)
ARROW = LiveDrag((5, 5), (60000, 5), 9000)


def roster() -> Roster:
    here = Roster()
    here.arrive(1, "anna")
    return here


def test_C4_everything_of_an_update_is_passed_on():
    here = roster()
    everything = {
        "cursor": (1, 2),
        "frame": 3,
        "stroke": STROKE,
        "drag": ARROW,
        "line": LiveLine("lock", ((0, 0), (9, 0), (9, 9))),
        "caret": Caret("negative", 1, 2),
    }
    assert set(everything) == {one.name for one in msgspec.structs.fields(PresenceUpdate)}
    here.point(1, PresenceUpdate(**everything))
    assert here.take_changed() == [Presence("anna", 1, **everything)]


def test_C4_only_the_newest_is_passed_on():
    here = roster()
    here.point(1, PresenceUpdate(drag=ARROW))
    here.point(1, PresenceUpdate(cursor=(7, 7)))
    assert here.take_changed() == [Presence("anna", 1, cursor=(7, 7))]
    assert here.take_changed() == []


def test_C4_who_leaves_takes_the_arrow_along():
    here = roster()
    here.point(1, PresenceUpdate(drag=ARROW))
    here.leave(1)
    assert here.take_changed() == [Presence("anna", 1)]
