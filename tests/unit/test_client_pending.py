"""The client's commands on their way (L4), without any socket."""

from __future__ import annotations

import asyncio

import pytest

from framejam import BadLink, Closed, FramejamError, Gone, Refused, Unauthorised
from framejam.errors import closed, is_final
from framejam.link import parse_link
from framejam.pending import Pending, Receipt
from framejam_protocol.errors import Close
from framejam_protocol.messages import Ack, Command, Refusal, Undo


def numbers(commands: list[Command]) -> list[int]:
    return [command.client_seq for command in commands]


async def three() -> tuple[Pending, list[asyncio.Future[Receipt]]]:
    """Three commands that have been sent once."""
    pending = Pending()
    answers = [pending.add(Undo, now=10.0) for _ in range(3)]
    assert numbers(list(pending.unsent())) == [1, 2, 3]
    return pending, answers


def refusal(number: int, code: str, used: bool = True, **more: int) -> Refusal:
    return Refusal(number, code, "why", used=used, **more)


async def test_L4_each_command_is_sent_once_and_acked_with_its_time() -> None:
    pending, answers = await three()
    assert list(pending.unsent()) == []
    pending.acked(Ack(2, 41), now=10.25)
    pending.acked(Ack(2, 41), now=99.0)
    assert answers[1].result() == Receipt(seq=41, client_seq=2, ack_ms=250.0)
    assert not answers[0].done()


async def test_L4_a_new_connection_gets_everything_unanswered_under_the_same_numbers() -> None:
    pending, _ = await three()
    pending.acked(Ack(1, 40), now=11.0)
    pending.welcomed(expected=3)
    assert numbers(list(pending.unsent())) == [2, 3]


async def test_L4_a_server_that_lost_numbers_gets_them_again() -> None:
    pending, answers = await three()
    pending.acked(Ack(1, 40), now=11.0)
    pending.welcomed(expected=1)
    assert numbers(list(pending.unsent())) == [1, 2]
    pending.acked(Ack(2, 43), now=11.0)
    assert answers[2].result().seq == 43


async def test_L4_numbers_go_on_where_the_server_says() -> None:
    pending = Pending()
    pending.welcomed(expected=7)
    pending.add(Undo, now=0.0)
    assert numbers(list(pending.unsent())) == [7]


async def test_L4_a_gap_sends_again_after_a_pause() -> None:
    pending, _ = await three()
    assert pending.refused(refusal(3, "gap", used=False, expected=2))
    assert list(pending.unsent()) == []
    pending.send_again()
    assert numbers(list(pending.unsent())) == [1, 2, 3]


async def test_L4_a_gap_before_everything_here_is_closed_by_renumbering() -> None:
    pending, _ = await three()
    pending.acked(Ack(1, 40), now=11.0)
    pending.acked(Ack(2, 41), now=11.0)
    assert pending.refused(refusal(3, "gap", used=False, expected=2))
    assert numbers(list(pending.unsent())) == [2]


async def test_L5_a_refusal_fails_its_command_only() -> None:
    pending, answers = await three()
    assert pending.refused(refusal(2, "forbidden")) is None
    with pytest.raises(Refused) as caught:
        answers[1].result()
    assert caught.value.code == "forbidden"
    pending.send_again()
    assert numbers(list(pending.unsent())) == [1, 3]


async def test_L5_an_unused_number_goes_to_the_next_command() -> None:
    pending, answers = await three()
    assert pending.refused(refusal(1, "unavailable", used=False)) is not None
    assert isinstance(answers[0].exception(), Refused)
    assert numbers(list(pending.unsent())) == [1, 2]


async def test_L5_rate_limited_is_tried_again_at_the_time_the_server_names() -> None:
    pending, answers = await three()
    assert pending.refused(refusal(1, "rate_limited", used=False, retry_after_ms=250)) == 0.25
    assert not answers[0].done()


async def test_C6_everything_fails_when_the_session_is_over() -> None:
    pending, answers = await three()
    answers[0].cancel()
    pending.fail(Closed(4503, "revoked"))
    assert isinstance(answers[2].exception(), Closed)
    assert isinstance(answers[1].exception(), Closed)
    assert list(pending.unsent()) == []


@pytest.mark.parametrize("code", Close)
def test_C6_close_codes_say_whether_to_come_back(code: Close) -> None:
    assert is_final(code) is not code.retry


@pytest.mark.parametrize(
    ("code", "final"),
    [
        (1000, False),
        (1001, False),
        (1006, False),
        (1011, False),
        (1012, False),
        (1007, True),
        (1009, True),
    ],
)
def test_C6_so_do_the_standard_ones(code: int, final: bool) -> None:
    assert is_final(code) is final


def test_C6_final_codes_have_their_own_errors() -> None:
    assert type(closed(4503, "x")) is Unauthorised
    assert type(closed(4506, "x")) is Gone
    assert type(closed(1009, "x")) is Closed
    assert closed(4999, "").code == 4999
    assert issubclass(Unauthorised, FramejamError)


def test_A2_the_token_of_a_link_enters_no_url() -> None:
    link = parse_link("https://jam.example:8443/team/s/abc#secret.token")
    assert link.socket_url == "wss://jam.example:8443/team/socket"
    assert (link.session, link.token) == ("abc", "secret.token")
    assert "secret" not in link.base + link.socket_url
    assert not link.is_loopback
    assert parse_link("http://127.0.0.1:1/s/a#t").is_loopback
    assert parse_link("http://localhost:1/s/a#t").is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "",
        "jam.example/s/a#t",
        "ftp://jam.example/s/a#t",
        "http:///s/a#t",
        "http://jam.example/#t",
        "http://jam.example/s/#t",
        "http://jam.example/s/a/b#t",
        "http://jam.example/s/a",
    ],
)
def test_a_link_that_is_none_says_what_is_missing(url: str) -> None:
    with pytest.raises(BadLink):
        parse_link(url)


async def test_L4_after_a_conflict_the_number_is_not_used_again() -> None:
    pending, answers = await three()
    pending.acked(Ack(1, 40), now=11.0)
    pending.refused(refusal(2, "conflict", used=False))
    with pytest.raises(Refused):
        answers[1].result()
    assert numbers(list(pending.unsent())) == [3]
    pending.add(Undo, now=12.0)
    assert numbers(list(pending.unsent())) == [4]
