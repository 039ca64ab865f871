"""``framejam bench [SUITE...] --json FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SUITES = ("core", "collab", "history", "pipeline", "steering")


def bench(
    suites: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SUITE]...", help=f"What to measure: {', '.join(SUITES)}. Default: all."
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", help="Write the numbers to this file as one flat JSON object.", dir_okay=False
        ),
    ] = None,
    sheets_folder: Annotated[
        Path | None,
        typer.Option(
            "--sheets",
            help="Draw what suite steering measures into this folder: prompts, strokes, drags.",
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Measure framejam on this machine: medians of interleaved rounds, beside a naive server.

    Takes a few minutes. Other work on the machine shows in the numbers.
    """
    unknown = set(suites or ()) - set(SUITES)
    if unknown:
        typer.echo(
            f"framejam bench: no suite {', '.join(sorted(unknown))}; there are: "
            f"{', '.join(SUITES)}",
            err=True,
        )
        raise typer.Exit(2)
    from rich.console import Console

    from framejam_server.bench.result import to_json, to_table
    from framejam_server.bench.run import BenchFailed, run, sheets

    try:
        metrics = run(suites or SUITES)
        if json_file is not None:
            json_file.write_text(to_json(metrics), encoding="utf-8")
        if sheets_folder is not None:
            sheets(sheets_folder)
    except (BenchFailed, OSError) as error:
        typer.echo(f"framejam bench: {error}", err=True)
        raise typer.Exit(1) from error
    Console().print(to_table(metrics))
