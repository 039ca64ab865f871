"""M2: every field is its own; its last writer by seq has it, and edits of others stay."""

import pytest
from people import BLOB, SETTINGS, Table

from framejam_protocol.errors import Code
from framejam_protocol.fold.merge import REVISABLE, image_in_force, newest, prompt_text, revised
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import (
    ENTERED_SETTINGS,
    Adjust,
    Camera,
    Comment,
    Drag,
    Erase,
    Lock,
    Paint,
    Region,
    Revise,
    Trajectory,
    given_fields,
)

NEW = {
    Paint: {"color": "#00ff00", "width": 7, "strength": 8, "frames": (1, 2)},
    Erase: {"width": 7, "frames": (1, 2)},
    Drag: {"start": (1, 2), "end": (3, 4), "radius": 5, "strength": 6, "frames": (1, 2)},
    Trajectory: {"path": ((1, 2), (3, 4)), "radius": 5, "strength": 6, "frames": (1, 2)},
    Camera: {"pan": -5, "tilt": 5, "zoom": 70000, "strength": 6, "frames": (1, 2)},
    Region: {"text": "silver", "strength": 6, "frames": (1, 2)},
    Lock: {"frames": (1, 2)},
    Comment: {"text": "better", "resolved": True},
}
VALUE = {field: value for fields in NEW.values() for field, value in fields.items()}
EACH_FIELD = [(kind, field) for kind, fields in NEW.items() for field in fields]
NEW_SETTINGS = {
    "model": "other",
    "seed": 2,
    "steps": 30,
    "frames": 8,
    "width": 128,
    "height": 96,
    "fps": 12,
    "guidance": 250,
    "scheduler": "euler",
    "loras": (("ink", 80), ("wool", -20)),
    "harmonize": 40,
    "mix": 30,
    "align": 100,
}
ENTERING = ("guidance", "loras", "harmonize", "mix", "align")


def make(table, kind, person="anna"):
    return getattr(table, kind.__name__.lower())(person)


def in_force(table, seq):
    return revised(table.state, table.state.edits[seq])


def field_of(table, seq, field):
    return getattr(in_force(table, seq), field)


def test_M2_these_tests_know_every_field():
    assert {kind: set(fields) for kind, fields in NEW.items()} == REVISABLE
    assert set(VALUE) == set(Revise.__struct_fields__) - {"target"}
    assert set(NEW_SETTINGS) == set(Adjust.__struct_fields__) == set(SETTINGS.__struct_fields__)


@pytest.mark.parametrize(("kind", "field"), EACH_FIELD)
def test_M2_a_revision_sets_its_field_and_leaves_the_others(kind, field):
    table = Table("anna")
    edit = make(table, kind)
    before = in_force(table, edit)
    table.revise("anna", edit, **{field: NEW[kind][field]})
    after = in_force(table, edit)
    changed = {
        name for name in after.__struct_fields__ if getattr(after, name) != getattr(before, name)
    }
    assert changed == {field}
    assert getattr(after, field) == NEW[kind][field]
    assert [one.seq for one in newest(table.state, [kind])] == [edit], "its place stays"


@pytest.mark.parametrize(("kind", "field"), EACH_FIELD)
def test_M2_undo_of_a_revision_uncovers_the_one_before(kind, field):
    table = Table("anna")
    edit = make(table, kind)
    original = field_of(table, edit, field)
    table.revise("anna", edit, **{field: NEW[kind][field]})
    first = table.hash
    table.revise("anna", edit, **{field: original})
    assert field_of(table, edit, field) == original
    table.undo("anna")
    assert (field_of(table, edit, field), table.hash) == (NEW[kind][field], first)
    table.undo("anna")
    assert field_of(table, edit, field) == original


@pytest.mark.parametrize(
    ("kind", "field"),
    [(k, f) for k, fields in REVISABLE.items() for f in VALUE if f not in fields],
)
def test_M2_a_field_the_kind_does_not_have_is_refused(kind, field):
    table = Table("anna")
    refusal = table.refused("anna", Revise(make(table, kind), **{field: VALUE[field]}))
    assert (refusal.code, refusal.rule) == (Code.INVALID, "M2")
    assert refusal.field == f"instruction.{field}"


@pytest.mark.parametrize("deed", ["content", "image", "adjust"])
def test_M2_texts_images_and_settings_are_not_revised(deed):
    table = Table("anna")
    edit = {
        "content": lambda: table.content("anna", "x"),
        "image": lambda: table.image("anna"),
        "adjust": lambda: table.adjust("anna", seed=3),
    }[deed]()
    refusal = table.refused("anna", Revise(edit, strength=5))
    assert (refusal.code, refusal.field) == (Code.INVALID, "instruction.strength")


def test_M2_concurrent_revisions_of_different_fields_both_survive():
    table = Table("anna", "ben1")
    edit = table.paint("anna")
    table.revise("anna", edit, color="#00ff00")
    table.revise("ben1", edit, width=5)
    paint = in_force(table, edit)
    assert (paint.color, paint.width, paint.strength) == ("#00ff00", 5, 65536)


def test_M2_the_last_writer_of_each_field_has_it():
    table = Table("anna", "ben1")
    edit = table.drag("anna")
    table.revise("anna", edit, radius=1, strength=1)
    table.revise("ben1", edit, strength=2, start=(2, 2))
    table.revise("anna", edit, start=(3, 3))
    drag = in_force(table, edit)
    assert (drag.radius, drag.strength, drag.start) == (1, 2, (3, 3))


def test_M2_null_frames_are_a_value_and_no_frames_are_none():
    table = Table("anna")
    edit = table.paint("anna")
    table.revise("anna", edit, frames=(2, 3))
    table.revise("anna", edit, width=5)
    assert field_of(table, edit, "frames") == (2, 3)
    table.revise("anna", edit, frames=None)
    assert field_of(table, edit, "frames") is None


def test_M2_a_revision_of_what_is_undone_or_never_was_is_refused():
    table = Table("anna", "ben1")
    edit = table.paint("anna")
    joined = 2
    table.undo("anna")
    for target in (edit, joined, 999):
        refusal = table.refused("ben1", Revise(target, width=5))
        assert (refusal.code, refusal.field) == (Code.NOT_FOUND, "instruction.target")


def test_M2_a_revision_that_sets_nothing_is_refused():
    table = Table("anna")
    edit = table.paint("anna")
    assert table.refused("anna", Revise(edit)).code == Code.INVALID
    assert table.refused("anna", Adjust()).code == Code.INVALID


@pytest.mark.parametrize("kind", [kind for kind in NEW if "frames" in NEW[kind]])
def test_M1_a_frame_range_that_ends_before_it_begins_is_refused(kind):
    table = Table("anna")
    edit = make(table, kind)
    refusal = table.refused("anna", Revise(edit, frames=(5, 4)))
    assert (refusal.code, refusal.field) == (Code.INVALID, "instruction.frames")
    given = table.state.edits[edit].instruction
    wrong = kind(**{**{f: getattr(given, f) for f in given.__struct_fields__}, "frames": (5, 4)})
    assert table.refused("anna", wrong).field == "instruction.frames"
    table.revise("anna", edit, frames=(4, 4))


def test_M2_a_revision_goes_and_comes_back_with_its_target():
    table = Table("anna", "ben1")
    edit = table.paint("anna")
    table.revise("ben1", edit, color="#00ff00")
    before = table.hash
    table.undo("anna")
    assert newest(table.state, [Paint]) == []
    table.redo("anna")
    assert table.hash == before
    assert field_of(table, edit, "color") == "#00ff00"


def test_M2_a_revision_undone_while_its_target_was_gone_stays_undone():
    table = Table("anna", "ben1")
    edit = table.paint("anna")
    table.revise("ben1", edit, color="#00ff00")
    table.undo("anna")
    table.undo("ben1")
    table.redo("anna")
    assert field_of(table, edit, "color") == "#ff0000"


@pytest.mark.parametrize("field", list(NEW_SETTINGS))
def test_M2_each_setting_is_its_own_field(field):
    table = Table("anna", "ben1")
    others = [name for name in NEW_SETTINGS if name != field]
    table.adjust("anna", **{field: NEW_SETTINGS[field]})
    table.adjust("ben1", **{others[0]: NEW_SETTINGS[others[0]]})
    found = table.state.settings
    assert getattr(found, field) == NEW_SETTINGS[field]
    assert getattr(found, others[0]) == NEW_SETTINGS[others[0]]
    for name in others[1:]:
        assert getattr(found, name) == getattr(SETTINGS, name)


def test_M2_the_last_writer_of_a_setting_has_it_and_its_undo_uncovers_the_one_before():
    table = Table("anna", "ben1")
    table.adjust("anna", seed=2, fps=12)
    table.adjust("ben1", seed=3)
    assert (table.state.settings.seed, table.state.settings.fps) == (3, 12)
    table.undo("ben1")
    assert table.state.settings.seed == 2
    table.undo("anna")
    assert table.state.settings == SETTINGS


def test_M2_the_image_is_one_field_and_its_last_writer_has_it():
    table = Table("anna", "ben1")
    table.session.blobs.add("cd" * 32)
    first = table.image("anna")
    table.image("ben1", "cd" * 32)
    table.image("anna", None)
    assert image_in_force(table.state).instruction.blob is None
    table.undo("anna")
    assert image_in_force(table.state).instruction.blob == "cd" * 32
    table.undo("ben1")
    assert image_in_force(table.state).seq == first
    assert image_in_force(table.state).instruction.blob == BLOB


def test_M2_the_prompts_are_three_texts():
    table = Table("anna", "ben1")
    table.content("anna", "first")
    table.motion("ben1", "left")
    table.negative("anna", "blur")
    table.content("ben1", "last")
    assert table.text == "last"
    assert prompt_text(table.state, "motion") == "left"
    assert prompt_text(table.state, "negative") == "blur"


def test_M2_a_change_names_only_what_it_sets():
    assert given_fields(Revise(3, frames=None, width=4)) == {"frames": None, "width": 4}
    assert given_fields(Adjust(seed=0)) == {"seed": 0}
    assert given_fields(Adjust()) == {}


# -- T8: what defines a take -----------------------------------------------------------------


@pytest.mark.parametrize("field", [name for name in NEW_SETTINGS if name not in ("fps", *ENTERING)])
def test_T8_a_defining_setting_begins_a_take_and_its_undo_brings_the_old_number_back(field):
    table = Table("anna")
    assert table.state.take == 1
    table.adjust("anna", **{field: NEW_SETTINGS[field]})
    assert table.state.take == 2
    table.undo("anna")
    assert table.state.take == 1
    table.redo("anna")
    assert table.state.take == 2


def test_T8_the_settings_that_enter_are_these():
    assert frozenset(ENTERING) == ENTERED_SETTINGS


@pytest.mark.parametrize("field", ENTERING)
def test_T8_a_setting_that_enters_is_an_edit_of_the_take_in_force(field):
    table = Table("anna")
    edit = table.adjust("anna", **{field: NEW_SETTINGS[field]})
    assert [one.seq for one in table.state.pending()] == [edit]
    table.session.enter(1, {7: (edit,)}, 0)
    assert (table.state.pending(), table.state.mapping(1)) == ([], {edit: 7})
    table.undo("anna")
    assert (table.state.settings, table.state.mapping(1)) == (SETTINGS, {})
    table.redo("anna")
    assert table.state.mapping(1) == {edit: 7}
    assert getattr(table.state.settings, field) == NEW_SETTINGS[field]


@pytest.mark.parametrize("field", ["fps", *ENTERING])
def test_T8_other_settings_define_no_take(field):
    table = Table("anna")
    table.adjust("anna", **{field: NEW_SETTINGS[field]})
    assert getattr(table.state.settings, field) == NEW_SETTINGS[field]
    assert table.state.take == 1
    assert table.state.take_settings == SETTINGS, "a take is made with the first ones"


def test_T8_takes_are_numbered_by_their_first_appearance():
    table = Table("anna", "ben1")
    seen = []
    for seed in (2, 3, 2, 1, 4):
        table.adjust("anna", seed=seed)
        seen.append(table.state.take)
    assert seen == [2, 3, 2, 1, 4]
    table.adjust("ben1", fps=30)
    assert table.state.take == 4


def test_T8_the_mapping_is_kept_per_take_and_edits_wait_to_enter_the_new_one():
    table = Table("anna")
    edit = table.paint("anna")
    table.session.enter(1, {5: (edit,)}, 0)
    assert table.state.pending() == []
    table.adjust("anna", seed=2)
    assert [one.seq for one in table.state.pending()] == [edit]
    table.session.enter(2, {0: (edit,)}, 0)
    assert (table.state.mapping(1), table.state.mapping(2)) == ({edit: 5}, {edit: 0})
    table.undo("anna")
    assert table.state.pending() == []
    later = table.paint("anna")
    assert [one.seq for one in table.state.pending()] == [later]


def test_T8_comments_and_defining_settings_never_wait_to_enter():
    table = Table("anna")
    comment = table.comment("anna")
    table.revise("anna", comment, resolved=True)
    table.adjust("anna", fps=12)
    assert (table.state.pending(), table.state.reflected) == ([], table.state.seq)
    guidance = table.adjust("anna", guidance=300)
    paint = table.paint("anna")
    revision = table.revise("anna", paint, width=5)
    assert [one.seq for one in table.state.pending()] == [guidance, paint, revision]
    both = table.adjust("anna", guidance=400, seed=2)
    assert [one.seq for one in table.state.pending()] == [guidance, paint, revision, both]


def test_T8_a_take_has_settings_only_when_the_log_has_begun():
    with pytest.raises(ValueError, match="created"):
        _ = State().take_settings


def test_T8_settings_that_no_clip_can_be_made_with_are_refused_by_field():
    table = Table("anna")
    table.session.objections = lambda settings: (
        {"width": "no wider than 100"} if settings.width > 100 else {}
    )
    refusal = table.refused("anna", Adjust(fps=9, width=128))
    assert (refusal.code, refusal.rule) == (Code.INVALID, "T8")
    assert (refusal.field, refusal.message) == ("instruction.width", "no wider than 100")
    twice = table.refused("anna", Adjust(loras=(("ink", 80), ("wool", 1), ("ink", 20))))
    assert (twice.code, twice.field) == (Code.INVALID, "instruction.loras")
    table.adjust("anna", width=96)
    assert table.state.settings.width == 96
