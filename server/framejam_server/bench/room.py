"""The baseline for typing: ``python -m framejam_server.bench.room``, rooms of pycrdt-websocket.

On the same HTTP server as framejam. It merges what is typed and passes it on. It does not check
whose letters an update writes or whether it misses something, gives edits no order, acknowledges
nothing and keeps nothing.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing

import uvloop
from aiohttp import WSMsgType, web
from pycrdt import Channel
from pycrdt.websocket import WebsocketServer

from framejam_server.startup import bind


class _Channel(Channel):
    def __init__(self, socket: web.WebSocketResponse, path: str) -> None:
        self._socket = socket
        self._path = path

    @property
    def path(self) -> str:
        return self._path

    async def __anext__(self) -> bytes:
        message = await self._socket.receive()
        if message.type is not WSMsgType.BINARY:
            raise StopAsyncIteration
        return bytes(message.data)

    async def send(self, message: bytes) -> None:
        if not self._socket.closed:
            await self._socket.send_bytes(message)

    async def recv(self) -> bytes:
        return await self.__anext__()


async def main() -> None:
    """Serve on a free loopback port, printed as the first line, until the input ends."""
    opening = asyncio.Lock()
    async with WebsocketServer() as rooms:

        async def handle(request: web.Request) -> web.WebSocketResponse:
            socket = web.WebSocketResponse(compress=False)
            await socket.prepare(request)
            async with opening:  # several who come at once into a new room would wait for ever
                await rooms.get_room(request.path)
            await rooms.serve(_Channel(socket, request.path))
            return socket

        app = web.Application()
        app.router.add_get("/{room}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        with closing(bind("127.0.0.1", 0)) as bound:
            await web.SockSite(runner, bound).start()
            print(bound.getsockname()[1], flush=True)
            while await asyncio.to_thread(sys.stdin.buffer.readline):
                pass
            await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(main())
