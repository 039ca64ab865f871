"""Typed errors: what a refusal can say, and the close codes of a socket.

Two audiences: ``Code`` travels in ``refusal`` and ``fault`` messages and in HTTP error bodies;
``Close`` is the WebSocket close code (C6). Close codes below 4500 mean "come back", from 4500 on
"coming back with the same words will end the same way".
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Code(StrEnum):
    """Why something was refused."""

    INVALID = "invalid"
    """A field is missing, has the wrong type or is out of range; the message names it."""
    MALFORMED = "malformed"
    """The bytes are not one MessagePack map."""
    UNKNOWN_TYPE = "unknown_type"
    """The ``type`` of a message or the ``kind`` of an instruction is not of this version."""
    TOO_LARGE = "too_large"
    """Bytes, pixels or points beyond a limit of ``limits.py``."""
    NOT_AN_IMAGE = "not_an_image"
    """The uploaded bytes are not a PNG, JPEG, WebP or GIF image, whatever their name says."""
    FORBIDDEN = "forbidden"
    """The participant's role does not allow this (A1)."""
    UNAUTHORISED = "unauthorised"
    """The token is missing, wrong, revoked, expired, or of another session (A2)."""
    NOT_FOUND = "not_found"
    """The session, blob or file does not exist, or not for this participant."""
    CONFLICT = "conflict"
    """The same (client_id, client_seq) was used before with another payload (L4)."""
    GAP = "gap"
    """``client_seq`` skipped a number; ``expected`` says which one the server wants (L4)."""
    NOTHING_TO_UNDO = "nothing_to_undo"
    """The participant has no live group left (U2)."""
    NOTHING_TO_REDO = "nothing_to_redo"
    """The participant's redo stack is empty (U4)."""
    RATE_LIMITED = "rate_limited"
    """Too much at once; ``retry_after_ms`` says when to come back."""
    UNAVAILABLE = "unavailable"
    """The server could not store it (disk, database). Nothing changed; send it again later."""
    NOT_READY = "not_ready"
    """The take is not finished yet; the message says at which step it is."""


class Close(IntEnum):
    """WebSocket close codes of framejam (RFC 6455, 7.4.2: 4000-4999 are for applications)."""

    RESTARTING = 4000
    """The server is going down in good order; reconnect and resume."""
    SLOW = 4001
    """The client fell too far behind its events; reconnect and resume (C4)."""
    UNAVAILABLE = 4002
    """The session could not be loaded or stored just now; reconnect after a while."""
    FULL = 4003
    """No place for one more connection; reconnect after a while."""

    HELLO_TIMEOUT = 4500
    """No hello within the time of ``HELLO_TIMEOUT_S``."""
    HELLO_EXPECTED = 4501
    """Something else came before the hello (C1)."""
    MALFORMED = 4502
    """The bytes were not a message of this protocol."""
    UNAUTHORISED = 4503
    """The token is wrong, revoked, or of another session."""
    TOO_OLD = 4504
    """The client only speaks versions this server has given up."""
    TOO_NEW = 4505
    """The client only speaks versions this server does not know yet."""
    GONE = 4506
    """The session does not exist, or no longer."""
    CLIENT_TAKEN = 4507
    """The client_id belongs to another participant; choose a new random one."""

    @property
    def retry(self) -> bool:
        """Whether reconnecting with the same hello can succeed."""
        return self < Close.HELLO_TIMEOUT
