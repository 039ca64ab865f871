"""The few things that go over HTTP: images up and down, invites, the finished clip.

``urllib`` in a thread: large uploads then need no second HTTP stack in a client's install.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from http.client import HTTPException
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
        return await self._request("GET", path, None, "")

    async def post(self, path: str, body: bytes, kind: str) -> Any:
        """Send ``body`` of content type ``kind``; the JSON that comes back. Raises as ``get``."""
        return json.loads(await self._request("POST", path, body, kind))

    async def upload(self, source: ImageSource) -> str:
        """Keep an image with the session; its blob id. Raises ``OSError`` and as ``get``."""
        data = await asyncio.to_thread(_image_bytes, source)
        made = await self.post("blobs", data, "application/octet-stream")
        return str(made["blob"])

    async def _request(self, method: str, path: str, body: bytes | None, kind: str) -> bytes:
        url = f"{self._link.base}/api/sessions/{self._link.session}/{path}"
        headers = {"Authorization": f"Bearer {self._token()}"}
        if body is not None:
            headers["Content-Type"] = kind
        request = Request(url, data=body, headers=headers, method=method)
        return await asyncio.to_thread(self._open, request)

    def _open(self, request: Request) -> bytes:
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                body: bytes = response.read()
                return body
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
