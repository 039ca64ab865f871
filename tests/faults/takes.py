"""A take as people see it from outside: told, settled, and computed again from the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from running import Raw

from framejam_protocol.events import Event
from framejam_protocol.fold.state import FIRST_TAKE, State, fold
from framejam_protocol.instructions import wanted_step
from framejam_server.render.recompute import Recomputer, mapping_of

CHANGES = ("edited", "undone", "redone", "entered")


def events_of(raw: Raw) -> list[Event]:
    """The log as this socket has received it, from seq 1 on."""
    return [msgspec.convert({**event, "type": "event"}, Event) for event in raw.events]


def late_edits(state: State) -> dict[int, tuple[int, int]]:
    """Live edits whose entry step is above the one they want (T3): {seq: (entry, wanted)}."""
    assert state.settings is not None
    steps = state.settings.steps
    late = {}
    for seq, entry in state.mapping(FIRST_TAKE).items():
        edit = state.edits[seq]
        wanted = min(wanted_step(edit.instruction, edit.depth, steps), steps - 1)
        if entry > wanted:
            late[seq] = (entry, wanted)
    return late


async def settled(raw: Raw, seconds: float = 120) -> dict[str, Any]:
    """Wait until the take is finished, with every edit in it at its wanted step; its status."""
    async with asyncio.timeout(seconds):
        while True:
            assert raw.closed is None, f"people stay connected; this one got {raw.closed}"
            last = _finished_last(raw)
            if last is not None:
                state = fold(events_of(raw))
                if not state.pending() and not late_edits(state):
                    return last
            await asyncio.sleep(0.05)


def _finished_last(raw: Raw) -> dict[str, Any] | None:
    """The newest status, if it says finished and nothing has changed after it."""
    for message in reversed(raw.messages):
        if message["type"] == "take":
            return message if message["digest"] else None
        if message["type"] == "event" and message["body"]["kind"] in CHANGES:
            return None
    return None


class Oracle:
    """Recomputes takes of one session in this process, which nobody kills."""

    def __init__(self, raw: Raw, model: Path) -> None:
        settings = fold(events_of(raw)[:1]).settings
        assert settings is not None
        self._recomputer = Recomputer(settings, _no_image, model)

    async def digest(self, raw: Raw) -> str:
        """The digest of the take that the log in ``raw`` asks for."""
        mapping = mapping_of(events_of(raw))
        return (await asyncio.to_thread(self._recomputer.compute, mapping)).digest


def _no_image(blob: str) -> bytes:
    raise AssertionError(f"no test here gives a reference image, and yet there is {blob}")
