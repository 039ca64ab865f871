"""``framejam backup TO``: a copy of a server's folder, while it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

if TYPE_CHECKING:
    from framejam_server.store.blobs import BlobFiles

PARTIAL: Final = ".part"
"""Ends the database's name until the whole backup is there: half of one is not mistaken for it."""


def backup(
    to: Annotated[Path, typer.Argument(help="A new or empty folder for the copy.")],
    data: Annotated[Path | None, typer.Option(help="The server's folder.")] = None,
) -> None:
    """Copy all sessions, with their images, into a folder that can be served.

    The server may go on: the copy has what was acknowledged before the command began, and is of
    one moment. Exit code 2 where it could not be made.
    """
    from pydantic import ValidationError

    from framejam_server.app import DATABASE
    from framejam_server.config import Config
    from framejam_server.store.contract import StoreError

    try:
        config = Config()
        if config.database is not None:
            _fail(
                "the sessions are in PostgreSQL: pg_dump copies them, and their images are in "
                f"{(data or config.data) / 'blobs'}"
            )
        with _bar() as progress:
            count = copied(data or config.data, to, DATABASE, progress)
    except ValidationError as error:
        _fail(f"setting {error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}")
    except (StoreError, OSError) as error:
        _fail(str(error))
    typer.echo(f"copied the sessions and {count} images: framejam serve --data {to}")


def copied(folder: Path, to: Path, name: str, progress: Callable[[str, float], None]) -> int:
    """Copy the database ``name`` and its images from one data folder into another; how many images.

    ``progress`` is called with what is being copied and the part that is done, 0 to 1. Raises
    ``StoreError`` and ``OSError``; what is in ``to`` then cannot be served.
    """
    from framejam_server.store.backup import backup as copy_database
    from framejam_server.store.backup import images
    from framejam_server.store.blobs import BlobFiles, sync_folder
    from framejam_server.store.contract import StoreError

    if not (folder / name).is_file():
        raise StoreError(f"there is no database {folder / name}: name a server's folder by --data")
    to.mkdir(parents=True, exist_ok=True)
    if any(to.iterdir()):
        raise StoreError(f"{to} is not empty: a backup overwrites nothing")
    partial = to / f"{name}{PARTIAL}"
    copy_database(folder / name, partial, lambda part: progress("sessions", part))
    # The images after the database: all that it names were there before it did.
    found = images(partial)
    source, target = BlobFiles(folder / "blobs"), BlobFiles(to / "blobs")
    count = 0
    for number, blob in enumerate(found, start=1):
        count += _copy_image(blob, source, target)
        progress("images", number / len(found))
    partial.rename(to / name)
    sync_folder(to)
    return count


def _copy_image(blob: str, source: BlobFiles, target: BlobFiles) -> bool:
    """False where the image is gone: its session was deleted since the database was copied."""
    from framejam_server.store.contract import StoreError

    try:
        data = source.get(blob)
    except FileNotFoundError:
        return False
    if target.put(data) != blob:
        raise StoreError(f"the image {source.path(blob)} is damaged: its bytes are not its own")
    return True


@contextmanager
def _bar() -> Iterator[Callable[[str, float], None]]:
    """A bar on a terminal's standard error."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("sessions", total=1.0)
        yield lambda what, part: progress.update(task, description=what, completed=part)


def _fail(text: str) -> NoReturn:
    typer.echo(f"framejam backup: {text}", err=True)
    raise typer.Exit(2)
