"""Comments, who did this, and the settings of the clip."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from studio_page import Studio
from studio_server import Server

pytestmark = pytest.mark.browser

GREEN = "#00c853"


def test_A1_a_viewer_comments_and_everybody_sees_it_after_a_reload_too(
    pair: tuple[Studio, Studio], visitor: Callable[..., Studio], shots: Path | None
) -> None:
    ada, grace = pair
    linus = visitor(f"Linus of {ada.name}")
    linus.open(ada.invite("viewer"))
    ada.write("content", "a yellow duck on the water")
    linus.wait_finished()
    linus.hold_frame(5)
    linus.page.keyboard.press("c")
    expect(linus.part("tool-comment")).to_have_attribute("aria-pressed", "true")
    expect(linus.part("tool-brush")).to_be_disabled()
    linus.press_stage(0.3, 0.4)
    field = linus.part("comment-text")
    expect(field).to_be_focused()
    # Escape takes it back, Enter gives it.
    field.press("Escape")
    expect(linus.part("comment-card")).to_have_count(0)
    # What is written is not lost with its card: it goes on at the next place that is pressed.
    linus.press_stage(0.9, 0.1)
    field.fill("Could it be larger?")
    linus.part("tab-comments").focus()
    linus.page.keyboard.press("Escape")
    expect(linus.part("comment-card")).to_have_count(0)
    linus.press_stage(0.3, 0.4)
    expect(field).to_have_value("Could it be larger?")
    linus.shot(shots, "comment-writing")
    linus.part("comment-text").press("Enter")

    grace.hold_frame(0)
    expect(grace.part("tab-comments")).to_contain_text("1")
    grace.part("tab-comments").click()
    listed = grace.part("comment").last
    expect(listed).to_contain_text("Could it be larger?")
    expect(listed).to_contain_text(linus.name)
    expect(grace.part("pin")).to_have_count(0)
    listed.get_by_test_id("comment-frame").click()
    expect(grace.page.get_by_label("Frame", exact=True)).to_have_value("5")
    pin = grace.part("pin")
    expect(pin).to_be_visible()
    stage, box = grace.part("stage").bounding_box(), pin.bounding_box()
    assert stage is not None
    assert box is not None
    # Its tip, the lower left corner, is on the point.
    assert abs(box["x"] - stage["x"] - 0.3 * stage["width"]) < 4
    assert abs(box["y"] + box["height"] - stage["y"] - 0.4 * stage["height"]) < 4
    expect(grace.part("comment-card")).to_contain_text("Could it be larger?")
    grace.shot(shots, "comment-seen")
    # It is neither an instruction nor something that makes the take start again.
    expect(grace.part("step")).to_have_attribute("data-state", "finished")

    grace.page.reload()
    grace.part("tab-comments").click()
    expect(grace.part("comment").last).to_contain_text("Could it be larger?")
    # Its author rewrites it; another editor does not, and settles it.
    expect(grace.part("comment").last.get_by_test_id("comment-edit")).to_have_count(0)
    linus.part("tab-comments").click()
    linus.part("comment").last.get_by_test_id("comment-edit").click()
    linus.part("comment").last.get_by_test_id("comment-text").fill("Could it be much larger?")
    linus.page.keyboard.press("Enter")
    expect(grace.part("comment").last).to_contain_text("Could it be much larger?")
    grace.part("comment").last.get_by_test_id("comment-resolve").click()
    expect(linus.part("comment").last.locator(".comment")).to_have_attribute(
        "data-resolved", "true"
    )
    expect(linus.part("pin")).to_have_count(0)
    # A viewer undoes what is theirs: the comment.
    linus.part("undo").click()
    linus.part("undo").click()
    expect(grace.part("comment")).to_have_count(0)


def test_M6_who_did_this_names_the_one_who_painted_there_first(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("content", "a white cloud in the sky")
    ada.part("content").press("Escape")
    grace.part("brush-size").fill(str(round(0.2 * 65536)))
    grace.paint(GREEN, [(0.2, 0.3), (0.5, 0.3)])
    ada.part("brush-size").fill(str(round(0.2 * 65536)))
    ada.paint("#3b82f6", [(0.4, 0.7), (0.7, 0.7)])
    for studio in pair:
        studio.wait_finished(studio.seq_of(studio.edits(ada.name, "paint").first))
    ada.page.keyboard.press("w")
    expect(ada.part("tool-hint")).to_contain_text("who did what")
    for (x, y), name in (((0.3, 0.3), grace.name), ((0.6, 0.7), "You")):
        ada.press_stage(x, y)
        first = ada.part("weight").first
        expect(first).to_contain_text(name)
        expect(first).to_contain_text("Brush stroke")
        shares = [
            int(re.findall(r"(\d+) %", text)[-1]) for text in ada.part("weight").all_inner_texts()
        ]
        assert shares == sorted(shares, reverse=True)
        assert shares[0] > 50
    ada.press_stage(0.3, 0.3)
    expect(ada.part("weight").first).to_contain_text(grace.name)
    ada.shot(shots, "who-did-this")
    # From there to the row of the history, from any other tab.
    ada.part("tab-settings").click()
    ada.part("weight").first.click()
    row = ada.edits(grace.name, "paint").first
    expect(row).to_have_attribute("data-open", "true")
    expect(row).to_be_in_viewport()
    ada.page.keyboard.press("Escape")
    expect(ada.part("who")).to_have_count(0)
    # With any tool in hand: Alt and a press, which leaves no stroke.
    grace.page.keyboard.down("Alt")
    grace.press_stage(0.6, 0.7)
    grace.page.keyboard.up("Alt")
    expect(grace.part("weight").first).to_contain_text(ada.name)
    expect(ada.edits(grace.name, "paint")).to_have_count(1)


def test_M6_the_strongest_comes_first_as_the_server_says(pair: tuple[Studio, Studio]) -> None:
    ada, grace = pair
    ada.write("motion", f"moving up {ada.name}")
    grace.paint(GREEN, [(0.2, 0.3), (0.5, 0.3)])
    rows = [ada.edits(grace.name, "paint").first, ada.edits(ada.name, "motion").first]
    for row in rows:
        expect(row).to_be_visible()
    weights = [
        {"edit": ada.seq_of(row), "weight": round(share * 65536), "revised_by": None}
        for row, share in zip(rows, (0.7, 0.3), strict=True)
    ]
    ada.page.route("**/who?*", lambda route: route.fulfill(json={"instructions": weights}))
    ada.part("motion").press("Escape")
    ada.page.keyboard.press("w")
    ada.press_stage(0.3, 0.3)
    expect(ada.part("weight")).to_have_count(2)
    expect(ada.part("weight").first).to_contain_text(f"{grace.name} Brush stroke")
    expect(ada.part("weight").first).to_contain_text("70 %")
    expect(ada.part("weight").last).to_contain_text("30 %")
    expect(ada.part("who")).not_to_contain_text("changed by")


def test_M6_it_says_why_it_cannot_tell(pair: tuple[Studio, Studio], shots: Path | None) -> None:
    ada, _ = pair
    ada.page.route("**/who?*", lambda route: route.abort())
    ada.page.keyboard.press("w")
    ada.press_stage(0.5, 0.5)
    expect(ada.part("who")).to_contain_text("cannot be reached")
    ada.shot(shots, "who-unreachable")


def test_M2_a_seed_is_everybodys_and_undone_like_an_edit(
    server: Server, pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    for studio in pair:
        studio.part("tab-settings").click()
    seed = ada.part("setting-seed").input_value()
    ada.wait_finished()
    ada.hold_frame(3)
    old = ada.picture()
    grace.part("setting-seed").fill("4711")
    grace.part("setting-seed").press("Enter")
    for studio in pair:
        expect(studio.part("setting-seed")).to_have_value("4711")
        expect(studio.part("set-by-seed")).to_contain_text(
            "You set it" if studio is grace else f"{grace.name} set it"
        )
    grace.shot(shots, "settings")
    ada.page.wait_for_function(
        "() => document.querySelector('[data-testid=step]').dataset.state !== 'finished'"
    )
    ada.wait_finished()
    assert abs(ada.picture() - old).mean() > 2
    shown = int(ada.part("step").get_attribute("data-shown-seq") or 0)
    grace.part("undo").click()
    for studio in pair:
        expect(studio.part("setting-seed")).to_have_value(seed)
    ada.wait_finished(shown + 1)
    # The take of that seed is back as it was (T8).
    assert abs(ada.picture() - old).mean() < 1
    grace.part("dice").click()
    expect(ada.part("setting-seed")).not_to_have_value(seed)
    # What is no number of steps is not given, and the field says what is.
    grace.part("setting-steps").fill("0")
    grace.part("setting-steps").press("Enter")
    expect(grace.part("toast").last).to_contain_text("from 1 to 200")
    expect(grace.part("setting-steps")).to_have_value(re.compile(r"^[1-9]\d*$"))


def test_A1_a_viewer_sees_the_settings_and_why_they_are_off(
    pair: tuple[Studio, Studio], visitor: Callable[..., Studio]
) -> None:
    ada, _ = pair
    linus = visitor(f"Linus off {ada.name}")
    linus.open(ada.invite("viewer"))
    linus.part("tab-settings").click()
    expect(linus.part("setting-seed")).to_be_disabled()
    expect(linus.part("settings")).to_have_attribute("title", re.compile("as a viewer"))
