"""What the server notes of a finished take (T2), and whether the log still tells the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from framejam_protocol.events import Entered, Event, Redone, Restored, Undone
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Settings
from framejam_server.store.contract import TakeRecord


class BadRecord(ValueError):
    """The record of a take that cannot be read; the text says which and why."""


class Record(msgspec.Struct, frozen=True):
    """What the server noted of a finished take (T2): enough to compute it again.

    ``entries`` is its mapping {edit -> entry step}, ``seq`` what of the log it shows (T13), ``at``
    when it was finished, in ms since the Unix epoch; older servers did not note that.
    """

    take: int
    seq: int
    entries: dict[int, int]
    settings: Settings
    model_hash: str
    environment: dict[str, str]
    at: int | None = None


def read_record(stored: TakeRecord) -> Record:
    """The record in the JSON that is stored. Raises ``BadRecord``."""
    try:
        record = msgspec.json.decode(stored.record, type=Record)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadRecord(f"the record of take {stored.take} is damaged: {error}") from error
    if (record.take, record.seq) != (stored.take, stored.seq):
        raise BadRecord(f"the record of take {stored.take} is that of another take")
    return record


def last_in_force(events: Iterable[Event], records: Sequence[Record]) -> list[int | None]:
    """Of each record the newest seq after which its mapping was that of its take in the log.

    None where it never was. Goes over the log once.
    """
    state = State()
    found: list[int | None] = [None] * len(records)
    differ = [set(record.entries) for record in records]
    for event in events:
        state.apply(event)
        for place, record in enumerate(records):
            entered = state.entries.get(record.take, {})
            for seq in _touched(event, record, state):
                step = entered.get(seq) if state.live(seq) else None
                fits = step == record.entries.get(seq)
                (differ[place].discard if fits else differ[place].add)(seq)
            if not differ[place]:
                found[place] = event.seq
    return found


def _touched(event: Event, record: Record, state: State) -> Iterable[int]:
    """The edits whose place in the record's take may have changed by this event."""
    match event.body:
        case Entered(take=record.take, edits=edits):
            return edits
        case Undone(groups=groups) | Redone(groups=groups) if state.restores.keys().isdisjoint(
            groups
        ):
            return [seq for group in groups for seq in state.members(group)]
        case Undone() | Redone() | Restored():
            return {*record.entries, *state.entries.get(record.take, {})}
    return ()


def of_log(takes: Sequence[TakeRecord], events: Sequence[Event], state: State) -> list[TakeRecord]:
    """The records that are true of a log: what its takes were at some time (R4).

    ``state`` is the fold of ``events``. Raises ``BadRecord``.
    """
    settings = {number: made for made, number in state.takes.items()}
    known = [(one, read_record(one)) for one in takes if one.seq <= state.seq]
    known = [(one, record) for one, record in known if settings.get(one.take) == record.settings]
    held = last_in_force(events, [record for _, record in known])
    return [one for (one, _), seq in zip(known, held, strict=True) if seq is not None]
