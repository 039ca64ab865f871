"""Who calls over HTTP and what they may do (A1, A2), and errors as answers: shared by all calls."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from framejam_protocol.errors import Code
from framejam_protocol.limits import CALLS_PER_SECOND, MAX_CALL_BURST
from framejam_server.hub import Hub, Running
from framejam_server.net.gate import Gate, address_of
from framejam_server.session.ratelimit import Bucket
from framejam_server.session.roles import may, who_may
from framejam_server.store.contract import Token

STATUS: Final = {
    Code.UNAUTHORISED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.NOT_READY: 409,
    Code.TOO_LARGE: 413,
    Code.NOT_AN_IMAGE: 415,
    Code.RATE_LIMITED: 429,
    Code.UNAVAILABLE: 503,
}
"""The status of an error's code; 400 for all others."""


class HttpError(Exception):
    """An answer that is an error: ``{"error": {code, message, field}}`` with its status.

    ``retry_after_s`` says when to come back, in whole seconds.
    """

    def __init__(
        self, code: Code, message: str, field: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.retry_after_s = retry_after_s

    def response(self) -> web.Response:
        """The error as JSON."""
        body = {"code": self.code, "message": str(self), "field": self.field}
        response = web.json_response({"error": body}, status=STATUS.get(self.code, 400))
        if self.retry_after_s is not None:
            response.headers["Retry-After"] = str(self.retry_after_s)
        return response


MAX_CALLERS: Final = 4096
"""People whose calls are counted: those who called last."""


class Calls:
    """How many HTTP calls each person may make (L5); over all sessions, tabs and addresses."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def wait(self, session: str, participant: str, now: float) -> float:
        """0 where one more may be made at ``now`` (seconds), else the seconds until then."""
        key = (session, participant)
        bucket = self._buckets.pop(key, None) or Bucket(CALLS_PER_SECOND, MAX_CALL_BURST)
        self._buckets[key] = bucket
        if len(self._buckets) > MAX_CALLERS:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(now)


@dataclass(frozen=True)
class Caller:
    """Finds out who calls, and for which session."""

    hub: Hub
    gate: Gate
    calls: Calls = field(default_factory=Calls)

    async def who(self, request: web.Request, action: str | None = None) -> tuple[Token, Running]:
        """Who asks, and the session they ask about; ``action`` must be allowed to their role.

        The token is a participant's. Raises ``HttpError``, ``TooManyFailures`` and ``StoreError``.
        """
        session = request.match_info["session"]
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        address = address_of(request.remote)
        token = await self.gate.authenticate(address, session, text.strip())
        if scheme.lower() != "bearer" or token is None or token.participant is None:
            raise _unauthorised(
                "send the participant's token of this session as `Authorization: Bearer ...`"
            )
        if (wait := self.calls.wait(session, token.participant, self.hub.clock.mono())) > 0:
            message = f"more than {CALLS_PER_SECOND} calls a second; send it again later"
            raise HttpError(Code.RATE_LIMITED, message, retry_after_s=max(1, math.ceil(wait)))
        running = await self.hub.open(session)
        if running is None:
            raise HttpError(Code.NOT_FOUND, "this session does not exist", "session")
        self.require(running, token.participant, action)
        return token, running

    def require(self, running: Running, participant: str, action: str | None) -> None:
        """The role that somebody has now must allow ``action`` (None: they must have one).

        Raises ``HttpError``.
        """
        person = running.live.state.participants.get(participant)
        role = "none" if person is None else person.role
        if role == "none":
            raise _unauthorised("you were removed from this session: ask its owner for a new link")
        if action is not None and not may(role, action):
            raise HttpError(
                Code.FORBIDDEN, f"a {role} cannot {action}; that is for {who_may(action)}"
            )


def _unauthorised(message: str) -> HttpError:
    return HttpError(Code.UNAUTHORISED, message, "Authorization")
