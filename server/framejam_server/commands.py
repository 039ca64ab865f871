"""What the server adds to the ``framejam`` command, by entry point."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from pydantic import ValidationError

    from framejam_server.config import Config
    from framejam_server.export.unbundle import Bundle

_EXIT_CODES: Final = {"equal": 0, "different": 1, "not comparable": 3}
"""Of ``--verify``; 2 is for what could not be done at all."""


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
    from framejam_server.recomputing import NothingToVerify, Process
    from framejam_server.store.contract import StoreError
    from framejam_server.verify import (
        computed_again,
        described,
        session_of,
        stored_take,
        threads_of,
    )

    try:
        config = Config()
        database = (data or config.data) / DATABASE
        stored = stored_take(database, session_of(session), config.database)
        for line in described(stored):
            typer.echo(line)
        if not verify:
            return
        with (
            _progress(stored.record.settings.steps) as stepped,
            Process(model or config.model, threads or threads_of(stored.record)) as process,
        ):
            verdict = computed_again(stored, process, stepped)
    except ValidationError as error:
        _fail(_first(error))
    except (NothingToVerify, StoreError, OSError) as error:
        _fail(str(error))
    typer.echo(verdict.outcome)
    for line in verdict.lines:
        typer.echo(f"  {line}")
    raise typer.Exit(_EXIT_CODES[verdict.outcome])


def bundle(
    session: Annotated[str, typer.Argument(help="The session's id, or a link to it.")],
    data: Annotated[Path | None, typer.Option(help="The server's folder.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file; without it session-SESSION.framejam here.", dir_okay=False),
    ] = None,
) -> None:
    """Write a session, with its log, images and takes, to one file that other servers can import.

    Reads the server's folder and changes nothing there; the server may be running. Exit code 2
    where it could not be done.
    """
    from pydantic import ValidationError

    from framejam_server.app import DATABASE
    from framejam_server.bundles import SUFFIX, BadBundle, NoSession, bundle_folder
    from framejam_server.config import Config
    from framejam_server.recomputing import NothingToVerify
    from framejam_server.store.contract import StoreError
    from framejam_server.verify import session_of

    try:
        config = Config()
        folder, name = data or config.data, session_of(session)
        out = out or Path(f"session-{name}{SUFFIX}")
        bundle_folder(folder / DATABASE, folder / "blobs", name, out, config.database)
    except ValidationError as error:
        _fail(_first(error))
    except NoSession:
        _fail(f"there is no session {name!r} in {folder}: is that the folder of its server?")
    except (NothingToVerify, BadBundle, StoreError, OSError) as error:
        _fail(str(error))
    typer.echo(out)


def import_bundle(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="What `framejam bundle` wrote.")],
    data: Annotated[Path | None, typer.Option(help="The server's folder.")] = None,
) -> None:
    """Make a session of a bundle; prints the path of its owner's link, to go behind the host.

    The server must be stopped (a running one imports over HTTP). Everything in the bundle is
    checked before anything is written. Exit code 2 where it could not be done.
    """
    import asyncio

    from pydantic import ValidationError

    from framejam_server.bundles import BadBundle
    from framejam_server.config import Config
    from framejam_server.quotas import Full
    from framejam_server.startup import StartupError
    from framejam_server.store.contract import StoreError

    try:
        config = Config() if data is None else Config(data=data)
        _set_up_logs(config.log_format)
        path = asyncio.run(_imported(config, file))
    except ValidationError as error:
        _fail(_first(error))
    except (StartupError, BadBundle, Full, StoreError, OSError) as error:
        _fail(str(error))
    typer.echo(path)


async def _imported(config: Config, file: Path) -> str:
    import secrets
    import time

    from framejam_server.app import DATABASE, quotas_of
    from framejam_server.bundles import Carrier
    from framejam_server.startup import lock_data_folder
    from framejam_server.store.blobs import BlobFiles
    from framejam_server.store.opening import open_store

    with lock_data_folder(config.data):
        files = BlobFiles(config.data.absolute() / "blobs")
        store = await open_store(config.data.absolute() / DATABASE, config.database)
        try:
            carrier = Carrier(
                store,
                files,
                lambda: secrets.token_hex(8),
                lambda: time.time_ns() // 1_000_000,
                quotas_of(config),
            )
            return (await carrier.bring(file)).path
        finally:
            await store.close()


def replay(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="What `framejam bundle` wrote.")],
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Compute every take again in a new process, and compare the bits."
        ),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="With --verify: as often as each was finished.")
    ] = False,
    timelapse: Annotated[
        Path | None,
        typer.Option(help="Write the history as a film (MP4) to this file.", dir_okay=False),
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="How long the film is at most.", min=2, max=3600)
    ] = 60,
    model: Annotated[
        Path | None, typer.Option(help="The server's model; without it the one that ships.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(help="Threads of the model; without it as many as each take had.", min=1),
    ] = None,
) -> None:
    """Tell what happened in a session, out of its bundle; no server is needed.

    With --verify the exit code is 0 where every take comes out equal, 1 where one comes out
    different or the bundle is not what was written (one changed byte suffices), and 3 where takes
    cannot be compared: another machine, other versions, threads or model. It is 2 where it could
    not be done.
    """
    from pydantic import ValidationError

    from framejam_server.bundles import BadBundle
    from framejam_server.config import Config
    from framejam_server.recomputing import NothingToVerify
    from framejam_server.replay import checked

    try:
        config = Config()
        with checked(file) as found, TemporaryDirectory(prefix="framejam-replay-") as images:
            outcome = _replayed(
                found,
                Path(images),
                verify,
                every,
                None if timelapse is None else (timelapse, seconds),
                model or config.model,
                threads,
            )
    except ValidationError as error:
        _fail(_first(error))
    except BadBundle as error:
        if not (verify and error.changed):
            _fail(str(error))
        typer.echo(f"{error}\ndifferent")
        outcome = "different"
    except (NothingToVerify, OSError) as error:
        _fail(str(error))
    raise typer.Exit(_EXIT_CODES[outcome])


def _replayed(
    found: Bundle,
    images: Path,
    verify: bool,
    every: bool,
    timelapse: tuple[Path, float] | None,
    model: Path | None,
    threads: int | None,
) -> str:
    """Do what was asked for; the outcome of it."""
    from framejam_server.recomputing import NothingToVerify
    from framejam_server.replay import history, overall, replayed, takes_of, told

    for line in told(found):
        typer.echo(line)
    takes = takes_of(found, images, every)
    if timelapse is not None:
        _film(found, images, *timelapse, model, threads)
    if not verify:
        if timelapse is None:
            for line in history(found.events):
                typer.echo(line)
        return "equal"
    if not takes:
        raise NothingToVerify("no take of it was ever finished: there is nothing to compute again")
    outcomes = []
    steps = [one.record.settings.steps for one in takes]
    with _progress(sum(steps)) as stepped:
        for one, verdict in replayed(
            takes, model, threads, lambda place, done: stepped(sum(steps[:place]) + done)
        ):
            typer.echo(f"take {one.record.take} up to event {one.record.seq}: {verdict.outcome}")
            for line in verdict.lines:
                typer.echo(f"  {line}")
            outcomes.append(verdict.outcome)
    typer.echo(overall(outcomes))
    return overall(outcomes)


def _film(
    found: Bundle,
    images: Path,
    out: Path,
    seconds: float,
    model: Path | None,
    threads: int | None,
) -> None:
    """The history as a film."""
    from framejam_server.export.timelapse import render_timelapse

    with _progress(1) as stepped:
        film = render_timelapse(
            found.events,
            images,
            out,
            model=model,
            threads=threads or 1,
            seconds=seconds,
            progress=lambda _what, done, of: stepped(done / max(of, 1)),
        )
    typer.echo(f"{out}: {film.shown} of {film.gestures} gestures in {film.seconds:.1f} s")


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[float], None]]:
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
    """Structured logs on standard error; standard output is for links."""
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
