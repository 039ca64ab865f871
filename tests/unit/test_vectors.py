"""The golden vectors, read by our wire module and by a MessagePack reader that is not ours."""

from __future__ import annotations

import base64
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import msgpack
import msgspec
import pytest

from framejam_protocol.events import Body
from framejam_protocol.instructions import Given, Instruction
from framejam_protocol.messages import ClientMessage, ServerMessage
from framejam_protocol.preview import Preview, is_preview, pack_preview, unpack_preview
from framejam_protocol.wire import WireError, decode_client, decode_server, encode, encode_json

FOLDER = Path(__file__).parents[2] / "protocol" / "vectors"
DECODE = {"client": decode_client, "server": decode_server}
TYPES: dict[str, Any] = {"client": ClientMessage, "server": ServerMessage}

Vector = dict[str, Any]


def load(name: str) -> list[Vector]:
    entries: list[Vector] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return entries


def named(entry: Vector) -> str:
    return str(entry["name"])


MESSAGES = load("client.json") + load("server.json")
PREVIEWS = load("preview.json")
INVALID = load("invalid.json")


def tags(union: Any) -> set[str]:
    return {str(kind.__struct_config__.tag) for kind in get_args(union)}


def kinds(value: Any) -> set[str]:
    """Every ``kind`` anywhere inside a JSON value."""
    if isinstance(value, dict):
        inner = set().union(*(kinds(part) for part in value.values()), set())
        return inner | ({value["kind"]} if "kind" in value else set())
    parts = value if isinstance(value, list) else []
    return set().union(*(kinds(part) for part in parts), set())


def json_form(value: Any) -> Any:
    """A message as its JSON form has it: bytes are base64 (C7)."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: json_form(part) for key, part in value.items()}
    return [json_form(part) for part in value] if isinstance(value, list) else value


def from_json(value: Any) -> Any:
    """The way back: the schema says which fields are bytes."""
    if isinstance(value, dict):
        return {
            key: base64.b64decode(part) if key == "update" else from_json(part)
            for key, part in value.items()
        }
    return [from_json(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("entry", MESSAGES, ids=named)
def test_C7_a_plain_messagepack_reader_sees_the_json(entry: Vector) -> None:
    assert json_form(msgpack.unpackb(bytes.fromhex(entry["hex"]))) == entry["json"]


@pytest.mark.parametrize("entry", MESSAGES, ids=named)
def test_C7_our_reader_and_writer_agree_with_the_bytes(entry: Vector) -> None:
    data = bytes.fromhex(entry["hex"])
    message = DECODE[entry["direction"]](data)
    assert message == msgspec.convert(entry["json"], TYPES[entry["direction"]])
    assert json.loads(encode_json(message)) == entry["json"]
    assert encode(message) == data


@pytest.mark.parametrize("entry", MESSAGES, ids=named)
def test_C7_another_writers_bytes_mean_the_same(entry: Vector) -> None:
    decode = DECODE[entry["direction"]]
    assert decode(msgpack.packb(from_json(entry["json"]))) == decode(bytes.fromhex(entry["hex"]))


@pytest.mark.parametrize(
    ("name", "union"), [("client.json", ClientMessage), ("server.json", ServerMessage)]
)
def test_C7_every_message_type_has_a_vector(name: str, union: Any) -> None:
    assert {entry["json"]["type"] for entry in load(name)} == tags(union)


def test_C7_every_event_and_instruction_has_a_vector() -> None:
    seen = set().union(*(kinds(entry["json"]) for entry in MESSAGES))
    assert seen == tags(Body) | tags(Instruction) | tags(Given)


@pytest.mark.parametrize("entry", PREVIEWS, ids=named)
def test_C5_previews_are_read_and_written(entry: Vector) -> None:
    data = bytes.fromhex(entry["hex"])
    preview = Preview(**{**entry["json"], "image": bytes.fromhex(entry["json"]["image"])})
    assert is_preview(data)
    assert unpack_preview(data) == preview
    assert pack_preview(preview) == data


@pytest.mark.parametrize("entry", PREVIEWS, ids=named)
def test_C5_the_header_is_where_the_spec_says(entry: Vector) -> None:
    data, said = bytes.fromhex(entry["hex"]), entry["json"]
    assert data[0] == 0xC1
    assert int.from_bytes(data[12:16], "big") == said["take"]
    assert int.from_bytes(data[16:18], "big") == said["step"]
    assert int.from_bytes(data[24:32], "big") == said["seq"]
    assert data[40:].hex() == said["image"]


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\xc1\x02" + b"\x00" * 38, b"\x81" * 40])
def test_C5_other_bytes_are_no_preview(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a preview"):
        unpack_preview(data)


@pytest.mark.parametrize("entry", INVALID, ids=named)
def test_L5_invalid_messages_name_what_is_wrong(entry: Vector) -> None:
    with pytest.raises(WireError) as caught:
        decode_client(bytes.fromhex(entry["hex"]))
    assert (caught.value.code, caught.value.field, caught.value.client_seq) == (
        entry["code"],
        entry["field"],
        entry["client_seq"],
    )


def test_L3_no_vector_carries_a_float() -> None:
    def floats(value: Any) -> bool:
        parts = value.values() if isinstance(value, dict) else value
        return isinstance(value, float) or (
            isinstance(value, dict | list) and any(floats(part) for part in parts)
        )

    assert not any(floats(entry["json"]) for entry in MESSAGES)
    assert math.isnan(
        msgpack.unpackb(
            bytes.fromhex(next(e for e in INVALID if e["name"] == "a point of NaN")["hex"])
        )["instruction"]["points"][1][0]
    )


def test_the_files_are_what_make_py_writes() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "make.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
