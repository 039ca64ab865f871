"""Sessions that move, over HTTP: bundles out and in (R5), and branches (R4)."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Final, TypeVar

import msgspec
import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from framejam_protocol.errors import Code
from framejam_protocol.events import VersionName
from framejam_protocol.limits import MAX_BUNDLE_BYTES
from framejam_server.bundles import SUFFIX, BadBundle, Carrier, NoSession
from framejam_server.net.body import read_json
from framejam_server.net.caller import Caller, HttpError
from framejam_server.store.contract import Token

T = TypeVar("T")

log = structlog.get_logger("framejam.bundles")

MOST_AT_ONCE: Final = 16
"""Bundles that are being made, sent or received at one time: each has a file on the disk."""

_RETRY_S: Final = 30
_SILENCE_S: Final = 60.0
"""Whoever sends nothing for so long is not sending a bundle."""

_SENDING_S: Final = 3600.0
"""Whoever takes longer for a bundle keeps a place that others want."""

_PIECE: Final = 2**20
_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9._-]+")


class BranchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST .../branches``."""

    seq: Annotated[int, msgspec.Meta(ge=1)]
    name: VersionName | None = None


class _Passing(web.FileResponse):
    """A file that is sent once; ``after`` is called however that ends."""

    def __init__(self, path: Path, name: str, after: Callable[[], Awaitable[None]]) -> None:
        disposition = f'attachment; filename="{name}"'
        super().__init__(path, headers={"Content-Disposition": disposition})
        self.content_type = "application/zip"
        self._after = after

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send all of it."""
        try:
            async with asyncio.timeout(_SENDING_S):
                return await super().prepare(request)
        finally:
            await self._after()


@dataclass(frozen=True)
class Bundles:
    """The HTTP handlers. ``folder`` is for files on their way."""

    caller: Caller
    carrier: Carrier
    folder: Path
    working: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Reading and checking a long log takes a whole core: one at a time."""
    busy: set[tuple[str, str]] = field(default_factory=set)
    """Whose bundle is on its way, by session and participant: one of each person."""

    def routes(self) -> list[web.RouteDef]:
        """What an application adds to its router."""
        session = "/api/sessions/{session}"
        return [
            web.get(f"{session}/bundle", self.bundle, allow_head=False),
            web.post(f"{session}/imports", self.bring),
            web.post(f"{session}/branches", self.branch),
        ]

    async def bundle(self, request: web.Request) -> web.StreamResponse:
        """``GET .../bundle``: the session as one file."""
        token, running = await self.caller.who(request, "export")
        row = running.live.row
        who = self._take_place(token)
        path = None
        try:
            path = await self._new_file()
            async with self.working:
                await self._moved(self.carrier.bundle(row.id, path))
        except BaseException:
            await self._leave(who, path)
            raise
        self.caller.hub.trail.note(row.id, "exported", token.participant or "")
        return _Passing(path, _file_name(row.name or row.id), lambda: self._leave(who, path))

    async def bring(self, request: web.Request) -> web.Response:
        """``POST .../imports``: a new session of the bundle that is the body."""
        token, running = await self.caller.who(request, "import")
        if (request.content_length or 0) > MAX_BUNDLE_BYTES:
            raise _too_large()
        who = self._take_place(token)
        path = None
        try:
            path = await self._new_file()
            try:
                async with asyncio.timeout(_SENDING_S):
                    await _receive(request, path)
            except TimeoutError as error:
                message = f"it took longer than {_SENDING_S:.0f} s; send it again, and faster"
                raise HttpError(Code.INVALID, message, "body") from error
            async with self.working:
                self.caller.require(running, token.participant or "", "import")
                moved = await self._moved(self.carrier.bring(path))
        finally:
            await self._leave(who, path)
        trail = self.caller.hub.trail
        trail.note(token.session, "imported", token.participant or "", moved.row.id)
        trail.note(moved.row.id, "imported")
        return web.json_response({"session": moved.row.id, "path": moved.path}, status=201)

    async def branch(self, request: web.Request) -> web.Response:
        """``POST .../branches``: a new session of this one's first events, owned by who asks."""
        token, running = await self.caller.who(request, "branch")
        wanted = await read_json(request, BranchRequest)
        state = running.live.state
        if wanted.seq > state.seq:
            message = f"the log ends at {state.seq}: name an event up to there"
            raise HttpError(Code.NOT_FOUND, message, "seq")
        person = state.participants[token.participant or ""]
        place = self._take_place(token)
        try:
            async with self.working:
                self.caller.require(running, person.participant, "branch")
                moved = await self._moved(
                    self.carrier.branch(running.live.row.id, wanted.seq, person, wanted.name)
                )
        finally:
            await self._leave(place, None)
        trail = self.caller.hub.trail
        who = person.participant
        trail.note(token.session, "branched", who, moved.row.id, f"at event {wanted.seq}")
        answer = {"session": moved.row.id, "path": moved.path, "participant": who}
        return web.json_response(answer, status=201)

    def _take_place(self, token: Token) -> tuple[str, str]:
        """Who has a bundle on its way now; let go of it with ``_leave``. Raises ``HttpError``."""
        who = token.session, token.participant or ""
        if who in self.busy:
            message = "a bundle or branch of yours is on its way already; wait until it is there"
            raise HttpError(Code.RATE_LIMITED, message, retry_after_s=_RETRY_S)
        if len(self.busy) >= MOST_AT_ONCE:
            message = f"{MOST_AT_ONCE} bundles are on their way already; try again later"
            raise HttpError(Code.RATE_LIMITED, message, retry_after_s=_RETRY_S)
        self.busy.add(who)
        return who

    async def _leave(self, who: tuple[str, str], path: Path | None) -> None:
        self.busy.discard(who)
        if path is not None:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _moved(self, moving: Awaitable[T]) -> T:
        """What came of it, or the error that says why not."""
        try:
            return await moving
        except BadBundle as error:
            raise HttpError(error.code, str(error), error.field) from error
        except NoSession as error:
            raise HttpError(Code.NOT_FOUND, "this session does not exist", "session") from error
        except OSError as error:
            raise _disk(error) from error

    async def _new_file(self) -> Path:
        return await self._moved(asyncio.to_thread(_made, self.folder))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        return Path(file.name)


async def _receive(request: web.Request, path: Path) -> None:
    """The body as a file. Raises ``HttpError``."""
    size, piece = 0, bytearray()
    with await asyncio.to_thread(path.open, "wb") as file:
        while True:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    chunk = await request.content.readany()
            except TimeoutError as error:
                message = f"nothing came for {_SILENCE_S:.0f} s; send it again"
                raise HttpError(Code.INVALID, message, "body") from error
            size += len(chunk)
            if size > MAX_BUNDLE_BYTES:
                raise _too_large()
            piece += chunk
            if len(piece) >= _PIECE or not chunk:
                await asyncio.to_thread(_keep, file, bytes(piece))
                piece.clear()
            if not chunk:
                return


def _keep(file: IO[bytes], data: bytes) -> None:
    try:
        file.write(data)
    except OSError as error:
        raise _disk(error) from error


def _disk(error: OSError) -> HttpError:
    log.error("bundle not kept", error=str(error))
    return HttpError(Code.UNAVAILABLE, "the disk is full or gone; try again later")


def _too_large() -> HttpError:
    message = f"a bundle has at most {MAX_BUNDLE_BYTES // 2**20} MiB"
    return HttpError(Code.TOO_LARGE, message, "body")


def _file_name(name: str) -> str:
    """For whoever saves it: letters of every language are not safe in a header."""
    return f"session-{_FORBIDDEN.sub('-', name).strip('-.')[:60] or 'framejam'}{SUFFIX}"
