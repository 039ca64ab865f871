"""Two people in two browsers steer one clip: the whole way from a key or a pen to the picture."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect
from studio_page import Studio
from studio_server import Server

pytestmark = pytest.mark.browser

STROKE = [(0.25, 0.3), (0.45, 0.3), (0.65, 0.3)]
BRUSH = 0.16
"""The brush's diameter in shares of the frame."""

GREEN = "#00c853"


def stroke_masks(edge: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Cells well inside the stroke, and cells well away from it."""
    y, x = (np.mgrid[:edge, :edge] + 0.5) / edge
    nearest = np.clip(x, STROKE[0][0], STROKE[-1][0])
    distance = np.hypot(x - nearest, y - STROKE[0][1])
    return distance < BRUSH / 2 - 0.03, distance > BRUSH / 2 + 0.12


def test_people_see_each_other(pair: tuple[Studio, Studio], shots: Path | None) -> None:
    ada, grace = pair
    for me, other in ((ada, grace), (grace, ada)):
        expect(me.person(other.name)).to_have_attribute("data-here", "true")
        other.point(0.3, 0.6)
        expect(me.cursor(other.name)).to_be_visible()
        expect(me.cursor(other.name)).to_contain_text(other.name)
    ada.shot(shots, "people")


def test_prompt_photo_and_paint_of_two_people_make_one_clip(
    pair: tuple[Studio, Studio],
    photo: Path,
    shots: Path | None,
) -> None:
    ada, grace = pair
    ada.write("content", "a red balloon over the sea")
    expect(ada.part("content-fate")).to_have_attribute("data-phase", "entered", timeout=60_000)
    grace.wait_reads("content", "a red balloon over the sea")
    ada.part("image-drop").set_input_files(photo)
    for studio in pair:
        image = studio.edits(ada.name, "image").first
        expect(image).to_be_visible()
        expect(image.locator("img")).to_be_visible()
        studio.wait_finished(studio.seq_of(image))
        studio.hold_frame(0)
    before = [studio.picture() for studio in pair]

    grace.part("brush-size").fill(str(round(BRUSH * 65536)))
    grace.paint(GREEN, STROKE, lift=False)
    ada.shot(shots, "live-stroke")
    grace.page.mouse.up()
    for studio, old in zip(pair, before, strict=True):
        stroke = studio.edits(grace.name, "paint").first
        expect(stroke).to_be_visible()
        studio.wait_finished(studio.seq_of(stroke))
        studio.shot(shots, f"painted-{studio.name.split()[0]}")
        change = np.abs(studio.picture() - old).mean(axis=2)
        inside, outside = stroke_masks(len(change))
        assert change[inside].mean() >= 8
        assert change[inside].mean() >= 3 * change[outside].mean()


def test_a_dropped_picture_becomes_the_reference_image(
    pair: tuple[Studio, Studio],
    photo: Path,
) -> None:
    ada, grace = pair
    before = ada.edits(grace.name, "image").count()
    grace.drop(photo)
    expect(ada.edits(grace.name, "image")).to_have_count(before + 1)


def test_a_word_is_a_whole_edit_and_an_invite_is_not_copied_unasked(
    pair: tuple[Studio, Studio],
) -> None:
    ada, grace = pair
    ada.write("content", "a cat ")
    grace.wait_reads("content", "a cat ")
    grace.page.get_by_role("button", name="colours", exact=True).first.click()
    for word, reads in (("red", "a red cat "), ("blue", "a blue cat "), ("blue", "a cat ")):
        chip = grace.page.get_by_test_id("content-word").get_by_text(word, exact=True)
        chip.click()
        ada.wait_reads("content", reads)
    # Each click is a gesture, and none touched the space that Ada is about to type behind.
    expect(ada.edits(grace.name, "content")).to_have_count(3)
    expect(ada.edits(grace.name, "content").nth(1)).to_contain_text("+ blue − red")
    ada.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.page.evaluate("navigator.clipboard.writeText('mine')")
    link = ada.invite("viewer")
    assert ada.page.evaluate("navigator.clipboard.readText()") == "mine"
    ada.part("invite").click()
    ada.part("invite-make").click()
    expect(ada.part("invite-link")).not_to_have_value("")
    ada.part("invite-copy").click()
    expect(ada.part("invite-copy")).to_have_text("Copied")
    assert ada.page.evaluate("navigator.clipboard.readText()") not in {"mine", link}


def test_undo_takes_back_the_own_edit_only(
    pair: tuple[Studio, Studio],
    shots: Path | None,
) -> None:
    ada, grace = pair
    ada.write("motion", "growing")
    grace.wait_reads("motion", "growing")
    grace.write("motion", "moving up")
    ada.wait_reads("motion", "moving up")
    ada.part("motion").press("Escape")

    # Ada's own letters are not those that show: they go out of the state, Grace's stay.
    ada.page.keyboard.press("Control+z")
    expect(grace.edits(ada.name, "motion").first).to_have_attribute("data-undone", "true")
    expect(ada.part("toast")).to_contain_text(f"{grace.name}’s later change covers it")
    for studio in pair:
        studio.wait_reads("motion", "moving up")
    grace.part("undo").click()
    expect(ada.edits(grace.name, "motion").first).to_have_attribute("data-undone", "true")
    assert "moving up" not in ada.reads("motion")
    ada.shot(shots, "undone")

    grace.part("redo").click()
    expect(ada.edits(grace.name, "motion").first).to_have_attribute("data-undone", "false")
    ada.wait_reads("motion", "moving up")


def test_a_finished_take_plays_and_downloads(
    pair: tuple[Studio, Studio],
    tmp_path: Path,
) -> None:
    ada, _ = pair
    ada.wait_finished()
    frames = {ada.page.get_by_label("Frame", exact=True).input_value()}
    for _ in range(20):
        ada.page.wait_for_timeout(100)
        frames.add(ada.page.get_by_label("Frame", exact=True).input_value())
    assert len(frames) > 3

    with ada.page.expect_download() as download:
        ada.part("download").click()
    file = tmp_path / "clip.mp4"
    download.value.save_as(file)
    assert download.value.suggested_filename.endswith(".mp4")
    assert file.read_bytes()[4:8] == b"ftyp"


def test_a_viewer_sees_why_the_tools_are_off(
    server: Server,
    visitor: Callable[..., Studio],
    shots: Path | None,
) -> None:
    barbara, linus = visitor("Barbara"), visitor("Linus")
    barbara.open(server.link)
    linus.open(barbara.invite("viewer"))
    expect(linus.part("content")).to_be_disabled()
    expect(linus.part("content")).to_have_attribute("title", re.compile("as a viewer"))
    expect(linus.part("content")).to_have_attribute("contenteditable", "false")
    expect(linus.page.get_by_text("You are here as a viewer.").first).to_be_visible()
    expect(linus.part("invite")).to_have_count(0)
    linus.point(0.5, 0.5)
    expect(barbara.cursor("Linus")).to_be_visible()
    linus.shot(shots, "viewer")


def test_a_reload_is_the_same_person_and_the_link_leaves_the_address(
    pair: tuple[Studio, Studio],
) -> None:
    ada, grace = pair
    assert "#" not in grace.page.url
    people = ada.part("person").count()
    grace.page.reload()
    expect(grace.person(grace.name)).to_be_visible()
    expect(ada.part("person")).to_have_count(people)


def test_a_wrong_link_says_so(server: Server, visitor: Callable[..., Studio]) -> None:
    mallory = visitor("Mallory")
    mallory.page.goto(server.link.split("#")[0] + "#guessed")
    mallory.part("join").click()
    expect(mallory.part("banner")).to_contain_text("no longer lets you in")
    # The right one, pasted over it: only the fragment of the address changes.
    mallory.open(server.link)


def test_a_killed_server_comes_back_to_the_same_people(
    pair: tuple[Studio, Studio],
    server: Server,
    shots: Path | None,
) -> None:
    ada, grace = pair
    ada.write("content", "a big yellow star")
    grace.wait_reads("content", "a big yellow star")
    for studio in pair:
        studio.listen_for_toasts()
    server.kill()
    for studio in pair:
        expect(studio.part("banner")).to_contain_text("Connection lost")
    # What is typed meanwhile is kept, and sent when the server is back (L4).
    grace.write("motion", "growing")
    grace.write("motion", "standing still")
    expect(grace.part("motion-fate")).to_have_attribute("data-phase", "sending")
    expect(grace.part("undo")).to_be_disabled()
    expect(grace.part("undo")).to_have_attribute("title", re.compile("until the connection is"))
    if shots is not None:
        grace.page.wait_for_timeout(1000)  # a short break shows no banner
    grace.shot(shots, "banner")
    server.start(server.port)
    grace.wait_told("sent now.")
    for studio in pair:
        expect(studio.part("banner")).to_have_count(0, timeout=60_000)
        studio.wait_told("Back. Nothing was lost.")
        expect(studio.edits(ada.name, "content").first).to_contain_text("big yellow star")
        expect(studio.edits(grace.name, "motion").first).to_contain_text("+ standing still")
        studio.wait_reads("motion", "standing still")
        studio.wait_finished()
