"""Who may be here, through the page: invites, roles, removals, the end of a session (A1, A4)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from studio_page import Studio
from studio_server import Server

pytestmark = pytest.mark.browser

TOOLS = ("brush", "recolour", "erase", "region", "drag", "trajectory", "camera", "lock")


def invite_row(studio: Studio, label: str) -> Locator:
    """The row of an invite in the owner's list, which is open."""
    return studio.page.locator(f'[data-testid=invite-row][data-label="{label}"]')


def manage(studio: Studio, name: str, what: str) -> Locator:
    """A button on the card of a person, which this opens where it is closed."""
    row = studio.person(name)
    if row.get_by_test_id("person-card").count() == 0:
        row.get_by_test_id("person-role").click()
    return row.get_by_test_id(what)


def test_A1_a_link_for_one_lets_in_one(
    server: Server, visitor: Callable[..., Studio], shots: Path | None
) -> None:
    ada, grace, linus = visitor("Ada One"), visitor("Grace One"), visitor("Linus One")
    ada.open(server.link)
    ada.part("invite").click()
    ada.part("invite-uses").fill("0")
    expect(ada.part("invite-make")).to_be_disabled()
    ada.page.keyboard.press("Escape")
    expect(ada.part("invite")).to_be_focused()
    link = ada.invite("editor", uses="1", valid="day", label="one seat")
    grace.open(link)
    expect(ada.person("Grace One")).to_have_attribute("data-role", "editor")
    # Whoever comes second is told so, calmly, and sees nothing of the session.
    linus.page.goto(link)
    linus.part("name").fill(linus.name)
    linus.part("join").click()
    expect(linus.part("banner")).to_contain_text("no longer lets you in")
    expect(linus.part("banner")).to_contain_text("used up")
    expect(linus.part("person")).to_have_count(0)
    linus.shot(shots, "invite-used-up")
    # Who came by it comes back as long as they like.
    grace.page.reload()
    expect(grace.person("Grace One")).to_have_attribute("data-here", "true")
    expect(ada.person("Linus One")).to_have_count(0)
    ada.part("invite").click()
    ada.page.get_by_text("opens no more").or_(ada.page.get_by_text("open no more")).click()
    expect(invite_row(ada, "one seat")).to_contain_text("1 of 1 came, used up")
    ada.shot(shots, "invite-list")


def test_A1_another_role_is_felt_at_once(pair: tuple[Studio, Studio], shots: Path | None) -> None:
    ada, grace = pair
    grace.part("tool-brush").click()
    manage(ada, grace.name, "role-viewer").click()
    expect(grace.part("banner")).to_contain_text("You are a viewer now.")
    expect(grace.part("banner")).to_contain_text(f"{ada.name} changed your role.")
    for tool in TOOLS:
        expect(grace.part(f"tool-{tool}")).to_be_disabled()
    expect(grace.part("tool-comment")).to_be_enabled()
    expect(grace.page.get_by_text("You are here as a viewer.")).to_be_visible()
    expect(grace.person(grace.name)).to_have_attribute("data-role", "viewer")
    grace.shot(shots, "demoted")
    grace.page.get_by_role("button", name="OK", exact=True).click()
    expect(grace.part("banner")).to_have_count(0)
    # And back, on the page as it is: she paints, and it is taken.
    manage(ada, grace.name, "role-editor").click()
    expect(grace.part("banner")).to_contain_text("You are an editor now.")
    grace.part("tool-brush").click()
    grace.paint("#30a46c", [(0.3, 0.3), (0.6, 0.6)])
    expect(ada.edits(grace.name, "paint")).to_have_count(1)
    # What was told before one came is no news.
    grace.page.reload()
    expect(grace.person(grace.name)).to_have_attribute("data-role", "editor")
    expect(grace.part("banner")).to_have_count(0)


def test_A1_who_is_removed_is_told_and_stays_out(
    pair: tuple[Studio, Studio], shots: Path | None
) -> None:
    ada, grace = pair
    grace.paint("#e5484d", [(0.2, 0.7), (0.7, 0.7)])
    expect(ada.edits(grace.name, "paint")).to_have_count(1)
    remove = manage(ada, grace.name, "remove")
    remove.click()
    ask = ada.part("remove-ask")
    expect(ask).to_contain_text(f"{grace.name} is put out at once")
    ada.shot(shots, "remove-asks")
    # Escape leaves all as it is, and the focus where it was.
    ada.page.keyboard.press("Escape")
    expect(ask).to_have_count(0)
    expect(remove).to_be_focused()
    expect(grace.part("banner")).to_have_count(0)
    remove.click()
    ada.part("remove-yes").click()
    expect(grace.part("banner")).to_contain_text(f"{ada.name} removed you from this session.")
    for tool in TOOLS:
        expect(grace.part(f"tool-{tool}")).to_be_disabled()
    grace.shot(shots, "removed")
    expect(ada.person(grace.name)).to_have_count(0)
    expect(ada.edits(grace.name, "paint")).to_have_count(1)  # what she gave stays
    grace.page.reload()
    expect(grace.page.get_by_text("Open an invite link")).to_be_visible()
    expect(grace.part("stage")).to_have_count(0)


def test_A1_revoking_says_whom_it_puts_out(
    server: Server, visitor: Callable[..., Studio], shots: Path | None
) -> None:
    ada, grace, linus = visitor("Ada Two"), visitor("Grace Two"), visitor("Linus Two")
    ada.open(server.link)
    link = ada.invite("editor", label="leaked", valid="ever")
    grace.open(link)
    linus.open(ada.invite("viewer"))
    ada.part("invite").click()
    row = invite_row(ada, "leaked")
    expect(row).to_contain_text("Editor, 1 came, no end")
    row.get_by_test_id("invite-revoke").click()
    expect(ada.part("invite-revoke-ask")).to_contain_text(
        "Grace Two came by it and loses access at once."
    )
    ada.shot(shots, "revoke-asks")
    ada.part("invite-revoke-yes").click()
    expect(row).to_have_count(0)
    ada.page.keyboard.press("Escape")
    expect(ada.part("invite")).to_be_focused()
    expect(grace.part("banner")).to_contain_text("The invite you came by was taken back.")
    grace.shot(shots, "revoked")
    grace.page.goto(link)
    grace.part("name").fill("Grace again")
    grace.part("join").click()
    expect(grace.part("banner")).to_contain_text("no longer lets you in")
    expect(linus.part("banner")).to_have_count(0)
    expect(ada.person("Linus Two")).to_have_attribute("data-here", "true")
    expect(ada.person("Grace Two")).to_have_count(0)


def test_A1_an_owner_hands_over_and_reads_the_trail(
    server: Server, visitor: Callable[..., Studio], shots: Path | None
) -> None:
    ada, grace = visitor("Ada Three"), visitor("Grace Three")
    ada.open(server.link)
    grace.open(ada.invite("editor", label="the next one"))
    manage(ada, grace.name, "hand-over").click()
    expect(ada.part("hand-over-ask")).to_contain_text("you are an editor")
    ada.part("hand-over-yes").click()
    expect(ada.part("banner")).to_contain_text("You are an editor now.")
    expect(ada.part("invite")).to_have_count(0)
    expect(ada.person(grace.name).get_by_test_id("person-role")).to_have_count(0)
    expect(grace.part("banner")).to_contain_text("You are an owner now.")
    expect(grace.part("invite")).to_be_visible()
    # What is for owners has come to her, and gone from the one before.
    for studio in (ada, grace):
        studio.part("tab-settings").click()
    expect(ada.part("trail")).to_have_count(0)
    expect(ada.part("delete")).to_have_count(0)
    grace.part("trail").locator("summary").click()
    entries = grace.part("trail-entry")
    expect(entries.first).to_contain_text(f"{ada.name} handed the session over to you")
    expect(entries.filter(has_text="You came as an editor")).to_have_count(1)
    made = f"{ada.name} made a link for an editor (the next one)"
    expect(entries.filter(has_text=made)).to_have_count(1)
    grace.shot(shots, "trail")


def test_A4_a_deleted_session_is_over_for_everybody(
    tmp_path: Path, visitor: Callable[..., Studio], shots: Path | None
) -> None:
    server = Server(tmp_path / "data")
    try:
        ada, grace = visitor("Ada Last"), visitor("Grace Last")
        ada.open(server.link)
        grace.open(ada.invite("editor"))
        grace.part("tab-settings").click()
        expect(grace.part("delete")).to_have_count(0)
        ada.part("tab-settings").click()
        ada.part("delete").locator("summary").click()
        expect(ada.part("delete-yes")).to_be_disabled()
        ada.part("delete-word").fill("deleted")
        expect(ada.part("delete-yes")).to_be_disabled()
        ada.part("delete-word").fill("delete")
        ada.part("delete-yes").click()
        for studio in (ada, grace):
            expect(studio.part("banner")).to_contain_text("This session was deleted.")
            expect(studio.part("tool-brush")).to_be_disabled()
            studio.shot(shots, f"deleted-{studio.name.split()[0]}")
        grace.page.reload()
        expect(grace.part("stage")).to_have_count(0)
    finally:
        server.kill()
