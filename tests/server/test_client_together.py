"""The Python client in company: merged prompts, gestures, revisions, comments, owner's undo."""

from __future__ import annotations

import asyncio

import pytest
from running import RunningServer

import framejam
from framejam import Refused
from framejam_protocol.instructions import Paint, Revise


async def until_all(sessions: list[framejam.Session], seq: int) -> None:
    """Wait until everybody has seen event ``seq``."""
    async with asyncio.timeout(20):
        while any(len(session.log) < seq for session in sessions):
            await asyncio.sleep(0.01)


async def test_M3_people_who_splice_at_the_same_time_lose_no_letter(shared: RunningServer) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        start = await mira.content("a cat")
        await until_all([noor], start.seq)
        given = await asyncio.gather(
            mira.splice("content", 2, "black "),
            noor.splice("content", 5, " in the rain 🌧"),
            noor.splice("content", 0, "once ", delete=0),
        )
        last = max(receipt.seq for receipt in given)
        await until_all([mira, noor], last)
        assert mira.text("content") == "once a black cat in the rain 🌧"
        assert noor.text("content") == mira.text("content")
        assert noor.state_hash == mira.state_hash
        with pytest.raises(ValueError, match="not within"):
            await mira.splice("content", 5, delete=99)


async def test_M3_a_whole_text_replaces_and_with_merge_keeps_what_others_typed(
    shared: RunningServer,
) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        await until_all([noor], (await mira.motion("to the left")).seq)
        # Noor's client has not seen what Mira does next.
        merged, _ = await asyncio.gather(
            noor.motion("slowly to the left", merge=True), mira.splice("motion", 11, " and up")
        )
        await until_all([mira, noor], merged.seq + 1)
        assert mira.text("motion") == "slowly to the left and up"
        await noor.motion("growing")
        assert noor.text("motion") == "growing"


async def test_L6_a_gesture_is_undone_and_redone_as_one(shared: RunningServer) -> None:
    async with framejam.connect(shared.link, "Mira") as mira:
        before = mira.state_hash
        async with mira.gesture():
            first = await mira.paint([(0.2, 0.2), (0.4, 0.4)], color="#ff0000")
            await mira.erase([(0.3, 0.3)], frames=(0, 3))
            await mira.drag((0.5, 0.5), (0.6, 0.5), radius=0.1)
        with_all = mira.state_hash
        alone = await mira.paint([(0.8, 0.8)])
        await mira.undo()
        assert mira.state_hash == with_all
        undone = await mira.undo()
        assert mira.log[undone.seq - 1].body.groups == (first.seq,)
        assert mira.state_hash == before
        await mira.redo()
        assert mira.state_hash == with_all
        assert alone.seq not in mira.state.dead or mira.state.live(first.seq)


async def test_M2_fields_of_a_stroke_are_revised_by_anybody_and_the_last_writer_wins(
    shared: RunningServer,
) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        stroke = await mira.paint([(0.1, 0.1)], color="#112233", width=0.1)
        await noor.revise(stroke, color="#FF8800")
        last = await mira.revise(stroke.seq, strength=0.5, frames=(2, 5))
        await until_all([mira, noor], last.seq)
        assert isinstance(mira.state.edits[last.seq].instruction, Revise)
        from framejam_protocol.fold.merge import revised

        now = revised(noor.state, noor.state.edits[stroke.seq])
        assert isinstance(now, Paint)
        assert (now.color, now.strength, now.frames) == ("#ff8800", 32768, (2, 5))
        await mira.revise(stroke, frames="all")
        assert revised(mira.state, mira.state.edits[stroke.seq]).frames is None
        with pytest.raises(Refused) as caught:
            await mira.revise(stroke, radius=0.5)
        assert (caught.value.code, caught.value.field) == ("invalid", "instruction.radius")


async def test_U2_an_owner_undoes_somebodys_gesture_by_name(shared: RunningServer) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as owner,
        framejam.connect(await owner.invite(), "Noor") as noor,
    ):
        stroke = await noor.paint([(0.1, 0.9)])
        with pytest.raises(Refused) as caught:
            await noor.undo((await owner.paint([(0.9, 0.9)])).seq)
        assert (caught.value.code, caught.value.rule) == ("forbidden", "U2")
        undone = await owner.undo(stroke.seq)
        event = owner.log[undone.seq - 1]
        assert (event.author, event.body.groups) == (owner.me, (stroke.seq,))
        with pytest.raises(Refused) as caught:
            await noor.redo()
        assert caught.value.code == "nothing_to_redo"
        await owner.redo()
        assert owner.state.live(stroke.seq)


async def test_A1_viewers_comment_and_undo_their_comments(shared: RunningServer) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as owner,
        framejam.connect(await owner.invite("viewer"), "Vera") as viewer,
    ):
        comment = await viewer.comment("more light here", (0.5, 0.25), frame=3)
        with pytest.raises(Refused):
            await viewer.paint([(0.5, 0.5)])
        await owner.revise(comment, resolved=True)
        with pytest.raises(Refused) as caught:
            await viewer.comment("", (0.5, 0.5))
        assert caught.value.field == "instruction.text"
        await viewer.undo()
        await until_all([owner], len(viewer.log))
        assert not owner.state.live(comment.seq)


async def test_T8_settings_in_force_are_those_of_the_last_writer(shared: RunningServer) -> None:
    async with framejam.connect(shared.link, "Mira") as mira:
        before = mira.settings
        await mira.adjust(seed=before.seed + 1, guidance=1.5)
        assert (mira.settings.seed, mira.settings.guidance) == (before.seed + 1, 150)
        await mira.undo()
        assert mira.settings == before


async def test_M6_who_names_the_painter_of_a_point(shared: RunningServer) -> None:
    async with (
        framejam.connect(shared.link, "Mira") as mira,
        framejam.connect(await mira.invite(), "Noor") as noor,
    ):
        await mira.content("a house")
        stroke = await noor.paint([(0.2, 0.5), (0.8, 0.5)], color="#ff0000", width=0.3)
        await mira.finished(stroke.seq)
        first, *others = await mira.who(0.5, 0.5)
        assert (first.edit, first.name, first.kind) == (stroke.seq, "Noor", "paint")
        assert first.weight > 0.9
        elsewhere = await mira.who(0.5, 0.02)
        assert stroke.seq not in [one.edit for one in elsewhere]
        assert ("text", "content") in [(one.kind, one.prompt) for one in elsewhere]
        assert all(one.weight < first.weight for one in others)
        with pytest.raises(Refused) as caught:
            await mira.who(0.5, 0.5, frame=99)
        assert caught.value.field == "frame"
