"""One client's connection: says hello, listens, and comes back by itself when it breaks (C2)."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Iterator
from typing import Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from framejam.bell import Bell
from framejam.errors import closed, is_final
from framejam.link import Link
from framejam.mirror import Mirror
from framejam.pending import Pending
from framejam.previews import read_preview
from framejam_protocol.errors import Code
from framejam_protocol.events import Event
from framejam_protocol.messages import (
    VERSION,
    Ack,
    ClientMessage,
    EndLook,
    Events,
    Fault,
    Hello,
    Look,
    LookStatus,
    Need,
    People,
    Presence,
    Refusal,
    ServerMessage,
    TakeStatus,
    Watch,
    Welcome,
)
from framejam_protocol.preview import is_preview
from framejam_protocol.wire import WireError, decode_server, encode

_WELCOME_TIMEOUT_S: Final = 20.0
"""A server that is loading a long log may take a while; longer than this it is another server."""

_MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
"""A catch-up of 500 of the longest strokes is 20 MB; three times that is a broken server."""

_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0


class Connection:
    """Keeps ``mirror`` up to date and ``pending`` sent, over as many sockets as it takes.

    ``ready`` is set when the first catch-up is complete; ``changed`` rings whenever the mirror
    changed; ``trouble`` is the last reason why a socket could not be opened or ended.
    """

    def __init__(self, link: Link, name: str | None, color: str | None) -> None:
        self.mirror = Mirror()
        self.pending = Pending()
        self.ready = asyncio.Event()
        self.changed = Bell()
        self.trouble = "no attempt was made"
        self._link = link
        self._name = name
        self._color = color
        self._client_id = ""
        self._wake = asyncio.Event()
        self._slots: dict[type, ClientMessage] = {}
        self._watch: Watch | None = None
        self._asked_after: int | None = None
        self._resending: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Stay connected until cancelled. Raises ``Closed`` when coming back has no point."""
        waits = _backoff()
        while True:
            try:
                async with open_socket(
                    self._link.socket_url,
                    compression=None,
                    max_size=_MAX_MESSAGE_BYTES,
                    proxy=None if self._link.is_loopback else True,
                ) as socket:
                    await self._welcome(socket)
                    waits = _backoff()
                    await self._converse(socket)
            except ConnectionClosed as ended:
                self._raise_if_final(ended)
            except (OSError, TimeoutError, InvalidHandshake) as error:
                self.trouble = str(error) or type(error).__name__
            await asyncio.sleep(next(waits))

    def flush(self) -> None:
        """Send what ``pending`` holds unsent, now or when there is a socket again."""
        self._wake.set()

    @property
    def watching(self) -> bool:
        """Whether previews come."""
        return self._watch is None or self._watch.tier != "none"

    def say(self, message: ClientMessage) -> None:
        """Send an uncounted message; a later one of its type replaces one not sent yet."""
        if isinstance(message, Watch):
            self._watch = message
        # Of a look and its end the later counts.
        self._slots[Look if isinstance(message, EndLook) else type(message)] = message
        self._wake.set()

    def _hello(self) -> Hello:
        if self.mirror.welcome is None:
            # Before the first welcome nothing is tied to the id, and an attempt that was cut off
            # may have left it with a participant whose token never arrived.
            self._client_id = secrets.token_urlsafe(12)
        return Hello(
            versions=(VERSION,),
            session=self._link.session,
            token=self.mirror.token or self._link.token,
            client_id=self._client_id,
            name=self._name,
            color=self._color,
            resume=self.mirror.resume,
        )

    async def _welcome(self, socket: ClientConnection) -> None:
        await socket.send(encode(self._hello()))
        async with asyncio.timeout(_WELCOME_TIMEOUT_S):
            while not isinstance(message := _decode(await socket.recv()), Welcome):
                self._receive(message)
        self.mirror.welcomed(message)
        self.pending.welcomed(message.next_client_seq)
        self._asked_after = None
        self._slots = {Watch: self._watch} if self._watch else {}
        look = self.mirror.look
        if look is not None and look.wanted:
            self._slots[Look] = look.request
        self._wake.set()

    async def _converse(self, socket: ClientConnection) -> None:
        """Read and write until one of them fails; always ends with an exception."""
        tasks = {asyncio.create_task(self._read(socket)), asyncio.create_task(self._write(socket))}
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            data = await socket.recv()
            if isinstance(data, bytes) and is_preview(data):
                self.mirror.shown(read_preview(data, time.perf_counter()))
            else:
                message = _decode(data)
                if isinstance(message, Events) and message.more and message.events:
                    # Before folding these: the server makes the next piece meanwhile.
                    await self._ask(socket, message.events[-1].seq)
                self._receive(message)
            self.changed.ring()

    async def _ask(self, socket: ClientConnection, after: int) -> None:
        """Ask for what follows ``after``, once for each place."""
        if self._asked_after != after:
            self._asked_after = after
            await socket.send(encode(Need(after=after)))

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            # These first: the end of one gesture must not come behind the next one's beginning.
            while self._slots:
                await socket.send(encode(self._slots.pop(next(iter(self._slots)))))
            for command in self.pending.unsent():
                await socket.send(encode(command))

    def _receive(self, message: ServerMessage | None) -> None:
        match message:
            case Ack():
                self.pending.acked(message, time.perf_counter())
            case Refusal():
                self._send_again_in(self.pending.refused(message))
            case Event():
                self._append((message,), more=False)
            case Events():
                self._append(message.events, message.more)
            case People():
                self.mirror.people = message.people
                self._check_ready()
            case TakeStatus():
                self.mirror.take = message
            case LookStatus():
                self.mirror.looked(message)
            case Presence():
                self.mirror.pointed(message)
            case Fault():
                self.trouble = f"{message.code}: {message.message}"
            case _:
                pass

    def _append(self, events: tuple[Event, ...], more: bool) -> None:
        complete = self.mirror.append(events)
        last = self.mirror.last_seq
        if (more or not complete) and self._asked_after != last:
            # Events go on arriving while the answer is on its way: ask once for each place.
            self._asked_after = last
            self.say(Need(after=last))
        self._check_ready()

    def _check_ready(self) -> None:
        welcome = self.mirror.welcome
        if welcome and self.mirror.people and self.mirror.last_seq >= welcome.head_seq:
            self.ready.set()

    def _send_again_in(self, delay_s: float | None) -> None:
        if delay_s is not None and self._resending is None:
            loop = asyncio.get_running_loop()
            self._resending = loop.call_later(delay_s, self._send_again)

    def _send_again(self) -> None:
        self._resending = None
        self.pending.send_again()
        self._wake.set()

    def _raise_if_final(self, ended: ConnectionClosed) -> None:
        code = ended.rcvd.code if ended.rcvd else 1006
        if is_final(code):
            said = ended.rcvd.reason if ended.rcvd else ""
            raise closed(code, said or self.trouble) from ended
        self.trouble = str(ended)


def _decode(data: bytes | str) -> ServerMessage | None:
    """A message, or None for one of a kind this version does not know: newer servers may."""
    if isinstance(data, str):
        return None
    try:
        return decode_server(data)
    except WireError as error:
        if error.code is Code.UNKNOWN_TYPE:
            return None
        raise


def _backoff() -> Iterator[float]:
    """Seconds to wait before each attempt: doubling, and jittered so that nobody comes in step."""
    longest = _FIRST_WAIT_S
    while True:
        yield random.uniform(longest / 2, longest)
        longest = min(longest * 2, _LONGEST_WAIT_S)
