"""A real server, Debian's Chromium, and pages of people who joined through invite links."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from studio_page import Studio
from studio_server import Server

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "server/framejam_server/studio/index.html"
EMBEDDED = ROOT / "pipeline/framejam_pipeline/models/embedded/model_index.json"
CHROMIUM = Path("/usr/bin/chromium")
NUMBERS = itertools.count(1)

# Nothing of the browser may look for the network: tests run where there is none.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _missing() -> str | None:
    """Why these tests cannot run here, or None."""
    if not CHROMIUM.exists():
        return f"{CHROMIUM} is not installed: apt-get install chromium"
    if not PAGE.exists():
        return "the studio is not built: make studio"
    if not EMBEDDED.exists() and "FRAMEJAM_MODEL" not in os.environ:
        return "there is no model: neither the embedded one nor FRAMEJAM_MODEL"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip everything here, with the reason, where something is missing."""
    if (reason := _missing()) is None:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=reason))


expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests of a module."""
    running = Server(tmp_path_factory.mktemp("studio") / "data")
    yield running
    running.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless.

    Not longer than a module: Playwright's own event loop runs meanwhile, and no other can.
    """
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Studio]]:
    """Make a browser profile of its own for a person; nothing on a page may go wrong unseen."""
    contexts = []
    problems: list[str] = []

    def make(name: str, **options: object) -> Studio:
        wanted = {"viewport": {"width": 1280, "height": 720}, **options}
        context = browser.new_context(**wanted)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"{name}: {error}"))
        return Studio(page, name)

    yield make
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def pair(server: Server, visitor: Callable[..., Studio]) -> tuple[Studio, Studio]:
    """An owner, and an editor who came through the owner's invite; new people every time."""
    number = next(NUMBERS)
    ada, grace = visitor(f"Ada {number}"), visitor(f"Grace {number}", color_scheme="dark")
    ada.open(server.link)
    grace.open(ada.invite("editor"))
    return ada, grace


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """Where screenshots go, if anybody wants them."""
    folder = os.environ.get("FRAMEJAM_SHOTS")
    if not folder:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


@pytest.fixture(scope="session")
def photo() -> Path:
    """A photograph to give as the reference image."""
    return ROOT / "clients/python/framejam/demo_photos/coffee.jpg"
