"""Reading a bundle (R5): nothing of it is used before all of it was found to be a whole session."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from framejam_protocol.errors import Code
from framejam_protocol.events import Branched, Created, Edited, Event, Marked, Restored
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.pairs import pairs, references
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import PROMPTS, Camera, Image, Lock, Region
from framejam_protocol.limits import (
    MAX_CAMERAS,
    MAX_LOCKS,
    MAX_PARTICIPANTS,
    MAX_REGIONS,
    MAX_RESTORES,
    MAX_UNDONE_PROMPT_CHARS,
    MAX_VERSIONS,
)
from framejam_server.export.archive import Archive
from framejam_server.export.bundle import BLOBS, LENGTH_BYTES, LOG, TAKES, BadBundle, Manifest
from framejam_server.images import BadImage, inspect_image
from framejam_server.records import BadRecord, read_record
from framejam_server.session.session import Session
from framejam_server.session.upcast import UnknownEvent, decode_log
from framejam_server.store.contract import Blob, TakeRecord

_T = TypeVar("_T")

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_STANDING: Final = {Camera: MAX_CAMERAS, Lock: MAX_LOCKS, Region: MAX_REGIONS}

Progress = Callable[[str, int, int], None]
"""Told what is being checked, how many of how many are done."""


@dataclass(frozen=True)
class Bundle:
    """A whole session out of a bundle, checked. ``state`` is the fold of ``events``; ``image``
    gives the bytes of one by its id, from the file, which is open as long as the bundle is."""

    manifest: Manifest
    events: list[Event]
    state: State
    takes: list[TakeRecord]
    blobs: list[Blob]
    image: Callable[[str], bytes]


def silent(_what: str, _done: int, _of: int) -> None:
    """Nobody watches."""


def _anything(_manifest: Manifest) -> None:
    """No bundle is too large."""


@contextmanager
def opened(
    path: Path, progress: Progress = silent, bounded: Callable[[Manifest], None] = _anything
) -> Iterator[Bundle]:
    """Read a bundle and check everything in it; its images are decoded one at a time.

    Blocks: call it in a thread. Raises ``BadBundle``, ``OSError`` where the file cannot be
    read, and what ``bounded`` raises, which sees the manifest before anything else is read.
    """
    with path.open("rb") as file:
        archive = Archive(file)
        manifest = archive.manifest
        bounded(manifest)
        events = _events(archive.read(LOG), manifest)
        progress(LOG, 1, 1)
        images = archive.images()
        state = _state(events, images, manifest)
        takes = _takes(archive.read(TAKES), state)
        blobs = []
        for number, image in enumerate(images, 1):
            blobs.append(_blob(archive.read(BLOBS + image), image))
            progress(BLOBS, number, len(images))
        yield Bundle(
            manifest, events, state, takes, blobs, lambda image: archive.read(BLOBS + image)
        )


def _events(data: bytes, manifest: Manifest) -> list[Event]:
    rows: list[bytes] = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + LENGTH_BYTES], "big")
        at += LENGTH_BYTES + size
        if at > len(data):
            raise _wrong(LOG, f"event {len(rows) + 1} is cut off")
        rows.append(data[at - size : at])
        if len(rows) > manifest.seq:
            break
    if len(rows) != manifest.seq:
        raise _wrong(LOG, f"it has not the {manifest.seq} events that the manifest says")
    try:
        return decode_log(rows)
    except UnknownEvent as error:
        raise _wrong(LOG, str(error)) from error


def _state(events: Sequence[Event], images: Collection[str], manifest: Manifest) -> State:
    """The fold of the log, where it is one that a server could have written."""
    _check_events(events, set(images))
    state = _sound(lambda: _served(events, images))
    if state_hash(state) != manifest.state_hash:
        raise _wrong(LOG, "the state hash of what it adds up to is not the manifest's")
    most = {
        "people": (len(state.participants), MAX_PARTICIPANTS),
        "restores": (len(state.restores), MAX_RESTORES),
        "versions": (len(state.versions), MAX_VERSIONS),
        "characters in a prompt": (
            max(len(prompt_text(state, prompt)) for prompt in PROMPTS),
            MAX_UNDONE_PROMPT_CHARS,
        ),
        **{kind.__name__: (len(state.standing(kind)), of) for kind, of in _STANDING.items()},
    }
    for what, (count, limit) in most.items():
        if count > limit:
            raise BadBundle(LOG, f"it has {count} {what}; {limit} is the most", Code.TOO_LARGE)
    return state


def _check_events(events: Sequence[Event], images: Collection[str]) -> None:
    """What the fold alone does not ask."""
    if not events or not isinstance(events[0].body, Created):
        raise _wrong(LOG, "a log begins with `created`")
    for event in events[1:]:
        if _names_later(event):
            raise _wrong(LOG, f"event {event.seq} names an event that is not before it")
        if isinstance(event.body, Created):
            raise _wrong(LOG, f"event {event.seq} is `created`: only the first event is")
        if isinstance(event.body, Edited) and isinstance(event.body.instruction, Image):
            blob = event.body.instruction.blob
            if blob is not None and blob not in images:
                raise _wrong(BLOBS + blob, f"event {event.seq} names it, and it is missing")


def _names_later(event: Event) -> bool:
    match event.body:
        case Marked(of=seq) | Branched(seq=seq) | Restored(to=seq):
            return seq >= event.seq
    return False


def _served(events: Sequence[Event], images: Collection[str]) -> State:
    """The state of the log, after all was tried that a server does with it when it opens it."""
    core = Session(events, (), images)
    core.prepare()
    state = core.durable
    for event in events:
        if event.author and event.author not in state.participants:
            raise ValueError(f"the author of event {event.seq} never joined")
    for take, entered in state.entries.items():
        for edit in entered.keys() - state.edits.keys():
            raise ValueError(f"{edit} entered take {take}, and is no edit")
        mapping = state.mapping(take)
        pairs(state, mapping)
        references(state, mapping)
    state_hash(state)
    return state


def _sound(made: Callable[[], _T]) -> _T:
    try:
        return made()
    except Exception as error:  # whatever it trips over: no server has written this log
        raise _wrong(LOG, f"it adds up to no session ({error or type(error).__name__})") from error


def _takes(data: bytes, state: State) -> list[TakeRecord]:
    try:
        takes = msgspec.json.decode(data, type=list[TakeRecord])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _wrong(TAKES, str(error)) from error
    known = set(state.takes.values())
    for place, stored in enumerate(takes):
        field = f"{TAKES}[{place}]"
        try:
            record = read_record(stored)
        except BadRecord as error:
            raise _wrong(field, str(error)) from error
        if not 0 < stored.seq <= state.seq or stored.take not in known:
            raise _wrong(field, f"it is of take {stored.take} at {stored.seq}, not of this log")
        if not _DIGEST.fullmatch(stored.digest) or not record.entries.keys() <= state.edits.keys():
            raise _wrong(field, f"the record of take {stored.take} does not fit the log")
    return takes


def _blob(data: bytes, image: str) -> Blob:
    try:
        media_type, width, height = inspect_image(data)
    except BadImage as error:
        raise BadBundle(BLOBS + image, str(error), error.code, changed=True) from error
    return Blob(image, media_type, width, height, len(data))


def _wrong(field: str, message: str) -> BadBundle:
    return BadBundle(field, message, changed=True)
