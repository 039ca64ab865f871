"""L5: token buckets, of a person, of a session and of an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framejam_protocol.limits import BURST_S, MAX_UNAUTHENTICATED, SESSION_SHARE
from framejam_server.net.auth import mint
from framejam_server.net.gate import MAX_ADDRESSES, Gate, NoPlace, TooManyFailures, address_of
from framejam_server.session.ratelimit import Bucket, EditRates
from framejam_server.store.contract import SessionRow
from framejam_server.store.memory import MemoryStore


def test_L5_a_bucket_gives_its_burst_at_once_and_then_its_rate():
    bucket = Bucket(rate=10, burst=50)
    assert [bucket.take(0.0) for _ in range(50)] == [0.0] * 50
    assert bucket.take(0.0) == pytest.approx(0.1)
    assert bucket.take(0.05) == pytest.approx(0.05), "a refusal takes nothing"
    assert bucket.take(0.1) == 0.0
    assert bucket.take(100.0) == 0.0
    assert bucket.level(100.0) == 49, "it never holds more than its burst"


def test_L5_what_costs_more_than_the_burst_passes_when_the_bucket_is_full():
    bucket = Bucket(rate=1, burst=10)
    assert bucket.take(0.0, cost=25) == 0.0
    assert bucket.take(0.0, cost=25) == pytest.approx(10)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.1, 30)), max_size=60))
def test_L5_no_bucket_ever_gives_more_than_burst_and_rate_allow(asked):
    """Whatever is asked, and though the clock stumbles."""
    bucket, now, latest, given_out = Bucket(rate=5, burst=20), 0.0, 0.0, 0.0
    bucket.level(now)
    for step, cost in asked:
        now += step
        latest = max(latest, now)
        if bucket.take(now, min(cost, 20)) == 0.0:
            given_out += min(cost, 20)
        assert given_out <= 20 + 5 * latest + 1e-6


def test_L5_a_persons_rate_is_theirs_alone():
    rates = EditRates(50)
    assert sum(rates.take("anna", 0.0) for _ in range(1000)) == 50 * BURST_S
    assert rates.take("ben1", 0.0)
    assert sum(rates.take("anna", 1.0) for _ in range(1000)) == 50


def test_L5_all_people_of_a_session_share_a_rate_that_one_flooder_does_not_use_up():
    rates = EditRates(50)
    for _ in range(100_000):
        rates.take("flood", 0.0)
    others = sum(rates.take(f"p{n}", 0.0) for n in range(100) for _ in range(50))
    assert others == 50 * BURST_S * (SESSION_SHARE - 1)
    assert not rates.take("anna", 0.0)
    assert rates.take("anna", 1.0)


def test_L5_a_refusal_counts_double():
    rates = EditRates(50)
    passed = 0
    while rates.take("mallory", 0.0):
        rates.refused("mallory", 0.0)
        passed += 1
    assert passed == 50 * BURST_S // 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        (None, "", True),
    ],
)
def test_C1_what_counts_as_one_host(one, other, same):
    assert (address_of(one) == address_of(other)) == same


def gate(store=None, **options):
    now = [0.0]
    made = Gate(store or MemoryStore(), lambda: now[0], **options)
    return made, now


def test_C1_one_address_does_not_take_all_places_to_say_hello():
    made, _ = gate()
    entered = []
    for _ in range(16):
        entered.append(made.place("10.0.0.1"))
        entered[-1].__enter__()
    with pytest.raises(NoPlace) as caught, made.place("10.0.0.1"):
        pass
    assert caught.value.own
    with made.place("10.0.0.2"):
        pass
    entered.pop().__exit__(None, None, None)
    with made.place("10.0.0.1"):
        pass


def test_C1_all_addresses_together_have_a_limit_and_leave_nothing_behind():
    made, _ = gate()
    entered = [made.place(f"10.0.0.{n}") for n in range(MAX_UNAUTHENTICATED)]
    for place in entered:
        place.__enter__()
    with pytest.raises(NoPlace) as caught, made.place("10.0.1.1"):
        pass
    assert not caught.value.own
    for place in entered:
        place.__exit__(None, None, None)
    assert not made._waiting


async def test_A2_wrong_tokens_are_limited_by_address_before_the_store_is_asked():
    class Counting(MemoryStore):
        asked = 0

        async def token(self, token_id):
            self.asked += 1
            return await super().token(token_id)

    store = Counting()
    await store.create_session(SessionRow("s", "e", 0), [])
    token, text = mint("s", "editor")
    other, newcomer = mint("s", "editor")
    await store.add_token(token)
    await store.add_token(other)
    made, now = gate(store, failed_tokens_per_minute=60)
    assert await made.authenticate("10.0.0.1", "s", text) == token
    wrong = mint("s", "editor")[1]
    for _ in range(60):
        assert await made.authenticate("10.0.0.1", "s", wrong) is None
    asked = store.asked
    with pytest.raises(TooManyFailures) as caught:
        await made.authenticate("10.0.0.1", "s", wrong)
    assert caught.value.retry_after_s >= 1
    assert store.asked == asked
    # Who was here before is not locked out, nor is who comes from elsewhere.
    assert await made.authenticate("10.0.0.1", "s", text) == token
    assert await made.authenticate("10.0.0.2", "s", newcomer) == other
    now[0] += 1.1
    assert await made.authenticate("10.0.0.1", "s", wrong) is None


async def test_A2_right_tokens_cost_nothing_however_many_come():
    store = MemoryStore()
    await store.create_session(SessionRow("s", "e", 0), [])
    made, _ = gate(store, failed_tokens_per_minute=5)
    for _ in range(50):
        token, text = mint("s", "editor")
        await store.add_token(token)
        assert await made.authenticate("10.0.0.1", "s", text) == token


async def test_A2_a_revoked_token_is_not_known_any_more():
    store = MemoryStore()
    await store.create_session(SessionRow("s", "e", 0), [])
    token, text = mint("s", "owner", label="launch")
    await store.add_token(token)
    made, _ = gate(store, failed_tokens_per_minute=2)
    assert await made.authenticate("10.0.0.1", "s", text) == token
    await store.revoke("s", "launch")
    answers = [await made.authenticate("10.0.0.1", "s", text) for _ in range(3)]
    assert answers == [None] * 3
    with pytest.raises(TooManyFailures):
        await made.authenticate("10.0.0.1", "s", text)


async def test_A2_what_is_remembered_of_addresses_is_bounded():
    made, _ = gate()
    for number in range(MAX_ADDRESSES + 100):
        assert await made.authenticate(f"host-{number}", "s", "wrong") is None
    assert len(made._buckets) == MAX_ADDRESSES
