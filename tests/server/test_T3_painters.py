"""T3: ten people paint at once; every stroke shows at once, and a pause polishes the take once."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest
import websockets
from running import Raw, preview_done, preview_seq, preview_step

from framejam_protocol.events import Edited, Entered, Event
from framejam_protocol.fold.state import FIRST_TAKE, State, fold
from framejam_protocol.instructions import wanted_step
from framejam_server.render.recompute import Recomputer, mapping_of
from framejam_server.render.scheduler import PROGRESS_BETWEEN_REWINDS

PAINTERS = 10
PER_PERSON = 5.0
"""Strokes a second of each: quick hands."""

STEPS = 60
FRAMES = 16
"""Four times the tiny model's: its steps then take longer than the 1/60 s of a preview."""

STEPS_UNTIL_SHOWN = 3
"""From a stroke's event to the first preview with it: one that was on its way, the step that was
running (T1), and the step the stroke entered at."""


@pytest.fixture(scope="session")
def tiny_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with longer clips; the servers of this module load it."""
    folder = tmp_path_factory.mktemp("longer") / "model"
    shutil.copytree(tiny_model, folder)
    index = json.loads((folder / "model_index.json").read_text())
    index["sizes"]["frames"] = FRAMES
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@dataclass
class Watcher(Raw):
    """Keeps events, statuses and previews in the one order in which they came."""

    stream: list[Any] = field(default_factory=list)

    async def _read(self) -> None:
        try:
            async for data in self.socket:
                assert isinstance(data, bytes)
                if data[0] == 0xC1:
                    self.previews.append(data)
                    self.stream.append(data)
                else:
                    self.messages.append(msgpack.unpackb(data))
                    self.stream += _entries(self.messages[-1])
                self._news.set()
        except websockets.ConnectionClosed:
            pass  # whoever waits for something finds out
        self.closed = (self.socket.close_code or 0, self.socket.close_reason or "")
        self._news.set()

    @property
    def log(self) -> list[Event]:
        return [entry for entry in self.stream if isinstance(entry, Event)]


def _entries(message: dict[str, Any]) -> list[Any]:
    if message["type"] == "take":
        return [message]
    events = {"event": [message], "events": message.get("events", [])}.get(message["type"], [])
    return [msgspec.convert({**event, "type": "event"}, Event) for event in events]


@dataclass
class Replay:
    """What the loop did, read from a stream.

    Steps are counted by their numbers: a preview that was skipped (C4) does not hide its step.
    """

    until_shown: dict[int, int] = field(default_factory=dict)
    """Stroke -> steps from its event to the first preview with it, that one included."""
    between_rewinds: list[int] = field(default_factory=list)
    waiting: dict[int, int] = field(default_factory=dict)
    _ran: int = 0
    _position: int = 0
    _ran_at_rewind: int | None = None

    def follow(self, stream: list[Any]) -> Replay:
        for entry in stream:
            if isinstance(entry, bytes):
                self._shown(entry)
            elif isinstance(entry, Event):
                self._event(entry)
            elif entry["note"].startswith("re-entering"):
                if self._ran_at_rewind is not None:
                    self.between_rewinds.append(self._ran - self._ran_at_rewind)
                self._ran_at_rewind, self._position = self._ran, entry["step"]
        return self

    def _shown(self, preview: bytes) -> None:
        step = preview_step(preview)
        # Decoding is a turn of its own, after the last step.
        self._ran += 1 if preview_done(preview) else max(step - self._position, 0)
        self._position = step
        for seq in [seq for seq in self.waiting if seq <= preview_seq(preview)]:
            self.until_shown[seq] = self._ran - self.waiting.pop(seq)

    def _event(self, event: Event) -> None:
        if isinstance(event.body, Edited):
            self.waiting[event.seq] = self._ran
        elif isinstance(event.body, Entered) and event.body.step > self._position:
            # Previews may be skipped, events are not: the take stands where edits enter.
            self._ran += event.body.step - self._position
            self._position = event.body.step


def polishings(stream: list[Any], after: int) -> int:
    """Rewinds after event ``after`` for edits that had entered before (T3)."""
    before: set[int] = set()
    count, polishes = 0, False
    for entry in stream:
        if isinstance(entry, Event) and isinstance(entry.body, Entered):
            again = before.intersection(entry.body.edits)
            polishes = polishes or bool(again and entry.seq > after)
            before.update(entry.body.edits)
        elif isinstance(entry, dict) and entry["note"].startswith("re-entering"):
            count, polishes = count + polishes, False
    return count


async def paint(raw: Raw, name: int, seconds: float, chance: random.Random) -> None:
    """Strokes by the clock, whether or not earlier ones were acknowledged; all of them are."""
    loop = asyncio.get_running_loop()
    start = loop.time() + chance.uniform(0, 1 / PER_PERSON)
    given = 0
    while loop.time() < start + seconds:
        await asyncio.sleep(max(0.0, start + given / PER_PERSON - loop.time()))
        given += 1
        stroke = {
            "kind": "paint",
            "points": [[chance.randrange(65536), chance.randrange(65536)] for _ in range(4)],
            "color": f"#{name:02x}{given % 256:02x}{chance.randrange(256):02x}",
            "width": 5000,
        }
        depth = {"depth": chance.randrange(20000, 65537)} if given % 5 == 0 else {}
        await raw.send({"type": "edit", "client_seq": given, "instruction": stroke, **depth})
    last = await raw.wait_for(lambda m: m["type"] == "ack" and m["client_seq"] == given)
    answers = [m["type"] for m in raw.messages if m.get("client_seq") and m["type"] != "event"]
    assert answers == ["ack"] * given, last


async def at_rest(raw: Watcher) -> str:
    """Wait until the take is finished with every edit at its wanted step (T3); its digest."""
    async with asyncio.timeout(120):
        while True:
            told = [entry for entry in raw.stream if not isinstance(entry, bytes)]
            if isinstance(told[-1], dict) and told[-1]["digest"] and not late(fold(raw.log)):
                return told[-1]["digest"]
            await asyncio.sleep(0.2)


def late(state: State) -> list[int]:
    """Live edits that have not entered yet, or above the step they want."""
    pending = [edit.seq for edit in state.pending()]
    return pending + [
        seq
        for seq, entry in state.mapping(FIRST_TAKE).items()
        if entry
        > min(wanted_step(state.edits[seq].instruction, state.edits[seq].depth, STEPS), STEPS - 1)
    ]


async def test_T3_ten_painters_see_every_stroke_and_one_rewind_polishes(launch, tiny_model, faults):
    seconds = faults.pick(8, 60)
    server = launch("--steps", str(STEPS))
    watcher = await Watcher.open(server)
    await watcher.hello(server.session, server.token, name="P0")
    await watcher.send({"type": "watch", "tier": "sheet", "rate": 60})
    people = [watcher, *[await server.join(name=f"P{n}") for n in range(1, PAINTERS)]]
    chances = [random.Random(f"painter {n} {faults.seed}") for n in range(PAINTERS)]
    await asyncio.gather(*(paint(raw, n, seconds, chances[n]) for n, raw in enumerate(people)))
    digest = await at_rest(watcher)
    log, state = watcher.log, fold(watcher.log)
    strokes = [event.seq for event in log if isinstance(event.body, Edited)]
    assert len(strokes) >= PAINTERS * PER_PERSON * seconds * 0.9

    # Every stroke entered and showed at once, and the loop never starved.
    replay = Replay().follow(watcher.stream)
    assert not state.pending()
    assert sorted(replay.until_shown) == strokes
    slowest = max(replay.until_shown.values())
    faults.say(
        f"{len(strokes)} strokes, shown after {slowest} steps at most; "
        f"steps between rewinds: {replay.between_rewinds}"
    )
    assert slowest <= STEPS_UNTIL_SHOWN
    assert all(ran >= PROGRESS_BETWEEN_REWINDS for ran in replay.between_rewinds)

    # One rewind after the pause moved every late stroke to where it wanted to be.
    assert polishings(watcher.stream, strokes[-1]) == 1
    assert not late(state)
    assert all(raw.closed is None for raw in people)
    assert state.settings is not None
    recomputer = Recomputer(state.settings, lambda blob: b"", tiny_model)
    assert recomputer.compute(mapping_of(log)).digest == digest
