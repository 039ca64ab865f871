"""What strangers may use up (C1, A2): places to say hello, and the answers to wrong tokens.

Both are counted by address, so that one host does not take everybody's share.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from framejam_protocol.limits import (
    FAILED_TOKENS_PER_MINUTE,
    MAX_UNAUTHENTICATED,
    MAX_UNAUTHENTICATED_PER_ADDRESS,
)
from framejam_server.net.auth import authenticate
from framejam_server.session.ratelimit import Bucket
from framejam_server.store.contract import Store, StoreError, Token

MAX_ADDRESSES: Final = 4096
MAX_KNOWN_TOKENS: Final = 4096
"""Addresses and tokens remembered: 1 MB at most, whoever knocks."""

_V6_HOST: Final = 64


class NoPlace(Exception):
    """Too many connections wait to say hello; ``own`` tells that they are this address's."""

    def __init__(self, own: bool) -> None:
        super().__init__("too many connections are waiting to say hello; try again in a moment")
        self.own = own


class TooManyFailures(Exception):
    """Too many wrong tokens came from this address; ``retry_after_s`` is at least 1."""

    def __init__(self, wait: float) -> None:
        super().__init__("too many wrong tokens came from your address; try again later")
        self.retry_after_s = max(1, round(wait))


class Gate:
    """Counts what addresses use up before anybody knows who they are."""

    def __init__(
        self,
        store: Store,
        mono: Callable[[], float],
        hellos_per_address: int = MAX_UNAUTHENTICATED_PER_ADDRESS,
        failed_tokens_per_minute: int = FAILED_TOKENS_PER_MINUTE,
    ) -> None:
        self._store = store
        self._mono = mono
        self._hellos_per_address = hellos_per_address
        self._failures = failed_tokens_per_minute
        self._waiting: Counter[str] = Counter()
        self._buckets: dict[str, Bucket] = {}
        self._known: dict[bytes, None] = {}

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """A place to say hello in, until the context ends. Raises ``NoPlace``."""
        own = self._waiting[address] >= self._hellos_per_address
        if own or self._waiting.total() >= MAX_UNAUTHENTICATED:
            raise NoPlace(own)
        self._waiting[address] += 1
        try:
            yield
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]

    async def authenticate(self, address: str, session: str, text: str) -> Token | None:
        """The token, if it is genuine and of this session; None whatever else is wrong.

        A token that was right before is always looked at: people who share an address with
        somebody who guesses are not locked out. Raises ``TooManyFailures`` and ``StoreError``.
        """
        digest = _digest(text)
        known = digest in self._known
        bucket = self._bucket(address)
        # Taken before the store is asked, for many may ask at one time; given back if it is right.
        if not known and (wait := bucket.take(self._mono())) > 0:
            raise TooManyFailures(wait)
        try:
            token = await authenticate(self._store, session, text)
        except StoreError:
            if not known:
                bucket.give_back(self._mono(), 1.0)  # nobody knows yet whether it was wrong
            raise
        if token is None:
            self._known.pop(digest, None)
            return None
        if not known:
            bucket.give_back(self._mono(), 1.0)
            self.know(text)
        return token

    def know(self, text: str) -> None:
        """This token is right: it was looked at, or given out just now."""
        self._known[_digest(text)] = None
        if len(self._known) > MAX_KNOWN_TOKENS:
            del self._known[next(iter(self._known))]

    def _bucket(self, address: str) -> Bucket:
        bucket = self._buckets.get(address)
        if bucket is None:
            if len(self._buckets) >= MAX_ADDRESSES:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[address] = Bucket(self._failures / 60, self._failures)
        return bucket


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def address_of(remote: str | None) -> str:
    """What counts as one host: an IPv4 address, or the /64 an IPv6 address is in.

    Hosts choose the rest of an IPv6 address as they like. What is no address counts as itself.
    """
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return remote or ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _V6_HOST), strict=False))
