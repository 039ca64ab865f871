"""Steady load from several participants, and the same against the naive server."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from framejam import Session
from framejam_protocol.instructions import Paint
from framejam_protocol.limits import UNIT
from framejam_protocol.messages import Edit
from framejam_protocol.wire import encode

Send = Callable[[int], Coroutine[Any, Any, float]]
"""Sends edit number n; milliseconds until it was acknowledged."""


async def steady(senders: Sequence[Send], per_second: float, seconds: float) -> list[float]:
    """Let ``senders`` take turns, ``per_second`` edits in all, for ``seconds``; all the times.

    Edits are sent by the clock, whether or not earlier ones have been answered: a server that
    stalls is not spared the edits that people would have made meanwhile.
    """
    start = time.perf_counter()
    sent: list[asyncio.Task[float]] = []
    for number in range(round(per_second * seconds)):
        await asyncio.sleep(start + number / per_second - time.perf_counter())
        send = senders[number % len(senders)]
        sent.append(asyncio.create_task(send(number)))
    return list(await asyncio.gather(*sent))


def stroke(number: int) -> Paint:
    """A short stroke, another one for every number: what a hand draws in a fifth of a second."""
    y = number * 2711 % UNIT
    points = tuple((place * UNIT // 12, (y + place * 900) % UNIT) for place in range(12))
    return Paint(points, f"#{number * 40503 % 2**24:06x}", UNIT // 20)


def framejam_sender(session: Session) -> Send:
    """Paints in ``session``."""

    async def send(number: int) -> float:
        return (await session.give(stroke(number))).ack_ms

    return send


@asynccontextmanager
async def naive_senders(folder: Path, count: int) -> AsyncIterator[list[Send]]:
    """Start the naive server with its database in ``folder`` and connect ``count`` clients."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "framejam_server.bench.naive",
        str(folder / "naive.sqlite"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(_naive_client(port)) for _ in range(count)]
            yield [client.send for client in clients]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class _Numbered(msgspec.Struct):
    client_seq: int


class _NaiveClient:
    """Sends the bytes a framejam client would send, and waits until they come back."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[None]] = {}

    async def send(self, number: int) -> float:
        started = time.perf_counter()
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[number + 1] = answer
        await self._socket.send(encode(Edit(number + 1, stroke(number))))
        await answer
        return (time.perf_counter() - started) * 1000

    async def read(self) -> None:
        async for data in self._socket:
            assert isinstance(data, bytes)
            number = msgspec.msgpack.decode(data, type=_Numbered).client_seq
            answer = self._waiting.pop(number, None)
            if answer:
                answer.set_result(None)


@asynccontextmanager
async def _naive_client(port: int) -> AsyncIterator[_NaiveClient]:
    async with connect(f"ws://127.0.0.1:{port}", compression=None, proxy=None) as socket:
        client = _NaiveClient(socket)
        reading = asyncio.create_task(client.read())
        try:
            yield client
        finally:
            reading.cancel()
