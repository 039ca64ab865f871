"""Several people write in one prompt: no letter is lost, carets show, undo is one's own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from studio_page import Studio
from studio_server import Server

pytestmark = pytest.mark.browser


def in_order(letters: str, text: str) -> bool:
    """Whether the letters are in the text in their order, maybe with others between them."""
    rest = iter(text)
    return all(letter in rest for letter in letters)


def type_in_turns(typists: list[tuple[Studio, str]]) -> None:
    """Everybody types a letter, then everybody the next: faster than letters travel."""
    for place in range(max(len(text) for _, text in typists)):
        for studio, text in typists:
            studio.page.keyboard.type(text[place : place + 1])


def wait_for_all(pair: tuple[Studio, Studio], field: str) -> None:
    """Wait until everything typed is in the log."""
    for studio in pair:
        expect(studio.part(f"{field}-fate")).not_to_have_attribute("data-phase", "typing")


def test_M3_two_type_at_the_same_place_and_no_letter_is_lost(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("content", "ab")
    grace.wait_reads("content", "ab")
    for studio in pair:
        studio.part("content").click()
        studio.page.keyboard.press("Home")
        studio.page.keyboard.press("ArrowRight")
    type_in_turns([(ada, "red balloon"), (grace, "BLUE FISH 🎈 IN THE SEA")])
    ada.shot(shots, "co-typing")
    wait_for_all(pair, "content")
    text = ada.reads("content")
    grace.wait_reads("content", text)
    assert (text[0], text[-1]) == ("a", "b")
    assert in_order("red balloon", text)
    assert in_order("BLUE FISH 🎈 IN THE SEA", text)
    assert len(text) == len("ab" + "red balloon" + "BLUE FISH 🎈 IN THE SEA")
    # One row for each of them, with what they typed put together.
    for studio in pair:
        for name in (ada.name, grace.name):
            expect(studio.edits(name, "content").first).to_contain_text("+ ")
        expect(studio.edits(grace.name, "content")).to_have_count(1)


def test_M3_what_one_types_into_words_that_another_deletes_stays(
    pair: tuple[Studio, Studio], server: Server
) -> None:
    ada, grace = pair
    ada.write("motion", "up and down")
    grace.wait_reads("motion", "up and down")
    ada.part("motion").click()
    grace.part("motion").click()
    # Without a server neither can see what the other does.
    server.kill()
    ada.page.keyboard.press("End")
    ada.page.keyboard.press("Control+Shift+ArrowLeft")
    ada.page.keyboard.press("Backspace")
    grace.page.keyboard.press("End")
    grace.page.keyboard.press("ArrowLeft")
    grace.page.keyboard.type("left")
    assert ada.reads("motion") == "up and "
    assert grace.reads("motion") == "up and dowleftn"
    server.start(server.port)
    for studio in pair:
        studio.wait_reads("motion", "up and left")


def test_C4_the_others_caret_and_selection_are_seen_with_their_name(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("content", "a red balloon over the sea")
    grace.wait_reads("content", "a red balloon over the sea")
    grace.part("content").click()
    grace.page.keyboard.press("Home")
    for _ in range(2):
        grace.page.keyboard.press("ArrowRight")
    caret = ada.caret(grace.name)
    expect(caret).to_be_visible()
    label = caret.get_by_text(grace.name)
    expect(label).to_be_visible()
    ada.shot(shots, "remote-caret")

    def column() -> float:
        # Where it is being drawn anew there is none for a moment.
        box = caret.bounding_box()
        return box["x"] if box else math.inf

    def column_before(word: str) -> float:
        return float(
            ada.part("content").evaluate(
                """(field, word) => {
                  const node = field.querySelector('.cm-line').firstChild;
                  const range = document.createRange();
                  range.setStart(node, node.textContent.indexOf(word));
                  range.collapse(true);
                  return range.getBoundingClientRect().x;
                }""",
                word,
            )
        )

    def stands_before(word: str) -> None:
        expect(caret).to_be_visible()
        for _ in range(50):
            if abs(column() - column_before(word)) < 2:
                return
            ada.page.wait_for_timeout(100)
        raise AssertionError((word, column(), column_before(word)))

    stands_before("red")
    # It keeps its place in the words while others type before it, and follows what its own types.
    ada.page.keyboard.press("Home")
    ada.page.keyboard.type("so ")
    stands_before("red")
    grace.page.keyboard.type("big ")
    stands_before("red")
    assert ada.reads("content") == "so a big red balloon over the sea"
    # A name goes when its person rests, and is back when they move.
    expect(label).to_be_hidden(timeout=10_000)
    expect(caret).to_be_visible()
    grace.page.keyboard.press("Shift+Control+ArrowRight")
    expect(label).to_be_visible()
    expect(ada.page.locator(".remote-selection")).to_have_count(1)
    grace.page.keyboard.press("Escape")
    expect(caret).to_have_count(0)
    expect(ada.page.locator(".remote-selection")).to_have_count(0)


def test_U6_undo_takes_the_own_words_and_leaves_the_teammates(pair: tuple[Studio, Studio]) -> None:
    ada, grace = pair
    ada.write("content", "a balloon")
    grace.wait_reads("content", "a balloon")
    grace.part("content").click()
    grace.page.keyboard.press("End")
    grace.page.keyboard.type(" at sea")
    ada.wait_reads("content", "a balloon at sea")
    ada.page.keyboard.press("Home")
    ada.page.keyboard.type("so ")
    ada.page.keyboard.press("Enter")
    grace.wait_reads("content", "so a balloon at sea")
    # From within the field: the session's undo, in the middle of what the other typed.
    ada.page.keyboard.press("Control+z")
    for studio in pair:
        studio.wait_reads("content", "a balloon at sea")
    ada.page.keyboard.press("Control+Shift+z")
    for studio in pair:
        studio.wait_reads("content", "so a balloon at sea")
    grace.page.keyboard.press("Control+z")
    for studio in pair:
        studio.wait_reads("content", "so a balloon")
    # A reload keeps the stack (U5).
    grace.page.reload()
    grace.wait_reads("content", "so a balloon")
    grace.part("redo").click()
    for studio in pair:
        studio.wait_reads("content", "so a balloon at sea")


def test_a_prompt_is_one_line_of_bounded_length(pair: tuple[Studio, Studio]) -> None:
    ada, grace = pair
    ada.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.write("motion", "x" * 499)
    ada.page.keyboard.type("yz")
    expect(ada.part("motion-fate")).to_contain_text("at most 500 characters")
    for studio in pair:
        studio.wait_reads("motion", "x" * 499 + "y")
    # Nothing below the field moved away, and it says again what it said.
    expect(ada.part("motion-fate")).not_to_contain_text("at most", timeout=10_000)
    ada.write("motion", "moving")
    ada.page.keyboard.press("Enter")
    ada.page.evaluate("navigator.clipboard.writeText(' to the\\n right')")
    ada.page.keyboard.press("Control+v")
    for studio in pair:
        studio.wait_reads("motion", "moving to the right")
    ada.page.keyboard.press("Escape")
    expect(ada.part("motion")).not_to_be_focused()
    assert grace.reads("motion") == "moving to the right"


def test_an_input_method_writes_words_letter_by_letter(pair: tuple[Studio, Studio]) -> None:
    ada, grace = pair
    ada.write("content", "a ")
    devices = ada.page.context.new_cdp_session(ada.page)
    for text in ("ち", "ちょ", "ちょう"):
        devices.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )
    # Somebody else types while a word is being composed.
    grace.wait_reads("content", "a ちょう")
    grace.part("content").click()
    grace.page.keyboard.press("Home")
    grace.page.keyboard.type("so ")
    devices.send("Input.insertText", {"text": "蝶"})
    for studio in pair:
        studio.wait_reads("content", "so a 蝶")


def test_L4_what_is_typed_while_the_server_is_gone_is_kept_and_merged(
    pair: tuple[Studio, Studio], server: Server, shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("content", "a star")
    grace.wait_reads("content", "a star")
    ada.part("content").click()
    grace.part("content").click()
    server.kill()
    for studio in pair:
        expect(studio.part("banner")).to_contain_text("Connection lost")
    ada.page.keyboard.press("Home")
    ada.page.keyboard.type("look ")
    grace.page.keyboard.press("End")
    grace.page.keyboard.type(" at night")
    expect(grace.part("content-fate")).to_contain_text("Kept here until the connection is back")
    grace.shot(shots, "typing-offline")
    server.start(server.port)
    for studio in pair:
        studio.wait_reads("content", "look a star at night")
        expect(studio.part("banner")).to_have_count(0, timeout=60_000)
    wait_for_all(pair, "content")
    # Undo is each one's own, over the restart, too.
    ada.page.keyboard.press("Control+z")
    for studio in pair:
        studio.wait_reads("content", "a star at night")
    ada.page.reload()
    ada.wait_reads("content", "a star at night")


def test_M3_a_killed_server_in_the_middle_of_typing_loses_no_letter(
    pair: tuple[Studio, Studio], server: Server
) -> None:
    ada, grace = pair
    ada.write("motion", "|")
    grace.wait_reads("motion", "|")
    ada.part("motion").click()
    ada.page.keyboard.press("Home")
    grace.part("motion").click()
    grace.page.keyboard.press("End")
    words = "abcdefghijklmnopqrstuvwxyz"
    type_in_turns([(ada, words), (grace, words.upper())])
    server.kill()
    type_in_turns([(ada, words), (grace, words.upper())])
    server.start(server.port)
    type_in_turns([(ada, words), (grace, words.upper())])
    for studio in pair:
        studio.wait_reads("motion", 3 * words + "|" + 3 * words.upper())


def test_a_viewer_follows_and_cannot_write(
    server: Server, visitor: Callable[..., Studio], pair: tuple[Studio, Studio]
) -> None:
    ada, _ = pair
    linus = visitor("Linus Reads")
    linus.open(ada.invite("viewer"))
    ada.write("content", "a duck")
    linus.wait_reads("content", "a duck")
    linus.part("content").click(force=True)
    linus.page.keyboard.type("no")
    linus.page.wait_for_timeout(300)
    assert linus.reads("content") == "a duck"
    expect(linus.part("content-word").first).to_be_disabled()
    expect(linus.caret(ada.name)).to_be_visible()
    assert re.search("viewer", linus.part("content").get_attribute("title") or "")
