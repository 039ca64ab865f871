"""T9: what the pipeline is told of a mapping, against the rule read word by word at every step."""

import msgspec
from deeds import Room, deeds
from hypothesis import given
from hypothesis import strategies as st
from people import SETTINGS, Table

from framejam_protocol.fold.pairs import Pair, pairs, wanted
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import (
    PROMPTS,
    Adjust,
    Camera,
    Comment,
    Content,
    Drag,
    Erase,
    Image,
    Lock,
    Motion,
    Negative,
    Paint,
    Region,
    Revise,
    Text,
    Trajectory,
    given_fields,
    wanted_step,
)

STEPS = 8
KIND_OF = {"content": Content, "motion": Motion, "negative": Negative}
ADDED = Paint | Erase | Drag | Trajectory | Camera | Region | Lock


def text_at(found, kind, step):
    """The prompt the pipeline sees at a step: of its pairs the one with the highest step."""
    reached = [
        pair for pair in found.values() if isinstance(pair.instruction, kind) and pair.step <= step
    ]
    return max(reached, key=lambda pair: pair.step).instruction.text if reached else None


def strokes_at(found, step):
    """{edit: instruction} of what adds up at a step; of the pairs of one edit the newest."""
    seen = {}
    for seq, pair in sorted(found.items(), key=lambda item: item[1].step):
        if isinstance(pair.instruction, ADDED) and pair.step <= step:
            seen[pair.of or seq] = pair.instruction
    return seen


def text_by_the_rule(state, prompt, mapping, step):
    def entered(seq):
        return seq in mapping and mapping[seq] <= step

    wholes = filter(entered, state.prompts[prompt].wholes)
    newest_whole = max(wholes, default=0)
    letters = [
        char.text
        for char in state.prompts[prompt]
        if entered(char.by) and not any(map(entered, char.gone)) and char.by >= newest_whole
    ]
    return "".join(letters)


def strokes_by_the_rule(state, mapping, step):
    entered = [seq for seq in sorted(mapping) if mapping[seq] <= step]
    seen = {}
    for seq in entered:
        instruction = state.edits[seq].instruction
        if isinstance(instruction, ADDED):
            seen[seq] = instruction
    for seq in entered:
        change = state.edits[seq].instruction
        if isinstance(change, Revise) and change.target in seen:
            seen[change.target] = msgspec.structs.replace(
                seen[change.target], **given_fields(change)
            )
    return seen


@given(deeds, st.lists(st.integers(0, STEPS + 3), min_size=1, max_size=12))
def test_T9_what_shows_at_each_step_is_what_the_rule_says(deeds, steps):
    room = Room()
    for deed in deeds:
        room.do(deed)
    state = room.table.state
    steering = [seq for seq, edit in state.edits.items() if state.steers(edit)]
    # Any mapping will do: some edits are left out, as if they had never been.
    wishes = {seq: steps[place % len(steps)] for place, seq in enumerate(steering)}
    mapping = {seq: step for seq, step in wishes.items() if step <= STEPS}
    found = pairs(state, mapping)
    for step in range(STEPS + 1):
        for prompt in PROMPTS:
            typed = [
                seq
                for seq, entry in mapping.items()
                if entry <= step
                and isinstance(state.edits[seq].instruction, Text)
                and state.edits[seq].instruction.prompt == prompt
            ]
            expected = text_by_the_rule(state, prompt, mapping, step) if typed else None
            assert text_at(found, KIND_OF[prompt], step) == expected
        assert strokes_at(found, step) == strokes_by_the_rule(state, mapping, step)
    for seq, pair in found.items():
        instruction = state.edits[seq].instruction
        if isinstance(instruction, Image | Adjust):
            assert pair == Pair(mapping[seq], instruction)
    assert set(found) <= set(mapping)


def test_T9_a_letter_shows_from_the_step_of_its_edit_to_that_of_its_first_deleter():
    table = Table("anna", "ben1")
    typed = table.spliced("anna", 0, "", "red sea")
    deleted = table.spliced("ben1", 0, "red ", "")
    added = table.spliced("ben1", 3, "", "!")
    found = pairs(table.state, {typed: 2, deleted: 5, added: 3})
    assert found == {
        typed: Pair(2, Content("red sea")),
        added: Pair(3, Content("red sea!")),
        deleted: Pair(5, Content("sea!")),
    }


def test_T9_of_two_deleters_the_first_to_enter_counts_and_an_undone_one_does_not():
    table = Table("anna", "ben1")
    typed = table.spliced("anna", 0, "", "x")
    annas = table.spliced("anna", 0, "x", "")
    table.undo("anna")
    bens = table.spliced("ben1", 0, "x", "")
    table.redo("anna")
    assert pairs(table.state, {typed: 0, annas: 6, bens: 4})[bens] == Pair(4, Content(""))
    assert pairs(table.state, {typed: 0, annas: 6})[annas] == Pair(6, Content(""))
    assert pairs(table.state, {typed: 0}) == {typed: Pair(0, Content("x"))}


def test_T9_a_letter_deleted_before_its_own_edit_entered_never_shows():
    table = Table("anna", "ben1")
    typed = table.spliced("anna", 0, "", "ab")
    deleted = table.spliced("ben1", 0, "a", "")
    found = pairs(table.state, {typed: 7, deleted: 3})
    assert found == {deleted: Pair(3, Content("")), typed: Pair(7, Content("b"))}


def test_T9_a_whole_text_hides_all_before_it_from_its_step_on():
    table = Table("anna", "ben1", "cleo")
    one, two = table.content("anna", "one"), table.content("ben1", "two")
    three = table.content("cleo", "three")
    found = pairs(table.state, {one: 0, two: 5, three: 3})
    texts = [text_at(found, Content, step) for step in (0, 2, 3, 4, 5, 9)]
    assert texts == ["one", "one", "three", "three", "three", "three"]


def test_T9_edits_of_a_prompt_that_enter_together_are_one_reading():
    table = Table("anna")
    table.spliced("anna", 0, "", "a")
    second = table.spliced("anna", 1, "", "b")
    assert pairs(table.state, {3: 4, second: 4}) == {second: Pair(4, Content("ab"))}


def test_T9_a_revision_never_enters_before_its_creator_and_is_nothing_without_it():
    table = Table("anna", "ben1")
    stroke = table.paint("anna")
    revision = table.revise("ben1", stroke, width=5)
    early = pairs(table.state, {stroke: 6, revision: 2})
    assert [(pair.step, pair.instruction.width) for pair in early.values()] == [(6, 5)]
    assert pairs(table.state, {revision: 2}) == {}
    late = pairs(table.state, {stroke: 2, revision: 6})
    assert {seq: (pair.step, pair.instruction.width, pair.of) for seq, pair in late.items()} == {
        stroke: (2, 900, None),
        revision: (6, 5, stroke),
    }


def test_T9_the_last_writer_has_a_field_even_if_it_entered_first():
    table = Table("anna", "ben1")
    stroke = table.paint("anna")
    first = table.revise("anna", stroke, width=5)
    last = table.revise("ben1", stroke, width=6)
    found = pairs(table.state, {stroke: 0, first: 4, last: 2})
    assert [strokes_at(found, step)[stroke].width for step in (0, 2, 4)] == [900, 6, 6]


def test_T9_a_revision_that_was_undone_is_not_in_the_mapping():
    table = Table("anna", "ben1")
    stroke = table.paint("anna")
    revision = table.revise("ben1", stroke, width=5)
    table.session.enter(1, {0: (stroke, revision)}, 0)
    table.undo("ben1")
    assert table.state.mapping(1) == {stroke: 0}
    (pair,) = pairs(table.state, table.state.mapping(1)).values()
    assert pair.instruction.width == 900


def test_T9_comments_and_defining_settings_are_no_part_of_a_take():
    table = Table("anna")
    comment = table.comment("anna")
    resolved = table.revise("anna", comment, resolved=True)
    seed = table.adjust("anna", seed=2, fps=3)
    guidance = table.adjust("anna", guidance=200)
    edits = table.state.edits
    assert [seq for seq in edits if table.state.steers(edits[seq])] == [guidance]
    assert [edit.seq for edit in table.state.pending()] == [guidance]
    assert pairs(table.state, {comment: 1, resolved: 2}) == {}
    assert isinstance(edits[comment].instruction, Comment)
    assert pairs(table.state, {guidance: 3}) == {guidance: Pair(3, Adjust(guidance=200))}
    assert table.state.take_settings.seed == 2
    assert table.state.take_settings.guidance == SETTINGS.guidance
    assert table.state.live(seed)


def test_T3_a_revision_wants_the_step_of_its_targets_kind():
    table = Table("anna")
    drag, paint = table.drag("anna"), table.paint("anna")
    for target in (drag, paint):
        edit = table.state.edits[table.revise("anna", target, strength=5)]
        kind = table.state.edits[target].instruction
        assert wanted(table.state, edit, 100) == wanted_step(kind, None, 100)
    assert wanted_step(table.state.edits[drag].instruction, None, 100) != wanted_step(
        table.state.edits[paint].instruction, None, 100
    )
    own = table.give("anna", Revise(drag, strength=6), depth=65536).seq
    assert wanted(table.state, table.state.edits[own], 100) == 0
    assert fold(table.session.log).pending()[-1].seq == own
