"""T12: what would it be without this? A scratch take for the one who asks, and nobody else."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from quick import QuickRenderer
from rooms import FAR, PULL, Room, final, shown, statuses, told
from stage import PAINT, READY

from framejam_protocol.errors import Code
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.pairs import pairs
from framejam_protocol.instructions import Adjust, Content, Drag, Lock, Revise
from framejam_protocol.limits import UNIT
from framejam_protocol.messages import EndLook, Fault, LookStatus, Undo, Watch
from framejam_protocol.preview import TIER_DECODED, TIER_SHEET
from framejam_server.member import LOOK, PREVIEW
from framejam_server.net.websocket import _dispatch


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
    for number, without in ((1, ()), (2, (gone,))):
        status = await final(room.look("ben1", number, without=without), number)
        assert status.digest == room.expected()
        assert set(room.renderer.takes["s1/look/ben1"].pairs) == {kept}


async def test_T12_as_it_was_at_an_earlier_event_and_as_another_take(room):
    one = await room.edit("anna", PAINT)
    await room.rest()
    then = room.live.state.seq
    other = await room.edit("anna", Adjust(seed=9))
    far = await room.edit("ben1", FAR)
    await room.rest()
    assert room.live.state.take == 2
    anna = room.look("anna", 1, at=then)
    past = await final(anna, 1)
    assert (past.take, past.digest) == (1, room.expected(at=then))
    room.look("anna", 2, take=1)
    first = await final(anna, 2)
    # As it would be if they went back to it: what was given since is there from its first step.
    assert {seq: pair.step for seq, pair in room.renderer.takes["s1/look/anna"].pairs.items()} == {
        **room.live.state.mapping(1),
        far: 0,
    }
    room.look("anna", 3, take=2, without=(one,))
    second = await final(anna, 3)
    assert (second.take, second.digest) == (2, room.expected(one, take=2))
    assert {preview.seq for preview in shown(anna) if preview.look == 1} == {then}
    await room.command("anna", lambda number: Undo(number, group=other))
    await room.rest()
    assert room.live.state.take == 1
    assert (first.take, first.digest) == (1, room.expected())


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
    # The step of hers that was under way is nothing of the second look.
    assert [one.state for one in statuses(elsewhere, 2)] == ["waiting", "running", "finished"]
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
        _dispatch(EndLook(), None, SimpleNamespace(live=room.live, looks=room.looks), second)
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
