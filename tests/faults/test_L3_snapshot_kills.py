"""kill -9 while snapshots are written: what is left is whole, and the log is what counts."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing

from writers import KnownLog, Writer

from framejam_protocol.fold.canonical import StateHasher
from framejam_protocol.fold.snapshot import thaw
from framejam_protocol.fold.state import fold
from framejam_server.app import DATABASE
from framejam_server.session.upcast import decode_log
from framejam_server.store.contract import SNAPSHOTS_KEPT

EVERY = 10
"""Events after which the next is written: at this pace there is hardly a moment without one."""

PER_SECOND = 100.0


def left(folder, copy, session):
    """The log and the snapshots {seq: data} of a database whose server was killed."""
    copy.mkdir()
    for file in folder.glob(f"{DATABASE}*"):
        shutil.copy(file, copy)
    with closing(sqlite3.connect(copy / DATABASE)) as found:
        log = found.execute("select event from events where session = ? order by seq", (session,))
        rows = found.execute("select seq, data from snapshots where session = ?", (session,))
        return decode_log([row for (row,) in log]), dict(rows.fetchall())


async def test_L3_kills_leave_whole_snapshots_and_a_start_that_equals_the_fold(
    launch, faults, monkeypatch, tmp_path
):
    monkeypatch.setenv("FRAMEJAM_SNAPSHOT_EVENTS", str(EVERY))
    kills = faults.pick(3, 100)
    chance = random.Random(f"snapshots {faults.seed}")
    writers = [Writer(f"writer-{number:04d}") for number in range(2)]
    log = KnownLog()
    server = launch()
    folder = tmp_path / "data"
    newest, behind = 0, []
    for number in range(1, kills + 1):
        for writer in writers:
            await writer.connect(server, log.epoch, len(log.events))
        writing = [asyncio.create_task(writer.write(PER_SECOND)) for writer in writers]
        await asyncio.sleep(chance.uniform(0.3, 1.2))
        server.kill()
        server.process.stdout.close()
        await asyncio.gather(*writing)
        for writer in writers:
            await writer.cut_off()
        events, snapshots = left(folder, tmp_path / f"copy-{number}", server.session)
        assert 1 <= len(snapshots) <= SNAPSHOTS_KEPT
        for seq, data in snapshots.items():
            assert thaw(data, events, StateHasher()) == fold(events[:seq]), seq
        assert max(snapshots) > newest, "some were written since the last kill"
        newest = max(snapshots)
        behind.append(len(events) - newest)
        server = launch(port=server.port)
        # Held against the fold of all events: the hash of the welcome, and every hash after it.
        await log.read(server, writers[0].token, whole=False)
        assert len(log.events) >= len(events)
        for writer in writers:
            log.require(writer)
        faults.say(
            f"kill {number} of {kills}: {len(events)} events, snapshots {sorted(snapshots)}, "
            f"{behind[-1]} events to fold"
        )
    assert any(behind), "no start had anything to fold: this proved nothing"
