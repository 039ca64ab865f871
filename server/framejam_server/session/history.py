"""Versions, restores and roles: what may be appended about the log itself (R3, A1). Pure."""

from __future__ import annotations

from framejam_protocol.errors import Code
from framejam_protocol.events import Assigned, Marked, Standing
from framejam_protocol.fold.past import Turned
from framejam_protocol.fold.state import State
from framejam_protocol.limits import MAX_RESTORES, MAX_VERSIONS
from framejam_protocol.messages import Mark
from framejam_server.session.no import No


def mark(state: State, given: Mark) -> Marked | No:
    """The event that names a version, or takes its name away."""
    of = state.seq if given.of is None else given.of
    if of > state.seq:
        return _beyond(state, "of")
    if given.name is None and of not in state.versions:
        return No(
            Code.NOT_FOUND, f"there is no version {of}; give a name to make it one", "name", "R3"
        )
    if given.name is not None and not given.name.strip():
        return No(Code.INVALID, "a name has more than spaces", "name", "R3")
    if of not in state.versions and len(state.versions) >= MAX_VERSIONS:
        return No(
            Code.TOO_LARGE,
            f"there are {MAX_VERSIONS} versions already; take the name of another away first",
            "name",
            "R3",
        )
    return Marked(of=of, name=given.name)


def restore(state: State, author: str, to: int) -> Turned | No:
    """What a restore by ``author`` would turn."""
    if to > state.seq:
        return _beyond(state, "to")
    if len(state.restores) >= MAX_RESTORES:
        message = f"the session was restored {MAX_RESTORES} times already; undo instead, or branch"
        return No(Code.TOO_LARGE, message, None, "R3")
    turned = state.turned(to, author)
    if turned.out or turned.back or turned.steps:
        return turned
    return No(
        Code.INVALID, f"the session is as it was after event {to}: nothing to restore", "to", "R3"
    )


def assign(
    state: State, by: str, participant: str, role: Standing, hand_over: bool
) -> tuple[Assigned, ...] | No:
    """The events by which the owner ``by`` gives somebody a role; none where they have it already.

    With ``hand_over`` and the role "owner", ``by`` is an editor afterwards.
    """
    person, asking = state.participants.get(participant), state.participants.get(by)
    leaving = participant == by and role == "none"
    # Whoever asked may have been an owner when they began to.
    if asking is not None and asking.role != "owner" and not leaving:
        return No(Code.FORBIDDEN, "only owners give roles", "participant", "A1")
    if person is None or (person.role == "none" and role == "none"):
        return No(Code.NOT_FOUND, "nobody of this id is here", "participant", "A1")
    if person.role == "none":
        return No(Code.CONFLICT, "they were removed: invite them again", "participant", "A1")
    if hand_over and (role != "owner" or participant == by):
        return No(
            Code.INVALID, "hand over to somebody else, with the role owner", "hand_over", "A1"
        )
    others = sum(one.role == "owner" for one in state.participants.values()) - 1
    if person.role == "owner" and role != "owner" and others < 1:
        return No(
            Code.CONFLICT, "a session keeps an owner: make somebody else one first", "role", "A1"
        )
    given = () if person.role == role else (Assigned(participant=participant, role=role),)
    return (*given, Assigned(participant=by, role="editor")) if hand_over else given


def _beyond(state: State, field: str) -> No:
    return No(
        Code.NOT_FOUND, f"the log ends at {state.seq}: name an event up to there", field, "R3"
    )
