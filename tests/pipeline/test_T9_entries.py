"""T9: what the edits of a mapping add up to at a step: versions, prompts, order."""

from __future__ import annotations

import itertools
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from tiny import settings

from framejam_pipeline.entries import (
    Entry,
    Fold,
    Reading,
    first_difference,
    fold_at,
    in_force,
    settled,
)
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Content,
    Drag,
    Erase,
    Image,
    Motion,
    Negative,
    Paint,
    Region,
    Trajectory,
)

RED = Paint(points=((9000, 9000),), color="#ff0000", width=9000)
BLUE = Paint(points=((9000, 9000),), color="#0000ff", width=9000)
GREEN = Paint(points=((9000, 9000),), color="#00ff00", width=9000)
RUBBER = Erase(points=((9000, 9000),), width=9000)
RIGHT = Drag(start=(0, 0), end=(9, 0), radius=9)
LEFT = Drag(start=(0, 0), end=(-9, 0), radius=9)
STAR = Region(outline=((0, 0), (9, 0), (0, 9)), text="a star")
CURVE = Trajectory(path=((0, 0), (9, 9), (18, 0)), radius=9)
PAN = Camera(pan=900)


def test_T9_a_revision_shows_from_its_own_step_on() -> None:
    mapping = {3: Entry(1, RED), 7: Entry(4, BLUE, of=3)}
    assert [fold_at(mapping, step).paint for step in range(6)] == [
        (),
        *[(RED,)] * 3,
        *[(BLUE,)] * 2,
    ]


def test_T9_a_revision_is_never_seen_before_its_creator() -> None:
    mapping = {3: Entry(4, RED), 7: Entry(1, BLUE, of=3)}
    assert [fold_at(mapping, step).paint for step in range(6)] == [*[()] * 4, *[(BLUE,)] * 2]


def test_T9_a_revision_without_its_creator_does_nothing() -> None:
    assert fold_at({7: Entry(0, BLUE, of=3), 8: Entry(0, RIGHT)}, 9) == Fold(drags=(RIGHT,))


def test_T9_of_several_revisions_the_one_with_the_highest_step_counts() -> None:
    versions = {3: Entry(0, RED), 7: Entry(5, BLUE, of=3), 8: Entry(2, GREEN, of=3)}
    for order in itertools.permutations(versions.items()):
        seen = [fold_at(dict(order), step).paint[0] for step in range(7)]
        assert seen == [RED, RED, GREEN, GREEN, GREEN, BLUE, BLUE]
    assert fold_at({**versions, 8: Entry(5, GREEN, of=3)}, 6).paint == (GREEN,)


def test_M4_a_revised_stroke_keeps_its_creators_place() -> None:
    mapping = {3: Entry(0, RED), 5: Entry(0, RUBBER), 6: Entry(0, GREEN), 9: Entry(1, BLUE, of=3)}
    assert fold_at(mapping, 0).paint == (RED, RUBBER, GREEN)
    assert fold_at(mapping, 1).paint == (BLUE, RUBBER, GREEN)
    assert [seq for seq, _ in in_force(mapping, 1)] == [3, 5, 6]


def test_M4_what_adds_up_is_in_seq_order_whenever_it_entered() -> None:
    moon, bend, tilt = (
        Region(STAR.outline, "a moon"),
        Trajectory(((0, 0), (9, 0)), 4),
        Camera(tilt=5),
    )
    order = [RED, STAR, RIGHT, CURVE, PAN, moon, LEFT, bend, tilt, BLUE]
    mapping = {seq: Entry(9 - seq, one) for seq, one in enumerate(order)}
    fold = fold_at(mapping, 9)
    assert fold.paint == (RED, BLUE)
    assert fold.regions == (STAR, moon)
    assert fold.drags == (RIGHT, LEFT)
    assert fold.trajectories == (CURVE, bend)
    assert fold.cameras == (PAN, tilt)


def test_T9_the_prompt_with_the_highest_step_counts_not_the_newest() -> None:
    mapping = {
        4: Entry(5, Content("late")),
        8: Entry(2, Content("early")),
        9: Entry(0, Motion("m")),
    }
    assert [fold_at(mapping, step).content for step in (0, 2, 4, 5)] == [
        "",
        "early",
        "early",
        "late",
    ]
    assert fold_at(mapping, 9).motion == "m"
    assert fold_at({4: Entry(2, Content("a")), 8: Entry(2, Content("b"))}, 2).content == "b"


def test_M2_of_images_and_guidance_the_newest_entered_counts() -> None:
    mapping = {
        2: Entry(3, Image("a" * 64)),
        5: Entry(1, Image(None)),
        6: Entry(3, Adjust(guidance=150)),
        8: Entry(2, Adjust(guidance=300, seed=9)),
        9: Entry(4, Adjust(fps=12)),
    }
    assert [fold_at(mapping, step).image for step in (0, 1, 3)] == [None, None, None]
    assert [fold_at(mapping, step).guidance for step in (1, 2, 3, 4)] == [None, 300, 300, 300]
    del mapping[5], mapping[8]
    assert fold_at(mapping, 3) == Fold(image="a" * 64, guidance=150)


def test_T9_what_prompts_said_before_fades_by_the_steps_since_they_changed() -> None:
    mapping = {
        2: Entry(0, Content("a")),
        3: Entry(0, Motion("m")),
        5: Entry(2, Content("b")),
        6: Entry(3, Negative("x")),
        9: Entry(3, Content("c")),
    }
    before, between = Reading("a", "m", "", 1), Reading("b", "m", "", 1)
    assert [fold_at(mapping, step).fading for step in range(3)] == [(), (), (before,)]
    assert fold_at(mapping, 3).fading == (Reading("a", "m", "", 2), between)
    assert fold_at(mapping, 5).fading == (Reading("a", "m", "", 4), Reading("b", "m", "", 3))
    assert fold_at(mapping, 5).content == "c"


def test_T9_a_prompt_that_says_the_same_again_starts_nothing() -> None:
    mapping = {2: Entry(0, Content("a")), 5: Entry(2, Content("a")), 6: Entry(3, Motion(""))}
    assert fold_at(mapping, 4).fading == ()


def test_T8_settings_that_no_edit_has_set_are_those_of_the_take() -> None:
    given = settings(guidance=150, harmonize=20, mix=30, align=40, loras=(("a", 50),))
    whole = settled(Fold(mix=0, content="x"), given)
    assert whole == Fold(
        content="x", guidance=150, loras=(("a", 50),), harmonize=20, mix=0, align=40
    )
    assert settled(whole, settings()) == whole


def test_T_other_settings_do_not_steer() -> None:
    given_later = Adjust(seed=3, steps=9, frames=2, width=8, height=8, fps=3, model="x")
    assert fold_at({1: Entry(0, given_later)}, 0) == Fold()


_ONE = st.one_of(
    st.sampled_from([RED, BLUE, RUBBER, RIGHT, LEFT, STAR, CURVE, PAN]),
    st.sampled_from([Content("a"), Content("b"), Content(""), Motion("m"), Motion("n")]),
    st.sampled_from([Negative("x"), Negative("y")]),
    st.sampled_from([Image("b" * 64), Image(None), Adjust(guidance=200), Adjust(guidance=100)]),
    st.sampled_from([Adjust(mix=40), Adjust(align=7, harmonize=20), Adjust(loras=(("a", 50),))]),
)
_FIRST = st.dictionaries(st.integers(1, 9), st.builds(Entry, st.integers(0, 4), _ONE), max_size=6)
_LATER = st.dictionaries(
    st.integers(20, 25),
    st.builds(Entry, st.integers(0, 4), st.sampled_from([GREEN, LEFT]), st.integers(1, 9)),
    max_size=3,
)


def _written_out(mapping: dict[int, Entry], step: int) -> Fold:
    """The rules of T9 once more, slowly: which instruction stands for each edit at ``step``."""
    standing = []
    for creator in sorted(seq for seq, entry in mapping.items() if entry.of is None):
        first = mapping[creator]
        if first.step > step:
            continue
        versions = [(first.step, creator, first.instruction)]
        for seq, entry in mapping.items():
            if entry.of == creator and entry.step <= step:
                versions.append((max(entry.step, first.step), seq, entry.instruction))
        standing.append((first.step, max(versions, key=lambda one: one[:2])[2]))

    def prompt(kind: type, at: int) -> str:
        said = [
            (entered, place)
            for place, (entered, one) in enumerate(standing)
            if type(one) is kind and entered <= at
        ]
        return standing[max(said)[1]][1].text if said else ""

    def prompts(at: int) -> tuple[str, ...]:
        return tuple(prompt(kind, at) for kind in (Content, Motion, Negative))

    kinds = [one for _, one in standing]
    blobs = [one.blob for one in kinds if isinstance(one, Image)]
    content, motion, negative = prompts(step)

    def setting(name: str) -> Any:
        given = [getattr(one, name) for one in kinds if isinstance(one, Adjust)]
        set_ones = [value for value in given if value is not UNSET]
        return set_ones[-1] if set_ones else None

    return Fold(
        content=content,
        motion=motion,
        negative=negative,
        fading=tuple(
            Reading(*prompts(at - 1), steps=step - at + 1)
            for at in range(1, step + 1)
            if prompts(at) != prompts(at - 1)
        ),
        image=blobs[-1] if blobs else None,
        paint=tuple(one for one in kinds if isinstance(one, Paint | Erase)),
        regions=tuple(one for one in kinds if isinstance(one, Region)),
        drags=tuple(one for one in kinds if isinstance(one, Drag)),
        trajectories=tuple(one for one in kinds if isinstance(one, Trajectory)),
        cameras=tuple(one for one in kinds if isinstance(one, Camera)),
        **{name: setting(name) for name in ("guidance", "loras", "harmonize", "mix", "align")},
    )


def _sane(mapping: dict[int, Entry]) -> dict[int, Entry]:
    """Strokes are revised by strokes, drags by drags; prompts and settings have no versions."""
    return {
        seq: entry
        for seq, entry in mapping.items()
        if entry.of is None
        or entry.of not in mapping
        or (isinstance(entry.instruction, Drag) and isinstance(mapping[entry.of].instruction, Drag))
        or (isinstance(entry.instruction, Paint) and mapping[entry.of].instruction in (RED, BLUE))
    }


@given(_FIRST, _LATER, st.integers(0, 5))
def test_T9_the_fold_is_what_the_rules_say(
    first: dict[int, Entry], later: dict[int, Entry], step: int
) -> None:
    mapping = _sane({**first, **later})
    assert fold_at(mapping, step) == _written_out(mapping, step)


@given(_FIRST, _LATER, st.data())
def test_T4_taking_any_pair_out_leaves_no_trace_and_no_step_before_it_changes(
    first: dict[int, Entry], later: dict[int, Entry], data: st.DataObject
) -> None:
    mapping = _sane({**first, **later})
    if not mapping:
        return
    gone = data.draw(st.sampled_from(sorted(mapping)))
    without = {seq: entry for seq, entry in mapping.items() if seq != gone}
    shuffled = dict(data.draw(st.permutations(sorted(without.items()))))
    changed = first_difference(mapping, without)
    assert changed == mapping[gone].step
    for step in range(6):
        assert fold_at(without, step) == fold_at(shuffled, step) == _written_out(without, step)
        if step < changed:
            assert fold_at(without, step) == fold_at(mapping, step)


def test_T_folding_takes_time_by_the_edit_and_no_more() -> None:
    def seconds(count: int) -> float:
        mapping = {seq: Entry(seq % 8, RED) for seq in range(1, count + 1)}
        mapping |= {count + seq: Entry(7, BLUE, of=seq) for seq in range(1, count + 1)}
        times = []
        for _ in range(5):
            begun = time.process_time()
            fold_at(mapping, 8)
            times.append(time.process_time() - begun)
        return min(times)

    few, many = seconds(500), seconds(16_000)
    assert many < 32 * few * 4  # quadratic would be 32 times that again
