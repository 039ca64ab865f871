"""T6: memory that runs out is an error of one take; the worker and the other takes live on."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from tiny import picture, settings

from framejam_pipeline.checkpoint import CheckpointStore
from framejam_pipeline.errors import OutOfMemory
from framejam_pipeline.models.embedded import EmbeddedModel
from framejam_pipeline.take import Entry, Take
from framejam_protocol.instructions import Content, Drag, Motion, Paint
from framejam_server.render import process
from framejam_server.render.pipe import (
    LENGTH,
    Advance,
    Advanced,
    Answer,
    Estimate,
    Failed,
    Forget,
    Pair,
    answer_decoder,
    frame,
)
from framejam_server.render.process import Takes, serve

DRAG = Drag(start=(30000, 30000), end=(50000, 20000), radius=13000)
RED = Paint(points=((9000, 9000), (40000, 30000)), color="#ff0000", width=9000)
MAPPING = {1: Entry(0, Content("a red fish")), 2: Entry(2, RED), 3: Entry(3, DRAG)}


def _really_too_much_for_torch() -> None:
    torch.empty(2**50)


def _really_too_much_for_numpy() -> None:
    np.empty(2**55)


def _torch_on_a_gpu() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")


def _python() -> None:
    raise MemoryError


EXHAUSTED = [_really_too_much_for_torch, _really_too_much_for_numpy, _torch_on_a_gpu, _python]


class _Tight:
    """The model, but some calls of one of its methods run out of memory."""

    def __init__(self, model: EmbeddedModel, method: str, fail: Any, calls: set[int]) -> None:
        self._model = model
        self._method = method
        self._fail = fail
        self._calls = calls
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._model, name)
        if name != self._method:
            return method

        def tight(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            result = method(*arguments, **named)
            if self.count in self._calls:
                self._fail()
            return result

        return tight


def _run(take: Take, until: int = 6) -> Take:
    while take.position < until:
        take.step()
    return take


def _expected(model: EmbeddedModel) -> Take:
    take = Take(model, settings(), picture)
    take.follow(MAPPING)
    return _run(take)


@pytest.mark.parametrize("fail", EXHAUSTED)
def test_a_step_is_tried_again_with_other_takes_checkpoints_freed(
    model: EmbeddedModel, fail: Any
) -> None:
    store = CheckpointStore()
    other = _run(Take(model, settings(), picture, store))
    tight: Any = _Tight(model, "predict_video", fail, {4})
    take = Take(tight, settings(), picture, store)
    take.follow(MAPPING)
    _run(take, 3)
    assert store.steps(other) == (1, 2, 3, 4, 5)
    take.step()
    assert (take.position, tight.count) == (4, 5)
    assert (store.steps(other), store.steps(take)) == ((), (1, 2, 3))
    assert _run(take).digest() == _expected(model).digest()
    other.follow({1: Entry(4, Content("a fish"))})
    assert other.position == 0


@pytest.mark.parametrize("method", ["predict_video", "project", "encode_clip", "encode_text"])
@pytest.mark.parametrize("fail", EXHAUSTED)
def test_where_that_does_not_help_the_take_stands_and_can_be_tried_again(
    model: EmbeddedModel, fail: Any, method: str
) -> None:
    first = {"predict_video": 4, "project": 4, "encode_clip": 1, "encode_text": 1}[method]
    tight: Any = _Tight(model, method, fail, {first, first + 1})
    take = Take(tight, settings(), picture)
    take.follow(MAPPING)
    with pytest.raises(OutOfMemory, match="not enough free memory"):
        _run(take)
    assert take.position == (0 if method == "encode_text" else 3)
    assert _run(take).digest() == _expected(model).digest()


def test_decoding_and_going_back_are_tried_again_too(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight: Any = _Tight(model, "decode", _python, set())
    take = Take(tight, settings(), picture)
    take.follow(MAPPING)
    _run(take)
    tight._calls = {tight.count + 1}
    assert np.array_equal(take.frames(), _expected(model).frames())
    tight._calls = {tight.count + 1, tight.count + 2}
    with pytest.raises(OutOfMemory, match="decoding"):
        take.frames()
    clone, calls = torch.Tensor.clone, []

    def dear(tensor: torch.Tensor) -> torch.Tensor:
        calls.append(tensor)
        if len(calls) == 1:
            raise MemoryError
        return clone(tensor)

    monkeypatch.setattr(torch.Tensor, "clone", dear)
    without = {seq: entry for seq, entry in MAPPING.items() if seq != 3}
    assert take.follow(without) == 3
    monkeypatch.undo()
    fresh = Take(model, settings(), picture)
    fresh.follow(without)
    assert _run(take).digest() == _run(fresh).digest()


def test_other_errors_of_torch_pass_through_at_once(model: EmbeddedModel) -> None:
    def fail() -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    tight: Any = _Tight(model, "predict_video", fail, {1})
    take = Take(tight, settings(), picture)
    with pytest.raises(RuntimeError, match="mat1"):
        take.step()
    assert (take.position, tight.count) == (0, 1)


# The worker's takes, as the server asks for them.


def _advance(key: str, add: dict[int, Entry] | None = None, **changes: Any) -> Advance:
    pairs = {seq: Pair(entry.step, entry.instruction) for seq, entry in (add or {}).items()}
    usual: dict[str, Any] = {"settings": settings(), "fresh": False, "add": pairs, "remove": ()}
    return Advance(key=key, **{**usual, **changes})


def _finish(takes: Takes, key: str) -> Advanced:
    while True:
        answer = takes.advance(_advance(key))
        if answer.clip is not None:
            return answer


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    blob = "00000001" * 8
    (tmp_path / blob[:2]).mkdir()
    PIL.Image.fromarray(np.asarray(picture(blob))).save(tmp_path / blob[:2] / blob, "PNG")
    return tmp_path


def test_a_finished_take_that_was_dropped_is_rebuilt_unseen(
    model: EmbeddedModel, blobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TAKES_HELD", 1)
    takes = Takes(model, blobs, 2**20)
    takes.advance(_advance("a", MAPPING, fresh=True))
    _finish(takes, "a")
    takes.advance(_advance("b", fresh=True))
    assert list(takes._takes) == ["b"]
    assert takes._checkpoints.nbytes == 0
    changed = {**MAPPING, 4: Entry(4, Motion("left"))}
    first = takes.advance(_advance("a", {4: changed[4]}))
    assert first.position == 1
    clip = _finish(takes, "a").clip
    expected = Take(model, settings(), picture)
    expected.follow(changed)
    assert clip is not None
    assert clip.digest == _run(expected).digest()


def test_takes_that_run_are_never_dropped(
    model: EmbeddedModel, blobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TAKES_HELD", 1)
    takes = Takes(model, blobs, 0)
    for turn in range(6):
        for key in "abc":
            assert takes.advance(_advance(key)).position == turn + 1
    assert takes._checkpoints.nbytes == 0


def test_a_take_forgotten_leaves_nothing(model: EmbeddedModel, blobs: Path) -> None:
    takes = Takes(model, blobs, 2**20)
    for _ in range(3):
        takes.advance(_advance("a", MAPPING))
    assert takes._checkpoints.nbytes > 0
    takes.forget("a")
    assert (takes._takes, takes._mappings, takes._checkpoints.nbytes) == ({}, {}, 0)


def _served(takes: Takes, *requests: Any) -> list[Answer]:
    answers = io.BytesIO()
    serve(io.BytesIO(b"".join(frame(request) for request in requests)), answers, takes)
    data, found = answers.getvalue(), []
    while data:
        end = LENGTH.size + LENGTH.unpack(data[: LENGTH.size])[0]
        found.append(answer_decoder.decode(data[LENGTH.size : end]))
        data = data[end:]
    return found


def test_the_worker_answers_and_lives_on(
    model: EmbeddedModel, blobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight: Any = _Tight(model, "predict_video", _python, {2, 3})
    takes = Takes(tight, blobs, 2**20)
    fresh = _advance("a", MAPPING, fresh=True)
    one, failed, again, other = _served(
        takes, fresh, _advance("a"), fresh, Forget("c"), _advance("b", fresh=True)
    )
    assert isinstance(failed, Failed)
    assert "not enough free memory" in failed.message
    assert isinstance(one, Advanced)
    assert isinstance(again, Advanced)
    assert (again.position, again.sheets) == (1, one.sheets)
    assert isinstance(other, Advanced)

    def no_room(*arguments: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(process, "contact_sheets", no_room)
    (sheetless,) = _served(takes, _advance("a"))
    assert isinstance(sheetless, Failed)
    assert "memory" in sheetless.message


def _mistake() -> None:
    raise ValueError("a residual's weight must lie in [0, 1] everywhere")


def _shapes() -> None:
    raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


@pytest.mark.parametrize("fail", [_mistake, _shapes])
def test_T6_an_error_of_ours_fails_its_take_and_no_other(
    model: EmbeddedModel, blobs: Path, fail: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Others' takes go on where they stood, and the one that failed starts over."""
    broken: Any = _Tight(model, "predict_video", fail, {3})
    takes = Takes(broken, blobs, 2**20)
    fresh = _advance("a", MAPPING, fresh=True)
    one, _, failed, other = _served(
        takes, fresh, _advance("b", fresh=True), _advance("a"), _advance("b")
    )
    # Nobody knows what it left half done.
    assert (list(takes._takes), list(takes._mappings)) == (["b"], ["b"])
    (again,) = _served(takes, fresh)
    assert isinstance(one, Advanced)
    assert isinstance(failed, Failed)
    assert "made a mistake" in failed.message
    assert failed.field is None
    assert isinstance(other, Advanced)
    assert other.position == 2
    assert isinstance(again, Advanced)
    assert (again.position, again.sheets) == (1, one.sheets)
    logged = capsys.readouterr().out
    assert "Traceback" in logged
    assert fail.__name__ in logged


def test_T6_a_question_that_fails_leaves_its_take_where_it_stands(
    model: EmbeddedModel, blobs: Path
) -> None:
    broken: Any = _Tight(model, "decode", _mistake, set())
    takes = Takes(broken, blobs, 2**20)
    _served(takes, _advance("a", MAPPING, fresh=True))
    broken._calls = {broken.count + 1}
    failed, found = _served(takes, Estimate("a", ("small",)), _advance("a"))
    assert isinstance(failed, Failed)
    assert isinstance(found, Advanced)
    assert found.position == 2


def test_T6_a_worker_that_lost_its_device_ends(model: EmbeddedModel, blobs: Path) -> None:
    """All that it could answer from then on is errors; a new one can go on."""

    def lost() -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    gone: Any = _Tight(model, "predict_video", lost, {1})
    takes = Takes(gone, blobs, 2**20)
    with pytest.raises(RuntimeError, match="CUDA error"):
        _served(takes, _advance("a", MAPPING, fresh=True))
