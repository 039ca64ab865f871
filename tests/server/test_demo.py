"""``framejam demo`` as people run it, with a tiny model."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import av
import pytest
from PIL import Image

from framejam_protocol.instructions import PROMPTS, Instruction
from framejam_server.demo.server import ServerFailed, local_server

pytestmark = pytest.mark.slow

EDITS = 23
LOOKS = 1
PEOPLE = {"Mira", "Jonas", "Noor"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """The folder of one demo. Its temporary data must be gone, and its output quiet."""
    folder = tmp_path_factory.mktemp("demo")
    temporary = folder / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "framejam_server", "demo", "--out", str(folder / "out")),
            *("--closed-choice", str(folder / "choice")),
        ],
        env={
            **os.environ,
            "FRAMEJAM_MODEL": str(tiny_model),
            # The tiny model is quick: it must still run when the worker is killed.
            "FRAMEJAM_STEPS": "30",
            "TMPDIR": str(temporary),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "bit for bit" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert not list(temporary.glob("framejam-demo-*"))
    return folder / "out"


def edits(played: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((played / "report.json").read_text())["edits"]
    return found


def test_T2_the_clip_is_computed_again_bit_for_bit(played: Path) -> None:
    report = json.loads((played / "report.json").read_text())
    assert report["reproduced"] is True
    assert report["digest"] == report["recomputed_digest"]
    assert report["steps_per_second"] > 0
    assert {author["name"] for author in report["authors"]} == PEOPLE


def test_every_edit_has_its_times(played: Path) -> None:
    found = edits(played)
    assert len(found) == EDITS
    for edit in found:
        assert 0 < edit["ack_ms"] < edit["first_preview"]["ms"]
        # A lock holds what is shown already: nothing need run until something else comes.
        assert edit["first_preview"]["steps"] >= (edit["instruction"]["kind"] != "lock")


def test_T6_the_worker_was_killed_in_mid_take_and_all_were_told(played: Path) -> None:
    (mishap,) = json.loads((played / "report.json").read_text())["worker_killed"]
    assert set(mishap["told"]) == PEOPLE
    steps = json.loads((played / "report.json").read_text())["steps"]
    assert 0 < mishap["at_step"] < steps
    assert all("rebuilt from the log" in told for told in mishap["told"].values())


def test_T3_the_late_edit_went_back_to_where_it_shows(played: Path) -> None:
    late = edits(played)[-1]
    report = json.loads((played / "report.json").read_text())
    assert late["given_at_step"] >= report["steps"] - 2
    assert late["entry_step"] == report["steps"] // 2


def test_U1_undo_and_redo_name_what_they_moved(played: Path) -> None:
    found = edits(played)
    given = {edit["seq"]: edit for edit in found if edit["action"] == "edit"}
    others = [edit for edit in found if edit["action"] != "edit"]
    assert [edit["action"] for edit in others] == ["undo", "undo", "undo", "redo"]
    for edit in others:
        target = given[edit["targets"][0]]
        assert target["author"] == edit["author"]
        assert target["instruction"] == edit["instruction"]


def test_L1_the_log_has_every_event_with_seq_and_author(played: Path) -> None:
    events = [json.loads(line) for line in (played / "log.jsonl").read_text().splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {event["author_name"] for event in events} == {"server", *PEOPLE}
    concurrent = [
        event
        for event in events
        if event["body"].get("instruction", {}).get("color") in {"#ffd400", "#1fa34a"}
    ]
    assert abs(concurrent[0]["seq"] - concurrent[1]["seq"]) == 1


def test_clip_and_pictures_are_there(played: Path) -> None:
    with av.open(str(played / "clip.mp4")) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 4
    with Image.open(played / "contact.png") as sheet:
        assert sheet.width >= 1280
        assert sheet.height > EDITS * 200
    pairs = sorted((played / "effects").glob("before_after_*.png"))
    assert len(pairs) == EDITS + LOOKS


def test_M1_every_kind_of_instruction_is_given_and_three_people_give_them(played: Path) -> None:
    events = [json.loads(line) for line in (played / "log.jsonl").read_text().splitlines()]
    given = [
        (event["body"]["instruction"], event["author_name"])
        for event in events
        if event["body"]["kind"] == "edited"
    ]
    kinds = {instruction["kind"] for instruction, _ in given}
    every = {one.__struct_config__.tag for one in get_args(Instruction)}
    # A comment is no part of a take, and a revision is an edit of one of the others.
    assert kinds == every - {"comment", "revise"}
    prompts = {instruction["prompt"] for instruction, _ in given if instruction["kind"] == "text"}
    assert prompts == set(PROMPTS)
    blends = {one.get("blend", "normal") for one, _ in given if one["kind"] == "paint"}
    assert blends == {"normal", "color"}
    assert {author for _, author in given} == PEOPLE


def test_T8_another_seed_is_another_take_and_its_undo_brings_the_first_back(played: Path) -> None:
    (seed,) = (edit for edit in edits(played) if "seed" in edit["label"])
    assert seed["entry_step"] is None
    assert seed["changed"]["mean_inside"] > 0
    report = json.loads((played / "report.json").read_text())
    assert report["seed"] == 7
    assert report["reproduced"]


def test_T11_the_lock_is_compared_when_the_prompt_after_it_has_entered(played: Path) -> None:
    found = edits(played)
    seqs = [edit["seq"] for edit in found]
    (place,) = (n for n, edit in enumerate(found) if edit["instruction"]["kind"] == "lock")
    lock, content = found[place], found[place + 1]
    assert content["instruction"]["kind"] == "content"
    assert content["seq"] < lock["compared_at_seq"] == content["compared_at_seq"]
    for edit in found[:place]:
        assert edit["compared_at_seq"] < seqs[found.index(edit) + 1]


def test_T12_one_looked_without_another_and_the_look_is_computed_again(played: Path) -> None:
    report = json.loads((played / "report.json").read_text())
    (look,) = report["looks"]
    assert look["digest"] == look["recomputed_digest"]
    assert look["digest"] != report["digest"]


def test_a_closed_choice_has_every_picture_once_and_its_key_is_true(played: Path) -> None:
    choice = played.parent / "choice"
    key = json.loads((choice / "key.json").read_text())
    found = edits(played)
    # Two acts may look alike: the tiny model draws nothing that anybody would know.
    labels: dict[bytes, list[str]] = {}
    for number, edit in enumerate(found, 1):
        picture = (played / "effects" / f"before_after_{number}.png").read_bytes()
        labels.setdefault(picture, []).append(edit["label"])
    assert {file.name for file in choice.glob("*.png")} == set(key)
    assert len(key) == EDITS + LOOKS
    for name, answer in key.items():
        fitting = labels.get((choice / name).read_bytes(), ["a look"])
        assert any(answer.startswith(label) for label in fitting)
    assert (choice / "choices.txt").read_text().splitlines() == sorted(key.values())
    assert len(set(key.values())) == len(key)


def test_R5_R2_its_bundle_verifies_in_a_second_folder(
    played: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """Imported, exported again from there, and every take computed once more."""
    environment = {**os.environ, "FRAMEJAM_MODEL": str(tiny_model)}

    def framejam(*arguments: str | Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "framejam_server", *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    path = framejam("import", played / "session.framejam", "--data", tmp_path / "data")
    session = path.removeprefix("/s/").split("#")[0]
    again = tmp_path / "again.framejam"
    framejam("bundle", session, "--data", tmp_path / "data", "--out", again)
    lines = framejam("replay", again, "--verify").splitlines()
    assert lines[-1] == "equal"
    digest = json.loads((played / "report.json").read_text())["digest"]
    assert f"  digest {digest}" in lines


async def test_a_server_that_dies_ends_what_uses_it(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use_and_kill() -> None:
        async with local_server(tmp_path, seed=1) as server:
            assert server.link.startswith("http://127.0.0.1:")
            os.kill(int((tmp_path / "data" / "lock").read_text()), signal.SIGKILL)
            await asyncio.sleep(30)

    monkeypatch.setenv("FRAMEJAM_MODEL", str(tiny_model))
    with pytest.raises(ServerFailed, match="the server ended"):
        await use_and_kill()


async def test_a_server_that_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEJAM_MODEL", str(tmp_path / "nowhere"))
    with pytest.raises(ServerFailed, match="nowhere"):
        async with local_server(tmp_path, seed=1):
            pass


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = subprocess.run(
        [sys.executable, "-m", "framejam_server", "demo", "--out", str(tmp_path / "file" / "x")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("framejam demo: ")
    assert len(done.stderr.splitlines()) == 1
