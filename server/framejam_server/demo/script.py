"""What the two participants of the demo do, in order, and what befalls them in the middle.

Acts of one scene happen at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from framejam import Receipt, Session

Point = tuple[float, float]

OWNER: Final = "Mira"
GUEST: Final = "Jonas"
COLORS: Final = {OWNER: "#e4572e", GUEST: "#2e86de"}
"""The participants' own colours, beside their cursors and names."""


@dataclass(frozen=True)
class Act:
    """One thing one participant does. ``label`` says it in words for the contact sheet; a ``late``
    one waits until the loop is nearly through."""

    who: str
    label: str
    do: Callable[[Session], Awaitable[Receipt]]
    late: bool = False


Scene = tuple[Act, ...]


@dataclass(frozen=True)
class KillWorker:
    """The process that denoises is killed (SIGKILL) in the middle of the take."""


def scenes(photo: Path) -> tuple[Scene | KillWorker, ...]:
    """The whole co-edit, with ``photo`` as the reference image."""
    return (
        (_content(OWNER, "a big red balloon in the sky in the centre"),),
        (_motion(GUEST, "moving up"),),
        (_content(OWNER, "a big yellow balloon in the sky in the centre"),),
        (Act(GUEST, f"reference image {photo.name}", lambda s: s.image(photo)),),
        (_paint(OWNER, "magenta", "#e0218a", [(0.08, 0.14), (0.5, 0.06), (0.92, 0.14)]),),
        (
            _paint(OWNER, "yellow", "#ffd400", [(0.1, 0.3), (0.1, 0.9)]),
            _paint(GUEST, "green", "#1fa34a", [(0.9, 0.35), (0.9, 0.9)]),
        ),
        (Act(GUEST, "undo", Session.undo),),
        (Act(OWNER, "undo", Session.undo),),
        (Act(GUEST, "redo", Session.redo),),
        (Act(OWNER, "reference image taken away", lambda s: s.image(None)),),
        (_drag(GUEST, (0.5, 0.5), (0.25, 0.5), 0.3),),
        KillWorker(),
        (_paint(OWNER, "late white", "#ffffff", [(0.12, 0.84), (0.4, 0.9)], late=True),),
    )


def _content(who: str, text: str) -> Act:
    return Act(who, f"content prompt “{text}”", lambda session: session.content(text))


def _motion(who: str, text: str) -> Act:
    return Act(who, f"motion prompt “{text}”", lambda session: session.motion(text))


def _drag(who: str, start: Point, end: Point, radius: float) -> Act:
    return Act(who, "drag to the left", lambda session: session.drag(start, end, radius=radius))


def _paint(who: str, word: str, color: str, points: list[Point], late: bool = False) -> Act:
    return Act(
        who,
        f"{word} stroke {color}",
        lambda session: session.paint(points, color=color, width=0.14),
        late,
    )
