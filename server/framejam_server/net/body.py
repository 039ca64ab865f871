"""The JSON body of an HTTP call, or an error that names the field at fault."""

from __future__ import annotations

import re
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from framejam_protocol.errors import Code
from framejam_server.net.caller import HttpError

T = TypeVar("T")

MAX_JSON_BYTES: Final = 16 * 1024
"""More than any JSON body needs; images and bundles are no JSON."""

_FIELD: Final = re.compile(r"at `\$\.([a-z_]+)|field `([a-z_]+)`")
_HINTS: Final = {"role": "; roles are owner, editor and viewer"}


async def read_json(request: web.Request, kind: type[T]) -> T:
    """The body as ``kind``, a msgspec struct. Raises ``HttpError``."""
    data = await request.read()
    if len(data) > MAX_JSON_BYTES:
        raise HttpError(
            Code.TOO_LARGE, f"this body has at most {MAX_JSON_BYTES // 1024} KiB", "body"
        )
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        found = _FIELD.search(str(error))
        field = next((name for name in found.groups() if name), "body") if found else "body"
        raise HttpError(Code.INVALID, f"{error}{_HINTS.get(field, '')}", field) from error
