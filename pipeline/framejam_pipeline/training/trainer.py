"""The loop that all denoiser training shares: optimiser, average, checkpoints, budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import torch
from torch import nn

from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.ema import Average

CHECKPOINT_SECONDS: Final = 180.0
_REPORT_STEPS: Final = 100


class Trainer:
    """Minimises ``loss`` over the modules in ``live`` and keeps their average.

    ``rates`` holds the learning rate of each module; ``generator`` is the source of all
    randomness of the loss, saved along with everything else so that a run can be resumed.
    """

    def __init__(
        self,
        live: Mapping[str, nn.Module],
        average: Mapping[str, nn.Module],
        rates: Mapping[str, float],
        loss: Callable[[], torch.Tensor],
        generator: torch.Generator,
        clock: Budget,
    ) -> None:
        self.live, self.average = live, average
        self.loss, self.generator, self.clock = loss, generator, clock
        self.rates = [rates[name] for name in live]
        self.parameters = [
            [p for p in module.parameters() if p.requires_grad] for module in live.values()
        ]
        groups = [
            {"params": parameters, "lr": rate}
            for parameters, rate in zip(self.parameters, self.rates, strict=True)
        ]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=1e-2, betas=(0.9, 0.99))
        self.ema = Average(live.values(), average.values())
        self.losses: list[tuple[int, float]] = []

    def step(self) -> float:
        """One optimiser step; returns the loss."""
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * self.clock.rate()
        value = self.loss()
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        for parameters in self.parameters:
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimiser.step()
        self.clock.tick()
        self.ema.update(self.clock.steps)
        return float(value.detach())

    def train(self, file: Path) -> None:
        """Step until the budget is spent, saving to ``file`` every few minutes."""
        recent: list[float] = []
        saved = time.monotonic()
        while not self.clock.spent():
            recent.append(self.step())
            if len(recent) == _REPORT_STEPS:
                self._report(file.stem, recent)
                recent = []
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save(file)
                saved = time.monotonic()
        self.save(file)

    def _report(self, name: str, recent: list[float]) -> None:
        mean = sum(recent) / len(recent)
        self.losses.append((self.clock.steps, mean))
        speed = self.clock.steps / max(self.clock.used, 1e-9)
        done = 100 * self.clock.progress()
        print(
            f"{name} step {self.clock.steps} loss {mean:.4f} steps/s {speed:.2f} "
            f"budget {done:.1f} %",
            flush=True,
        )

    def save(self, file: Path) -> None:
        """Write everything needed to go on, in one move."""
        state = {
            "steps": self.clock.steps,
            "used": self.clock.used,
            "losses": self.losses,
            "live": {name: module.state_dict() for name, module in self.live.items()},
            "average": {name: module.state_dict() for name, module in self.average.items()},
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
        }
        partial = file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(file)

    def resume(self, file: Path) -> None:
        """Go on from ``file``, if it exists."""
        if not file.is_file():
            return
        state = torch.load(file, map_location=self.generator.device, weights_only=True)
        for name, module in self.live.items():
            module.load_state_dict(state["live"][name])
            self.average[name].load_state_dict(state["average"][name])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"].cpu())
        self.losses = [(int(step), float(value)) for step, value in state["losses"]]
        self.clock.resume(int(state["steps"]), float(state["used"]))
