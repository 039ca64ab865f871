"""What everybody is told about the take: its state, a sentence, the words it does not know."""

from __future__ import annotations

from typing import Literal

from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.instructions import PROMPTS
from framejam_protocol.messages import TakeStatus
from framejam_server.live import LiveSession
from framejam_server.render.pipe import Ready
from framejam_server.session.words import known_words, unknown_words

TakeState = Literal["running", "finished", "waiting", "failed", "paused", "cancelled"]


class Bulletin:
    """The statuses of one session's take. ``facts`` may be renewed."""

    def __init__(self, live: LiveSession, facts: Ready) -> None:
        self.facts = facts
        self._live = live

    def is_said(self, state: TakeState) -> bool:
        """Whether this was the last word, and still holds."""
        status = self._live.status
        return status is not None and (status.state, status.unknown) == (state, self._unknown())

    def say(
        self,
        state: TakeState,
        note: str = "",
        *,
        take: int,
        step: int,
        steps: int,
        seq: int | None = None,
        digest: str | None = None,
    ) -> None:
        """Announce what the take does, unless it was the last word; ``seq`` is that of what is
        shown (T13)."""
        status = TakeStatus(
            take=take,
            step=step,
            steps=steps,
            state=state,
            seq=self._live.state.reflected if seq is None else seq,
            note=note,
            digest=digest,
            unknown=self._unknown(),
        )
        if status != self._live.status:
            self._live.announce(status)

    def _unknown(self) -> tuple[str, ...]:
        """The words of the prompts in force that the model does not know."""
        said = (prompt_text(self._live.state, prompt) for prompt in PROMPTS)
        return unknown_words(said, known_words(self.facts.vocabulary))
