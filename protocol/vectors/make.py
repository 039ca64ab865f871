"""Writes the golden vectors beside this file, or with ``--check`` tells which are out of date.

Each file is a JSON list. An entry has a ``name``, the ``direction`` it travels (client: sent by a
client, server: sent by a server, preview: the binary frame), its bytes as ``hex`` and the same
message as ``json``. Entries of ``invalid.json`` have, instead of ``json``, the ``code`` and
``field`` of the error they must give. A client in any language reads them in its tests.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from framejam_protocol.events import (
    Created,
    Edited,
    Entered,
    Event,
    Joined,
    Redone,
    Undone,
)
from framejam_protocol.instructions import Content, Drag, Image, Motion, Paint, Settings
from framejam_protocol.limits import MAX_STROKE_POINTS
from framejam_protocol.messages import (
    Ack,
    ClientMessage,
    Control,
    Edit,
    Events,
    Fault,
    Hello,
    Limits,
    LiveDrag,
    LiveStroke,
    Need,
    People,
    Person,
    Ping,
    Pong,
    Presence,
    PresenceUpdate,
    Redo,
    Refusal,
    Resume,
    ServerMessage,
    TakeStatus,
    Undo,
    Vocabulary,
    Watch,
    Welcome,
)
from framejam_protocol.preview import (
    CODEC_JPEG,
    TIER_DECODED,
    TIER_SHEET,
    Preview,
    pack_preview,
)
from framejam_protocol.wire import WireError, decode_client, encode, encode_json

Vector = dict[str, Any]

FOLDER = Path(__file__).parent
BLOB = "ab" * 32
AT = 1_767_225_600_000
SETTINGS = Settings(
    model="embedded", seed=2**53 - 1, steps=12, frames=16, width=64, height=64, fps=8, guidance=100
)
STROKE = Paint(points=((0, 65536), (-65536, 131072), (32768, 1)), color="#e0218a", width=9175)
DRAG = Drag(start=(32768, 32768), end=(52429, 131072), radius=9830)
DRAG_LIMITS = Drag(start=(-65536, 0), end=(-65536, 0), radius=1, strength=0)
STROKE_LIMITS = Paint(points=((0, 0),), color="#000000", width=1, strength=0)

CLIENT: dict[str, ClientMessage] = {
    "hello with an invite": Hello(
        versions=(1,),
        session="s1",
        token="invite-token",
        client_id="client-0001",
        name="Zoë 🎨",
        color="#2e86de",
        capabilities=("sheet",),
    ),
    "hello that resumes": Hello(
        versions=(1, 2),
        session="s1",
        token="participant-token",
        client_id="client-0001",
        resume=Resume(epoch="e1", last_seq=41),
    ),
    "hello with nothing optional": Hello(
        versions=(1,), session="s1", token="t", client_id="abcdefgh"
    ),
    "edit content": Edit(1, Content("a red balloon ")),
    "edit content, empty": Edit(2, Content("")),
    "edit motion": Edit(3, Motion("moving up"), depth=65536),
    "edit image": Edit(4, Image(BLOB), depth=0),
    "edit image, none": Edit(5, Image(None)),
    "edit paint": Edit(6, STROKE),
    "edit paint, smallest": Edit(2**53 - 1, STROKE_LIMITS, depth=32768),
    "edit drag": Edit(7, DRAG),
    "edit drag, smallest": Edit(8, DRAG_LIMITS, depth=65536),
    "undo": Undo(7),
    "pause": Control("pause"),
    "resume": Control("resume"),
    "cancel": Control("cancel"),
    "redo": Redo(8),
    "presence with all": PresenceUpdate(
        cursor=(100, 65536), frame=15, stroke=LiveStroke(((0, 0), (5, -5)), "#ffd400", 4096)
    ),
    "presence with an arrow": PresenceUpdate(
        cursor=(5, 5), drag=LiveDrag((32768, 32768), (65536, 0), 9830)
    ),
    "presence off the stage": PresenceUpdate(),
    "watch": Watch("sheet", 10),
    "watch nothing": Watch("none"),
    "need": Need(41),
    "ping": Ping(2**53 - 1),
}

EVENTS: dict[str, Event] = {
    "created": Event(1, AT, "", Created(SETTINGS)),
    "joined": Event(2, AT + 1, "p0001", Joined("p0001", "Zoë 🎨", "#2e86de", "owner")),
    "edited": Event(3, AT + 2, "p0001", Edited(Content("a cat"), depth=52429), "client-0001", 1),
    "edited drag": Event(4, AT + 3, "p0002", Edited(DRAG), "client-0002", 1),
    "edited paint": Event(4, AT + 3, "p0002", Edited(STROKE), "client-0002", 1),
    "edited image": Event(5, AT + 3, "p0002", Edited(Image(None)), "client-0002", 2),
    "edited motion": Event(6, AT + 3, "p0002", Edited(Motion("growing")), "client-0002", 3),
    "undone": Event(7, AT + 4, "p0001", Undone((3,)), "client-0001", 2),
    "undone, shadowed": Event(8, AT + 4, "p0001", Undone((6, 5), shadowed_by=7), "client-0001", 3),
    "redone": Event(9, AT + 5, "p0001", Redone((3,)), "client-0001", 4),
    "entered": Event(10, AT + 6, "", Entered(1, 0, (3, 4))),
}

SERVER: dict[str, ServerMessage] = {
    "welcome, new": Welcome(
        version=1,
        session="s1",
        epoch="e1",
        head_seq=41,
        state_hash="cd" * 32,
        recovered=False,
        participant="p0001",
        role="owner",
        next_client_seq=1,
        settings=SETTINGS,
        vocabulary=Vocabulary({"subject": ("cat", "boat"), "colour": ()}),
        limits=Limits(262144, 10485760, 40000000, 4096, 500),
        token="participant-token",
    ),
    "welcome, recovered": Welcome(
        version=1,
        session="s1",
        epoch="e1",
        head_seq=0,
        state_hash="",
        recovered=True,
        participant="p0001",
        role="viewer",
        next_client_seq=7,
        settings=SETTINGS,
        vocabulary=Vocabulary({}),
        limits=Limits(1, 2, 3, 4, 5),
    ),
    "events": Events(tuple(EVENTS.values())),
    "events with more": Events((EVENTS["created"],), more=True),
    **{f"event {name}": event for name, event in EVENTS.items()},
    "ack": Ack(6, 42),
    "refusal": Refusal(
        7,
        "invalid",
        "Expected `int` <= 131072; correct the field",
        field="instruction.points[3][0]",
        rule="L3",
    ),
    "refusal of a gap": Refusal(9, "gap", "send number 8 first", rule="L4", expected=8, used=False),
    "refusal, rate limited": Refusal(
        8, "rate_limited", "too much at once", retry_after_ms=250, used=False
    ),
    "fault": Fault("unauthorised", "ask for a new invite link", field="token", rule="A2"),
    "people": People(
        (
            Person("p0001", "Zoë 🎨", "#2e86de", "owner", 2),
            Person("p0002", "Mo", "#e4572e", "viewer", 0),
        )
    ),
    "presence": Presence(
        "p0001", 3, cursor=(1, 2), frame=0, stroke=LiveStroke((), "#ffffff", 65536)
    ),
    "presence, gone": Presence("p0002", 4),
    "take running": TakeStatus(1, 7, 12, "running", 41, "re-entering at step 7 of 12"),
    "take paused": TakeStatus(1, 5, 12, "paused", 43, "paused by Zoë"),
    "take of words unknown": TakeStatus(1, 0, 12, "running", 43, unknown=("dragon", "蝶")),
    "take finished": TakeStatus(1, 12, 12, "finished", 42, digest="ef" * 32),
    "pong": Pong(0),
}

PREVIEWS: dict[str, Preview] = {
    "sheet of a step": Preview(
        TIER_SHEET, CODEC_JPEG, 4, 4, 16, 64, 64, 1, 7, 12, 41, AT, b"\xff\xd8\xff\xe0"
    ),
    "finished clip": Preview(
        TIER_DECODED, CODEC_JPEG, 255, 1, 65535, 2048, 8, 2**32 - 1, 200, 200, 2**53 - 1, AT, b""
    ),
}


def _edit(**instruction: Any) -> bytes:
    return _pack({"type": "edit", "client_seq": 1, "instruction": instruction})


def _pack(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


_DRAG: Vector = {"kind": "drag", "start": [0, 0], "end": [9, 9], "radius": 9000}
_PAINT: Vector = {"kind": "paint", "color": "#ffffff", "width": 9000, "points": [[0, 0]]}

INVALID: dict[str, bytes] = {
    "no bytes": b"",
    "not MessagePack": b"\xc1\x00",
    "cut off": encode(CLIENT["edit paint"])[:-3],
    "two messages in one": encode(CLIENT["undo"]) * 2,
    "a list": _pack([1, 2]),
    "nested too deeply": b"\x91" * 5000 + b"\xc0",
    "no type": _pack({"client_seq": 1}),
    "unknown type": _pack({"type": "shout", "client_seq": 1}),
    "a server's message": encode(SERVER["ack"]),
    "unknown kind": _edit(kind="hologram"),
    "unknown field": _pack({"type": "undo", "client_seq": 1, "all": True}),
    "client_seq zero": _pack({"type": "undo", "client_seq": 0}),
    "client_seq missing": _pack({"type": "undo"}),
    "client_seq beyond 2^53": _pack({"type": "undo", "client_seq": 2**53}),
    "text is a number": _edit(kind="content", text=7),
    "text too long": _edit(kind="content", text="x" * 501),
    "blob is a path": _edit(kind="image", blob="../../etc/passwd"),
    "blob in upper case": _edit(kind="image", blob="AB" * 32),
    "a stroke of no points": _edit(**{**_PAINT, "points": []}),
    "a stroke too long": _edit(**{**_PAINT, "points": [[0, 0]] * (MAX_STROKE_POINTS + 1)}),
    "a point of NaN": _edit(**{**_PAINT, "points": [[0, 0], [float("nan"), 0]]}),
    "a point of infinity": _edit(**{**_PAINT, "points": [[float("inf"), 0]]}),
    "a point of three": _edit(**{**_PAINT, "points": [[0, 0, 0]]}),
    "a point far outside": _edit(**{**_PAINT, "points": [[0, 0], [0, 131073]]}),
    "a colour in upper case": _edit(**{**_PAINT, "color": "#FFFFFF"}),
    "width zero": _edit(**{**_PAINT, "width": 0}),
    "strength above one": _edit(**{**_PAINT, "strength": 65537}),
    "a drag without an end": _edit(kind="drag", start=[0, 0], radius=5),
    "a drag of no radius": _edit(**{**_DRAG, "radius": 0}),
    "a drag wider than the frame": _edit(**{**_DRAG, "radius": 65537}),
    "a drag to far outside": _edit(**{**_DRAG, "end": [0, -65537]}),
    "depth negative": _pack(
        {
            "type": "edit",
            "client_seq": 1,
            "depth": -1,
            "instruction": {"kind": "content", "text": ""},
        }
    ),
    "hello without versions": _pack(
        {"type": "hello", "versions": [], "session": "s", "token": "t", "client_id": "abcdefgh"}
    ),
    "hello with a bad client_id": _pack(
        {"type": "hello", "versions": [1], "session": "s", "token": "t", "client_id": "short"}
    ),
    "watch an unknown tier": _pack({"type": "watch", "tier": "8k"}),
}


def vectors() -> dict[str, list[Vector]]:
    """Every file's entries, by file name."""
    return {
        "client.json": [_message(name, "client", message) for name, message in CLIENT.items()],
        "server.json": [_message(name, "server", message) for name, message in SERVER.items()],
        "preview.json": [_preview(name, preview) for name, preview in PREVIEWS.items()],
        "invalid.json": [_invalid(name, data) for name, data in INVALID.items()],
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
        }
    raise AssertionError(f"{name!r} is valid")


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
