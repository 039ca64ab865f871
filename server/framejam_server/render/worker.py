"""The server's end of the render worker: start the process, ask it, notice when it dies."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from framejam_protocol.messages import Tier
from framejam_server.render.environment import QUIET
from framejam_server.render.memory import MIB, TAKES_MIB, Memory
from framejam_server.render.pipe import (
    LENGTH,
    Advance,
    Advanced,
    Answer,
    Estimate,
    Failed,
    Forget,
    Ready,
    Weights,
    Who,
    answer_decoder,
    frame,
)
from framejam_server.render.turns import Queue, Standing

log = structlog.get_logger("framejam.render")


_GONE = (ConnectionError, RuntimeError)
"""What a write to a pipe raises whose other end has ended; uvloop says so with a RuntimeError."""


class WorkerDied(Exception):
    """The process is gone: what it held must be rebuilt from the log (T6)."""


class WorkerReplaced(Exception):
    """What the request builds on is gone since it was made, with the process or to make room:
    make it again."""


class TakeFailed(Exception):
    """The worker is well, but this take cannot be advanced; the text is for people.

    ``field`` names the setting that is at fault, None where it is none.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def _seen(loading: asyncio.Task[Ready]) -> None:
    """A process that did not start is told to those who wait for it, if anybody does."""
    if not loading.cancelled():
        loading.exception()


class Worker:
    """One process that owns the model, and the queue of those who ask it (``turns.py``).

    Before each step of a take ``claim`` room for it; say how it ``stands`` whenever that changes.
    """

    def __init__(
        self,
        blobs: Path,
        threads: int,
        model: Path | None = None,
        checkpoint_mib: int = 512,
        takes_mib: int = TAKES_MIB,
    ) -> None:
        """``blobs`` is where uploaded images lie; ``model`` None is the model that ships.

        ``checkpoint_mib`` bounds the checkpoints of all takes, ``takes_mib`` the takes, in MiB.
        """
        self._arguments = ["--blobs", str(blobs), "--threads", str(threads)]
        self._arguments += ["--checkpoint-mib", str(checkpoint_mib)]
        if model is not None:
            self._arguments += ["--model", str(model)]
        self.memory = Memory(takes_mib * MIB, self._send_forget)
        """The takes the process holds."""
        self._process: asyncio.subprocess.Process | None = None
        self._facts: Ready | None = None
        self._queue = Queue()
        self._loading: asyncio.Task[Ready] | None = None
        # Counts the processes started: takes held by an earlier one are lost.
        self._generation = 0

    @property
    def pid(self) -> int | None:
        """The process id, or None where none runs."""
        return self._process.pid if self._process else None

    async def start(self) -> Ready:
        """Start the process, where none runs, and wait until its model is loaded.

        Whoever waits for it may go away: it loads all the same, for the others. Raises
        ``WorkerDied``.
        """
        if self._process is not None and self._facts is not None:
            return self._facts
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._start(), name="render worker")
            self._loading.add_done_callback(_seen)
        loading = self._loading
        try:
            return await asyncio.shield(loading)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if loading.cancelled() and task is not None and not task.cancelling():
                raise WorkerDied("the renderer was stopped while it loaded") from error
            raise

    @property
    def loaded(self) -> bool:
        """Whether a process runs whose model is loaded."""
        process = self._process
        return process is not None and process.returncode is None and self._facts is not None

    async def current(self) -> int:
        """The generation of the running process, started where there is none.

        Raises ``WorkerDied``.
        """
        if self._process is None or self._facts is None:
            await self.start()
        return self._generation

    def stands(self, key: str, standing: Standing) -> None:
        """How a take stands from now on: its place among those that wait, for turns and room."""
        self.memory.stands(key, standing)
        self._queue.stands(key, standing)

    def claim(self, key: str, size: int, standing: Standing, wake: Callable[[], None]) -> bool:
        """Room for a take of ``size`` bytes that is to run; as ``Memory.claim``."""
        held = self.memory.claim(key, size, standing, wake)
        # What waits for room asks for no turn, and nobody has to stand back for it.
        self._queue.stands(key, standing if held else Standing.STILL)
        return held

    async def advance(
        self,
        request: Advance,
        generation: int,
        watched: Callable[[], tuple[Tier, ...]] | None = None,
    ) -> Advanced:
        """One step of a take, on the process of ``generation`` (from ``current``).

        ``watched`` says the tiers when the turn has come, in the place of those of ``request``:
        whoever came while it waited sees this step.

        Raises ``WorkerDied`` where the process ended under this request, ``WorkerReplaced`` where
        it had ended before or the take had to give way, and ``TakeFailed``.
        """
        await self._queue.turn(request.key)
        if watched is not None:
            request = msgspec.structs.replace(request, tiers=watched())
        return await self._advanced(request, generation)

    async def estimate(self, key: str, tiers: tuple[Tier, ...]) -> Advanced:
        """What the step before predicted, decoded. Raises as ``advance``."""
        await self._queue.turn(key, question=True)
        return await self._advanced(Estimate(key, tiers), self._generation)

    async def weigh(self, request: Who) -> dict[int, float]:
        """The answer to ``request``, of whichever process runs; no take is changed by it.

        Raises ``WorkerDied``, ``WorkerReplaced`` where none runs, and ``TakeFailed``.
        """
        await self._queue.turn(request.key, question=True)
        answer = await self._ask(request, self._generation)
        assert isinstance(answer, Weights)
        return answer.weights

    async def forget(self, key: str) -> None:
        """Let the worker free a take that is over."""
        self.memory.give_up(key)
        self._queue.stands(key, None)

    async def stop(self) -> None:
        """Close the pipe, which ends the process; kill it where it does not listen."""
        process, self._process = self._process, None
        loading, self._loading = self._loading, None
        if loading is not None and not loading.done():
            loading.cancel()  # which kills the process
            await asyncio.wait([loading])
        if process is None or process.stdin is None:
            return
        if self._queue.busy:  # nobody waits for the answer any more
            process.kill()
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _start(self) -> Ready:
        self._facts = None
        self.memory.lose()
        try:
            self._process = await self._spawn()
        except OSError as error:
            raise WorkerDied(f"the renderer did not start: {error}") from error
        self._generation += 1
        ready = await self._answer()
        if not isinstance(ready, Ready):
            raise WorkerDied("the worker did not say that it is ready")
        log.info("worker ready", pid=self._process.pid, model=ready.model)
        self._facts = ready
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

    async def _advanced(self, request: Advance | Estimate, generation: int) -> Advanced:
        """The answer to a request about a take that must still be held."""
        answer = await self._ask(request, generation, held=request.key)
        assert isinstance(answer, Advanced)
        return answer

    async def _ask(
        self, request: Advance | Estimate | Who, generation: int, held: str | None = None
    ) -> Answer:
        """Ask, with the turn that the caller has; it is over when the answer is there.

        Whoever asked may go away: the answer is read all the same, or it would be taken for that
        to the next request.
        """
        asking = asyncio.ensure_future(self._exchange(request, generation, held))
        asking.add_done_callback(lambda _: self._queue.done())
        answer = await asyncio.shield(asking)
        if isinstance(answer, Failed):
            raise TakeFailed(answer.message, answer.field)
        return answer

    async def _exchange(
        self, request: Advance | Estimate | Who, generation: int, held: str | None
    ) -> Answer:
        # Everything may have changed while the request waited for its turn.
        runs = self._process is not None and self._facts is not None
        if not runs or generation != self._generation:
            raise WorkerReplaced
        if held is not None and held not in self.memory:
            raise WorkerReplaced
        assert self._process is not None
        try:
            self._write(frame(request))
        except _GONE as error:
            raise await self._buried(self._process) from error
        return await self._answer()

    def _send_forget(self, key: str) -> None:
        """Let the worker free a take; behind whatever it does now."""
        if self.loaded:  # a process that still loads holds no takes
            with suppress(*_GONE):
                self._write(frame(Forget(key)))

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
