"""What can go wrong for a client, one class per thing a program would do about it."""

from __future__ import annotations

from typing import Final

from framejam_protocol.errors import Close

_FINAL_STANDARD: Final = frozenset({1002, 1003, 1007, 1008, 1009, 1010})
"""Standard close codes that blame what this client sent: saying it again cannot help."""


class FramejamError(Exception):
    """Anything this package raises on purpose."""


class BadLink(FramejamError, ValueError):
    """The link is not of the form ``http://host/s/SESSION#TOKEN``; copy it whole."""


class Unreachable(FramejamError):
    """No server answered at the link's address in the given time."""


class TakeFailed(FramejamError):
    """The server has given up denoising this take; the message is its note."""


class LookEnded(FramejamError):
    """This look goes on no longer: another look of the same person took its place (T12)."""


class Refused(FramejamError):
    """The server understood and said no; nothing changed (L5).

    ``code`` is one of ``framejam_protocol.errors.Code``, ``field`` the path of the offending part
    (``instruction.points[3]``) and ``rule`` an id of SPEC.md, both None where there is none.
    """

    def __init__(
        self, code: str, message: str, field: str | None = None, rule: str | None = None
    ) -> None:
        place = f" (at {field})" if field else ""
        super().__init__(f"{code}: {message}{place}")
        self.code = code
        self.message = message
        self.field = field
        self.rule = rule


class Closed(FramejamError):
    """The session is over for this client and will not come back by itself.

    ``code`` is the WebSocket close code (C6), ``reason`` what the server said about it.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the connection ended with {code}: {reason}")
        self.code = code
        self.reason = reason


class Unauthorised(Closed):
    """The link is wrong, revoked, expired or used up, or one was removed; ask for a new invite."""


class Gone(Closed):
    """The session does not exist, or no longer."""


def is_final(code: int) -> bool:
    """Whether reconnecting after close code ``code`` would end the same way."""
    return code >= Close.HELLO_TIMEOUT or code in _FINAL_STANDARD


def closed(code: int, reason: str) -> Closed:
    """The error for a final close code, of the most telling class."""
    kind = (
        {Close.UNAUTHORISED: Unauthorised, Close.GONE: Gone}.get(Close(code), Closed)
        if code in set(Close)
        else Closed
    )
    return kind(code, reason or "no reason given")
