"""What a server does before it serves: each failure is one clear line."""

from __future__ import annotations

import fcntl
import gc
import os
import socket
from pathlib import Path
from typing import IO


class StartupError(Exception):
    """The server cannot start; the text says why and what to do."""


def lock_data_folder(folder: Path) -> IO[str]:
    """Make the folder and hold it for this process (T6: two servers cannot open one folder).

    Keep the returned file open. The lock goes with the process, however it ends. Raises
    ``StartupError``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise StartupError(
            f"the data folder {folder} is not writable ({error.strerror}): "
            "choose another with --data"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StartupError(
            f"the data folder {folder} is open in another framejam: stop that one "
            "or choose another folder with --data"
        ) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def bind(host: str, port: int) -> socket.socket:
    """A bound socket, not yet listening, so that a taken port is noticed before the model loads.

    Raises ``StartupError``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise StartupError(
            f"cannot listen on {host}:{port} ({error.strerror}): choose another "
            "with --port, or 0 for any free one"
        ) from error
    return bound


def settle_collector() -> None:
    """Leave what is in memory now out of all later garbage collections; call it once, when up.

    Modules and classes never become garbage, yet a full collection looks through all of them while
    nobody's edit is answered: the longest acks of a busy server waited for just that
    (``docs/benchmarks.md``).
    """
    gc.collect()
    gc.freeze()
