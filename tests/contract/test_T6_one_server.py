"""T6: two servers cannot write to one PostgreSQL database, whatever becomes of connections."""

from __future__ import annotations

import asyncio
import sys

import pytest
from rows import CREATED, ROW, edited, receipt

from framejam_server.store import engines
from framejam_server.store.contract import StoreError
from framejam_server.store.opening import open_store


@pytest.fixture
def kind():
    return "postgresql"


@pytest.fixture(autouse=True)
def _not_long(monkeypatch):
    monkeypatch.setattr(engines, "LOCK_WAIT_S", 0.3)


async def end_connections(address: str) -> None:
    """As when the database restarts: every connection to it is gone."""
    asking = await engines.connector(address)()
    await asking.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    await asking.close()


async def open_again(address: str, tmp_path):
    """As soon as it can be: the database needs a moment to see that a client is gone."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await open_store(tmp_path / "unused", address)
            except StoreError:
                await asyncio.sleep(0.02)


async def test_T6_a_second_server_is_refused_with_what_to_do(store, address, tmp_path):
    with pytest.raises(StoreError, match=r"open in another framejam.*FRAMEJAM_DATABASE"):
        await open_store(tmp_path / "unused", address)
    await store.append("session1", [edited(2)], [receipt(1)])
    await store.close()
    second = await open_again(address, tmp_path)
    assert len((await second.load("session1")).events) == 2
    await second.close()


async def test_T6_a_killed_servers_database_is_free_at_once(address, tmp_path):
    program = (
        "import asyncio, sys, time; from pathlib import Path\n"
        "from framejam_server.store.opening import open_store\n"
        "async def main():\n"
        "    store = await open_store(Path('unused'), sys.argv[1])\n"
        "    print('open', flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, address, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    assert await server.stdout.readline() == b"open\n"
    with pytest.raises(StoreError, match="open in another framejam"):
        await open_store(tmp_path / "unused", address)
    server.kill()
    await (await open_again(address, tmp_path)).close()
    await server.wait()


async def test_T6_a_store_that_lost_its_connections_goes_on(store, address):
    await end_connections(address)
    refused = 0
    async with asyncio.timeout(20):
        while True:  # whatever notices the loss is refused, and then one is not
            try:
                await store.append("session1", [edited(2, f"after {refused}")], [receipt(1)])
                break
            except StoreError:
                refused += 1
    assert refused > 0, "no connection was lost"
    assert (await store.load("session1")).events == [CREATED, edited(2, f"after {refused}")]


async def test_T6_a_store_that_lost_the_lock_to_another_writes_nothing(store, address, tmp_path):
    """Its connections are gone and a second server came first: it must not get back in."""
    await end_connections(address)
    second = await open_again(address, tmp_path)
    for _ in range(3):
        with pytest.raises(StoreError):
            await store.append("session1", [edited(2, "of the first")], [receipt(1)])
    await second.append("session1", [edited(2, "of the second")], [receipt(1)])
    with pytest.raises(StoreError):
        await store.append("session1", [edited(3)], [receipt(2)])
    assert (await second.load("session1")).events == [CREATED, edited(2, "of the second")]
    await second.close()
    await asyncio.sleep(0.1)
    await store.append("session1", [edited(3)], [receipt(3)])  # free again


@pytest.mark.parametrize(
    "wrong",
    ["postgresql://postgres@/nothing?host={folder}", "postgresql://u:secret@[::1]:1/x",
     "postgresql://u:secret@h:1:2/x"],
)  # fmt: skip
async def test_a_database_that_cannot_be_reached_is_one_clear_error(migrated, tmp_path, wrong):
    with pytest.raises(StoreError) as refused:
        await open_store(tmp_path / "unused", wrong.format(folder=migrated.folder))
    assert "database" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "sqlalche.me" not in str(refused.value)


async def test_L2_acks_of_postgresql_wait_for_the_disk(store):
    async with store._write() as connection:
        found = await connection.exec_driver_sql("SHOW synchronous_commit")
        assert found.scalar_one() == "on"
    assert ROW.id in {row.id for row in await store.sessions()}
