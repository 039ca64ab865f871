"""The protocol for programs that read it (C7): JSON Schema of the messages, AsyncAPI of the socket.

Both are made from the message types, so a limit or a docstring is written down once. After a change
of them run ``python -m framejam_protocol.schema``; ``--check`` tells what is out of date.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from framejam_protocol.events import Body
from framejam_protocol.instructions import Given, Instruction
from framejam_protocol.messages import VERSION, ClientMessage, Command, ServerMessage
from framejam_protocol.preview import HEADER_BYTES

Schema = dict[str, Any]

FOLDER: Final = Path(__file__).resolve().parents[1] / "schema"
"""Where the files are, in a checkout."""

MESSAGES_FILE: Final = "framejam.schema.json"
SOCKET_FILE: Final = "asyncapi.json"

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REFS: Final = "#/$defs/{name}"
_BYTES: Final = (
    "Bytes: a MessagePack bin. In the JSON form, which this schema describes, base64 with padding."
)

_UNIONS: Final[dict[str, tuple[Any, str]]] = {
    "ClientMessage": (ClientMessage, "What a client sends; `type` names it."),
    "ServerMessage": (
        ServerMessage,
        "What a server sends, besides the binary preview; `type` names it. It writes every field, "
        "those with a default too; clients leave out defaults as they like.",
    ),
    "Given": (Given, "An instruction as a client gives it; `kind` names it (M1)."),
    "Instruction": (Instruction, "An instruction as the log keeps it; `kind` names it (M1)."),
    "Body": (Body, "What an event of the log says; `kind` names it, `v` is its version (L1)."),
}


def json_schema() -> Schema:
    """JSON Schema (2020-12) of every message, event and instruction, in their JSON form."""
    types = [union for union, _ in _UNIONS.values()]
    found, components = msgspec.json.schema_components(types, ref_template=_REFS)
    names = {_key(union): name for name, union in zip(_UNIONS, found, strict=True)}
    defs: Schema = {
        name: {"description": about, "oneOf": union["anyOf"]}
        for (name, (_, about)), union in zip(_UNIONS.items(), found, strict=True)
    }
    for name, component in sorted(components.items()):
        defs[name] = _plain(component, names)
    return {
        "$schema": _DIALECT,
        "$id": f"urn:framejam:protocol:{VERSION}",
        "title": f"Messages of the framejam protocol, version {VERSION}",
        "description": "One message of the socket in its JSON form. On the wire it is a "
        "MessagePack map with the same fields; SPEC.md says what they mean. Integers are between "
        "-(2^53 - 1) and 2^53 - 1.",
        "oneOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/ServerMessage"}],
        "$defs": defs,
    }


def _plain(node: Any, names: dict[str, str]) -> Any:
    """A schema of msgspec's in the words of this file: no indentation, unions by their name."""
    if isinstance(node, list):
        return [_plain(part, names) for part in node]
    if not isinstance(node, dict):
        return node
    name = names.get(_key(node))
    if name is not None:
        return {"$ref": _REFS.format(name=name)}
    plain = {key: _plain(value, names) for key, value in node.items()}
    match plain:
        case {"description": str(about)}:
            plain["description"] = inspect.cleandoc(about).replace("``", "`")
        case {"contentEncoding": "base64"}:
            plain["description"] = _BYTES
        case {"enum": [only]}:
            plain = {**plain, "const": only}
            del plain["enum"]
    return plain


def _key(node: Schema) -> str:
    return json.dumps(node, sort_keys=True)


# -- the socket ---------------------------------------------------------------------------------

_ANSWERED: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...], str]]] = {
    "connect": (
        ("Hello",),
        ("Welcome", "Fault"),
        "The first message of a connection (C1). After the welcome come the events that the client "
        "lacks (C2), who is here, and the newest preview (C5).",
    ),
    "command": (
        ("Edit", "Undo", "Redo", "Mark", "Restore"),
        ("Ack", "Refusal"),
        "Changes the log. The answer has the same client_seq (L4) and comes when it is durable.",
    ),
    "catchUp": (("Need",), ("Events",), "The events after a seq (C3)."),
    "control": (("Control",), ("TakeStatus", "Fault"), "Holds the loop or lets it go on (T5)."),
    "look": (
        ("Look",),
        ("LookStatus", "Fault"),
        "Shows a scratch take to the asker (T12): as it goes on, with previews of this number.",
    ),
    "ping": (("Ping",), ("Pong",), "Is the other end there? (C6)"),
    "tell": (("EndGroup", "EndLook", "PresenceUpdate", "Watch"), (), "Has no answer."),
}
"""Operation -> what a client sends, what it is answered with, what it is for."""

_PREVIEW: Final = (
    f"A binary frame that is no MessagePack: its first byte is 0xC1. {HEADER_BYTES} bytes of "
    "header, big-endian, then the image: u8 0xC1; u8 header version; u8 tier; u8 codec (1 JPEG); "
    "u8 columns; u8 rows; u16 frames; u16 width and u16 height of one frame, in pixels; u32 take; "
    "u16 steps done; u16 steps; u32 look (T12; 0: the take); u64 seq (T13); u64 server time, ms "
    "since the Unix epoch."
)


def asyncapi() -> Schema:
    """AsyncAPI 3 of the socket, as the server sees it: it receives what clients send."""
    defs = json_schema()["$defs"]
    messages = {
        kind.__name__: _message(kind, defs)
        for kind in (*get_args(ClientMessage), *get_args(ServerMessage))
    }
    messages["Preview"] = {
        "name": "preview",
        "title": "Preview",
        "summary": "A contact sheet of the clip as it is now (C5).",
        "description": _PREVIEW,
        "contentType": "application/octet-stream",
        "payload": _payload({"type": "string", "format": "binary", "description": _PREVIEW}),
    }
    sent = [*(kind.__name__ for kind in get_args(ServerMessage)), "Preview"]
    operations = {name: _operation(name) for name in _ANSWERED}
    operations["send"] = {
        "action": "send",
        "channel": _ref("channels/socket"),
        "summary": "Answers, events, presence, and previews.",
        "messages": _of_channel(sent),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "framejam",
            "version": str(VERSION),
            "description": "Several people steer one live denoising loop. SPEC.md is the authority "
            "on what the messages mean; the ids in brackets are its rules.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/vnd.msgpack",
        "servers": {
            "here": {
                "host": "127.0.0.1:8765",
                "protocol": "ws",
                "description": "A server on one's own machine; behind TLS it is wss.",
                "security": [_ref("components/securitySchemes/token")],
            }
        },
        "channels": {
            "socket": {
                "address": "/socket",
                "description": "One WebSocket. Every message is one binary frame.",
                "messages": {name: _ref(f"components/messages/{name}") for name in messages},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": operations,
        "components": {
            "messages": messages,
            "correlationIds": {
                "command": {
                    "description": "The number of a command, and of its answer (L4).",
                    "location": "$message.payload#/client_seq",
                }
            },
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "password",
                    "description": "An invite's or a participant's token, in the field `token` of "
                    "the first message, `hello` (A2); never in the URL or a header.",
                }
            },
        },
    }


def _message(kind: Any, defs: Schema) -> Schema:
    about = defs[kind.__name__]["description"]
    message: Schema = {
        "name": kind.__struct_config__.tag,
        "title": kind.__name__,
        "summary": about.split("\n\n")[0].replace("\n", " "),
        "payload": _payload({"$ref": f"./{MESSAGES_FILE}#/$defs/{kind.__name__}"}),
    }
    if kind.__name__ in ("Ack", "Refusal") or kind in get_args(Command):
        message["correlationId"] = _ref("components/correlationIds/command")
    return message


def _operation(name: str) -> Schema:
    asked, answers, about = _ANSWERED[name]
    operation: Schema = {
        "action": "receive",
        "channel": _ref("channels/socket"),
        "summary": about,
        "messages": _of_channel(asked),
    }
    if answers:
        operation["reply"] = {
            "channel": _ref("channels/socket"),
            "messages": _of_channel(answers),
        }
    return operation


def _payload(schema: Schema) -> Schema:
    return {"schemaFormat": "application/schema+json;version=2020-12", "schema": schema}


def _of_channel(names: Iterable[str]) -> list[Schema]:
    return [_ref(f"channels/socket/messages/{name}") for name in names]


def _ref(path: str) -> Schema:
    return {"$ref": f"#/{path}"}


# -- the files ----------------------------------------------------------------------------------

FILES: Final[dict[str, Callable[[], Schema]]] = {
    MESSAGES_FILE: json_schema,
    SOCKET_FILE: asyncapi,
}


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Write the files, or with ``--check`` tell which are out of date; their number then."""
    check = "--check" in arguments
    different = 0
    if not (folder.is_dir() or (folder.parent / "SPEC.md").is_file()):
        print(f"{folder} is no place for them: run this in a checkout")
        return len(FILES)
    for name, make in FILES.items():
        text = json.dumps(make(), indent=1, ensure_ascii=False) + "\n"
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        different += 1
        print(f"{name} is out of date: run python -m {__spec__.name}" if check else f"wrote {name}")
        if not check:
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return different if check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
