"""A1: who may be given which role, and what the log says of it. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import Table

from framejam_protocol.errors import Code
from framejam_protocol.events import Assigned, Branched, Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Comment, Content
from framejam_protocol.messages import Refusal
from framejam_server.session.no import No
from framejam_server.session.session import Append

ROLES = ("owner", "editor", "viewer", "none")


def table(**roles: str) -> Table:
    """A session with these people."""
    made = Table(*roles)
    for name, role in roles.items():
        if made.state.participants[name].role != role:
            made.session.assign("", name, role, 0)
    assert {name: one.role for name, one in made.state.participants.items()} == roles
    return made


def assign(made: Table, by: str, whom: str, role: str, **more: bool) -> list[Assigned] | No:
    effects = made.session.assign(by, whom, role, 7, **more)
    if isinstance(effects, No):
        return effects
    events = [effect.event for effect in effects if isinstance(effect, Append)]
    assert len(events) == len(effects)
    assert all((event.author, event.at) == (by, 7) for event in events)
    return [event.body for event in events]


def code(answer: Event | Refusal) -> str | None:
    return answer.code if isinstance(answer, Refusal) else None


def test_A1_the_fold_of_the_log_says_the_roles():
    made = table(olga="owner", edna="editor", vera="viewer")
    assert assign(made, "olga", "vera", "owner") == [Assigned("vera", "owner")]
    assert assign(made, "olga", "edna", "none") == [Assigned("edna", "none")]
    again = fold(made.session.log)
    assert {name: one.role for name, one in again.participants.items()} == {
        "olga": "owner",
        "edna": "none",
        "vera": "owner",
    }
    assert made.session.log[-1].author == "olga"


def test_A1_what_somebody_has_already_appends_nothing():
    made = table(olga="owner", edna="editor")
    before = len(made.session.log)
    assert assign(made, "olga", "edna", "editor") == []
    assert len(made.session.log) == before


@pytest.mark.parametrize("role", ROLES[1:])
def test_A1_a_session_keeps_an_owner(role):
    made = table(olga="owner", otto="owner", edna="editor")
    assert assign(made, "otto", "olga", role) == [Assigned("olga", role)]
    last = assign(made, "otto", "otto", role)
    assert isinstance(last, No)
    assert (last.code, last.field, last.rule) == (Code.CONFLICT, "role", "A1")
    assert made.state.participants["otto"].role == "owner"


def test_A1_handing_over_is_two_events_and_nothing_between():
    made = table(olga="owner", edna="editor")
    both = assign(made, "olga", "edna", "owner", hand_over=True)
    assert both == [Assigned("edna", "owner"), Assigned("olga", "editor")]
    for whom, role in (("olga", "editor"), ("edna", "owner"), ("olga", "none")):
        no = assign(made, "edna", whom, role, hand_over=True)
        assert isinstance(no, No)
        assert (no.code, no.field) == (Code.INVALID, "hand_over")


def test_A1_who_was_removed_is_not_brought_back_and_a_stranger_is_nobody():
    made = table(olga="owner", edna="none")
    for whom, role, expected in (
        ("edna", "editor", Code.CONFLICT),
        ("edna", "none", Code.NOT_FOUND),
        ("nemo", "editor", Code.NOT_FOUND),
    ):
        no = assign(made, "olga", whom, role)
        assert isinstance(no, No)
        assert (no.code, no.field) == (expected, "participant")


def test_A1_a_role_is_outside_of_the_state_hash_and_of_everybodys_undo():
    made = table(olga="owner", edna="editor")
    made.edit("olga", Content("hers"))
    before = made.hash
    assign(made, "olga", "edna", "viewer")
    assert made.hash == before
    made.undo("olga")
    assert made.state.participants["edna"].role == "viewer"


def test_A1_the_next_command_goes_by_the_new_role():
    made = table(olga="owner", edna="editor")
    words = made.edit("edna", Content("once"))
    assign(made, "olga", "edna", "viewer")
    assert code(made.give("edna", Content("more"))) == Code.FORBIDDEN
    assert code(made.undo("edna")) == Code.NOTHING_TO_UNDO, "what an editor gave stays"
    assert code(made.undo("edna", words)) == Code.FORBIDDEN
    assert code(made.give("edna", Comment((1, 1), 0, "but see"))) is None
    assert code(made.undo("edna")) is None
    assert code(made.redo("edna")) is None
    assign(made, "olga", "edna", "none")
    for command in (Content("more"), Comment((1, 1), 0, "still")):
        assert code(made.give("edna", command)) == Code.FORBIDDEN
    assert code(made.undo("edna")) == Code.FORBIDDEN


def test_A1_who_was_made_a_viewer_brings_no_edit_back_and_undoes_no_restore():
    made = table(olga="owner", edna="editor")
    made.edit("edna", Content("once"))
    named = made.state.seq
    made.edit("olga", Content("twice"))
    made.restore("edna", named)
    restored = made.state.seq
    assign(made, "olga", "edna", "viewer")
    assert code(made.undo("edna", restored)) == Code.FORBIDDEN
    assert code(made.undo("edna")) == Code.NOTHING_TO_UNDO
    assign(made, "olga", "edna", "editor")
    made.undo("edna")
    assign(made, "olga", "edna", "viewer")
    assert code(made.redo("edna")) == Code.FORBIDDEN


def test_A1_who_is_an_owner_no_more_gives_no_roles_whenever_they_asked():
    made = table(olga="owner", otto="owner", edna="editor")
    assign(made, "olga", "otto", "editor")
    for hand_over in (False, True):
        no = made.session.assign("otto", "edna", "owner", 0, hand_over=hand_over)
        assert isinstance(no, No)
        assert (no.code, no.rule) == (Code.FORBIDDEN, "A1")
    assert made.state.participants["edna"].role == "editor"
    assert isinstance(made.session.assign("otto", "otto", "none", 0), list), "but they may leave"


def test_R4_in_a_branch_nobody_has_a_role_but_the_one_who_branched():
    made = table(olga="owner", edna="editor", vera="viewer")
    made.session.branch(Branched("s1", made.state.seq, "edna"), 0)
    roles = {name: one.role for name, one in made.state.participants.items()}
    assert roles == {"olga": "none", "edna": "owner", "vera": "none"}


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("anna", "ben1", "cleo")),
        st.sampled_from(("anna", "ben1", "cleo")),
        st.sampled_from(ROLES),
        st.booleans(),
    ),
    max_size=25,
)


@given(CHANGES)
def test_A1_whatever_is_asked_an_owner_is_left_and_a_refusal_changes_nothing(changes):
    made = table(anna="owner", ben1="editor", cleo="viewer")
    for by, whom, role, hand_over in changes:
        if made.state.participants[by].role != "owner":
            continue  # who is none is refused before (``Caller``)
        before = len(made.session.log)
        removed = {n for n, one in made.state.participants.items() if one.role == "none"}
        answer = assign(made, by, whom, role, hand_over=hand_over)
        after = made.state.participants
        assert any(one.role == "owner" for one in after.values())
        assert all(after[name].role == "none" for name in removed)
        if isinstance(answer, No):
            assert len(made.session.log) == before
        else:
            assert after[whom].role == (role if whom != by or not hand_over else "editor")
            assert (by == whom) or not hand_over or after[by].role == "editor"
    assert state_hash(fold(made.session.log)) == made.hash
