"""Suite ``collab`` counts what it should count. No test looks at a time: machines differ."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from pycrdt import Doc
from pycrdt import Text as YText

from framejam_protocol.events import Edited, Entered
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Text
from framejam_protocol.messages import Ack
from framejam_server.app import DATABASE
from framejam_server.bench import collab as suite
from framejam_server.bench.asked import Crowd, Previews
from framejam_server.bench.collab import Sizes, collab
from framejam_server.bench.command import SUITES
from framejam_server.bench.drawn import drawn_events
from framejam_server.bench.history import WRITERS, store_history, typed_events
from framejam_server.bench.result import to_json
from framejam_server.bench.resume import Lengths
from framejam_server.bench.run import _SUITES
from framejam_server.bench.servant import gathered, servant
from framejam_server.bench.speech import Typist
from framejam_server.session.session import Session
from framejam_server.session.upcast import decode_log
from framejam_server.store.migrate import migrate
from framejam_server.store.sql import SqlStore, create_engine, sqlite_url

TINY = Sizes(
    rounds=1,
    seconds=0.4,
    sessions=2,
    edits_per_second=50,
    listeners=8,
    fanout_per_second=20,
    watchers=5,
    previews_per_second=20,
    keystrokes=300,
    long=Lengths(rounds=1, instructions=200, behind=50, far=300, keystrokes=300),
    idle_sessions=3,
    idle_connections=6,
)

KEYS = {
    "ack_p99_ms_1000",
    "deliveries_per_cpu_s_edits",
    "deliveries_per_cpu_s_previews",
    "fanout_p99_ms",
    "typing_deliveries_per_cpu_s",
    "typing_p50_ms",
    "typing_p99_ms",
    "fold_250k_s",
    "fold_250k_edit_s",
    "join_10k_ms",
    "resume_1k_ms",
    "join_100k_ms",
    "join_100k_ack_p99_ms",
    "fold_snapshot_ms",
    "idle_session_kb",
    "idle_connection_kb",
}


def yjs_text(updates):
    doc = Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get("text", type=YText))


def test_the_suite_is_one_that_can_be_asked_for():
    assert set(_SUITES) == set(SUITES)
    assert "collab" in SUITES


async def test_the_suite_measures_all_its_numbers_and_loses_nothing():
    found = await collab(TINY)
    assert set(found) == KEYS
    for name in KEYS - {"idle_session_kb", "idle_connection_kb"}:
        assert found[name].value > 0, name
    for name in ("ack_p99_ms_1000", "deliveries_per_cpu_s_edits"):
        assert "1 of the deliveries came (naive: 1)" in found[name].note
        assert found[name].baseline is not None
    assert set(json.loads(to_json(found))["fold_250k_s"]) >= {"value", "low", "high", "baseline"}


async def test_a_crowd_counts_every_delivery_and_every_ack_once(tmp_path: Path):
    async with (
        servant("host", str(tmp_path)) as host,
        servant("plain", str(tmp_path / "plain.sqlite")) as plain,
        servant("crowd", serves=False) as crowd,
    ):
        for server, edits in ((host, "strokes"), (host, "typing"), (plain, "strokes")):
            rooms = await suite._rooms(server, 2)
            asked = Crowd(server.speaks, server.port, server.pid, rooms, 4, 3, 40, 0.5, edits)
            seen = await gathered(crowd, asked, server, None)
            assert len(rooms) == 2
            # 20 edits, each to the four people of its own room.
            assert (seen.deliveries, seen.owed, seen.refused) == (80, 80, 0), (server, edits)
            assert len(seen.acks) == 20
            assert len(seen.deliveries_ms) == 80
            assert all(0 < one < 60_000 for one in [*seen.acks, *seen.deliveries_ms])
        for server in (host, plain):
            (room,) = rooms = await suite._rooms(server, 1)
            asked = Crowd(
                server.speaks, server.port, server.pid, rooms, 3, 1, 1, 0.5, "none", previews=True
            )
            seen = await gathered(crowd, asked, server, Previews(room, 5000, 20, 0.3))
            assert seen.deliveries == 3 * 6
            assert seen.owed == 0
    stored = SqlStore(create_engine(tmp_path / DATABASE))
    logs = [(await stored.load(row.id)) for row in await stored.sessions()]
    await stored.close()
    edits = [sum(isinstance(e.body, Edited) for e in log.events) for log in logs if log]
    assert edits == [10, 10, 10, 10, 0], "what was acknowledged is in the database"


def test_a_made_up_history_is_one_that_yjs_and_the_fold_agree_on():
    events = list(typed_events(1500))
    typed = [e for e in events if isinstance(e.body, Edited)]
    assert len(typed) == 1500
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    updates = [e.body.instruction.update for e in typed if isinstance(e.body.instruction, Text)]
    state = fold(events)
    assert yjs_text(updates) == prompt_text(state, "content") != ""
    assert any(splice.removed for e in typed for splice in e.body.instruction.splices)
    entered = [seq for e in events if isinstance(e.body, Entered) for seq in e.body.edits]
    assert entered == [e.seq for e in typed]
    groups = {e.body.group or e.seq for e in typed}
    assert 1500 / 40 < len(groups) < 1500 / 10
    assert list(typed_events(1500)) == events


async def test_a_stored_history_comes_back_whole_with_its_receipts(tmp_path: Path):
    database = tmp_path / DATABASE
    migrate(sqlite_url(database, "sqlite"))
    await store_history(database, "0123456789abcdef", 200)
    store = SqlStore(create_engine(database))
    stored = await store.load("0123456789abcdef")
    await store.close()
    assert stored is not None
    assert stored.events == list(typed_events(200))
    assert len(stored.receipts) == 200
    core = Session(stored.events, stored.receipts)
    assert len(core.clients) == WRITERS
    for event in stored.events:
        if event.client_id is not None:
            answer = core.clients[event.client_id].receipts[event.client_seq].answer
            assert answer == Ack(event.client_seq, event.seq)


def test_a_made_up_drawing_is_one_that_a_server_would_have_kept():
    events = list(drawn_events(1500))
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    state = fold(events)
    assert len(state.edits) == 1500
    assert state.dead
    assert not state.pending() or state.reflected > 1450
    kinds = {kind.__name__: len(seqs) for kind, seqs in state.by_kind.items()}
    assert kinds.keys() == {"Text", "Drag", "Comment", "Revise", "Paint"}
    assert kinds["Paint"] > 900
    assert decode_log([msgspec.msgpack.encode(event) for event in events]) == events
    texts = [e.body.instruction for e in events if isinstance(e.body, Edited)]
    updates = [text.update for text in texts if isinstance(text, Text)]
    assert yjs_text(updates) == prompt_text(state, "content") != ""
    assert list(drawn_events(1500)) == events


def test_typists_who_see_nothing_of_each_other_make_one_text():
    one, other = Typist(1000), Typist(1001)
    updates = [typist.type() for _ in range(30) for typist in (one, other)]
    text = yjs_text(updates)
    # Of thirty keystrokes five took a letter back.
    assert len(text) == 2 * (25 - 5)
    assert yjs_text(reversed(updates)) == text
