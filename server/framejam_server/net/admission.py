"""From a hello to a member of a session: token, participant, resume (C1, C2, A2)."""

from __future__ import annotations

from framejam_protocol import limits
from framejam_protocol.errors import Close, Code
from framejam_protocol.events import Joined
from framejam_protocol.messages import VERSION, Hello, Limits, Vocabulary, Welcome
from framejam_server.hub import Hub
from framejam_server.live import LiveSession, Mailbox, Member
from framejam_server.net.auth import authenticate, mint
from framejam_server.session.canonical import state_hash
from framejam_server.store.contract import Token

PALETTE = ("#e5484d", "#0090ff", "#30a46c", "#f76b15", "#8e4ec6", "#12a594", "#e93d82", "#ad7f58")
"""Colours for people who did not choose one: told apart on light and on dark."""


class Refused(Exception):
    """A connection that is not let in: the close code, the typed reason, the field."""

    def __init__(self, close: Close, code: Code, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.close = close
        self.code = code
        self.field = field


async def admit(hub: Hub, hello: Hello, mailbox: Mailbox) -> tuple[LiveSession, Member]:
    """Check the token before any state is touched (C2), then let the connection in.

    Raises ``Refused`` and ``StoreError``.
    """
    token = await authenticate(hub.store, hello.session, hello.token)
    if token is None:
        raise Refused(
            Close.UNAUTHORISED,
            Code.UNAUTHORISED,
            "this link does not open this session (any more): ask its owner for a new one",
            "token",
        )
    running = await hub.open(hello.session)
    if running is None:
        raise Refused(Close.GONE, Code.NOT_FOUND, "this session does not exist", "session")
    live = running.live
    if len(live.members) >= limits.MAX_CONNECTIONS:
        raise Refused(
            Close.FULL,
            Code.RATE_LIMITED,
            f"the session has {limits.MAX_CONNECTIONS} connections; try again later",
        )
    taken = live.core.clients.get(hello.client_id)
    if taken is not None and taken.participant != token.participant:
        raise Refused(
            Close.CLIENT_TAKEN,
            Code.CONFLICT,
            "this client_id is somebody else's: choose a new random one",
            "client_id",
        )
    participant, own_token = token.participant, None
    if participant is None:
        participant, own_token = await _new_participant(hub, live, token, hello)
    client = live.core.bind(hello.client_id, participant)
    assert client is not None  # nobody else can have bound it to another since the check above
    recovered, last_seq = _resume(live, hello)
    welcome = Welcome(
        version=VERSION,
        session=live.row.id,
        epoch=live.row.epoch,
        head_seq=live.state.seq,
        state_hash=state_hash(live.state),
        recovered=recovered,
        participant=participant,
        role=live.state.participants[participant].role,
        next_client_seq=client.next_seq,
        settings=running.conductor.settings,
        vocabulary=Vocabulary(groups=hub.facts.vocabulary),
        limits=Limits(
            message_bytes=limits.MAX_MESSAGE_BYTES,
            blob_bytes=limits.MAX_BLOB_BYTES,
            blob_pixels=limits.MAX_BLOB_PIXELS,
            stroke_points=limits.MAX_STROKE_POINTS,
            prompt_chars=limits.MAX_PROMPT_CHARS,
        ),
        token=own_token,
    )
    return live, live.admit(participant, hello.client_id, mailbox, welcome, last_seq)


async def _new_participant(
    hub: Hub, live: LiveSession, invite: Token, hello: Hello
) -> tuple[str, str]:
    """Someone came through an invite: a participant with a token of their own."""
    participant, count = hub.new_id(), len(live.state.participants)
    # The token first: a participant without one could never come back as themselves.
    token, text = mint(live.row.id, invite.role, participant)
    await hub.store.add_token(token)
    await live.join(
        Joined(
            participant=participant,
            name=hello.name or f"Guest {count + 1}",
            color=hello.color or PALETTE[count % len(PALETTE)],
            role=invite.role,
        )
    )
    return participant, text


def _resume(live: LiveSession, hello: Hello) -> tuple[bool, int]:
    """Whether what the client has is a beginning of this log, and how far it goes (C2)."""
    resume = hello.resume
    if resume is None or resume.epoch != live.row.epoch or resume.last_seq > live.state.seq:
        return False, 0
    return True, resume.last_seq
