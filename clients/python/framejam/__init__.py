"""The Python client of framejam: join a session, steer its clip, watch it sharpen.

    import asyncio, framejam

    async def main() -> None:
        async with framejam.connect("http://127.0.0.1:8765/s/ID#TOKEN", name="painter") as session:
            await session.content("a red butterfly over a meadow")
            await session.paint([(0.2, 0.5), (0.8, 0.5)], color="#ffcc00")
            async for preview in session.previews():
                print(preview.step, "of", preview.steps)

    asyncio.run(main())

Needs no torch and no model: everything heavy is the server's.
"""

from framejam.access import Audited, Invite
from framejam.errors import (
    BadLink,
    Closed,
    FramejamError,
    Gone,
    LookEnded,
    Refused,
    TakeFailed,
    Unauthorised,
    Unreachable,
)
from framejam.looks import Look
from framejam.pending import Receipt
from framejam.previews import Kept, Preview
from framejam.rest import Influence
from framejam.session import Session, connect

__all__ = [
    "Audited",
    "BadLink",
    "Closed",
    "FramejamError",
    "Gone",
    "Influence",
    "Invite",
    "Kept",
    "Look",
    "LookEnded",
    "Preview",
    "Receipt",
    "Refused",
    "Session",
    "TakeFailed",
    "Unauthorised",
    "Unreachable",
    "connect",
]
