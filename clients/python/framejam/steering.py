"""What a participant can give: every instruction as a call with ordinary numbers."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final

from framejam.pending import Receipt
from framejam.shapes import Drawing
from framejam_protocol.instructions import (
    Adjust,
    Content,
    Motion,
    Negative,
    Prompt,
    Splice,
    Spliced,
)
from framejam_protocol.messages import EndGroup

_group: ContextVar[str | None] = ContextVar("group", default=None)
_PERCENT: Final = 100


class Steering(Drawing):
    """The instructions of ``Session``: each waits for the server's ack and returns a ``Receipt``.

    Every call raises ``Refused`` where the server says no, ``Closed`` where the session is over
    and ``ValueError`` for numbers that are not finite. ``depth`` from 0 to 1 is the share of the
    loop an edit may re-run (T3); None leaves it to the kind of instruction.
    """

    @abstractmethod
    def text(self, prompt: Prompt) -> str:
        """The text of the prompt "content", "motion" or "negative" as it is now."""

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

    async def negative(
        self, text: str, *, merge: bool = False, depth: float | None = None
    ) -> Receipt:
        """Set the negative prompt: what should not be there. ``merge`` as for ``content``.

        It has an effect where the setting ``guidance`` is above 1.0.
        """
        return await self.give(Negative(text, self._seen() if merge else None), depth=depth)

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
        scheduler: str | None = None,
        loras: Mapping[str, float] | None = None,
        harmonize: float | None = None,
        mix: float | None = None,
        align: float | None = None,
        depth: float | None = None,
    ) -> Receipt:
        """Change settings; those left out stay (T8).

        ``seed``, ``steps``, ``frames``, ``width`` and ``height`` (pixels), ``model`` and
        ``scheduler`` ("" for the model's own) define a new take; ``fps`` is how fast it is played.
        The others are edits of the take: ``guidance`` 1.0 is none; ``loras`` are weights by name,
        those not named weigh 0; ``harmonize``, ``mix`` and ``align`` from 0 to 1.
        """
        values: dict[str, Any] = {
            "seed": seed,
            "steps": steps,
            "guidance": _hundredths(guidance),
            "fps": fps,
            "frames": frames,
            "width": width,
            "height": height,
            "model": model,
            "scheduler": scheduler,
            "loras": None if loras is None else _loras(loras),
            "harmonize": _hundredths(harmonize),
            "mix": _hundredths(mix),
            "align": _hundredths(align),
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


def _hundredths(value: float | None) -> int | None:
    return None if value is None else round(value * _PERCENT)


def _loras(weights: Mapping[str, float]) -> tuple[tuple[str, int], ...]:
    return tuple((name, round(weight * _PERCENT)) for name, weight in weights.items())
