"""A state machine against the session core: whatever people do, the rules hold.

Five clients of four people write, paint, undo, vanish and come back, over connections that delay,
reorder and repeat; the server loses commits and restarts. Roles do not change within a session:
there is no event for it, so an owner, two editors and a viewer stand for them.

How many examples, and where failing ones are kept, is in ``tests/conftest.py``.
"""

import sys
import tempfile
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
from letters import Letters
from session_clients import Client, Splicer, Typist, Whole
from session_server import BLOB, Server, in_force, mappings

from framejam_protocol.events import Branched, Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.merge import REVISABLE, prompt_text, revised
from framejam_protocol.fold.pairs import Reference, pairs, references
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import (
    PROMPTS,
    Adjust,
    Camera,
    Comment,
    Drag,
    Erase,
    Image,
    Lock,
    Paint,
    Region,
    Revise,
    Spliced,
    Trajectory,
)
from framejam_protocol.messages import Ack, Edit, EndGroup, Mark, Redo, Restore, Undo
from framejam_server.export.unbundle import opened
from framejam_server.session.session import Reply, Session
from framejam_server.session.upcast import decode_log

PEOPLE = {"anna": "owner", "ben1": "editor", "cleo": "editor", "vera": "viewer"}
ROLES = {"owner", "editor", "viewer"}
WRITERS = 4

client = st.integers(0, WRITERS)
writer = st.integers(0, WRITERS - 1)
place = st.integers(0, 40)
letters = st.text(alphabet="ab é\u0301🦋\n", max_size=4)
long_letters = st.integers(150, 300).map(lambda size: "long" * (size // 4))
group = st.sampled_from([None, None, "g", "h"])
share = st.integers(1, 65536)
frames = st.sampled_from([None, (0, 0), (2, 9)])
point = st.tuples(share, share)
points = st.lists(point, min_size=1, max_size=2).map(tuple)

colors = st.sampled_from(["#ff0000", "#00ff00"])
blend = st.sampled_from(["normal", "color"])
paint = st.builds(Paint, points, colors, share, share, frames, blend)
erase = st.builds(Erase, points, share, frames)
drag = st.builds(Drag, point, point, share, share, frames)
path = st.tuples(point, point).filter(lambda ends: ends[0] != ends[1])
# Never round all of the picture: a lock over everything is refused, and so is a revision to it.
outline = st.tuples(st.integers(1, 60000), share).map(
    lambda at: (at, (at[0], -65536), (-65536, at[1]))
)
trajectory = st.builds(Trajectory, path, share, share, frames)
camera = st.builds(Camera, share, share, st.integers(16384, 262144), share, frames)
region = st.builds(Region, outline, st.sampled_from(["gold", "wood"]), share, frames)
lock = st.builds(Lock, outline, frames)
drawn = paint | erase | drag | trajectory | camera | region | lock
comment = st.builds(Comment, st.sampled_from(["here", "and here"]), point, st.integers(0, 15))
image = st.builds(Image, st.sampled_from([BLOB, None]))
adjust = st.one_of(
    st.builds(Adjust, guidance=st.integers(100, 102)),
    st.builds(Adjust, fps=st.integers(8, 9), seed=st.integers(0, 1)),
    st.builds(Adjust, mix=st.integers(0, 2), loras=st.sampled_from([(), (("ink", 80),)])),
    st.builds(Adjust, scheduler=st.sampled_from(["", "euler"]), align=st.integers(0, 2)),
)


class SessionMachine(RuleBasedStateMachine):
    """Rules act on the network; what one command must and must not do is checked by ``Server``."""

    def __init__(self) -> None:
        super().__init__()
        self.clients: list[Client] = [
            Typist("tab-of-anna", "anna"),
            Typist("tab-of-ben1", "ben1"),
            Splicer("script-of-anna", "anna"),
            Whole("script-of-cleo", "cleo"),
            Client("tab-of-vera", "vera"),
        ]
        self.server = Server(PEOPLE, self.clients)
        for one in self.clients:
            self.server.connect(one)
        # Hears everything at once, and only what is durable.
        self.witness = Typist("tab-of-nobody", "anna")
        self.letters = Letters()
        self.compared = 0
        self.held: dict[int, Reference] = {}

    # -- what people do -----------------------------------------------------------------------

    @rule(who=writer, prompt=st.sampled_from(PROMPTS), at=place, gone=st.integers(0, 3),
          new=letters, name=group, late=st.integers(0, 5))  # fmt: skip
    def write(self, who, prompt, at, gone, new, name, late):
        self.clients[who].write(prompt, at, gone, new, name, late)

    @rule(who=writer, at=place, gone=st.integers(0, 9), new=letters, name=group)
    def write_on(self, who, at, gone, new, name):
        """Most people write into the same prompt at the same place."""
        self.clients[who].write("content", at, gone, new, name, 0)

    @rule(who=writer, new=long_letters, at=st.integers(0, 3))
    def paste(self, who, new, at):
        """Two of these, and the prompt is full: what Yjs clients typed upon it is refused."""
        self.clients[who].write("motion", at, 200, new, None, 0)

    @rule(who=client, what=drawn | comment | image | adjust, name=group)
    def add(self, who, what, name):
        self.clients[who].give(what, name)

    @rule(who=client, which=place, number=share, range_=frames, name=group)
    def revise(self, who, which, number, range_, name):
        one = self.clients[who]
        targets = [edit for edit in one.state.edits.values() if type(edit.instruction) in REVISABLE]
        if not targets:
            return
        target = targets[-1 - which % len(targets)]
        fields = {
            "width": number, "radius": number, "strength": number, "frames": range_,
            "text": f"words {number}", "resolved": bool(number % 2), "pan": number,
            "zoom": 16384 + number, "path": ((number, 1), (1, number + 1)),
        }  # fmt: skip
        allowed = sorted(REVISABLE[type(target.instruction)] & set(fields))
        chosen = allowed[number % len(allowed) :]
        one.give(Revise(target.seq, **{name: fields[name] for name in chosen}), name)

    @rule(who=client, times=st.integers(1, 2))
    def undo(self, who, times):
        for _ in range(times):
            self.clients[who].send(Undo(self.clients[who].next()))

    @rule(who=client, times=st.integers(1, 2))
    def redo(self, who, times):
        for _ in range(times):
            self.clients[who].send(Redo(self.clients[who].next()))

    @rule(who=client, which=place)
    def undo_by_name(self, who, which):
        one = self.clients[who]
        groups = sorted({edit.group for edit in one.state.edits.values()} | set(one.state.restores))
        if groups:
            one.send(Undo(one.next(), groups[-1 - which % len(groups)]))

    @rule(who=st.sampled_from([0, 2]), which=place)
    def an_owner_undoes_a_teammates(self, who, which):
        one = self.clients[who]
        groups = sorted({edit.group for edit in one.state.edits.values() if edit.author != "anna"})
        if groups:
            one.send(Undo(one.next(), groups[-1 - which % len(groups)]))

    @rule(who=client, back=place, name=st.sampled_from(["cut", "\u0301🦋", " ", None]))
    def mark(self, who, back, name):
        one = self.clients[who]
        one.send(Mark(one.next(), max(1, one.seen - back) if back else None, name))

    @rule(who=client, back=place)
    def restore(self, who, back):
        one = self.clients[who]
        one.send(Restore(one.next(), max(1, one.seen - back)))

    @rule(who=client, which=place)
    def restore_a_version(self, who, which):
        one = self.clients[who]
        if one.state.versions:
            one.send(
                Restore(one.next(), sorted(one.state.versions)[which % len(one.state.versions)])
            )

    @rule(who=st.sampled_from(["ben1", "cleo", "vera"]), role=st.sampled_from(sorted(ROLES)))
    def an_owner_gives_a_role(self, who, role):
        """A1: from the next command on, wherever the person has connections."""
        effects = self.server.core.assign("anna", who, role, self.server.now)
        assert isinstance(effects, list)
        self.server.commit(None, effects)

    @rule(back=place, owner=st.sampled_from(["anna", "ben1"]))
    def branch(self, back, owner):
        """R4: the log up to there unchanged, and one owner; what is done there is not done here."""
        log = decode_log(self.server.rows)
        log = log[: max(5, len(log) - back)]
        before = fold(log)
        branch = Session(log, (), [BLOB])
        branch.branch(Branched("origin", len(log), owner), 0)
        assert state_hash(branch.state) == state_hash(before)
        roles = {who: person.role for who, person in branch.state.participants.items()}
        assert roles == dict.fromkeys(PEOPLE, "none") | {owner: "owner"}
        assert press(branch, owner, Undo) == bool(
            [one for one in before.by_author.get(owner, ()) if one not in before.dead]
        )
        assert not any(press(branch, who, Undo) for who in PEOPLE if who != owner)
        assert fold(branch.log) == branch.state

    @rule()
    def a_snapshot_is_kept(self):
        self.server.keep()

    @rule()
    def the_session_moves(self):
        """R5: out into a file and in again, and nothing is another than it was."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "session.framejam"
            self.server.bundle(file)
            with opened(file) as bundle:
                assert bundle.events == decode_log(self.server.rows)
                assert bundle.state == self.server.core.durable
                assert [blob.id for blob in bundle.blobs] == [BLOB]

    @rule(who=client)
    def end_group(self, who):
        if self.clients[who].online:
            self.clients[who].up.append(EndGroup())

    # -- what networks and servers do ---------------------------------------------------------

    @rule(ms=st.sampled_from([1, 900, 2000, 2001]))
    def time_passes(self, ms):
        self.server.now += ms

    @rule(who=client, count=st.integers(1, 5))
    def the_server_hears(self, who, count):
        self.server.take(self.clients[who], count)

    @rule()
    def the_server_hears_everybody(self):
        for one in self.clients:
            self.server.take(one, len(one.up))

    @rule(who=client, places=st.lists(st.integers(0, 3), min_size=1, max_size=12))
    def a_client_hears(self, who, places):
        one = self.clients[who]
        for where in places:
            if one.down:
                one.hear(where, again=where == 3)
        self._settle(one)

    @rule(who=client)
    def a_client_hears_all(self, who):
        one = self.clients[who]
        while one.down:
            one.hear(0, again=False)
        self._settle(one)

    @rule()
    def everybody_hears_everything(self):
        self.the_server_hears_everybody()
        for who in range(len(self.clients)):
            self.a_client_hears_all(who)

    @rule(who=client, which=place, same=st.booleans())
    def send_again(self, who, which, same):
        """L4: a number that was answered, for the same command or for another."""
        one = self.clients[who]
        if not one.answered or not one.online:
            return
        number = sorted(one.answered)[-1 - which % len(one.answered)]
        command = one.answered[number][0]
        other = Edit(number, Comment("another", (1, 1), 0))
        one.up.append(command if same else other)

    @rule(who=client)
    def vanish(self, who):
        if self.clients[who].online:
            self.server.disconnect(self.clients[who])

    @rule(away=st.sets(client, max_size=1))
    def come_back(self, away):
        for who, one in enumerate(self.clients):
            if not one.online and who not in away:
                self.server.connect(one)

    @rule(who=client, count=st.integers(1, 4))
    def lose_a_commit(self, who, count):
        if self.clients[who].online:
            self.server.lose(self.clients[who], count)

    @rule(away=st.sets(client, max_size=2))
    def restart(self, away):
        self.server.restart()
        self.come_back(away)

    @precondition(lambda self: self.server.state.pending())
    @rule(step=st.integers(0, 24))
    def enter(self, step):
        state = self.server.state
        edits = tuple(edit.seq for edit in state.pending())
        effects = self.server.core.enter(state.take, {step: edits}, self.server.now)
        self.server.commit(None, effects)

    @rule(who=st.sampled_from(sorted(PEOPLE)), presses=st.integers(1, 6))
    def undo_and_redo(self, who, presses):
        """U4: as many redos as undos, nothing between, and it is as before."""
        undo_and_redo(self._scratch(), who, presses)

    # -- what holds ---------------------------------------------------------------------------

    @invariant()
    def folding_what_is_stored_gives_the_state(self):
        """L3, U5: state and stacks are a pure fold of the log; so are the Yjs documents (M3)."""
        rows, state = self.server.rows, self.server.state
        if len(rows) == self.compared:
            return
        log = decode_log(rows)
        fresh = fold(log)
        assert fresh == state == self.server.core.durable
        assert state_hash(fresh) == state_hash(state)
        for event in log[self.compared :]:
            self.witness.apply(event)
            self.letters.apply(event)
            given = self.server.given(event)
            if isinstance(given, Spliced):
                self.letters.check_place(event.seq, given)
        self.compared = len(rows)
        entered = state.entries.get(state.take, {})
        assert [edit.seq for edit in state.pending()] == [
            seq
            for seq, edit in state.edits.items()
            if state.live(seq) and state.steers(edit) and seq not in entered
        ]
        edits = state.edits.values()
        asdict = msgspec.structs.asdict
        adjusts = [edit for edit in edits if isinstance(edit.instruction, Adjust)]
        assert asdict(state.settings) == in_force(state, asdict(state.base), adjusts)
        revises = [edit for edit in edits if isinstance(edit.instruction, Revise)]
        for seq in {edit.instruction.target for edit in revises}:
            target = state.edits[seq]
            mine = [edit for edit in revises if edit.instruction.target == seq]
            fields = in_force(state, asdict(target.instruction), mine)
            assert asdict(revised(state, target)) == fields
        self._locks_hold_what_they_held(log)
        for prompt in PROMPTS:
            text = prompt_text(state, prompt)
            assert self.witness.shows(prompt) == self.witness.texts[prompt] == text
            assert self.letters.text(prompt) == text

    def _locks_hold_what_they_held(self, log: list[Event]) -> None:
        """T11: what a lock holds is read off the log before it, and is that for ever."""
        state = self.server.state
        self.held = {seq: held for seq, held in self.held.items() if seq in state.locks}
        for seq in state.locks.keys() - self.held.keys():
            before = fold(log[: seq - 1])
            entries = before.mapping(before.take)
            assert state.held(seq) == entries
            self.held[seq] = Reference(before.take_settings, pairs(before, entries))
        given = references(state, dict.fromkeys(state.locks, 0))
        assert given == self.held

    def teardown(self):
        for _ in range(2):  # what was typed behind a refusal is answered in the second round
            for one in self.clients:
                if not one.online:
                    self.server.connect(one)
                self.server.take(one, len(one.up))
            for one in self.clients:
                self.a_client_hears_all(self.clients.index(one))
        self.folding_what_is_stored_gives_the_state()
        log = decode_log(self.server.rows)
        fresh = fold(log)
        for one in self.clients:
            assert not one.unanswered
            assert one.seen == fresh.seq
            assert one.hash == state_hash(fresh), one.id
            for prompt in PROMPTS:
                assert one.shows(prompt) == prompt_text(fresh, prompt), one.id
        self._acked_edits_are_there_once(log)
        for who in PEOPLE:
            undo_and_redo(self._scratch(), who, 100)
        nothing_is_left_when_all_is_undone(self._scratch())

    def _acked_edits_are_there_once(self, log: list[Event]) -> None:
        told = {
            (one.id, number): answer.seq
            for one in self.clients
            for number, (_, answer) in one.answered.items()
            if isinstance(answer, Ack)
        }
        stored = [
            ((event.client_id, event.client_seq), event.seq) for event in log if event.client_id
        ]
        assert len(stored) == len(dict(stored))
        assert dict(stored) == told

    def _settle(self, one: Client) -> None:
        if isinstance(one, Typist) and not one.broken and not one.unanswered:
            self.server.settled(one)

    def _scratch(self) -> Session:
        """The same session in another server, to try things on."""
        return Session(decode_log(self.server.rows), self.server.receipts, [BLOB])


def undo_and_redo(core: Session, who: str, presses: int) -> None:
    """Press undo up to ``presses`` times and redo as often: nothing has changed."""
    before = state_hash(core.state), mappings(core.state), core.state.take
    stack = list(core.state.redo.get(who, ()))
    done = [press(core, who, Undo) for _ in range(presses)].count(True)
    assert len(core.state.redo.get(who, ())) == len(stack) + done
    assert all(press(core, who, Redo) for _ in range(done))
    assert (state_hash(core.state), mappings(core.state), core.state.take) == before
    assert list(core.state.redo.get(who, ())) == stack


def nothing_is_left_when_all_is_undone(core: Session) -> None:
    for who in PEOPLE:  # who was made a viewer undoes comments only
        core.assign("anna", who, "editor" if who != "anna" else "owner", 0)
    pressed = [True]
    while any(pressed):  # the undo of a restore brings back what others have to undo
        pressed = [press(core, who, Undo) for who in PEOPLE]
    assert not [seq for seq in core.state.edits if core.state.live(seq)]
    assert {prompt_text(core.state, prompt) for prompt in PROMPTS} == {""}
    assert core.state.settings == core.state.base


def press(core: Session, who: str, button: type[Undo] | type[Redo]) -> bool:
    """Whether a press of undo or redo did something."""
    client_id = f"scratch-of-{who}"
    core.bind(client_id, who)
    number = core.clients[client_id].next_seq
    effects = core.command(who, client_id, button(number), 0)
    (answer,) = [effect.answer for effect in effects if isinstance(effect, Reply)]
    return isinstance(answer, Ack)


SessionMachine.TestCase.settings = settings(
    settings.default,
    max_examples=max(200, settings.default.max_examples),
    stateful_step_count=100,
)
TestSessionMachine = SessionMachine.TestCase
