"""A model with tiny random weights, and real servers that are stopped whatever happens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from running import RunningServer

TINY = Path(__file__).parent.parent / "pipeline"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the embedded model's layout: every path is real, no picture means much."""
    folder = tmp_path_factory.mktemp("tiny-model")
    # In a process of its own: these tests check the server without torch being imported.
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import tiny; "
        "tiny.write_tiny_model(pathlib.Path(sys.argv[2]))"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(TINY), str(folder)], check=True, capture_output=True
    )
    return folder


@pytest.fixture
def launch(tmp_path: Path, tiny_model: Path) -> Iterator[Callable[..., RunningServer]]:
    """Start servers on one data folder; all are killed at the end of the test."""
    started: list[RunningServer] = []

    def start(*options: str, data: str = "data", port: int = 0) -> RunningServer:
        started.append(RunningServer(tmp_path / data, tiny_model, *options, port=port))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[RunningServer]:
    """One server for all tests of a module that leave it as they found it."""
    server = RunningServer(tmp_path_factory.mktemp("shared") / "data", tiny_model)
    yield server
    server.kill()
