"""R5: kill -9 in the middle of an import leaves the session as a whole, or nothing of it."""

from __future__ import annotations

from pathlib import Path

from moving import IMAGES, carried, fill, moments, sessions

from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold


async def test_R5_a_killed_import_is_there_as_a_whole_or_not(tmp_path: Path, faults):
    bundle = tmp_path / "session.framejam"
    await fill(tmp_path / "here", bundle)
    ((origin, _, _, _),) = await sessions(tmp_path / "here")
    longest = carried(tmp_path / "whole", "import", str(bundle))
    ((whole, _, invites, _),) = await sessions(tmp_path / "whole")
    assert len(whole.blobs) == IMAGES
    assert [one.label for one in invites] == ["import"]
    before = after = 0
    for number, moment in enumerate(moments(faults.pick(4, 60), 1.05 * longest, faults.seed)):
        folder = tmp_path / str(number)
        carried(folder, "import", str(bundle), killed_after=moment)
        found = await sessions(folder)
        faults.say(f"killed after {moment:.3f} of {longest:.3f} s: {len(found)} sessions")
        assert len(found) <= 1
        before, after = before + (not found), after + len(found)
        # Whatever was left, the next import is whole, and what was there is as it was.
        carried(folder, "import", str(bundle))
        again = await sessions(folder)
        assert len(again) == len(found) + 1
        for stored, _, invites, blobs in again:
            assert stored.events == origin.events
            assert state_hash(fold(stored.events)) == state_hash(fold(origin.events))
            assert sorted(blob.id for blob in blobs) == sorted(blob.id for blob in origin.blobs)
            assert [(one.role, one.label) for one in invites] == [("owner", "import")]
    assert before > 0, "none was killed before it was there: this proved nothing"
