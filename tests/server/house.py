"""The whole application in this process, on loopback: real sockets and HTTP, no model.

Sessions are made quickly, and the clock is the test's: ``ms`` and ``ahead`` move it.
"""

from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp import web
from quick import QuickRenderer
from running import Raw
from stage import READY, SETTINGS

from framejam_protocol.events import Joined
from framejam_server.app import Opened, web_app
from framejam_server.config import Config
from framejam_server.hub import Hub, Running
from framejam_server.live import Clock
from framejam_server.net.auth import mint
from framejam_server.net.metrics import Metrics
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.contract import Store
from framejam_server.store.leavings import Leavings
from framejam_server.store.memory import MemoryStore

START_MS = 1_700_000_000_000


class House:
    """A running application; ``call`` it, ``join`` its sessions."""

    def __init__(self, folder: Path, store: Store | None = None, **options: Any) -> None:
        self.ms = START_MS
        self.ahead = 0.0
        self.store = store or MemoryStore()
        self.files = BlobFiles(folder / "blobs")
        self.forgotten: list[str] = []
        self.leavings = Leavings(folder / "deleting", self.files, [self.forgotten.append])
        self.renderer = QuickRenderer()
        self.hub = Hub(
            self.store,
            self.renderer,
            READY,
            Clock(lambda: self.ms, lambda: time.monotonic() + self.ahead),
            lambda: secrets.token_hex(8),
            leavings=self.leavings,
            **options,
        )
        behind = Opened(self.hub, self.files, Metrics(), lambda: True)
        self.app = web_app(behind, Config(data=folder, hellos_per_address=64))
        self.origin = ""
        self.http: aiohttp.ClientSession

    async def start(self) -> None:
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        bound = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(self._runner, bound).start()
        self.origin = f"http://127.0.0.1:{bound.getsockname()[1]}"
        self.http = aiohttp.ClientSession()

    async def stop(self) -> None:
        await self.http.close()
        await self.hub.close()
        await self._runner.cleanup()

    async def session(self, **people: str) -> Room:
        """A new session with people of these roles: each has a token, nobody is connected."""
        row = await self.hub.create(SETTINGS)
        room = Room(self, row.id, await self.running(row.id))
        for name, role in people.items():
            await room.add(name, role)
        return room

    async def running(self, session: str) -> Running:
        running = await self.hub.open(session)
        assert running is not None
        return running

    async def call(
        self, method: str, path: str, token: str = "", body: object = None
    ) -> SimpleNamespace:
        """One HTTP call; ``body`` is bytes, or what becomes JSON."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        async with self.http.request(
            method, self.origin + path, data=data, headers=headers
        ) as response:
            content = await response.read()
            is_json = response.content_type == "application/json"
            return SimpleNamespace(
                status=response.status,
                body=content,
                json=json.loads(content) if is_json else None,
                headers=response.headers,
            )


class Room:
    """A session of a house. ``tokens`` and ``ids`` are by name."""

    def __init__(self, house: House, session: str, running: Running) -> None:
        self.house = house
        self.id = session
        self.running = running
        self.tokens: dict[str, str] = {}
        self.ids: dict[str, str] = {}

    @property
    def live(self):
        return self.running.live

    async def add(self, name: str, role: str) -> str:
        """Somebody with a role ("none": removed again) and a token, as after an invite."""
        participant = secrets.token_hex(4)
        first = "viewer" if role == "none" else role
        token, text = mint(self.id, first, participant)
        await self.house.store.add_token(token)
        await self.live.join(
            Joined(participant=participant, name=name, color="#000000", role=first)
        )
        if role == "none":
            assert await self.live.assign("", participant, "none") is None
        self.tokens[name], self.ids[name] = text, participant
        return text

    async def join(self, name_or_token: str, **hello: Any) -> Raw:
        """A connection of somebody, or by a link's token."""
        raw = await Raw.open(self.house)
        await raw.hello(self.id, self.tokens.get(name_or_token, name_or_token), **hello)
        return raw

    async def knock(self, token: str, session: str | None = None, **hello: Any) -> Raw:
        """A connection that says hello, whatever comes of it."""
        raw = await Raw.open(self.house)
        await raw.send(
            {
                "type": "hello",
                "versions": [1],
                "session": session or self.id,
                "token": token,
                "client_id": f"client-{secrets.token_hex(8)}",
                **hello,
            }
        )
        return raw

    async def call(self, method: str, path: str, who: str, body: object = None) -> SimpleNamespace:
        """A call below the session by somebody, or with a token."""
        below = f"/{path}" if path else ""
        where = f"/api/sessions/{self.id}{below}"
        return await self.house.call(method, where, self.tokens.get(who, who), body)

    async def invite(self, who: str = "olga", **wanted: Any) -> SimpleNamespace:
        """A new invite; ``token`` is its secret, ``id`` its id."""
        answer = await self.call("POST", "invites", who, {"role": "editor", **wanted})
        assert answer.status == 201, answer.body
        return SimpleNamespace(
            **answer.json, token=answer.json["path"].split("#")[1], answer=answer.json
        )

    def roles(self) -> dict[str, str]:
        return {one.name: one.role for one in self.live.state.participants.values()}


@asynccontextmanager
async def house_in(
    folder: Path, store: Store | None = None, **options: Any
) -> AsyncIterator[House]:
    """A house that runs until the block ends."""
    made = House(folder, store, **options)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
