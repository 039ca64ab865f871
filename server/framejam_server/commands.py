"""What the server adds to the ``framejam`` command, by entry point."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from pydantic import ValidationError

_EXIT_CODES: Final = {"equal": 0, "different": 1, "not comparable": 3}
"""Of ``framejam take --verify``; 2 is for what could not be done at all."""


def serve(
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the database and images.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of a model; without it the one that ships.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Denoising steps of a new session.")] = None,
    quality: Annotated[
        str | None, typer.Option(help="live, or fine: three times the steps.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of a new session.")] = None,
) -> None:
    """Serve the studio; prints `framejam ready <link>` with an owner link."""
    import uvloop
    from pydantic import ValidationError

    from framejam_server.app import serve as run
    from framejam_server.config import Config
    from framejam_server.startup import StartupError

    options: dict[str, Any] = {
        "port": port,
        "host": host,
        "data": data,
        "model": model,
        "steps": steps,
        "quality": quality,
        "seed": seed,
    }
    try:
        config = Config(**{name: value for name, value in options.items() if value is not None})
        _set_up_logs(config.log_format)
        uvloop.run(run(config, _say, _ready))
    except ValidationError as error:
        _fail(_first(error))
    except StartupError as error:
        _fail(str(error))


def take(
    session: Annotated[str, typer.Argument(help="The session's id, or a link to it.")],
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Compute the take again in a new process, and compare the bits."
        ),
    ] = False,
    data: Annotated[Path | None, typer.Option(help="The server's folder.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="The server's model; without it the one that ships.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads of the model; without it as many as the take had.", min=1),
    ] = None,
) -> None:
    """Say what the finished take of a session is; with --verify, whether it can be computed again.

    Reads the server's folder and changes nothing there; the server may be running. With --verify
    the exit code is 0 where the take comes out equal, 1 where it comes out different, and 3 where
    it cannot be compared: another machine, other versions, threads or model. It is 2 where there is
    no finished take to look at.
    """
    from pydantic import ValidationError

    from framejam_server.app import DATABASE
    from framejam_server.config import Config
    from framejam_server.store.contract import StoreError
    from framejam_server.verify import (
        NothingToVerify,
        computed_again,
        described,
        session_of,
        stored_take,
    )

    try:
        config = Config()
        stored = stored_take((data or config.data) / DATABASE, session_of(session))
        for line in described(stored):
            typer.echo(line)
        if not verify:
            return
        with _progress(stored.record.settings.steps) as stepped:
            verdict = computed_again(stored, model or config.model, threads, stepped)
    except ValidationError as error:
        _fail(_first(error))
    except (NothingToVerify, StoreError, OSError) as error:
        _fail(str(error))
    typer.echo(verdict.outcome)
    for line in verdict.lines:
        typer.echo(f"  {line}")
    raise typer.Exit(_EXIT_CODES[verdict.outcome])


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's standard error; what it hands out is told how many steps are done."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("loading the model", total=steps)
        yield lambda done: progress.update(task, description="computing", completed=done)


def _first(error: ValidationError) -> str:
    """What is wrong with the settings, the first of it."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"setting {field}: {first['msg']}"


def _say(text: str) -> None:
    print(f"framejam: {text}", file=sys.stderr, flush=True)


def _ready(link: str) -> None:
    print(f"framejam ready {link}", flush=True)


def _fail(text: str) -> NoReturn:
    _say(text)
    raise typer.Exit(2)


def _set_up_logs(log_format: str) -> None:
    """Structured logs on standard error; standard output is for the ready line."""
    import structlog

    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
