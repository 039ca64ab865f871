"""The bytes of ``invalid.json``: what a server refuses before the session hears of it."""

from __future__ import annotations

from typing import Any

import msgspec
from said import CLIENT
from told import SERVER

from framejam_protocol.limits import (
    MAX_LORAS,
    MAX_OUTLINE_POINTS,
    MAX_PATH_POINTS,
    MAX_STROKE_POINTS,
)
from framejam_protocol.wire import encode

Fields = dict[str, Any]


def _edit(instruction: Fields, **fields: Any) -> bytes:
    return _pack({"type": "edit", "client_seq": 1, "instruction": instruction, **fields})


def _pack(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


_WORDS: Fields = {"kind": "content", "text": ""}
_SPLICED: Fields = {
    "kind": "spliced",
    "prompt": "content",
    "base_seq": 0,
    "splices": [[0, "", "a"]],
}
_TYPED: Fields = {"kind": "typed", "prompt": "content", "update": b"\0\0"}
_DRAG: Fields = {"kind": "drag", "start": [0, 0], "end": [9, 9], "radius": 9000}
_PAINT: Fields = {"kind": "paint", "color": "#ffffff", "width": 9000, "points": [[0, 0]]}
_ERASE: Fields = {"kind": "erase", "width": 9000, "points": [[0, 0]]}
_WAY: Fields = {"kind": "trajectory", "path": [[0, 0], [9, 9]], "radius": 9000}
_REGION: Fields = {"kind": "region", "outline": [[0, 0], [9, 0], [9, 9]], "text": "gold"}
_LOCK: Fields = {"kind": "lock", "outline": [[0, 0], [9, 0], [9, 9]]}
_COMMENT: Fields = {"kind": "comment", "text": "so", "at": [0, 0], "frame": 0}
_REVISE: Fields = {"kind": "revise", "target": 4}
_HELLO: Fields = {
    "type": "hello",
    "versions": [1],
    "session": "s",
    "token": "t",
    "client_id": "abcdefgh",
}

NOT_IN_SCHEMA = frozenset({"an update is text"})
"""What has a JSON form in which it is right: bytes are text there (C7)."""

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
    "unknown kind": _edit({"kind": "hologram"}),
    "a kind of the log": _edit({**_TYPED, "kind": "text", "splices": []}),
    "unknown field": _pack({"type": "undo", "client_seq": 1, "all": True}),
    "unknown field of an instruction": _edit({**_WORDS, "author": "p0001"}),
    "client_seq zero": _pack({"type": "undo", "client_seq": 0}),
    "client_seq missing": _pack({"type": "undo"}),
    "client_seq beyond 2^53": _pack({"type": "undo", "client_seq": 2**53}),
    "client_seq is yes": _pack({"type": "redo", "client_seq": True}),
    "undo of group zero": _pack({"type": "undo", "client_seq": 1, "group": 0}),
    "undo of a group's name": _pack({"type": "undo", "client_seq": 1, "group": "burst"}),
    "a group without a name": _edit(_WORDS, group=""),
    "a group's name too long": _edit(_WORDS, group="x" * 65),
    "a group's name with a space": _edit(_WORDS, group="my words"),
    "a group's name and a line break": _edit(_WORDS, group="burst\n"),
    "end of a group by name": _pack({"type": "end_group", "group": "burst"}),
    "text is a number": _edit({**_WORDS, "text": 7}),
    "text too long": _edit({**_WORDS, "text": "x" * 501}),
    "base_seq negative": _edit({**_WORDS, "base_seq": -1}),
    "splices without base_seq": _edit({k: v for k, v in _SPLICED.items() if k != "base_seq"}),
    "splices of a prompt that is none": _edit({**_SPLICED, "prompt": "style"}),
    "no splices": _edit({**_SPLICED, "splices": []}),
    "too many splices": _edit({**_SPLICED, "splices": [[0, "", ""]] * 1001}),
    "a splice before the text": _edit({**_SPLICED, "splices": [[-1, "", "a"]]}),
    "a splice that counts letters": _edit({**_SPLICED, "splices": [[0, 1, "a"]]}),
    "a splice of two": _edit({**_SPLICED, "splices": [[0, ""]]}),
    "a splice of four": _edit({**_SPLICED, "splices": [[0, "", "a", "b"]]}),
    "an update is text": _edit({**_TYPED, "update": "AAA="}),
    "an update is a list": _edit({**_TYPED, "update": [0, 0]}),
    "blob is a path": _edit({"kind": "image", "blob": "../../etc/passwd"}),
    "blob in upper case": _edit({"kind": "image", "blob": "AB" * 32}),
    "a stroke of no points": _edit({**_PAINT, "points": []}),
    "a stroke too long": _edit({**_PAINT, "points": [[0, 0]] * (MAX_STROKE_POINTS + 1)}),
    "a point of NaN": _edit({**_PAINT, "points": [[0, 0], [float("nan"), 0]]}),
    "a point of infinity": _edit({**_PAINT, "points": [[float("inf"), 0]]}),
    "a point of halves": _edit({**_PAINT, "points": [[0.5, 0]]}),
    "a point of three": _edit({**_PAINT, "points": [[0, 0, 0]]}),
    "a point far outside": _edit({**_PAINT, "points": [[0, 0], [0, 131073]]}),
    "a colour in upper case": _edit({**_PAINT, "color": "#FFFFFF"}),
    "a colour and a line break": _edit({**_PAINT, "color": "#ffffff\n"}),
    "width zero": _edit({**_PAINT, "width": 0}),
    "strength above one": _edit({**_PAINT, "strength": 65537}),
    "a range of one frame": _edit({**_PAINT, "frames": [3]}),
    "a range before the clip": _edit({**_PAINT, "frames": [-1, 3]}),
    "an unknown blend": _edit({**_PAINT, "blend": "multiply"}),
    "an eraser that blends": _edit({**_ERASE, "blend": "normal"}),
    "an eraser of a colour": _edit({**_ERASE, "color": "#ffffff"}),
    "a drag without an end": _edit({k: v for k, v in _DRAG.items() if k != "end"}),
    "a drag of no radius": _edit({**_DRAG, "radius": 0}),
    "a drag wider than the frame": _edit({**_DRAG, "radius": 65537}),
    "a drag to far outside": _edit({**_DRAG, "end": [0, -65537]}),
    "a path of one point": _edit({**_WAY, "path": [[0, 0]]}),
    "a path too long": _edit({**_WAY, "path": [[0, 0]] * (MAX_PATH_POINTS + 1)}),
    "a path far outside": _edit({**_WAY, "path": [[0, 0], [131073, 0]]}),
    "a trajectory of points": _edit({**_WAY, "points": [[0, 0]]}),
    "a trajectory without a radius": _edit({k: v for k, v in _WAY.items() if k != "radius"}),
    "a pan beyond the width": _edit({"kind": "camera", "pan": 65537}),
    "a tilt beyond the height": _edit({"kind": "camera", "tilt": -65537}),
    "a zoom too near": _edit({"kind": "camera", "zoom": 262145}),
    "a zoom too far": _edit({"kind": "camera", "zoom": 16383}),
    "a camera that rolls": _edit({"kind": "camera", "roll": 5}),
    "a camera of a path": _edit({"kind": "camera", "path": [[0, 0], [9, 9]]}),
    "an outline of two corners": _edit({**_REGION, "outline": [[0, 0], [9, 0]]}),
    "an outline too long": _edit({**_LOCK, "outline": [[0, 0]] * (MAX_OUTLINE_POINTS + 1)}),
    "a region without words": _edit({**_REGION, "text": ""}),
    "a region of many words": _edit({**_REGION, "text": "x" * 501}),
    "a lock of two corners": _edit({**_LOCK, "outline": [[0, 0], [9, 0]]}),
    "a lock of some strength": _edit({**_LOCK, "strength": 9}),
    "a lock of words": _edit({**_LOCK, "text": "gold"}),
    "a comment of nothing": _edit({**_COMMENT, "text": ""}),
    "a comment too long": _edit({**_COMMENT, "text": "x" * 2001}),
    "a comment on no frame": _edit({**_COMMENT, "frame": None}),
    "a revision of nothing": _edit({"kind": "revise", "color": "#ffffff"}),
    "a revision of points": _edit({**_REVISE, "points": [[0, 0]]}),
    "a revision to no colour": _edit({**_REVISE, "color": None}),
    "a revision of an outline": _edit({**_REVISE, "outline": [[0, 0], [9, 0], [9, 9]]}),
    "a revision of a blend": _edit({**_REVISE, "blend": "color"}),
    "a revision to a path of one point": _edit({**_REVISE, "path": [[0, 0]]}),
    "a revision to a zoom too near": _edit({**_REVISE, "zoom": 262145}),
    "a seed beyond 2^53": _edit({"kind": "settings", "seed": 2**53}),
    "no steps": _edit({"kind": "settings", "steps": 0}),
    "too many LoRAs": _edit(
        {"kind": "settings", "loras": [[f"l{n}", 9] for n in range(MAX_LORAS + 1)]}
    ),
    "a LoRA without a weight": _edit({"kind": "settings", "loras": [["ink"]]}),
    "a LoRA without a name": _edit({"kind": "settings", "loras": [["", 9]]}),
    "a LoRA beyond twice": _edit({"kind": "settings", "loras": [["ink", 201]]}),
    "LoRAs by name": _edit({"kind": "settings", "loras": {"ink": 80}}),
    "more than all of a mix": _edit({"kind": "settings", "mix": 101}),
    "less than no alignment": _edit({"kind": "settings", "align": -1}),
    "half of a harmony": _edit({"kind": "settings", "harmonize": 0.5}),
    "a setting that is none": _edit({"kind": "settings", "sampler": "ddim"}),
    "depth negative": _edit(_WORDS, depth=-1),
    "hello without versions": _pack({**_HELLO, "versions": []}),
    "hello with a bad client_id": _pack({**_HELLO, "client_id": "short"}),
    "hello without a name": _pack({**_HELLO, "name": ""}),
    "watch an unknown tier": _pack({"type": "watch", "tier": "8k"}),
    "watch too often": _pack({"type": "watch", "tier": "sheet", "rate": 61}),
    "a caret in no text": _pack(
        {"type": "presence", "caret": {"prompt": "title", "anchor": 0, "head": 0}}
    ),
    "a caret of one end": _pack({"type": "presence", "caret": {"prompt": "motion", "head": 0}}),
    "a line of no kind": _pack({"type": "presence", "line": {"points": []}}),
    "a line that is a stroke": _pack(
        {"type": "presence", "line": {"kind": "paint", "points": [[0, 0]]}}
    ),
    "look number zero": _pack({"type": "look", "number": 0}),
    "a look without a number": _pack({"type": "look"}),
    "a look beyond 2^32": _pack({"type": "look", "number": 2**32}),
    "a look at take zero": _pack({"type": "look", "number": 1, "take": 0}),
    "a look before the log": _pack({"type": "look", "number": 1, "at": 0}),
    "a look without group zero": _pack({"type": "look", "number": 1, "without": [0]}),
    "a look without a name": _pack({"type": "look", "number": 1, "people": ["Zoe!"]}),
    "an end of a look by number": _pack({"type": "end_look", "number": 1}),
    "control without an action": _pack({"type": "control"}),
    "need before the log": _pack({"type": "need", "after": -1}),
}
