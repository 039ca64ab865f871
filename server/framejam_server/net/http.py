"""HTTP beside the socket: the page, images, takes, the finished clip, who did what."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog
from aiohttp import web

from framejam_protocol.errors import Code
from framejam_protocol.limits import MAX_BLOB_BYTES
from framejam_server.hub import Running
from framejam_server.images import BadImage, inspect_image
from framejam_server.net.caller import Caller, HttpError
from framejam_server.net.gate import TooManyFailures
from framejam_server.net.takes import takes_of
from framejam_server.net.who import BadQuery, parse_spot
from framejam_server.outcome import Finished
from framejam_server.questions import NotReady, TooMany
from framejam_server.quotas import Full
from framejam_server.store.contract import Blob, StoreError

log = structlog.get_logger("framejam.http")


class BlobStore(msgspec.Struct, frozen=True):
    """The two things HTTP does with files; both block."""

    put: Callable[[bytes], str]
    get: Callable[[str], bytes]


@dataclass(frozen=True)
class Api:
    """The HTTP handlers. ``encode_clip`` turns a finished take into MP4 bytes (blocking)."""

    caller: Caller
    files: BlobStore
    page: Path
    encode_clip: Callable[[Finished, int], bytes]
    decoding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """An image of the largest size takes 160 MB while it is decoded: two at a time."""

    def routes(self) -> list[web.RouteDef | web.StaticDef]:
        """Everything but the socket."""
        session = "/api/sessions/{session}"
        routes: list[web.RouteDef | web.StaticDef] = [
            web.get("/", self.index),
            web.get("/s/{session}", self.index),
            web.post(f"{session}/blobs", self.upload),
            web.get(f"{session}/blobs/{{blob}}", self.blob),
            web.get(f"{session}/clip.mp4", self.clip),
            web.get(f"{session}/takes", self.takes),
            web.get(f"{session}/who", self.who),
        ]
        if (self.page / "assets").is_dir():
            routes.append(web.static("/assets", self.page / "assets"))
        return routes

    async def index(self, _request: web.Request) -> web.StreamResponse:
        """The studio page; what it may see is decided by the token in the fragment."""
        page = self.page / "index.html"
        if not page.is_file():
            raise HttpError(Code.NOT_FOUND, "the page is not built: run `make studio`")
        return web.FileResponse(page, headers={"Cache-Control": "no-cache"})

    async def upload(self, request: web.Request) -> web.Response:
        """``POST .../blobs``: keep an image; answers its id and size."""
        token, running = await self.caller.who(request, "upload")
        if (request.content_length or 0) > MAX_BLOB_BYTES:
            raise HttpError(Code.TOO_LARGE, _too_large())
        data = await request.read()
        async with self.decoding:
            media_type, width, height = await asyncio.to_thread(inspect_image, data)
        # The body may have taken its time: so may an owner have.
        self.caller.require(running, token.participant or "", "upload")
        blob = await self._keep(running, data, media_type, width, height)
        return web.json_response({"blob": blob, "width": width, "height": height}, status=201)

    async def _keep(
        self, running: Running, data: bytes, media_type: str, width: int, height: int
    ) -> str:
        """Make an image the session's; its id. Raises ``Full`` and ``HttpError``."""
        hub, live = self.caller.hub, running.live
        # Not while a session goes: the image may be the file that it leaves to nobody else.
        async with hub.images:
            if hashlib.sha256(data).hexdigest() not in live.core.blobs:
                await hub.quotas.room_for_images(hub.store, live.row.id, len(data))
            try:
                blob = await asyncio.to_thread(self.files.put, data)
            except OSError as error:
                log.error("image not kept", error=str(error))
                raise HttpError(
                    Code.UNAVAILABLE, "the image could not be kept; send it again later"
                ) from error
            await hub.store.add_blob(live.row.id, Blob(blob, media_type, width, height, len(data)))
        live.core.blobs.add(blob)
        return blob

    async def blob(self, request: web.Request) -> web.Response:
        """``GET .../blobs/{blob}``: an image of this session."""
        _, running = await self.caller.who(request)
        blob = request.match_info["blob"]
        if blob not in running.live.core.blobs:
            raise HttpError(Code.NOT_FOUND, "this session has no such image", "blob")
        data = await asyncio.to_thread(self.files.get, blob)
        return web.Response(
            body=data,
            headers={
                "Content-Type": "application/octet-stream",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "private, max-age=31536000, immutable",
            },
        )

    async def clip(self, request: web.Request) -> web.Response:
        """``GET .../clip.mp4``: the finished take as a video."""
        _, running = await self.caller.who(request)
        conductor = running.conductor
        finished = conductor.current_clip
        if finished is None:
            raise HttpError(
                Code.NOT_READY,
                f"the take is at step {conductor.position} of "
                f"{conductor.steps}; the clip is there when it is finished",
            )
        settings = running.live.state.settings or conductor.settings
        data = await asyncio.to_thread(self.encode_clip, finished, settings.fps)
        name = f"framejam-{running.live.row.id}.mp4"
        return web.Response(
            body=data,
            content_type="video/mp4",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def takes(self, request: web.Request) -> web.Response:
        """``GET .../takes``: the session's takes, each with its settings and its newest clip."""
        token, running = await self.caller.who(request)
        clips = await self.caller.hub.store.newest_clips(token.session)
        found = takes_of(running.live.state, clips)
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    async def who(self, request: web.Request) -> web.Response:
        """``GET .../who?x=&y=&frame=``: which edits weigh on a point of the take (M6)."""
        _, running = await self.caller.who(request)
        try:
            spot = parse_spot(request.query, running.live.state.take_settings.frames)
            answer = await running.conductor.questions.who(spot.frame, (spot.x, spot.y))
        except BadQuery as error:
            raise HttpError(Code.INVALID, str(error), error.field) from error
        except NotReady as error:
            raise HttpError(Code.NOT_READY, str(error)) from error
        except TooMany as error:
            raise HttpError(Code.RATE_LIMITED, str(error)) from error
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


def _too_large() -> str:
    return f"an image has at most {MAX_BLOB_BYTES // 2**20} MiB; make it smaller"


@web.middleware
async def errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Typed errors as JSON, whatever raised them."""
    try:
        return await handler(request)
    except HttpError as error:
        return error.response()
    except BadImage as error:
        return HttpError(error.code, str(error), "body").response()
    except TooManyFailures as error:
        wait = error.retry_after_s
        return HttpError(Code.RATE_LIMITED, str(error), "Authorization", wait).response()
    except Full as error:
        return HttpError(Code.TOO_LARGE, str(error), error.field).response()
    except web.HTTPRequestEntityTooLarge:
        return HttpError(Code.TOO_LARGE, _too_large(), "body").response()
    except StoreError as error:
        log.error("store failed", path=request.path, error=str(error))
        return HttpError(Code.UNAVAILABLE, f"try again later: {error}").response()
