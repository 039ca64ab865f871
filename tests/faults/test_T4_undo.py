"""T4 on real processes: what was undone has left no trace in the bits."""


async def test_T4_after_an_undo_the_take_is_bit_for_bit_what_it_was(launch):
    server = launch()
    raw = await server.join()
    first = await raw.content("red fish")

    async def digest_at(seq):
        message = await raw.wait_for(
            lambda m: m["type"] == "take" and m["digest"] and m["seq"] >= seq, 60
        )
        return message["digest"]

    without = await digest_at(first["seq"])
    painted = await raw.paint()
    with_paint = await digest_at(painted["seq"])
    undone = await raw.command(type="undo")
    assert await digest_at(undone["seq"]) == without != with_paint
    redone = await raw.command(type="redo")
    assert await digest_at(redone["seq"]) == with_paint
    await raw.close()
