"""Takes, and looks: two clips side by side, and the clip without something, for one's own eyes."""

from __future__ import annotations

import base64
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgpack
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, WebSocketRoute, expect
from studio_page import GRID, READ_PICTURE, TAKE_MS, Studio
from studio_server import Server

pytestmark = pytest.mark.browser

GREEN = "#00c853"
BLUE = "#2962ff"
SAME = 0.5
"""Mean difference, of 255, of one clip drawn twice in one size; other clips are further away."""

SIZES = [(1280, 800), (1440, 900)]


def looked(studio: Studio, number: int | None = None) -> None:
    """Wait until what is looked at is finished and shows the clip as it is now.

    ``number`` is that of a look that was seen before: a newer one is waited for.
    """
    look = studio.part("look")
    if number is not None:
        expect(look).not_to_have_attribute("data-number", str(number), timeout=TAKE_MS)
    expect(look).to_have_attribute("data-state", "finished", timeout=TAKE_MS)
    expect(look).to_have_attribute("data-stale", "false", timeout=TAKE_MS)
    expect(look).to_have_attribute("data-done", "true", timeout=TAKE_MS)


def look_picture(studio: Studio) -> NDArray[np.float64]:
    """What the look shows, in the size of the clip alone: GRID x GRID x 3, 0 to 255."""
    studio.part("look-alone").click()
    studio.page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    data = base64.b64decode(studio.part("look-picture").evaluate(READ_PICTURE, GRID))
    return np.frombuffer(data, np.uint8).reshape(GRID, GRID, 4)[..., :3].astype(float)


def far(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How different two pictures are, of 255."""
    return float(abs(one - other).mean())


def number_of(studio: Studio) -> int:
    """The number of the look that is shown."""
    return int(studio.part("look").get_attribute("data-number") or 0)


def take_of(studio: Studio) -> int:
    """The number of the take in force, as the page has it."""
    found = re.search(r"\d+", studio.part("takes").inner_text())
    assert found
    return int(found.group())


def row_of(studio: Studio, take: int) -> Locator:
    """A take in the open list of takes."""
    return studio.page.locator(f'[data-testid=take][data-take="{take}"]')


def instructions(server: Server) -> int:
    """How many events of people the database holds: the loop's own may come at any time."""
    with sqlite3.connect(f"file:{server.data / 'framejam.db'}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT COUNT(*) FROM events WHERE author != ''").fetchone()
    return int(rows[0])


def is_color(picture: NDArray[np.float64], x: float, y: float, color: str) -> bool:
    """Whether a place of a picture is nearly of a colour."""
    cell = picture[int(y * GRID) - 1 : int(y * GRID) + 2, int(x * GRID) - 1 : int(x * GRID) + 2]
    wanted = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return float(abs(cell.mean((0, 1)) - wanted).max()) < 60


def paint_broad(studio: Studio, color: str, y: float) -> None:
    """A stroke that nobody overlooks."""
    studio.part("tool-brush").click()
    studio.part("brush-size").fill(str(round(0.2 * 65536)))
    studio.paint(color, [(0.3, y), (0.7, y)])


def wait_all_seen(studio: Studio, row: Locator) -> None:
    """Wait until the finished clip shows a gesture."""
    expect(row).to_have_attribute("data-entered", re.compile(r"\d"))
    studio.wait_finished(studio.seq_of(row))


def test_T8_two_takes_are_compared_side_by_side_and_one_is_kept(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("content", f"a yellow duck {ada.name}")
    ada.write("motion", "moving to the right")
    wait_all_seen(ada, ada.edits(ada.name, "motion").first)
    ada.hold_frame(14)
    last_picture = ada.picture()
    ada.hold_frame(3)
    first, first_picture = take_of(ada), ada.picture()
    assert far(first_picture, last_picture) > 3 * SAME
    ada.part("new-take").click()
    for studio in pair:
        expect(studio.part("takes")).not_to_have_text(re.compile(rf"Take {first}$"))
    ada.wait_finished(ada.seq_of(ada.edits(ada.name, "settings").first))
    second, second_picture = take_of(ada), ada.picture()
    # Far enough apart that showing the wrong one of them would be seen below.
    assert far(first_picture, second_picture) > 3 * SAME

    ada.part("takes").click()
    expect(row_of(ada, second)).to_contain_text("You")
    expect(row_of(ada, second)).to_contain_text("on the stage")
    ada.shot(shots, "takes-list")
    row_of(ada, first).get_by_test_id("take-compare").click()
    expect(ada.part("panes")).to_have_attribute("data-mode", "beside")
    expect(ada.part("look-bar")).to_contain_text("Only you see this")
    expect(ada.part("look-bar")).to_contain_text(f"take {first}")
    looked(ada)
    ada.shot(shots, "takes-compared")
    assert far(look_picture(ada), first_picture) < SAME
    # One clock: what scrubs the one scrubs the other.
    ada.hold_frame(14)
    assert far(look_picture(ada), last_picture) < SAME
    ada.hold_frame(3)
    ada.part("look-beside").click()
    assert grace.part("look-bar").count() == 0

    expect(ada.part("keep-look-says")).to_contain_text("Goes back to seed")
    ada.part("keep-look").click()
    expect(ada.part("panes")).to_have_attribute("data-mode", "clip")
    for studio in pair:
        expect(studio.part("takes")).to_have_text(f"Take {first}")
    ada.wait_finished(ada.seq_of(ada.edits(ada.name, "settings").first))
    assert far(ada.picture(), first_picture) < SAME
    # It was an ordinary edit: undone, the other take is back.
    ada.part("undo").click()
    expect(grace.part("takes")).to_have_text(f"Take {second}")
    # The other way to a take is its row in the list, without comparing.
    grace.part("takes").click()
    row_of(grace, first).get_by_test_id("take-back").click()
    for studio in pair:
        expect(studio.part("takes")).to_have_text(f"Take {first}")


def test_T12_a_person_is_muted_for_the_one_who_looks_and_for_nobody_else(
    server: Server, pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("content", f"a white cloud {ada.name}")
    paint_broad(grace, GREEN, 0.3)
    stroke = ada.edits(grace.name, "paint").first
    for studio in pair:
        wait_all_seen(studio, studio.edits(grace.name, "paint").first)
        studio.hold_frame(2)
    stage = ada.part("stage").bounding_box()
    before, seen = instructions(server), grace.picture()
    assert is_color(seen, 0.5, 0.3, GREEN)

    # By the keyboard alone.
    mute = ada.person(grace.name).get_by_test_id("mute-person")
    mute.focus()
    ada.page.keyboard.press("Enter")
    expect(mute).to_have_attribute("aria-pressed", "true")
    expect(ada.part("look-bar")).to_contain_text("Only you see this")
    expect(ada.part("look-bar")).to_contain_text(f"without {grace.name}’s edits")
    looked(ada)
    ada.shot(shots, "person-muted")
    assert not is_color(look_picture(ada), 0.5, 0.3, GREEN)
    # In the very place of the clip: nothing jumps.
    assert ada.part("look").bounding_box() == stage
    expect(stroke.get_by_test_id("mute-this")).to_have_attribute("aria-pressed", "true")
    # Nobody else sees anything of it, and nothing was written down.
    assert grace.part("look-bar").count() == 0
    assert far(grace.picture(), seen) < SAME
    assert instructions(server) == before

    # What comes meanwhile is seen, too, after a moment; and several are muted together.
    number = number_of(ada)
    paint_broad(grace, BLUE, 0.7)
    looked(ada, number)
    assert not is_color(look_picture(ada), 0.5, 0.7, BLUE)
    wait_all_seen(ada, ada.edits(grace.name, "paint").first)
    mute.click()
    expect(ada.part("panes")).to_have_attribute("data-mode", "clip")
    stroke = ada.edits(grace.name, "paint").last
    stroke.hover()
    stroke.get_by_test_id("mute-this").click()
    looked(ada)
    expect(ada.part("look-bar")).to_contain_text(f"without {grace.name}’s brush stroke")
    number = number_of(ada)
    words = ada.edits(ada.name, "content").first
    words.hover()
    words.get_by_test_id("mute-this").click()
    looked(ada, number)
    assert not is_color(look_picture(ada), 0.5, 0.3, GREEN)
    assert is_color(look_picture(ada), 0.5, 0.7, BLUE)
    ada.part("look-beside").click()
    ada.shot(shots, "gestures-muted")
    ada.part("look-leave").click()
    expect(ada.part("look")).to_have_count(0)
    expect(ada.part("tool-brush")).to_be_visible()
    assert is_color(ada.picture(), 0.5, 0.3, GREEN)


def test_T4_before_and_after_are_compared_and_the_change_is_taken_back(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("content", f"a red balloon {ada.name}")
    wait_all_seen(ada, ada.edits(ada.name, "content").first)
    ada.hold_frame(4)
    old = ada.picture()
    paint_broad(ada, BLUE, 0.5)
    mine = ada.edits(ada.name, "paint").first
    wait_all_seen(ada, mine)
    assert far(old, ada.picture()) > 3 * SAME

    ada.part("takes").click()
    ada.part("compare-last").click()
    looked(ada)
    ada.shot(shots, "before-and-after")
    assert far(look_picture(ada), old) < SAME
    ada.part("look-beside").click()
    # Before is on the left of after.
    left, right = ada.part("look").bounding_box(), ada.part("stage").bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]

    # The clip beside a look is there to be seen: nothing is drawn on it by accident.
    ada.press_stage(0.5, 0.8)
    expect(ada.edits(ada.name, "paint")).to_have_count(1)

    # Another person's gesture came after it: an editor cannot take that back, and is told so.
    grace.edits(ada.name, "content").first.locator(".history-what").click()
    grace.part("compare-before").click()
    expect(grace.part("keep-look")).to_be_disabled()
    expect(grace.part("keep-look-says")).to_contain_text(f"only {ada.name} or an owner")
    grace.part("keep-clip").click()
    expect(grace.part("panes")).to_have_attribute("data-mode", "clip")

    expect(ada.part("keep-look-says")).to_have_text("Undoes your brush stroke.")
    shown = int(ada.part("step").get_attribute("data-shown-seq") or 0)
    ada.part("keep-look").click()
    expect(mine).to_have_attribute("data-undone", "true")
    expect(ada.part("panes")).to_have_attribute("data-mode", "clip")
    ada.wait_finished(shown + 1)
    assert far(ada.picture(), old) < SAME


def test_T12_waiting_and_failing_are_told_in_words_and_it_can_be_tried_again(
    server: Server, visitor: Callable[..., Studio], shots: Path | None
) -> None:
    """The server's words, as it sends them when it has no room: put on the wire by this test."""
    ada = visitor("Ada who waits")
    answers = [
        {"state": "waiting", "step": 0, "note": "the renderer's memory is full"},
        {"state": "failed", "step": 0, "note": "it needs more memory than there is"},
    ]
    held: list[dict[str, object]] = []

    def between(page: WebSocketRoute) -> None:
        real = page.connect_to_server()

        def up(data: str | bytes) -> None:
            message = msgpack.unpackb(data)
            if message["type"] != "look" or not answers:
                real.send(data)
                return
            held.append(message)
            status = {"type": "look_status", "number": message["number"], "take": 1, "steps": 8}
            page.send(msgpack.packb({**status, **answers.pop(0), "digest": None}))

        page.on_message(up)
        real.on_message(page.send)

    ada.page.route_web_socket(re.compile("/socket"), between)
    ada.open(server.link)
    ada.write("content", f"a green tree {ada.name}")
    wait_all_seen(ada, ada.edits(ada.name, "content").first)
    mute = ada.person(ada.name).get_by_test_id("mute-person")
    mute.click()
    expect(ada.part("look-progress")).to_contain_text("The renderer's memory is full.")
    ada.shot(shots, "look-waits")
    ada.part("look-leave").click()
    mute.click()
    expect(ada.part("look-progress")).to_contain_text("It needs more memory than there is.")
    ada.shot(shots, "look-failed")
    assert len(held) == 2
    ada.part("look-again").click()
    looked(ada)
    expect(ada.part("look-progress")).to_have_count(0)


def test_A1_a_viewer_looks_and_keeps_nothing(
    pair: tuple[Studio, Studio], visitor: Callable[..., Studio]
) -> None:
    ada, _ = pair
    linus = visitor(f"Linus of {ada.name}")
    linus.open(ada.invite("viewer"))
    ada.write("content", f"a brown car {ada.name}")
    row = linus.edits(ada.name, "content").first
    wait_all_seen(linus, row)
    expect(linus.part("new-take")).to_be_disabled()
    expect(linus.person(linus.name).get_by_test_id("mute-person")).to_be_disabled()
    row.hover()
    row.get_by_test_id("mute-this").click()
    looked(linus)
    linus.part("look-beside").click()
    expect(linus.part("keep-look")).to_be_disabled()
    expect(linus.part("keep-look-says")).to_contain_text("as a viewer")
    # Whoever takes a tool wants the clip.
    linus.page.keyboard.press("c")
    expect(linus.part("panes")).to_have_attribute("data-mode", "clip")


@pytest.mark.parametrize("size", SIZES)
def test_two_clips_fit_beside_each_other_without_a_jump(
    server: Server, visitor: Callable[..., Studio], size: tuple[int, int], shots: Path | None
) -> None:
    width, height = size
    ada = visitor(f"Ada at {width}", viewport={"width": width, "height": height})
    ada.open(server.link)
    paint_broad(ada, GREEN, 0.5)
    wait_all_seen(ada, ada.edits(ada.name, "paint").first)
    places = {part: ada.part(part).bounding_box() for part in ("play", "new-take", "undo")}
    stage = ada.part("stage").bounding_box()
    ada.part("takes").click()
    ada.part("compare-last").click()
    looked(ada)
    assert {part: ada.part(part).bounding_box() for part in places} == places
    one, other = ada.part("look").bounding_box(), ada.part("stage").bounding_box()
    assert one is not None
    assert other is not None
    assert (one["width"], one["height"], one["y"]) == (
        other["width"],
        other["height"],
        other["y"],
    )
    assert one["width"] > 0.2 * width
    for testid in ("keep-look", "keep-clip", "look-leave", "look-alone", "look-beside"):
        expect(ada.part(testid)).to_be_in_viewport(ratio=1)
    heads = ada.page.locator(".pane-head")
    expect(heads).to_have_text(["Now", "Before your brush stroke"])
    for head in heads.all():
        # Nothing of the words is cut off.
        assert head.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    ada.shot(shots, f"side-by-side-{width}")
    ada.part("look-leave").click()
    assert ada.part("stage").bounding_box() == stage
