"""T12: what would it be without this? A scratch take for the one who asks, and nobody else."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from quick import QuickRenderer, digest
from stage import PAINT, READY, ROW, SETTINGS, Box

from framejam_protocol.errors import Code
from framejam_protocol.events import Created, Event, Joined
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.pairs import pairs, references
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Adjust, Content, Drag, Lock, Paint, Revise
from framejam_protocol.limits import UNIT
from framejam_protocol.messages import Edit, EndLook, Fault, Look, LookStatus, Undo, Watch
from framejam_protocol.preview import TIER_DECODED, TIER_SHEET, unpack_preview
from framejam_protocol.wire import decode_server
from framejam_server.conductor import Conductor
from framejam_server.live import Clock, LiveSession
from framejam_server.looks import Looks
from framejam_server.member import LOOK, PREVIEW, Member
from framejam_server.net.websocket import _dispatch
from framejam_server.render.pipe import Ready
from framejam_server.session.session import Session
from framejam_server.store.contract import SessionRow
from framejam_server.store.memory import MemoryStore

PULL = Drag(start=(1, 1), end=(9, 9), radius=5)
FAR = Paint(points=((9, 9), (99, 99)), color="#00ff00", width=7)


class Room:
    """A live session with people in it, its take and their looks, on a renderer of memory."""

    def __init__(self, renderer: QuickRenderer, facts: Ready, row: SessionRow = ROW) -> None:
        created = Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))
        self.store = MemoryStore()
        self.renderer = renderer
        self.time = SimpleNamespace(now=0.0)
        core = Session([created])
        self.row = row
        clock = Clock(lambda: 0, lambda: self.time.now)
        self.live = LiveSession(row, core, self.store, clock)
        self.conductor = Conductor(self.live, renderer, facts, self.store)
        self.looks = Looks(self.live, renderer, facts)
        self.people: dict[str, Member] = {}
        self.sent: dict[str, int] = {}
        self._created = created

    async def open(self) -> None:
        await self.store.create_session(self.row, [self._created])
        self.live.start()
        self.task = asyncio.create_task(self.conductor.run())
        for name, role in (("anna", "owner"), ("ben1", "editor"), ("vera", "viewer")):
            await self.live.join(Joined(participant=name, name=name, color="#000000", role=role))
            self.people[name] = self.connect(name)

    def connect(self, name: str) -> Member:
        number = len(self.live.members) + 1
        client = f"tab-{number}-of-{name}"
        self.live.core.bind(client, name)
        member = Member(number, name, client, Box(), sent_seq=self.live.state.seq)
        self.live.members[number] = member
        self.live.roster.arrive(number, name)
        return member

    async def close(self) -> None:
        await self.looks.close()
        self.task.cancel()
        for one in self.live._tasks:
            one.cancel()

    async def edit(self, name: str, instruction, depth=UNIT) -> int:
        return await self.command(name, lambda number: Edit(number, instruction, depth))

    async def command(self, name: str, make) -> int:
        self.sent[name] = self.sent.get(name, 0) + 1
        before = self.live.state.seq
        self.live.submit(self.people[name], make(self.sent[name]))
        async with asyncio.timeout(5):
            while self.live.state.seq == before:
                await asyncio.sleep(0)
        return before + 1

    async def rest(self) -> str:
        """Until the take is finished and shows everything; its digest."""
        async with asyncio.timeout(5):
            while self.conductor.current_clip is None:
                await asyncio.sleep(0)
        return self.conductor.current_clip.clip.digest

    def look(self, member: Member | str, number: int = 1, **fields) -> Member:
        member = self.people[member] if isinstance(member, str) else member
        running = SimpleNamespace(live=self.live, looks=self.looks)
        _dispatch(Look(number, **fields), None, running, member)
        return member

    def expected(self, *without: int, at: int | None = None, take: int | None = None) -> str:
        """The digest of a take without some edits."""
        state = fold(self.live.core.log[:at])
        take = take or state.take
        kept = {seq: step for seq, step in state.mapping(take).items() if seq not in without}
        settings = next(made for made, number in state.takes.items() if number == take)
        return digest(settings, pairs(state, kept), references(state, kept))


def told(member: Member, kind: type) -> list:
    return [m for m in map(decode_server, member.mailbox.got) if isinstance(m, kind)]


def statuses(member: Member, number: int = 1) -> list[LookStatus]:
    return [one for one in told(member, LookStatus) if one.number == number]


def shown(member: Member) -> list:
    return [unpack_preview(data) for key, data in member.mailbox.offers if key == LOOK]


async def final(member: Member, number: int = 1) -> LookStatus:
    async with asyncio.timeout(5):
        while not (found := statuses(member, number)) or found[-1].state not in (
            "finished",
            "failed",
            "ended",
        ):
            await asyncio.sleep(0)
    return found[-1]


@pytest.fixture
async def room():
    room = Room(QuickRenderer(), READY)
    await room.open()
    yield room
    await room.close()


async def test_T12_a_look_without_a_group_is_the_take_without_it(room):
    one, two = await room.edit("anna", PAINT), await room.edit("ben1", PULL)
    whole = await room.rest()
    anna = room.look("anna", without=(two,))
    status = await final(anna)
    assert (status.state, status.take, status.step, status.steps) == ("finished", 1, 10, 10)
    assert status.digest == room.expected(two) != whole == room.expected()
    assert [one.state for one in statuses(anna)] == ["waiting", "running", "finished"]
    assert set(room.renderer.takes["s1/look/anna"].pairs) == {one}


async def test_T12_only_the_asker_sees_it_and_the_log_is_not_touched(room):
    seq = await room.edit("anna", PAINT)
    await room.rest()
    before, head = state_hash(room.live.state), room.live.state.seq
    taken = await room.store.takes("s1")
    asker = room.look("vera", number=7, without=(seq,))
    second = room.connect("vera")
    await final(asker, 7)
    assert [one.look for one in shown(asker)] == [7] * len(shown(asker))
    assert [one.step for one in shown(asker)][-1] == 10
    assert [one.tier for one in shown(asker)][-2:] == [TIER_SHEET, TIER_DECODED]
    for other in (room.people["anna"], room.people["ben1"], second):
        assert not shown(other)
        assert not told(other, LookStatus)
    assert (state_hash(room.live.state), room.live.state.seq) == (before, head)
    assert await room.store.takes("s1") == taken
    assert room.live.gallery.newest["sheet"].look == 0


async def test_T12_without_a_person_all_they_did_is_out_revisions_too(room):
    await room.edit("anna", Content("a red fish"))
    stroke = await room.edit("anna", PAINT)
    await room.edit("ben1", Revise(target=stroke, color="#ff0000"))
    await room.edit("ben1", Content("a blue fish"))
    pulled = await room.edit("ben1", PULL)
    await room.edit("anna", Revise(target=pulled, strength=9))
    await room.rest()
    assert (await final(room.look("vera", people=("ben1",)))).state == "finished"
    state = room.live.state
    kept = {
        seq: step for seq, step in state.mapping(1).items() if state.edits[seq].author == "anna"
    }
    assert room.renderer.takes["s1/look/vera"].pairs == pairs(state, kept)
    said = [p.instruction for p in pairs(state, kept).values()]
    assert PAINT in said
    assert not [one for one in said if isinstance(one, Drag)]


async def test_T12_what_is_undone_is_out_already(room):
    gone, kept = await room.edit("anna", PAINT), await room.edit("ben1", FAR)
    await room.rest()
    assert gone in room.live.state.mapping(1)
    await room.command("anna", lambda number: Undo(number, group=gone))
    await room.rest()
    status = await final(room.look("ben1", without=(gone,)))
    assert status.digest == room.expected()
    assert set(room.renderer.takes["s1/look/ben1"].pairs) == {kept}


async def test_T12_as_it_was_at_an_earlier_event_and_as_another_take(room):
    one = await room.edit("anna", PAINT)
    await room.rest()
    then = room.live.state.seq
    other = await room.edit("anna", Adjust(seed=9))
    await room.edit("ben1", FAR)
    await room.rest()
    assert room.live.state.take == 2
    anna = room.look("anna", 1, at=then)
    past = await final(anna, 1)
    assert (past.take, past.digest) == (1, room.expected(at=then))
    room.look("anna", 2, take=1)
    first = await final(anna, 2)
    assert (first.take, first.digest) == (1, room.expected(take=1))
    room.look("anna", 3, take=2, without=(one,))
    second = await final(anna, 3)
    assert (second.take, second.digest) == (2, room.expected(one, take=2))
    assert {preview.seq for preview in shown(anna) if preview.look == 1} == {then}
    assert other in room.live.state.edits


async def test_T12_a_lock_still_holds_what_it_held(room):
    seq = await room.edit("anna", PAINT)
    await room.rest()
    lock = await room.edit("ben1", Lock(outline=((0, 0), (UNIT, 0), (0, UNIT))))
    await room.rest()
    status = await final(room.look("vera", without=(seq,)))
    assert status.digest == room.expected(seq)
    held = room.renderer.takes["s1/look/vera"].references[lock]
    assert held.pairs == {seq: pairs(room.live.state, {seq: 0})[seq]}


async def test_T12_the_take_goes_first_and_comes_out_the_same(room):
    """A look that is under way while the take runs: every step of the take is served before."""
    seq = await room.edit("anna", PAINT)
    await room.rest()
    room.renderer.gate.clear()
    later = await room.edit("ben1", FAR)
    await asyncio.sleep(0.01)
    anna = room.look("anna", without=(seq,))
    await asyncio.sleep(0.01)
    served = len(room.renderer.served)
    assert statuses(anna)[-1].state == "waiting"
    room.renderer.gate.set()
    whole = await room.rest()
    assert set(room.renderer.served[served:]) == {"s1/1"}
    assert whole == room.expected()
    # Nobody waits for the look either: an edit that comes while it runs is served next.
    await final(anna)
    room.renderer.gate.clear()
    room.look("anna", 2, without=(later,))
    while not room.renderer.queue.busy:
        await asyncio.sleep(0)
    served = len(room.renderer.served)
    await room.edit("ben1", PAINT)
    await asyncio.sleep(0.01)
    room.renderer.gate.set()
    assert await room.rest() == room.expected()
    keys = room.renderer.served[served:]
    assert keys[0] == "s1/look/anna"
    assert set(keys[1:]) == {"s1/1"}
    await final(anna, 2)


async def test_T12_one_look_for_each_person_another_takes_its_place(room):
    one, two = await room.edit("anna", PAINT), await room.edit("ben1", PULL)
    await room.rest()
    room.renderer.gate.clear()
    anna, ben = room.look("anna", 1, without=(one,)), room.look("ben1", 5, without=(one,))
    await asyncio.sleep(0.01)
    elsewhere = room.connect("anna")
    room.look(elsewhere, 2, without=(two,))
    await asyncio.sleep(0.01)
    assert statuses(anna, 1)[-1].state == "ended"
    room.renderer.gate.set()
    assert (await final(elsewhere, 2)).digest == room.expected(two)
    assert (await final(ben, 5)).digest == room.expected(one)
    assert not [preview for preview in shown(anna) if preview.look == 2]
    assert statuses(anna, 1)[-1].state == "ended"
    looks = {key for key in room.renderer.served if "look" in key}
    assert looks == {"s1/look/anna", "s1/look/ben1"}


async def test_T12_a_look_like_the_one_before_goes_on_where_they_part(room):
    early = await room.edit("anna", PAINT, 65536)
    late = await room.edit("anna", FAR, 10000)
    await room.rest()
    anna = room.look("anna", 1, without=(early,))
    await final(anna, 1)
    before = len(room.renderer.served)
    room.look("anna", 2, without=(early, late))
    assert (await final(anna, 2)).digest == room.expected(early, late)
    entered = room.live.state.mapping(1)[late]
    assert entered > 0
    assert len(room.renderer.served) - before == 10 - entered + 1


@pytest.mark.parametrize("end", ["said", "gone"])
async def test_T12_enough_seen_and_it_is_forgotten(room, end):
    seq = await room.edit("anna", PAINT)
    await room.rest()
    anna = room.people["anna"]
    second = room.connect("anna")
    room.renderer.gate.clear()
    room.look(second, without=(seq,))
    await asyncio.sleep(0.01)
    if end == "said":
        _dispatch(EndLook(), None, SimpleNamespace(live=room.live, looks=room.looks), anna)
    else:
        for member in (second, anna):
            room.live.leave(member)
            room.looks.left(member)
            if member is second:
                await asyncio.sleep(0.01)
                assert room.looks._views, "another connection of hers is there"
    await asyncio.sleep(0.01)
    room.renderer.gate.set()
    await asyncio.sleep(0.01)
    served = len(room.renderer.served)
    await asyncio.sleep(0.05)
    assert len(room.renderer.served) == served
    assert room.renderer.served.count("s1/look/anna") <= 1
    assert "s1/look/anna" not in room.renderer.memory
    assert not room.looks._views


async def test_T12_where_the_asking_connection_is_gone_the_persons_other_one_gets_it(room):
    seq = await room.edit("anna", PAINT)
    await room.rest()
    second = room.connect("anna")
    room.renderer.gate.clear()
    room.look(second, without=(seq,))
    await asyncio.sleep(0.01)
    room.live.leave(second)
    room.looks.left(second)
    room.renderer.gate.set()
    assert (await final(room.people["anna"])).digest == room.expected(seq)


@pytest.mark.parametrize(
    ("fields", "code", "field", "says"),
    [
        ({"take": 7}, Code.NOT_FOUND, "take", "there is no take 7"),
        ({"without": (999,)}, Code.NOT_FOUND, "without", "there is no group 999"),
        ({"people": ("nobody",)}, Code.NOT_FOUND, "people", "nobody 'nobody'"),
        ({"at": 99}, Code.INVALID, "at", "the log ends at event"),
        ({"at": 2, "without": (5,)}, Code.NOT_FOUND, "without", "no group 5 after event 2"),
        ({"at": 1, "people": ("anna",)}, Code.NOT_FOUND, "people", "after event 1"),
    ],
)
async def test_T12_a_look_at_what_is_not_there_says_which_field(room, fields, code, field, says):
    await room.edit("anna", PAINT)
    whole = await room.rest()
    anna = room.look("anna", **fields)
    status = await final(anna)
    (fault,) = told(anna, Fault)
    assert (fault.code, fault.field, fault.rule) == (code, field, "T12")
    assert says in fault.message
    assert status.state == "failed"
    assert says in status.note
    assert field in status.note
    assert await room.rest() == whole
    # And the next is shown.
    room.look("anna", 2)
    assert (await final(anna, 2)).digest == whole


async def test_T12_an_event_that_is_no_edit_names_no_group(room):
    await room.edit("anna", PAINT)
    await room.rest()
    state = room.live.state
    entered = next(e.seq for e in room.live.core.log if e.author == "" and e.seq > 1)
    assert entered not in state.edits
    assert (await final(room.look("anna", without=(entered,)))).state == "failed"


async def test_T6_a_look_survives_the_renderer_and_gives_up_after_three_deaths(room):
    seq = await room.edit("anna", PAINT)
    await room.rest()
    room.renderer.deaths["s1/look/anna"] = 2
    anna = room.look("anna", 1, without=(seq,))
    assert (await final(anna, 1)).digest == room.expected(seq)
    assert any("restarts" in one.note for one in statuses(anna, 1))
    room.renderer.deaths["s1/look/anna"] = 3
    room.look("anna", 2)
    status = await final(anna, 2)
    assert status.state == "failed"
    assert "three times" in status.note
    # The take that was lost along with it is made again when somebody needs it.
    await room.edit("ben1", FAR)
    assert await room.rest() == room.expected()
    room.look("anna", 3, without=(seq,))
    assert (await final(anna, 3)).digest == room.expected(seq)


async def test_T12_a_look_that_fails_says_why(room):
    await room.rest()
    room.renderer.failures["s1/look/anna"] = "step 0: the latents hold NaN"
    status = await final(room.look("anna"))
    assert (status.state, status.note) == ("failed", "step 0: the latents hold NaN")
    room.look("anna", 2)
    assert (await final(room.people["anna"], 2)).digest == room.expected()


async def test_T12_looks_give_way_to_the_take_in_memory():
    facts, unit = READY, 256 * 2**20
    room = Room(QuickRenderer(budget=unit), facts)
    await room.open()
    seq = await room.edit("anna", PAINT)
    await room.rest()
    anna = room.look("anna", 1, without=(seq,))
    assert (await final(anna, 1)).digest == room.expected(seq)
    assert len(room.renderer.memory) == 1
    room.renderer.gate.clear()
    room.look("anna", 2)
    await asyncio.sleep(0.01)
    await room.edit("ben1", FAR)
    await asyncio.sleep(0.01)
    room.renderer.gate.set()
    assert await room.rest() == room.expected()
    assert (await final(anna, 2)).state == "finished"
    await room.close()


async def test_T12_a_look_beyond_the_memory_says_so():
    room = Room(QuickRenderer(budget=2**20), READY)
    await room.open()
    anna = room.look("anna")
    status = await final(anna)
    assert status.state == "failed"
    assert "needs 256 MiB" in status.note
    await room.close()


async def test_C5_a_look_comes_in_the_size_its_asker_watches(room):
    await room.rest()
    anna = room.people["anna"]
    room.live.watch(anna, Watch(tier="large"))
    await final(room.look(anna))
    assert {(one.width, one.look) for one in shown(anna)} == {(256, 1)}
    room.live.watch(anna, Watch(tier="none"))
    before = len(anna.mailbox.offers)
    assert (await final(room.look(anna, 2), 2)).state == "finished"
    assert anna.mailbox.offers[before:] == []
    assert {key for key, _ in anna.mailbox.offers} == {LOOK, PREVIEW}
