"""What goes over HTTP: images, clips and bundles up and down, access, the history's pictures.

``urllib`` in a thread: large uploads then need no second HTTP stack in a client's install.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from framejam.errors import Refused, Unreachable
from framejam.link import Link
from framejam_protocol.geometry import from_units

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    ImageSource = str | os.PathLike[str] | bytes | Picture

_TIMEOUT_S: Final = 60.0
"""One upload or download; encoding a clip takes the server a few seconds at most."""

_BUNDLE_TIMEOUT_S: Final = 600.0
"""Everything in a bundle is checked before the server answers."""

_CHUNK_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class Influence:
    """An instruction that weighs on a point of a frame (M6).

    ``edit`` is its seq, ``group`` that of the gesture it belongs to, ``kind`` as in the protocol,
    ``author`` a participant's id and ``name`` their name; ``weight`` 0 to 1. ``prompt`` is
    the prompt's name where the kind is "text", else None. ``revised_by`` is the participant
    who last changed it, or None.
    """

    edit: int
    group: int
    kind: str
    author: str
    name: str
    weight: float
    prompt: str | None
    revised_by: str | None

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Influence:
        """From the JSON of the server, which gives the weight in 1/65536."""
        known: dict[str, Any] = {one.name: answer.get(one.name) for one in fields(cls)}
        return cls(**{**known, "weight": from_units(answer["weight"])})


class Rest:
    """HTTP requests of one participant to one session. ``token`` is asked for at every call."""

    def __init__(self, link: Link, token: Callable[[], str]) -> None:
        self._link = link
        self._token = token
        self._opener = _opener(link)

    async def get(self, path: str) -> bytes:
        """The body at ``path`` below the session. Raises ``Refused`` and ``Unreachable``."""
        return (await self.fetch(path))[0]

    async def post(self, path: str, body: bytes, kind: str) -> Any:
        """Send ``body`` of content type ``kind``; the JSON that comes back. Raises as ``get``."""
        answer, _ = await self._request("POST", path, body, kind)
        return json.loads(answer)

    async def ask(self, method: str, path: str, wanted: Mapping[str, object] | None = None) -> Any:
        """Send ``wanted``, less what is None, as JSON; the JSON that comes back, None where there
        is none. Raises as ``get``."""
        given = {name: one for name, one in (wanted or {}).items() if one is not None}
        body = None if wanted is None else json.dumps(given).encode()
        answer, _ = await self._request(method, path, body, "application/json")
        return json.loads(answer) if answer else None

    async def fetch(self, path: str) -> tuple[bytes, HTTPMessage]:
        """The body at ``path`` and the headers it came with. Raises as ``get``."""
        return await self._request("GET", path, None, "")

    async def save(self, path: str, target: Path) -> Path:
        """Write the body at ``path`` to the file ``target``, all of it or nothing.

        Raises ``OSError`` where it cannot be written and as ``get``.
        """
        request = self._made("GET", path, None, "")
        await asyncio.to_thread(self._save, request, target)
        return target

    async def send(self, path: str, source: Path) -> bytes:
        """Send a file, however large; the body of the answer. Raises ``OSError`` where it cannot
        be read and as ``get``."""
        return await asyncio.to_thread(self._send, path, source)

    async def upload(self, source: ImageSource) -> str:
        """Keep an image with the session; its blob id. Raises ``OSError`` and as ``get``."""
        data = await asyncio.to_thread(_image_bytes, source)
        made = await self.post("blobs", data, "application/octet-stream")
        return str(made["blob"])

    async def _request(
        self, method: str, path: str, body: bytes | None, kind: str
    ) -> tuple[bytes, HTTPMessage]:
        request = self._made(method, path, body, kind)
        return await asyncio.to_thread(self._whole, request, _TIMEOUT_S)

    def _made(self, method: str, path: str, body: Any, kind: str) -> Request:
        below = f"/{path}" if path else ""
        url = f"{self._link.base}/api/sessions/{self._link.session}{below}"
        headers = {"Authorization": f"Bearer {self._token()}"}
        if body is not None:
            headers["Content-Type"] = kind
        return Request(url, data=body, headers=headers, method=method)

    def _whole(self, request: Request, timeout: float) -> tuple[bytes, HTTPMessage]:
        with self._open(request, timeout) as response:
            return b"".join(_pieces(response)), response.headers

    def _save(self, request: Request, target: Path) -> None:
        # Beside the target: only within one file system is a file put in place in one go.
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with part.open("xb") as file, self._open(request, _BUNDLE_TIMEOUT_S) as response:
                for piece in _pieces(response):
                    file.write(piece)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def _send(self, path: str, source: Path) -> bytes:
        with source.open("rb") as file:
            request = self._made("POST", path, file, "application/octet-stream")
            request.add_header("Content-Length", str(source.stat().st_size))
            return self._whole(request, _BUNDLE_TIMEOUT_S)[0]

    def _open(self, request: Request, timeout: float) -> HTTPResponse:
        with _typed():
            response: HTTPResponse = self._opener.open(request, timeout=timeout)
            return response


def _pieces(response: HTTPResponse) -> Iterator[bytes]:
    """The body in pieces. Raises ``Unreachable`` where it breaks off."""
    # What the reader of the pieces raises is not thrown in here: a full disk stays an OSError.
    with _typed():
        while piece := response.read(_CHUNK_BYTES):
            yield piece
    if response.length:
        raise Unreachable(f"the answer broke off {response.length} bytes before its end")


@contextmanager
def _typed() -> Iterator[None]:
    try:
        yield
    except HTTPError as error:
        raise _refused(error.code, error.read()) from error
    except (URLError, HTTPException, OSError) as error:
        raise Unreachable(f"the server did not answer: {error}") from error


def _image_bytes(source: ImageSource) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str | os.PathLike):
        return Path(source).read_bytes()
    buffer = io.BytesIO()
    source.save(buffer, format="PNG")
    return buffer.getvalue()


def _opener(link: Link) -> OpenerDirector:
    return build_opener(ProxyHandler({})) if link.is_loopback else build_opener()


def _refused(status: int, body: bytes) -> Refused:
    """The typed error in an error response, or one made of its status where there is none."""
    try:
        error = json.loads(body)["error"]
        return Refused(str(error["code"]), str(error["message"]), error.get("field"))
    except (ValueError, KeyError, TypeError):
        return Refused(f"http_{status}", f"the server answered {status} without saying why")
