"""Pictures of the past over HTTP (R1): what is kept, and the kept one nearest to some event."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec
from aiohttp import web

from framejam_protocol.errors import Code
from framejam_server.hub import Running
from framejam_server.net.caller import Caller, HttpError
from framejam_server.scrubbing import Still, Track, is_exact

_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


class Marks(msgspec.Struct, frozen=True):
    """What is kept, by seq: (seq, take, step, steps) of each."""

    kept: list[tuple[int, int, int, int]]


@dataclass(frozen=True)
class Pictures:
    """The handlers of ``.../history``."""

    caller: Caller

    def routes(self) -> list[web.RouteDef]:
        """Both of them."""
        history = "/api/sessions/{session}/history"
        return [web.get(history, self.kept), web.get(f"{history}/{{seq}}", self.picture)]

    async def kept(self, request: web.Request) -> web.Response:
        """``GET .../history``: what is kept of the session's previews."""
        _, running = await self.caller.who(request)
        track = running.conductor.track
        stills = track.stills() if track is not None else ()
        marks = Marks([(one.seq, one.take, one.step, one.steps) for one in stills])
        return web.Response(
            body=msgspec.json.encode(marks),
            content_type="application/json",
            headers={"Cache-Control": _ASK_AGAIN},
        )

    async def picture(self, request: web.Request) -> web.Response:
        """``GET .../history/{seq}``: the kept contact sheet nearest at or before an event."""
        _, running = await self.caller.who(request)
        asked = _seq(request.match_info["seq"], running.live.state.seq)
        found = await _nearest(running.conductor.track, asked)
        if found is None:
            raise HttpError(
                Code.NOT_FOUND,
                f"no preview is kept of the session as it was after event {asked} or before; "
                f"look {{at: {asked}}} over the socket computes it again",
                "seq",
            )
        still, image = found
        headers = _headers(running, still, asked)
        tag = hashlib.sha256(image).hexdigest()
        headers["ETag"] = f'"{tag}"'
        if any(one.value in (tag, "*") for one in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=image, content_type="image/jpeg", headers=headers)


async def _nearest(track: Track | None, seq: int) -> tuple[Still, bytes] | None:
    """The nearest still whose file is whole; damaged ones are forgotten on the way."""
    while track is not None and (still := track.nearest(seq)) is not None:
        image = await track.read(still)
        if image is not None:
            return still, image
    return None


def _headers(running: Running, still: Still, asked: int) -> dict[str, str]:
    state = running.live.state
    exact = is_exact(state, running.live.core.log, still.seq, asked)
    track = running.conductor.track
    newest = None if track is None else track.nearest(state.seq)
    # A take may still come to a further step of what the newest one shows, never of older ones.
    settled = still.finished or (newest is not None and newest.seq > still.seq)
    return {
        "X-Framejam-Seq": str(still.seq),
        "X-Framejam-Take": str(still.take),
        "X-Framejam-Step": str(still.step),
        "X-Framejam-Steps": str(still.steps),
        "X-Framejam-Grid": still.grid,
        "X-Framejam-Exact": str(int(exact)),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": _FOR_EVER if exact and settled else _ASK_AGAIN,
    }


def _seq(text: str, head: int) -> int:
    """The event that is asked for. Raises ``HttpError``."""
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) >= 1):
        raise HttpError(Code.INVALID, "name an event by its seq, a whole number from 1 on", "seq")
    if int(text) > head:
        raise HttpError(Code.NOT_FOUND, f"the log ends at {head}: name an event up to there", "seq")
    return int(text)
