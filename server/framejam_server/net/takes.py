"""The answer of ``GET .../takes``: what a session has made so far, to compare and to keep."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Settings
from framejam_server.store.contract import NewestClip


class Record(msgspec.Struct, frozen=True):
    """A clip that was finished: ``seq`` of the log it reflects (T13), the SHA-256 of its latents,
    and when, in milliseconds since the Unix epoch (None where that was not recorded)."""

    seq: int
    digest: str
    at: int | None


class Known(msgspec.Struct, frozen=True):
    """One take (T8): the settings that define it, with those that enter it as edits do as the
    session began with them; whether it is in force; its newest finished clip, None before one."""

    take: int
    settings: Settings
    in_force: bool
    finished: Record | None


class Takes(msgspec.Struct, frozen=True):
    """All takes of a session, the first first."""

    takes: list[Known]


def takes_of(state: State, clips: Iterable[NewestClip]) -> Takes:
    """The takes of ``state``; ``clips`` are the stored ones."""
    newest = {clip.take: clip for clip in clips}
    numbered = sorted(state.takes.items(), key=lambda one: one[1])
    return Takes(
        [
            Known(
                number,
                settings,
                number == state.take,
                _record(newest[number]) if number in newest else None,
            )
            for settings, number in numbered
        ]
    )


def _record(clip: NewestClip) -> Record:
    return Record(clip.seq, clip.digest, clip.at)
