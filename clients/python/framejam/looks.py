"""Looks: what the take would be without something, or was before, for nobody else to see (T12)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from framejam.errors import LookEnded, TakeFailed
from framejam.previews import Preview
from framejam_protocol.messages import Look as Request
from framejam_protocol.messages import LookStatus


class Look:
    """One look, inside the ``async with`` of ``Session.look``.

    ``status`` is how far it is, ``preview`` its newest picture, both None before the first.
    """

    def __init__(
        self,
        request: Request,
        change: Callable[[], Awaitable[None]],
        watching: Callable[[], bool],
    ) -> None:
        self.request = request
        self.status: LookStatus | None = None
        self.preview: Preview | None = None
        self._change = change
        self._watching = watching
        self._ended: str | None = None
        self._count = 0

    @property
    def digest(self) -> str | None:
        """SHA-256 of the final latents once it is finished, to be compared with other takes'."""
        return self.status.digest if self.status else None

    @property
    def wanted(self) -> bool:
        """Whether the server still has something to compute for it."""
        return self._ended is None and not self._finished and not self._failed

    async def __aiter__(self) -> AsyncIterator[Preview]:
        """The newest preview, again and again, up to the finished clip.

        Those a slow reader missed are skipped. Raises ``TakeFailed`` where there is no such take
        or it cannot be made, ``LookEnded`` where another look of this person took its place, and
        ``Closed`` when the session is over.
        """
        seen = 0
        while True:
            while self._count == seen and not self._complete:
                self._raise_if_over()
                await self._change()
            if self._count == seen:
                return
            seen = self._count
            assert self.preview is not None
            yield self.preview

    async def finished(self) -> LookStatus:
        """Wait until it is finished, with its digest. Raises as iterating does."""
        while not self._finished:
            self._raise_if_over()
            await self._change()
        assert self.status is not None
        return self.status

    def told(self, status: LookStatus) -> None:
        """For the connection: the server said how far it is."""
        self.status = status
        if status.state == "ended":
            self.end(status.note)

    def shown(self, preview: Preview) -> None:
        """For the connection: a picture of it came."""
        self.preview = preview
        self._count += 1

    def end(self, why: str) -> None:
        """For the session: nothing more will come."""
        self._ended = self._ended or why or "the look was ended"

    @property
    def replaced(self) -> bool:
        """Whether the server has ended it: another of this person's looks took its place."""
        return self.status is not None and self.status.state == "ended"

    @property
    def _finished(self) -> bool:
        return self.status is not None and self.status.state == "finished"

    @property
    def _failed(self) -> bool:
        return self.status is not None and self.status.state == "failed"

    @property
    def _complete(self) -> bool:
        """Whether the last picture is here: it may come behind the word that it is finished."""
        shown = self.preview is not None and self.preview.done
        return self._finished and (shown or not self._watching())

    def _raise_if_over(self) -> None:
        if self.status is not None and self._failed:
            raise TakeFailed(self.status.note or "the server gives no reason")
        if self._ended is not None:
            raise LookEnded(self._ended)
