"""R4: kill -9 in the middle of a branch leaves the branch as a whole, or nothing of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from moving import carried, fill, moments, sessions

from framejam_protocol.events import Branched


async def test_R4_a_killed_branch_is_there_as_a_whole_or_not(tmp_path: Path, faults):
    origin = tmp_path / "origin"
    session = await fill(origin, tmp_path / "unused.framejam")
    ((old, *_),) = await sessions(origin)
    shutil.copytree(origin, tmp_path / "whole")
    longest = carried(tmp_path / "whole", "branch", session)
    assert len(await sessions(tmp_path / "whole")) == 2
    before = after = 0
    for number, moment in enumerate(moments(faults.pick(4, 60), 1.05 * longest, faults.seed)):
        folder = tmp_path / str(number)
        shutil.copytree(origin, folder)
        carried(folder, "branch", session, killed_after=moment)
        found = await sessions(folder)
        faults.say(f"killed after {moment:.3f} of {longest:.3f} s: {len(found)} sessions")
        assert len(found) <= 2
        before, after = before + (len(found) == 1), after + (len(found) == 2)
        carried(folder, "branch", session)
        first, *branches = await sessions(folder)
        assert first[0].events == old.events
        assert len(branches) == len(found)
        for stored, _, invites, blobs in branches:
            assert stored.events[:-1] == old.events
            assert isinstance(stored.events[-1].body, Branched)
            assert sorted(one.id for one in blobs) == sorted(one.id for one in old.blobs)
            assert invites == []  # its owner has a token of their own
    assert before > 0, "none was killed before it was there: this proved nothing"
