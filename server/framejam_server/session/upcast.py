"""Old events as the present version of the protocol writes them (L1): on read, never in the store.

Version 1 of ``edited`` had whole prompts, of which the newest live one counted, and ``undone`` and
``redone`` did not tell what they did to texts. What a version-1 log meant at each seq is what the
events made here mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec

from framejam_protocol.events import Body, Event
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import Content, Motion, Text
from framejam_server.session.text import Texts, texts_of
from framejam_server.session.undo import text_changes


def _tag(body: Any) -> str:
    return str(body.__struct_config__.tag)


CURRENT: Final[dict[Any, int]] = {
    body: next(one.default for one in msgspec.structs.fields(body) if one.name == "v")
    for body in get_args(Body)
}
"""The version of each body that this server writes."""

_VERSIONS: Final = {str(body.__struct_config__.tag): v for body, v in CURRENT.items()}
_decoder: Final = msgspec.msgpack.Decoder(Event)


class UnknownEvent(ValueError):
    """An event that this server cannot read: of a newer one, or damaged."""


def decode_log(rows: Sequence[bytes]) -> list[Event]:
    """The events of a stored log, from seq 1 on, all in the present version.

    Raises ``UnknownEvent``.
    """
    events = decode_piece(rows, 1)
    return _upcast(rows) if events is None else events


def decode_piece(rows: Sequence[bytes], first: int) -> list[Event] | None:
    """The events of a piece of a stored log, from seq ``first`` on, or None where an old one is
    among them: what that means depends on the whole log before it (``decode_log``).

    Raises ``UnknownEvent``.
    """
    events: list[Event] = []
    for seq, row in enumerate(rows, start=first):
        try:
            event = _decoder.decode(row)
        except msgspec.ValidationError:
            return None
        except Exception as error:  # not MessagePack, not UTF-8, nested too deeply
            raise _damaged(seq, error) from error
        if event.body.v != CURRENT[type(event.body)]:
            return None
        if event.seq != seq:
            raise _damaged(seq, f"its seq is {event.seq}")
        events.append(event)
    return events


def _damaged(seq: int, why: object) -> UnknownEvent:
    return UnknownEvent(f"event {seq} is damaged: {why}")


def _upcast(rows: Sequence[bytes]) -> list[Event]:
    """Read a log with old events in it: slowly, for what they did depends on those before."""
    state, texts = State(), Texts(())
    events: list[Event] = []
    for row in rows:
        try:
            event = _read(row, state, texts)
            state.apply(event)
        except UnknownEvent:
            raise
        except Exception as error:  # whatever is wrong with them: these bytes are not of this log
            raise _damaged(len(events) + 1, error) from error
        events.append(event)
    return events


def _read(row: bytes, state: State, texts: Texts) -> Event:
    loose: dict[str, Any] = msgspec.msgpack.decode(row)
    body: dict[str, Any] = loose["body"]
    kind, version = body["kind"], body["v"]
    if version > _VERSIONS.get(kind, 0):
        raise UnknownEvent(
            f"event {loose['seq']} is {kind} version {version}, of a newer server: update this one"
        )
    old = version < _VERSIONS[kind]
    if old and kind == "edited":
        body["instruction"] = _instruction(body["instruction"], texts)
    elif old:
        body["texts"] = _texts(kind, body["groups"], state, texts)
    body["v"] = _VERSIONS[kind]
    event = msgspec.convert(loose, Event)
    if old:
        texts.commit(event.seq, texts_of(event))
    else:
        texts.follow(event)
    return event


def _instruction(instruction: dict[str, Any], texts: Texts) -> dict[str, Any] | Text:
    """Version 1 to 2: a whole prompt replaces every letter before it."""
    match instruction["kind"]:
        case "content":
            return _loose(texts.spliced(Content(instruction["text"]), 0))
        case "motion":
            return _loose(texts.spliced(Motion(instruction["text"]), 0))
    return instruction


def _texts(kind: str, groups: list[int], state: State, texts: Texts) -> list[dict[str, Any]]:
    """Version 1 to 2: what an undo or redo did to the prompts."""
    changes = text_changes(state, *state.flips(groups, dying=kind == "undone"))
    return [
        _loose(texts.compensation(prompt, splices))
        for prompt, splices in changes.items()
        if splices
    ]


def _loose(text: Text) -> dict[str, Any]:
    loose: dict[str, Any] = msgspec.to_builtins(text, builtin_types=(bytes,))
    return loose
