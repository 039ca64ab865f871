"""What a suite measures: one number with an interval, its baseline, and how it came about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from rich.table import Table


@dataclass(frozen=True)
class Metric:
    """A median with the interval of its rounds, in ``unit``.

    ``baseline`` is the same number for the naive way of doing it, measured in between, or None
    where there is none. ``note`` says how many measurements there were and what the target is.
    """

    value: float
    unit: str
    low: float
    high: float
    baseline: float | None
    note: str


def of_rounds(
    rounds: Sequence[float], unit: str, note: str, baseline: Sequence[float] = ()
) -> Metric:
    """The median of ``rounds`` (one number each), from the lowest to the highest of them."""
    return Metric(
        round(median(rounds), 3),
        unit,
        round(min(rounds), 3),
        round(max(rounds), 3),
        round(median(baseline), 3) if baseline else None,
        note,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that is not below ``share`` (0 to 1) of them: nearest rank."""
    ordered = sorted(values)
    rank = -int(-share * len(ordered) // 1)  # the ceiling
    return ordered[max(rank, 1) - 1]


def to_json(metrics: Mapping[str, Metric]) -> str:
    """One flat object, ``suite.metric`` to its numbers, in the order they were measured."""
    return json.dumps({name: asdict(metric) for name, metric in metrics.items()}, indent=2) + "\n"


def to_table(metrics: Mapping[str, Metric]) -> Table:
    """The same for people, the notes below."""
    notes = "\n".join(f"{name}: {metric.note}" for name, metric in metrics.items())
    table = Table(caption=notes, caption_justify="left")
    table.add_column("metric", no_wrap=True)
    for column in ("median", "rounds from - to", "naive"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, metric in metrics.items():
        table.add_row(
            name,
            f"{metric.value:g} {metric.unit}",
            f"{metric.low:g} - {metric.high:g}",
            "" if metric.baseline is None else f"{metric.baseline:g} {metric.unit}",
        )
    return table
