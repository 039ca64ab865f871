"""Messages to bytes and back (C7): MessagePack on the wire, JSON for people who debug."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final, get_args

import msgspec

from framejam_protocol.errors import Code
from framejam_protocol.events import ClientSeq
from framejam_protocol.limits import MAX_MESSAGE_BYTES
from framejam_protocol.messages import ClientMessage, Command, ServerMessage

_encoder: Final = msgspec.msgpack.Encoder()
_json_encoder: Final = msgspec.json.Encoder()
_client: Final[msgspec.msgpack.Decoder[ClientMessage]] = msgspec.msgpack.Decoder(ClientMessage)
_server: Final[msgspec.msgpack.Decoder[ServerMessage]] = msgspec.msgpack.Decoder(ServerMessage)

# What msgspec says about a place in the message: "... - at `$.instruction.points[3]`".
_PLACE: Final = re.compile(r" - at `(?:key in )?\$\.?(.*?)`$")
# Besides its own errors msgspec lets these through: too deep a nesting, text that is not UTF-8.
_BROKEN: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_NOT_MSGPACK: Final = "these bytes are not MessagePack; send one map a message"
# An answer must not repeat 200 kB of what was wrong.
_MOST_WORDS: Final = 300
_COMMAND_TYPES: Final = frozenset(kind.__struct_config__.tag for kind in get_args(Command))


class WireError(ValueError):
    """Bytes that are no message of ours.

    ``code`` says what is wrong, ``field`` where; ``client_seq`` is set where the bytes are still
    recognisable as a command, so that the refusal can be matched to it (L5), and ``digest`` is
    their SHA-256. ``closes`` tells that nothing after it can be trusted either: the socket is
    closed.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        raw: bytes,
        field: str | None = None,
        client_seq: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.digest = hashlib.sha256(raw).digest()
        self.field = field
        self.client_seq = client_seq

    @property
    def closes(self) -> bool:
        """Whether the stream of messages itself is broken."""
        return self.code is Code.MALFORMED


def encode(message: ClientMessage | ServerMessage) -> bytes:
    """A message as MessagePack."""
    return _encoder.encode(message)


class _Piece(msgspec.Struct, frozen=True, tag_field="type", tag="events"):
    """An ``Events`` whose events are encoded already."""

    events: list[msgspec.Raw]
    more: bool


def encode_events(events: Iterable[bytes], more: bool) -> bytes:
    """``encode(Events(events, more))`` of events that are encoded already: for who had to know
    their length before."""
    return _encoder.encode(_Piece([msgspec.Raw(event) for event in events], more))


def encode_json(message: ClientMessage | ServerMessage) -> bytes:
    """The same message as JSON, for logs, vectors and debugging (C7)."""
    return _json_encoder.encode(message)


def decode_server(data: bytes) -> ServerMessage:
    """What a server sent. Raises ``WireError``."""
    try:
        return _server.decode(data)
    except _BROKEN as error:
        raise _explain(data, error) from error


def decode_client(data: bytes) -> ClientMessage:
    """What a client sent. Raises ``WireError`` naming the field and what to do."""
    try:
        return _client.decode(data)
    except _BROKEN as error:
        raise _explain(data, error) from error


class _Head(msgspec.Struct):
    """What is read of a message that is too long: all else in it is skipped, never built."""

    type: str = ""
    client_seq: ClientSeq | None = None


_head: Final = msgspec.msgpack.Decoder(_Head)


def too_long(data: bytes) -> WireError:
    """What a client is told about a message of more than ``MAX_MESSAGE_BYTES``.

    Takes up to 40 ms for 8 MiB and no memory to speak of.
    """
    try:
        head = _head.decode(data)
    except _BROKEN:
        head = _Head()  # whatever it was, it is not taken
    return WireError(
        Code.TOO_LARGE,
        f"a message has at most {MAX_MESSAGE_BYTES} bytes, this one {len(data)}; send it in parts",
        data,
        client_seq=head.client_seq if head.type in _COMMAND_TYPES else None,
    )


def _explain(data: bytes, error: Exception) -> WireError:
    """Find out how wrong the bytes are: not MessagePack, not a map, or one bad field."""
    if not isinstance(error, msgspec.ValidationError):
        return WireError(Code.MALFORMED, _NOT_MSGPACK, data)
    try:
        loose = msgspec.msgpack.decode(data)
    except _BROKEN:
        return WireError(Code.MALFORMED, _NOT_MSGPACK, data)
    if not isinstance(loose, dict):
        return WireError(Code.MALFORMED, "a message is a MessagePack map with a field `type`", data)
    text = str(error)[:_MOST_WORDS]
    place = _PLACE.search(text)
    field = (place.group(1) or None) if place else None
    reason = _PLACE.sub("", text)
    unknown = reason.startswith("Invalid value") and (field or "").rsplit(".", 1)[-1] in {
        "type",
        "kind",
    }
    client_seq = None
    kind = loose.get("type")
    if isinstance(kind, str) and kind in _COMMAND_TYPES:
        number = loose.get("client_seq")
        if isinstance(number, int) and not isinstance(number, bool) and 1 <= number < 2**53:
            client_seq = number
    too_long = "of length <=" in reason
    code = Code.UNKNOWN_TYPE if unknown else Code.TOO_LARGE if too_long else Code.INVALID
    return WireError(
        code, f"{reason}; correct the field and send it again", data, field, client_seq
    )


def payload(command: Command) -> bytes:
    """The bytes that decide whether two commands are the same (L4): canonical, client_seq in."""
    return _encoder.encode(command)
