"""From a hello to a member of a session: token, participant, resume (C1, C2, A2)."""

from __future__ import annotations

from framejam_protocol import limits
from framejam_protocol.errors import Close, Code
from framejam_protocol.events import Joined
from framejam_protocol.messages import VERSION, Hello, Limits, Vocabulary, Welcome
from framejam_server.hub import Hub, Running
from framejam_server.live import LiveSession
from framejam_server.member import Mailbox, Member
from framejam_server.net.auth import mint, opens
from framejam_server.net.gate import Gate, TooManyFailures
from framejam_server.session.yjs import client_of
from framejam_server.store.contract import StoreError, Token

PALETTE = ("#e5484d", "#0090ff", "#30a46c", "#f76b15", "#8e4ec6", "#12a594", "#e93d82", "#ad7f58")
"""Colours for people who did not choose one: told apart on light and on dark."""


class Refused(Exception):
    """A connection that is not let in: the close code, the typed reason, the field."""

    def __init__(self, close: Close, code: Code, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.close = close
        self.code = code
        self.field = field


async def admit(
    hub: Hub, gate: Gate, address: str, hello: Hello, mailbox: Mailbox
) -> tuple[Running, Member]:
    """Check the token before any state is touched (C2), then let the connection in.

    Raises ``Refused`` and ``StoreError``.
    """
    try:
        token = await gate.authenticate(address, hello.session, hello.token)
    except TooManyFailures as error:
        raise _full(str(error)) from error
    if token is None:
        raise _no_way_in()
    running = await hub.open(hello.session)
    if running is None:
        raise Refused(Close.GONE, Code.NOT_FOUND, "this session does not exist", "session")
    live = running.live
    if len(live.members) + live.arriving >= limits.MAX_CONNECTIONS:
        raise _full(f"the session has {limits.MAX_CONNECTIONS} connections; try again later")
    live.arriving += 1
    try:
        participant, own_token = await _participant(hub, live, token, hello)
    finally:
        live.arriving -= 1
    # Nothing waits from here on: who is removed now is removed as a member.
    if live.ended is not None:
        close, reason = live.ended
        raise Refused(close, Code.UNAVAILABLE if close.retry else Code.NOT_FOUND, reason)
    if not _has_role(live, participant):
        if own_token is not None:
            live.core.release(hello.client_id)
        raise _no_way_in()
    if own_token is not None:
        gate.know(own_token)
        hub.trail.joined(live.row.id, participant, token.id, token.role)
    else:
        hub.trail.came_back(live.row.id, participant)
    client = live.core.bind(hello.client_id, participant)
    if client is None:
        raise _client_taken()
    recovered, last_seq = _resume(live, hello)
    welcome = Welcome(
        version=VERSION,
        session=live.row.id,
        epoch=live.row.epoch,
        head_seq=live.state.seq,
        state_hash=live.state_hash,
        recovered=recovered,
        participant=participant,
        role=live.state.participants[participant].role,
        next_client_seq=client.next_seq,
        yjs_client=client_of(hello.client_id),
        settings=live.state.settings or running.conductor.settings,
        vocabulary=Vocabulary(groups=hub.facts.vocabulary),
        limits=Limits(
            message_bytes=limits.MAX_MESSAGE_BYTES,
            blob_bytes=limits.MAX_BLOB_BYTES,
            blob_pixels=limits.MAX_BLOB_PIXELS,
            stroke_points=limits.MAX_STROKE_POINTS,
            prompt_chars=limits.MAX_PROMPT_CHARS,
            comment_chars=limits.MAX_COMMENT_CHARS,
            update_bytes=limits.MAX_UPDATE_BYTES,
        ),
        token=own_token,
        schedulers=hub.facts.schedulers,
        loras=hub.facts.loras,
    )
    return running, live.admit(participant, hello.client_id, mailbox, welcome, last_seq)


async def _participant(
    hub: Hub, live: LiveSession, token: Token, hello: Hello
) -> tuple[str, str | None]:
    """Who this is, and their own token where it is new: through an invite comes a new person."""
    if token.participant is None:
        if not opens(token, live.state, hub.clock.now()):
            raise _no_way_in()
    elif not _has_role(live, token.participant):
        raise _no_way_in()
    participant = token.participant or hub.new_id()
    if live.core.bind(hello.client_id, participant) is None:
        raise _client_taken()
    if token.participant is not None:
        return participant, None
    try:
        return participant, await _join(hub, live, token, participant, hello)
    except (Refused, StoreError):
        live.core.release(hello.client_id)
        raise


async def _join(hub: Hub, live: LiveSession, invite: Token, participant: str, hello: Hello) -> str:
    """A new participant in the log; returns the text of their token."""
    count = len(live.state.participants)
    if count >= limits.MAX_PARTICIPANTS:
        raise _full(f"the session has {limits.MAX_PARTICIPANTS} people, and takes no more")
    # The token first: a participant without one could never come back as themselves.
    now = hub.clock.now()
    token, text = mint(live.row.id, invite.role, participant, created_at=now)
    if not await hub.store.redeem(invite.id, token, now):
        raise _no_way_in()
    await live.join(
        Joined(
            participant=participant,
            name=hello.name or f"Guest {count + 1}",
            color=hello.color or PALETTE[count % len(PALETTE)],
            role=invite.role,
        )
    )
    again = await hub.store.token(invite.id)
    # The invite was revoked meanwhile, or whoever made it owns the session no more.
    revoked = again is None or (again.created_by and not _owns(live, again.created_by))
    if revoked or await hub.store.token(token.id) is None:
        await hub.store.forget_person(live.row.id, participant)
        await live.assign("", participant, "none")
        raise _no_way_in()
    return text


def _owns(live: LiveSession, participant: str) -> bool:
    person = live.state.participants.get(participant)
    return person is not None and person.role == "owner"


def _has_role(live: LiveSession, participant: str) -> bool:
    person = live.state.participants.get(participant)
    return person is not None and person.role != "none"


def _no_way_in() -> Refused:
    """The same words for a token that is wrong, of another session, revoked, expired or used up."""
    return Refused(
        Close.UNAUTHORISED,
        Code.UNAUTHORISED,
        "this link does not open this session (any more): ask its owner for a new one",
        "token",
    )


def _client_taken() -> Refused:
    return Refused(
        Close.CLIENT_TAKEN,
        Code.CONFLICT,
        "this client_id is somebody else's: choose a new random one",
        "client_id",
    )


def _full(message: str) -> Refused:
    return Refused(Close.FULL, Code.RATE_LIMITED, message)


def _resume(live: LiveSession, hello: Hello) -> tuple[bool, int]:
    """Whether what the client has is a beginning of this log, and how far it goes (C2)."""
    resume = hello.resume
    if resume is None or resume.epoch != live.row.epoch or resume.last_seq > live.state.seq:
        return False, 0
    return True, resume.last_seq
