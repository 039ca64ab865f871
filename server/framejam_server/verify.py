"""``framejam take``: what is known of a session's take, and whether it can be computed again (T2).

Everything is read from the data folder, which a server may be using; nothing there is changed. The
take is computed in a process of its own (``render.rerun``) from the log alone.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, Literal

import msgspec

from framejam_protocol.events import Entered, Event, Redone, Restored, Undone
from framejam_protocol.fold.pairs import Pair, pairs, references
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Image, Settings
from framejam_server.render.rerun import Answer, Asked, Computed, Failed, Loaded, Stepped
from framejam_server.store.contract import StoreError, TakeRecord
from framejam_server.store.reading import read_session

_BLOBS: Final = "blobs"
"""Where the reference images lie, beside the database."""

_LINK: Final = re.compile(r"https?://[^#?]*/s/(?P<session>[^/#?]+)/?(#.*)?")


class NothingToVerify(Exception):
    """There is no finished take to look at; the text is for people and says what to do."""


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


@dataclass(frozen=True)
class StoredTake:
    """The newest record of the take in force, beside the log it came from.

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


def stored_take(database: Path, session: str) -> StoredTake:
    """The newest record of the take in force of ``session``, from a server's database. Blocks.

    Raises ``NothingToVerify`` and ``StoreError``.
    """
    kept = read_session(database, session)
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
    record = _record(newest)
    return StoredTake(
        session,
        record,
        newest.digest,
        state,
        settings,
        _last_in_force(kept.events, record),
        database.absolute().with_name(_BLOBS),
    )


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


def _record(stored: TakeRecord) -> Record:
    try:
        record = msgspec.json.decode(stored.record, type=Record)
    except msgspec.MsgspecError as error:
        raise StoreError(f"the record of take {stored.take} is damaged: {error}") from error
    if (record.take, record.seq) != (stored.take, stored.seq):
        raise StoreError(f"the record of take {stored.take} is that of another take")
    return record


def _last_in_force(events: list[Event], record: Record) -> int | None:
    """The newest seq after which the mapping of the log was that of the record; linear."""
    state, found = State(), None
    differ = set(record.entries)
    for event in events:
        state.apply(event)
        match event.body:
            case Entered(take=record.take, edits=edits):
                touched = list(edits)
            case Undone(groups=groups) | Redone(groups=groups) if state.restores.keys().isdisjoint(
                groups
            ):
                touched = [seq for group in groups for seq in state.members(group)]
            case Undone() | Redone() | Restored():
                touched = [*record.entries, *state.entries.get(record.take, {})]
            case _:
                touched = []
        entered = state.entries.get(record.take, {})
        for seq in touched:
            step = entered.get(seq) if state.live(seq) else None
            (differ.discard if step == record.entries.get(seq) else differ.add)(seq)
        if not differ:
            found = event.seq
    return found


def computed_again(
    stored: StoredTake,
    model: Path | None,
    threads: int | None,
    stepped: Callable[[int], None],
) -> Verdict:
    """Compute the take of the record again, in a new process, and compare.

    ``model`` None is the one that ships, ``threads`` None as many as the record tells. ``stepped``
    is told how many steps are done. Raises ``NothingToVerify`` where the take cannot be computed.
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
    asked = Asked(record.settings, told, held, str(stored.blobs))
    arguments = ["--threads", str(threads or _threads(record))]
    if model is not None:
        arguments += ["--model", str(model)]
    with _process(arguments) as process:
        try:
            return _asked(process, stored, asked, stepped)
        finally:
            process.kill()


def _threads(record: Record) -> int:
    said = record.environment.get("threads", "")
    return min(max(int(said), 1), 64) if said.isascii() and said.isdigit() else 1


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


def _process(arguments: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "framejam_server.render.rerun", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us; we end it
    )


def _asked(
    process: subprocess.Popen[bytes],
    stored: StoredTake,
    asked: Asked,
    stepped: Callable[[int], None],
) -> Verdict:
    assert process.stdin is not None
    assert process.stdout is not None
    loaded = _answer(process.stdout)
    assert isinstance(loaded, Loaded)
    unlike = _unlike(stored.record, loaded)
    if unlike:
        return Verdict("not comparable", tuple(unlike))
    process.stdin.write(msgspec.json.encode(asked) + b"\n")
    process.stdin.close()
    while isinstance(answer := _answer(process.stdout), Stepped):
        stepped(answer.position)
    assert isinstance(answer, Computed)
    if answer.digest == stored.digest:
        return Verdict("equal", (f"digest {answer.digest}",))
    return Verdict(
        "different", (f"recorded digest    {stored.digest}", f"recomputed digest  {answer.digest}")
    )


def _answer(answers: IO[bytes]) -> Answer:
    line = answers.readline()
    if not line:
        raise NothingToVerify("the process that recomputes ended; the lines above say why")
    answer: Answer = msgspec.json.decode(line, type=Answer)
    if isinstance(answer, Failed):
        raise NothingToVerify(f"the take cannot be computed: {answer.message}")
    return answer


def _unlike(record: Record, here: Loaded) -> list[str]:
    """What differs between where the take was made and here, a line each."""
    then = {"model hash": record.model_hash, **record.environment}
    now = {"model hash": here.model_hash, **here.environment}
    return [
        f"{name}: {then.get(name, 'not recorded')} then, {now.get(name, 'unknown')} here"
        for name in [*then, *(name for name in now if name not in then)]
        if then.get(name) != now.get(name)
    ]
