"""Questions about a take in which nothing changes: who weighs on a point of a frame (M6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from framejam_protocol.fold.pairs import Pair
from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Drag, Paint
from framejam_server.live import LiveSession
from framejam_server.render.pipe import Who
from framejam_server.render.worker import TakeFailed, WorkerDied, WorkerReplaced
from framejam_server.session.attribution import Weighing, attribute, everywhere

MOST_WAITING: Final = 8
"""Questions of one session that may wait for the renderer, which runs steps for all in turn."""


class NotReady(Exception):
    """The renderer cannot answer now; the text is for people."""


class TooMany(Exception):
    """As many questions of this session wait as may; ask again in a moment."""


class Answer(msgspec.Struct, frozen=True):
    """Who weighs on (``x``, ``y``), in 1/65536, of ``frame`` of take ``take``, strongest first.

    ``seq`` is that of the log which the take reflects (T13).
    """

    take: int
    seq: int
    frame: int
    x: int
    y: int
    instructions: list[Weighing]


class Renderer(Protocol):
    """What questions need of ``render.worker.Worker``."""

    @property
    def loaded(self) -> bool: ...

    async def weigh(self, request: Who) -> dict[int, float]: ...


Known = Callable[[], tuple[Mapping[int, int], dict[int, Pair]]]
"""The mapping of the take in force: {edit -> entry step}, and its pairs."""


class Questions:
    """Answers what people ask about the take of one session."""

    def __init__(self, live: LiveSession, renderer: Renderer, known: Known) -> None:
        self._live = live
        self._known = known
        self._renderer = renderer
        self._waiting = 0

    async def who(self, frame: int, at: Point) -> Answer:
        """Who weighs on a point (in 1/65536) of a frame of the take in force.

        Raises ``NotReady`` and ``TooMany``.
        """
        state = self._live.state
        # Before anybody is waited for: people go on editing.
        take, seq, (mapping, resolved) = state.take, state.reflected, self._known()
        rest = everywhere(state, mapping)
        local: dict[int, float] = {}
        if any(isinstance(pair.instruction, Paint | Drag) for pair in resolved.values()):
            key = f"{self._live.row.id}/{take}"
            local = await self._ask(Who(key, state.take_settings, resolved, frame, at))
        return Answer(take, seq, frame, *at, attribute(state, mapping, local, rest))

    async def _ask(self, request: Who) -> dict[int, float]:
        if not self._renderer.loaded:
            raise NotReady("the renderer loads its model; ask again when the take runs")
        if self._waiting >= MOST_WAITING:
            raise TooMany("the renderer has not answered the questions before; ask again later")
        self._waiting += 1
        try:
            return await self._renderer.weigh(request)
        except (WorkerDied, WorkerReplaced) as error:
            raise NotReady("the renderer restarts; ask again when the take runs") from error
        except TakeFailed as error:
            raise NotReady(f"the renderer cannot tell: {error}") from error
        finally:
            self._waiting -= 1
