"""What suite ``collab`` asks of the processes that it starts, one line of JSON each way."""

from __future__ import annotations

import msgspec


class MakeSessions(msgspec.Struct, frozen=True, tag="sessions"):
    """Make so many sessions and keep them open."""

    count: int


class Previews(msgspec.Struct, frozen=True, tag="previews"):
    """Show pictures of ``size`` bytes in a session for some ``seconds``."""

    session: str
    size: int
    per_second: float
    seconds: float


Request = MakeSessions | Previews


class Answer(msgspec.Struct, frozen=True):
    """Done. ``tokens`` are those of the new sessions' invites."""

    tokens: dict[str, str]


class Crowd(msgspec.Struct, frozen=True):
    """People who are in rooms, some of whom edit, for ``seconds``.

    ``kind`` is what the server speaks: "framejam", "plain" (``bench.plain``) or "room"
    (pycrdt-websocket). Each of ``rooms`` (of a framejam server: {session: token}) has ``each``
    connections; the first ``writers`` of them send ``per_second`` edits in all. ``edits`` says
    which: "strokes", "typing" or "none". ``pid`` is the server's process, whose CPU time is read.
    """

    kind: str
    port: int
    pid: int
    rooms: dict[str, str]
    each: int
    writers: int
    per_second: float
    seconds: float
    edits: str
    previews: bool = False


class Seen(msgspec.Struct, frozen=True):
    """What a crowd saw: times in milliseconds, CPU time in seconds.

    ``deliveries`` are edits or pictures that reached somebody, ``owed`` those that should have.
    ``acks`` are the times until an edit's own sender knew, ``deliveries_ms`` until each of the
    connections had it. ``refused`` commands are in none of these.
    """

    deliveries: int
    owed: int
    cpu_s: float
    acks: list[float]
    deliveries_ms: list[float]
    refused: int = 0
