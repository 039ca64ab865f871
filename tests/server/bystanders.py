"""Whatever one client does wrong, the log stays as it was and nobody else notices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from running import Raw, RunningServer

T = TypeVar("T")

QUIET = ("people", "presence", "take")
"""What a server tells people without anything having happened to the log."""


async def other_people_hear_nothing(
    server: RunningServer,
    act: Callable[[Raw], Awaitable[T]],
    sender: Raw | None = None,
    ends: bool = False,
) -> T:
    """Run ``act(raw)`` and return its result; log and others stay as they were.

    ``sender`` is somebody else than a new owner. Unless the connection ``ends``, it is good for a
    proper edit afterwards.
    """
    raw, other = sender or await server.join(), await server.join()
    await raw.catch_up()
    await other.catch_up()
    if sender is None:
        await raw.content("start")
    before = await server.join()
    head, hashed = before.welcome["head_seq"], before.welcome["state_hash"]
    await before.close()
    heard = len(_news(other))
    result = await act(raw)
    after = await server.join()
    await after.catch_up()
    # The only new events are the arrivals of the two who looked.
    kinds = {event["body"]["kind"] for event in after.events if event["seq"] > head}
    assert kinds <= {"joined", "entered"}
    assert after.welcome["state_hash"] == hashed
    assert other.closed is None
    news = _news(other)[heard:]
    assert {m["type"] for m in news} <= {"event"}
    assert {m["body"]["kind"] for m in news} <= {"joined", "entered"}
    if not ends:
        ack = await raw.paint("#123456")
        assert ack["type"] == "ack", "the client goes on"
        await other.wait_for(lambda m: m["type"] == "event" and m["seq"] == ack["seq"])
        assert (await raw.command(type="undo"))["type"] == "ack"
    for one in (raw, other, after):
        await one.close()
    return result


def _news(raw: Raw) -> list[dict[str, Any]]:
    return [m for m in raw.messages if m["type"] not in QUIET]
