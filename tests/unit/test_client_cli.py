"""The command ``framejam``: commands by entry point, and nothing heavy before one runs."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from typer.testing import CliRunner

from framejam import cli


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, cli.GROUP)


def test_help_lists_the_installed_commands() -> None:
    done = CliRunner().invoke(cli.build(), ["--help"])
    assert done.exit_code == 0
    for command in ("serve", "demo", "bench"):
        assert command in done.output


def test_version_is_one_line() -> None:
    done = CliRunner().invoke(cli.build(), ["--version"])
    assert done.output.startswith("framejam ")
    assert len(done.output.splitlines()) == 1


def test_a_function_becomes_the_command_of_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [point("square", f"{__name__}:square"), point("other", f"{__name__}:square")]
    monkeypatch.setattr(cli, "entry_points", lambda group: found)
    done = CliRunner().invoke(cli.build(), ["square", "7"])
    assert done.output == "49\n"


def square(number: int) -> None:
    """Print the square."""
    print(number * number)


def test_a_command_that_is_not_installed_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "entry_points", lambda group: [point("fly", "no_such_wings:fly")])
    done = CliRunner().invoke(cli.build(), ["fly"])
    assert done.exit_code == 1
    assert "needs the package 'no_such_wings'" in done.output


@pytest.mark.parametrize("program", ["import framejam", "from framejam.cli import build; build()"])
def test_nothing_heavy_is_imported_before_a_command_runs(program: str) -> None:
    check = f"{program}; import sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "aiohttp", "sqlalchemy", "numpy", "PIL", "av"} & set(loaded)
