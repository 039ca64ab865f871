"""``python carrying.py DATA import BUNDLE``, ``python carrying.py DATA branch SESSION``: moves a
session in a data folder; says when it begins, and ends without a word."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from pathlib import Path

from framejam_protocol.fold.state import fold
from framejam_server.bundles import Carrier
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.opening import open_store


async def carry(folder: Path, work: str, what: str) -> None:
    os.makedirs(folder, exist_ok=True)
    store = await open_store(folder / "framejam.db", None)
    files = BlobFiles(folder / "blobs")
    carrier = Carrier(store, files, lambda: secrets.token_hex(8), lambda: 1000)
    stored = None if work == "import" else await store.load(what)
    print("begun", flush=True)
    if stored is None:
        await carrier.bring(Path(what))
    else:
        (person, *_) = fold(stored.events).participants.values()
        await carrier.branch(what, len(stored.events), person)
    await store.close()


if __name__ == "__main__":
    asyncio.run(carry(Path(sys.argv[1]), *sys.argv[2:]))
