"""M3: two and three people type into one prompt, without waiting for each other.

Through real sockets to a real server: Yjs updates, splices and whole texts against what each has
seen, wide letters and combining marks, lost connections, and a server that is killed meanwhile.
"""

import asyncio

import pytest
import websockets
from typists import compare, sit_down

STROKES = 240


async def type_together(writers, strokes):
    await asyncio.gather(*(writer.type(strokes) for writer in writers))


@pytest.mark.parametrize("kinds", ["yy", "yyy", "ss", "sss", "ysw", "yyw"])
async def test_M3_texts_are_equal_and_no_letter_is_lost(shared, kinds):
    writers = await sit_down(shared, kinds, f"equal {kinds}")
    await type_together(writers, STROKES)
    text = await compare(shared, writers)
    assert len(text) > 30
    assert all(writer.deleted for writer in writers)


@pytest.mark.parametrize("kinds", ["yyy", "yss", "yww"])
async def test_M3_a_lost_connection_loses_no_letter(shared, kinds):
    """L4, C2: the first two lose theirs in the middle of a word, and one goes on typing first."""
    writers = await sit_down(shared, kinds, f"lost {kinds}")

    async def type_and_lose(writer):
        for _ in range(3):
            await writer.type(STROKES // 4)
            await writer.lose_connection()
            await asyncio.sleep(0.05)
            await writer.connect()
        await writer.type(STROKES // 4)

    await asyncio.gather(
        type_and_lose(writers[0]), type_and_lose(writers[1]), writers[2].type(STROKES)
    )
    await compare(shared, writers)
    assert writers[0].resent + writers[1].resent > 0


@pytest.mark.parametrize("kinds", ["yy", "ysw"])
async def test_M3_a_server_that_is_killed_loses_no_letter(launch, kinds):
    """L2, L4: kill -9 while everybody types; whatever was not answered is sent again."""
    server = launch()
    writers = await sit_down(server, kinds, f"killed {kinds}")
    typing = [asyncio.create_task(writer.type(STROKES)) for writer in writers]
    await writers[0].raw.wait_for(lambda m: m["type"] == "ack" and m["client_seq"] == 40)
    server.kill()
    for result in await asyncio.gather(*typing, return_exceptions=True):
        assert isinstance(result, websockets.ConnectionClosed), "cut off in the middle"
    for writer in writers:
        await writer.raw.close_code()
        writer.hear()
    again = launch(port=server.port)
    await asyncio.gather(*(writer.connect(again) for writer in writers))
    await type_together(writers, STROKES // 2)
    await compare(again, writers)
    assert sum(writer.resent for writer in writers), "something was on its way when it died"
