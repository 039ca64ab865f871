"""What a participant can give: every instruction as a call with ordinary numbers."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final

from msgspec import UNSET

from framejam.pending import Receipt
from framejam_protocol.geometry import to_units
from framejam_protocol.instructions import (
    Adjust,
    Comment,
    Content,
    Drag,
    Erase,
    Given,
    Motion,
    Paint,
    Prompt,
    Revise,
    Splice,
    Spliced,
)
from framejam_protocol.messages import EndGroup

At = tuple[float, float]
"""A place of the frame, (x, y) from (0, 0) upper left to (1, 1)."""

Frames = tuple[int, int]
"""The first and the last frame of a range, both in it; the first frame is 0."""

_group: ContextVar[str | None] = ContextVar("group", default=None)
_PERCENT: Final = 100


class Steering(ABC):
    """The instructions of ``Session``: each waits for the server's ack and returns a ``Receipt``.

    Every call raises ``Refused`` where the server says no, ``Closed`` where the session is over
    and ``ValueError`` for numbers that are not finite. ``depth`` from 0 to 1 is the share of the
    loop an edit may re-run (T3); None leaves it to the kind of instruction.
    """

    @abstractmethod
    async def give(self, instruction: Given, *, depth: float | None = None) -> Receipt:
        """Give any instruction of the protocol."""

    @abstractmethod
    def text(self, prompt: Prompt) -> str:
        """The text of the prompt "content" or "motion" as it is now."""

    @abstractmethod
    def _seen(self) -> int:
        """The seq of the newest event that is here."""

    @abstractmethod
    def _say(self, message: EndGroup) -> None:
        """Send a message that is not answered."""

    async def content(
        self, text: str, *, merge: bool = False, depth: float | None = None
    ) -> Receipt:
        """Set the content prompt: what is visible.

        Replaces the whole text; with ``merge`` what others typed since the newest event that is
        here stays (M3).
        """
        return await self.give(Content(text, self._seen() if merge else None), depth=depth)

    async def motion(
        self, text: str, *, merge: bool = False, depth: float | None = None
    ) -> Receipt:
        """Set the motion prompt: how it moves. ``merge`` as for ``content``."""
        return await self.give(Motion(text, self._seen() if merge else None), depth=depth)

    async def splice(
        self,
        prompt: Prompt,
        at: int,
        insert: str = "",
        *,
        delete: int = 0,
        depth: float | None = None,
    ) -> Receipt:
        """Change a prompt in one place: delete ``delete`` characters at ``at``, insert ``insert``.

        Counts code points in ``text(prompt)``; what others type meanwhile is merged (M3). Raises
        ``ValueError`` for a place that is not in the text.
        """
        text = self.text(prompt)
        if not 0 <= at <= at + delete <= len(text):
            raise ValueError(f"{at} to {at + delete} is not within the text's {len(text)}")
        change = Splice(at, text[at : at + delete], insert)
        return await self.give(Spliced(prompt, self._seen(), (change,)), depth=depth)

    async def paint(
        self,
        points: Iterable[At],
        *,
        color: str = "#ffffff",
        width: float = 0.06,
        strength: float = 1.0,
        frames: Frames | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Paint one stroke through ``points``.

        ``color`` is ``#rrggbb``; ``width`` the brush's diameter as a share of the frame's width,
        above 0 to 1; ``strength`` 0 to 1; ``frames`` None for all.
        """
        stroke = Paint(
            points=_points(points),
            color=color.lower(),
            width=_length(width),
            strength=to_units(strength),
            frames=frames,
        )
        return await self.give(stroke, depth=depth)

    async def erase(
        self,
        points: Iterable[At],
        *,
        width: float = 0.06,
        frames: Frames | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Take away the paint under a stroke through ``points``; ``width`` as for ``paint``."""
        stroke = Erase(points=_points(points), width=_length(width), frames=frames)
        return await self.give(stroke, depth=depth)

    async def drag(
        self,
        start: At,
        end: At,
        *,
        radius: float = 0.25,
        strength: float = 1.0,
        frames: Frames | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Move what lies around ``start`` on the first frame to ``end``, over the clip.

        ``radius`` is a share of the frame's width, above 0 to 1: choose it so that the object lies
        inside. ``strength`` 0 to 1; with ``frames`` the way is made within these.
        """
        drag = Drag(
            start=_point(start),
            end=_point(end),
            radius=_length(radius),
            strength=to_units(strength),
            frames=frames,
        )
        return await self.give(drag, depth=depth)

    async def comment(self, text: str, at: At, frame: int = 0) -> Receipt:
        """Pin a comment to a point of a frame, the first is 0. Viewers may, too."""
        return await self.give(Comment(text=text, at=_point(at), frame=frame))

    async def revise(
        self,
        edit: Receipt | int,
        *,
        color: str | None = None,
        width: float | None = None,
        strength: float | None = None,
        frames: Frames | str | None = None,
        start: At | None = None,
        end: At | None = None,
        radius: float | None = None,
        text: str | None = None,
        resolved: bool | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Give fields of an earlier edit new values; those left out stay (M2).

        ``edit`` is what giving it returned, or its seq. The fields are those of ``paint``,
        ``erase``, ``drag`` and ``comment``; ``frames="all"`` takes a range away.
        """
        if isinstance(frames, str) and frames != "all":
            raise ValueError('frames is (first, last) or "all"')
        change = Revise(
            target=edit if isinstance(edit, int) else edit.seq,
            color=UNSET if color is None else color.lower(),
            width=UNSET if width is None else _length(width),
            strength=UNSET if strength is None else to_units(strength),
            frames=UNSET if frames is None else None if isinstance(frames, str) else frames,
            start=UNSET if start is None else _point(start),
            end=UNSET if end is None else _point(end),
            radius=UNSET if radius is None else _length(radius),
            text=UNSET if text is None else text,
            resolved=UNSET if resolved is None else resolved,
        )
        return await self.give(change, depth=depth)

    async def adjust(
        self,
        *,
        seed: int | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        fps: int | None = None,
        frames: int | None = None,
        width: int | None = None,
        height: int | None = None,
        model: str | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Change settings; those left out stay. All but ``fps`` and ``guidance`` define a new take.

        ``guidance`` 1.0 is none; ``width`` and ``height`` in pixels.
        """
        values: dict[str, Any] = {
            "seed": seed,
            "steps": steps,
            "guidance": None if guidance is None else round(guidance * _PERCENT),
            "fps": fps,
            "frames": frames,
            "width": width,
            "height": height,
            "model": model,
        }
        given = {name: value for name, value in values.items() if value is not None}
        return await self.give(Adjust(**given), depth=depth)

    @asynccontextmanager
    async def gesture(self) -> AsyncIterator[None]:
        """Everything given inside the block is one gesture: one undo takes all of it out (L6).

        Two seconds without an edit end it, too: what comes later is another. A gesture within a
        gesture ends the outer one; tasks started inside the block belong to it.
        """
        token = _group.set(secrets.token_urlsafe(9))
        try:
            yield
        finally:
            _group.reset(token)
            self._say(EndGroup())


def open_group() -> str | None:
    """The name of the gesture this task is in, or None."""
    return _group.get()


def _point(place: At) -> tuple[int, int]:
    return to_units(place[0]), to_units(place[1])


def _points(places: Iterable[At]) -> tuple[tuple[int, int], ...]:
    return tuple(_point(place) for place in places)


def _length(share: float) -> int:
    return max(1, to_units(share))
