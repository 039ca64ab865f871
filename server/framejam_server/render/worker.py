"""The server's end of the render worker: start the process, ask it, notice when it dies."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from framejam_server.render.environment import QUIET
from framejam_server.render.pipe import (
    LENGTH,
    Advance,
    Advanced,
    Answer,
    Failed,
    Forget,
    Ready,
    Weights,
    Who,
    answer_decoder,
    frame,
)

log = structlog.get_logger("framejam.render")


_GONE = (ConnectionError, RuntimeError)
"""What a write to a pipe raises whose other end has ended; uvloop says so with a RuntimeError."""


class WorkerDied(Exception):
    """The process is gone: what it held must be rebuilt from the log (T6)."""


class WorkerReplaced(Exception):
    """Another process took over since the request was made: make it again for that one."""


class TakeFailed(Exception):
    """The worker is well, but this take cannot be advanced; the text is for people.

    ``field`` names the setting that is at fault, None where it is none.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Worker:
    """One process that owns the model. Requests are answered one at a time, first come first
    served, so sessions take turns by step."""

    def __init__(
        self, blobs: Path, threads: int, model: Path | None = None, checkpoint_mib: int = 512
    ) -> None:
        """``blobs`` is where uploaded images lie; ``model`` None is the model that ships.

        ``checkpoint_mib`` bounds the checkpoints of all takes, in MiB.
        """
        self._arguments = ["--blobs", str(blobs), "--threads", str(threads)]
        self._arguments += ["--checkpoint-mib", str(checkpoint_mib)]
        if model is not None:
            self._arguments += ["--model", str(model)]
        self._process: asyncio.subprocess.Process | None = None
        self._facts: Ready | None = None
        self._turn = asyncio.Lock()
        # Counts the processes started: takes held by an earlier one are lost.
        self._generation = 0

    @property
    def pid(self) -> int | None:
        """The process id, or None where none runs."""
        return self._process.pid if self._process else None

    async def start(self) -> Ready:
        """Start the process, where none runs, and wait until its model is loaded.

        Raises ``WorkerDied``.
        """
        async with self._turn:
            if self._process is None or self._facts is None:
                self._facts = await self._start()
            return self._facts

    @property
    def loaded(self) -> bool:
        """Whether a process runs whose model is loaded."""
        process = self._process
        return process is not None and process.returncode is None and self._facts is not None

    async def current(self) -> int:
        """The generation of the running process, started where there is none.

        Raises ``WorkerDied``.
        """
        async with self._turn:
            if self._process is None:
                self._facts = await self._start()
            return self._generation

    async def advance(self, request: Advance, generation: int) -> Advanced:
        """One step of a take, on the process of ``generation`` (from ``current``).

        Raises ``WorkerDied`` where the process ended under this request, ``WorkerReplaced`` where
        it had ended before, and ``TakeFailed``.
        """
        async with self._turn:
            if self._process is None or generation != self._generation:
                raise WorkerReplaced
            answer = await self._ask(request)
        if isinstance(answer, Failed):
            raise TakeFailed(answer.message, answer.field)
        assert isinstance(answer, Advanced)
        return answer

    async def weigh(self, request: Who) -> dict[int, float]:
        """The answer to ``request``, of whichever process runs; no take is changed by it.

        Raises ``WorkerDied``, ``WorkerReplaced`` where none runs, and ``TakeFailed``.
        """
        # Whoever asked may go away: that must not cost everybody the process (see ``_answer``).
        return await asyncio.shield(self._weigh(request))

    async def _weigh(self, request: Who) -> dict[int, float]:
        async with self._turn:
            if self._process is None:
                raise WorkerReplaced
            answer = await self._ask(request)
        if isinstance(answer, Failed):
            raise TakeFailed(answer.message, answer.field)
        assert isinstance(answer, Weights)
        return answer.weights

    async def forget(self, key: str) -> None:
        """Let the worker free a take, where it still runs."""
        if not self.loaded:
            return  # a process that still loads holds no takes, and its turn may be long
        async with self._turn:
            if self._process is not None:
                with suppress(*_GONE):
                    self._write(frame(Forget(key)))

    async def stop(self) -> None:
        """Close the pipe, which ends the process; kill it where it does not listen."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _start(self) -> Ready:
        self._facts = None
        try:
            self._process = await self._spawn()
        except OSError as error:
            raise WorkerDied(f"the renderer did not start: {error}") from error
        self._generation += 1
        ready = await self._answer()
        if not isinstance(ready, Ready):
            raise WorkerDied("the worker did not say that it is ready")
        log.info("worker ready", pid=self._process.pid, model=ready.model)
        return ready

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "framejam_server.render.process",
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
            # Spinning OpenMP threads slow a shared machine 30-fold and more.
            env={**os.environ, **QUIET, "OMP_WAIT_POLICY": "passive"},
            # Ctrl-C is for the server, which then closes the pipe.
            start_new_session=True,
        )

    async def _ask(self, request: Advance | Who) -> Answer:
        assert self._process is not None
        try:
            self._write(frame(request))
        except _GONE as error:
            raise await self._buried(self._process) from error
        return await self._answer()

    def _write(self, data: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(data)

    async def _answer(self) -> Answer:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        try:
            head = await process.stdout.readexactly(LENGTH.size)
            return answer_decoder.decode(await process.stdout.readexactly(LENGTH.unpack(head)[0]))
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError) as error:
            raise await self._buried(process) from error
        except asyncio.CancelledError:
            # Its answer would be read as the answer to the next request: start a fresh one.
            self._process = None
            with suppress(ProcessLookupError):
                process.kill()
            raise

    async def _buried(self, process: asyncio.subprocess.Process) -> WorkerDied:
        """Let go of a process that is of no more use; the error that says so."""
        self._process = None
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        return WorkerDied(f"the render worker ended with exit code {await process.wait()}")
