"""One WebSocket connection: hello, then messages to the session until it ends (C1)."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from framejam_protocol import limits
from framejam_protocol.errors import Close, Code
from framejam_protocol.messages import (
    VERSION,
    ClientMessage,
    Control,
    Edit,
    EndGroup,
    EndLook,
    Fault,
    Hello,
    Look,
    Mark,
    Need,
    Ping,
    Pong,
    PresenceUpdate,
    Redo,
    Restore,
    ServerMessage,
    Undo,
    Watch,
)
from framejam_protocol.wire import WireError, decode_client, encode, too_long
from framejam_server.hub import Hub, Running
from framejam_server.member import Member
from framejam_server.net.admission import Refused, admit
from framejam_server.net.direct import Direct, Frames
from framejam_server.net.doorstep import Doorstep
from framejam_server.net.gate import Gate, NoPlace, address_of
from framejam_server.net.outbox import Outbox
from framejam_server.session.ratelimit import Bucket
from framejam_server.store.contract import StoreError

log = structlog.get_logger("framejam.socket")

HEARTBEAT_S: Final = 20.0
"""Protocol-level pings find connections whose other end vanished without a word, half of this
after the ping: within 30 s (``limits.MAX_RECEIPTS`` relies on it)."""

CLOSE_S: Final = 5.0
"""How long the other end may take to answer a close."""

MAX_REASON_BYTES: Final = 123
"""RFC 6455, 5.5: a control frame carries 125 bytes, two of them the code."""

UNSENT_LOW_WATER: Final = 64 * 1024
"""What the kernel may hold unsent; more would be stale previews nobody wants any more (C4)."""


@dataclass
class Sockets:
    """The socket endpoint and what bounds it."""

    hub: Hub
    gate: Gate
    allowed_origins: frozenset[str]
    outboxes: set[Outbox] = field(default_factory=set)
    frames: Frames = field(default_factory=Frames)

    @property
    def queued_bytes(self) -> int:
        """What waits in order for all clients together."""
        return sum(outbox.queued_bytes for outbox in self.outboxes)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """``GET /socket``: upgrade, admit, and serve until either end closes."""
        if not self._same_origin(request):
            raise web.HTTPForbidden(text="this origin may not connect; see allowed_origins")
        # aiohttp fixes the size when it prepares the socket, so it is that of a member's messages;
        # how much of a stranger's is read ``Doorstep`` bounds.
        ws = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=limits.MAX_REFUSED_BYTES, compress=False
        )
        straight = Direct(ws, request.transport, self.frames)
        outbox = Outbox(ws.send_bytes, observer=self.hub.observer, straight=straight)
        address = address_of(request.remote)
        try:
            with self.gate.place(address):
                await ws.prepare(request)
                _bound_kernel_buffer(request)
                doorstep = Doorstep(request.transport)
                hello = await _hello(ws, doorstep)
                running, member = await admit(self.hub, self.gate, address, hello, outbox)
                doorstep.cross()
        except NoPlace as error:
            if error.own:
                raise web.HTTPTooManyRequests(text=str(error)) from error
            raise web.HTTPServiceUnavailable(text=str(error)) from error
        except Refused as refused:
            return await _refuse(request, ws, refused)
        except StoreError as error:
            return await _refuse(
                request, ws, Refused(Close.UNAVAILABLE, Code.UNAVAILABLE, str(error))
            )
        self.outboxes.add(outbox)
        try:
            await _converse(request, ws, outbox, running, member)
        finally:
            self.outboxes.discard(outbox)
            running.leave(member)
        return ws

    def _same_origin(self, request: web.Request) -> bool:
        """Browsers send Origin: another site's page must not act for its visitor (A2)."""
        origin = request.headers.get("Origin")
        if origin is None or origin in self.allowed_origins:
            return True
        try:
            return urlsplit(origin).netloc == request.host
        except ValueError:
            return False


async def _hello(ws: web.WebSocketResponse, doorstep: Doorstep) -> Hello:
    """The first message, within its limits. Raises ``Refused``."""
    receiving = asyncio.create_task(ws.receive())
    either: set[asyncio.Future[Any]] = {receiving, doorstep.full}
    try:
        # Around the whole wait: a receive's own timeout starts again with every ping.
        await asyncio.wait(
            either,
            timeout=limits.HELLO_TIMEOUT_S,
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        # What was read before the doorstep was full counts: it woke up ``receiving`` first.
        if not receiving.done():
            receiving.cancel()
            await asyncio.wait({receiving})
    if receiving.cancelled():
        if doorstep.full.done():
            raise _long_hello()
        raise Refused(Close.HELLO_TIMEOUT, Code.INVALID, "say hello first, and sooner")
    first = receiving.result()
    if first.type is not WSMsgType.BINARY:
        raise Refused(
            Close.HELLO_EXPECTED,
            Code.MALFORMED,
            "the first message is a hello as one binary MessagePack map",
        )
    if len(first.data) > limits.MAX_HELLO_BYTES:
        raise _long_hello()
    try:
        message = decode_client(first.data)
    except WireError as error:
        raise Refused(Close.MALFORMED, error.code, str(error), error.field) from error
    if not isinstance(message, Hello):
        raise Refused(
            Close.HELLO_EXPECTED,
            Code.INVALID,
            "the first message is a hello; nothing else is accepted before it",
        )
    if VERSION not in message.versions:
        close = Close.TOO_OLD if max(message.versions) < VERSION else Close.TOO_NEW
        raise Refused(close, Code.INVALID, f"this server speaks version {VERSION} only", "versions")
    return message


def _long_hello() -> Refused:
    return Refused(
        Close.MALFORMED, Code.TOO_LARGE, f"a hello has at most {limits.MAX_HELLO_BYTES} bytes"
    )


async def _converse(
    request: web.Request,
    ws: web.WebSocketResponse,
    outbox: Outbox,
    running: Running,
    member: Member,
) -> None:
    """Read and write until one end is done; whichever ends first ends the other."""
    reader = asyncio.create_task(_read(ws, outbox, running, member))
    writer = asyncio.create_task(outbox.run())
    try:
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        if outbox.closed_with is not None:
            # Whoever closed it said why: let the words go out (the outbox bounds the time).
            await asyncio.wait({writer})
    finally:
        reader.cancel()
        writer.cancel()
        results = await asyncio.gather(reader, writer, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, ConnectionError):
            log.error("connection failed", participant=member.participant, exc_info=result)
    code, reason = outbox.closed_with or (WSCloseCode.OK, "")
    await _close(request, ws, code, reason)


async def _close(request: web.Request, ws: web.WebSocketResponse, code: int, reason: str) -> None:
    """Close with words, but not for ever: a client that takes nothing is cut off (C4)."""
    if ws.closed:
        return
    try:
        async with asyncio.timeout(CLOSE_S):
            await ws.close(code=code, message=reason.encode()[:MAX_REASON_BYTES])
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()


async def _read(
    ws: web.WebSocketResponse, outbox: Outbox, running: Running, member: Member
) -> None:
    pace = Bucket(limits.MESSAGES_PER_SECOND, limits.MAX_MESSAGE_BURST)
    async for received in ws:
        if outbox.closed_with is not None:
            return
        if received.type is WSMsgType.ERROR:
            return  # beyond all limits or torn: aiohttp has closed it, and said why
        # A burst that has arrived already would otherwise be handled without letting others run.
        await asyncio.sleep(0)
        cost = 1 + len(received.data) // limits.MESSAGE_COST_BYTES
        sent = await _understood(received)
        del received  # up to 8 MiB: not to be kept until the next message comes
        await _paced(pace, cost)
        if isinstance(sent, Need | Look):  # a part of the log is read for it
            await _paced(pace, limits.NEED_COST)
        if outbox.closed_with is not None:
            return  # while it waited: what somebody sent who was removed then is not heard
        if not isinstance(sent, WireError):
            _dispatch(sent, outbox, running, member)
        elif sent.client_seq is not None:
            running.live.submit(member, sent)
        else:
            _send(outbox, Fault(code=sent.code, message=str(sent), field=sent.field, rule="L5"))
            if sent.closes:
                outbox.close(Close.MALFORMED, "that was no message of this protocol")
                return


async def _understood(received: WSMessage) -> ClientMessage | Fault | WireError:
    """What a message says, or what is wrong with it. Text is no message at all."""
    if received.type is not WSMsgType.BINARY:
        return Fault(
            code=Code.MALFORMED, rule="C7", message="send binary MessagePack messages, not text"
        )
    if len(received.data) > limits.MAX_MESSAGE_BYTES:
        # A digest of 8 MiB takes milliseconds, in which others can be served.
        return await asyncio.to_thread(too_long, received.data)
    try:
        return decode_client(received.data)
    except WireError as error:
        return error


async def _paced(pace: Bucket, cost: float) -> None:
    """Read on no faster than this connection may send (L5).

    Nothing is dropped and nobody is told: what comes too fast waits in the sender's own socket.
    """
    if (wait := pace.take(time.monotonic(), cost)) > 0:
        await asyncio.sleep(wait)
        pace.spend(time.monotonic(), cost)


def _dispatch(message: object, outbox: Outbox, running: Running, member: Member) -> None:
    live = running.live
    match message:
        case Edit() | Undo() | Redo() | Mark() | Restore() as command:
            live.submit(member, command)
        case EndGroup():
            live.end_group(member)
        case Control() as control:
            live.control(member, control)
        case PresenceUpdate() as update:
            live.point(member, update)
        case Watch() as watch:
            live.watch(member, watch)
            running.looks.watch(member)
        case Look() as look:
            running.looks.look(member, look)
        case EndLook():
            running.looks.end(member)
        case Need(after=after):
            live.catch_up(member, after)
        case Ping(nonce=nonce):
            _send(outbox, Pong(nonce=nonce))
        case Fault() as fault:
            _send(outbox, fault)
        case Hello():
            _send(
                outbox,
                Fault(
                    code=Code.INVALID,
                    field="type",
                    rule="C1",
                    message="you said hello already; open a new connection instead",
                ),
            )


def _send(outbox: Outbox, message: ServerMessage) -> None:
    outbox.send(encode(message))


async def _refuse(
    request: web.Request, ws: web.WebSocketResponse, refused: Refused
) -> web.WebSocketResponse:
    """Say why in a message (browsers show close reasons poorly), then close with the code."""
    if not ws.closed:
        fault = Fault(code=refused.code, message=str(refused), field=refused.field, rule="C1")
        await ws.send_bytes(encode(fault))
        await _close(request, ws, refused.close, str(refused))
    return ws


def _bound_kernel_buffer(request: web.Request) -> None:
    transport = request.transport
    raw = transport.get_extra_info("socket") if transport is not None else None
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if raw is not None and option is not None:
        raw.setsockopt(socket.IPPROTO_TCP, option, UNSENT_LOW_WATER)
