"""What cannot start says so in one line and exits with 2; what starts does not import torch."""

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys

import pytest


def serve(data, *options, **environment):
    return subprocess.run(
        [sys.executable, "-m", "framejam_server", "serve", "--data", str(data), *options],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def one_line(result):
    """The line that says why, and no traceback before it."""
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr.strip().splitlines()[-1]


def test_a_port_in_use(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = serve(tmp_path / "data", "--port", str(port))
    assert f"cannot listen on 127.0.0.1:{port}" in one_line(result)
    assert "--port" in one_line(result)


def test_a_data_folder_that_is_not_writable(tmp_path):
    (tmp_path / "file").write_text("in the way")
    line = one_line(serve(tmp_path / "file" / "data", "--port", "0"))
    assert "not writable" in line
    assert "--data" in line


def test_T6_a_data_folder_that_is_already_open(launch, tmp_path):
    launch()
    line = one_line(serve(tmp_path / "data", "--port", "0"))
    assert "open in another framejam" in line


def test_a_database_newer_than_the_code(launch, tmp_path):
    launch().stop()
    database = sqlite3.connect(tmp_path / "data" / "framejam.db")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    assert "newer than this framejam" in one_line(serve(tmp_path / "data", "--port", "0"))


def test_a_model_that_is_not_there(tmp_path):
    result = serve(tmp_path / "data", "--port", "0", FRAMEJAM_MODEL=str(tmp_path / "none"))
    one_line(result)
    assert "has no unet" in result.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("FRAMEJAM_PORT", "seventy"), ("FRAMEJAM_THREADS", "0")]
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path, name, value):
    line = one_line(serve(tmp_path / "data", **{name: value}))
    assert name.removeprefix("FRAMEJAM_").lower() in line


def test_settings_come_from_toml_then_environment_then_options(tmp_path, monkeypatch):
    from framejam_server.config import Config

    monkeypatch.chdir(tmp_path)
    (tmp_path / "framejam.toml").write_text("port = 1111\nthreads = 3\nseed = 9\n")
    monkeypatch.setenv("FRAMEJAM_PORT", "2222")
    monkeypatch.setenv("FRAMEJAM_THREADS", "4")
    config = Config(port=3333)
    assert (config.port, config.threads, config.seed) == (3333, 4, 9)


def test_the_server_and_its_core_do_not_import_torch():
    program = (
        "import sys, framejam_server.app, framejam_server.commands; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


async def test_L2_edits_are_taken_before_the_model_is_loaded_again(launch, tmp_path):
    first = launch()
    raw = await first.join()
    await raw.content("red fish")
    first.kill()
    log = tmp_path / "data.log"
    before = log.stat().st_size
    again = launch(port=first.port)
    back = await again.join(raw.token)
    answer = await back.paint()
    assert answer["type"] == "ack"
    await back.preview(lambda p: int.from_bytes(p[24:32], "big") >= answer["seq"])
    said = log.read_text()[before:]
    # The first start waited for it and said so; this one had its facts.
    assert "loading the model" in log.read_text()[:before]
    assert "loading the model" not in said
    await back.close()


async def test_C6_a_stop_does_not_wait_for_the_model(launch):
    launch().stop()
    again = launch()
    raw = await again.join()
    stopping = asyncio.create_task(asyncio.to_thread(again.stop))
    assert await raw.close_code() == 4000
    assert await stopping == 0
