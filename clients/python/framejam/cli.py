"""The command ``framejam``. Its subcommands come from the entry point group ``framejam.commands``.

The rule: an entry point names a plain function; it becomes the subcommand of the entry point's
name, with the function's parameters as options and its docstring as help. So a client-only
install has a small ``framejam``, and whatever is installed beside it adds its own commands. A
module with a command imports heavy things inside the function, never at its top: ``--help``
loads every command.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Final

import typer

GROUP: Final = "framejam.commands"


def build() -> typer.Typer:
    """The command with all subcommands that are installed, in alphabetical order."""
    app = typer.Typer(
        name="framejam",
        no_args_is_help=True,
        add_completion=False,
        callback=_root,
        pretty_exceptions_enable=False,
    )
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        app.command(point.name)(_load(point))
    return app


def main() -> None:
    """Run ``framejam`` with the arguments of the command line; does not return."""
    build()()


def _load(point: EntryPoint) -> Callable[..., object]:
    try:
        command: Callable[..., object] = point.load()
        return command
    except ModuleNotFoundError as error:
        return _missing(point.name, error.name or str(error))


def _missing(command: str, module: str) -> Callable[[], None]:
    def missing() -> None:
        typer.echo(
            f"framejam {command} needs the package {module!r}, which is not installed", err=True
        )
        raise typer.Exit(1)

    missing.__doc__ = f"Not installed completely: {module!r} is missing."
    return missing


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"framejam {version('framejam')}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and leave.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Steer one generated clip together: several people, one live denoising loop."""
