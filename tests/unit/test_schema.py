"""C7: the JSON Schema says what our decoder takes; AsyncAPI describes the socket; neither drifts.

There is no package of AsyncAPI's own schema to validate against, so the document is checked here
for what the specification (3.0.0) asks of it: required fields, and references that lead somewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator

from framejam_protocol import schema
from framejam_protocol.events import Body
from framejam_protocol.instructions import Given, Instruction
from framejam_protocol.limits import MAX_UPDATE_BYTES
from framejam_protocol.messages import ClientMessage, ServerMessage
from framejam_protocol.wire import WireError, decode_client

PROTOCOL = Path(__file__).parents[2] / "protocol"
SCHEMA = json.loads((PROTOCOL / "schema" / "framejam.schema.json").read_text(encoding="utf-8"))
SOCKET = json.loads((PROTOCOL / "schema" / "asyncapi.json").read_text(encoding="utf-8"))
DEFS = SCHEMA["$defs"]
CLIENTS = "ClientMessage"
SIDES = {"client": CLIENTS, "server": "ServerMessage"}

Entry = dict[str, Any]


def load(name: str) -> list[Entry]:
    entries: list[Entry] = json.loads((PROTOCOL / "vectors" / name).read_text(encoding="utf-8"))
    return entries


def named(entry: Entry) -> str:
    return str(entry["name"])


VALIDATORS = {
    name: Draft202012Validator({**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{name}"}]})
    for name in SIDES.values()
}


def valid(what: str, value: Any) -> bool:
    """Whether a JSON form is a message of this side."""
    return bool(VALIDATORS[what].is_valid(value))


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every map in a JSON value."""
    if isinstance(value, dict):
        yield value
    parts = value.values() if isinstance(value, dict) else value
    for part in parts if isinstance(value, dict | list) else ():
        yield from nodes(part)


# -- JSON Schema ----------------------------------------------------------------------------------


def test_C7_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    refs = [node["$ref"] for node in nodes(SCHEMA) if "$ref" in node]
    assert len(refs) > 50
    assert {ref.removeprefix("#/$defs/") for ref in refs} == set(DEFS)


def test_C7_every_type_is_described() -> None:
    for union in (ClientMessage, ServerMessage, Given, Instruction, Body):
        assert {kind.__name__ for kind in get_args(union)} <= set(DEFS)
    for name, about in DEFS.items():
        assert len(about["description"]) > 20, name
        assert "``" not in about["description"], name
        assert "\n " not in about["description"], name


@pytest.mark.parametrize("entry", load("client.json") + load("server.json"), ids=named)
def test_C7_every_vector_is_valid(entry: Entry) -> None:
    assert valid(SIDES[entry["direction"]], entry["json"])
    Draft202012Validator(SCHEMA).validate(entry["json"])


def test_C7_every_event_and_command_of_the_conversations_is_valid() -> None:
    logs = [event for log in load("states.json") for event in log["events"]]
    steps = [step for one in load("conversations.json") for step in one["steps"]]
    said = [step for step in steps if step["what"] == "message"]
    told = logs + [step for step in steps if step["what"] in ("event", "answer")]
    assert len(said) > 80
    assert len(told) > 150
    for step in said:
        assert valid(CLIENTS, step["json"]) == step["valid"], step["json"]
    for step in told:
        assert valid("ServerMessage", step["json"]), step["json"]


@pytest.mark.parametrize("entry", load("invalid.json"), ids=named)
def test_C7_an_invalid_vector_is_refused_where_it_is_a_matter_of_the_schema(entry: Entry) -> None:
    try:
        loose = json.loads(
            json.dumps(
                msgspec.to_builtins(msgspec.msgpack.decode(bytes.fromhex(entry["hex"]))),
                allow_nan=False,
            )
        )
    except (msgspec.DecodeError, RecursionError, ValueError):
        assert not entry["schema"]
    else:
        assert valid(CLIENTS, loose) != entry["schema"]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside a JSON value that is no map and no list."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts:
        if isinstance(part, dict | list):
            yield from leaves(part, (*path, key))
        else:
            yield (*path, key)


STRANGE: list[Any] = [None, True, -1, 0, 2**53, 0.5, "", "x", [], {}]


@pytest.mark.parametrize("entry", load("client.json"), ids=named)
def test_C7_schema_and_decoder_agree_about_messages_that_are_a_little_wrong(entry: Entry) -> None:
    compared = 0
    ways = [way for way in leaves(entry["json"]) if "update" not in way]
    for way in ways[:12]:
        for strange in STRANGE:
            bent = json.loads(json.dumps(entry["json"]))
            place = bent
            for key in way[:-1]:
                place = place[key]
            place[way[-1]] = strange
            if "update" in json.dumps(bent):
                continue  # text in JSON, bytes on the wire: not the same to bend
            try:
                decode_client(msgspec.msgpack.encode(bent))
                taken = True
            except WireError:
                taken = False
            assert valid(CLIENTS, bent) == taken, (way, strange)
            compared += 1
    assert compared > 0 or "update" in json.dumps(entry["json"])


def test_C7_bytes_are_described_and_bounded_in_their_json_form() -> None:
    update = DEFS["Typed"]["properties"]["update"]
    assert update["contentEncoding"] == "base64"
    assert "MessagePack bin" in update["description"]
    assert update["maxLength"] == (MAX_UPDATE_BYTES + 2) // 3 * 4


# -- AsyncAPI -------------------------------------------------------------------------------------


def found(ref: str) -> Any:
    """What a reference of the document leads to."""
    file, _, path = ref.partition("#/")
    place: Any = {"": SOCKET, "./framejam.schema.json": SCHEMA}[file]
    for key in path.split("/"):
        place = place[key]
    return place


def test_C7_every_reference_of_the_socket_leads_somewhere() -> None:
    refs = [node["$ref"] for node in nodes(SOCKET) if "$ref" in node]
    assert len(refs) > 60
    for ref in refs:
        assert found(ref)


def test_C7_the_socket_has_the_fields_that_asyncapi_requires() -> None:
    assert SOCKET["asyncapi"] == "3.0.0"
    assert SOCKET["info"]["title"]
    assert SOCKET["info"]["version"]
    (server,) = SOCKET["servers"].values()
    assert server["host"]
    assert server["protocol"] == "ws"
    (channel,) = SOCKET["channels"].values()
    assert channel["address"] == "/socket"
    for operation in SOCKET["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert found(operation["channel"]["$ref"]) is channel
        replies = operation.get("reply", {}).get("messages", [])
        for message in (*operation["messages"], *replies):
            # An operation's messages are those of its channel, by a reference into it.
            assert message["$ref"].startswith("#/channels/socket/messages/")
    for message in SOCKET["components"]["messages"].values():
        assert set(message["payload"]) == {"schemaFormat", "schema"}
        assert message["payload"]["schemaFormat"] == "application/schema+json;version=2020-12"
    for scheme in SOCKET["components"]["securitySchemes"].values():
        assert (scheme["type"], scheme["in"]) == ("apiKey", "password")
        assert "`token`" in scheme["description"]
    for number in SOCKET["components"]["correlationIds"].values():
        assert number["location"] == "$message.payload#/client_seq"


def of_operations(action: str) -> list[str]:
    return [
        message["$ref"].rsplit("/", 1)[-1]
        for operation in SOCKET["operations"].values()
        if operation["action"] == action
        for message in operation["messages"]
    ]


def test_C7_every_message_is_in_one_operation() -> None:
    received, sent = of_operations("receive"), of_operations("send")
    assert sorted(received) == sorted(kind.__name__ for kind in get_args(ClientMessage))
    assert sorted(sent) == sorted([*(kind.__name__ for kind in get_args(ServerMessage)), "Preview"])
    assert set(SOCKET["channels"]["socket"]["messages"]) == {*received, *sent}


@pytest.mark.parametrize("kind", [*get_args(ClientMessage), *get_args(ServerMessage)])
def test_C7_the_payload_of_a_message_is_its_schema(kind: Any) -> None:
    message = SOCKET["components"]["messages"][kind.__name__]
    assert message["name"] == kind.__struct_config__.tag
    assert found(message["payload"]["schema"]["$ref"]) is DEFS[kind.__name__]


def test_C5_the_preview_is_described_as_binary() -> None:
    preview = SOCKET["components"]["messages"]["Preview"]
    assert preview["contentType"] == "application/octet-stream"
    assert "0xC1" in preview["description"]
    assert "40 bytes" in preview["description"]


# -- drift ----------------------------------------------------------------------------------------


def test_C7_the_files_are_what_the_types_say() -> None:
    assert schema.main(["--check"]) == 0


def test_C7_a_file_that_is_out_of_date_is_told_and_left(tmp_path: Path, capsys: Any) -> None:
    assert schema.main(["--check"], tmp_path) == 2
    assert not list(tmp_path.iterdir())
    assert schema.main([], tmp_path) == 0
    assert schema.main(["--check"], tmp_path) == 0
    path = tmp_path / "framejam.schema.json"
    path.write_text(path.read_text(encoding="utf-8").replace("500", "501"), encoding="utf-8")
    assert schema.main(["--check"], tmp_path) == 1
    assert "framejam.schema.json is out of date" in capsys.readouterr().out


def test_C7_make_check_looks_for_drift() -> None:
    makefile = (PROTOCOL.parent / "Makefile").read_text(encoding="utf-8")
    check = makefile.split("\ncheck: setup\n")[1].split("\n\n")[0]
    assert "python -m framejam_protocol.schema --check" in check
    assert "python protocol/vectors/make.py --check" in check
