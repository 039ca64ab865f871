"""What is known of a session's takes, and whether they can be computed again (T2, R2).

``framejam take`` reads from the data folder, which a server may be using; nothing there is changed.
Takes are computed in a process of their own (``recomputing``) from the log alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from framejam_protocol.events import Event
from framejam_protocol.fold.pairs import Pair, pairs, references
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Image, Settings
from framejam_server.recomputing import NothingToVerify, Process
from framejam_server.records import BadRecord, Record, last_in_force, read_record
from framejam_server.render.rerun import Asked, Loaded
from framejam_server.store.contract import StoreError
from framejam_server.store.reading import read_session

_BLOBS: Final = "blobs"
"""Where the reference images lie, beside the database."""

_LINK: Final = re.compile(r"https?://[^#?]*/s/(?P<session>[^/#?]+)/?(#.*)?")


@dataclass(frozen=True)
class StoredTake:
    """A record of a take, beside the log it came from.

    ``state`` is the fold of the whole log, ``settings`` are those of the take by the log. ``held``
    is the newest seq after which the record's mapping was the one in force, None where it never
    was.
    """

    session: str
    record: Record
    digest: str
    state: State
    settings: Settings
    held: int | None
    blobs: Path

    @property
    def since(self) -> int:
        """How many edits have entered, left or moved since the take was finished."""
        now, then = self.state.mapping(self.record.take), self.record.entries
        return sum(now.get(seq) != then.get(seq) for seq in now.keys() | then.keys())


@dataclass(frozen=True)
class Verdict:
    """What came of computing a take again, and a sentence or several for people."""

    outcome: Literal["equal", "different", "not comparable"]
    lines: tuple[str, ...]


def session_of(text: str) -> str:
    """The session of ``text``: its id, or a link to it. Raises ``NothingToVerify``.

    The secret in a link is let go of here: it is in no error and no log (A2).
    """
    if "/" not in text and "#" not in text:
        return text
    found = _LINK.fullmatch(text)
    if found is None:
        raise NothingToVerify(
            "that is neither a session's id nor a link to one (http://host/s/SESSION#TOKEN)"
        )
    return found["session"]


def stored_take(database: Path, session: str, address: str | None = None) -> StoredTake:
    """The newest record of the take in force of ``session``, from a server's database. Blocks.

    With ``address`` the sessions are in that PostgreSQL database and only the images are beside
    ``database``. Raises ``NothingToVerify`` and ``StoreError``.
    """
    kept = read_session(database, session, address)
    if kept is None:
        raise NothingToVerify(
            f"there is no session {session!r} in {database.parent}: is that the folder of its "
            "server (--data)?"
        )
    try:
        state, settings = _folded(kept.events)
    except (KeyError, IndexError, ValueError) as error:
        raise StoreError(f"the session's log is damaged: {error}") from error
    newest = next((one for one in reversed(kept.takes) if one.take == state.take), None)
    if newest is None:
        raise NothingToVerify(
            f"take {state.take} of session {session} was never finished: open the session, wait "
            "until the take is finished, and ask again"
        )
    try:
        record = read_record(newest)
    except BadRecord as error:
        raise StoreError(str(error)) from error
    (held,) = last_in_force(kept.events, [record])
    blobs = database.absolute().with_name(_BLOBS)
    return StoredTake(session, record, newest.digest, state, settings, held, blobs)


def described(stored: StoredTake) -> list[str]:
    """What is known of the take, a line each."""
    record, made = stored.record, stored.record.settings
    lines = [
        f"take {record.take} of session {stored.session}",
        f"  finished     {_moment(record.at)}",
        f"  shows        the log up to event {record.seq} of {stored.state.seq}",
        f"  mapping      {_edits(len(record.entries))}",
        f"  settings     {made.model}, seed {made.seed}, {made.steps} steps, "
        f"{made.frames} frames of {made.width}x{made.height}, guidance {made.guidance / 100:g}"
        f"{f', scheduler {made.scheduler}' if made.scheduler else ''}",
        f"  digest       {stored.digest}",
        f"  model hash   {record.model_hash}",
        f"  environment  {', '.join(f'{name} {it}' for name, it in record.environment.items())}",
    ]
    if stored.since:
        lines.append(
            f"  since then   {_edits(stored.since)} came in, went out or moved: this is the take "
            "as it was finished last"
        )
    return lines


def _moment(at: int | None) -> str:
    if at is None:
        return "at a time that was not recorded"
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _edits(count: int) -> str:
    return "1 edit" if count == 1 else f"{count} edits"


def _folded(events: list[Event]) -> tuple[State, Settings]:
    """The state, and the settings of its take by the log alone."""
    state = State()
    for event in events:
        state.apply(event)
    return state, state.take_settings


def computed_again(stored: StoredTake, process: Process, stepped: Callable[[int], None]) -> Verdict:
    """Compute the take of the record again, in another process, and compare.

    ``stepped`` is told how many steps are done. Raises ``NothingToVerify`` where the take cannot be
    computed.
    """
    record = stored.record
    if stored.held is None:
        return Verdict(
            "different",
            ("the record's mapping was never in force in this log: one of them was changed",),
        )
    if stored.settings != record.settings:
        return Verdict(
            "different",
            ("the record's settings are not those of the log: one of them was changed",),
        )
    told, held = pairs(stored.state, record.entries), references(stored.state, record.entries)
    changed = _changed_image([told, *(one.pairs for one in held.values())], stored.blobs)
    if changed is not None:
        return Verdict("different", (f"the reference image {changed} was changed on the disk",))
    unlike = _unlike(record, process.loaded())
    if unlike:
        return Verdict("not comparable", tuple(unlike))
    asked = Asked(record.settings, told, held, str(stored.blobs))
    return _compared(stored.digest, process.digest(asked, stepped))


def threads_of(record: Record) -> int:
    """How many threads the model had that the take was made with."""
    said = record.environment.get("threads", "")
    return min(max(int(said), 1), 64) if re.fullmatch("[0-9]{1,3}", said) else 1


def _changed_image(told: Iterable[Mapping[int, Pair]], blobs: Path) -> str | None:
    """The id of a reference image whose bytes are not those it is named by, or None."""
    for pair in (pair for mapping in told for pair in mapping.values()):
        if isinstance(pair.instruction, Image) and (blob := pair.instruction.blob) is not None:
            try:
                data = (blobs / blob[:2] / blob).read_bytes()
            except OSError as error:
                raise NothingToVerify(
                    f"the reference image {blob} is not in {blobs}: put it back, or undo it"
                ) from error
            if hashlib.sha256(data).hexdigest() != blob:
                return blob
    return None


def _compared(recorded: str, computed: str) -> Verdict:
    if computed == recorded:
        return Verdict("equal", (f"digest {computed}",))
    return Verdict(
        "different", (f"recorded digest    {recorded}", f"recomputed digest  {computed}")
    )


def _unlike(record: Record, here: Loaded) -> list[str]:
    """What differs between where the take was made and here, a line each."""
    then = {"model hash": record.model_hash, **record.environment}
    now = {"model hash": here.model_hash, **here.environment}
    return [
        f"{name}: {then.get(name, 'not recorded')} then, {now.get(name, 'unknown')} here"
        for name in [*then, *(name for name in now if name not in then)]
        if then.get(name) != now.get(name)
    ]
