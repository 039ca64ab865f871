"""What the server adds to the ``framejam`` command, by entry point."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def serve(
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the database and images.")] = None,
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
        "steps": steps,
        "quality": quality,
        "seed": seed,
    }
    try:
        config = Config(**{name: value for name, value in options.items() if value is not None})
        _set_up_logs(config.log_format)
        uvloop.run(run(config, _say, _ready))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        _fail(f"setting {field}: {first['msg']}")
    except StartupError as error:
        _fail(str(error))


def _say(text: str) -> None:
    print(f"framejam: {text}", file=sys.stderr, flush=True)


def _ready(link: str) -> None:
    print(f"framejam ready {link}", flush=True)


def _fail(text: str) -> None:
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
