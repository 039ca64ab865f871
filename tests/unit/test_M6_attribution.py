"""M6: from weights on a point to edits and people. Pure."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from framejam_protocol.events import Body, Created, Edited, Event, Joined, Undone
from framejam_protocol.fold.state import State, fold
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Drag,
    Image,
    Instruction,
    Lock,
    Paint,
    Prompt,
    Region,
    Revise,
    Settings,
    Splice,
    Text,
    Trajectory,
)
from framejam_server.session.attribution import attribute, everywhere

UNIT = 65536
SETTINGS = Settings(model="m", seed=1, steps=8, frames=16, width=64, height=64, fps=8, guidance=100)
STROKE = Paint(points=((1, 1),), color="#ff0000", width=9)
PULL = Drag(start=(1, 1), end=(9, 9), radius=5)
PEOPLE = {"anna": "Anna", "ben1": "Ben", "cleo": "Cleo"}


class Log:
    """Events one after the other; what each is told is its seq."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.add("", Created(settings=SETTINGS))
        for person, name in PEOPLE.items():
            self.add(person, Joined(participant=person, name=name, color="#000000", role="editor"))

    def add(self, author: str, body: Body) -> int:
        seq = len(self.events) + 1
        self.events.append(Event(seq=seq, at=0, author=author, body=body))
        return seq

    def edit(self, author: str, instruction: Instruction, group: int | None = None) -> int:
        return self.add(author, Edited(instruction=instruction, group=group))

    def type(self, author: str, prompt: Prompt, *splices: tuple[int, str, str]) -> int:
        return self.edit(author, Text(prompt, b"", tuple(Splice(*one) for one in splices)))

    @property
    def state(self) -> State:
        return fold(self.events)


def _entered(state: State, *left_out: int) -> dict[int, int]:
    return {seq: 0 for seq in state.edits if state.live(seq) and seq not in left_out}


def test_M6_strongest_first_with_names_groups_and_kinds() -> None:
    log = Log()
    one = log.edit("anna", STROKE)
    two = log.edit("ben1", PULL)
    three = log.edit("ben1", STROKE, group=two)
    state = log.state
    found = attribute(state, _entered(state), {one: 0.25, two: 0.5, three: 0.125}, {})
    assert [(w.edit, w.group, w.kind, w.author, w.name, w.weight) for w in found] == [
        (two, two, "drag", "ben1", "Ben", 32768),
        (one, one, "paint", "anna", "Anna", 16384),
        (three, two, "paint", "ben1", "Ben", 8192),
    ]
    assert all(w.prompt is None and w.revised_by is None for w in found)


def test_M6_of_equal_weights_the_newer_comes_first() -> None:
    log = Log()
    seqs = [log.edit("anna", STROKE) for _ in range(3)]
    state = log.state
    found = attribute(state, _entered(state), dict.fromkeys(seqs, 0.25), {})
    assert [one.edit for one in found] == seqs[::-1]


def test_M6_what_rounds_to_nothing_is_left_out() -> None:
    log = Log()
    one, two = log.edit("anna", STROKE), log.edit("anna", STROKE)
    state = log.state
    found = attribute(state, _entered(state), {one: 0.4 / UNIT, two: 0.6 / UNIT}, {})
    assert [(w.edit, w.weight) for w in found] == [(two, 1)]


def test_M6_a_revised_stroke_is_its_creators_and_says_who_changed_it_last() -> None:
    log = Log()
    stroke, other = log.edit("anna", STROKE), log.edit("anna", STROKE)
    log.edit("ben1", Revise(target=stroke, color="#00ff00"))
    late = log.edit("cleo", Revise(target=stroke, strength=9))
    state = log.state

    def changed(mapping: dict[int, int]) -> dict[int, str | None]:
        found = attribute(state, mapping, {stroke: 0.5, other: 0.25}, {})
        assert [(w.author, w.kind) for w in found] == [("anna", "paint")] * 2
        return {w.edit: w.revised_by for w in found}

    assert changed(_entered(state)) == {stroke: "cleo", other: None}
    assert changed(_entered(state, late)) == {stroke: "ben1", other: None}


def test_M6_what_local_instructions_leave_is_shared_by_the_conditions() -> None:
    log = Log()
    content = log.type("anna", "content", (0, "", "a red fish"))
    motion = log.type("ben1", "motion", (0, "", "left"))
    stroke = log.edit("cleo", STROKE)
    state = log.state
    rest = everywhere(state, _entered(state))
    assert rest == {content: Fraction(1, 2), motion: Fraction(1, 2)}
    found = attribute(state, _entered(state), {stroke: 0.25}, rest)
    assert [(w.edit, w.kind, w.prompt, w.weight) for w in found] == [
        (motion, "text", "motion", 24576),
        (content, "text", "content", 24576),
        (stroke, "paint", None, 16384),
    ]
    covered = attribute(state, _entered(state), {stroke: 1.0}, rest)
    assert [w.edit for w in covered] == [stroke]
    twice = attribute(state, _entered(state), {stroke: 0.75, 99: 0.0}, rest)
    assert sum(w.weight for w in twice) == UNIT


def test_M6_weights_beyond_one_leave_nothing() -> None:
    log = Log()
    log.type("anna", "content", (0, "", "fish"))
    one, two = log.edit("anna", STROKE), log.edit("ben1", PULL)
    state = log.state
    found = attribute(
        state, _entered(state), {one: 1.0, two: 0.75}, everywhere(state, _entered(state))
    )
    assert [(w.edit, w.weight) for w in found] == [(one, UNIT), (two, 49152)]


def test_M6_a_reference_image_stands_in_for_the_content_prompt() -> None:
    log = Log()
    words = log.type("anna", "content", (0, "", "fish"))
    image = log.edit("ben1", Image("ab" * 32))
    motion = log.type("cleo", "motion", (0, "", "left"))
    state = log.state
    half = Fraction(1, 2)
    assert everywhere(state, _entered(state)) == {image: half, motion: half}
    assert everywhere(state, _entered(state, image)) == {words: half, motion: half}
    log.edit("ben1", Image(None))
    state = log.state
    assert everywhere(state, _entered(state)) == {words: half, motion: half}


def test_M6_a_prompts_share_is_divided_by_visible_characters() -> None:
    log = Log()
    log.type("anna", "content", (0, "", "a red fish"))
    log.type("ben1", "content", (2, "red ", "big blue "))  # what Anna deleted is not hers any more
    last = log.type("anna", "content", (15, "", "es"))
    bens = 6
    state = log.state
    assert state.prompts["content"].text == "a big blue fishes"
    assert everywhere(state, _entered(state)) == {
        last: Fraction(8, 17),
        bens: Fraction(9, 17),
    }
    assert everywhere(state, _entered(state, last)) == {5: Fraction(6, 15), bens: Fraction(9, 15)}


def test_M6_an_authors_part_is_under_their_newest_edit_that_shows() -> None:
    log = Log()
    first = log.type("anna", "content", (0, "", "fish"))
    second = log.type("anna", "content", (4, "", "es"))
    log.type("ben1", "content", (4, "es", ""))
    assert everywhere(log.state, _entered(log.state)) == {first: Fraction(1)}
    log.add("ben1", Undone(groups=(7,)))
    state = log.state
    assert everywhere(state, _entered(state)) == {second: Fraction(1)}


def test_M6_prompts_that_say_nothing_weigh_nothing() -> None:
    log = Log()
    log.type("anna", "content", (0, "", "  "))
    motion = log.type("anna", "motion", (0, "", "left"))
    state = log.state
    assert everywhere(state, _entered(state)) == {motion: Fraction(1)}
    assert everywhere(Log().state, {}) == {}


@given(
    st.dictionaries(st.integers(8, 12), st.floats(0, 1), max_size=5),
    st.lists(st.sampled_from([5, 6, 7]), unique=True),
)
def test_M6_the_rest_is_shared_without_a_rest(local: dict[int, float], gone: list[int]) -> None:
    log = Log()
    log.type("anna", "content", (0, "", "seven x"))
    log.type("ben1", "content", (0, "", "abc"))
    log.type("cleo", "motion", (0, "", "left"))
    for _ in range(5):
        log.edit("anna", STROKE)
    state = log.state
    mapping = _entered(state, *gone)
    rest = everywhere(state, mapping)
    assert sum(rest.values()) == (1 if len(gone) < 3 else 0)
    found = attribute(state, mapping, local, rest)
    assert [w.weight for w in found] == sorted((w.weight for w in found), reverse=True)
    assert all(w.weight > 0 for w in found)
    locally = sum(round(weight * UNIT) for weight in local.values())
    total = sum(w.weight for w in found)
    if rest and locally < UNIT:
        assert abs(total - UNIT) <= 2  # each is rounded for itself
    else:
        assert total == locally


def test_M6_every_kind_that_acts_at_a_place_is_named_with_its_author() -> None:
    log = Log()
    corners = ((0, 0), (9, 0), (0, 9))
    kinds: dict[str, Instruction] = {
        "camera": Camera(pan=9),
        "lock": Lock(outline=corners),
        "region": Region(outline=corners, text="a hat"),
        "trajectory": Trajectory(path=((0, 0), (9, 9)), radius=5),
    }
    seqs = {kind: log.edit("ben1", instruction) for kind, instruction in kinds.items()}
    state = log.state
    local = {seqs[kind]: 0.1 * (place + 1) for place, kind in enumerate(kinds)}
    found = attribute(state, _entered(state), local, {})
    assert [(w.kind, w.edit, w.name) for w in found] == [
        (kind, seqs[kind], "Ben") for kind in reversed(kinds)
    ]
    assert all(w.prompt is None for w in found)


def test_M6_the_negative_prompt_weighs_only_where_guidance_gives_it_an_effect() -> None:
    log = Log()
    shown = log.type("anna", "content", (0, "", "a fish"))
    hidden = log.type("ben1", "negative", (0, "", "a bird"))
    assert everywhere(log.state, _entered(log.state)) == {shown: Fraction(1)}
    first = log.edit("cleo", Adjust(guidance=300))
    state = log.state
    half = Fraction(1, 2)
    assert everywhere(state, _entered(state)) == {shown: half, hidden: half}
    assert everywhere(state, _entered(state, first)) == {shown: Fraction(1)}
    log.edit("cleo", Adjust(mix=50))
    assert everywhere(log.state, _entered(log.state)) == {shown: half, hidden: half}
    last = log.edit("anna", Adjust(guidance=100))
    assert everywhere(log.state, _entered(log.state)) == {shown: Fraction(1)}
    assert set(everywhere(log.state, _entered(log.state, last))) == {shown, hidden}
