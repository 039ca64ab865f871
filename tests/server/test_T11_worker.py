"""T11, C5, T5: what the renderer makes of references, tiers and estimates; on a tiny model."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from framejam_protocol.fold.pairs import Pair, Reference
from framejam_protocol.instructions import Content, Lock, Paint
from framejam_protocol.limits import UNIT
from framejam_server.render.pipe import Who
from framejam_server.render.told import Told
from framejam_server.render.turns import Standing
from framejam_server.render.worker import TakeFailed, Worker

pytestmark = pytest.mark.slow

WORDS = Pair(0, Content("a red fish"))
STROKE = Pair(0, Paint(points=((9000, 9000), (40000, 30000)), color="#ff0000", width=UNIT // 4))
HALF = ((0, 0), (UNIT // 2, 0), (UNIT // 2, UNIT), (0, UNIT))
LOCK = Pair(2, Lock(outline=HALF))


@pytest.fixture
async def worker(tmp_path, tiny_model):
    worker = Worker(tmp_path, 1, tiny_model)
    yield worker
    await worker.stop()


class Stream:
    """One take of a worker, as the server drives it."""

    def __init__(self, worker: Worker, key: str, settings) -> None:
        self.worker, self.settings, self.told = worker, settings, Told(key)

    async def step(self, pairs, references=None, tiers=()):
        references = references or {}
        self.told.meet(await self.worker.current())
        self.told.change(pairs)
        assert self.worker.claim(self.told.key, 1, Standing.RUNNING, lambda: None)
        request = self.told.request(self.settings, pairs, references, tiers)
        answer = await self.worker.advance(request, self.told.generation)
        self.told.answered(pairs, references, answer.position)
        return answer

    async def finish(self, pairs, references=None):
        while (answer := await self.step(pairs, references)).clip is None:
            pass
        return answer.clip.digest


def recomputed(model, settings, pairs, references):
    """The digest of a take in a process that knows no worker."""

    def record(pairs):
        return {seq: (pair.step, pair.instruction, pair.of) for seq, pair in pairs.items()}

    held = {seq: (one.settings, record(one.pairs)) for seq, one in references.items()}
    program = Path(__file__).parent.parent / "pipeline" / "recompute.py"
    answer = subprocess.run(
        [sys.executable, str(program), str(model)],
        input=msgspec.json.encode((settings, record(pairs), held)),
        capture_output=True,
        check=True,
    )
    return answer.stdout.decode().split()[1]


async def test_T11_what_a_lock_holds_reaches_the_pipeline_and_stays_there(worker, tiny_model):
    settings = (await worker.start()).settings(1, 6)
    take = Stream(worker, "s/1", settings)
    shown = await take.finish({5: WORDS, 6: STROKE})
    held = {7: Reference(settings, {5: WORDS, 6: STROKE})}
    assert await take.finish({5: WORDS, 6: STROKE, 7: LOCK}, held) == shown
    kept = await take.finish({5: WORDS, 7: LOCK}, held)
    assert len({shown, kept, await take.finish({5: WORDS})}) == 3
    expected = await asyncio.to_thread(recomputed, tiny_model, settings, {5: WORDS, 7: LOCK}, held)
    assert kept == expected
    # It was told once; brought back by a redo it holds the same. A look has a stream of its own.
    assert await take.finish({5: WORDS, 7: LOCK}, held) == kept
    assert await Stream(worker, "s/look/p", settings).finish({5: WORDS, 7: LOCK}, held) == kept


async def test_C5_only_the_tiers_asked_for_are_made(worker):
    take = Stream(worker, "s/1", (await worker.start()).settings(1, 3))
    assert (await take.step({5: WORDS})).sheets == {}
    made = (await take.step({5: WORDS}, tiers=("small", "large"))).sheets
    assert set(made) == {"small", "large"}
    assert made["small"] == made["large"], "32 pixels wide in either"
    assert (await take.step({5: WORDS}, tiers=("sheet",))).sheets.keys() == {"sheet"}
    assert (await take.step({5: WORDS})).clip is not None


async def test_T5_an_estimate_is_decoded_and_moves_nothing(worker):
    settings = (await worker.start()).settings(1, 4)
    pairs = {5: WORDS, 6: STROKE}
    quiet = await Stream(worker, "s/1", settings).finish(pairs)
    take = Stream(worker, "s/2", settings)
    projected = (await take.step(pairs, tiers=("sheet",))).sheets["sheet"]
    answer = await worker.estimate("s/2", ("sheet",))
    assert (answer.position, answer.clip) == (1, None)
    decoded = answer.sheets["sheet"]
    assert decoded.jpeg != projected.jpeg
    assert Image.open(io.BytesIO(decoded.jpeg)).size == (
        decoded.columns * decoded.width,
        decoded.rows * decoded.height,
    )
    assert await take.finish(pairs) == quiet


async def test_T5_where_nothing_has_run_there_is_nothing_to_decode(worker):
    settings = (await worker.start()).settings(1, 4)
    assert worker.claim("s/1", 1, Standing.RUNNING, lambda: None)
    with pytest.raises(TakeFailed, match="no step has run"):
        await worker.estimate("s/1", ("sheet",))
    take = Stream(worker, "s/1", settings)
    assert (await take.step({5: WORDS})).position == 1


async def test_M6_a_lock_is_who_weighs_in_its_outline(worker):
    settings = (await worker.start()).settings(1, 4)
    asked = Who("s/1", settings, {5: WORDS, 6: STROKE, 7: LOCK}, 0, (UNIT // 4, UNIT // 4))
    assert await worker.weigh(asked) == {7: 1.0}
