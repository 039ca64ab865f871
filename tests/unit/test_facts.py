"""The model's facts are used again only while what they follow from is unchanged."""

import pytest

from framejam_server.render.facts import FILE, recall, remember
from framejam_server.render.pipe import Ready

READY = Ready("m", "hash", 64, 64, 16, 8, 100, {"subjects": ("cat",)}, {"torch": "2"}, 8, 16)


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights").write_bytes(b"12345")
    return folder


def test_facts_are_recalled(tmp_path, model):
    assert recall(tmp_path, model, 1) is None
    remember(tmp_path, model, 1, READY)
    assert recall(tmp_path, model, 1) == READY


def test_other_threads_other_facts(tmp_path, model):
    remember(tmp_path, model, 1, READY)
    assert recall(tmp_path, model, 2) is None


def test_a_changed_file_of_the_model_makes_them_void(tmp_path, model):
    remember(tmp_path, model, 1, READY)
    (model / "weights").write_bytes(b"123456")
    assert recall(tmp_path, model, 1) is None


def test_another_model_does_too(tmp_path, model):
    remember(tmp_path, model, 1, READY)
    assert recall(tmp_path, None, 1) is None


def test_a_torn_file_is_no_file(tmp_path, model):
    remember(tmp_path, model, 1, READY)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-9])
    assert recall(tmp_path, model, 1) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, model):
    remember(tmp_path / "nowhere", model, 1, READY)
    assert recall(tmp_path / "nowhere", model, 1) is None
