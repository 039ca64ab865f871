"""How the bench turns rounds into numbers, and its output."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from typer.testing import CliRunner

from framejam.cli import build
from framejam_protocol.messages import Edit
from framejam_protocol.wire import decode_client, encode
from framejam_server.bench.load import steady, stroke
from framejam_server.bench.result import Metric, of_rounds, percentile, to_json, to_table


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1), (0.5, 50), (0.501, 51), (0.99, 99), (1, 100)]
)
def test_percentiles_are_nearest_rank(share: float, value: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == value


def test_rounds_give_a_median_and_an_interval() -> None:
    metric = of_rounds([3.0, 1.0, 2.00049], "ms", "note", baseline=[9.0, 7.0])
    assert metric == Metric(2.0, "ms", 1.0, 3.0, 8.0, "note")
    assert of_rounds([1.0], "ms", "").baseline is None


def test_the_json_is_one_flat_object() -> None:
    written = json.loads(to_json({"core.ack_p50_ms": of_rounds([2.0], "ms", "n", [5.0])}))
    assert written == {
        "core.ack_p50_ms": {
            "value": 2.0,
            "unit": "ms",
            "low": 2.0,
            "high": 2.0,
            "baseline": 5.0,
            "note": "n",
        }
    }
    assert to_table({"a.b": of_rounds([1.0], "ms", "")}).row_count == 1


def test_every_stroke_of_the_load_is_another_valid_one() -> None:
    strokes = [stroke(number) for number in range(750)]
    assert len(set(strokes)) == len(strokes)
    for number, one in enumerate(strokes, 1):
        assert decode_client(encode(Edit(number, one))) == Edit(number, one)


async def test_steady_load_keeps_time_even_when_answers_are_late() -> None:
    sent: list[float] = []

    async def slow(number: int) -> float:
        sent.append(time.perf_counter())
        await asyncio.sleep(0.2)
        return float(number)

    times = await steady([slow, slow], per_second=100, seconds=0.2)
    assert times == [float(number) for number in range(20)]
    assert sent[-1] - sent[0] < 0.35


def test_an_unknown_suite_is_one_clear_line() -> None:
    done = CliRunner().invoke(build(), ["bench", "sprint"])
    assert done.exit_code == 2
    assert "no suite sprint" in done.output
