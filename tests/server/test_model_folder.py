"""``framejam serve --model FOLDER`` with Stable Diffusion and motion modules, as users have it.

The weights are tiny and random, the formats and every path are the real ones.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import RunningServer, preview_done, preview_step

PIPELINE_TESTS = Path(__file__).parent.parent / "pipeline"
STEPS = 8


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stock PIA pipeline with two LoRAs beside it, and a checkpoint file in another folder."""
    place = tmp_path_factory.mktemp("models")
    # In a process of its own: these tests check the server without torch being imported.
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import tiny_sd; "
        "place = pathlib.Path(sys.argv[2]); "
        "folder = tiny_sd.write_pipeline(place / 'tiny pia', 'pia'); "
        "tiny_sd.write_lora(folder / 'loras' / 'ink.safetensors'); "
        "tiny_sd.write_lora(folder / 'loras' / 'elsewhere.safetensors', width=24); "
        "tiny_sd.write_checkpoint(place / 'single', 'animatediff')"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(PIPELINE_TESTS), str(place)],
        check=True,
        capture_output=True,
    )
    return place


@pytest.fixture(scope="module")
def pia(tmp_path_factory: pytest.TempPathFactory, written: Path) -> Iterator[RunningServer]:
    server = _serve(tmp_path_factory.mktemp("served") / "data", written / "tiny pia")
    yield server
    server.kill()


def _serve(data: Path, model: Path) -> RunningServer:
    return RunningServer(data, data / "not this one", "--model", str(model), "--steps", str(STEPS))


async def test_people_steer_a_pia_folder_and_get_previews_and_a_clip(pia: RunningServer) -> None:
    raw = await pia.join()
    assert (await raw.content("a fish"))["type"] == "ack"
    await raw.preview(lambda data: not preview_done(data) and preview_step(data) == STEPS)
    before = await _finished(raw, 0)
    assert (await raw.paint())["type"] == "ack"
    after = await _finished(raw, before["seq"] + 1)
    assert after["digest"] != before["digest"]
    assert (await raw.preview(preview_done))[2] == 2
    other = {"kind": "settings", "scheduler": "dpm++2m"}
    answer = await raw.command(type="edit", instruction=other)
    assert answer["type"] == "ack"
    again = await _finished(raw, answer["seq"])
    assert (again["take"], again["digest"] == after["digest"]) == (2, False)
    await raw.command(type="undo")
    await raw.close()


async def test_lora_weights_are_live_and_a_lora_for_another_base_is_refused_alone(
    pia: RunningServer,
) -> None:
    raw = await pia.join()
    answer = await raw.content("a fish on the sea")
    plain = await _finished(raw, answer["seq"])

    async def weigh(name: str, weight: int) -> dict:
        given = {"kind": "settings", "loras": [[name, weight]]}
        return await raw.command(type="edit", instruction=given)

    refused = await weigh("no such file", 100)
    assert refused["type"] == "refusal"
    assert (refused["field"], "elsewhere, ink" in refused["message"]) == (
        "instruction.loras",
        True,
    )
    answer = await weigh("ink", 80)
    assert answer["type"] == "ack"
    inked = await _finished(raw, answer["seq"])
    assert inked["digest"] != plain["digest"]
    answer = await weigh("elsewhere", 100)
    assert answer["type"] == "ack"
    failed = await raw.wait_for(lambda m: m["type"] == "take" and m["state"] == "failed")
    assert "elsewhere.safetensors is for another base" in failed["note"]
    undone = await raw.command(type="undo")
    assert undone["type"] == "ack"
    again = await _finished(raw, undone["seq"])
    assert again["digest"] == inked["digest"]
    await raw.close()


async def test_a_checkpoint_file_is_a_model(written: Path, tmp_path: Path) -> None:
    server = _serve(tmp_path / "data", written / "single" / "dream.safetensors")
    try:
        raw = await server.join()
        await raw.content("a fish")
        finished = await _finished(raw, 1)
        assert len(finished["digest"]) == 64
        assert "model dream is ready" in server.log.read_text()
        await raw.close()
    finally:
        server.kill()


async def _finished(raw, seq: int) -> dict:
    """The newest word that the take is finished, once it shows everything up to ``seq``."""
    return await raw.wait_for(
        lambda m: m["type"] == "take" and m["state"] == "finished" and m["seq"] >= seq, 60
    )


def _unscheduled(folder: Path) -> None:
    shutil.rmtree(folder / "scheduler")


def _torn(folder: Path) -> None:
    file = folder / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])


def _pickled(folder: Path) -> None:
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    pickled = folder / "unet" / "diffusion_pytorch_model.bin"
    pickled.write_bytes(pickle.dumps({"weight": 1}))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_unscheduled, "has no scheduler"),
        (_torn, "vae/diffusion_pytorch_model.safetensors: is no whole safetensors file"),
        (_pickled, "unet: its weights are a pickle (.bin)"),
    ],
)
def test_a_broken_folder_is_named_and_nothing_is_served(
    written: Path, tmp_path: Path, harm, said: str
) -> None:
    folder = Path(shutil.copytree(written / "tiny pia", tmp_path / "broken"))
    harm(folder)
    options = ["--data", str(tmp_path / "data"), "--port", "0", "--model", str(folder)]
    result = subprocess.run(
        [sys.executable, "-m", "framejam_server", "serve", *options],
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ),
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
