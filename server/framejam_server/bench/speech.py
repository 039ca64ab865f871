"""What the crowd says and understands: framejam's protocol, the plain server's, a Yjs room's.

Each edit has a key, bytes that tell it from all others of the crowd.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from framejam_protocol.events import Event
from framejam_protocol.instructions import Paint, Typed
from framejam_protocol.limits import UNIT
from framejam_protocol.messages import Ack, Edit, Hello, Watch, Welcome
from framejam_protocol.preview import is_preview
from framejam_protocol.wire import decode_server, encode
from framejam_server.bench.history import deletion, insertion
from framejam_server.session.yjs import Id

POINTS: Final = 32
"""Of a stroke: its event has about 300 bytes."""

_DELETED: Final = 6
"""Every so many keystrokes take back the letter before."""


class Speech(Protocol):
    """How one member talks to its server."""

    path: str

    def hello(self) -> Iterator[bytes]:
        """What is said first."""

    def lets_in(self, data: bytes) -> bool:
        """Whether this message says that the hello was right."""

    def edit(self, edits: str, number: int) -> tuple[bytes, bytes]:
        """A message with edit ``number`` of the crowd, and its key."""

    def told(self, data: bytes) -> bytes | None:
        """The key of the edit that everybody is told of, if this is one."""

    def acked(self, data: bytes) -> bytes | None:
        """The key of this member's own edit that is acknowledged, if this message does that."""

    def own(self, data: bytes, speech: Speech) -> bool:
        """Whether being told of this edit is its own sender's acknowledgement."""

    def is_picture(self, data: bytes) -> bool:
        """Whether this is a picture."""

    def refuses(self, data: bytes) -> bool:
        """Whether an edit was refused."""


class Framejam:
    """framejam's protocol, version 1."""

    path = "/socket"

    def __init__(self, room: str, token: str, number: int) -> None:
        self._room = room
        self._token = token
        self._client = f"crowd-{room}-{number:04}"
        self._sent = 0
        self._typist = Typist(0)

    def hello(self) -> Iterator[bytes]:
        """The invite, then which previews."""
        yield encode(Hello((1,), self._room, self._token, self._client))
        yield encode(Watch("sheet", 60))

    def lets_in(self, data: bytes) -> bool:
        """A welcome does."""
        if not _is(data, b"welcome"):
            return False
        welcome = decode_server(data)
        assert isinstance(welcome, Welcome)
        self._typist = Typist(welcome.yjs_client)
        return True

    def edit(self, edits: str, number: int) -> tuple[bytes, bytes]:
        """A stroke, or a keystroke in the content prompt."""
        self._sent += 1
        given = stroke(number) if edits == "strokes" else Typed("content", self._typist.type())
        return encode(Edit(self._sent, given)), self._key(self._client, self._sent)

    def told(self, data: bytes) -> bytes | None:
        """An event of an edit."""
        if not _is(data, b"event"):
            return None
        event = decode_server(data)
        assert isinstance(event, Event)
        if event.client_id is None or event.client_seq is None:
            return None
        return self._key(event.client_id, event.client_seq)

    def acked(self, data: bytes) -> bytes | None:
        """An ack."""
        if not _is(data, b"ack"):
            return None
        ack = decode_server(data)
        assert isinstance(ack, Ack)
        return self._key(self._client, ack.client_seq)

    def own(self, data: bytes, speech: Speech) -> bool:
        """There are acks."""
        return False

    def is_picture(self, data: bytes) -> bool:
        """A preview."""
        return is_preview(data)

    def refuses(self, data: bytes) -> bool:
        """A refusal."""
        return _is(data, b"refusal")

    @staticmethod
    def _key(client: str, number: int) -> bytes:
        return f"{client}/{number}".encode()


class Plain:
    """``bench.plain``: what is sent comes back, to everybody; that is the key, too."""

    def __init__(self, room: str, _token: str, number: int) -> None:
        self.path = f"/{room}"
        self._mine: set[bytes] = set()
        self._number = number

    def hello(self) -> Iterator[bytes]:
        """Any message is answered."""
        yield b"hello"

    def lets_in(self, data: bytes) -> bool:
        """Its own word."""
        return data == b"hello"

    def edit(self, edits: str, number: int) -> tuple[bytes, bytes]:
        """The stroke as framejam would be sent it."""
        message = encode(Edit(number + 1, stroke(number)))
        self._mine.add(message)
        return message, message

    def told(self, data: bytes) -> bytes | None:
        """All that comes."""
        return data

    def acked(self, data: bytes) -> bytes | None:
        """Nothing is only for the sender."""
        return None

    def own(self, data: bytes, speech: Speech) -> bool:
        """One's own edit, coming back."""
        return data in self._mine

    def is_picture(self, data: bytes) -> bool:
        """As framejam's."""
        return is_preview(data)

    def refuses(self, data: bytes) -> bool:
        """It does not."""
        return False


class Room(Plain):
    """A room of pycrdt-websocket: y-websocket's protocol, an update comes back to everybody."""

    _UPDATE: Final = b"\x00\x02"
    _first_client: Final = 1000

    def __init__(self, room: str, token: str, number: int) -> None:
        super().__init__(room, token, number)
        self._typist = Typist(self._first_client + number)

    def hello(self) -> Iterator[bytes]:
        """The room speaks first."""
        return iter(())

    def lets_in(self, data: bytes) -> bool:
        """Its first message asks for our state."""
        return data[:2] == b"\x00\x00"

    def edit(self, edits: str, number: int) -> tuple[bytes, bytes]:
        """A keystroke."""
        update = self._typist.type()
        message = self._UPDATE + bytes([len(update)]) + update
        self._mine.add(message)
        return message, message


SPEECH: Final[dict[str, type[Framejam] | type[Plain] | type[Room]]] = {
    "framejam": Framejam,
    "plain": Plain,
    "room": Room,
}


class Typist:
    """Somebody who types behind their own letters, as the Yjs client ``client``."""

    def __init__(self, client: int) -> None:
        self._client = client
        self._keystrokes = 0
        self._clock = 0
        self._left: Id | None = None

    def type(self) -> bytes:
        """The next keystroke's update: a letter, or every sixth time the newest letter deleted."""
        self._keystrokes += 1
        if self._keystrokes % _DELETED == 0:
            assert self._left is not None
            return deletion([self._left])
        new = (self._client, self._clock)
        update = insertion(new, self._left, None, chr(97 + self._keystrokes % 26))
        self._clock, self._left = self._clock + 1, new
        return update


def stroke(number: int) -> Paint:
    """Another stroke for every number."""
    y = number * 2711 % UNIT
    points = tuple((x * UNIT // POINTS, (y + x * 900) % UNIT) for x in range(POINTS))
    return Paint(points, f"#{number * 40503 % 2**24:06x}", UNIT // 20)


def _is(data: bytes, kind: bytes) -> bool:
    """Whether a MessagePack message of framejam's begins with this ``type``."""
    first = 3 if data[:1] == b"\xde" else 1  # a map of more than fifteen fields has a longer head
    return data.startswith(b"\xa4type" + bytes([0xA0 | len(kind)]) + kind, first)
