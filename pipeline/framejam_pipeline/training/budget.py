"""A training budget in seconds or steps, and the learning rate that follows from it."""

from __future__ import annotations

import time


class Budget:
    """Counts the steps and seconds of one stage, over interruptions too.

    ``max_steps`` wins over ``seconds`` where both are given. Only time between ``tick`` calls
    counts, so a resumed stage goes on where the interrupted one stopped.
    """

    def __init__(self, seconds: float, max_steps: int | None = None) -> None:
        self.seconds = seconds
        self.max_steps = max_steps
        self.steps = 0
        self.used = 0.0
        self._last = time.monotonic()

    def tick(self) -> None:
        """Count one step and the time since the last one."""
        now = time.monotonic()
        self.used += now - self._last
        self._last = now
        self.steps += 1

    def resume(self, steps: int, used: float) -> None:
        """Go on from a checkpoint that had done ``steps`` in ``used`` seconds."""
        self.steps, self.used = steps, used
        self._last = time.monotonic()

    def progress(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        if self.max_steps is not None:
            return min(1.0, self.steps / max(1, self.max_steps))
        return min(1.0, self.used / max(1e-9, self.seconds))

    def spent(self) -> bool:
        """Whether it is time to stop."""
        return self.progress() >= 1.0

    def rate(self) -> float:
        """Factor on the learning rate: short warm-up, flat, linear decay over the second half."""
        warm_up = min(1.0, (self.steps + 1) / 50) if self.max_steps is None else 1.0
        return warm_up * min(1.0, max(0.02, 2.0 * (1.0 - self.progress())))
