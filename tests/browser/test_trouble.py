"""What people are told when the machinery breaks, and that the clip goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import WebSocketRoute, expect
from studio_page import Studio
from studio_server import Server

from framejam_protocol.messages import Refusal, ServerMessage, TakeStatus
from framejam_protocol.wire import encode

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose takes are long enough to break one in the middle."""
    running = Server(tmp_path_factory.mktemp("trouble") / "data", steps=60)
    yield running
    running.kill()


def test_T6_a_killed_renderer_is_told_to_everybody_and_the_take_finishes(
    pair: tuple[Studio, Studio], server: Server, shots: Path | None
) -> None:
    ada, grace = pair
    ada.write("content", "a green car in the desert")
    for studio in pair:
        studio.page.wait_for_function(
            """() => {
              const {state, shownStep} = document.querySelector('[data-testid=step]').dataset;
              return state === 'running' && Number(shownStep) >= 3;
            }"""
        )
    server.kill_renderer()
    for studio in pair:
        expect(studio.part("note")).to_contain_text("the renderer restarts")
        studio.shot(shots, f"renderer-killed-{studio.name.split()[0]}")
    # Nobody is thrown out, and what is given meanwhile is taken.
    expect(grace.part("banner")).to_have_count(0)
    grace.write("motion", "moving to the left")
    motion = ada.edits(grace.name, "motion").first
    expect(motion).to_be_visible()
    for studio in pair:
        studio.wait_finished(studio.seq_of(motion))
        expect(studio.part("note")).to_have_text("")


def test_T3_re_entering_is_told_to_everybody(pair: tuple[Studio, Studio]) -> None:
    ada, _ = pair
    for studio in pair:
        studio.wait_finished()
        studio.page.evaluate(
            """() => {
              window.notes = [];
              const note = document.querySelector('[data-testid=note]');
              new MutationObserver(() => window.notes.push(note.textContent))
                .observe(note, {childList: true, characterData: true, subtree: true});
            }"""
        )
    ada.write("content", "a yellow star in the night")
    prompt = ada.edits(ada.name, "content").first
    expect(prompt).to_be_visible()
    for studio in pair:
        studio.wait_finished(studio.seq_of(prompt))
        notes = studio.page.evaluate("window.notes")
        assert any(re.fullmatch(r"re-entering at step \d+ of 60", note) for note in notes), notes


class Between:
    """Stands between a page and the server: says what a server says that is hard to break so."""

    def __init__(self, studio: Studio) -> None:
        self._page: WebSocketRoute | None = None
        self.refusals: list[Refusal] = []
        """What the next edits are answered with, in the place of the server."""
        self.edits: list[int] = []
        """The client_seq of every edit that the page sent."""
        studio.page.route_web_socket(re.compile("/socket$"), self._open)

    def say(self, message: ServerMessage) -> None:
        """Give a message to the page."""
        assert self._page is not None
        self._page.send(encode(message))

    def _open(self, page: WebSocketRoute) -> None:
        self._page = page
        server = page.connect_to_server()

        def from_page(data: str | bytes) -> None:
            assert isinstance(data, bytes)
            message = msgspec.msgpack.decode(data)
            if message["type"] == "edit":
                self.edits.append(message["client_seq"])
                if self.refusals:
                    refusal = self.refusals.pop(0)
                    number = message["client_seq"]
                    self.say(msgspec.structs.replace(refusal, client_seq=number))
                    return
            server.send(data)

        page.on_message(from_page)


def test_L2_an_edit_that_is_not_stored_is_kept_and_the_page_says_why(
    server: Server, visitor: Callable[..., Studio], shots: Path | None
) -> None:
    ada = visitor("Ada Full")
    between = Between(ada)
    ada.open(server.link)
    full = Refusal(
        1,
        "unavailable",
        "not stored, nothing changed: the disk is full",
        retry_after_ms=1_500,
        used=False,
    )
    between.refusals = [full, full]
    ada.paint("#00c853", [(0.3, 0.3), (0.6, 0.3)])
    expect(ada.part("banner")).to_contain_text("the disk is full")
    ada.page.wait_for_timeout(600)  # a short trouble shows no banner
    ada.shot(shots, "not-stored")
    # What was drawn stays where it was drawn, and is sent until it is taken, once.
    assert ada.overlay()[..., 3].any()
    expect(ada.edits("Ada Full", "paint")).to_have_count(1)
    expect(ada.part("banner")).to_have_count(0)
    assert between.edits == [1, 1, 1]


def test_L5_what_comes_too_fast_arrives_later_and_bothers_nobody(
    server: Server, visitor: Callable[..., Studio]
) -> None:
    ada = visitor("Ada Fast")
    between = Between(ada)
    ada.open(server.link)
    between.refusals = [
        Refusal(1, "rate_limited", "too fast", retry_after_ms=800, used=False) for _ in range(2)
    ]
    ada.page.evaluate(
        """() => {
          window.troubles = [];
          new MutationObserver(() => {
            const trouble = document.querySelector('[data-testid=toast], [data-testid=banner]');
            if (trouble) window.troubles.push(trouble.textContent);
          }).observe(document.body, {childList: true, subtree: true});
        }"""
    )
    for y in (0.2, 0.4, 0.6):
        ada.paint("#00c853", [(0.3, y), (0.6, y)])
    expect(ada.edits("Ada Fast", "paint")).to_have_count(3)
    assert between.refusals == []
    assert ada.page.evaluate("window.troubles") == []


@pytest.mark.parametrize(
    ("state", "note"),
    [
        ("running", "re-entering at step 3 of 60"),
        ("waiting", "the take waits: the database did not take it"),
        ("waiting", "the renderer restarts; the take is rebuilt from the log"),
        (
            "failed",
            "the take stopped the renderer three times and is parked; "
            "undo the last edit or change something to try again",
        ),
    ],
)
def test_T6_every_state_of_the_loop_says_its_sentence_in_full(
    server: Server,
    visitor: Callable[..., Studio],
    shots: Path | None,
    state: str,
    note: str,
) -> None:
    ada = visitor(f"Ada Told {len(note)}")
    between = Between(ada)
    ada.open(server.link)
    ada.wait_finished()
    between.say(TakeStatus(1, 3, 60, state, 1, note))
    expect(ada.part("note")).to_have_text(note)
    fits = (
        "(note) => note.scrollHeight <= note.clientHeight && note.scrollWidth <= note.clientWidth"
    )
    assert ada.part("note").evaluate(fits)
    ada.shot(shots, f"note-{state}-{len(note)}")


def test_T5_somebody_holds_the_take_for_everybody_and_lets_it_go_on(
    pair: tuple[Studio, Studio],
) -> None:
    ada, grace = pair
    expect(ada.part("step")).to_have_attribute("data-state", "finished", timeout=60_000)
    ada.part("hold").click()
    for studio in pair:
        expect(studio.part("step")).to_have_attribute("data-state", "paused")
        expect(studio.part("note")).to_contain_text("paused by Ada")
    grace.write("content", "a blue star at night")
    given = grace.edits(grace.name, "content").first
    expect(given).to_have_attribute("data-entered", "")  # it is kept, and waits
    grace.part("hold").click()
    for studio in pair:
        studio.wait_finished(studio.seq_of(given))
