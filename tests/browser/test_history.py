"""The history: scrubbed, played as a film, named, restored, branched, and kept over a reload."""

from __future__ import annotations

import base64
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Route, expect
from studio_page import GRID, READ_PICTURE, TAKE_MS, Studio
from studio_server import Server

pytestmark = pytest.mark.browser

GREEN = "#00c853"
BLUE = "#2962ff"
RED = "#e5484d"
NEAR = 6.0
"""Mean difference, of 255, of a clip from its own kept preview, which has fewer pixels; another
stroke makes more than two and a half times that."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of its own for each test: the history of a session is all that is in it."""
    running = Server(tmp_path / "data")
    yield running
    running.kill()


def far(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How different two pictures are, of 255."""
    return float(abs(one - other).mean())


def past_picture(studio: Studio) -> NDArray[np.float64]:
    """What the page shows of the past: GRID x GRID x 3, 0 to 255."""
    studio.page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    data = base64.b64decode(studio.part("look-picture").evaluate(READ_PICTURE, GRID))
    return np.frombuffer(data, np.uint8).reshape(GRID, GRID, 4)[..., :3].astype(float)


def wait_past(studio: Studio) -> NDArray[np.float64]:
    """Wait until the moment looked at is shown, and not one near it."""
    expect(studio.part("look")).to_have_attribute("data-stale", "false", timeout=TAKE_MS)
    return past_picture(studio)


def stroke(studio: Studio, color: str, y: float) -> Locator:
    """Paint one that nobody overlooks and wait for the finished clip; its row in the history."""
    rows = studio.edits(studio.name, "paint")
    count = rows.count()
    studio.part("tool-brush").click()
    studio.part("brush-size").fill(str(round(0.25 * 65536)))
    studio.paint(color, [(0.2, y), (0.8, y)])
    expect(rows).to_have_count(count + 1)
    row = rows.first
    expect(row).to_have_attribute("data-entered", re.compile(r"\d"))
    studio.wait_finished(studio.seq_of(row))
    return row


def place_of(studio: Studio) -> tuple[int, int]:
    """Where the strip stands, and how many stops it has."""
    strip = studio.part("strip")
    return int(strip.get_attribute("data-place") or 0), int(strip.get_attribute("data-count") or 0)


def three_gestures(
    ada: Studio, grace: Studio
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """A prompt and two strokes; the first frame of the clip after each."""
    ada.write("content", f"a yellow duck {ada.name}")
    row = ada.edits(ada.name, "content").first
    expect(row).to_have_attribute("data-entered", re.compile(r"\d"))
    ada.wait_finished(ada.seq_of(row))
    for studio in (ada, grace):
        studio.hold_frame(0)
    first = ada.picture()
    green = stroke(grace, GREEN, 0.3)
    ada.wait_finished(grace.seq_of(green))
    second = ada.picture()
    stroke(ada, BLUE, 0.7)
    third = ada.picture()
    assert far(first, second) > 2.5 * NEAR
    assert far(second, third) > 2.5 * NEAR
    return first, second, third


def test_R1_one_scrubs_back_and_sees_the_clip_as_it_was_while_the_other_works_on(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    first, second, third = three_gestures(ada, grace)
    strip = ada.part("strip")
    expect(strip).to_have_attribute("aria-valuetext", re.compile(r"^Now: after your brush stroke"))
    place, count = place_of(ada)
    assert place == count - 1 == 2
    strip.focus()
    ada.page.keyboard.press("ArrowLeft")
    expect(strip).to_have_attribute(
        "aria-valuetext", re.compile(rf"^After {grace.name}’s brush stroke, .+, 2 of 3$")
    )
    expect(ada.part("past-moment")).to_contain_text(f"After {grace.name}’s brush stroke")
    seen = wait_past(ada)
    assert far(seen, second) < NEAR, (far(seen, second), far(seen, third))
    ada.shot(shots, "history-past")
    # The tools are off and say why; the others' are not.
    brush = ada.part("tool-brush")
    expect(brush).to_be_disabled()
    expect(brush).to_have_attribute("title", re.compile("looking at the past"))
    expect(grace.part("tool-brush")).to_be_enabled()
    assert grace.part("past-bar").count() == 0
    # What she gives meanwhile lengthens the strip and moves nothing on it.
    thumb = strip.locator(".strip-thumb")
    thumb.evaluate("(it) => Promise.all(it.getAnimations().map((one) => one.finished))")
    before = thumb.bounding_box()
    red = stroke(grace, RED, 0.5)
    expect(strip).to_have_attribute("data-count", "4")
    assert thumb.bounding_box() == before
    assert far(past_picture(ada), second) < NEAR
    ada.page.keyboard.press("Home")
    seen = wait_past(ada)
    assert far(seen, first) < NEAR, (far(seen, first), far(seen, second))
    ada.page.keyboard.press("Escape")
    expect(ada.part("past-bar")).to_have_count(0)
    expect(brush).to_be_enabled()
    ada.wait_finished(grace.seq_of(red))
    assert far(ada.picture(), third) > NEAR
    # With the pointer, too: drag from now to the left end and back.
    box = strip.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    ada.page.mouse.move(box["x"] + 0.92 * box["width"], middle)
    ada.page.mouse.down()
    ada.page.mouse.move(box["x"] + 2, middle, steps=8)
    expect(strip).to_have_attribute("data-place", "0")
    ada.page.mouse.up()
    assert far(wait_past(ada), first) < NEAR
    ada.part("strip-now").click()
    expect(ada.part("panes")).to_have_attribute("data-mode", "clip")


def test_R1_a_moment_that_is_not_kept_is_made_again_and_shows_how_far_that_is(
    pair: tuple[Studio, Studio], server: Server
) -> None:
    ada, grace = pair
    _, second, third = three_gestures(ada, grace)

    def not_kept(route: Route) -> None:
        answer = '{"error": {"code": "not_found", "message": "not kept", "field": "seq"}}'
        route.fulfill(status=404, content_type="application/json", body=answer)

    ada.page.route(re.compile(r"/history/\d+$"), not_kept)
    ada.part("strip").focus()
    ada.page.keyboard.press("ArrowLeft")
    expect(ada.part("look-progress")).to_be_visible()
    expect(ada.part("look")).to_have_attribute("data-done", "true", timeout=TAKE_MS)
    expect(ada.part("look-progress")).to_have_count(0)
    seen = wait_past(ada)
    assert far(seen, second) < NEAR < far(seen, third), (far(seen, second), far(seen, third))


def test_R1_the_history_plays_as_a_film_and_ends_at_now(pair: tuple[Studio, Studio]) -> None:
    ada, grace = pair
    three_gestures(ada, grace)
    ada.part("film-speed").select_option("4")
    ada.page.evaluate(
        """() => {
          window.places = [];
          const strip = document.querySelector('[data-testid=strip]');
          new MutationObserver(() => window.places.push(strip.dataset.place))
            .observe(strip, {attributes: true, attributeFilter: ['data-place']});
        }"""
    )
    ada.part("film").click()
    expect(ada.part("film")).to_have_attribute("aria-label", "Hold the film")
    expect(ada.part("past-bar")).to_be_visible()
    expect(ada.part("past-bar")).to_have_count(0, timeout=30_000)
    places = ada.page.evaluate("() => window.places")
    assert list(dict.fromkeys(places)) == ["0", "1", "2"]
    # Held on the way it stays where it is; Escape leaves it.
    ada.part("film-speed").select_option("fit")
    ada.part("film").click()
    expect(ada.part("strip")).to_have_attribute("data-place", "1", timeout=30_000)
    ada.part("film").click()
    expect(ada.part("film")).to_have_attribute("aria-label", "Play the history as a film")
    ada.page.wait_for_timeout(1500)
    expect(ada.part("strip")).to_have_attribute("data-place", "1")
    ada.page.keyboard.press("Escape")
    expect(ada.part("past-bar")).to_have_count(0)


def test_R3_a_version_is_named_found_by_the_other_restored_and_undone(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    _, second, third = three_gestures(ada, grace)
    grace.listen_for_toasts()
    ada.part("strip").focus()
    ada.page.keyboard.press("ArrowLeft")
    ada.part("past-name").click()
    ada.part("version-name").fill("first cut")
    ada.part("version-save").click()
    expect(ada.part("past-moment")).to_contain_text("“first cut”")
    version = grace.page.locator('[data-testid=version][data-name="first cut"]')
    expect(version).to_contain_text(ada.name)
    expect(grace.part("strip-flag")).to_have_attribute("data-name", "first cut")
    ada.part("past-restore").click()
    expect(ada.page.get_by_role("alertdialog")).to_contain_text("undo")
    ada.page.keyboard.press("Escape")
    # Only the question is gone.
    expect(ada.part("past-bar")).to_be_visible()
    ada.part("past-restore").click()
    ada.shot(shots, "history-restore")
    ada.part("restore-yes").click()
    expect(ada.part("past-bar")).to_have_count(0)
    row = ada.edits(ada.name, "restored").first
    expect(row).to_contain_text("Restored “first cut”")
    grace.wait_told(f"{ada.name} restored “first cut”")
    for studio in pair:
        studio.wait_finished(studio.seq_of(ada.edits(ada.name, "restored").first))
        picture = studio.picture()
        assert far(picture, second) < NEAR < far(picture, third)
    undo = ada.part("undo")
    expect(undo).to_have_attribute("aria-label", "Undo my restore to “first cut”")
    undo.click()
    expect(row).to_have_attribute("data-undone", "true")
    for studio in pair:
        expect(studio.edits(ada.name, "paint").first).to_have_attribute("data-undone", "false")
        studio.page.wait_for_timeout(500)
        studio.wait_finished(ada.seq_of(row) + 1)
        picture = studio.picture()
        assert far(picture, third) < NEAR < far(picture, second)
    # Renamed, kept over a reload, and the name taken away.
    version.get_by_role("button").first.click()
    grace.part("version-rename").click()
    grace.part("version-name").fill("the good one")
    grace.part("version-save").click()
    expect(ada.part("version")).to_have_attribute("data-name", "the good one")
    ada.page.reload()
    expect(ada.part("version")).to_have_attribute("data-name", "the good one")
    expect(ada.edits(ada.name, "restored").first).to_have_attribute("data-undone", "true")
    expect(ada.part("strip")).to_have_attribute("data-count", "5")
    expect(
        ada.page.locator('[data-testid=history-item][data-kind="marked"]').first
    ).to_contain_text("Renamed “first cut” to “the good one”")
    grace.part("version-remove").click()
    expect(ada.part("version")).to_have_count(0)


def test_R4_a_branch_opens_as_the_same_person_who_owns_it_and_is_compared_with_its_origin(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    _, second, _ = three_gestures(ada, grace)
    grace.part("strip").focus()
    grace.page.keyboard.press("ArrowLeft")
    with grace.page.expect_popup() as opened:
        grace.part("past-branch").click()
    branch = Studio(opened.value, grace.name)
    expect(branch.person(grace.name)).to_contain_text("Owner")
    expect(branch.person(ada.name)).to_have_count(0)
    expect(branch.edits(grace.name, "paint")).to_have_count(1)
    expect(branch.edits(ada.name, "paint")).to_have_count(0)
    branch.wait_finished()
    branch.hold_frame(0)
    assert far(branch.picture(), second) < NEAR
    red = stroke(branch, RED, 0.8)
    now = branch.picture()
    branch.part("compare-origin").click()
    expect(branch.part("panes")).to_have_attribute("data-mode", "beside")
    wait_past(branch)
    branch.shot(shots, "history-origin")
    branch.part("look-alone").click()
    seen = wait_past(branch)
    assert far(seen, second) < NEAR < far(seen, now)
    branch.part("look-leave").click()
    branch.page.reload()
    expect(branch.person(grace.name)).to_contain_text("Owner")
    expect(branch.edits(grace.name, "paint")).to_have_count(2)
    assert red.get_attribute("data-undone") == "false"
    # Nothing of it is in the session it came from.
    expect(ada.edits(grace.name, "paint")).to_have_count(1)
    expect(grace.part("strip")).to_have_attribute("data-count", "3")


def test_R5_the_session_is_downloaded_beside_its_clip(
    pair: tuple[Studio, Studio], tmp_path: Path
) -> None:
    ada, _ = pair
    ada.write("content", f"a red boat {ada.name}")
    expect(ada.edits(ada.name, "content").first).to_be_visible()
    with ada.page.expect_download() as started:
        ada.part("download-session").click()
    assert started.value.suggested_filename.endswith(".framejam")
    path = tmp_path / "session.framejam"
    started.value.save_as(path)
    with zipfile.ZipFile(path) as bundle:
        assert "log.msgpack" in bundle.namelist()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_R1_the_history_fits_the_page_and_moves_nothing(
    server: Server, visitor: Callable[..., Studio], width: int, height: int, shots: Path | None
) -> None:
    ada = visitor(f"Ada {width}", viewport={"width": width, "height": height})
    ada.open(server.link)
    ada.write("content", f"a green star {ada.name}")
    ada.wait_finished(ada.seq_of(ada.edits(ada.name, "content").first))
    stroke(ada, RED, 0.5)
    stage = ada.part("stage").bounding_box()
    strip = ada.part("strip").bounding_box()
    assert stage is not None
    assert strip is not None
    assert strip["y"] + strip["height"] <= height
    assert strip["width"] > 300
    ada.part("strip").focus()
    ada.page.keyboard.press("ArrowLeft")
    expect(ada.part("past-bar")).to_be_visible()
    assert ada.part("look").bounding_box() == stage
    assert ada.part("strip").bounding_box() == strip
    leave = ada.part("past-leave").bounding_box()
    moment = ada.part("past-moment").bounding_box()
    assert leave is not None
    assert moment is not None
    assert leave["x"] + leave["width"] <= width - 272
    assert moment["width"] > 120
    ada.shot(shots, f"history-{width}")
