"""What takes, looks and questions need of the process that renders: ``render.worker.Worker``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from framejam_protocol.messages import Tier
from framejam_server.render.memory import Memory
from framejam_server.render.pipe import Advance, Advanced, Who
from framejam_server.render.turns import Standing


class Renderer(Protocol):
    """Its methods are described where they are implemented; tests and benches have their own."""

    @property
    def loaded(self) -> bool: ...

    @property
    def memory(self) -> Memory: ...

    async def current(self) -> int: ...

    def stands(self, key: str, standing: Standing) -> None: ...

    def claim(self, key: str, size: int, standing: Standing, wake: Callable[[], None]) -> bool: ...

    async def advance(
        self,
        request: Advance,
        generation: int,
        watched: Callable[[], tuple[Tier, ...]] | None = None,
    ) -> Advanced: ...

    async def estimate(self, key: str, tiers: tuple[Tier, ...]) -> Advanced: ...

    async def weigh(self, request: Who) -> dict[int, float]: ...

    async def forget(self, key: str) -> None: ...
