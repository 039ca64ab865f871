"""What a late edit costs beside starting the take over, and whether it comes out as well (T3).

The work is counted by the scheduler itself (``render.scheduler.plan``) on a clock of our own; the
clips are recomputed from the mappings it leads to. Nothing here depends on how fast the machine is
but the time it takes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from framejam_protocol.fold.pairs import Pair
from framejam_protocol.geometry import to_units
from framejam_protocol.instructions import (
    Content,
    Drag,
    Paint,
    Settings,
    TakeInstruction,
    wanted_step,
)
from framejam_protocol.limits import UNIT
from framejam_server.bench.result import Metric
from framejam_server.config import Config
from framejam_server.demo.measure import region_of
from framejam_server.render.recompute import Frames, Recomputer, coverage, default_settings
from framejam_server.render.scheduler import QUIET_S, Enter, Situation, Step, plan

PER_KIND: Final = 8
STEP_S: Final = 0.1
"""A step of the embedded model on one thread. It only decides how many steps fit into 400 ms."""

SEAM: Final = 1.1
"""A late edit's border may jump so many times as far as a restart's."""

OBEYS: Final = 0.02
"""An edit obeys as well as in a restart where its error, 0 to 1, is at most this much larger."""

_PROMPT: Final = 1
_EDIT: Final = 2
_BEFORE: Final = ("a big red balloon in the sky in the centre", "a big blue car in the city")
_AFTER: Final = ("a big yellow balloon in the sky in the centre", "a big red fish on the sea")


@dataclass(frozen=True)
class Settled:
    """Where an edit ended up (its entry step), and how many steps ran from then to the clip."""

    entry: int
    steps_run: int


def settle(steps: int, wanted: int, given_at: float) -> Settled:
    """Let the scheduler take in a single edit, given when ``given_at`` of ``steps`` had run.

    The step under way when it comes is not counted: it runs whatever anybody does.
    """
    position, entry, run, clock, since, decoded = math.ceil(given_at), None, 0, 0.0, steps, False
    while True:
        now = Situation(
            position=position,
            steps=steps,
            entries={} if entry is None else {_EDIT: entry},
            pending=(_EDIT,) if entry is None else (),
            wanted={_EDIT: wanted},
            quiet=clock >= QUIET_S,
            alone=True,
            since_rewind=since,
            decoded=decoded,
        )
        match plan(now):
            case Enter(steps=entered, rewinds=rewinds):
                (entry,) = entered
                if rewinds:
                    position, since, decoded = entry, 0, False
            case Step() if position < steps:
                position, run, since, clock = position + 1, run + 1, since + 1, clock + STEP_S
            case Step():
                decoded = True
            case _ if clock < QUIET_S and entry is not None and entry > wanted:
                clock = QUIET_S
            case _:
                assert entry is not None
                return Settled(entry, run)


@dataclass(frozen=True)
class _Case:
    instruction: TakeInstruction
    given_at: float
    seed: int
    prompt: str


@dataclass(frozen=True)
class _Outcome:
    kind: str
    ratio: float
    as_good: bool
    seam: float


def rework() -> dict[str, Metric]:
    """Measure; takes about a minute and a half on an idle core."""
    config = Config()
    settings = default_settings(config.model, config.threads)
    outcomes = [_outcome(case, settings, config) for case in _cases(settings.steps)]
    counted = [outcome for outcome in outcomes if outcome.as_good]
    kinds = sorted({outcome.kind for outcome in outcomes})
    by_kind = "; ".join(
        f"{kind} {mean(one.ratio for one in outcomes if one.kind == kind):.2f}" for kind in kinds
    )
    seams = sorted(outcome.seam for outcome in outcomes if outcome.kind != "content")
    ratios = [outcome.ratio for outcome in counted]
    return {
        "rework_ratio": Metric(
            round(mean(ratios), 3),
            "",
            round(min(ratios), 3),
            round(max(ratios), 3),
            1.0,
            f"steps from an edit to the finished clip over those of a restart ({settings.steps}); "
            f"{len(counted)} of {len(outcomes)} edits obey as well as in a restart and show no "
            f"seam, only those count; all, by kind: {by_kind}; target: at most 0.7",
        ),
        "late_seam_ratio": Metric(
            round(seams[len(seams) // 2], 3),
            "",
            round(seams[0], 3),
            round(seams[-1], 3),
            1.0,
            "border jump over mean gradient of a late stroke or drag over that of a restart; "
            f"target: at most {SEAM}",
        ),
    }


def _cases(steps: int) -> list[_Case]:
    """Edits of every kind, given at moments spread evenly over the take."""
    rng = random.Random(3)
    makers: tuple[Callable[[int], TakeInstruction], ...] = (
        lambda number: _stroke(rng),
        lambda number: _drag(rng),
        lambda number: Content(_AFTER[number % len(_AFTER)]),
    )
    return [
        _Case(
            make(number),
            (number + rng.random()) / PER_KIND * steps,
            seed=number,
            prompt=_BEFORE[number % len(_BEFORE)],
        )
        for make in makers
        for number in range(PER_KIND)
    ]


def _stroke(rng: random.Random) -> Paint:
    points = ((to_units(0.12), _anywhere(rng)), (to_units(0.45), _anywhere(rng)))
    return Paint(points, f"#{rng.randrange(2**24):06x}", to_units(0.14))


def _drag(rng: random.Random) -> Drag:
    angle = rng.uniform(0, 2 * math.pi)
    end = (to_units(0.5 + 0.2 * math.cos(angle)), to_units(0.5 + 0.2 * math.sin(angle)))
    return Drag((to_units(0.5), to_units(0.5)), end, to_units(0.28))


def _anywhere(rng: random.Random) -> int:
    return to_units(rng.uniform(0.12, 0.88))


def _outcome(case: _Case, settings: Settings, config: Config) -> _Outcome:
    wanted = min(wanted_step(case.instruction, None, settings.steps), settings.steps - 1)
    settled = settle(settings.steps, wanted, case.given_at)
    seeded = _with_seed(settings, case.seed)
    recomputer = Recomputer(seeded, lambda _: b"", config.model, config.threads)
    prompt = {_PROMPT: Pair(0, Content(case.prompt))}
    without = recomputer.compute(prompt).frames
    late = recomputer.compute({**prompt, _EDIT: Pair(settled.entry, case.instruction)}).frames
    restart = recomputer.compute({**prompt, _EDIT: Pair(0, case.instruction)}).frames
    seam = 1.0
    if not isinstance(case.instruction, Content):
        border = region_of(case.instruction, settings.width, settings.height).inside
        seam = _seam(late, border) / _seam(restart, border)
    obeys = _error(case.instruction, late, without, restart) <= OBEYS + _error(
        case.instruction, restart, without, restart
    )
    return _Outcome(
        type(case.instruction).__name__.lower(),
        settled.steps_run / settings.steps,
        obeys and seam <= SEAM,
        seam,
    )


def _with_seed(settings: Settings, seed: int) -> Settings:
    return msgspec.structs.replace(settings, seed=seed)


def _error(instruction: TakeInstruction, clip: Frames, without: Frames, restart: Frames) -> float:
    """How far ``clip`` is from what the edit asked for, 0 to 1.

    A stroke asks for its colour where it covers a pixel wholly, a drag for the first frame's disc
    at the end of the arrow in the last quarter of the clip, a prompt for what a restart makes.
    """
    _, height, width, _ = clip.shape
    match instruction:
        case Paint():
            solid = coverage(instruction, width, height) >= 0.99
            colour = [int(instruction.color[at : at + 2], 16) for at in (1, 3, 5)]
            return _difference(clip[:, solid], np.array(colour))
        case Drag():
            x, y = (
                round((end - start) * size / UNIT)
                for start, end, size in zip(
                    instruction.start, instruction.end, (width, height), strict=True
                )
            )
            dot = Paint((instruction.end,), "#000000", instruction.radius)
            there = coverage(dot, width, height) >= 0.99
            moved = np.roll(without[0], (y, x), axis=(0, 1))
            return _difference(clip[-len(clip) // 4 :, there], moved[there])
        case _:
            return _difference(clip, restart)


def _difference(clip: npt.NDArray[np.generic], wanted: npt.NDArray[np.generic]) -> float:
    return float(np.abs(clip.astype(np.float64) - wanted.astype(np.float64)).mean() / 255)


def _seam(clip: Frames, inside: npt.NDArray[np.bool_]) -> float:
    """The mean jump across the border of ``inside`` over the mean gradient of the clip."""
    values = clip.astype(np.float64)
    across = np.abs(np.diff(values, axis=2)).mean(axis=(0, -1))
    down = np.abs(np.diff(values, axis=1)).mean(axis=(0, -1))
    jumps = [
        *across[inside[:, 1:] != inside[:, :-1]],
        *down[inside[1:] != inside[:-1]],
    ]
    return float(np.mean(jumps) / np.mean([across.mean(), down.mean()]))
