"""The session as a program sees it: give instructions, follow the log, watch previews."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from framejam.access import Access
from framejam.connection import Connection
from framejam.errors import FramejamError, TakeFailed, Unreachable
from framejam.history import History
from framejam.link import Link, parse_link
from framejam.looks import Look
from framejam.pending import Receipt
from framejam.previews import Preview
from framejam.rest import Influence, Rest
from framejam.steering import Steering, open_group
from framejam_protocol.events import Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.state import State
from framejam_protocol.geometry import to_units
from framejam_protocol.instructions import Given, Image, Prompt, Settings
from framejam_protocol.messages import (
    Command,
    Control,
    Edit,
    EndGroup,
    EndLook,
    Person,
    PresenceUpdate,
    Redo,
    TakeStatus,
    Tier,
    Undo,
    Vocabulary,
    Watch,
    Welcome,
)
from framejam_protocol.messages import Look as LookRequest

if TYPE_CHECKING:
    from framejam.rest import ImageSource


class Session(Steering, History, Access):
    """One participant's place in a session; made by ``connect``, valid inside its ``async with``.

    Commands (``content``, ``paint``, ``undo``, ...) wait for the server's ack and return a
    ``Receipt``; they raise ``Refused`` where the server says no and ``Closed`` where the session
    is over. Between connections they wait: what was given is sent again, and counted once.
    Cancelling one stops the waiting, not the command.
    """

    def __init__(self, link: Link, connection: Connection) -> None:
        self._link = link
        self._connection = connection
        self._mirror = connection.mirror
        self._rest = Rest(link, lambda: self._mirror.token or link.token)
        self._ended: FramejamError | None = None
        self._acked_seq = 0
        self._looks = 0

    # -- who and what ----------------------------------------------------------------------

    @property
    def me(self) -> str:
        """This participant's id, as in the ``author`` of events."""
        return self._welcome.participant

    @property
    def settings(self) -> Settings:
        """Model, seed, steps, frames, size and frame rate in force."""
        return self._mirror.state.settings or self._welcome.settings

    @property
    def vocabulary(self) -> Vocabulary:
        """The words the model knows, in groups; empty where it takes any text."""
        return self._welcome.vocabulary

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody of the session, whether here now or not."""
        return self._mirror.people

    @property
    def log(self) -> tuple[Event, ...]:
        """All events so far, ``log[0]`` has seq 1."""
        return tuple(self._mirror.log)

    @property
    def state(self) -> State:
        """What the events so far add up to; look, do not change."""
        return self._mirror.state

    @property
    def state_hash(self) -> str:
        """SHA-256 of the state's canonical encoding: equal for all who have seen as much (L3)."""
        return state_hash(self._mirror.state)

    @property
    def take(self) -> TakeStatus | None:
        """What the loop is doing; None before the server first says so."""
        return self._mirror.take

    @property
    def preview(self) -> Preview | None:
        """The newest preview, or None before the first."""
        return self._mirror.preview

    # -- instructions ----------------------------------------------------------------------

    def text(self, prompt: Prompt) -> str:
        """The text of the prompt "content", "motion" or "negative" as it is now."""
        return prompt_text(self._mirror.state, prompt)

    async def image(self, source: ImageSource | None, *, depth: float | None = None) -> Receipt:
        """Set the reference image from a file, its bytes or a Pillow image; None takes it away.

        Raises ``OSError`` for a file that cannot be read, ``Refused`` for one that is no image or
        too large, ``Unreachable`` where the upload found no server.
        """
        blob = None if source is None else await self._rest.upload(source)
        return await self.give(Image(blob), depth=depth)

    async def give(self, instruction: Given, *, depth: float | None = None) -> Receipt:
        """Give any instruction of the protocol."""
        share = None if depth is None else to_units(depth)
        group = open_group()
        return await self._command(lambda number: Edit(number, instruction, share, group))

    async def undo(self, group: int | None = None) -> Receipt:
        """Undo this person's own newest live gesture (U2). Raises ``Refused`` nothing_to_undo.

        ``group``, the seq of a gesture's first edit, names another of one's own or, for owners,
        anybody's.
        """
        return await self._command(lambda number: Undo(number, group))

    async def redo(self) -> Receipt:
        """Bring back what the last undo took out (U4). Raises ``Refused`` nothing_to_redo."""
        return await self._command(Redo)

    async def point(self, x: float, y: float, frame: int | None = None) -> None:
        """Show the others a pointer at (x, y), shares of the frame, on frame ``frame`` from 0.

        Returns at once; only the newest position is sent. Raises ``ValueError`` as ``paint``.
        """
        self._check_open()
        self._connection.say(PresenceUpdate(cursor=(to_units(x), to_units(y)), frame=frame))

    async def pause(self) -> None:
        """Stop the loop within one step, for everybody (T5). Edits are taken and wait to enter.

        Returns at once; ``statuses`` says when it stands. Viewers may not: nothing happens.
        """
        self._check_open()
        self._connection.say(Control("pause"))

    async def resume(self) -> None:
        """Let the loop go on after ``pause`` or ``cancel``. Returns at once."""
        self._check_open()
        self._connection.say(Control("resume"))

    async def cancel(self) -> None:
        """Stop the loop and give up what it has computed; the next edit starts it again (T5)."""
        self._check_open()
        self._connection.say(Control("cancel"))

    async def watch(self, tier: Tier | Literal["none"], rate: int = 30) -> None:
        """Choose which previews to get, at most ``rate`` a second (1 to 60). Returns at once.

        Frames have at most 64 ("small"), 128 ("sheet") or 256 ("large") pixels on the longer side.
        """
        self._check_open()
        self._connection.say(Watch(tier, rate))

    @asynccontextmanager
    async def look(
        self,
        *,
        without: Iterable[Receipt | int] = (),
        people: Iterable[str] = (),
        take: int | None = None,
        at: int | None = None,
    ) -> AsyncIterator[Look]:
        """Show what the take would be without some gestures or ``people``, to nobody else (T12).

        ``without`` are first edits of gestures, ``people`` ids of participants; ``take`` is another
        take, ``at`` a seq of the past. Inside the block iterate over the look for its previews. A
        person has one look: another takes the place of this one.
        """
        self._check_open()
        groups = tuple(one if isinstance(one, int) else one.seq for one in without)
        self._looks += 1
        request = LookRequest(self._looks, take, at, groups, tuple(people))
        look = Look(request, self._change, lambda: self._connection.watching)
        if self._mirror.look is not None:
            self._mirror.look.end("another look took its place")
        self._mirror.look = look
        self._connection.say(request)
        self._connection.changed.ring()
        try:
            yield look
        finally:
            look.end("its block was left")
            if self._mirror.look is look and not look.replaced:
                self._connection.say(EndLook())

    # -- following -------------------------------------------------------------------------

    async def events(self, after: int | None = None) -> AsyncIterator[Event]:
        """Every event after seq ``after``, each once, as they come; None: from now on.

        Ends by raising ``Closed`` when the session is over.
        """
        at = self._mirror.last_seq if after is None else after
        while True:
            while self._mirror.last_seq <= at:
                await self._change()
            yield self._mirror.log[at]
            at += 1

    async def previews(self) -> AsyncIterator[Preview]:
        """The newest preview, again and again; those a slow reader missed are skipped (C5).

        Begins with the first in which everything is that this client was acked for when the
        iteration began (T13): a finished clip from before one's own edit is not what one asked
        for. Ends by raising ``Closed`` when the session is over.
        """
        seen, own = 0, self._acked_seq
        while True:
            while self._mirror.preview_count == seen:
                await self._change()
            seen = self._mirror.preview_count
            preview = self._mirror.preview
            if preview is not None and preview.seq >= own:
                yield preview

    async def statuses(self) -> AsyncIterator[TakeStatus]:
        """What the loop is doing, now and whenever it changes; a slow reader gets the newest.

        Its ``note`` is one sentence for people ("re-entering at step 3 of 8", "the renderer
        restarts; ..."). Ends by raising ``Closed`` when the session is over.
        """
        seen: TakeStatus | None = None
        while True:
            while self._mirror.take is None or self._mirror.take is seen:
                await self._change()
            seen = self._mirror.take
            yield seen

    async def finished(self, seq: int = 0) -> TakeStatus:
        """Wait until the take is finished with all live edits up to ``seq`` in it (T13).

        Raises ``TakeFailed`` where the server has given it up.
        """
        while True:
            take = self._mirror.take
            if take and take.seq >= seq and take.state == "failed":
                raise TakeFailed(take.note or "the server gives no reason")
            if take and take.seq >= seq and take.state == "finished":
                return take
            await self._change()

    # -- over HTTP -------------------------------------------------------------------------

    async def export(self, path: str | os.PathLike[str]) -> Path:
        """Write the finished take to ``path`` as MP4.

        Raises ``Refused`` not_ready while it is denoising (wait for ``finished`` first),
        ``Unreachable`` where there is no server, ``OSError`` where ``path`` cannot be written.
        """
        clip = await self._rest.get("clip.mp4")
        target = Path(path)
        await asyncio.to_thread(target.write_bytes, clip)
        return target

    async def download(self, blob: str) -> bytes:
        """The file behind a blob id, such as another person's reference image."""
        return await self._rest.get(f"blobs/{blob}")

    async def who(self, x: float, y: float, frame: int = 0) -> list[Influence]:
        """The instructions that weigh on a point of a frame, strongest first (M6).

        (x, y) from (0, 0) upper left to (1, 1). Raises ``Refused`` not_ready, ``Unreachable``.
        """
        query = urlencode({"x": to_units(x), "y": to_units(y), "frame": frame})
        answer = json.loads(await self._rest.get(f"who?{query}"))
        return [Influence.of(one) for one in answer["instructions"]]

    # -- inside ----------------------------------------------------------------------------

    @property
    def _welcome(self) -> Welcome:
        assert self._mirror.welcome is not None, "connect() waits for the welcome"
        return self._mirror.welcome

    def _seen(self) -> int:
        return self._mirror.last_seq

    def _say(self, message: EndGroup) -> None:
        self._connection.say(message)

    def _check_open(self) -> None:
        if self._ended:
            raise self._ended

    async def _command(self, make: Callable[[int], Command]) -> Receipt:
        self._check_open()
        answer = self._connection.pending.add(make, time.perf_counter())
        self._connection.flush()
        receipt = await answer
        self._acked_seq = max(self._acked_seq, receipt.seq)
        return receipt

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._change()

    async def _change(self) -> None:
        self._check_open()
        await self._connection.changed.wait()

    def _end(self, error: FramejamError) -> None:
        self._ended = error
        self._connection.pending.fail(error)
        self._connection.changed.ring()


@asynccontextmanager
async def connect(
    url: str, name: str | None = None, color: str | None = None, *, patience: float = 20.0
) -> AsyncIterator[Session]:
    """Join the session of an invite link as ``name``; the server chooses what is None.

    ``color`` is ``#rrggbb``. Inside the block the connection heals itself. Raises ``BadLink``,
    ``Unreachable`` after ``patience`` seconds without a complete catch-up, and ``Closed`` or one
    of its kinds (``Unauthorised``, ``Gone``) where the server turns this client away.
    """
    link = parse_link(url)
    connection = Connection(link, name, color)
    session = Session(link, connection)
    running = asyncio.create_task(_run(session, connection))
    try:
        async with asyncio.timeout(patience):
            await session._until(connection.ready.is_set)
    except TimeoutError:
        await _stop(running)
        raise Unreachable(
            f"no answer from {link.base} within {patience:g} s; {connection.trouble}"
        ) from None
    except BaseException:
        await _stop(running)
        raise
    try:
        yield session
    finally:
        await _stop(running)


async def _run(session: Session, connection: Connection) -> None:
    ended: FramejamError = FramejamError("the session was left")
    try:
        await connection.run()
    except FramejamError as error:
        ended = error
    except Exception as error:
        # Without this a bug or a garbled message would leave everybody waiting for ever.
        ended = FramejamError(f"the client cannot go on: {error!r}")
        ended.__cause__ = error
    finally:
        session._end(ended)


async def _stop(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
