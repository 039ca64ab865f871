"""``framejam replay BUNDLE``: a session's history in words, and its takes computed again (R2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import Progress

from framejam_protocol.events import (
    Assigned,
    Branched,
    Created,
    Edited,
    Entered,
    Event,
    Joined,
    Marked,
)
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Comment
from framejam_server.export.gestures import quoted, words_of
from framejam_server.export.unbundle import Bundle, opened
from framejam_server.recomputing import Process
from framejam_server.records import last_in_force, read_record
from framejam_server.store.contract import TakeRecord
from framejam_server.verify import StoredTake, Verdict, computed_again, threads_of

_SERVER: Final = "the server"
_STRANGE: Final = "\N{REPLACEMENT CHARACTER}"


@contextmanager
def checked(file: Path) -> Iterator[Bundle]:
    """A bundle, checked, with a bar for its images on a terminal's standard error.

    Raises ``BadBundle`` and ``OSError``.
    """
    console = Console(stderr=True)
    with ExitStack() as stack:
        with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
            task = bar.add_task("checking the bundle", total=None)
            bundle = stack.enter_context(
                opened(file, lambda _what, done, of: bar.update(task, completed=done, total=of))
            )
        yield bundle


def told(bundle: Bundle) -> list[str]:
    """What a bundle holds, a line each, above its history."""
    manifest, state = bundle.manifest, bundle.state
    takes = len({one.take for one in bundle.takes})
    lines = [
        f"session {manifest.session}{f' {quoted(manifest.name)}' if manifest.name else ''}, "
        f"written by framejam {manifest.framejam}",
        f"  log          {_count(state.seq, 'event')}, state hash {manifest.state_hash}",
        f"  people       {', '.join(one.name for one in state.participants.values()) or 'nobody'}",
        f"  images       {len(bundle.blobs)}",
        f"  takes        {_count(takes, 'take')}, finished {_count(len(bundle.takes), 'time')}",
        *(
            f"  version      {quoted(version.name)} as of event {of}"
            for of, version in sorted(state.versions.items())
        ),
    ]
    return [plain(line) for line in lines]


def history(events: Iterable[Event]) -> Iterator[str]:
    """A log in words, a line for each thing that somebody did: seq, time, who, what.

    Edits of one gesture that come one after the other are one line, by the last of them.
    """
    state = State()
    open_group, line = None, ""
    for event in events:
        state.apply(event)
        if isinstance(event.body, Entered):
            continue  # what the renderer did with it, not what people did
        group = state.edits[event.seq].group if isinstance(event.body, Edited) else None
        if line and (group is None or group != open_group):
            yield line
        open_group, line = group, _line(state, event)
    if line:
        yield line


def takes_of(bundle: Bundle, images: Path, every: bool) -> list[StoredTake]:
    """The newest record of each take, by take, or with ``every`` all records, oldest first.

    The images of the bundle are written below ``images``, as a server keeps them. Blocks.
    """
    chosen: Sequence[TakeRecord] = bundle.takes
    if not every:
        newest = {one.take: one for one in bundle.takes}
        chosen = [newest[take] for take in sorted(newest)]
    for blob in bundle.blobs:
        target = images / blob.id[:2] / blob.id
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(bundle.image(blob.id))
    records = [read_record(one) for one in chosen]
    settings = {number: made for made, number in bundle.state.takes.items()}
    return [
        StoredTake(
            bundle.manifest.session,
            record,
            one.digest,
            bundle.state,
            settings[one.take],
            held,
            images,
        )
        for one, record, held in zip(
            chosen, records, last_in_force(bundle.events, records), strict=True
        )
    ]


def replayed(
    takes: Sequence[StoredTake],
    model: Path | None,
    threads: int | None,
    stepped: Callable[[int, int], None],
) -> Iterator[tuple[StoredTake, Verdict]]:
    """Compute takes again in a new process (one for each number of threads), and compare.

    ``threads`` None is as many as each take had. ``stepped`` is told which take is at which step:
    its place in ``takes``, and the steps done. Raises ``NothingToVerify``.
    """

    def wanted(place: int) -> int:
        return threads or threads_of(takes[place].record)

    for count, places in groupby(sorted(range(len(takes)), key=wanted), key=wanted):
        with Process(model, count) as process:
            for place in places:
                stepped(place, 0)
                verdict = computed_again(takes[place], process, partial(stepped, place))
                yield takes[place], verdict


def overall(outcomes: Iterable[str]) -> str:
    """What many outcomes come to: equal where all are, different where one is."""
    found = set(outcomes)
    for outcome in ("different", "not comparable"):
        if outcome in found:
            return outcome
    return "equal"


def plain(text: str) -> str:
    """Words of strangers as they may be printed to a terminal."""
    return "".join(char if char.isprintable() else _STRANGE for char in text)


def _line(state: State, event: Event) -> str:
    person = state.participants.get(event.author)
    who = person.name if person else _SERVER
    try:
        when = datetime.fromtimestamp(event.at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # whatever a log says: it is only for people
        when = f"{event.at} ms"
    return plain(f"{event.seq:>6}  {when}  {who}: {_words(state, event)}")


def _words(state: State, event: Event) -> str:
    match event.body:
        case Created(settings=made):
            return (
                f"began a session: {made.model}, seed {made.seed}, {made.steps} steps, "
                f"{made.frames} frames of {made.width}x{made.height}"
            )
        case Joined(role=role):
            return f"joined as {role}"
        case Assigned(participant=participant, role=role):
            name = state.participants[participant].name
            return f"removed {name}" if role == "none" else f"made {name} {role}"
        case Branched(session=session, seq=seq):
            return f"branched this session from event {seq} of {session}"
        case Marked(of=of, name=None):
            return f"took the name of event {of} away"
        case Marked(of=of, name=str() as name):
            return f"named event {of} {quoted(name)}"
        case Edited(instruction=Comment(text=text)):
            return f"commented {quoted(text)}"
    return words_of(state, event)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
