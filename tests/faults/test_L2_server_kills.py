"""kill -9 of the server under load: nothing acked is lost, nothing is there twice."""

from __future__ import annotations

import asyncio
import random

import pytest
from writers import KnownLog, Writer

PEOPLE = 5
PER_PERSON = 40.0
"""Edits a second of each: below the limit of one person, 200 a second together."""

DEAF = 2
"""So many lose the answers of the last moments: they send again what was stored already (L4)."""

ANY_MOMENT = 4
"""Every fourth kill comes whenever it comes. The others come the moment somebody hears an ack: what
was acked before it was durable is lost then."""

WHOLE_EVERY = 20
"""The whole log is read again this often; in between only what is new."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, monkeypatch):
    """Where the servers of a test keep their sessions."""
    if request.param == "postgresql":
        cluster = request.getfixturevalue("postgres")
        monkeypatch.setenv("FRAMEJAM_DATABASE", cluster.address(asyncio.run(cluster.new())))
    return request.param


@pytest.mark.usefixtures("database")
async def test_L2_L4_kills_lose_no_acked_edit_and_double_none(launch, faults):
    kills = faults.pick(3, 200)
    chance = random.Random(f"server {faults.seed}")
    writers = [Writer(f"writer-{number:04d}") for number in range(PEOPLE)]
    log = KnownLog()
    server = launch()
    without_ack = 0
    for number in range(1, kills + 1):
        known = len(log.events)
        for writer in writers:
            welcome = await writer.connect(server, log.epoch, known)
            answered, stored = writer.first_unanswered, log.given.get(writer.client_id, {})
            assert answered <= welcome["next_client_seq"] <= writer.highest + 1
            assert welcome["next_client_seq"] > max(stored, default=0)
        writing = [asyncio.create_task(writer.write(PER_PERSON)) for writer in writers]
        after = chance.uniform(0.1, 1.2)
        await asyncio.sleep(after)
        # Two never hear of their last edits; the others hear every answer until the very end.
        for writer in writers[:DEAF]:
            writer.go_deaf()
        await asyncio.sleep(chance.uniform(0.02, 0.1))
        if number % ANY_MOMENT:
            await writers[-1].next_ack()
        server.kill()
        server.process.stdout.close()
        await asyncio.gather(*writing)
        for writer in writers:
            await writer.cut_off()
        server = launch(port=server.port)
        whole = number % WHOLE_EVERY == 0 or not faults.long
        await log.read(server, writers[0].token, whole=whole)
        without_ack += sum(log.require(writer) for writer in writers)
        faults.say(
            f"kill {number} of {kills} after {after:.3f} s: {len(log.events)} events, "
            f"{sum(len(writer.answers) for writer in writers)} answered, "
            f"{without_ack} stored without their knowing so far"
        )
    assert all(writer.answers for writer in writers)
    for writer in writers:
        await writer.connect(server, log.epoch, len(log.events))
    await asyncio.gather(*(writer.write(PER_PERSON, writer.highest) for writer in writers))
    for writer in writers:
        await writer.cut_off()
    await log.read(server, writers[0].token, whole=True)
    for writer in writers:
        assert log.require(writer) == 0
        refused = {n for n, answer in writer.answers.items() if answer["type"] == "refusal"}
        given = log.given[writer.client_id].keys()
        assert sorted(given | refused) == list(range(1, writer.highest + 1))
    assert without_ack > 0, "no edit was sent twice: this proved nothing about L4"
