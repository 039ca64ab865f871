"""``python writing.py DATABASE``: a server's writer, as fast as it can be, until it is killed.

Prints the seq of each event once it is durable.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rows import edited, receipt

from framejam_server.store.contract import Blob
from framejam_server.store.opening import open_store


async def main(file: Path) -> None:
    """Events with a receipt each and, now and then, an image's row in session1."""
    store = await open_store(file, None)
    stored = await store.load("session1")
    assert stored is not None
    seq = len(stored.events)
    while True:
        seq += 1
        await store.append("session1", [edited(seq, "word " * 50)], [receipt(seq)])
        if seq % 100 == 0:
            await store.add_blob("session1", Blob(f"{seq:064x}", "image/png", 1, 1, 1))
        print(seq, flush=True)


asyncio.run(main(Path(sys.argv[1])))
