"""Two people move what the clip shows: an arrow on the first frame, live, given, undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect
from studio_page import GRID, Studio
from studio_server import Server

pytestmark = pytest.mark.browser

RADIUS = 0.16
"""Of the drag's circle, in shares of the frame's width."""

LAST_FRAME = 15
FRAME = "Frame"


def red_place(picture: NDArray[np.float64]) -> tuple[float, float]:
    """Where the red thing of a picture is, in shares of the frame."""
    redness = np.clip(picture[..., 0] - picture[..., 1:].max(axis=2) - 60, 0, None)
    assert redness.sum() > 0, "there is nothing red"
    y, x = (np.mgrid[:GRID, :GRID] + 0.5) / GRID
    return float((x * redness).sum() / redness.sum()), float((y * redness).sum() / redness.sum())


ALPHA = """([x, y, edge]) => {
  const canvas = document.querySelector('[data-testid=overlay]');
  const {width, height} = canvas;
  const [w, h] = [Math.ceil(edge * width), Math.ceil(edge * height)];
  const {data} = canvas.getContext('2d').getImageData(x * width - w / 2, y * height - h / 2, w, h);
  return data.some((byte) => byte > 0);
}"""


def wait_until_drawn(studio: Studio, x: float, y: float) -> None:
    """Until something lies over the clip close to a place."""
    studio.page.wait_for_function(ALPHA, arg=[x, y, 0.05])


def wait_until_bare(studio: Studio) -> None:
    """Until nothing at all lies over the clip."""
    studio.page.wait_for_function(f"(place) => !({ALPHA})(place)", arg=[0.5, 0.5, 1])


def color_of(studio: Studio, other: Studio) -> list[int]:
    """The colour in which ``other`` appears here."""
    css = studio.cursor(other.name).evaluate("(cursor) => getComputedStyle(cursor).color")
    return [int(part) for part in css.removeprefix("rgb(").removesuffix(")").split(",")]


def take_up(studio: Studio) -> None:
    """Take the drag tool by its key and set its radius."""
    studio.page.keyboard.press("d")
    expect(studio.part("tool-drag")).to_have_attribute("aria-pressed", "true")
    studio.part("drag-radius").fill(str(round(RADIUS * 65536)))


def test_an_arrow_is_live_for_others_and_escape_takes_it_away(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    take_up(grace)
    # The clip stands still at its first frame, and the page says why.
    expect(grace.page.get_by_label(FRAME, exact=True)).to_have_value("0")
    expect(grace.part("play")).to_have_attribute("aria-label", "Play")
    expect(grace.part("drag-hint")).to_contain_text("What lies in the circle moves")
    grace.point(0.3, 0.4)
    grace.shot(shots, "drag-ready")

    grace.pull([(0.3, 0.4), (0.5, 0.4), (0.7, 0.4)], lift=False)
    expect(ada.cursor(grace.name)).to_be_visible()
    for studio in pair:
        # The circle at the pointer, the one at the start, the shaft, and nothing beside them.
        for x, y in [(0.7, 0.4 + RADIUS), (0.3, 0.4 - RADIUS), (0.5, 0.4)]:
            wait_until_drawn(studio, x, y)
        assert not studio.page.evaluate(ALPHA, [0.5, 0.8, 0.3])
    if shots is not None:
        ada.page.wait_for_timeout(300)  # the cursor glides there
    ada.shot(shots, "drag-live-teammate")
    grace.shot(shots, "drag-live-own")
    # In the colour of whose it is.
    shaft = ada.overlay()[int(0.4 * GRID), int(0.5 * GRID)].astype(int)
    assert np.abs(shaft[:3] - color_of(ada, grace)).max() < 60

    grace.page.keyboard.press("Escape")
    for studio in pair:
        wait_until_bare(studio)
    grace.page.mouse.up()
    # A press that trembles is no drag either.
    box = grace.part("stage").bounding_box()
    assert box is not None
    grace.pull([(0.3, 0.4), (0.3 + 3 / box["width"], 0.4)])
    grace.point(0.5, 0.9)
    for studio in pair:
        wait_until_bare(studio)
        expect(studio.edits(grace.name, "drag")).to_have_count(0)


def test_the_keys_of_the_tools(pair: tuple[Studio, Studio]) -> None:
    ada, _ = pair
    ada.page.keyboard.press("d")
    radius = ada.part("drag-radius")
    before = int(radius.input_value())
    ada.page.keyboard.press("]")
    assert int(radius.input_value()) > before
    ada.page.keyboard.press("[")
    ada.page.keyboard.press("[")
    assert int(radius.input_value()) < before
    expect(ada.part("brush-color")).to_be_hidden()
    ada.page.keyboard.press("b")
    expect(ada.part("tool-brush")).to_have_attribute("aria-pressed", "true")
    expect(ada.part("brush-color")).to_be_visible()
    # A letter in a text is a letter.
    ada.part("content").press("d")
    expect(ada.part("tool-brush")).to_have_attribute("aria-pressed", "true")
    ada.part("content").press("Escape")


def test_a_drag_moves_the_object_for_everybody_until_it_is_undone(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("motion", "standing still")
    ada.write("content", "a red balloon on the left over the sea")
    ada.part("content").press("Escape")  # or the key of the tool would be typed into it
    prompt = ada.edits(ada.name, "content").first
    expect(prompt).to_be_visible()
    # At its wanted step: no rewind is to come any more (T3).
    expect(prompt).to_have_attribute("data-entered", "2")
    grace.hold_frame(LAST_FRAME)
    grace.wait_finished(grace.seq_of(prompt))
    last = red_place(grace.picture())[0]
    grace.hold_frame(0)
    x, y = red_place(grace.picture())
    to = (0.8 if x < 0.5 else 0.2, y)

    take_up(grace)
    grace.pull([(x, y), to])
    # Whoever moved something sees it move, at once.
    expect(grace.part("play")).to_have_attribute("aria-label", "Pause")
    for studio in pair:
        expect(studio.edits(grace.name, "drag")).to_have_count(1)
        expect(studio.edits(grace.name, "drag")).to_contain_text("Drag")
    grace.shot(shots, "drag-given")
    drag = grace.edits(grace.name, "drag").first
    for studio in pair:
        studio.wait_finished(studio.seq_of(drag))
    # The clip shows it: no arrow lies over it, but for those who have the tool in hand.
    wait_until_bare(ada)
    middle = ((x + to[0]) / 2, y)
    wait_until_drawn(grace, *middle)
    take_up(ada)
    wait_until_drawn(ada, *middle)
    ada.shot(shots, "drag-done")
    ada.page.keyboard.press("v")
    wait_until_bare(ada)

    # Where the clip plays nothing is taken hold of: that press goes back to the first frame.
    expect(grace.part("drag-hint")).to_have_attribute("data-ready", "false")
    grace.pull([(x, 0.9), (to[0], 0.9)])
    expect(grace.part("drag-hint")).to_have_attribute("data-ready", "true")
    expect(grace.edits(grace.name, "drag")).to_have_count(1)

    for studio in pair:
        studio.hold_frame(0)
        assert abs(red_place(studio.picture())[0] - x) < 0.08
        studio.hold_frame(LAST_FRAME)
        moved = red_place(studio.picture())[0] - x
        assert moved * np.sign(to[0] - x) > 0.15, (moved, x, to)
        studio.shot(shots, f"drag-last-frame-{studio.name.split()[0]}")

    # T4: back where it was. (That this is so to the bit is shown where entry steps are known.)
    shown = max(int(studio.part("step").get_attribute("data-shown-seq") or 0) for studio in pair)
    grace.part("undo").click()
    undone = ada.edits(grace.name, "drag").first
    expect(undone).to_have_attribute("data-undone", "true")
    for studio in pair:
        wait_until_bare(studio)
        studio.wait_finished(shown + 1)
        studio.hold_frame(LAST_FRAME)
        assert abs(red_place(studio.picture())[0] - last) < 0.08


def test_pen_and_finger_pull_as_a_mouse_does(
    server: Server, visitor: Callable[..., Studio]
) -> None:
    ada = visitor("Ada Touch", has_touch=True)
    ada.open(server.link)
    ada.wait_finished()
    ada.part("tool-drag").tap()
    expect(ada.part("drag-hint")).to_have_attribute("data-ready", "true")
    box = ada.part("stage").bounding_box()
    assert box is not None
    devices = ada.page.context.new_cdp_session(ada.page)
    places = [
        (box["x"] + x * box["width"], box["y"] + 0.5 * box["height"]) for x in (0.3, 0.5, 0.7)
    ]

    def finger(*, moves: bool) -> None:
        for kind, (x, y) in zip(("touchStart", "touchMove", "touchMove"), places, strict=True):
            if kind == "touchStart" or moves:
                points = [{"x": x, "y": y}]
                devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        devices.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def pen() -> None:
        (x, y), *_, (to_x, to_y) = places
        common = {"pointerType": "pen", "button": "left", "clickCount": 1}
        for kind, at_x, at_y, buttons in (
            ("mouseMoved", x, y, 0),
            ("mousePressed", x, y, 1),
            ("mouseMoved", to_x, to_y, 1),
            ("mouseReleased", to_x, to_y, 0),
        ):
            place = {"type": kind, "x": at_x, "y": at_y, "buttons": buttons}
            devices.send("Input.dispatchMouseEvent", {**common, **place})

    finger(moves=True)
    expect(ada.edits("Ada Touch", "drag")).to_have_count(1)
    # It plays; a finger that presses on what it sees now is taken back to the first frame.
    expect(ada.part("drag-hint")).to_have_attribute("data-ready", "false")
    finger(moves=True)
    expect(ada.part("drag-hint")).to_have_attribute("data-ready", "true")
    finger(moves=False)
    pen()
    expect(ada.edits("Ada Touch", "drag")).to_have_count(2)


def test_paint_and_pull_work_on_a_page_without_https(
    server: Server, visitor: Callable[..., Studio]
) -> None:
    ada = visitor("Ada Plain")
    # What browsers keep from pages that come over plain HTTP from another machine.
    ada.page.add_init_script("delete PointerEvent.prototype.getCoalescedEvents")
    ada.open(server.link)
    ada.paint("#00c853", [(0.3, 0.3), (0.6, 0.3)], lift=False)
    wait_until_drawn(ada, 0.45, 0.3)
    ada.page.mouse.up()
    ada.page.keyboard.press("d")
    ada.pull([(0.3, 0.6), (0.6, 0.6)])
    for kind in ("paint", "drag"):
        expect(ada.edits("Ada Plain", kind)).to_have_count(1)
