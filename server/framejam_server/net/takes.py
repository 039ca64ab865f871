"""The answer of ``GET .../takes``: what a session has made so far, to compare and to keep."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Settings
from framejam_server.store.contract import TakeRecord


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


class _Kept(msgspec.Struct, frozen=True):
    """What is read of a stored record."""

    at: int | None = None


def takes_of(state: State, records: Iterable[TakeRecord]) -> Takes:
    """The takes of ``state``; ``records`` are the stored ones, oldest first."""
    newest = {record.take: record for record in records}
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


def _record(stored: TakeRecord) -> Record:
    kept = msgspec.json.decode(stored.record, type=_Kept)
    return Record(stored.seq, stored.digest, kept.at)
