"""Tokens (A2): ``<id>.<secret>``; the id is looked up, the secret is kept only as a hash."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from framejam_protocol.fold.state import State
from framejam_server.store.contract import Store, Token

ID_BYTES = 8
SECRET_BYTES = 32
"""256 random bits: no need for a slow hash, there is nothing to guess."""

_TOKEN = re.compile(r"[0-9a-f]{16}\.[A-Za-z0-9_-]{20,100}")


def mint(
    session: str,
    role: str,
    participant: str | None = None,
    label: str = "",
    *,
    created_at: int = 0,
    created_by: str = "",
    expires_at: int | None = None,
    max_uses: int | None = None,
) -> tuple[Token, str]:
    """A new token: the record to store, and the text that is shown once and kept nowhere.

    What can be said of it is what ``Token`` says.
    """
    token_id, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    token = Token(
        token_id,
        session,
        _digest(secret),
        role,
        participant,
        label,
        created_at,
        created_by,
        expires_at,
        max_uses,
    )
    return token, f"{token_id}.{secret}"


def opens(invite: Token, state: State, now: int) -> bool:
    """Whether an invite lets somebody in at ``now``, ms since the Unix epoch (A1).

    It has not expired, has uses left, and whoever made it owns the session still: else who was an
    owner could come back as one. ``Store.redeem`` decides when many come at once.
    """
    maker = state.participants.get(invite.created_by)
    return (
        (invite.expires_at is None or now < invite.expires_at)
        and (invite.max_uses is None or invite.uses < invite.max_uses)
        and (maker is None or maker.role == "owner")
    )


async def authenticate(store: Store, session: str, text: str) -> Token | None:
    """The token, if it is genuine and of this session; None whatever else is wrong.

    Raises ``StoreError``. The secret is compared in constant time, and one comparison is made
    whether the id exists or not.
    """
    if not _TOKEN.fullmatch(text):
        return None
    token_id, _, secret = text.partition(".")
    token = await store.token(token_id)
    expected = token.digest if token is not None else bytes(32)
    genuine = hmac.compare_digest(_digest(secret), expected)
    return token if genuine and token is not None and token.session == session else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
