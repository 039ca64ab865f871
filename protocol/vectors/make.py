"""Writes the golden vectors beside this file, or with ``--check`` tells which are out of date.

A client in any language reads them in its tests. All are JSON lists. Wherever there is a ``hex``,
it is a message of the socket (MessagePack) and the ``json`` beside it the same message in its JSON
form (C7), in which bytes are base64 (RFC 4648, with padding).

``client.json``, ``server.json``, ``preview.json``
    ``{name, direction, hex, json}``. ``direction`` is who sends it: client, server, or preview for
    the binary frame, whose header is ``json`` and whose image is there in hexadecimal.

``invalid.json``
    What a server refuses: ``{name, direction, hex, code, field, client_seq, schema}``. The refusal
    (or fault) has this ``code``, ``field`` and ``client_seq``. ``schema`` tells whether it is a
    matter of the JSON Schema, which then refuses the JSON form of the bytes, too.

``states.json``
    Logs: ``{name, about, events}``. Each of ``events`` is ``{hex, json, content, motion, negative,
    take, canonical, hash}``: an ``event`` message, in seq order from 1; the visible texts of the
    prompts, the number of the take (T8), the canonical encoding of the state (L3) and its SHA-256
    after it.

``conversations.json``
    Several clients and a server: ``{name, about, blobs, clients, steps}``. ``blobs`` are the images
    uploaded before; ``clients`` are ``{client_id, participant, yjs_client}``. ``steps`` happen one
    after the other; ``what`` tells what each is:

    - ``message``: ``{from, at, hex, json, valid}``, the client of this id sends it, and the server
      reads it at this time (ms since the Unix epoch). Where it is not ``valid``, bytes and JSON
      are no message of the protocol.
    - ``event``: ``{hex, json, content, motion, negative, take, hash}``, everybody is sent this
      event; the rest as in ``states.json``. It comes of the message before it; where its
      ``client_id`` is None, of the server itself (``created``, ``joined``, ``entered``).
    - ``answer``: ``{to, hex, json}``, an ack or a refusal for the client of this id.
    - ``leaves``: ``{from}``, the connection of the client of this id ends; it comes back with the
      next message.
    - ``restart``: the server ends, and starts again with what it has stored.

    Welcomes, faults, presence and previews are left out.

States and conversations are played by the server's own core (``room.py``); so this script, alone of
the protocol's, needs ``framejam_server`` and pycrdt.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from logs import LOGS
from room import BLOB, Room
from said import CLIENT
from scenes import SCENES
from told import PREVIEWS, SERVER
from wrong import INVALID, NOT_IN_SCHEMA

from framejam_protocol.messages import ClientMessage, ServerMessage
from framejam_protocol.preview import Preview, pack_preview
from framejam_protocol.wire import WireError, decode_client, encode, encode_json

Vector = dict[str, Any]

FOLDER = Path(__file__).parent


def vectors() -> dict[str, list[Vector]]:
    """Every file's entries, by file name."""
    return {
        "client.json": [_message(name, "client", message) for name, message in CLIENT.items()],
        "server.json": [_message(name, "server", message) for name, message in SERVER.items()],
        "preview.json": [_preview(name, preview) for name, preview in PREVIEWS.items()],
        "invalid.json": [_invalid(name, data) for name, data in INVALID.items()],
        "states.json": [_log(name, play) for name, play in LOGS.items()],
        "conversations.json": [_conversation(name, play) for name, play in SCENES.items()],
    }


def _message(name: str, direction: str, message: ClientMessage | ServerMessage) -> Vector:
    return {
        "name": name,
        "direction": direction,
        "hex": encode(message).hex(),
        "json": json.loads(encode_json(message)),
    }


def _preview(name: str, preview: Preview) -> Vector:
    header = msgspec.structs.asdict(preview)
    return {
        "name": name,
        "direction": "preview",
        "hex": pack_preview(preview).hex(),
        "json": {**header, "image": preview.image.hex()},
    }


def _invalid(name: str, data: bytes) -> Vector:
    try:
        decode_client(data)
    except WireError as error:
        return {
            "name": name,
            "direction": "client",
            "hex": data.hex(),
            "code": str(error.code),
            "field": error.field,
            "client_seq": error.client_seq,
            "schema": _has_json_form(data) and name not in NOT_IN_SCHEMA,
        }
    raise AssertionError(f"{name!r} is valid")


def _has_json_form(data: bytes) -> bool:
    """Whether these bytes are MessagePack, and of numbers that JSON knows."""
    try:
        json.dumps(msgspec.to_builtins(msgspec.msgpack.decode(data)), allow_nan=False)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return False
    return True


def _played(play: Callable[[Room], None]) -> Room:
    room = Room()
    play(room)
    return room


def _log(name: str, play: Callable[[Room], None]) -> Vector:
    events = [_without(step, "what") for step in _played(play).steps if step["what"] == "event"]
    return {"name": name, "about": play.__doc__, "events": events}


def _conversation(name: str, play: Callable[[Room], None]) -> Vector:
    room = _played(play)
    return {
        "name": name,
        "about": play.__doc__,
        "blobs": [BLOB],
        "clients": [
            {"client_id": one.id, "participant": one.participant, "yjs_client": one.yjs}
            for one in room.clients
        ],
        "steps": [_without(step, "canonical") for step in room.steps],
    }


def _without(step: Vector, name: str) -> Vector:
    return {key: value for key, value in step.items() if key != name}


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` compare; the number of files that differ."""
    different = 0
    for name, entries in vectors().items():
        text = json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            different += 1
            print(f"{name} is out of date" if "--check" in arguments else f"wrote {name}")
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    return different if "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
