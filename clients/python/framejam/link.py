"""The link people pass on: ``http://host:port/s/SESSION#TOKEN``."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from framejam.errors import BadLink


@dataclass(frozen=True)
class Link:
    """A parsed link. ``base`` is everything before ``/s/``; the token never enters a URL (A2)."""

    base: str
    session: str
    token: str

    @property
    def socket_url(self) -> str:
        """Where the session's WebSocket is: ``ws://`` for http, ``wss://`` for https."""
        return "ws" + self.base.removeprefix("http") + "/socket"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is this machine: then no proxy may stand between."""
        host = urlsplit(self.base).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def parse_link(url: str) -> Link:
    """Take a link apart. Raises ``BadLink`` naming what is missing."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise BadLink(f"a link starts with http:// or https:// and a host, not {url[:40]!r}")
    prefix, found, session = parts.path.rpartition("/s/")
    session = session.rstrip("/")
    if not found or not session or "/" in session:
        raise BadLink("the link names no session; it has the form http://host/s/SESSION#TOKEN")
    if not parts.fragment:
        raise BadLink("the link has no #TOKEN at its end; copy it whole")
    return Link(f"{parts.scheme}://{parts.netloc}{prefix}", session, parts.fragment)
