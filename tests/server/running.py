"""Real server processes, and a client made of nothing but websockets and msgpack."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack
import websockets

START_S = 90


class RunningServer:
    """``framejam serve`` as a process of its own; ``stop`` or ``kill`` it."""

    def __init__(self, data: Path, model: Path, *options: str, port: int = 0) -> None:
        # Tests hammer as no person does; those of the limits set their own.
        environment = {"FRAMEJAM_EDITS_PER_SECOND": "200", **os.environ}
        environment.update({"FRAMEJAM_MODEL": str(model), "FRAMEJAM_SEED": "5"})
        self.log = data.with_suffix(".log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "framejam_server",
                    "serve",
                    "--port",
                    str(port),
                    "--data",
                    str(data),
                    *options,
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
            )
        self.link = self._ready()
        base, self.token = self.link.split("#")
        self.origin, _, self.session = base.rpartition("/s/")
        self.port = int(self.origin.rsplit(":", 1)[1])

    def _ready(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        found = re.fullmatch(r"framejam ready (http\S+)\n", line)
        assert found, f"no ready line: {line!r}\n{self.log.read_text()}"
        return found.group(1)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self) -> None:
        """kill -9, as a crash would."""
        self.process.kill()
        self.process.wait(20)

    def call(
        self,
        method: str,
        path: str,
        token: str = "",
        body: bytes | None = None,
    ) -> tuple[int, bytes]:
        """One HTTP call: status and body."""
        request = urllib.request.Request(self.origin + path, data=body, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def invite(self, owner: Raw, role: str) -> str:
        """An invite's token, made by an owner."""
        status, body = self.call(
            "POST",
            f"/api/sessions/{self.session}/invites",
            owner.token,
            json.dumps({"role": role}).encode(),
        )
        assert status == 201, body
        return json.loads(body)["path"].split("#")[1]

    async def join(self, token: str | None = None, **hello: Any) -> Raw:
        """A connected and welcomed client."""
        raw = await Raw.open(self)
        await raw.hello(self.session, self.token if token is None else token, **hello)
        return raw


@dataclass
class Raw:
    """One socket; everything received is kept in order."""

    socket: websockets.ClientConnection
    messages: list[dict[str, Any]] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    welcome: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    sent: int = 0
    closed: tuple[int, str] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _reader: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, server: RunningServer, **options: Any) -> Raw:
        url = server.origin.replace("http", "ws") + "/socket"
        raw = cls(await websockets.connect(url, max_size=2**26, **options))
        raw._reader = asyncio.create_task(raw._read())
        return raw

    async def _read(self) -> None:
        try:
            async for data in self.socket:
                assert isinstance(data, bytes)
                if data[0] == 0xC1:
                    self.previews.append(data)
                else:
                    self.messages.append(msgpack.unpackb(data))
                self._news.set()
        except websockets.ConnectionClosed:
            pass  # the code is read below, whichever end closed
        self.closed = (self.socket.close_code or 0, self.socket.close_reason or "")
        self._news.set()

    async def hello(self, session: str, token: str, **fields: Any) -> None:
        await self.send(
            {
                "type": "hello",
                "versions": [1],
                "session": session,
                "token": token,
                "client_id": f"client-{secrets.token_hex(8)}",
                **fields,
            }
        )
        self.welcome = await self.wait_for(lambda m: m["type"] == "welcome")
        self.token = self.welcome["token"] or token
        # Whoever was there before hears of an arrival after the arrived one got its catch-up.
        await self.wait_for(lambda m: m["type"] == "people")

    async def catch_up(self) -> None:
        """Ask for the rest of a log that comes in pieces, until it is complete (C3)."""
        pieces = 0
        while True:
            self._news.clear()
            found = [m for m in self.messages if m["type"] == "events"]
            if len(found) > pieces:
                pieces = len(found)
                if not found[-1]["more"]:
                    return
                await self.send({"type": "need", "after": found[-1]["events"][-1]["seq"]})
            await asyncio.wait_for(self._news.wait(), 20)

    async def send(self, message: Any) -> None:
        await self.socket.send(message if isinstance(message, bytes) else msgpack.packb(message))

    async def command(self, **fields: Any) -> dict[str, Any]:
        """Send a command with the next client_seq; its ack or refusal."""
        self.sent += 1
        number = self.sent
        await self.send({"client_seq": number, **fields})
        return await self.wait_for(
            lambda m: m["type"] in ("ack", "refusal") and m["client_seq"] == number
        )

    async def content(self, text: str) -> dict[str, Any]:
        return await self.command(type="edit", instruction={"kind": "content", "text": text})

    async def paint(self, color: str = "#ff0000", **fields: Any) -> dict[str, Any]:
        stroke = {
            "kind": "paint",
            "points": [[9000, 9000], [30000, 30000]],
            "color": color,
            "width": 12000,
        }
        return await self.command(type="edit", instruction=stroke, **fields)

    async def wait_for(self, wanted: Any, seconds: float = 20.0) -> dict[str, Any]:
        """The first message received (ever) that is wanted."""
        return await self._until(
            lambda: next((m for m in self.messages if wanted(m)), None), seconds
        )

    async def preview(self, wanted: Any, seconds: float = 30.0) -> bytes:
        """The first preview received that is wanted."""
        return await self._until(lambda: next(filter(wanted, self.previews), None), seconds)

    async def _until(self, found: Any, seconds: float) -> Any:
        end = time.monotonic() + seconds
        while (value := found()) is None:
            assert self.closed is None, f"closed with {self.closed} after {self.messages[-3:]}"
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), end - time.monotonic())
        return value

    async def close_code(self, seconds: float = 15.0) -> int:
        """Wait for the other end to close; with which code."""
        end = time.monotonic() + seconds
        while self.closed is None:
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), end - time.monotonic())
        return self.closed[0]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event received, in the order it came."""
        found = []
        for message in self.messages:
            found += message["events"] if message["type"] == "events" else []
            found += [message] if message["type"] == "event" else []
        return found

    async def close(self) -> None:
        await self.socket.close()
        if self._reader is not None:
            await self._reader


def preview_seq(data: bytes) -> int:
    return int.from_bytes(data[24:32], "big")


def preview_step(data: bytes) -> int:
    return int.from_bytes(data[16:18], "big")


def preview_done(data: bytes) -> bool:
    return data[2] == 2
