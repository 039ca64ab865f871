"""M3, U6: the provenance of a prompt against a model that reads the whole history each time."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framejam_protocol.fold.prose import Char, Prose, add_splice, apply_splices
from framejam_protocol.instructions import Splice

place = st.integers(0, 30)
write = st.tuples(
    st.sampled_from(["write", "write", "write", "whole"]),
    st.lists(st.tuples(place, place, st.text("abcdé🦋", max_size=5)), max_size=3),
)
toggle = st.tuples(st.just("toggle"), st.lists(place, min_size=1, max_size=4))
# Left to itself Hypothesis makes histories of five edits.
history = st.sampled_from([0, 8, 20]).flatmap(
    lambda n: st.lists(st.one_of(write, write, toggle), min_size=n, max_size=n + 8)
)


@dataclass(eq=False)
class Letter:
    text: str
    by: int
    gone: list[int] = field(default_factory=list)


class Model:
    """A prompt by its definition: a list of letters, and a letter shows iff its edit is live, no
    live edit deletes it, and no live edit after its own gave the whole text anew."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.dead: set[int] = set()
        self.wholes: set[int] = set()
        self.seq = 0

    def visible(self) -> list[Letter]:
        newest_whole = max(self.wholes - self.dead, default=0)
        return [
            letter
            for letter in self.letters
            if letter.by not in self.dead
            and self.dead.issuperset(letter.gone)
            and letter.by >= newest_whole
        ]

    @property
    def text(self) -> str:
        return "".join(letter.text for letter in self.visible())

    def write(self, kind: str, wishes: list[tuple[int, int, str]]) -> tuple[Splice, ...]:
        """One edit; the splices it came to, for wishes that need not fit."""
        if kind == "whole":
            wishes = [(0, len(self.visible()), letters) for _, _, letters in wishes[:1]]
            wishes = wishes or [(0, len(self.visible()), "")]
        self.seq += 1
        splices = []
        for at, length, inserted in wishes:
            visible = self.visible()
            at %= len(visible) + 1
            going = visible[at : at + length]
            splices.append(Splice(at, "".join(letter.text for letter in going), inserted))
            for letter in going:
                letter.gone.append(self.seq)
            behind = self.letters.index(visible[at - 1]) + 1 if at else 0
            self.letters[behind:behind] = [Letter(one, self.seq) for one in inserted]
        if kind == "whole":
            self.wholes.add(self.seq)
        return tuple(splices)

    def toggle(self, wishes: list[int]) -> list[int]:
        """Undo or redo of some edits."""
        edits = sorted({1 + wish % self.seq for wish in wishes}) if self.seq else []
        self.dead.symmetric_difference_update(edits)
        return edits

    def live(self, seq: int) -> bool:
        return seq not in self.dead


def do(model: Model, prose: Prose, kind: str, wishes: list) -> None:
    """One step of a history for both."""
    if kind == "toggle":
        prose.settle(model.toggle(wishes), model.live)
    else:
        prose.write(model.seq + 1, model.write(kind, wishes), kind == "whole")


def same_letters(chars: list[Char], letters: list[Letter]) -> bool:
    """In any order; a letter that an edit both typed and deleted may be there twice."""
    found = {(char.text, char.by, char.gone) for char in chars}
    return found == {(one.text, one.by, tuple(one.gone)) for one in letters} and (
        len(chars) >= len(letters)
    )


def told(prose: Prose) -> list[tuple[str, int, list[int], bool]]:
    return [(char.text, char.by, list(char.gone), char.shown) for char in prose]


@given(history)
def test_M3_a_character_shows_iff_its_edit_is_live_and_no_live_edit_takes_it_away(history):
    model, prose = Model(), Prose()
    for kind, wishes in history:
        if kind != "toggle":
            splices = model.write(kind, wishes)
            before = prose.text
            prose.write(model.seq, splices, kind == "whole")
            assert prose.text == apply_splices(before, splices)
        else:
            edits = model.toggle(wishes)
            before, expected = (
                told(prose),
                apply_splices(prose.text, prose.outlook(edits, model.live)),
            )
            assert told(prose) == before, "an outlook changes nothing"
            prose.settle(edits, model.live)
            assert prose.text == expected
        shown = model.visible()
        assert prose.text == model.text
        assert len(prose) == len(shown)
        assert told(prose) == [(c.text, c.by, c.gone, c in shown) for c in model.letters]


@given(history)
def test_M3_every_edit_knows_what_it_inserted_and_deleted(history):
    model, prose = Model(), Prose()
    for kind, wishes in history:
        do(model, prose, kind, wishes)
    for seq in range(1, model.seq + 2):
        inserted = [letter for letter in model.letters if letter.by == seq]
        deleted = [letter for letter in model.letters if seq in letter.gone]
        assert same_letters(prose.inserted(seq), inserted)
        assert same_letters(prose.deleted(seq), deleted)
    writers = [letter.by for letter in model.visible()]
    assert prose.writers == {seq: writers.count(seq) for seq in set(writers)}


@given(history)
def test_U6_undo_and_redo_of_the_same_edits_cancel_out(history):
    model, prose = Model(), Prose()
    for kind, wishes in history:
        if kind != "toggle":
            do(model, prose, kind, wishes)
            continue
        before, text = told(prose), prose.text
        for _ in range(2):
            edits = model.toggle(wishes)
            there = prose.outlook(edits, model.live)
            prose.settle(edits, model.live)
            text = apply_splices(text, there)
        assert (told(prose), text) == (before, prose.text)


@given(history, history)
def test_M3_two_prompts_are_equal_iff_they_have_the_same_history_of_letters(one, other):
    def made(history):
        model, prose = Model(), Prose()
        for kind, wishes in history:
            do(model, prose, kind, wishes)
        return prose

    assert made(one) == made(one)
    ones, others = made(one), made(other)
    assert (ones == others) == ((told(ones), ones.wholes) == (told(others), others.wholes))
    copied = ones.copy()
    copied.write(999, [Splice(0, "", "x")], whole=True)
    assert ones == made(one) != copied
    assert made(one) != "a text"


def alternating(size: int) -> Prose:
    """Letters of two edits in turn: edit 1 wrote the even places, edit 2 the odd ones."""
    prose = Prose()
    prose.write(1, [Splice(0, "", "a" * size)])
    prose.write(2, [Splice(2 * place + 1, "", "b") for place in range(size)])
    return prose


@pytest.mark.parametrize(("edits", "reads"), [((2,), False), ((1, 2), True)])
def test_U6_a_long_way_back_is_read_through_once_and_a_short_one_is_walked(
    edits, reads, monkeypatch
):
    """Letters that come back behind visible ones are found from there; a long run is not."""
    prose, found = alternating(50), []
    read = Prose._read_behind
    monkeypatch.setattr(
        Prose, "_read_behind", lambda self, coming: found.append(len(coming)) or read(self, coming)
    )
    prose.settle(edits, lambda seq: seq not in edits)
    assert prose.text == ("" if reads else "a" * 50)
    prose.settle(edits, lambda seq: True)
    assert prose.text == "ab" * 50
    assert found == ([100] if reads else [])


# -- splices ---------------------------------------------------------------------------------


def test_M3_splices_are_applied_one_after_the_other():
    text = apply_splices(
        "a red sea", [Splice(2, "red", "blue"), Splice(0, "a ", "🦋"), Splice(1, "", "é")]
    )
    assert text == "🦋éblue sea"


@pytest.mark.parametrize(
    ("second", "together"),
    [
        (Splice(3, "x", "y"), (Splice(0, "abx", "cdey"),)),  # it touches the first
        (Splice(4, "x", "y"), (Splice(0, "ab", "cde"), Splice(4, "x", "y"))),
        (Splice(3, "", ""), (Splice(0, "ab", "cde"),)),
        (Splice(9, "", ""), (Splice(0, "ab", "cde"),)),
    ],
)
def test_M3_splices_that_touch_become_one(second, together):
    splices = []
    add_splice(splices, 0, "ab", "cde")
    add_splice(splices, second.at, second.removed, second.inserted)
    assert tuple(splices) == together
    text = "ab" + "qx" * 5
    one_by_one = apply_splices(text, (Splice(0, "ab", "cde"), second))
    assert apply_splices(text, together) == one_by_one
