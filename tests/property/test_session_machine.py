"""A state machine against the session core: whatever people do, the rules hold."""

import sys
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
from people import BLOB, Table

from framejam_protocol.events import Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold
from framejam_protocol.messages import Ack, Edit
from framejam_server.session.session import Session

PEOPLE = ("anna", "ben1", "cleo")
person = st.sampled_from(PEOPLE)


class SessionMachine(RuleBasedStateMachine):
    """Three people edit, undo, redo, retry and lose commits."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(*PEOPLE)
        self.receipts = []

    def remember(self, effects):
        self.receipts += [remember.receipt for remember in Table.receipts(effects)]

    @rule(who=person, text=st.text(max_size=8))
    def content(self, who, text):
        self.table.content(who, text)

    @rule(who=person, color=st.sampled_from(["#ff0000", "#00ff00"]))
    def paint(self, who, color):
        self.table.paint(who, color)

    @rule(who=person, blob=st.sampled_from([BLOB, None]))
    def image(self, who, blob):
        self.table.image(who, blob)

    @rule(who=person, presses=st.integers(1, 4))
    def undo_then_redo(self, who, presses):
        """U4: as many redos as undos, nothing between, and it is as before."""
        before = self.table.hash
        done = sum(isinstance(self.table.undo(who), Event) for _ in range(presses))
        for _ in range(done):
            assert isinstance(self.table.redo(who), Event)
        assert self.table.hash == before

    @rule(who=person)
    def undo(self, who):
        """U2: nobody else's group goes."""
        state = self.table.session.state
        others = {seq for seq, edit in state.edits.items() if edit.author != who} - state.dead
        outcome = self.table.undo(who)
        if isinstance(outcome, Event):
            assert all(state.edits[seq].author == who for seq in outcome.body.groups)
        assert others.isdisjoint(state.dead)

    @rule(who=person)
    def redo(self, who):
        self.table.redo(who)

    @rule(who=person)
    def retry(self, who):
        """L4: the last command again appends nothing and gets the same answer."""
        client = self.table.session.clients[f"tab-of-{who}"]
        if not client.receipts:
            return
        length, number = len(self.table.session.log), len(client.receipts)
        event = [
            event
            for event in self.table.session.log
            if event.client_id == f"tab-of-{who}" and event.client_seq == number
        ]
        if event and hasattr(event[0].body, "instruction"):
            effects = self.table.effects(who, Edit(number, event[0].body.instruction))
            assert self.table.answer(effects) == Ack(client_seq=number, seq=event[0].seq)
        assert len(self.table.session.log) == length

    @rule(who=person)
    def lost_commit(self, who):
        """L2: an edit that never became durable has never been."""
        before = self.table.hash, len(self.table.session.log)
        from people import stroke

        number = self.table.session.clients[f"tab-of-{who}"].next_seq
        self.table.session.rollback(self.table.effects(who, Edit(number, stroke())))
        assert (self.table.hash, len(self.table.session.log)) == before
        assert self.table.session.clients[f"tab-of-{who}"].next_seq == number

    @invariant()
    def folding_the_log_gives_the_state(self):
        """L3, U5: state and stacks are a pure fold of the log."""
        fresh = fold(self.table.session.log)
        assert state_hash(fresh) == self.table.hash
        assert fresh == self.table.session.state
        assert Session(self.table.session.log).state == fresh


SessionMachine.TestCase.settings = settings(settings.default, stateful_step_count=30)
TestSessionMachine = SessionMachine.TestCase
