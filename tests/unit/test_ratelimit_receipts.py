"""L4: what is remembered of clients is bounded, and a count is never lost."""

import pytest
from people import Table

from framejam_protocol import limits
from framejam_protocol.instructions import Content, Image
from framejam_protocol.messages import Ack, Edit
from framejam_server.net.websocket import HEARTBEAT_S
from framejam_server.session import receipts as module
from framejam_server.session.receipts import Receipts
from framejam_server.session.session import Session


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "MAX_RECEIPTS", 20)
    monkeypatch.setattr(module, "PRUNED_AT_ONCE", 5)
    monkeypatch.setattr(module, "MAX_CLIENTS", 3)


def receipt(number: int, client: str = "tab-1", person: str = "anna"):
    return module.Receipt(client, person, number, bytes(32), Ack(client_seq=number, seq=number))


def kept(made: Receipts) -> set[tuple[str, int]]:
    return {(client, n) for client, one in made.clients.items() for n in one.receipts}


def test_L4_the_window_is_longer_than_a_dead_connection_lives():
    found_out_s = HEARTBEAT_S * 1.5  # aiohttp waits for the pong half as long as between pings
    people = limits.SESSION_SHARE * limits.MAX_EDITS_PER_SECOND
    assert people * (found_out_s + limits.BURST_S) <= limits.MAX_RECEIPTS


def test_L4_the_newest_answers_are_remembered_and_the_rest_is_forgotten():
    made = Receipts()
    gone = []
    for number in range(1, 200):
        made.remember(receipt(number))
        gone += made.prune()
        assert 20 <= len(kept(made)) <= 26 or number < 20
    assert [one.client_seq for one in gone] == list(range(1, 200 - len(kept(made))))
    assert made.clients["tab-1"].next_seq == 200


def test_L4_a_quiet_clients_count_outlives_its_answers():
    made = Receipts()
    for number in range(1, 4):
        made.remember(receipt(number, "quiet", "ben1"))
    gone = []
    for number in range(1, 100):
        made.remember(receipt(number))
        gone += made.prune()
    assert made.clients["quiet"].next_seq == 4
    assert list(made.clients["quiet"].receipts) == [3]
    assert {one.client_seq for one in gone if one.client_id == "quiet"} == {1, 2}
    # When it goes on, the receipt that carried the count goes, too.
    made.remember(receipt(4, "quiet", "ben1"))
    for number in range(100, 120):
        made.remember(receipt(number))
        gone += made.prune()
    assert {one.client_seq for one in gone if one.client_id == "quiet"} == {1, 2, 3}
    assert made.clients["quiet"].next_seq == 5


def test_L4_a_persons_clients_are_bounded_the_last_used_stay():
    made = Receipts()
    made.remember(receipt(1, "bens-tab", "ben1"))
    for number in range(50):
        made.remember(receipt(1, f"tab-{number}"))
        made.remember(receipt(number + 1, "annas-first"))
        made.prune()
        assert len(made.clients["annas-first"].receipts) >= min(number + 1, 9)
    assert set(made.clients) == {"tab-48", "tab-49", "annas-first", "bens-tab"}
    assert made.clients["annas-first"].next_seq == 51


def test_L4_what_the_store_keeps_rebuilds_the_same():
    """Receipts come back in the order they were given; forgetting goes on where it stopped."""
    made, stored = Receipts(), []
    for number in range(1, 120):
        for client, person in (("one", "anna"), ("two", "ben1")):
            if client == "two" and number > 10:
                continue
            stored.append(receipt(number, client, person))
            made.remember(stored[-1])
        gone = made.prune()
        stored = [one for one in stored if one not in gone]
        again = Receipts(stored)
        assert kept(again) == kept(made)
        assert {n: c.next_seq for n, c in again.clients.items()} == {
            n: c.next_seq for n, c in made.clients.items()
        }


def test_L2_taking_back_leaves_numbers_and_order_as_they_were():
    made = Receipts()
    for number in range(1, 11):
        made.remember(receipt(number))
    lost = [receipt(number) for number in (11, 12)] + [receipt(1, "new-tab", "ben1")]
    made.bind("new-tab", "ben1")
    for one in lost:
        made.remember(one)
    made.take_back(lost)
    assert kept(made) == {("tab-1", number) for number in range(1, 11)}
    assert made.clients["tab-1"].next_seq == 11
    made.release("new-tab")
    assert "new-tab" not in made.clients
    assert made.prune() == []
    gone = []
    for number in range(11, 60):
        made.remember(receipt(number))
        gone += made.prune()
    assert [one.client_seq for one in gone] == list(range(1, 60 - len(kept(made))))
    assert len(kept(made)) >= 20


def test_L4_a_pair_whose_answer_is_forgotten_is_a_conflict_and_appends_nothing():
    table = Table("anna")
    for number in range(40):
        table.content("anna", str(number))
        table.session.prune()
    length = len(table.session.log)
    refusal = table.refusal(table.effects("anna", Edit(1, Content("0"))))
    assert (refusal.code, refusal.used, refusal.field) == ("conflict", False, "client_seq")
    assert len(table.session.log) == length
    recent = table.answer(table.effects("anna", Edit(40, Content("39"))))
    assert isinstance(recent, Ack)
    assert recent.seq == length


def test_L5_a_viewer_who_asks_for_ever_is_remembered_within_bounds():
    table = Table("anna")
    table.join("vera", "viewer")
    gone = []
    for number in range(1, 2000):
        table.effects("vera", Edit(number, Image("cd" * 32)))
        gone += table.session.prune()
        assert len(table.session.clients["tab-of-vera"].receipts) <= 26
    rebuilt = Session(table.session.log, table.session.clients["tab-of-vera"].receipts.values())
    assert rebuilt.bind("tab-of-vera", "vera").next_seq == 2000
