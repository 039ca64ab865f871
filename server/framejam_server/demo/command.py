"""``framejam demo --out DIR``: the whole way of an edit, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for clip.mp4, session.framejam, contact.png, log.jsonl, report.json and "
            "effects/.",
            file_okay=False,
        ),
    ],
    closed_choice: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the pictures of the edits, shuffled and without words, with the "
            "choices and, apart from them, the key.",
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Start a server, let three participants edit one clip together, and show what each edit did.

    Takes a minute or two. Exit code 1 where something failed, or where the finished clip could
    not be computed again from the log bit for bit.
    """
    from framejam_server.demo.run import DemoFailed, run

    try:
        lines = run(out, closed_choice)
    except DemoFailed as error:
        typer.echo(f"framejam demo: {error}", err=True)
        raise typer.Exit(1) from error
    for line in lines:
        typer.echo(line)
