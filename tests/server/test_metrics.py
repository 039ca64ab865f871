"""What supervisors and Prometheus are told, and what they are never told."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from running import preview_done

from framejam_server.net.health import STORE_TROUBLE_S, Health
from framejam_server.net.metrics import FORWARDED, Metrics, metrics_handler
from framejam_server.net.outbox import Outbox
from framejam_server.store.contract import StoreError


async def call(server, path):
    return await asyncio.to_thread(server.call, "GET", path)


def values(page: bytes) -> dict[str, float]:
    lines = [line for line in page.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def worker_of(server) -> int:
    parent = server.process.pid
    files = Path(f"/proc/{parent}/task").glob("*/children")
    (child,) = {int(pid) for file in files for pid in file.read_text().split()}
    return child


async def test_metrics_count_what_happens_and_never_say_who_or_what(launch):
    server = launch()
    raw = await server.join(name="Zacharias")
    before = values((await call(server, "/metrics"))[1])
    for number in range(3):
        await raw.content(f"an unusual marmot {number}")
    ack = await raw.paint()
    await raw.preview(lambda p: preview_done(p) and int.from_bytes(p[24:32], "big") >= ack["seq"])
    page = (await call(server, "/metrics"))[1]
    after = values(page)

    def rose(name: str) -> float:
        return after[f"framejam_{name}"] - before[f"framejam_{name}"]

    assert rose("ack_seconds_count") == 4
    edits_and_entries = len([e for e in raw.events if e["seq"] > raw.welcome["head_seq"]])
    assert rose("events_committed_total") == edits_and_entries
    assert rose("step_seconds_count") >= 1
    assert rose("previews_sent_total") >= 1
    assert rose('takes_total{outcome="finished"}') >= 1
    assert after["framejam_sessions"] == after["framejam_connections"] == 1
    for quiet in ("commits_failed", "slow_closes", "worker_deaths", "rate_limited"):
        assert after[f"framejam_{quiet}_total"] == 0
    assert "framejam_outbox_bytes" in after
    assert "framejam_previews_replaced_total" in after
    secrets = [server.session, server.token, raw.token, raw.welcome["participant"]]
    for secret in (*secrets, raw.welcome["epoch"], "Zacharias", "marmot", "client-"):
        assert secret.encode() not in page
    labels = set(re.findall(r'(\w+)="', page.decode()))
    assert labels <= {"outcome", "le"}, "the number of series does not grow with its use"
    await raw.close()


async def test_metrics_are_for_this_machine_and_not_for_whom_a_proxy_brings(shared):
    assert (await call(shared, "/metrics"))[0] == 200
    for header in FORWARDED:
        request = urllib.request.Request(shared.origin + "/metrics", headers={header: "10.0.0.1"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            await asyncio.to_thread(urllib.request.urlopen, request)
        assert caught.value.code == 404


@pytest.mark.parametrize(
    ("audience", "remote", "allowed"),
    [
        ("local", "127.0.0.1", True),
        ("local", "::1", True),
        ("local", "192.168.1.7", False),
        ("local", None, False),
        ("all", "192.168.1.7", True),
        ("off", "127.0.0.1", False),
    ],
)
async def test_metrics_have_the_audience_of_the_setting(audience, remote, allowed):
    handle = metrics_handler(Metrics(), audience)
    request = make_mocked_request("GET", "/metrics").clone(remote=remote)
    if allowed:
        assert (await handle(request)).status == 200
    else:
        with pytest.raises(web.HTTPNotFound):
            await handle(request)


def test_metrics_of_two_servers_do_not_mix():
    one, other = Metrics(), Metrics()
    one.slow_close()
    assert values(one.page())["framejam_slow_closes_total"] == 1
    assert values(other.page())["framejam_slow_closes_total"] == 0


async def test_C4_slow_closes_and_replaced_previews_are_counted():
    async def nowhere(_data):
        pass

    metrics = Metrics()
    box = Outbox(nowhere, limit=100, observer=metrics)
    for _ in range(3):
        box.offer("preview", b"p")
        box.offer("cursor", b"c")
    box.send(b"x" * 90)
    assert box.queued_bytes == 90
    box.send(b"x" * 90)
    box.send(b"x" * 90)
    assert box.queued_bytes == 0
    found = values(metrics.page())
    assert found["framejam_previews_replaced_total"] == 2
    assert found["framejam_slow_closes_total"] == 1


async def test_T6_readyz_says_that_the_renderer_is_gone_until_there_is_another(launch):
    server = launch()
    raw = await server.join()
    await raw.preview(preview_done)
    assert (await call(server, "/readyz"))[0] == 200
    import os

    worker = worker_of(server)
    os.kill(worker, 9)
    async with asyncio.timeout(20):
        while (answer := await call(server, "/readyz"))[0] == 200:
            await asyncio.sleep(0.02)
    assert answer[0] == 503
    body = json.loads(answer[1])
    assert body["ready"] is False
    assert list(body["reasons"]) == ["renderer"]
    assert (await call(server, "/healthz"))[0] == 200, "the process is well"
    ack = await raw.content("somebody wants a picture")
    await raw.preview(
        lambda p: preview_done(p) and int.from_bytes(p[24:32], "big") >= ack["seq"], 60
    )
    assert (await call(server, "/readyz"))[0] == 200
    assert values((await call(server, "/metrics"))[1])["framejam_worker_deaths_total"] == 1
    await raw.close()


@pytest.mark.parametrize(
    ("ping_fails", "failed_ago", "closed", "parts"),
    [
        (False, float("inf"), False, []),
        (True, float("inf"), False, ["store"]),
        (False, 1.0, False, ["store"]),
        (False, STORE_TROUBLE_S + 1, False, []),
        (False, float("inf"), True, ["server"]),
        (True, 1.0, True, ["server", "store"]),
    ],
)
async def test_readyz_gives_the_reason_and_not_the_innards(ping_fails, failed_ago, closed, parts):
    class Store:
        async def ping(self):
            if ping_fails:
                raise StoreError("cannot open /home/somebody/data/framejam.db")

    now = asyncio.get_running_loop().time()
    hub = SimpleNamespace(store=Store(), closed=closed, commit_failed_at=now - failed_ago)
    answer = await Health(hub, lambda: True).ready(make_mocked_request("GET", "/readyz"))
    body = json.loads(answer.body)
    assert (answer.status, list(body["reasons"])) == (503 if parts else 200, parts)
    assert body["ready"] == (not parts)
    assert "somebody" not in answer.body.decode()


async def test_L2_commits_that_fail_are_counted(monkeypatch):
    from test_live import ROW, SETTINGS, FailingStore

    from framejam_protocol.events import Created, Event, Joined
    from framejam_server.live import Clock, LiveSession
    from framejam_server.session.session import Session

    store, metrics = FailingStore(), Metrics()
    created = Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))
    await store.create_session(ROW, [created])
    clock = Clock(lambda: 0, lambda: 0.0)
    live = LiveSession(ROW, Session([created]), store, clock, None, metrics)
    live.start()
    anna = Joined(participant="anna", name="anna", color="#000000", role="editor")
    store.full = True
    with suppress(StoreError):
        await live.join(anna)
    assert live.journal.failed_at > 0
    store.full = False
    await live.join(anna)
    assert live.journal.failed_at == float("-inf")
    found = values(metrics.page())
    assert found["framejam_commits_failed_total"] == 1
    assert found["framejam_events_committed_total"] == 1
    await live.stop(4000, "bye")
