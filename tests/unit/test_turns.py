"""Turns: whose request the renderer answers next. Pure, and the queue that follows it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from framejam_server.render.turns import Queue, Standing, Ticket, Turns

WANTING = (Standing.RUNNING, Standing.UNWATCHED, Standing.LOOK)


def waiting(turns: Turns, *keys: str, question: bool = False) -> list[Ticket]:
    tickets = [Ticket(key, question) for key in keys]
    for ticket in tickets:
        turns.ask(ticket)
    return tickets


def order(turns: Turns) -> list[str]:
    """The keys in the order in which they are served."""
    found = []
    while (ticket := turns.next()) is not None:
        found.append(ticket.key)
        turns.stands(ticket.key, Standing.FINISHED)
    return found


def test_T6_questions_then_watched_then_unwatched_then_looks() -> None:
    turns = Turns()
    turns.stands("a/look/p", Standing.LOOK)
    turns.stands("b/1", Standing.UNWATCHED)
    turns.stands("c/1", Standing.RUNNING)
    waiting(turns, "a/look/p", "b/1", "c/1")
    waiting(turns, "d/1", question=True)
    assert order(turns) == ["d/1", "c/1", "b/1", "a/look/p"]


def test_T6_an_unwatched_take_parks_between_two_steps_of_a_watched_one() -> None:
    """The moment in which the watched take shows its step is not the unwatched take's."""
    turns = Turns()
    turns.stands("watched/1", Standing.RUNNING)
    turns.stands("parked/1", Standing.UNWATCHED)
    waiting(turns, "parked/1")
    assert turns.next() is None
    turns.stands("watched/1", Standing.FINISHED)
    assert order(turns) == ["parked/1"]


def test_T12_a_look_waits_while_any_take_wants_a_step() -> None:
    turns = Turns()
    turns.stands("a/1", Standing.UNWATCHED)
    turns.stands("b/look/p", Standing.LOOK)
    waiting(turns, "b/look/p")
    assert turns.next() is None
    turns.stands("a/1", None)
    assert order(turns) == ["b/look/p"]


def test_a_parked_take_that_somebody_watches_goes_first_from_then_on() -> None:
    turns = Turns()
    turns.stands("a/1", Standing.RUNNING)
    turns.stands("b/1", Standing.UNWATCHED)
    waiting(turns, "b/1")
    assert turns.next() is None
    turns.stands("b/1", Standing.RUNNING)
    waiting(turns, "a/1")
    assert order(turns) == ["b/1", "a/1"]


def test_a_new_session_goes_next_however_many_wait() -> None:
    turns = Turns()
    old = [f"s{number}/1" for number in range(5)]
    for key in old:
        turns.stands(key, Standing.RUNNING)
        waiting(turns, key)
        assert turns.next() is not None
    waiting(turns, *old)
    turns.stands("new/1", Standing.RUNNING)
    waiting(turns, "new/1")
    first = turns.next()
    assert first is not None
    assert first.key == "new/1"


def test_many_questions_of_one_session_do_not_hold_the_others_up() -> None:
    turns = Turns()
    turns.stands("b/1", Standing.RUNNING)
    turns.stands("c/1", Standing.RUNNING)
    waiting(turns, "a/1", "a/1", "a/1", question=True)
    waiting(turns, "b/1", "c/1")
    waiting(turns, "d/1", question=True)
    served = [turns.next() for _ in range(6)]
    assert [(one.key, one.question) for one in served if one] == [
        ("a/1", True),
        ("b/1", False),
        ("d/1", True),
        ("c/1", False),
        ("a/1", True),
        ("a/1", True),
    ]


def test_a_session_keeps_its_place_when_it_begins_another_take() -> None:
    turns = Turns()
    for key in ("a/1", "b/1"):
        turns.stands(key, Standing.RUNNING)
        waiting(turns, key)
        turns.next()
    turns.stands("b/2", Standing.RUNNING)
    turns.stands("b/1", None)
    waiting(turns, "b/2", "a/1")
    assert order(turns) == ["a/1", "b/2"]


def test_sessions_that_are_over_are_forgotten() -> None:
    turns = Turns()
    for number in range(100):
        key = f"s{number}/1"
        turns.stands(key, Standing.RUNNING)
        waiting(turns, key)
        waiting(turns, key, question=True)
        assert [turns.next(), turns.next()].count(None) == 0
        turns.stands(key, None)
    assert (turns._last, turns._standing, turns._waiting) == ({}, {}, [])


class Sessions(RuleBasedStateMachine):
    """Sessions that come, go, are watched or not, ask and are served, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = Turns()
        self.standing: dict[str, Standing] = {}
        self.asked: dict[str, Ticket] = {}
        self.questions: list[Ticket] = []
        # Turns that each other watched session had while a watched one waited.
        self.passed: dict[str, dict[str, int]] = {}
        self.steps_while_questions_wait = 0

    @rule(name=st.sampled_from("abcdef"), standing=st.sampled_from(list(Standing)))
    def stands(self, name: str, standing: Standing) -> None:
        key = f"{name}/1"
        if key in self.asked and standing not in WANTING:
            return  # who waits for a step wants one
        self.standing[key] = standing
        self.turns.stands(key, standing)
        if standing is not Standing.RUNNING:
            self.passed.pop(key, None)

    @rule(name=st.sampled_from("abcdef"))
    def asks(self, name: str) -> None:
        key = f"{name}/1"
        if key not in self.asked and self.standing.get(key) in WANTING:
            self.asked[key] = Ticket(key)
            self.turns.ask(self.asked[key])

    @rule(name=st.sampled_from("abcdef"))
    def question(self, name: str) -> None:
        self.questions.append(Ticket(f"{name}/1", True))
        self.turns.ask(self.questions[-1])

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def cancelled(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.asked)))
        self.turns.leave(self.asked.pop(key))
        self.passed.pop(key, None)

    @rule()
    def serve(self) -> None:
        ticket = self.turns.next()
        best = min(
            (WANTING.index(one) for one in self.standing.values() if one in WANTING), default=None
        )
        ready = [key for key in self.asked if WANTING.index(self.standing[key]) == best]
        if ticket is None:
            assert not self.questions
            assert not ready
        elif ticket.question:
            self.questions.remove(ticket)
        else:
            assert ticket.key in ready, "nobody overtakes a class before theirs"
            del self.asked[ticket.key]
            self._served(ticket.key)
            assert not self.questions or self.turns._question_was_last is False
        if ticket is not None and ticket.question and ready:
            following = self.turns.next()
            assert following is not None
            assert not following.question, "questions do not starve the takes"
            del self.asked[following.key]
            self._served(following.key)

    def _served(self, key: str) -> None:
        self.passed.pop(key, None)
        for other in self.asked:
            if self.standing[other] is self.standing[key] is Standing.RUNNING:
                counts = self.passed.setdefault(other, {})
                counts[key] = counts.get(key, 0) + 1

    @invariant()
    def nobody_waits_for_two_steps_of_one_other(self) -> None:
        for counts in self.passed.values():
            assert max(counts.values(), default=0) <= 1


TestSessions = Sessions.TestCase


@given(st.permutations(range(6)), st.integers(2, 30))
def test_busy_sessions_get_equal_shares(names: list[int], rounds: int) -> None:
    turns = Turns()
    keys = [f"s{name}/1" for name in names]
    for key in keys:
        turns.stands(key, Standing.RUNNING)
    waiting(turns, *keys)
    served = []
    for _ in range(rounds * len(keys)):
        ticket = turns.next()
        assert ticket is not None
        served.append(ticket.key)
        waiting(turns, ticket.key)
    assert {served.count(key) for key in keys} == {rounds}


async def test_a_cancelled_waiter_does_not_block_the_others() -> None:
    queue = Queue()
    await queue.turn("a/1")
    waiters = [asyncio.create_task(queue.turn(f"{name}/1")) for name in "bcd"]
    await asyncio.sleep(0)
    waiters[0].cancel()
    await asyncio.sleep(0)
    queue.done()
    await asyncio.wait_for(waiters[1], 1)
    queue.done()
    await asyncio.wait_for(waiters[2], 1)
    queue.done()
    assert not queue.busy


async def test_who_is_called_and_cancelled_at_once_gives_the_turn_on() -> None:
    queue = Queue()
    await queue.turn("a/1")
    second, third = (asyncio.create_task(queue.turn(f"{name}/1")) for name in "bc")
    await asyncio.sleep(0)
    queue.done()  # it is the second's turn, who has not run since
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await asyncio.wait_for(third, 1)
    assert queue.busy
    queue.done()
    assert not queue.busy


async def test_who_ends_while_several_others_are_cancelled_ends_in_peace() -> None:
    """A hub that closes cancels every take at one time: those that wait have not run since."""
    queue, ended = Queue(), []

    async def take(name: str) -> None:
        await queue.turn(name)
        try:
            await asyncio.Event().wait()
        finally:
            queue.done()
            ended.append(name)

    takes = [asyncio.create_task(take(name)) for name in ("a/1", "b/1", "c/1")]
    await asyncio.sleep(0)
    for one in takes:
        one.cancel()
    results = await asyncio.gather(*takes, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 3
    assert (ended, queue.busy) == (["a/1"], False)
    await asyncio.wait_for(queue.turn("d/1"), 1)


async def test_a_take_that_rests_lets_the_waiting_ones_go_at_once() -> None:
    queue = Queue()
    queue.stands("a/1", Standing.RUNNING)
    queue.stands("b/1", Standing.UNWATCHED)
    parked = asyncio.create_task(queue.turn("b/1"))
    await asyncio.sleep(0.01)
    assert not parked.done()
    queue.stands("a/1", Standing.STILL)
    await asyncio.wait_for(parked, 1)
