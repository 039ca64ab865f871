"""Who may be in a session: invites, roles, removals, the audit trail, and its end (A1, A4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from aiohttp import web

from framejam_protocol import limits
from framejam_protocol.errors import Code
from framejam_server.hub import Running
from framejam_server.net.auth import mint, opens
from framejam_server.net.body import read_json
from framejam_server.net.caller import Caller, HttpError
from framejam_server.session.no import No
from framejam_server.store.contract import Token

LAUNCH: Final = "launch"
"""The label of the owner link that a start prints; the next start replaces it (A2)."""

_INTEGER: Final = re.compile(r"[0-9]{1,15}", re.ASCII)

GivenRole = Literal["owner", "editor", "viewer"]


class InviteRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``POST .../invites``; without ``expires_in_s`` and ``max_uses`` it has no end."""

    role: GivenRole
    expires_in_s: (
        Annotated[int, msgspec.Meta(ge=limits.MIN_INVITE_S, le=limits.MAX_INVITE_S)] | None
    ) = None
    max_uses: Annotated[int, msgspec.Meta(ge=1, le=limits.MAX_INVITE_USES)] | None = None
    label: Annotated[
        str, msgspec.Meta(max_length=limits.MAX_LABEL_CHARS, pattern=r"^[^\x00-\x1f]*$(?!\n)")
    ] = ""


class RoleRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of ``PATCH .../people/{participant}``."""

    role: GivenRole
    hand_over: bool = False


@dataclass(frozen=True)
class Access:
    """The HTTP handlers of access."""

    caller: Caller

    def routes(self) -> list[web.RouteDef]:
        """What an application adds to its router."""
        session = "/api/sessions/{session}"
        return [
            web.delete(session, self.delete),
            web.get(f"{session}/invites", self.invites),
            web.post(f"{session}/invites", self.invite),
            web.delete(f"{session}/invites/{{invite}}", self.revoke),
            web.patch(f"{session}/people/{{participant}}", self.assign),
            web.delete(f"{session}/people/{{participant}}", self.remove),
            web.get(f"{session}/audit", self.audit),
        ]

    async def invites(self, request: web.Request) -> web.Response:
        """``GET .../invites``: all that were not revoked, oldest first."""
        token, running = await self.caller.who(request, "invite")
        found = await self.caller.hub.store.invites(token.session)
        return web.json_response({"invites": [self._described(one, running) for one in found]})

    async def invite(self, request: web.Request) -> web.Response:
        """``POST .../invites``: a link for one more person, or for many. Its secret is told here
        and never again."""
        token, running = await self.caller.who(request, "invite")
        wanted = await read_json(request, InviteRequest)
        if wanted.label == LAUNCH:
            message = f"the label {LAUNCH} is that of the link a start prints; choose another"
            raise HttpError(Code.INVALID, message, "label")
        hub = self.caller.hub
        if len(await hub.store.invites(token.session)) >= limits.MAX_INVITES:
            message = f"there are {limits.MAX_INVITES} invites already; revoke one first"
            raise HttpError(Code.TOO_LARGE, message)
        now = hub.clock.now()
        lives = wanted.expires_in_s
        made, text = mint(
            token.session,
            wanted.role,
            label=wanted.label,
            created_at=now,
            created_by=_person(token),
            expires_at=None if lives is None else now + lives * 1000,
            max_uses=wanted.max_uses,
        )
        await hub.store.add_token(made)
        detail = f"{wanted.role}: {wanted.label}" if wanted.label else wanted.role
        await hub.trail.write(token.session, "invited", _person(token), made.id, detail)
        path = f"/s/{token.session}#{text}"
        return web.json_response({"path": path, **self._described(made, running)}, status=201)

    async def revoke(self, request: web.Request) -> web.Response:
        """``DELETE .../invites/{invite}``: the link opens nothing any more, and who came by it is
        out, but for the owner who asks."""
        token, running = await self.caller.who(request, "invite")
        session, by = token.session, _person(token)
        invite, hub = request.match_info["invite"], self.caller.hub
        came = await hub.store.revoke_invite(session, invite, keep=by)
        if came is None:
            raise HttpError(Code.NOT_FOUND, "there is no such invite (any more)", "invite")
        for participant in came:
            running.live.expel(participant, "an owner took back the link by which you came")
        await hub.trail.write(session, "revoked", by, invite)
        removed = []
        for participant in came:
            # Who is coming in right now finds their token gone, and is not let in.
            if await running.live.assign(by, participant, "none") is None:
                removed.append(participant)
                await hub.store.forget_person(session, participant)
                await hub.trail.write(session, "removed", by, participant, f"with {invite}")
        return web.json_response({"removed": removed})

    async def assign(self, request: web.Request) -> web.Response:
        """``PATCH .../people/{participant}``: give somebody a role."""
        token, running = await self.caller.who(request, "assign")
        wanted = await read_json(request, RoleRequest)
        participant, by = request.match_info["participant"], _person(token)
        _check(await running.live.assign(by, participant, wanted.role, hand_over=wanted.hand_over))
        kind = "handed_over" if wanted.hand_over else "role"
        await self.caller.hub.trail.write(token.session, kind, by, participant, wanted.role)
        return web.json_response({"participant": participant, "role": wanted.role})

    async def remove(self, request: web.Request) -> web.Response:
        """``DELETE .../people/{participant}``: put somebody out, or leave oneself."""
        token, running = await self.caller.who(request)
        participant, by = request.match_info["participant"], _person(token)
        if participant != by:
            self.caller.require(running, by, "assign")
        # The role first: from then on no token of theirs is good for anything.
        _check(await running.live.assign(by, participant, "none"))
        hub = self.caller.hub
        await hub.store.forget_person(token.session, participant)
        kind = "left" if participant == by else "removed"
        await hub.trail.write(token.session, kind, by, participant)
        return web.json_response({"participant": participant, "role": "none"})

    async def delete(self, request: web.Request) -> web.Response:
        """``DELETE .../{session}``: the session and everything in it, for everybody."""
        token, _ = await self.caller.who(request, "delete")
        await self.caller.hub.delete(token.session, "an owner deleted this session")
        return web.json_response({"deleted": token.session})

    async def audit(self, request: web.Request) -> web.Response:
        """``GET .../audit?before=&limit=``: who came, and what was done about access."""
        token, _ = await self.caller.who(request, "audit")
        before = _integer(request, "before", 2**53 - 1, None)
        limit = _integer(request, "limit", limits.MAX_AUDIT_PAGE, limits.MAX_AUDIT_PAGE)
        assert limit is not None
        found = await self.caller.hub.store.audit_trail(token.session, before, limit)
        return web.Response(
            body=msgspec.json.encode({"entries": found}), content_type="application/json"
        )

    def _described(self, invite: Token, running: Running) -> dict[str, Any]:
        """An invite without its secret."""
        return {
            "id": invite.id,
            "role": invite.role,
            "label": invite.label,
            "uses": invite.uses,
            "max_uses": invite.max_uses,
            "created_at": invite.created_at,
            "expires_at": invite.expires_at,
            "created_by": invite.created_by,
            "usable": opens(invite, running.live.state, self.caller.hub.clock.now()),
        }


def _person(token: Token) -> str:
    """Whose token it is: ``Caller.who`` takes no other."""
    assert token.participant is not None
    return token.participant


def _check(refused: No | None) -> None:
    if refused is not None:
        raise HttpError(refused.code, refused.message, refused.field)


def _integer(request: web.Request, name: str, most: int, usual: int | None) -> int | None:
    given = request.query.get(name)
    if given is None:
        return usual
    if not _INTEGER.fullmatch(given) or not 1 <= int(given) <= most:
        message = f"{name} is {given[:20]!r}; give an integer from 1 to {most}"
        raise HttpError(Code.INVALID, message, name)
    return int(given)
