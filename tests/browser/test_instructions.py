"""Regions, paths, locks, the camera and recolouring: drawn, seen by the other, and in the clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect
from studio_page import GRID, Studio

pytestmark = pytest.mark.browser

LAST_FRAME = 15

TOOLS = {
    "v": "select",
    "b": "brush",
    "h": "recolour",
    "e": "erase",
    "r": "region",
    "d": "drag",
    "t": "trajectory",
    "m": "camera",
    "l": "lock",
    "c": "comment",
    "w": "who",
}
"""Every tool by its key."""

DRAWN = """([x, y, edge]) => {
  const canvas = document.querySelector('[data-testid=overlay]');
  const {width, height} = canvas;
  const [w, h] = [Math.ceil(edge * width), Math.ceil(edge * height)];
  const {data} = canvas.getContext('2d').getImageData(x * width - w / 2, y * height - h / 2, w, h);
  return data.some((byte) => byte > 0);
}"""

Picture = NDArray[np.float64]


@pytest.fixture
def jam(pair: tuple[Studio, Studio]) -> Iterator[tuple[Studio, Studio]]:
    """A pair that takes back all it did: the next ones come to the same session."""
    yield pair
    for studio in pair:
        undo = studio.part("undo")
        for _ in range(20):
            if undo.is_disabled():
                break
            undone = studio.page.locator("[data-testid=history-item][data-undone=true]")
            before = undone.count()
            undo.click()
            expect(undone).not_to_have_count(before)


def wait_drawn(studio: Studio, x: float, y: float) -> None:
    """Until something lies over the clip close to a place."""
    studio.page.wait_for_function(DRAWN, arg=[x, y, 0.05])


def wait_bare(studio: Studio) -> None:
    """Until nothing at all lies over the clip."""
    studio.page.wait_for_function(f"(place) => !({DRAWN})(place)", arg=[0.5, 0.5, 1])


def take_up(studio: Studio, key: str) -> None:
    """Take a tool by its key."""
    studio.page.keyboard.press(key)
    expect(studio.part(f"tool-{TOOLS[key]}")).to_have_attribute("aria-pressed", "true")


def scene(pair: tuple[Studio, Studio], content: str) -> None:
    """A finished clip that both see."""
    ada, _ = pair
    ada.write("content", content)
    ada.part("content").press("Escape")
    prompt = ada.edits(ada.name, "content").first
    expect(prompt).to_be_visible()
    expect(prompt).to_have_attribute("data-entered", "2", timeout=60_000)
    for studio in pair:
        studio.wait_finished(studio.seq_of(prompt))


def given(pair: tuple[Studio, Studio], by: Studio, kind: str) -> None:
    """Wait until both have the finished clip with the newest edit of a kind."""
    for studio in pair:
        edit = studio.edits(by.name, kind).first
        expect(edit).to_be_visible()
        studio.wait_finished(studio.seq_of(edit))


def frame(studio: Studio, number: int) -> Picture:
    """One frame of the clip as the stage shows it."""
    studio.hold_frame(number)
    return studio.picture()


def places() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of every cell of a picture, in shares of the frame."""
    y, x = (np.mgrid[:GRID, :GRID] + 0.5) / GRID
    return x, y


def box(left: float, top: float, right: float, bottom: float) -> NDArray[np.bool_]:
    """The cells inside a rectangle."""
    x, y = places()
    return (x > left) & (x < right) & (y > top) & (y < bottom)


def redness(picture: Picture) -> Picture:
    """How red every cell is; 0 where it is another colour."""
    return np.clip(picture[..., 0] - picture[..., 1:].max(axis=2) - 60, 0, None)


def red_place(picture: Picture) -> tuple[float, float]:
    """Where the red thing of a picture is, in shares of the frame."""
    weight = redness(picture)
    assert weight.sum() > 0, "there is nothing red"
    x, y = places()
    return float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum())


def test_every_tool_has_a_key_and_a_name_and_nothing_is_cut_off(
    pair: tuple[Studio, Studio],
) -> None:
    ada, _ = pair
    for width, height in ((1440, 900), (1280, 800), (1280, 720), (960, 640)):
        ada.page.set_viewport_size({"width": width, "height": height})
        for key, tool in TOOLS.items():
            take_up(ada, key)
            button = ada.part(f"tool-{tool}")
            assert f"({key.upper()})" in (button.get_attribute("aria-label") or "")
            expect(button).to_be_in_viewport(ratio=1)
            over = ada.page.locator(".tool-bar").evaluate(
                """(bar) => {
                  const limit = bar.getBoundingClientRect();
                  return [...bar.querySelectorAll('*')].filter((one) => {
                    if (!one.checkVisibility()) return false;
                    const {left, right, top, bottom} = one.getBoundingClientRect();
                    return right > limit.right + 1 || left < limit.left - 1
                      || top < limit.top - 1 || bottom > limit.bottom + 1;
                  }).map((one) => one.outerHTML.slice(0, 80));
                }"""
            )
            assert over == [], (width, tool, over)


def test_a_region_is_drawn_named_and_becomes_what_it_says(
    jam: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = jam
    scene(jam, "a white cat in the sky")
    before = frame(ada, 0)
    take_up(grace, "r")
    grace.pull([(0.1, 0.1), (0.45, 0.1), (0.45, 0.45), (0.1, 0.45), (0.1, 0.12)], lift=False)
    # While it is drawn the other sees it, too.
    for studio in jam:
        wait_drawn(studio, 0.45, 0.3)
    ada.shot(shots, "region-live-teammate")
    grace.page.mouse.up()
    expect(grace.part("region-card")).to_be_visible()
    # How deep it will cut is seen before it is given.
    expect(grace.part("cut")).to_have_attribute("data-from", "2")
    expect(grace.part("note")).to_contain_text("re-runs 6 of 8 steps")
    grace.page.keyboard.press("Escape")
    expect(grace.part("region-card")).to_have_count(0)
    for studio in jam:
        wait_bare(studio)
        expect(studio.edits(grace.name, "region")).to_have_count(0)

    grace.part("shape-rectangle").click()
    grace.pull([(0.08, 0.08), (0.3, 0.3), (0.48, 0.48)])
    grace.page.keyboard.type("a red heart")
    grace.shot(shots, "region-card")
    grace.page.keyboard.press("Enter")
    for studio in jam:
        expect(studio.edits(grace.name, "region").first).to_contain_text("Region: “a red heart”")
    given(jam, grace, "region")
    wait_bare(ada)
    ada.shot(shots, "region-done")
    for studio in jam:
        change = np.abs(frame(studio, 0) - before).mean(axis=2)
        inside, outside = box(0.12, 0.12, 0.44, 0.44), ~box(0.04, 0.04, 0.52, 0.52)
        assert change[inside].mean() > 3 * change[outside].mean()
    assert redness(frame(ada, 0))[box(0.1, 0.1, 0.46, 0.46)].mean() > redness(before).mean() + 2


def test_M2_the_words_of_a_region_are_changed_in_its_row(jam: tuple[Studio, Studio]) -> None:
    ada, grace = jam
    take_up(ada, "r")
    ada.part("shape-rectangle").click()
    ada.pull([(0.6, 0.6), (0.7, 0.7), (0.9, 0.9)])
    ada.page.keyboard.type("a star")
    ada.page.keyboard.press("Enter")
    row = grace.edits(ada.name, "region").first
    row.locator(".history-what").click()
    row.get_by_test_id("region-words").fill("a fish")
    row.get_by_test_id("region-words").press("Enter")
    expect(ada.edits(grace.name, "revise").first).to_contain_text(
        f"{ada.name}’s region: now “a fish”"
    )
    expect(ada.edits(ada.name, "region").first).to_contain_text("a fish")


def test_an_object_follows_a_path_that_was_drawn_over_frames(
    jam: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = jam
    scene(jam, "a small red balloon in the sky")
    x, y = red_place(frame(grace, 0))
    corner = (x, 0.78 if y < 0.5 else 0.22)
    end = (0.82 if x < 0.5 else 0.18, corner[1])
    take_up(grace, "t")
    expect(grace.part("trajectory-hint")).to_have_attribute("data-ready", "true")
    grace.part("drag-radius").fill(str(round(0.16 * 65536)))
    grace.pull([(x, y), corner, end], lift=False)
    for studio in jam:
        wait_drawn(studio, *corner)
        wait_drawn(studio, (x + end[0]) / 2, end[1])
    ada.shot(shots, "path-live-teammate")
    grace.shot(shots, "path-live-own")
    grace.page.mouse.up()
    # Whoever moved something sees it move.
    expect(grace.part("play")).to_have_attribute("aria-label", "Pause")
    given(jam, grace, "trajectory")
    wait_bare(ada)
    legs = abs(corner[1] - y), abs(end[0] - x)
    turn = round(LAST_FRAME * legs[0] / sum(legs))
    for studio in jam:
        for number, (to_x, to_y) in ((turn, corner), (LAST_FRAME, end)):
            at = red_place(frame(studio, number))
            assert np.hypot(at[0] - to_x, at[1] - to_y) < 0.15, (number, at, (to_x, to_y))


def test_T11_what_is_locked_stays_until_its_lock_is_let_go(
    jam: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = jam
    scene(jam, "a white rocket in a blue sky")
    take_up(ada, "l")
    ada.part("shape-rectangle").click()
    ada.pull([(0.1, 0.1), (0.2, 0.2), (0.5, 0.5)])
    given(jam, ada, "lock")
    held = frame(grace, 0)
    sign = grace.part("padlock")
    expect(sign).to_have_attribute(
        "aria-label", f"Held still by {ada.name}. Its author or the owner can let go"
    )
    expect(sign).to_have_attribute("aria-disabled", "true")
    sign.hover()
    wait_drawn(grace, 0.1, 0.3)
    grace.shot(shots, "lock-teammate")
    sign.click(force=True)

    grace.part("brush-size").fill(str(round(0.2 * 65536)))
    grace.paint("#e5484d", [(0.2, 0.3), (0.5, 0.3), (0.85, 0.3)])
    given(jam, grace, "paint")
    inside, outside = box(0.14, 0.14, 0.46, 0.46), box(0.6, 0.22, 0.82, 0.38)
    for studio in jam:
        picture = frame(studio, 0)
        assert np.abs(picture - held)[inside].mean() < 4
        assert redness(picture)[outside].mean() > 20
    ada.shot(shots, "lock-holds")

    mine = ada.part("padlock")
    expect(mine).to_have_attribute("aria-label", "Held still by you. Press to let go")
    shown = max(int(studio.part("step").get_attribute("data-shown-seq") or 0) for studio in jam)
    mine.click()
    for studio in jam:
        expect(studio.part("padlock")).to_have_count(0)
        expect(studio.edits(ada.name, "lock").first).to_have_attribute("data-undone", "true")
    ada.wait_finished(shown + 1)
    painted = redness(frame(ada, 0))[box(0.2, 0.24, 0.44, 0.36)].mean()
    assert painted > 20, painted


def test_T3_depth_and_frames_are_set_before_it_is_given_and_kept_for_the_tool(
    jam: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = jam
    scene(jam, "a white rocket in a blue sky")
    before = {number: frame(ada, number) for number in (1, LAST_FRAME)}
    grace.part("how").click()
    grace.part("how-depth-set").fill("7")
    grace.part("frames-to").fill("6")
    expect(grace.part("how-depth")).to_have_text("7 of 8")
    expect(grace.part("how-frames")).to_have_text("1–7")
    expect(grace.part("cut")).to_have_attribute("data-from", "1")
    grace.shot(shots, "how-card")
    grace.page.keyboard.press("Escape")
    expect(grace.part("how-card")).to_have_count(0)
    expect(grace.part("cut")).to_have_count(0)

    grace.part("brush-size").fill(str(round(0.2 * 65536)))
    grace.paint("#e5484d", [(0.3, 0.3), (0.5, 0.3), (0.7, 0.3)], lift=False)
    # Seen before the hand lets go, with the step at which the take will go on.
    expect(grace.part("cut")).to_have_attribute("data-from", "1")
    expect(grace.part("note")).to_contain_text("Letting go re-runs 7 of 8 steps, from step 1 on")
    grace.shot(shots, "cut-ahead")
    grace.page.mouse.up()
    stroke = ada.edits(grace.name, "paint").first
    expect(stroke).to_have_attribute("data-entered", "1", timeout=60_000)
    given(jam, grace, "paint")
    inside = box(0.34, 0.24, 0.66, 0.36)
    now = {number: frame(ada, number) for number in before}
    assert redness(now[1])[inside].mean() > redness(before[1])[inside].mean() + 30
    assert redness(now[LAST_FRAME])[inside].mean() < redness(now[1])[inside].mean() / 2
    # Of this tool and of no other.
    take_up(grace, "h")
    expect(grace.part("how-depth")).to_have_text("4 of 8")
    take_up(grace, "b")
    expect(grace.part("how-depth")).to_have_text("7 of 8")


def test_the_camera_goes_nearer_to_the_frame_that_was_pulled(
    jam: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = jam
    scene(jam, "a small red balloon in the sky")
    x, y = red_place(frame(ada, 0))
    take_up(ada, "m")
    # From the corner that is farther away towards the object, which stays in the frame.
    corner = (0.985 if x < 0.5 else 0.015, 0.985 if y < 0.5 else 0.015)
    ada.pull([corner, (0.7 if x < 0.5 else 0.3, 0.7 if y < 0.5 else 0.3)])
    expect(ada.part("camera-end")).to_be_visible()
    assert float(ada.part("camera-zoom").input_value()) == pytest.approx(1.43, abs=0.06)
    ada.shot(shots, "camera-frame")
    ada.part("camera-give").click()
    expect(grace.edits(ada.name, "camera").first).to_contain_text("zoom 1.4")
    expect(ada.part("camera-end")).to_have_count(0)
    given(jam, ada, "camera")
    for studio in jam:
        first, last = (float((redness(frame(studio, n)) > 0).sum()) for n in (0, LAST_FRAME))
        assert last > 1.4 * first, (first, last)


def test_M4_recolouring_keeps_the_light_and_shade_of_what_is_there(
    jam: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = jam
    scene(jam, "a big red balloon in the sky")
    before = frame(ada, 0)
    x, y = red_place(before)
    take_up(grace, "h")
    grace.part("brush-color").fill("#2f9e44")
    grace.part("brush-size").fill(str(round(0.2 * 65536)))
    grace.pull([(x - 0.05, y), (x + 0.05, y)], lift=False)
    wait_drawn(ada, x, y)
    # What lies over the clip has the light of what is under it, not one flat colour.
    over = ada.overlay().astype(float)
    painted = over[..., 3] == 255
    assert painted.sum() > 20
    weights = np.array([0.3, 0.59, 0.11])
    difference = (over[..., :3] - before)[painted] @ weights
    assert np.abs(difference).mean() < 12
    assert (over[..., 1] > over[..., 0])[painted].mean() > 0.9
    ada.shot(shots, "recolour-live-teammate")
    grace.page.mouse.up()
    expect(ada.edits(grace.name, "paint").first).to_contain_text("Recoloured")
    given(jam, grace, "paint")
    after = frame(ada, 0)
    spot = box(x - 0.04, y - 0.04, x + 0.04, y + 0.04)
    assert (after[..., 1] - after[..., 0])[spot].mean() > 0
    assert (before[..., 1] - before[..., 0])[spot].mean() < 0


def test_what_is_to_be_left_out_unfolds_for_everybody_once_somebody_writes_it(
    jam: tuple[Studio, Studio],
) -> None:
    ada, grace = jam
    expect(grace.part("negative")).to_have_count(0)
    ada.part("leave-out").click()
    expect(ada.part("negative")).to_be_focused()
    ada.page.keyboard.type("a boat")
    ada.page.keyboard.press("Enter")
    grace.wait_reads("negative", "a boat")
    expect(ada.part("negative-fate")).to_contain_text("needs guidance above 1")
    expect(grace.edits(ada.name, "negative").first).to_contain_text("+ a boat")
    grace.part("negative").press("Escape")
