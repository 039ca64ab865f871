"""R3: a restored version has the take it had, bit for bit; the undo gives the other back."""

from __future__ import annotations

import pytest
from stage import PAINT, command, edit, finish, run
from test_T8_takes import digest_of, paint

from framejam_protocol.instructions import Adjust, Content
from framejam_protocol.messages import Mark, Restore, Undo


async def test_R3_a_restored_version_has_the_mapping_it_had_and_its_undo_the_other(stage):
    await run(stage, 4)
    await edit(stage, PAINT)
    await run(stage, 2)
    await edit(stage, Content("x"))
    version = await finish(stage)
    mapping, named = dict(stage.live.state.mapping(1)), stage.live.state.seq
    await command(stage, lambda number: Mark(number, name="cut"))
    await command(stage, lambda number: Undo(number))
    await edit(stage, PAINT)
    await edit(stage, Adjust(seed=9))
    other = await finish(stage)
    assert other.take == 2
    await command(stage, lambda number: Restore(number, named))
    back = await finish(stage)
    assert (back.take, back.clip.digest) == (1, version.clip.digest)
    assert stage.live.state.mapping(1) == mapping
    await command(stage, Undo)
    again = await finish(stage)
    assert (again.take, again.clip.digest) == (2, other.clip.digest)


@pytest.mark.slow
async def test_R3_the_clip_of_a_version_comes_back_bit_for_bit(launch):
    server = launch("--steps", "10")
    olga = await server.join(name="Olga")
    await olga.content("a red fish")
    first = (await olga.command(**paint()))["seq"]
    _, version = await digest_of(olga, first)
    named = olga.events[-1]["seq"]
    await olga.command(type="mark", name="cut", of=named)
    await olga.command(**paint(color="#0000ff"))
    second = (await olga.content("a green boat"))["seq"]
    _, other = await digest_of(olga, second)
    assert other != version
    restored = (await olga.command(type="restore", to=named))["seq"]
    _, back = await digest_of(olga, restored)
    assert back == version
    undone = (await olga.command(type="undo"))["seq"]
    _, again = await digest_of(olga, undone)
    assert again == other
