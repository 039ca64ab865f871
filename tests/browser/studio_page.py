"""What the tests do on a studio page, in the words of a visitor."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, TimeoutError, expect

GRID = 64
"""Pictures are compared on this many cells a side: what a person sees, not single pixels."""

TAKE_MS = 120_000
"""A whole take on a busy machine."""

READ_PICTURE = """(canvas, edge) => {
  const small = new OffscreenCanvas(edge, edge);
  const context = small.getContext('2d');
  context.drawImage(canvas, 0, 0, edge, edge);
  const {data} = context.getImageData(0, 0, edge, edge);
  return btoa(String.fromCharCode(...data));
}"""

DROP_FILE = """(stage, [bytes, name]) => {
  const transfer = new DataTransfer();
  const data = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
  transfer.items.add(new File([data], name, {type: 'image/jpeg'}));
  for (const type of ['dragenter', 'dragover', 'drop']) {
    stage.dispatchEvent(new DragEvent(type, {dataTransfer: transfer, bubbles: true,
                                             cancelable: true}));
  }
}"""


READ_FIELD = """(field) => field.querySelector('.cm-placeholder') ? ''
  : [...field.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\\n')"""


@dataclass(frozen=True)
class Studio:
    """One person's page."""

    page: Page
    name: str

    def open(self, link: str) -> None:
        """Follow an invite link and join under this person's name."""
        self.page.goto(link)
        self.part("name").fill(self.name)
        self.part("join").click()
        expect(self.person(self.name)).to_have_attribute("data-here", "true")

    def part(self, testid: str) -> Locator:
        """A part of the page by its test id."""
        return self.page.get_by_test_id(testid)

    def person(self, name: str) -> Locator:
        """The row of a person in the list of people."""
        return self.page.locator(f'[data-testid=person][data-name="{name}"]')

    def cursor(self, name: str) -> Locator:
        """Another person's cursor on the stage."""
        return self.page.locator(f'[data-testid=cursor][data-name="{name}"]')

    def edits(self, author: str, kind: str) -> Locator:
        """The gestures of a person in the history, newest first."""
        return self.page.locator(
            f'[data-testid=history-item][data-author="{author}"][data-kind={kind}]'
        )

    def invite(self, role: str, *, uses: str = "", valid: str = "week", label: str = "") -> str:
        """Make an invite link, as the owner's button does; ``valid`` is a day, a week or ever."""
        self.part("invite").click()
        self.part(f"invite-{role}").check()
        self.part(f"invite-valid-{valid}").click()
        self.part("invite-uses").fill(uses)
        self.part("invite-label").fill(label)
        self.part("invite-make").click()
        field = self.part("invite-link")
        expect(field).to_have_value(re.compile(r"^http.+/s/.+#.+"))
        link = field.input_value()
        self.page.keyboard.press("Escape")
        return link

    def write(self, field: str, text: str) -> None:
        """Type a prompt in the place of what is there, as one gesture."""
        self.part(field).click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Enter")

    def reads(self, field: str) -> str:
        """The text of a prompt as it stands in its field."""
        return str(self.part(field).evaluate(READ_FIELD))

    def wait_reads(self, field: str, text: str) -> None:
        """Wait until a prompt's field holds this text, spaces and all."""
        try:
            self.page.wait_for_function(
                f"([name, text]) => ({READ_FIELD})("
                "document.querySelector(`[data-testid=${name}]`)) === text",
                arg=[field, text],
                timeout=20_000,
            )
        except TimeoutError as error:
            raise AssertionError(
                f"{self.name} waited for {text!r} and reads {self.reads(field)!r}"
            ) from error

    def caret(self, name: str) -> Locator:
        """Another person's caret in a prompt."""
        return self.page.locator(f'[data-testid=caret][data-name="{name}"]')

    def press_stage(self, x: float, y: float) -> None:
        """Press and lift the mouse at a place of the stage."""
        self.point(x, y)
        self.page.mouse.down()
        self.page.mouse.up()

    def point(self, x: float, y: float) -> None:
        """Move the mouse to a place on the stage, in shares of its size."""
        box = self.part("stage").bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)

    def paint(self, color: str, points: list[tuple[float, float]], lift: bool = True) -> None:
        """Paint a stroke through these places of the stage."""
        self.part("brush-color").fill(color)
        self.point(*points[0])
        self.page.mouse.down()
        for place in points[1:]:
            self.point(*place)
        if lift:
            self.page.mouse.up()

    def pull(self, points: list[tuple[float, float]], lift: bool = True) -> None:
        """Pull with the drag tool, which is in hand, from the first of these places on."""
        self.point(*points[0])
        self.page.mouse.down()
        for place in points[1:]:
            self.point(*place)
        if lift:
            self.page.mouse.up()

    def listen_for_toasts(self) -> None:
        """Keep what the page says in passing, for ``wait_told``."""
        self.page.evaluate(
            """() => {
              window.told = [];
              new MutationObserver(() => {
                for (const toast of document.querySelectorAll('[data-testid=toast]')) {
                  window.told.push(toast.textContent);
                }
              }).observe(document.body, {childList: true, subtree: true});
            }"""
        )

    def wait_told(self, words: str) -> None:
        """Wait until the page has said these words, though they may be gone again."""
        self.page.wait_for_function(
            "(words) => window.told.some((text) => text.includes(words))",
            arg=words,
            timeout=60_000,
        )

    def drop(self, photo: Path) -> None:
        """Drop a picture on the stage."""
        data = base64.b64encode(photo.read_bytes()).decode()
        self.part("stage").evaluate(DROP_FILE, [data, photo.name])

    def wait_finished(self, seq: int = 0) -> None:
        """Wait until the finished clip is on the stage and reflects event ``seq``."""
        try:
            self.page.wait_for_function(
                """(seq) => {
                  const {steps, state, shownStep, shownSeq} =
                    document.querySelector('[data-testid=step]').dataset;
                  return state === 'finished' && shownStep === steps && Number(shownSeq) >= seq;
                }""",
                arg=seq,
                timeout=TAKE_MS,
            )
        except TimeoutError as error:
            now = self.part("step").evaluate("(element) => JSON.stringify(element.dataset)")
            raise AssertionError(f"{self.name} waited for the finish of {seq}: {now}") from error

    def hold_frame(self, frame: int) -> None:
        """Stop the clip at a frame; 0 is the first."""
        self.page.get_by_label("Frame", exact=True).fill(str(frame))

    def picture(self) -> NDArray[np.float64]:
        """What the stage shows of the clip: GRID x GRID x 3, 0 to 255."""
        return self._pixels("picture")[..., :3].astype(float)

    def overlay(self) -> NDArray[np.uint8]:
        """What lies over the clip, strokes and arrows: GRID x GRID x RGBA."""
        return self._pixels("overlay")

    def _pixels(self, canvas: str) -> NDArray[np.uint8]:
        # Two screen refreshes: what was asked for is drawn by then.
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        data = base64.b64decode(self.part(canvas).evaluate(READ_PICTURE, GRID))
        return np.frombuffer(data, np.uint8).reshape(GRID, GRID, 4)

    def seq_of(self, entry: Locator) -> int:
        """The place in the log of a gesture's newest edit."""
        return int(entry.get_attribute("data-seq") or 0)

    def shot(self, folder: Path | None, name: str) -> None:
        """Keep a screenshot where somebody wants them."""
        if folder is not None:
            self.page.screenshot(path=folder / f"{name}.png")
