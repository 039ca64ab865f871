"""Questions about a take in which nothing changes: who weighs on a point of a frame (M6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Camera, Drag, Lock, Paint, Region, Trajectory
from framejam_server.live import LiveSession
from framejam_server.mapped import Mapped
from framejam_server.render.pipe import Who
from framejam_server.render.worker import TakeFailed, WorkerDied, WorkerReplaced
from framejam_server.renderer import Renderer
from framejam_server.session.attribution import Weighing, attribute, everywhere

SPATIAL: Final = (Paint, Drag, Trajectory, Camera, Region, Lock)
"""The kinds whose weight depends on the place: the renderer knows it."""

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


Known = Callable[[], Mapped]
"""The mapping of the take in force."""


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
        take, seq, known = state.take, state.reflected, self._known()
        rest = everywhere(state, known.mapping)
        local: dict[int, float] = {}
        if any(isinstance(pair.instruction, SPATIAL) for pair in known.pairs.values()):
            key, settings = f"{self._live.row.id}/{take}", state.take_settings
            local = await self._ask(Who(key, settings, dict(known.pairs), frame, at))
        return Answer(take, seq, frame, *at, attribute(state, known.mapping, local, rest))

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
