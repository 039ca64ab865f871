"""What the two participants of the demo do, in order. Acts of one scene happen at once."""

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
    """One thing one participant does. ``label`` says it in words for the contact sheet."""

    who: str
    label: str
    do: Callable[[Session], Awaitable[Receipt]]


Scene = tuple[Act, ...]


def scenes(photo: Path) -> tuple[Scene, ...]:
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
    )


def _content(who: str, text: str) -> Act:
    return Act(who, f"content prompt “{text}”", lambda session: session.content(text))


def _motion(who: str, text: str) -> Act:
    return Act(who, f"motion prompt “{text}”", lambda session: session.motion(text))


def _paint(who: str, word: str, color: str, points: list[Point]) -> Act:
    return Act(
        who,
        f"{word} stroke {color}",
        lambda session: session.paint(points, color=color, width=0.14),
    )
