"""Memory: which takes the renderer holds, and which wait until there is room. Pure."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framejam_protocol.fold.pairs import Reference
from framejam_protocol.instructions import Settings
from framejam_server.mapped import Mapped
from framejam_server.render.memory import MIB, UNKNOWN_BYTES, Memory, bytes_of, objections
from framejam_server.render.pipe import Ready
from framejam_server.render.turns import Standing

SETTINGS = Settings(
    model="m", seed=1, steps=8, frames=16, width=512, height=512, fps=8, guidance=100
)
READY = Ready(
    "m",
    "hash",
    512,
    512,
    16,
    8,
    100,
    {},
    {},
    8,
    64,
    take_bytes_fixed=10 * MIB,
    take_bytes_per_value=400,
)
TAKE = 10 * MIB + 400 * 4 * 16 * 64 * 64


class Room:
    """A memory of so many bytes; what it does is written down."""

    def __init__(self, budget: int) -> None:
        self.forgotten: list[str] = []
        self.woken: list[str] = []
        self.memory = Memory(budget, self.forgotten.append)

    def claim(self, key: str, size: int = 1, standing: Standing = Standing.RUNNING) -> bool:
        return self.memory.claim(key, size, standing, lambda: self.woken.append(key))


def test_a_take_waits_while_all_that_are_held_run_and_are_watched() -> None:
    room = Room(2)
    assert room.claim("a/1")
    assert room.claim("b/1")
    assert not room.claim("c/1")
    assert "c/1" not in room.memory
    assert len(room.memory) == 2
    assert room.claim("a/1"), "those that are in go on"
    room.memory.give_up("b/1")
    assert room.woken == ["c/1"]
    assert room.claim("c/1")
    assert room.forgotten == ["b/1"]


@pytest.mark.parametrize(
    ("standings", "order"),
    [
        (
            (Standing.STILL, Standing.UNWATCHED, Standing.LOOK, Standing.FINISHED),
            ["d/1", "c/1", "b/1", "a/1"],
        ),
        ((Standing.FINISHED,) * 4, ["a/1", "b/1", "c/1", "d/1"]),
        ((Standing.RUNNING, Standing.FINISHED, Standing.RUNNING, Standing.STILL), ["b/1", "d/1"]),
    ],
)
def test_finished_then_looks_then_unwatched_then_still_give_way(
    standings: tuple[Standing, ...], order: list[str]
) -> None:
    room = Room(4)
    for name, standing in zip("abcd", standings, strict=True):
        assert room.claim(f"{name}/1")
        room.memory.stands(f"{name}/1", standing)
    for number in range(len(order)):
        assert room.claim(f"new{number}/1")
    assert room.forgotten == order
    if len(order) < 4:
        assert not room.claim("last/1")


def test_of_equals_the_one_gives_way_that_was_used_longest_ago() -> None:
    room = Room(3)
    for name in "abca":
        assert room.claim(f"{name}/1")
    for name in "abc":
        room.memory.stands(f"{name}/1", Standing.FINISHED)
    for number in range(3):
        assert room.claim(f"new{number}/1")
    assert room.forgotten == ["b/1", "c/1", "a/1"]


def test_no_more_give_way_than_must() -> None:
    room = Room(10)
    for name, size in (("a", 2), ("b", 3), ("c", 4)):
        assert room.claim(f"{name}/1", size)
        room.memory.stands(f"{name}/1", Standing.FINISHED)
    assert room.claim("d/1", 4)
    assert room.forgotten == ["a/1", "b/1"]


def test_nobody_gives_way_where_it_would_not_help() -> None:
    room = Room(10)
    assert room.claim("a/1", 8)
    assert room.claim("b/1", 2)
    room.memory.stands("b/1", Standing.FINISHED)
    assert not room.claim("c/1", 5)
    assert room.forgotten == []


@pytest.mark.parametrize("claimant", [Standing.UNWATCHED, Standing.LOOK])
def test_what_nobody_watches_takes_no_room_from_its_equals(claimant: Standing) -> None:
    """Or two of them would make each other begin anew for ever."""
    room = Room(1)
    assert room.claim("a/1", 1, claimant)
    assert not room.claim("b/1", 1, claimant)
    assert room.forgotten == []


def test_whoever_waits_longer_goes_first_and_the_watched_before_all() -> None:
    room = Room(1)
    assert room.claim("a/1")
    assert not room.claim("parked/1", 1, Standing.UNWATCHED)
    assert not room.claim("b/1")
    assert not room.claim("c/1")
    room.memory.give_up("a/1")
    assert not room.claim("parked/1", 1, Standing.UNWATCHED)
    assert not room.claim("c/1")
    assert room.claim("b/1")


def test_who_wants_nothing_any_more_does_not_stand_in_the_way() -> None:
    room = Room(1)
    assert room.claim("a/1")
    assert not room.claim("b/1")
    assert not room.claim("c/1")
    room.memory.give_up("a/1")
    woken = len(room.woken)
    room.memory.stands("b/1", Standing.STILL)  # paused while it waited
    assert room.woken[woken:] == ["c/1"]
    room.memory.stands("c/1", Standing.UNWATCHED)  # and nobody watches the other any more
    assert room.claim("c/1", 1, Standing.UNWATCHED)


def test_who_waited_behind_one_that_got_in_is_asked_again() -> None:
    room = Room(2)
    assert room.claim("a/1", 2)
    assert not room.claim("b/1")
    assert not room.claim("c/1")
    room.memory.give_up("a/1")
    assert not room.claim("c/1"), "it is behind the other"
    woken = len(room.woken)
    assert room.claim("b/1")
    assert room.woken[woken:] == ["c/1"]
    assert room.claim("c/1")
    woken = len(room.woken)
    assert room.claim("b/1")
    assert room.woken[woken:] == []


def test_a_take_that_shrinks_makes_room() -> None:
    room = Room(10)
    assert room.claim("a/1", 10)
    assert not room.claim("b/1", 5)
    assert room.claim("a/1", 10)
    assert room.woken == []
    assert room.claim("a/1", 5)
    assert room.woken == ["b/1"]
    assert room.claim("b/1", 5)


def test_one_that_waits_and_matters_less_lets_others_go_before_it() -> None:
    room = Room(1)
    assert room.claim("a/1")
    assert not room.claim("b/1")
    assert not room.claim("c/1", 1, Standing.UNWATCHED)
    room.memory.give_up("a/1")
    assert not room.claim("c/1", 1, Standing.UNWATCHED)
    woken = len(room.woken)
    room.memory.stands("b/1", Standing.LOOK)
    assert "c/1" in room.woken[woken:]
    assert room.claim("c/1", 1, Standing.UNWATCHED)
    woken = len(room.woken)
    room.memory.stands("b/1", Standing.LOOK)
    room.memory.stands("b/1", Standing.RUNNING)
    assert room.woken[woken:] == []


def test_a_take_that_grows_beyond_the_room_lets_go_before_it_waits() -> None:
    room = Room(10)
    assert room.claim("a/1", 5)
    assert room.claim("b/1", 5)
    assert not room.claim("a/1", 6)
    assert room.forgotten == ["a/1"]
    assert room.claim("b/1", 10)


def test_T6_with_the_process_everything_it_held_is_gone() -> None:
    room = Room(1)
    assert room.claim("a/1")
    assert not room.claim("b/1")
    room.memory.lose()
    assert len(room.memory) == 0
    assert room.woken == ["b/1"]
    assert room.forgotten == []
    assert room.claim("b/1")


CLAIMS = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.integers(1, 10),
        st.sampled_from(list(Standing)),
        st.sampled_from(["claim", "claim", "stands", "give up"]),
    ),
    max_size=60,
)


@given(CLAIMS)
def test_the_budget_is_never_passed_and_the_watched_never_give_way(
    moves: list[tuple[str, int, Standing, str]],
) -> None:
    room = Room(20)
    for name, size, standing, move in moves:
        before = {
            key: held.standing for key, held in room.memory._held.items() if key != f"{name}/1"
        }
        forgotten = len(room.forgotten)
        match move:
            case "claim":
                claimed = room.claim(f"{name}/1", size, standing)
                assert claimed == (f"{name}/1" in room.memory)
                for key in room.forgotten[forgotten:]:
                    assert key == f"{name}/1" or before[key] < standing
            case "stands":
                room.memory.stands(f"{name}/1", standing)
            case _:
                room.memory.give_up(f"{name}/1")
                assert f"{name}/1" not in room.memory
        assert sum(held.size for held in room.memory._held.values()) <= 20
        assert not set(room.memory._held) & set(room.memory._waiting)


def test_a_clip_that_can_never_be_held_is_refused_with_the_numbers() -> None:
    found = objections(READY, SETTINGS, TAKE - 1)
    assert set(found) == {"frames", "width", "height"}
    for message in found.values():
        assert "16 frames of 512 x 512 needs 110 MiB" in message
        assert "this server has 109 MiB" in message
    assert objections(READY, SETTINGS, TAKE) == {}


def test_a_model_that_does_not_say_what_it_needs_is_counted_and_never_refused() -> None:
    silent = msgspec.structs.replace(READY, take_bytes_fixed=0, take_bytes_per_value=0)
    assert bytes_of(silent, [SETTINGS]) == UNKNOWN_BYTES
    assert objections(silent, SETTINGS, 1) == {}


def test_T11_what_locks_hold_counts_where_it_is_made_with_other_settings() -> None:
    other = msgspec.structs.replace(SETTINGS, seed=2)
    assert bytes_of(READY, [SETTINGS, SETTINGS]) == TAKE
    assert bytes_of(READY, [SETTINGS, other, other]) == 2 * TAKE


def held(**fields: object) -> Reference:
    return Reference(msgspec.structs.replace(SETTINGS, **fields), {})


def test_T11_what_locks_hold_counts_as_what_it_is_made_with() -> None:
    """From a seed of its own it is a take more; where it is made under the present settings wholly,
    or under those of another, it is none."""
    mapped = Mapped(
        references={
            1: held(),
            2: held(seed=2),
            3: held(seed=3, frames=8),
            4: held(seed=2, guidance=9),
            5: held(scheduler="other"),
        }
    )
    other = msgspec.structs.replace(SETTINGS, seed=2)
    assert mapped.made_with(SETTINGS) == {SETTINGS, other}
    assert bytes_of(READY, mapped.made_with(SETTINGS)) == 2 * TAKE
