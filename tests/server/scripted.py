"""A small server for tests of the Python client: it says what the test says."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from PIL import Image
from websockets.asyncio.server import ServerConnection, serve

import framejam
from framejam_protocol.events import Created, Edited, Event, Joined
from framejam_protocol.instructions import (
    Content,
    Given,
    Instruction,
    Motion,
    Negative,
    Settings,
    Splice,
    Spliced,
    Text,
    Typed,
)
from framejam_protocol.messages import (
    Ack,
    ClientMessage,
    Edit,
    Events,
    Hello,
    Limits,
    People,
    Person,
    ServerMessage,
    Vocabulary,
    Welcome,
)
from framejam_protocol.preview import (
    CODEC_JPEG,
    TIER_SHEET,
    Preview,
    pack_preview,
)
from framejam_protocol.wire import decode_client, encode

SETTINGS = Settings(model="m", seed=1, steps=4, frames=3, width=8, height=8, fps=8, guidance=100)
MIRA = Person("p0001", "Mira", "#ffffff", "owner", 1)

Answer = Callable[["Scripted", ServerConnection, ClientMessage], Awaitable[None]]


def kept(given: Given) -> Instruction:
    """What a log keeps of an instruction: of a prompt its letters, put before what was there."""
    if isinstance(given, Content | Motion | Negative):
        prompt = str(given.__struct_config__.tag)
        return Text(prompt, b"\x00\x00", (Splice(0, "", given.text),))
    assert not isinstance(given, Spliced | Typed)
    return given


class Scripted:
    """A server of one session and one client. ``answer`` says what it does with a message."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.hellos: list[Hello] = []
        self.got: list[ClientMessage] = []
        self.next_client_seq = 1
        self.recovers = False
        self.socket: ServerConnection | None = None
        self.log = [
            Event(1, 0, "", Created(SETTINGS)),
            Event(2, 0, "p0001", Joined("p0001", "Mira", "#ffffff", "owner")),
        ]

    async def handle(self, socket: ServerConnection) -> None:
        hello = decode_client(bytes(await socket.recv()))
        assert isinstance(hello, Hello)
        self.hellos.append(hello)
        self.socket = socket
        after = hello.resume.last_seq if hello.resume and self.recovers else 0
        await self.say(
            Welcome(
                1,
                "s",
                "e",
                len(self.log),
                "",
                bool(after),
                "p0001",
                "owner",
                self.next_client_seq,
                16,
                SETTINGS,
                Vocabulary({}),
                Limits(1, 1, 1, 1, 1, 1, 1),
                token="own-token",
            ),
            Events(tuple(self.log[after:])),
            People((MIRA,)),
        )
        async for data in socket:
            message = decode_client(bytes(data))
            self.got.append(message)
            await self.answer(self, socket, message)

    async def say(self, *messages: ServerMessage | bytes) -> None:
        assert self.socket is not None
        for message in messages:
            await self.socket.send(message if isinstance(message, bytes) else encode(message))

    def append(self, edit: Edit) -> Event:
        self.next_client_seq = edit.client_seq + 1
        self.log.append(Event(len(self.log) + 1, 0, "p0001", Edited(kept(edit.instruction))))
        return self.log[-1]


async def accept(server: Scripted, socket: ServerConnection, message: ClientMessage) -> None:
    """Append and ack, as a server does when nothing goes wrong."""
    if isinstance(message, Edit):
        event = server.append(message)
        await server.say(event, Ack(message.client_seq, event.seq))


@asynccontextmanager
async def joined(answer: Answer = accept) -> AsyncIterator[tuple[Scripted, framejam.Session]]:
    server = Scripted(answer)
    async with (
        serve(server.handle, "127.0.0.1", 0) as listening,
        framejam.connect(link_of(listening.sockets), name="Mira", patience=5) as session,
    ):
        yield server, session


def link_of(sockets: object) -> str:
    port = next(iter(sockets)).getsockname()[1]
    return f"http://127.0.0.1:{port}/s/s#token"


def sheet(step: int, seq: int, look: int = 0, tier: int = TIER_SHEET) -> bytes:
    """Three frames of 8x8 in a 2x2 sheet: red, green, blue."""
    picture = Image.new("RGB", (16, 16))
    for place, color in enumerate(((255, 0, 0), (0, 255, 0), (0, 0, 255))):
        picture.paste(color, (place % 2 * 8, place // 2 * 8, place % 2 * 8 + 8, place // 2 * 8 + 8))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95, subsampling=0)
    return pack_preview(
        Preview(tier, CODEC_JPEG, 2, 2, 3, 8, 8, 1, step, 4, seq, 0, buffer.getvalue(), look)
    )


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within 5 s")
