"""R2: what a time-lapse says of a history, and which of it it shows."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framejam_protocol.events import (
    Created,
    Edited,
    Entered,
    Event,
    Joined,
    Marked,
    Redone,
    Restored,
    Undone,
)
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import (
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
    Settings,
    Splice,
    Text,
    Trajectory,
)
from framejam_server.export.captions import readable, shortened
from framejam_server.export.gestures import (
    Gesture,
    color_name,
    color_of,
    gestures_of,
    words_of,
)
from framejam_server.export.timelapse import SHORTEST_BEAT, planned, sampled

SETTINGS = Settings("embedded", 1, 8, 4, 32, 32, 8, 100)
BOX = ((0, 0), (60000, 0), (60000, 60000), (0, 60000))


def typed(before: str, after: str, prompt: str = "content") -> Text:
    return Text(prompt, b"", (Splice(0, before, after),))


def paint(color: str = "#ff0000", blend: str = "normal") -> Paint:
    return Paint(((0, 0),), color, 9000, blend=blend)


def log_of(*deeds: object) -> list[Event]:
    """Ana's (or "ben": Ben's) events behind those with which a session begins."""
    bodies: list[tuple[str, object]] = [
        ("", Created(SETTINGS)),
        ("ana", Joined("ana", "Ana", "#ff0000", "owner")),
        ("ben", Joined("ben", "Ben", "#0000ff", "editor")),
    ]
    for deed in deeds:
        who, body = deed if isinstance(deed, tuple) else ("ana", deed)
        known = (Edited, Entered, Undone, Redone, Restored, Marked)
        bodies.append((who, body if isinstance(body, known) else Edited(body)))
    return [Event(seq, 0, who, body) for seq, (who, body) in enumerate(bodies, 1)]


def said(log: list[Event]) -> list[str]:
    """The words of all gestures, each of the state that it left."""
    gestures = gestures_of(log)[1:]
    return [words_of(fold(log[: one.last]), log[one.last - 1]) for one in gestures]


@pytest.mark.parametrize(
    ("instruction", "words"),
    [
        (typed("", "a red butterfly"), "typed “a red butterfly”"),
        (typed("", "flying up", "motion"), "asked for motion: “flying up”"),
        (typed("", "rain", "negative"), "ruled out “rain”"),
        (Image("ab" * 32), "put in a reference image"),
        (Image(None), "took the reference image out"),
        (paint("#ffd400"), "painted a yellow stroke"),
        (paint("#ff8800"), "painted an orange stroke"),
        (paint("#2060ff", "color"), "recoloured with blue"),
        (Erase(((0, 0),), 9), "erased"),
        (Region(BOX, "a star"), "asked for “a star” in a region"),
        (Drag((30000, 30000), (9000, 30000), 9), "dragged to the left"),
        (Drag((30000, 30000), (30000, 9000), 9), "dragged up"),
        (Drag((0, 0), (9000, 9000), 9), "dragged down and to the right"),
        (Trajectory(((0, 0), (9, 9)), 9), "drew a path to follow"),
        (Camera(zoom=98304), "moved the camera: zoom 1.5 times"),
        (Camera(pan=-9000, tilt=900), "moved the camera: pan to the left, tilt down"),
        (Lock(BOX), "held a part still"),
        (Adjust(seed=7), "set the seed to 7"),
        (Adjust(guidance=650, fps=12), "set the frame rate to 12, guidance 6.5"),
    ],
)
def test_R2_what_was_done_in_words(instruction, words):
    assert said(log_of(instruction)) == [words]


def test_R2_undo_says_whose():
    log = log_of(
        paint(),
        ("ben", typed("", "a fish")),
        Undone((4,)),
        ("ben", Undone((5,))),
        Redone((4,)),
        ("ben", Redone((5,))),
        ("ana", Undone((5,))),
        Revise(4, color="#00ff00"),
    )
    assert said(log)[2:] == [
        "undid their stroke",
        "undid their typing",
        "brought their stroke back",
        "brought their typing back",
        "undid Ben’s typing",
        "changed their stroke",
    ]
    assert color_of(fold(log), log[-1]) == "#00ff00"
    assert color_of(fold(log), log[3]) == "#ff0000"
    assert color_of(fold(log), log[4]) is None


def test_R2_a_restore_is_called_by_the_name_of_the_version():
    log = log_of(paint(), Marked(4, "first cut"), paint("#00ff00"), Restored(4), Undone((7,)))
    assert said(log)[2:] == ["restored “first cut”", "undid their restore"]
    log = log_of(paint(), paint("#00ff00"), Restored(4))
    assert said(log)[2:] == ["went back to event 4"]


def test_R2_a_text_is_told_as_it_reads_then():
    log = log_of(typed("", "a fish"), ("ben", typed("a fish", "two fish")), typed("two fish", ""))
    assert said(log) == ["typed “a fish”", "typed “two fish”", "cleared the prompt"]


def test_R2_keystrokes_of_one_gesture_are_one_beat_with_all_that_was_typed():
    letters = "fish"
    deeds = [
        Edited(Text("content", b"", (Splice(at, "", letter),)), group=4 if at else None)
        for at, letter in enumerate(letters)
    ]
    log = log_of(*deeds, Entered(1, 0, (4, 5, 6, 7)))
    assert said(log) == ["typed “fish”"]
    assert [(one.last, one.settled) for one in gestures_of(log)] == [(1, 3), (7, 8)]


def test_R2_gestures_of_two_at_once_stand_in_the_order_in_which_they_ended():
    log = log_of(
        Edited(typed("", "a")),
        ("ben", paint()),
        Edited(Text("content", b"", (Splice(1, "", "b"),)), group=4),
        Entered(1, 3, (4, 5, 6)),
    )
    gestures = gestures_of(log)
    assert [(one.author, one.last, one.settled) for one in gestures] == [
        ("", 1, 3),
        ("ben", 5, 5),
        ("ana", 6, 7),
    ]


def test_R2_what_cannot_be_seen_is_no_gesture():
    comment = Comment("nice", (5, 5), 0)
    log = log_of(comment, Revise(4, text="very nice"), Undone((4,)), Marked(4, "x"), paint())
    assert said(log) == ["painted a red stroke"]


def test_R2_a_version_is_the_gesture_it_was_named_after():
    log = log_of(
        paint(), Entered(1, 0, (4,)), paint("#00ff00"), Marked(5, "first"), Marked(2, "nil")
    )
    assert [one.version for one in gestures_of(log)] == ["nil", "first", None]
    taken_away = [*log, Event(9, 0, "ana", Marked(5, None))]
    assert [one.version for one in gestures_of(taken_away)] == ["nil", None, None]


def test_R2_an_edit_that_waits_is_in_its_clip_where_it_enters_later():
    log = log_of(paint(), paint("#00ff00"), Entered(1, 5, (4, 5)), paint("#0000ff"))
    gestures = gestures_of(log)
    beats, line = planned(log, gestures, range(len(gestures)))
    assert [{seq: pair.step for seq, pair in beat.pairs.items()} for beat in beats] == [
        {},
        {4: 5},
        {4: 5, 5: 5},
        {4: 5, 5: 5, 7: 4},  # it never entered: where strokes want to
    ]
    assert len({beat.key for beat in beats}) == 4
    assert line.colors == [None, "#ff0000", "#ff0000", "#ff0000"]


def gestures(count: int, *versions: int) -> list[Gesture]:
    return [
        Gesture("ana", place, place, "v" if place in versions else None) for place in range(count)
    ]


@given(
    st.integers(1, 400),
    st.sets(st.integers(0, 399), max_size=60),
    st.floats(2, 120),
    st.floats(0.8, 3),
)
def test_R2_versions_and_the_last_are_shown_within_the_time(count, versions, seconds, wanted):
    shown, beat = sampled(gestures(count, *versions), seconds, wanted)
    assert shown == sorted(set(shown))
    assert shown[-1] == count - 1
    assert len(shown) * beat <= seconds + 1e-6 or count == 1
    named = {place for place in versions if place < count}
    if (len(named) + 1) * 0.25 <= seconds:
        assert named <= set(shown)
    if count * wanted <= seconds:
        assert shown == list(range(count))
        assert beat == pytest.approx(wanted)
    elif count * SHORTEST_BEAT <= seconds:
        assert len(shown) == count


def test_R2_what_just_fits_is_shown_whole():
    """A hundred beats of a hundredth of the time are a little more than it, in binary."""
    assert sampled(gestures(100), 109.0, 2.0) == (list(range(100)), 1.09)


def test_R2_a_long_history_is_sampled_evenly():
    shown, beat = sampled(gestures(1000), 56, 1.3)
    assert len(shown) == 70
    assert beat == pytest.approx(SHORTEST_BEAT)
    gaps = [later - one for one, later in pairwise(shown)]
    assert max(gaps) <= 16
    assert min(gaps[:-1]) >= 14


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ("#000000", "black"),
        ("#ffffff", "white"),
        ("#808080", "grey"),
        ("#e0218a", "magenta"),
        ("#1fa34a", "green"),
        ("#7a4a1e", "brown"),
        ("#8a2be2", "violet"),
        ("#87ceeb", "light blue"),
        ("#ffc0cb", "pink"),
    ],
)
def test_R2_colours_have_names(color, name):
    assert color_name(color) == name


def test_R2_letters_that_the_font_lacks_are_no_boxes():
    assert readable("Café\n“naïve”…") == "Cafe “naive”…"
    assert readable("蝶 fly") == "· fly"


def test_R2_long_words_end_in_an_ellipsis():
    assert shortened("a long sentence", len, 99) == "a long sentence"
    assert shortened("a long sentence", len, 8) == "a long…"
    assert shortened("abc", len, 0) == "…"
