"""The history as a program uses it: versions, restores, branches, bundles, kept previews (R)."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from framejam.pending import Receipt
from framejam.previews import Kept
from framejam_protocol.fold.records import Version
from framejam_protocol.fold.state import State
from framejam_protocol.messages import Command, Mark, Restore

if TYPE_CHECKING:
    from framejam.link import Link
    from framejam.rest import Rest

When = int | str | Receipt
"""A moment of the log: the seq of an event, what a command was acked with, or the name of a version
(the one named last, where several have it)."""


class History(ABC):
    """What ``Session`` can do with its log: name moments, go back to them, carry it elsewhere.

    Every call raises ``Refused`` where the server says no, ``Closed`` where the session is over,
    ``Unreachable`` where an HTTP call found no server and ``ValueError`` for the name of a version
    that there is not.
    """

    _rest: Rest
    _link: Link

    @property
    @abstractmethod
    def state(self) -> State:
        """What the events so far add up to."""

    @abstractmethod
    async def _command(self, make: Callable[[int], Command]) -> Receipt:
        """Send a numbered command and wait for its answer."""

    @property
    def versions(self) -> Mapping[int, Version]:
        """The named versions by the seq they name, in the order of the log (R3)."""
        return dict(sorted(self.state.versions.items()))

    async def mark(self, name: str | None, *, of: When | None = None) -> Receipt:
        """Name the session as it stood at ``of``, None for now (R3); another name replaces it.

        ``name`` has 1 to 80 characters; None takes the name at ``of`` away, and raises ``Refused``
        not_found where there is none.
        """
        seq = None if of is None else self._seq(of)
        return await self._command(lambda number: Mark(number, seq, name))

    async def restore(self, to: When) -> Receipt:
        """Put the session back to what it was at ``to`` (R3); ``undo`` takes that back.

        Nothing is lost: it is one more event. Raises ``Refused`` invalid where the session is as
        it was then.
        """
        seq = self._seq(to)
        return await self._command(lambda number: Restore(number, seq))

    async def branch(self, at: When | None = None, *, name: str | None = None) -> str:
        """A new session that begins as this one stood at ``at``, None for now (R4); its link.

        Whoever asks owns it, and nobody else of this session is let in. ``name`` is for people.
        """
        seq = self.state.seq if at is None else self._seq(at)
        made = await self._rest.ask("POST", "branches", {"seq": seq, "name": name})
        return self._link.base + str(made["path"])

    async def bundle(self, path: str | os.PathLike[str]) -> Path:
        """Write the session with its images and takes to ``path``, one file (R5).

        ``path`` is replaced when all of it is here. Raises ``OSError`` where it cannot be written.
        """
        return await self._rest.save("bundle", Path(path))

    async def import_bundle(self, path: str | os.PathLike[str]) -> str:
        """Make a session of this server from a bundle (R5): the link of its owner.

        For owners of any session here. Raises ``OSError`` for a file that cannot be read, and
        ``Refused``, with nothing imported, for one that is no bundle or a damaged one.
        """
        made = json.loads(await self._rest.send("imports", Path(path)))
        return self._link.base + str(made["path"])

    async def preview_at(self, when: When) -> Kept:
        """The picture that was kept of the take at or shortly before ``when`` (R1).

        Raises ``Refused`` not_found where none is kept; a look with ``at`` computes it again.
        """
        body, headers = await self._rest.fetch(f"history/{self._seq(when)}")
        return Kept.of(body, headers)

    def _seq(self, when: When) -> int:
        if isinstance(when, Receipt):
            return when.seq
        if isinstance(when, int):
            return when
        named = [(one.seq, of) for of, one in self.state.versions.items() if one.name == when]
        if not named:
            known = ", ".join(repr(one.name) for one in self.versions.values()) or "none"
            raise ValueError(f"no version is called {when!r}; there are: {known}")
        return max(named)[1]
