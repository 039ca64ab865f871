"""What the three participants of the demo do, in order, and what befalls them in the middle.

Acts of one scene happen at once. Every kind of instruction there is is given by somebody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from framejam import Receipt, Session
from framejam_protocol.geometry import to_units
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Drag,
    Erase,
    Given,
    Lock,
    Negative,
    Paint,
    Region,
    Trajectory,
)

Point = tuple[float, float]

OWNER: Final = "Mira"
GUEST: Final = "Jonas"
THIRD: Final = "Noor"
COLORS: Final = {OWNER: "#e4572e", GUEST: "#2e86de", THIRD: "#35a56b"}
"""The participants' own colours, beside their cursors and names."""

OTHER_SEED: Final = 1


@dataclass(frozen=True)
class Act:
    """One thing one participant does. ``label`` says it in words for the contact sheet.

    A ``late`` one waits until the loop
    is nearly through. One that is not ``pictured`` clears up for the next. What one does that
    ``lasts`` is looked at when the next scene is over: a lock shows only when others go on.
    """

    who: str
    label: str
    do: Callable[[Session], Awaitable[Receipt]]
    late: bool = False
    pictured: bool = True
    lasts: bool = False


Scene = tuple[Act, ...]


@dataclass(frozen=True)
class KillWorker:
    """The process that denoises is killed (SIGKILL) in the middle of the take."""


@dataclass(frozen=True)
class LookWithout:
    """``who`` looks at what it would be without all that ``whom`` did; nobody else sees it."""

    who: str
    whom: str

    @property
    def label(self) -> str:
        """In words for the contact sheet."""
        return f"a look without everything by {self.whom}"


Step = Scene | KillWorker | LookWithout


def scenes(photo: Path) -> tuple[Step, ...]:
    """The whole co-edit, with ``photo`` as the reference image."""
    return (*_words(), *_places(), *_held(), *_painted(photo))


def _words() -> tuple[Scene, ...]:
    """Prompts and settings. A negative prompt counts where guidance is above 1."""
    guidance = Adjust(guidance=600)
    return (
        (_content(OWNER, "a big red fish in the centre"),),
        (Act(THIRD, "guidance 6", lambda session: session.give(guidance), pictured=False),),
        (_give(GUEST, "negative prompt “on the sea”", Negative("on the sea")),),
        (_clear(GUEST), _clear(THIRD)),
        (_content(OWNER, "a big yellow balloon in the sky in the centre"),),
        (_motion(GUEST, "moving up"),),
        (_undo(GUEST, "undo of the motion prompt"),),
    )


def _places() -> tuple[Scene, ...]:
    """What acts on some place of the picture, each taken back before the next."""
    middle, left = _points((0.5, 0.5), (0.25, 0.5))
    return (
        (_recolour(THIRD, "blue", "#2060ff", (0.35, 0.4), (0.65, 0.4), (0.4, 0.55), (0.62, 0.55)),),
        (_clear(THIRD),),
        (
            _give(
                OWNER,
                "region in the middle: “a big green car in the sky in the centre”",
                Region(_box(0.2, 0.2, 0.8, 0.8), "a big green car in the sky in the centre"),
            ),
        ),
        (_clear(OWNER),),
        (_give(GUEST, "drag to the left", Drag(middle, left, to_units(0.3))),),
        (_clear(GUEST),),
        (
            _give(
                THIRD,
                "trajectory: left, up and over to the right",
                Trajectory(
                    _points((0.5, 0.5), (0.25, 0.4), (0.5, 0.2), (0.75, 0.4)), to_units(0.3)
                ),
            ),
        ),
        (_clear(THIRD),),
        (_give(OWNER, "camera: zoom in to 1.8", Camera(zoom=to_units(1.8))),),
        (_clear(OWNER),),
        (_give(GUEST, "camera: pan to the right", Camera(pan=to_units(0.3))),),
        (_clear(GUEST),),
    )


def _held() -> tuple[Scene, ...]:
    """A lock, and another take."""
    return (
        (
            _give(
                OWNER,
                "lock on the left half (seen when the prompt changes)",
                Lock(_box(0.0, 0.0, 0.5, 1.0)),
                lasts=True,
            ),
        ),
        (_content(GUEST, "a balloon in the city"),),
        (_clear(OWNER),),
        (_give(THIRD, f"seed {OTHER_SEED}: another take", Adjust(seed=OTHER_SEED)),),
        (_clear(THIRD),),
    )


def _painted(photo: Path) -> tuple[Step, ...]:
    """Paint on a photograph, a crash in the middle, and an edit that comes late."""
    return (
        (Act(GUEST, f"reference image {photo.name}", lambda s: s.image(photo)),),
        KillWorker(),
        (_paint(OWNER, "magenta", "#e0218a", (0.08, 0.14), (0.5, 0.06), (0.92, 0.14)),),
        (
            _paint(OWNER, "yellow", "#ffd400", (0.1, 0.3), (0.1, 0.9)),
            _paint(GUEST, "green", "#1fa34a", (0.9, 0.35), (0.9, 0.9)),
        ),
        (_undo(GUEST, "undo"),),
        (_undo(OWNER, "undo"),),
        (Act(GUEST, "redo", Session.redo),),
        (
            _give(
                THIRD,
                "eraser over the middle of the magenta stroke",
                Erase(_points((0.5, 0.02), (0.5, 0.18)), to_units(0.34)),
            ),
        ),
        (_paint(OWNER, "late white", "#ffffff", (0.12, 0.84), (0.4, 0.9), late=True),),
        LookWithout(OWNER, GUEST),
    )


def _content(who: str, text: str) -> Act:
    return Act(who, f"content prompt “{text}”", lambda session: session.content(text))


def _motion(who: str, text: str) -> Act:
    return Act(who, f"motion prompt “{text}”", lambda session: session.motion(text))


def _undo(who: str, label: str) -> Act:
    return Act(who, label, Session.undo)


def _clear(who: str) -> Act:
    return Act(who, "undo, to go on without it", Session.undo, pictured=False)


def _give(who: str, label: str, instruction: Given, lasts: bool = False) -> Act:
    return Act(who, label, lambda session: session.give(instruction), lasts=lasts)


def _paint(who: str, word: str, color: str, *points: Point, late: bool = False) -> Act:
    stroke = Paint(_points(*points), color, to_units(0.14))
    return Act(who, f"{word} stroke {color}", lambda session: session.give(stroke), late)


def _recolour(who: str, word: str, color: str, *points: Point) -> Act:
    stroke = Paint(_points(*points), color, to_units(0.3), blend="color")
    return _give(who, f"{word} {color} recolours what is under the brush", stroke)


def _points(*points: Point) -> tuple[tuple[int, int], ...]:
    return tuple((to_units(x), to_units(y)) for x, y in points)


def _box(left: float, top: float, right: float, bottom: float) -> tuple[tuple[int, int], ...]:
    return _points((left, top), (right, top), (right, bottom), (left, bottom))
