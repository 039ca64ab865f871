"""Metrics for Prometheus: counts and times of the whole server, never who or what.

No label carries a session, a person, a token or a word of theirs, so the number of series is
fixed. The registry is this object's own: two servers in one process do not mix.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from framejam_server.observer import Observer, TakeOutcome

Audience = Literal["local", "all", "off"]

_ACK_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_STEP_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""A proxy on this machine makes the whole world look local; these headers give it away."""


class Metrics(Observer):
    """Counts what it is told, and reads the gauges it is given when somebody asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._committed = self._counter("events_committed", "Events that became durable")
        self._failed = self._counter("commits_failed", "Transactions that failed")
        self._limited = self._counter("rate_limited", "Commands refused as rate_limited")
        self._slow = self._counter("slow_closes", "Connections closed with 4001")
        self._sent = self._counter("previews_sent", "Previews handed to a socket")
        self._replaced = self._counter("previews_replaced", "Previews that a newer one replaced")
        self._died = self._counter("worker_deaths", "Renderers that ended and were replaced")
        self._takes = Counter(
            "framejam_takes", "How takes ended", ["outcome"], registry=self.registry
        )
        for outcome in ("finished", "failed", "parked"):
            self._takes.labels(outcome)
        self._acks = Histogram(
            "framejam_ack_seconds",
            "From a command's arrival to its ack",
            buckets=_ACK_S,
            registry=self.registry,
        )
        self._steps = Histogram(
            "framejam_step_seconds",
            "One step of a take, waiting for its turn included",
            buckets=_STEP_S,
            registry=self.registry,
        )

    def gauge(self, name: str, what: str, read: Callable[[], float]) -> None:
        """A gauge ``framejam_<name>`` that is read when it is asked for."""
        Gauge(f"framejam_{name}", what, registry=self.registry).set_function(read)

    def page(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def committed(self, events: int) -> None:
        self._committed.inc(events)

    def commit_failed(self) -> None:
        self._failed.inc()

    def acked(self, took: float) -> None:
        self._acks.observe(took)

    def rate_limited(self) -> None:
        self._limited.inc()

    def slow_close(self) -> None:
        self._slow.inc()

    def preview_sent(self) -> None:
        self._sent.inc()

    def preview_replaced(self) -> None:
        self._replaced.inc()

    def stepped(self, took: float) -> None:
        self._steps.observe(took)

    def take(self, outcome: TakeOutcome) -> None:
        self._takes.labels(outcome).inc()

    def worker_died(self) -> None:
        self._died.inc()

    def _counter(self, name: str, what: str) -> Counter:
        return Counter(f"framejam_{name}", what, registry=self.registry)


def metrics_handler(
    metrics: Metrics, audience: Audience
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """``GET /metrics`` for this audience; for others there is no such page."""

    async def handle(request: web.Request) -> web.Response:
        if audience == "off" or (audience == "local" and not _is_local(request)):
            raise web.HTTPNotFound
        return web.Response(body=metrics.page(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return handle


def _is_local(request: web.Request) -> bool:
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address((request.remote or "").partition("%")[0]).is_loopback
    except ValueError:
        return False
