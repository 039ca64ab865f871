"""T2: a take is not computed again from reference images that are not those of then."""

from __future__ import annotations

from pathlib import Path

import pytest
from people import BLOB, SETTINGS, Table

from framejam_server.recomputing import NothingToVerify, Process
from framejam_server.records import Record
from framejam_server.verify import StoredTake, computed_again


@pytest.mark.parametrize("undone", [False, True], ids=["in the take", "in what a lock holds"])
def test_T2_an_image_that_was_changed_is_named(tmp_path: Path, undone: bool) -> None:
    table = Table("anna")
    image = table.image("anna")
    table.session.enter(1, {0: (image,)}, 0)
    lock = table.lock("anna")
    table.session.enter(1, {0: (lock,)}, 0)
    if undone:
        table.undo("anna", group=image)
    entries = table.state.mapping(1)
    assert set(entries) == ({lock} if undone else {image, lock})
    seq = table.state.seq
    record = Record(1, seq, entries, SETTINGS, "hash", {})
    stored = StoredTake("s1", record, "digest", table.state, SETTINGS, seq, tmp_path)
    with pytest.raises(NothingToVerify, match=BLOB):
        computed_again(stored, Process(None, 1), lambda step: None)
    (tmp_path / BLOB[:2]).mkdir()
    (tmp_path / BLOB[:2] / BLOB).write_bytes(b"something else")
    verdict = computed_again(stored, Process(None, 1), lambda step: None)
    assert (verdict.outcome, verdict.lines) == (
        "different",
        (f"the reference image {BLOB} was changed on the disk",),
    )
