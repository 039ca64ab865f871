"""Who may be here: invites, roles, removals, the audit trail, the end of a session (A1)."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from framejam_protocol.events import Role, Standing
from framejam_protocol.fold.state import State
from framejam_protocol.messages import Person

if TYPE_CHECKING:
    from framejam.link import Link
    from framejam.rest import Rest


@dataclass(frozen=True)
class Invite:
    """An invite as its session knows it; the link itself is only told to whoever makes one.

    ``uses`` people came by it, of at most ``max_uses`` (None: any number), and it opens until
    ``expires_at`` (None: for ever). ``created_by`` is a participant's id, "" for the server, which
    notes no time (``created_at`` None). ``usable`` tells whether it lets somebody in now: an invite
    whose maker owns the session no longer does not, either.
    """

    id: str
    role: Role
    label: str
    uses: int
    max_uses: int | None
    created_at: datetime | None
    expires_at: datetime | None
    created_by: str
    usable: bool

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Invite:
        """From the JSON of the server, whose times are in ms since the Unix epoch."""
        created, expires = answer["created_at"], answer["expires_at"]
        return cls(
            id=answer["id"],
            role=answer["role"],
            label=answer["label"],
            uses=answer["uses"],
            max_uses=answer["max_uses"],
            created_at=_moment(created) if created else None,
            expires_at=None if expires is None else _moment(expires),
            created_by=answer["created_by"],
            usable=answer["usable"],
        )


@dataclass(frozen=True)
class Audited:
    """Something that happened to the access to a session.

    ``kind`` says what (joined, came_back, invited, revoked, role, removed, ...), ``who`` is the
    participant who did it, "" for the server, ``about`` the participant, invite or session it was
    done to, for who joined the invite they came by, and ``detail`` a few words, such as the role.
    ``id`` counts from 1.
    """

    id: int
    at: datetime
    kind: str
    who: str
    about: str
    detail: str

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Audited:
        """From the JSON of the server."""
        return cls(
            id=answer["id"],
            at=_moment(answer["at"]),
            kind=answer["kind"],
            who=answer["who"],
            about=answer["about"],
            detail=answer["detail"],
        )


class Access(ABC):
    """What an owner can do about the people of a session; part of ``Session``.

    Every call raises ``Refused``: forbidden to who is no owner, and as each says; and
    ``Unreachable`` where it found no server.
    """

    _rest: Rest
    _link: Link

    @property
    @abstractmethod
    def me(self) -> str:
        """This participant's id."""

    @property
    @abstractmethod
    def state(self) -> State:
        """What the events so far add up to."""

    @property
    def role(self) -> Standing:
        """``owner``, ``editor`` or ``viewer``, as it is now; ``none`` for who was removed (A1)."""
        return self.state.participants[self.me].role

    async def invite(
        self,
        role: Role = "editor",
        *,
        expires_in: float | timedelta | None = None,
        uses: int | None = None,
        label: str = "",
    ) -> str:
        """A new link that lets people in as ``role``.

        It opens for ``expires_in``, in seconds from a minute to a year, None for ever, and to
        ``uses`` people, 1 to 1,000, None for any number. ``label`` is a note for the owners, up to
        64 characters. Raises ``Refused`` invalid, whose ``field`` is the server's name of it.
        """
        seconds = expires_in.total_seconds() if isinstance(expires_in, timedelta) else expires_in
        wanted = {
            "role": role,
            "expires_in_s": None if seconds is None else round(seconds),
            "max_uses": uses,
            "label": label or None,
        }
        made = await self._rest.ask("POST", "invites", wanted)
        return self._link.base + str(made["path"])

    async def invites(self) -> list[Invite]:
        """Every invite of the session that was not revoked, oldest first."""
        answer = json.loads(await self._rest.get("invites"))
        return [Invite.of(one) for one in answer["invites"]]

    async def revoke(self, invite: Invite | str) -> None:
        """Take an invite back; whoever came by it, but oneself, is put out at once (A1).

        ``invite`` is one of ``invites``, its id, or the link. Raises ``Refused`` not_found where
        there is none (any more).
        """
        name = invite.id if isinstance(invite, Invite) else _id_of(invite)
        await self._rest.ask("DELETE", f"invites/{quote(name, safe='')}")

    async def assign(
        self, participant: Person | str, role: Role, *, hand_over: bool = False
    ) -> None:
        """Give somebody a role; with ``hand_over`` and the role owner, be an editor oneself then.

        ``participant`` is one of ``people`` or an id. Raises ``Refused`` conflict where the session
        would be left without an owner or they were removed, not_found where there is nobody.
        """
        name = _participant(participant)
        wanted = {"role": role, "hand_over": hand_over or None}
        await self._rest.ask("PATCH", f"people/{quote(name, safe='')}", wanted)

    async def remove(self, participant: Person | str) -> None:
        """Put somebody out: their connections end at once, and they do not come back by a token or
        an invite of theirs. What they gave stays.

        Oneself is for everybody: that is to leave. Raises as ``assign``.
        """
        await self._rest.ask("DELETE", f"people/{quote(_participant(participant), safe='')}")

    async def audit(self) -> list[Audited]:
        """Who came and what was done about access, as far back as the server keeps it, the newest
        first."""
        found: list[Audited] = []
        older = "audit"
        while True:
            page = json.loads(await self._rest.get(older))["entries"]
            found += [Audited.of(one) for one in page]
            if not page or found[-1].id == 1:
                return found
            older = f"audit?before={found[-1].id}"

    async def delete(self) -> None:
        """Delete the session with everything in it, for everybody (A4). Cannot be undone.

        Every connection ends, this one too: ``Gone`` from then on.
        """
        await self._rest.ask("DELETE", "")


def _participant(person: Person | str) -> str:
    return person.participant if isinstance(person, Person) else person


def _id_of(invite: str) -> str:
    """The id in a link, whose token is ``<id>.<secret>``, or an id as it is."""
    return invite.rpartition("#")[2].partition(".")[0]


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
