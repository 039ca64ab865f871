"""A process that computes takes again, from this side of its pipe (R2): ``render.rerun``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from framejam_protocol.fold.pairs import Pair, Reference
from framejam_protocol.instructions import Settings
from framejam_server.render.rerun import Answer, Asked, Computed, Failed, Loaded, Stepped

__all__ = ["Asked", "NothingToVerify", "Process"]


class NothingToVerify(Exception):
    """There is no take that could be computed; the text is for people and says what to do."""


class Process:
    """A process that loads a model once, when the first take is asked for; a context manager.

    ``model`` None is the one that ships. The process is gone when the block ends.
    """

    def __init__(self, model: Path | None, threads: int) -> None:
        arguments = ["--threads", str(threads)]
        if model is not None:
            arguments += ["--model", str(model)]
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._loaded: Loaded | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.__exit__(kind, error, trace)

    def loaded(self) -> Loaded:
        """What the process computes with, once its model is loaded. Raises ``NothingToVerify``."""
        if self._loaded is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "framejam_server.render.rerun", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for us; we end it
            )
            answer = self._answer()
            assert isinstance(answer, Loaded)
            self._loaded = answer
        return self._loaded

    def digest(self, asked: Asked, stepped: Callable[[int], None]) -> str:
        """Compute a take; ``stepped`` is told how many of its steps are done.

        Raises ``NothingToVerify`` where it cannot be computed; the process is of no use then.
        """
        self.loaded()
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(asked) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise NothingToVerify(_ENDED) from error
        while isinstance(answer := self._answer(), Stepped):
            stepped(answer.position)
        assert isinstance(answer, Computed)
        return answer.digest

    def decode(
        self,
        settings: Settings,
        pairs: Mapping[int, Pair],
        references: Mapping[int, Reference],
        blobs: Path,
        target: Path,
        stepped: Callable[[int], None],
    ) -> None:
        """Compute a take, and write its decoded frames to ``target`` as ``numpy.load`` reads them.

        ``blobs`` is the folder of the reference images. Raises as ``digest``.
        """
        asked = Asked(settings, dict(pairs), dict(references), str(blobs), frames=str(target))
        self.digest(asked, stepped)

    def _answer(self) -> Answer:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NothingToVerify(_ENDED)
        answer: Answer = msgspec.json.decode(line, type=Answer)
        if isinstance(answer, Failed):
            raise NothingToVerify(f"the take cannot be computed: {answer.message}")
        return answer


_ENDED = "the process that recomputes ended; the lines above say why"
