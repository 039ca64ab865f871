"""Undo by gesture and by name, shadowing, the eraser, and changing what was given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from studio_page import GRID, Studio

pytestmark = pytest.mark.browser

GREEN = "#00c853"
LINE = [(0.25, 0.3), (0.45, 0.3), (0.65, 0.3)]


def greenness(studio: Studio, x: float, y: float) -> float:
    """How much greener than red and blue the clip is at a place of the stage."""
    cell = studio.picture()[int(y * GRID), int(x * GRID)]
    return float(cell[1] - max(cell[0], cell[2]))


def finished_with(pair: tuple[Studio, Studio], seq: int) -> None:
    """Wait until both have the finished clip with everything up to ``seq``, and hold a frame."""
    for studio in pair:
        studio.wait_finished(seq)
        studio.hold_frame(0)


def head(studio: Studio) -> int:
    """The newest event that the shown clip has."""
    return int(studio.part("step").get_attribute("data-shown-seq") or 0)


def test_L6_a_burst_of_typing_is_one_row_and_one_undo(pair: tuple[Studio, Studio]) -> None:
    ada, grace = pair
    ada.write("content", "a blue boat")
    ada.part("content").click()
    ada.page.keyboard.press("Home")
    for _ in range(2):
        ada.page.keyboard.press("ArrowRight")
    for _ in range(4):
        ada.page.keyboard.press("Delete")
    ada.page.keyboard.type("rex", delay=120)
    ada.page.keyboard.press("Backspace")
    ada.page.keyboard.type("d", delay=120)
    ada.page.keyboard.press("Enter")
    for studio in pair:
        studio.wait_reads("content", "a red boat")
        expect(studio.edits(ada.name, "content")).to_have_count(2)
        expect(studio.edits(ada.name, "content").first).to_have_text(re.compile(r"\+ red − blue"))
    ada.part("undo").click()
    for studio in pair:
        studio.wait_reads("content", "a blue boat")
        expect(studio.edits(ada.name, "content").first).to_have_attribute("data-undone", "true")
    assert grace.edits(ada.name, "content").nth(1).get_attribute("data-undone") == "false"


def test_U2_an_owner_undoes_a_gesture_by_name_and_the_row_says_so(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    grace.listen_for_toasts()
    grace.paint(GREEN, LINE)
    ada.paint("#ffffff", [(0.3, 0.8), (0.5, 0.8)])
    theirs = ada.edits(grace.name, "paint").first
    expect(theirs).to_be_visible()
    # Somebody who does not own the session has no such button on others' rows.
    expect(grace.edits(ada.name, "paint").first.get_by_test_id("undo-this")).to_have_count(0)
    expect(grace.edits(grace.name, "paint").first.get_by_test_id("undo-this")).to_have_count(1)
    theirs.hover()
    button = theirs.get_by_test_id("undo-this")
    expect(button).to_have_attribute("aria-label", f"Undo {grace.name}’s brush stroke")
    ada.shot(shots, "undo-by-name")
    button.click()
    for studio in pair:
        row = studio.edits(grace.name, "paint").first
        expect(row).to_have_attribute("data-undone", "true")
        expect(row).to_contain_text(f"undone by {ada.name}")
        expect(studio.edits(ada.name, "paint").first).to_have_attribute("data-undone", "false")
    grace.wait_told(f"{ada.name} undid your brush stroke")
    # Bringing it back stays with the owner.
    expect(grace.part("redo")).to_be_disabled()
    ada.part("redo").click()
    for studio in pair:
        expect(studio.edits(grace.name, "paint").first).to_have_attribute("data-undone", "false")


def test_U3_one_press_goes_back_to_what_shows_and_says_what_it_passed(
    pair: tuple[Studio, Studio],
) -> None:
    ada, grace = pair
    ada.part("tab-settings").click()
    grace.part("tab-settings").click()
    ada.paint(GREEN, LINE)
    for studio, fps in ((ada, "11"), (grace, "12")):
        studio.part("setting-fps").fill(fps)
        studio.part("setting-fps").press("Enter")
        for other in pair:
            expect(other.part("setting-fps")).to_have_value(fps)
    ada.listen_for_toasts()
    ada.part("undo").click()
    # Hers is covered by Grace's: one press takes it and the stroke before it.
    ada.wait_told("Undid 2 gestures: 11 frames a second, Brush stroke")
    for studio in pair:
        expect(studio.part("setting-fps")).to_have_value("12")
        studio.part("tab-history").click()
        expect(studio.edits(ada.name, "paint").first).to_have_attribute("data-undone", "true")
        expect(studio.edits(ada.name, "settings").first).to_have_attribute("data-undone", "true")


def test_M4_the_eraser_is_seen_live_and_takes_away_paint(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("content", "a white cloud")
    ada.part("content").press("Escape")
    grace.part("brush-size").fill(str(round(0.16 * 65536)))
    grace.paint(GREEN, LINE)
    stroke = ada.edits(grace.name, "paint").first
    expect(stroke).to_be_visible()
    finished_with(pair, ada.seq_of(stroke))
    before = greenness(ada, 0.35, 0.3), greenness(ada, 0.6, 0.3)
    assert min(before) > 30, before

    grace.page.keyboard.press("e")
    expect(grace.part("tool-erase")).to_have_attribute("aria-pressed", "true")
    grace.part("brush-size").fill(str(round(0.24 * 65536)))
    grace.pull([(0.2, 0.3), (0.3, 0.3), (0.4, 0.3)], lift=False)
    # Under the eraser lies a veil, for the one who erases and for the others.
    for studio in pair:
        studio.page.wait_for_function(
            """() => {
              const canvas = document.querySelector('[data-testid=overlay]');
              const {width, height} = canvas;
              const {data} = canvas.getContext('2d')
                .getImageData(0.3 * width, 0.3 * height, 1, 1);
              return data[3] > 30 && data[3] < 130;
            }"""
        )
    ada.shot(shots, "eraser-live")
    grace.page.mouse.up()
    eraser = ada.edits(grace.name, "erase").first
    expect(eraser).to_contain_text("Eraser")
    finished_with(pair, ada.seq_of(eraser))
    ada.shot(shots, "erased")
    assert greenness(ada, 0.3, 0.3) < before[0] - 25
    assert greenness(ada, 0.62, 0.3) > before[1] - 15
    shown = head(ada)
    grace.part("undo").click()
    expect(eraser).to_have_attribute("data-undone", "true")
    finished_with(pair, shown + 1)
    assert abs(greenness(ada, 0.35, 0.3) - before[0]) < 5


def test_M2_strength_colour_and_frames_of_a_stroke_are_changed_after_it_was_given(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    grace.paint(GREEN, [(0.3, 0.7), (0.6, 0.7)])
    row = ada.edits(grace.name, "paint").first
    expect(row).to_be_visible()
    row.locator(".history-what").click()
    slider = row.get_by_test_id("strength")
    expect(slider).to_have_value("100")
    # A slider that is dragged gives its value when it is let go, and not on the way.
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    ada.page.mouse.move(box["x"] + box["width"] - 8, y)
    ada.page.mouse.down()
    for share in (0.8, 0.6, 0.55):  # more than half: the stroke weighs more than the prompt
        ada.page.mouse.move(box["x"] + share * box["width"], y, steps=3)
        ada.page.wait_for_timeout(60)
    expect(grace.edits(ada.name, "revise")).to_have_count(0)
    ada.page.mouse.up()
    revision = grace.edits(ada.name, "revise").first
    expect(revision).to_contain_text(re.compile(rf"{grace.name}’s stroke: strength [45]\d %"))
    expect(slider).to_have_value(re.compile(r"[45]\d"))
    ada.shot(shots, "stroke-details")

    # While the colour picker is open, what else becomes of the stroke leaves it alone.
    picker = row.get_by_test_id("stroke-color")
    picker.evaluate("(element) => { element.value = '#0000ff'; }")
    strength = int(slider.input_value())
    slider.press("ArrowLeft")
    expect(ada.edits(ada.name, "revise").first).to_contain_text(f"strength {strength - 1} %")
    expect(picker).to_have_value("#0000ff")
    grace.wait_finished(ada.seq_of(ada.edits(ada.name, "revise").first))
    grace.page.keyboard.press("w")
    grace.press_stage(0.45, 0.7)
    expect(grace.part("weight").first).to_contain_text(f"changed by {ada.name}")

    picker.dispatch_event("change")
    expect(grace.edits(ada.name, "revise").first).to_contain_text("colour #0000ff")
    swatch = grace.edits(grace.name, "paint").first.locator(".mark i")
    expect(swatch).to_have_css("background-color", "rgb(0, 0, 255)")
    row.get_by_label("Last frame").fill("4")
    row.get_by_label("Last frame").press("Enter")
    expect(grace.edits(ada.name, "revise").first).to_contain_text("frames 1 to 4")
    row.get_by_role("button", name="All", exact=True).click()
    expect(grace.edits(ada.name, "revise").first).to_contain_text("all frames")
    # Changes of one field in a row are one gesture.
    expect(grace.edits(ada.name, "revise")).to_have_count(3)
    for _ in range(2):
        ada.part("undo").click()
    expect(swatch).to_have_css("background-color", "rgb(0, 200, 83)")
    expect(slider).to_have_value(re.compile(r"[45]\d"))
    for place, undone in enumerate(("true", "true", "false")):
        expect(grace.edits(ada.name, "revise").nth(place)).to_have_attribute("data-undone", undone)
