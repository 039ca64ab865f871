"""Full-size steps, where there is a GPU; where there is none they are left out, and it is said."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

import msgspec

from framejam_server.bench.result import Metric, of_rounds
from framejam_server.demo.server import ServerFailed
from framejam_server.render.measured import Measured

FLOOR_MS: Final = 50.5
"""35.4 TFLOP of a guided step of 16 frames of 512x512, at 700 TFLOP/s."""

NAMES: Final = ("gpu_step_ms", "gpu_edit_to_preview_ms")


async def gpu() -> dict[str, Metric]:
    """Measure in a process of its own. Raises ``ServerFailed`` where that ends with an error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "framejam_server.render.gpu"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await process.stdout.read()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    if process.returncode or not line:
        raise ServerFailed("the GPU bench ended; the lines above say why")
    found = msgspec.json.decode(line, type=Measured)
    if not found.device:
        names = " and ".join(f"pipeline.{name}" for name in NAMES)
        print(f"framejam bench: {names} are left out: torch finds no GPU here", file=sys.stderr)
        return {}
    return metrics(found)


def metrics(found: Measured) -> dict[str, Metric]:
    """The numbers, with what they are beside."""
    step, edit = NAMES
    shapes = "SD 1.5 + PIA with random weights, 16 frames of 512x512, guided, bf16"
    return {
        step: of_rounds(
            found.step_ms,
            "ms",
            f"a step of a take, its preview included: {shapes}, on {found.device}; beside it the "
            f"forward alone; {len(found.step_ms)} steps; the floor is {FLOOR_MS} ms at 700 TFLOP/s",
            found.forward_ms,
        ),
        edit: of_rounds(
            found.edit_ms,
            "ms",
            f"from a stroke that enters a running take to the JPEG sheet of the step with it, "
            f"without server and network: {shapes}; beside it a step; {len(found.edit_ms)} strokes",
            found.step_ms,
        ),
    }
