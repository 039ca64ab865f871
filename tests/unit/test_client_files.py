"""The client's HTTP side against a server that misbehaves: files come whole or not at all."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from framejam import Refused, Unreachable
from framejam.access import Invite
from framejam.link import Link
from framejam.rest import Rest

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


class Asked(BaseHTTPRequestHandler):
    """Gives every request to the test's ``answer``."""

    answer: Answer

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        type(self).answer(self, body)

    do_GET = do_POST = do_PATCH = do_DELETE = _any

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def say(status: int, body: bytes, length: int | None = None) -> Answer:
    """An answer of this status; ``length`` is what its header promises."""

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Rest]]:
    """A server that gives one answer to everything, and the client of it."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> Rest:
        handler = type("Handler", (Asked,), {"answer": staticmethod(answer)})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return Rest(Link(f"http://127.0.0.1:{server.server_port}", "s1", "t"), lambda: "now")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


async def test_R5_a_file_is_replaced_when_all_of_it_is_here(
    serve: Callable[[Answer], Rest], tmp_path: Path
) -> None:
    target = tmp_path / "session.framejam"
    target.write_bytes(b"old")
    with pytest.raises(Unreachable, match="broke off 5 bytes"):
        await serve(say(200, b"half of ", 13)).save("bundle", target)
    assert target.read_bytes() == b"old"
    with pytest.raises(Refused) as caught:
        await serve(
            say(404, b'{"error": {"code": "not_found", "message": "no such session"}}')
        ).save("bundle", target)
    assert caught.value.code == "not_found"
    assert target.read_bytes() == b"old"
    large = bytes(range(256)) * 5000
    assert await serve(say(200, large)).save("bundle", target) == target
    assert target.read_bytes() == large
    assert os.listdir(tmp_path) == [target.name], "no part is left behind"


async def test_R5_where_it_cannot_be_written_is_said_as_such(
    serve: Callable[[Answer], Rest], tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await serve(say(200, b"x")).save("bundle", tmp_path / "nowhere" / "b.framejam")
    with pytest.raises(IsADirectoryError):
        await serve(say(200, b"x")).save("bundle", tmp_path)


async def test_R5_a_file_is_sent_as_it_is(serve: Callable[[Answer], Rest], tmp_path: Path) -> None:
    got: list[tuple[str, str | None, bytes]] = []

    def keep(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        got.append((handler.path, handler.headers["Authorization"], body))
        say(201, b'{"path": "/s/x#y"}')(handler, body)

    source = tmp_path / "bundle"
    source.write_bytes(bytes(range(256)) * 3000)
    answer = await serve(keep).send("imports", source)
    assert json.loads(answer) == {"path": "/s/x#y"}
    assert got == [("/api/sessions/s1/imports", "Bearer now", source.read_bytes())]
    with pytest.raises(FileNotFoundError):
        await serve(keep).send("imports", tmp_path / "nowhere")


async def test_A1_calls_say_what_is_given_and_nothing_else(
    serve: Callable[[Answer], Rest],
) -> None:
    got: list[tuple[str, str, bytes]] = []

    def keep(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        got.append((handler.command, handler.path, body))
        say(200, b"")(handler, body)

    rest = serve(keep)
    assert await rest.ask("PATCH", "people/p", {"role": "viewer", "hand_over": None}) is None
    assert await rest.ask("DELETE", "") is None
    assert got == [
        ("PATCH", "/api/sessions/s1/people/p", b'{"role": "viewer"}'),
        ("DELETE", "/api/sessions/s1", b""),
    ]


async def test_L5_a_break_in_mid_answer_is_no_answer(serve: Callable[[Answer], Rest]) -> None:
    with pytest.raises(Unreachable, match="broke off"):
        await serve(say(200, b'{"a"', 100)).get("who")
    with pytest.raises(Unreachable):
        await Rest(Link("http://127.0.0.1:1", "s1", "t"), lambda: "t").get("takes")


def test_A1_an_invite_of_the_server_has_no_time_and_no_end() -> None:
    told = {
        "id": "1",
        "role": "owner",
        "label": "launch",
        "uses": 4,
        "max_uses": None,
        "created_at": 0,
        "created_by": "",
        "expires_at": None,
        "usable": True,
    }
    invite = Invite.of(told)
    assert (invite.created_at, invite.expires_at, invite.created_by) == (None, None, "")
    later = Invite.of({**told, "created_at": 1500, "expires_at": 2500})
    assert (later.expires_at - later.created_at).total_seconds() == 1.0
